"""Purchases of sizes and collections: the member that is missing, and stock that belongs to its variant."""

from merch.shop import ANY_REFUSAL, buy, expect_done, new_key
from merch.wallet import expect_key_reused
from orders.store import REASON


def row(stock, is_active=True, **variant):
    return {**variant, "stock": stock, "is_active": is_active}


def sized(store, price=30, **stocks):
    """Makes an item that is sold in sizes only."""
    item = store.item(price=price)
    store.set_variants(item, *(row(stock, quality_level=size) for size, stock in stocks.items()))
    return item


def check_a_size_is_bought_and_given_back(store):
    """A size comes off its own stock, stands in the order and the inventory, and goes back to its own."""
    person, item = store.customer(), sized(store, s=3, m=3, xl=None)
    order = store.bought(person, item, 2, quality_level="m")
    found = store.order(person, order)
    store.report.check(found.get("quality_level") == "m" and "collection" not in found, "the order has a size", found)
    listed = store.listed(person.access) + store.everybody(user=person.name)
    store.report.check([entry.get("quality_level") for entry in listed] == ["m", "m"], "the lists have it too", listed)
    for size, stock in (("s", 3), ("m", 1), ("xl", None)):
        store.expect_variant_stock(item, stock, "after a purchase of m", quality_level=size)
    large = store.handed_over(person, item, 1, quality_level="xl")
    wanted = {(item["id"], None, "m"): 2, (item["id"], None, "xl"): 1}
    store.report.check(store.goods(person) == wanted, "the inventory has both sizes", store.goods(person))
    store.expect_inventory(person, [(item["code"], 3)], "/api/info has one row for an item in two sizes")
    store.expect_done(store.act(order, "cancel", person), "cancel two of size m")
    store.expect_done(store.act(large, "return", note=REASON), "return one of size xl")
    for size, stock in (("s", 3), ("m", 3), ("xl", None)):
        store.expect_variant_stock(item, stock, "after all was given back", quality_level=size)
    store.expect_coins(person, 1000, "after all was given back")
    store.expect_inventory(person, [], "after all was given back")


def check_the_missing_member_is_named(store):
    """An item without the standard variant says which member a purchase lacks."""
    person = store.customer()
    both = {"collection": "winter_2025", "quality_level": "m"}
    for variants, sent, missing in (
            ([{"quality_level": "s"}, {"quality_level": "m"}], {}, {"quality_level"}),
            ([{"collection": "winter_2025"}], {}, {"collection"}), ([both], {}, set(both)),
            ([both], {"collection": "winter_2025"}, {"quality_level"}),
            ([both], {"quality_level": "m"}, {"collection"})):
        item = store.item(price=30)
        store.set_variants(item, *(row(5, **variant) for variant in variants))
        answer = store.purchase(person, item, 1, **sent)
        store.expect_members(answer, missing, f"a purchase of {variants} with {sent}")
        if not sent:
            store.report.expect(buy(store.api, person, item["code"]), "/api/buy of what has only variants", 400)
        store.bought(person, item, 1, **variants[-1])
    store.expect_coins(person, 850, "five purchases")
    answer = store.api.post("/api/v1/purchases", {"item": item["code"], "quantity": 0}, token=person.access,
                            key=new_key())
    store.report.expect(answer, "no quantity and no variant", 422)


def check_variants_that_are_not_sold(store):
    person, item = store.customer(), store.item(price=30)
    store.set_variants(item, row(0, quality_level="s"), row(5, False, quality_level="m"), row(2, quality_level="l"))
    for what, sent in (
            ("sold out", {"quality_level": "s"}), ("not active", {"quality_level": "m"}),
            ("not in the list", {"quality_level": "xs"}), ("unknown", {"quality_level": "gigantic"}),
            ("empty", {"quality_level": ""}),
            ("right but for a collection beside it", {"quality_level": "l", "collection": "winter_2025"}),
            ("of an unknown collection", {"quality_level": "l", "collection": "winter_1925"}),
            ("a collection only", {"collection": "winter_2025"})):
        store.report.expect(store.purchase(person, item, 1, **sent), f"a size that is {what}", *ANY_REFUSAL)
    store.report.expect(store.purchase(person, item, 3, quality_level="l"), "three of two", *ANY_REFUSAL)
    plain = store.item(price=30, stock=5)
    store.report.expect(store.purchase(person, plain, 1, quality_level="m"), "a size of what has none", *ANY_REFUSAL)
    store.expect_coins(person, 1000, "refused purchases cost nothing")
    store.report.check(store.listed(person.access) == [], "refused purchases make no order")
    store.expect_variant_stock(item, 2, "after refusals", quality_level="l")


def check_standard_beside_sizes(store):
    """A row without size or collection is the standard variant, with a stock of its own."""
    person, item = store.customer(), store.item(price=30)
    store.set_variants(item, row(2), row(2, quality_level="m"))
    expect_done(store.api, buy(store.api, person, item["code"]), "/api/buy of the standard variant")
    plain = store.bought(person, item)
    store.report.check("quality_level" not in store.order(person, plain), "the standard variant has no size")
    store.report.expect(buy(store.api, person, item["code"]), "the standard variant is sold out", 400)
    store.expect_variant_stock(item, 2, "the size is untouched", quality_level="m")
    store.expect_variant_stock(item, 0, "the standard variant is sold out")
    store.bought(person, item, 2, quality_level="m")
    store.expect_inventory(person, [(item["code"], 4)], "one row for both variants")
    store.expect_done(store.act(plain, "cancel", person), "cancel the standard one")
    store.expect_variant_stock(item, 1, "the standard piece is back")
    store.expect_variant_stock(item, 0, "the size does not get it", quality_level="m")


def check_sizes_are_not_interchangeable(store):
    """The owner's other size does not stand in for the one that is gone."""
    person, item = store.customer(), sized(store, s=5, m=5)
    small, medium = (store.bought(person, item, 1, quality_level=size) for size in ("s", "m"))
    store.report.expect(store.reserve(person, item, 1, quality_level="m")[1], "the owner reserves size m", 200)
    store.expect_code(store.act(medium, "cancel", person), 409, "goods_gone", "cancel the reserved size")
    store.expect_done(store.act(small, "cancel", person), "cancel the other size")
    store.expect_coins(person, 970, "one size is given back")


def check_variants_changed_since(store):
    """A variant that is no longer in the list, or unlimited by now, still gives the coins back once."""
    person, item = store.customer(), sized(store, s=5, m=5, l=5)
    orders = [store.bought(person, item, 2, quality_level=size) for size in ("s", "m", "l")]
    store.set_variants(item, row(None, quality_level="s"), row(0, quality_level="l"))
    for order in orders:
        store.expect_done(store.act(order, "cancel", person), "cancel after the list of variants changed")
        store.expect_done(store.act(order, "cancel", person), "cancel again")
    store.expect_variant_stock(item, None, "unlimited stays unlimited", quality_level="s")
    store.expect_variant_stock(item, 2, "two go back to the empty shelf", quality_level="l")
    store.expect_coins(person, 1000, "all coins are back")
    store.set_variants(item)
    store.bought(person, item)
    store.set_variants(item, row(5, quality_level="m"))
    store.set_stock(item, 7, quality_level="m")
    store.bought(person, item, 2, quality_level="m")
    store.expect_variant_stock(item, 5, "seven less two", quality_level="m")


def check_the_variant_belongs_to_the_key(store):
    person, item, key = store.customer(), sized(store, s=5, m=5), new_key()
    store.report.expect(store.purchase(person, item, 1, key, quality_level="s"), "a purchase", 201)
    for other in ({"quality_level": "m"}, {}, {"quality_level": "s", "collection": "winter_2025"}):
        expect_key_reused(store.report, store.purchase(person, item, 1, key, **other), f"the key with {other}")
    store.expect_coins(person, 970, "one purchase")


def check_nothing_to_fetch(store):
    """An item with hand_over false is handed over at once, by either route, and can be returned."""
    person, item = store.customer(), store.item(price=30, stock=5, hand_over=False)
    store.report.check(item.get("hand_over") is False, "the item says that there is nothing to fetch", item)
    order = store.bought(person, item, status="handed_over")
    store.report.check("handed_over_at" in store.order(person, order), "it has handed_over_at")
    for who in (person, None):
        answer = store.act(order, "cancel", who, REASON)
        store.expect_code(answer, 409, "order_is_handed_over", "cancel of what was handed over at once")
    store.expect_done(store.act(order, "return", note=REASON), "return of what was handed over at once")
    expect_done(store.api, buy(store.api, person, item["code"]), "/api/buy of what needs no fetching")
    states = sorted(entry["status"] for entry in store.listed(person.access))
    store.report.check(states == ["handed_over", "returned"], "/api/buy hands it over at once, too", states)
    store.expect_coins(person, 970, "one was returned and one is owned")


CHECKS = (
    check_a_size_is_bought_and_given_back, check_the_missing_member_is_named, check_variants_that_are_not_sold,
    check_standard_beside_sizes, check_sizes_are_not_interchangeable, check_variants_changed_since,
    check_the_variant_belongs_to_the_key, check_nothing_to_fetch,
)
