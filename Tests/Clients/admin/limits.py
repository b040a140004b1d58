"""The limit for each person, and items without a hand-over."""

import uuid

from admin.office import in_crowd, new_word, row, has_number


def expect_limit(office, answer, left, what):
    right = answer.status == 409 and answer.member("code") == "limit_reached"
    office.report.check(right, f"{what}: 409 limit_reached", answer)
    office.report.check(has_number(answer, left), f"{what}: the answer has the number left, {left}", answer)


def check_the_first_purchase(office):
    """The limit holds for the very first purchase of an item, of each variant, alone and in a crowd."""
    for members in ({}, {"stock": 9}, {"hand_over": False}):
        item = office.item(limit_per_person=1, **members)
        expect_limit(office, office.purchase(item, 2), 1, f"two of one at once, {members}")
        owned = office.owned(office.user, item)
        office.report.check(owned == 0, "nothing is owned after it", owned)
    item = office.item(limit_per_person=2)
    office.set_variants(item, [row(9, "s"), row(None, "m")], "two sizes")
    office.buys(item, "another person buys first", 2, office.other, quality_level="s")
    for size in ("s", "m"):
        expect_limit(office, office.purchase(item, 3, quality_level=size), 2, "three of two at once, of a size")
    for answer in in_crowd(lambda: office.purchase(item, 3, quality_level="s")):
        office.report.expect(answer, "three of two at once, in a crowd", 409)
    owned = office.owned(office.user, item)
    office.report.check(owned == 0, "nothing is owned after the crowd", owned)


def check_the_limit_for_each_person(office):
    item = office.item(limit_per_person=7)
    expect_limit(office, office.purchase(item, 8), 7, "more than the limit at once")
    office.buys(item, "two of seven", 2)
    expect_limit(office, office.purchase(item, 6), 5, "six more")
    order = office.buys(item, "five more", 5)
    expect_limit(office, office.purchase(item), 0, "one more")
    office.buy_in_merch(item, "one more in merch", 400)
    office.buys(item, "another person has a limit of their own", 7, office.other)
    office.report.expect(office.move(order, "cancel", "ordered by mistake"), "cancel", 200)
    expect_limit(office, office.purchase(item, 6), 5, "after five were cancelled")
    order = office.buys(item, "five again", 5)
    for step, note in (("ready", None), ("hand-over", None)):
        office.report.expect(office.move(order, step, note), step, 200)
        expect_limit(office, office.purchase(item), 0, f"after {step}")
    office.report.expect(office.move(order, "return", "too small for the owner"), "return", 200)
    office.buys(item, "five after five were returned", 5)
    expect_limit(office, office.purchase(item), 0, "one more than seven")
    owned = office.owned(office.user, item)
    office.report.check(owned == 7, "the person owns seven", owned)


def check_a_changed_limit(office):
    item = office.item()
    office.buys(item, "three without a limit", 3)
    answer = office.patch(item, {"limit_per_person": 2})
    office.need(office.report.expect(answer, "a limit below what is owned", 200))
    expect_limit(office, office.purchase(item), 0, "one more")
    office.report.expect(office.patch(item, {"limit_per_person": 4}), "a higher limit", 200)
    expect_limit(office, office.purchase(item, 2), 1, "two more than three of four")
    office.buys(item, "the fourth")
    office.report.expect(office.patch(item, {"limit_per_person": None}), "no limit", 200)
    office.buys(item, "ten more", 10)


def check_the_limit_counts_all_variants(office):
    item = office.item(limit_per_person=3)
    office.set_variants(item, [row(9), row(9, "s"), row(9, "m", "winter_2025")], "three variants")
    office.buys(item, "the standard variant")
    office.buys(item, "a size", quality_level="s")
    expect_limit(office, office.purchase(item, 2, quality_level="s"), 1, "two more sizes")
    office.buys(item, "a size of a collection", quality_level="m", collection="winter_2025")
    for variant in ({}, {"quality_level": "s"}, {"quality_level": "m", "collection": "winter_2025"}):
        expect_limit(office, office.purchase(item, **variant), 0, f"one more with {variant}")


def check_used_up_goods_count(office):
    item = office.item(limit_per_person=2)
    office.buys(item, "both at once", 2)
    body = {"user_id": office.user.id, "operation_id": str(uuid.uuid4()),
            "items": [{"item_id": item.get("id"), "quantity": 2}]}
    answer = office.api.post("/inventory/reserve", body, token=office.user.access)
    office.report.expect(answer, "the owner reserves both", 200)
    del body["items"]
    answer = office.api.post("/inventory/consume-reserve", body, token=office.user.access)
    office.report.expect(answer, "the owner uses both up", 200)
    expect_limit(office, office.purchase(item), 0, "after both were used up")


def check_the_limit_in_a_crowd(office):
    """Twenty purchases of one person at once, of two sizes, get no more than the limit."""
    item = office.item(limit_per_person=4)
    office.set_variants(item, [row(None, "s"), row(50, "m")], "two sizes")
    answers = in_crowd(lambda: office.purchase(item, quality_level="m"), 10)
    answers += in_crowd(lambda: office.purchase(item, quality_level="s"), 10)
    bought = sum(answer.status == 201 for answer in answers)
    office.report.check(bought == 4, "four of twenty get one", [answer.status for answer in answers])
    for answer in answers:
        if answer.status != 201:
            expect_limit(office, answer, 0, "the others")
    key = new_word()
    free = office.item(limit_per_person=1)
    answers = in_crowd(lambda: office.purchase(free, key=key))
    office.report.check(all(answer.status == 201 for answer in answers), "one key in twenty threads is one purchase",
                        [answer.status for answer in answers])
    owned = office.owned(office.user, free)
    office.report.check(owned == 1, "one key buys one piece", owned)


def check_nothing_to_fetch(office):
    """An item without hand-over is handed over with its purchase, and can come back."""
    item = office.item(hand_over=False, stock=3)
    answer = office.purchase(item)
    office.report.expect(answer, "a purchase without hand-over", 201)
    order = answer.member("order") or {}
    office.report.check(order.get("status") == "handed_over", "its order is handed over at once", answer)
    found = office.order(order.get("id"))
    office.report.check(found.get("status") == "handed_over" and found.get("handed_over_at") is not None,
                        "the order has the instant", found)
    for step, note in (("ready", None), ("cancel", "ordered by mistake")):
        late = office.move(order.get("id"), step, note)
        right = late.status == 409 and late.member("code") == "order_is_handed_over"
        office.report.check(right, f"{step} is too late: 409 order_is_handed_over", late)
    before = office.coins(office.user)
    office.report.expect(office.move(order.get("id"), "return", "it did not arrive"), "return", 200)
    office.report.check(office.coins(office.user) == before + 1, "the price comes back", before)
    office.report.check(office.shown(item).get("stock") == 3, "the piece comes back", office.shown(item))
    office.buy_in_merch(item, "a purchase in merch", 200)
    listed = office.get(f"/api/v1/orders?all=true&item={item.get('code')}").member("items") or []
    states = sorted(each.get("status") for each in listed)
    office.report.check(states == ["handed_over", "returned"], "a purchase in merch is handed over, too", listed)


def check_hand_over_changes_later(office):
    """An order keeps its way if the item changes after it."""
    item = office.item()
    order = office.buys(item, "an order to be fetched")
    office.report.expect(office.patch(item, {"hand_over": False}), "from now on nothing is fetched", 200)
    found = office.order(order)
    office.report.check(found.get("status") == "ordered", "the open order stays open", found)
    answer = office.move(order, "hand-over")
    office.report.check(answer.status == 409 and answer.member("code") == "order_is_ordered",
                        "there is still no way without ready", answer)
    for step in ("ready", "hand-over"):
        office.report.expect(office.move(order, step), step, 200)


CHECKS = (
    check_the_first_purchase, check_the_limit_for_each_person, check_a_changed_limit,
    check_the_limit_counts_all_variants, check_used_up_goods_count, check_the_limit_in_a_crowd,
    check_nothing_to_fetch, check_hand_over_changes_later,
)
