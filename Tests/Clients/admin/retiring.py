"""Items that are no longer sold, and the orders that are still open."""

from admin.office import row


def retire(office, item):
    answer = office.call("DELETE", f"/api/v1/items/{item.get('id')}")
    office.report.expect(answer, "an item is retired", 204)


def check_a_retired_item_is_not_sold(office):
    item = office.item(stock=5)
    office.buys(item, "an item before it is retired")
    retire(office, item)
    office.sold_out(item, "a retired item")
    office.buy_in_merch(item, "a retired item in merch", 400)
    office.report.expect(office.get(f"/api/v1/items/{item.get('id')}"), "a retired item", 404)
    for answer in (office.patch(item, {"price": 2}), office.put_variants(item, []), office.put_stock(item, 9),
                   office.call("DELETE", f"/api/v1/items/{item.get('id')}")):
        office.report.expect(answer, "a change of a retired item", 404)
    listed = office.get(f"/api/v1/items?limit=100&search={item.get('code')}").member("items") or []
    office.report.check(item.get("id") not in [each.get("id") for each in listed], "it is in no list", listed)
    office.report.check(office.owned(office.user, item) == 1, "its owner keeps it", item)


def check_open_orders_of_a_retired_item(office):
    """Every way that an order can go is still open to it."""
    item = office.item(price=3)
    office.set_variants(item, [row(9), row(9, "s")], "an item with a size")
    waiting, fetched, back, unwanted, ready = [
        office.buys(item, "an order before the item is retired", quality_level="s") for _ in range(5)]
    office.report.expect(office.move(ready, "ready"), "ready before it is retired", 200)
    retire(office, item)
    found = office.order(waiting)
    office.report.check((found.get("name"), found.get("quality_level"), found.get("status")) ==
                        (item.get("name"), "s", "ordered"), "the order still has its item and size", found)
    answer = office.get(f"/api/v1/orders?all=true&limit=100&item={item.get('code')}")
    office.report.expect(answer, "the queue of a retired item", 200)
    ids = {each.get("id") for each in answer.member("items") or []}
    office.report.check(ids == {waiting, fetched, back, unwanted, ready}, "the desk still sees its orders", answer)
    answer = office.post("/api/v1/orders/ready", {"ids": [fetched, back]})
    office.report.expect(answer, "ready for many", 200)
    answer = office.post("/api/v1/orders/hand-over", {"ids": [fetched, back, ready]})
    states = [each.get("status") for each in answer.member("items") or []]
    office.report.check(states == ["handed_over"] * 3, "they are handed over", answer)
    before = office.coins(office.user)
    office.report.expect(office.move(back, "return", "it has a hole"), "return", 200)
    office.report.expect(office.move(unwanted, "cancel", "no longer made"), "the desk cancels", 200)
    office.report.expect(office.move(waiting, "cancel", token=office.user.access), "the owner cancels", 200)
    after = office.coins(office.user)
    office.report.check(after == before + 9, "three prices come back", before, after)
    office.report.check(office.owned(office.user, item) == 2, "what was fetched stays", item)
    office.audited("why an order was cancelled", unwanted, "no longer made")


def check_prices_as_paid(office):
    """A price that changed since gives back what was paid."""
    item = office.item(price=7)
    orders = [office.buys(item, "an order for 7 coins") for _ in range(2)]
    for price, order in zip((100, 1), orders):
        office.report.expect(office.patch(item, {"price": price}), f"the price is {price}", 200)
        before = office.coins(office.user)
        office.report.expect(office.move(order, "cancel", "ordered by mistake"), "cancel", 200)
        after = office.coins(office.user)
        office.report.check(after == before + 7, "the price paid comes back", before, after)
        found = office.order(order)
        office.report.check((found.get("price"), found.get("total")) == (7, 7), "the order keeps its price", found)


def check_a_deleted_owner(office):
    """The desk can still close the orders of a deleted user."""
    person = office.customer()
    item = office.item(stock=4)
    orders = [office.buys(item, "an order of a user who leaves", person=person) for _ in range(2)]
    office.report.expect(office.call("DELETE", f"/api/v1/users/{person.id}"), "the owner leaves", 200, 204)
    answer = office.get(f"/api/v1/orders?all=true&item={item.get('code')}")
    ids = {each.get("id") for each in answer.member("items") or []}
    office.report.check(set(orders) <= ids, "the desk still sees the orders", answer)
    office.report.expect(office.move(orders[0], "ready"), "ready", 200)
    office.report.expect(office.move(orders[0], "hand-over"), "hand-over", 200)
    answer = office.move(orders[1], "cancel", "the owner left")
    if office.report.expect(answer, "cancel", 200, 409) and answer.status == 200:
        shown = office.shown(item)
        office.report.check(shown.get("stock") == 3, "the piece comes back", shown)


CHECKS = (
    check_a_retired_item_is_not_sold, check_open_orders_of_a_retired_item, check_prices_as_paid, check_a_deleted_owner,
)
