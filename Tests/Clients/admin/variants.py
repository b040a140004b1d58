"""The list of an item's variants, as a whole: what it sells, what it refuses, and that it is set at once or not."""

import itertools

from admin.office import BIGGEST, NOT_INTEGERS, expect_named, in_crowd, row, table

SIZES = ("xs", "s", "m", "l", "xl", "xxl")
VARIANT_MEMBERS = {"collection", "quality_level", "stock", "is_active"}


def check_the_whole_list(office):
    """An item with variants only: each has its stock, and a purchase has to say which one it means."""
    item = office.item()
    found = office.set_variants(item, [row(2, "s"), row(None, "m"), row(0, "l")], "PUT variants")
    wanted = {(None, "s"): (2, True), (None, "m"): (None, True), (None, "l"): (0, True)}
    office.report.check(found == wanted, "the item shows the whole list", found)
    for each in office.shown(item).get("variants") or []:
        office.report.check(set(each) <= VARIANT_MEMBERS, "a variant has no other members", each)
    expect_named(office.report, office.purchase(item), "a purchase without a size", "quality_level")
    office.buy_in_merch(item, "a purchase in merch, without a size", 400)
    order = office.buys(item, "a size is bought", 2, quality_level="s")
    office.sold_out(item, "a size that is sold out", quality_level="s")
    office.sold_out(item, "a size that never had any", quality_level="l")
    office.buys(item, "a size without a limit", 30, quality_level="m")
    for what, variant in (("a size that is not in the list", {"quality_level": "xl"}),
                          ("a size that does not exist", {"quality_level": "no-such-size"}),
                          ("a collection too much", {"quality_level": "m", "collection": "winter_2025"}),
                          ("a size in the wrong place", {"collection": "m"})):
        office.sold_out(item, what, **variant)
    found = table(office.shown(item)).get((None, "s"))
    office.report.check(found == (0, True), "the stock of the bought size is used up", found)
    found = office.order(order)
    office.report.check(found.get("quality_level") == "s" and found.get("collection") is None,
                        "the order has its size", found)
    owned = office.api.get("/inventory?section=main", token=office.user.access).member("items")
    mine = {each.get("quality_level"): each.get("quantity") for each in owned or []
            if each.get("item_id") in (item.get("id"), item.get("code"))}
    office.report.check(mine == {"s": 2, "m": 30}, "the inventory has the sizes", mine)
    office.report.check(office.owned(office.user, item) == 32, "in merch they are one kind of thing", item)


def check_a_new_list_takes_the_place_of_the_old(office):
    item = office.item(stock=3)
    office.set_variants(item, [row(5, "s"), row(5, "m")], "the first list")
    order = office.buys(item, "a size of the first list", quality_level="s")
    found = office.set_variants(item, [row(7, "m"), row(1, "xl")], "the second list")
    wanted = {(None, "m"): (7, True), (None, "xl"): (1, True)}
    office.report.check(found == wanted, "only the second list is left", found)
    office.sold_out(item, "a size of the first list only", quality_level="s")
    office.buys(item, "a size of both lists", quality_level="m")
    before = office.coins(office.user)
    answer = office.move(order, "cancel", "the size is no longer made")
    office.report.expect(answer, "an order of a size that is no longer sold is cancelled", 200)
    after = office.coins(office.user)
    office.report.check(after == before + 1, "its price comes back", before, after)
    office.sold_out(item, "what came back is not for sale again", quality_level="s")


def check_an_empty_list(office):
    """The empty list means the standard variant alone, also after a list of sizes."""
    item = office.item()
    office.set_variants(item, [row(5, "s")], "a list of one size")
    found = office.set_variants(item, [], "the empty list")
    office.report.check(set(found) <= {(None, None)}, "no size is left", found)
    office.set_stock(item, None, "the standard variant without a limit")
    office.buys(item, "the standard variant")
    office.buy_in_merch(item, "the standard variant in merch", 200)
    office.sold_out(item, "a size after the empty list", quality_level="s")


def check_the_standard_variant_beside_others(office):
    item = office.item()
    found = office.set_variants(item, [row(3), row(1, "s")], "the standard variant beside a size")
    wanted = {(None, None): (3, True), (None, "s"): (1, True)}
    office.report.check(found == wanted, "both are shown", found)
    office.buys(item, "the standard variant")
    office.buy_in_merch(item, "the standard variant in merch", 200)
    office.buys(item, "the size", quality_level="s")
    office.sold_out(item, "the size again", quality_level="s")
    office.buys(item, "the last standard piece")
    office.sold_out(item, "the standard variant again")
    office.buy_in_merch(item, "the standard variant in merch again", 400)
    shown = office.shown(item)
    wanted = {(None, None): (0, True), (None, "s"): (0, True)}
    office.report.check(table(shown) == wanted, "each has its own stock", shown)
    office.report.check(shown.get("stock") == 0, "the stock of the item is that of the standard variant", shown)


def check_collections_and_sizes(office):
    item = office.item()
    rows = [row(1, size, season) for season, size in itertools.product(("winter_2025", "spring_2025"), ("s", "m"))]
    found = office.set_variants(item, rows, "sizes in two collections")
    office.report.check(len(found) == 4 and set(found.values()) == {(1, True)}, "four variants are shown", found)
    expect_named(office.report, office.purchase(item), "a purchase with neither", "collection", "quality_level")
    expect_named(office.report, office.purchase(item, quality_level="s"), "a purchase without its collection",
                 "collection")
    expect_named(office.report, office.purchase(item, collection="winter_2025"), "a purchase without its size",
                 "quality_level")
    order = office.buys(item, "a size of a collection", quality_level="m", collection="spring_2025")
    office.sold_out(item, "the same again", quality_level="m", collection="spring_2025")
    found = office.order(order)
    office.report.check((found.get("collection"), found.get("quality_level")) == ("spring_2025", "m"),
                        "the order has both", found)
    left = table(office.shown(item))
    office.report.check(sum(stock for stock, _ in left.values()) == 3 and left.get(("spring_2025", "m")) == (0, True),
                        "only the bought variant lost a piece", left)
    only = office.item()
    office.set_variants(only, [row(1, None, "winter_2025")], "a collection without sizes")
    expect_named(office.report, office.purchase(only), "a purchase without the collection", "collection")
    office.buys(only, "a collection", collection="winter_2025")


def check_a_variant_that_is_not_active(office):
    item = office.item()
    found = office.set_variants(item, [row(5, "s", is_active=False), row(5, "m")], "one size is not active")
    office.report.check(found.get((None, "s")) == (5, False), "the size is shown as not active", found)
    office.sold_out(item, "the size that is not active", quality_level="s")
    office.buys(item, "the other size", quality_level="m")
    office.set_variants(item, [row(5, "s"), row(5, "m")], "both are active")
    office.buys(item, "the size that is active again", quality_level="s")


def wrong_lists():
    """Lists with one mistake each, and the words that the refusal has to name."""
    yield "a number for a size", [{"quality_level": 5, "stock": 1, "is_active": True}], "quality_level"
    yield "a list for a collection", [{"collection": ["s"], "stock": 1, "is_active": True}], "collection"
    yield "a text for is_active", [row(1, "s", is_active="yes")], "is_active"
    for stock in (*NOT_INTEGERS, -1, BIGGEST + 1, 10**40):
        yield f"the stock {stock!r}", [row(stock, "s")], "stock"


def check_refused_lists(office):
    item = office.item()
    before = office.set_variants(item, [row(5, "s"), row(6, "m")], "the list before")
    for what, rows, member in wrong_lists():
        expect_named(office.report, office.put_variants(item, rows), what, member)
    many = [{"quality_level": 5, "stock": "few", "is_active": "no"}, {"collection": {}, "stock": -1.5, "is_active": 7}]
    answer = office.put_variants(item, many)
    expect_named(office.report, answer, "two rows wrong in every member",
                 "0", "1", "quality_level", "collection", "stock", "is_active")
    path = f"/api/v1/items/{item.get('id')}/variants"
    for body in ({}, {"variants": None}, {"variants": "s"}, {"variants": {}}, {"variants": 5}):
        expect_named(office.report, office.call("PUT", path, body), f"the body {body}", "variants")
    for what, rows in (("a row that is no object", ["s"]), ("a row that is null", [None]),
                       ("a size that does not exist", [row(1, "no-such-size")]),
                       ("a good row before a bad one", [row(1, "l"), row(1, "no-such-size")]),
                       ("a collection that does not exist", [row(1, None, "no-such-season")]),
                       ("a size as a collection", [row(1, None, "s")]),
                       ("an unknown member of a row", [row(1, "s") | {"colour": "red"}]),
                       ("one size twice with two stocks", [row(1, "s"), row(2, "s")]),
                       ("two standard variants", [row(1), row(2)]),
                       ("a size with blanks", [row(1, " s ")]), ("a size with a NUL", [row(1, "s\0")])):
        answer = office.put_variants(item, rows)
        office.report.check(400 <= answer.status < 500, f"{what} is refused", answer)
    after = table(office.shown(item))
    office.report.check(after == before, "refused lists change nothing", before, after)
    answer = office.call("PUT", path, {"variants": [row(1, "s")], "colour": "red"})
    office.report.expect(answer, "an unknown member beside the list", 400, 422)


def check_the_same_list_many_times(office):
    """Twenty simultaneous puts of one list leave that list; of two lists, one remains whole."""
    item = office.item()
    rows = [row(3, size) for size in SIZES]
    answers = in_crowd(lambda: office.put_variants(item, rows))
    for answer in answers:
        office.report.expect(answer, "the same list at once", 200, 204)
    found = table(office.shown(item))
    office.report.check(found == {(None, size): (3, True) for size in SIZES}, "the list is there once", found)
    lists = itertools.cycle([[row(1, "s"), row(1, "m")], [row(2, "m"), row(2, "l")]])
    answers = in_crowd(lambda: office.put_variants(item, next(lists)))
    for answer in answers:
        office.report.expect(answer, "two lists at once", 200, 204)
    found = table(office.shown(item))
    office.report.check(found in ({(None, "s"): (1, True), (None, "m"): (1, True)},
                                  {(None, "m"): (2, True), (None, "l"): (2, True)}),
                        "one of the two lists is there whole", found)


CHECKS = (
    check_the_whole_list, check_a_new_list_takes_the_place_of_the_old, check_an_empty_list,
    check_the_standard_variant_beside_others, check_collections_and_sizes, check_a_variant_that_is_not_active,
    check_refused_lists, check_the_same_list_many_times,
)
