"""A limit for each person: what counts, what is left, and twenty threads that want more."""

from common import at_once
from merch.shop import buy, expect_done, new_key
from orders.sizes import row
from orders.store import REASON, numbers_told


def limited(store, limit, price=1, **members):
    item = store.item(price=price, limit_per_person=limit, **members)
    store.report.check(item.get("limit_per_person") == limit, f"the item has the limit {limit}", item)
    return item


def expect_limit(store, answer, left, what):
    store.expect_code(answer, 409, "limit_reached", what)
    store.report.check(left in numbers_told(answer), f"{what}: says that {left} are left", answer)


def check_the_limit_and_the_rest(store):
    """The limit holds for each person, and the refusal says how many are left."""
    person, other, item = store.customer(), store.customer(), limited(store, 9, stock=100)
    expect_limit(store, store.purchase(person, item, 10), 9, "ten of nine at once")
    store.bought(person, item, 2)
    expect_limit(store, store.purchase(person, item, 8), 7, "eight of seven")
    store.bought(person, item, 7)
    expect_limit(store, store.purchase(person, item, 1), 0, "one more than all")
    store.report.expect(buy(store.api, person, item["code"]), "/api/buy beyond the limit", 400)
    store.bought(other, item, 9)
    store.expect_stock(item, 82, "twice nine were bought")
    store.expect_coins(person, 991, "nine were paid for")
    store.report.check(len(store.listed(person.access)) == 2, "refused purchases make no orders")


def check_purchases_that_count(store):
    """Purchases by both routes count, used up or not; what was given back does not."""
    person, item = store.customer(), limited(store, 4)
    expect_done(store.api, buy(store.api, person, item["code"]), "/api/buy within the limit")
    order = store.bought(person, item)
    over = store.handed_over(person, item, 2)
    expect_limit(store, store.purchase(person, item), 0, "four were bought")
    store.expect_done(store.act(order, "cancel", person), "cancel one")
    expect_limit(store, store.purchase(person, item, 2), 1, "one was cancelled")
    store.expect_done(store.act(over, "return", note=REASON), "return two")
    expect_limit(store, store.purchase(person, item, 4), 3, "two were returned")
    store.bought(person, item, 3)
    operation, answer = store.reserve(person, item, 4)
    store.report.expect(answer, "reserve all", 200)
    expect_limit(store, store.purchase(person, item), 0, "all are reserved")
    store.close(person, operation, "consume")
    expect_limit(store, store.purchase(person, item), 0, "all are used up")
    store.report.expect(buy(store.api, person, item["code"]), "/api/buy when all are used up", 400)


def check_limits_change(store):
    person, item = store.customer(), limited(store, 5)
    store.bought(person, item, 4)
    store.change_item(item, limit_per_person=2)
    expect_limit(store, store.purchase(person, item), 0, "the limit fell below what was bought")
    store.change_item(item, limit_per_person=6)
    expect_limit(store, store.purchase(person, item, 3), 2, "the limit rose")
    store.change_item(item, limit_per_person=None)
    store.bought(person, item, 50)
    answer = store.api.get(f"/api/v1/items/{item['id']}")
    store.report.check("limit_per_person" not in answer.content(), "no limit, no member", answer)


def check_limits_over_variants(store):
    """All sizes of an item count together."""
    person, item = store.customer(), limited(store, 5)
    store.set_variants(item, row(9), row(9, quality_level="s"), row(None, quality_level="m"))
    store.bought(person, item, 1)
    small = store.bought(person, item, 2, quality_level="s")
    expect_limit(store, store.purchase(person, item, 3, quality_level="m"), 2, "three sizes count together")
    store.bought(person, item, 2, quality_level="m")
    for sent in ({}, {"quality_level": "s"}, {"quality_level": "m"}):
        expect_limit(store, store.purchase(person, item, 1, **sent), 0, "no variant is beyond the limit")
    store.expect_done(store.act(small, "cancel", person), "cancel one size")
    store.bought(person, item, 2, quality_level="m")


def check_a_replay_is_no_second_purchase(store):
    person, item, key = store.customer(), limited(store, 1), new_key()
    first = store.purchase(person, item, 1, key)
    again = store.purchase(person, item, 1, key)
    store.report.check(first.status == again.status == 201 and first.body == again.body,
                       "the same key at the limit gives the first answer", first, again)
    expect_limit(store, store.purchase(person, item, 1), 0, "another key at the limit")


def check_limits_at_once(store):
    """Twenty threads of one person, by both routes, get exactly what the limit allows."""
    person, item = store.customer(), limited(store, 7, price=10)
    answers = at_once([lambda: store.purchase(person, item), lambda: buy(store.api, person, item["code"])] * 10)
    made = sum(answer.status in (200, 201) for answer in answers)
    store.report.check(made == 7, "twenty threads get the seven pieces of the limit", made)
    for number, answer in enumerate(answers):
        if answer.status not in (200, 201) and number % 2 == 0:
            store.expect_code(answer, 409, "limit_reached", "the others are beyond the limit")
        elif answer.status not in (200, 201):
            store.report.expect(answer, "the others are beyond the limit", 400)
    store.expect_coins(person, 930, "seven pieces are paid for")
    orders = [entry["id"] for entry in store.listed(person.access)]
    store.report.check(len(orders) == 7, "seven pieces are seven orders", len(orders))
    calls = [lambda order=order: store.act(order, "cancel", person) for order in orders[:5]]
    at_once(calls * 2 + [lambda: store.purchase(person, item)] * 10)
    live = len(store.listed(person.access, status="ordered"))
    store.report.check(2 <= live <= 7, "buying while cancelling stays within the limit", live)
    store.expect_coins(person, 1000 - 10 * live, "goods that are kept are paid for")
    store.expect_inventory(person, [(item["code"], live)], "goods that are kept are owned")


CHECKS = (
    check_the_limit_and_the_rest, check_purchases_that_count, check_limits_change, check_limits_over_variants,
    check_a_replay_is_no_second_purchase, check_limits_at_once,
)
