import re

from inventory.reserving import check_reservation
from inventory.tester import code_of, new_id, rows

DEMO_ITEM = "550e8400-e29b-41d4-a716-446655440002"


def chapter_sections(tester):
    """The sections are apart, main is the default, and everybody sees their own."""
    owner = tester.new_user("user")
    first, second = tester.things(2)
    tester.agrees(owner, "a new user owns nothing")
    tester.add(owner, "main", {first: 5, second: 2})
    tester.add(owner, "trade", {first: 3})
    tester.add(owner, "factory", {second: 7})
    tester.agrees(owner, "each section has what was put into it")
    tester.holds(tester.inventory(owner), owner.stock.positive("main"), "main is the default")
    tester.agrees(tester.other, "another user owns none of it")
    tester.agrees(tester.service, "the service itself owns none of it")
    for section in ("attic", "", "MAIN", "main,trade"):
        answer = tester.inventory(owner, section)
        tester.refused(answer, 400, f"the section {section!r}", "invalid_section")


def chapter_variants(tester):
    """Variants of one item are counted apart."""
    owner = tester.new_user("user")
    variants = tester.variants()
    for number, variant in enumerate(variants, start=2):
        tester.add(owner, "main", {variant: number})
        tester.agrees(owner, "a variant has a row of its own")
    everything = {variant: 1 for variant in variants}
    tester.add(owner, "main", everything)
    tester.agrees(owner, "every variant has grown by one")
    reservation, _ = tester.reserve(owner, everything)
    tester.agrees(owner, "one of every variant is reserved")
    check_reservation(tester, owner, reservation["operation_id"], everything)
    last = variants[-1]
    data = {"user_id": owner.id, "operation_id": new_id(), "items": rows({last: 1000})}
    answer = tester.api.post("/inventory/reserve", data, token=owner.token)
    missing = {last: (1000, owner.stock.positive("main")[last])}
    tester.short_of(answer, missing, "a shortage of one variant", owner)
    tester.give_back(owner, reservation, everything)
    tester.agrees(owner, "every variant is returned to its own row")


def chapter_items(tester):
    """A single item tells its class, type and available variants."""
    for item_id in [DEMO_ITEM] + [item["id"] for item in tester.game_items()]:
        answer = tester.api.get(f"/inventory/items/{item_id}", tester.owner.token)
        content = answer.content()
        known = tester.report.check(
            answer.status == 200 and content.get("item_id") == item_id, "an item is told", answer
        )
        if known:
            check_item(tester, tester.catalogue.get(item_id), content, answer)
    answer = tester.api.get(f"/inventory/items/{new_id()}", tester.owner.token)
    tester.refused(answer, 404, "an unknown item")
    for item_id in ("x", "550e8400-e29b-41d4-a716", "0"):
        answer = tester.api.get(f"/inventory/items/{item_id}", tester.owner.token)
        tester.refused(answer, 400, "an item whose id is no UUID")


def check_item(tester, item, content, answer):
    """The inventory and the catalogue tell the same about one item."""
    if not tester.report.check(item is not None, "the item is in the catalogue", answer):
        return
    for member, told in (("class", "item_class"), ("type", "item_type")):
        tester.report.check(
            code_of(item[member]) == content.get(told), f"{told} is the catalogue's", answer
        )
    for member, told in (
        ("collections", "available_collections"),
        ("quality_levels", "available_quality_levels"),
    ):
        here = content.get(told)
        same = isinstance(here, list) and {code_of(e) for e in here} == {
            code_of(e) for e in item.get(member) or []
        }
        tester.report.check(same, f"{told} are the catalogue's", answer)


def chapter_prefix(tester):
    """The prefix /api/inventory means the same routes."""
    owner = tester.new_user("user")
    (thing,) = tester.things(1)
    data = tester.addition(owner, "main", {thing: 4})
    first = tester.api.post("/api/inventory/add-items", data, token=tester.service.token)
    tester.report.check(first.status == 200, "the prefix adds items", first)
    owner.stock.add("main", {thing: 4})
    second = tester.api.post("/inventory/add-items", data, token=tester.service.token)
    tester.report.check(
        first.content() == second.content(), "both spellings are one operation", second
    )
    tester.agrees(owner, "both spellings have added once")
    answer = tester.inventory(owner, "main", prefix="/api")
    tester.holds(answer, owner.stock.positive("main"), "the prefix tells the inventory")
    answer = tester.api.get(f"/api/inventory/items/{thing.item_id}", owner.token)
    tester.report.check(answer.status == 200, "the prefix tells an item", answer)
    data = {"user_id": owner.id, "operation_id": new_id(), "items": rows({thing: 1})}
    answer = tester.api.post("/api/inventory/reserve", data, token=owner.token)
    tester.report.check(answer.status == 200, "the prefix reserves", answer)
    owner.stock.reserve({thing: 1})
    answer = tester.api.get(f"/api/inventory/reservation/{data['operation_id']}", owner.token)
    tester.report.check(answer.status == 200, "the prefix tells a reservation", answer)
    del data["items"]
    answer = tester.api.post("/api/inventory/consume-reserve", data, token=owner.token)
    tester.report.check(answer.status == 200, "the prefix consumes", answer)
    owner.stock.consume({thing: 1})
    tester.agrees(owner, "what the prefix did is seen without it")
    tester.refused(tester.api.get("/api/inventory"), 401, "no token", "missing_token")


def chapter_methods(tester):
    """Unknown paths are 404 and wrong methods 405 with Allow, in the dialect."""
    token = tester.owner.token
    for path in ("/inventory/nothing", "/inventory/reserve/extra", "/inventory/items"):
        tester.refused(tester.api.get(path, token), 404, f"the unknown path {path}")
    wrong = (
        ("DELETE", "/inventory", "GET"),
        ("GET", "/inventory/add-items", "POST"),
        ("PUT", "/inventory/reserve", "POST"),
        ("GET", "/inventory/return-reserve", "POST"),
        ("DELETE", "/inventory/consume-reserve", "POST"),
        ("POST", f"/inventory/reservation/{new_id()}", "GET"),
        ("POST", f"/inventory/items/{DEMO_ITEM}", "GET"),
    )
    for method, path, allowed in wrong:
        answer = tester.api.call(method, path, token=token)
        tester.refused(answer, 405, f"{method} {path}")
        allow = re.split(r"\s*,\s*", answer.header("Allow"))
        tester.report.check(allowed in allow, f"405 allows {allowed}", answer)


CHAPTERS = (
    chapter_sections, chapter_variants, chapter_items, chapter_prefix, chapter_methods,
)
