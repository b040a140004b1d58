"""Stock set with a reason, for an item and for its variants, against many buyers at once; stock below its mark."""

from admin.office import BIGGEST, NOT_INTEGERS, expect_named, in_crowd, new_word, row, table, until
from common import at_once


def check_stock_is_set(office):
    item = office.item()
    office.buys(item, "an item without a limit", 50)
    for number in (2, 7, 0, 1):
        office.set_stock(item, number, f"stock {number}")
        shown = office.shown(item)
        office.report.check(shown.get("stock") == number, f"the item shows stock {number}", shown)
    office.buys(item, "the only piece")
    office.sold_out(item, "the item is sold out")
    office.buy_in_merch(item, "the item is sold out in merch", 400)
    office.set_stock(item, 3, "three more")
    office.sold_out(item, "more than there are", 4)
    office.buys(item, "all that there are", 3)
    office.set_stock(item, None, "no limit any more")
    shown = office.shown(item)
    office.report.check(shown.get("stock") is None, "the item shows no limit", shown)
    office.buys(item, "many pieces of an item without a limit", 40)
    owned = office.owned(office.user, item)
    office.report.check(owned == 94, "a new stock takes nothing from the owners", owned)


def check_stock_of_a_variant(office):
    item = office.item()
    office.set_variants(item, [row(0), row(0, "s"), row(0, "m"), row(0, "s", "winter_2025")], "four variants")
    for number, variant in enumerate(({}, {"quality_level": "s"}, {"quality_level": "m"},
                                      {"quality_level": "s", "collection": "winter_2025"}), 1):
        office.set_stock(item, number, f"stock of {variant or 'the standard variant'}", **variant)
    found = {name: stock for name, (stock, _) in table(office.shown(item)).items()}
    wanted = {(None, None): 1, (None, "s"): 2, (None, "m"): 3, ("winter_2025", "s"): 4}
    office.report.check(found == wanted, "each variant has its own stock", found)
    office.set_stock(item, None, "one size without a limit", quality_level="m")
    found = table(office.shown(item)).get((None, "m"))
    office.report.check(found == (None, True), "only this size has no limit", found)
    office.buys(item, "a size without a limit", 20, quality_level="m")
    order = office.buys(item, "a limited size", 2, quality_level="s")
    office.report.expect(office.move(order, "cancel", "ordered by mistake"), "cancel", 200)
    found = table(office.shown(item))
    office.report.check(found.get((None, "s")) == (2, True) and found.get((None, None)) == (1, True),
                        "cancelled goods go back to their own variant", found)
    for variant in ({"quality_level": "no-such-size"}, {"collection": "no-such-season"}):
        answer = office.put_stock(item, 1, **variant)
        office.report.check(400 <= answer.status < 500, f"the stock of {variant} is refused", answer)


def check_goods_that_come_back(office):
    """Goods go back to the stock if it is limited when they come back, whatever it was before."""
    item = office.item(stock=5)
    first, second = office.buys(item, "a first order", 2), office.buys(item, "a second order", 2)
    office.set_stock(item, None, "no limit while both are open")
    office.report.expect(office.move(first, "cancel", "ordered by mistake"), "cancel without a limit", 200)
    shown = office.shown(item)
    office.report.check(shown.get("stock") is None, "the item still has no limit", shown)
    office.set_stock(item, 10, "limited again")
    office.report.expect(office.move(second, "cancel", "ordered by mistake"), "cancel with a limit", 200)
    shown = office.shown(item)
    office.report.check(shown.get("stock") == 12, "two pieces came back to ten", shown)


def check_refused_stocks(office):
    item = office.item(stock=5)
    path = f"/api/v1/items/{item.get('id')}/stock"
    for stock in (*NOT_INTEGERS, -1, BIGGEST + 1, -BIGGEST, 10**40):
        expect_named(office.report, office.put_stock(item, stock), f"stock {stock!r}", "stock")
    for reason in (None, 5, True, [], {}):
        expect_named(office.report, office.put_stock(item, 1, reason), f"reason {reason!r}", "reason")
    expect_named(office.report, office.call("PUT", path, {"stock": 1}), "a stock without a reason", "reason")
    expect_named(office.report, office.call("PUT", path, {"reason": "counted by hand"}), "no stock", "stock")
    expect_named(office.report, office.call("PUT", path, {}), "an empty object", "stock", "reason")
    wrong = {"stock": "many", "reason": 7, "quality_level": 8, "collection": []}
    expect_named(office.report, office.call("PUT", path, wrong), "every member is wrong", *wrong)
    answer = office.call("PUT", path, {"stock": 1, "reason": "counted by hand", "colour": "red"})
    office.report.expect(answer, "an unknown member", 400, 422)
    shown = office.shown(item)
    office.report.check(shown.get("stock") == 5, "refused stocks change nothing", shown)


def check_twenty_buyers_of_five_pieces(office):
    item = office.item()
    office.set_variants(item, [row(5, "s"), row(5, "m")], "five pieces of two sizes")
    before = office.coins(office.user), office.coins(office.other)

    def buy(number):
        person = office.user if number % 2 else office.other
        return office.purchase(item, 1, person, quality_level="s" if number % 4 < 2 else "m")

    answers = at_once([lambda number=number: buy(number) for number in range(20)])
    bought = [answer for answer in answers if answer.status == 201]
    office.report.check(len(bought) == 10, "twenty buyers of ten pieces get ten", [a.status for a in answers])
    for answer in answers:
        office.report.check(answer.status == 201 or 400 <= answer.status < 500, "bought or refused", answer)
    found = table(office.shown(item))
    office.report.check(found == {(None, "s"): (0, True), (None, "m"): (0, True)}, "nothing is left", found)
    paid = before[0] + before[1] - office.coins(office.user) - office.coins(office.other)
    office.report.check(paid == len(bought), "every piece is paid once", paid)
    if bought:
        check_one_order_cancelled_by_many(office, item, bought[0].content())


def check_one_order_cancelled_by_many(office, item, purchase):
    order = (purchase.get("order") or {}).get("id")
    before = office.coins(office.user) + office.coins(office.other)
    answers = in_crowd(lambda: office.move(order, "cancel", "clicked many times"))
    for answer in answers:
        office.report.expect(answer, "cancel at once", 200)
    office.report.check(len({answer.body for answer in answers}) == 1, "all get the same answer", *answers[:2])
    left = sum(stock for stock, _ in table(office.shown(item)).values())
    back = office.coins(office.user) + office.coins(office.other) - before
    office.report.check((left, back) == (1, 1), "one piece and one coin come back", left, back)


def check_stock_set_by_many(office):
    """Simultaneous clicks set the stock they name, even while people buy."""
    item = office.item(stock=1)
    reason = f"clicked {new_word()}"
    for answer in in_crowd(lambda: office.put_stock(item, 7, reason)):
        office.report.expect(answer, "the same stock at once", 200, 204)
    shown = office.shown(item)
    office.report.check(shown.get("stock") == 7, "the stock is the one in all requests", shown)
    calls = [lambda: office.purchase(item), lambda: office.put_stock(item, 4, reason)] * 10
    answers = at_once(calls)
    for answer in answers:
        office.report.check(answer.status in (200, 201, 204) or 400 <= answer.status < 500,
                            "buying while the stock is set", answer)
    left = office.shown(item).get("stock")
    office.report.check(isinstance(left, int) and 0 <= left <= 4, "the stock is never below zero", left)


def low_rows(office, item):
    answer = office.get("/api/v1/stats")
    office.report.expect(answer, "the figures of the shop", 200)
    rows = answer.member("low_stock")
    if not office.report.check(isinstance(rows, list), "the figures have low_stock", answer):
        return {}
    return {(row.get("collection"), row.get("quality_level")): row for row in rows if row.get("id") == item.get("id")}


def check_low_stock(office):
    item, rich = office.item(stock=9, low_stock_at=5), office.item(stock=1)
    free = office.item(low_stock_at=5)
    for each in (item, rich, free):
        found = low_rows(office, each)
        office.report.check(not found, "above its mark, without a mark or without a limit it is not low", found)
    office.buys(item, "eight of nine pieces", 8)
    found = until(lambda: low_rows(office, item)).get((None, None), {})
    wanted = {"id": item.get("id"), "code": item.get("code"), "stock": 1, "low_stock_at": 5}
    office.report.check(wanted.items() <= found.items(), "stock below its mark is in the figures", found)
    office.set_stock(item, 20, "stock again")
    office.report.check(until(lambda: not low_rows(office, item)), "it is gone from the figures", item)


def check_low_stock_of_variants(office):
    item = office.item(low_stock_at=3)
    office.set_variants(item, [row(0, "s"), row(50, "m"), row(None, "l"), row(1, "xl", "winter_2025")], "four variants")
    found = until(lambda: low_rows(office, item))
    office.report.check(set(found) == {(None, "s"), ("winter_2025", "xl")}, "each variant below the mark", found)
    stocks = [each.get("stock") for _, each in sorted(found.items(), key=str)]
    office.report.check(sorted(stocks) == [0, 1], "each with its own stock", found)
    office.report.expect(office.patch(item, {"low_stock_at": None}), "the mark is taken away", 200)
    office.report.check(until(lambda: not low_rows(office, item)), "without a mark none is low", item)


CHECKS = (
    check_stock_is_set, check_stock_of_a_variant, check_goods_that_come_back, check_refused_stocks,
    check_twenty_buyers_of_five_pieces, check_stock_set_by_many, check_low_stock, check_low_stock_of_variants,
)
