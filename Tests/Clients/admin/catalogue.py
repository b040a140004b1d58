"""Items with their limit, mark and kind of hand-over; conditions on requests; the audit of the catalogue."""

import uuid

from admin.office import BIGGEST, NOT_INTEGERS, expect_named, in_crowd, new_word, table
from merch.shop import is_problem


def check_members_of_an_item(office):
    item = office.item(limit_per_person=3, low_stock_at=4, hand_over=False, stock=10)
    wanted = {"limit_per_person": 3, "low_stock_at": 4, "hand_over": False, "stock": 10}
    for each in (item, office.shown(item)):
        found = {name: each.get(name) for name in wanted}
        office.report.check(found == wanted, "limit, mark, hand-over and stock are shown", found)
        office.report.check(isinstance(each.get("variants"), list), "variants is a list", each)
    plain = office.item()
    office.report.check(plain.get("hand_over") is True, "an item is handed over by default", plain)
    found = [plain.get("limit_per_person"), plain.get("low_stock_at")]
    office.report.check(found == [None, None], "an item has neither limit nor mark of its own", plain)
    listed = office.get("/api/v1/items?limit=100").member("items") or []
    right = bool(listed) and all({"variants", "hand_over"} <= set(each) for each in listed)
    office.report.check(right, "the list shows variants and hand_over", listed[:1])


def check_changing_members(office):
    item = office.item(limit_per_person=3)
    for members in ({"limit_per_person": 5}, {"low_stock_at": 2}, {"hand_over": False}, {"hand_over": True},
                    {"limit_per_person": None}, {"low_stock_at": None},
                    {"limit_per_person": 1, "low_stock_at": 1, "hand_over": False, "name": "Renamed"}):
        before = office.shown(item)
        answer = office.patch(item, members)
        office.report.expect(answer, f"PATCH {members}", 200)
        after = office.shown(item)
        found = {name: after.get(name) for name in members}
        office.report.check(found == members, f"PATCH {members} sets these members", after)
        kept = all(after.get(name) == value for name, value in before.items()
                   if name not in members and name != "updated_at")
        office.report.check(kept, f"PATCH {members} sets nothing else", before, after)


def check_many_mistakes_at_once(office):
    wrong = {"name": "", "price": "dear", "limit_per_person": "few", "low_stock_at": [], "hand_over": "yes"}
    answer = office.post("/api/v1/items", wrong)
    expect_named(office.report, answer, "an item wrong in every member", *wrong)
    item = office.item()
    before = office.shown(item)
    expect_named(office.report, office.patch(item, wrong), "a change wrong in every member", *wrong)
    office.report.check(office.shown(item) == before, "a refused change changes nothing", before)


def check_mistyped_members(office):
    item = office.item()
    before = office.shown(item)
    for member in ("limit_per_person", "low_stock_at"):
        for value in (*NOT_INTEGERS, -1, BIGGEST + 1, 10**30):
            expect_named(office.report, office.patch(item, {member: value}), f"{member} as {value!r}", member)
    for value in ("true", 0, 1, [], {}):
        expect_named(office.report, office.patch(item, {"hand_over": value}), f"hand_over as {value!r}", "hand_over")
    for members in ({"colour": "red"}, {"limit_per_persons": 2}):
        office.report.expect(office.patch(item, members), "an unknown member is refused", 400, 422)
    after = office.shown(item)
    office.report.check(after == before, "refused changes change nothing", before, after)


def check_unknown_items(office):
    for identifier in (uuid.uuid4(), "0", "abc", "-1", "9" * 40, "%27"):
        item = {"id": identifier}
        for answer in (office.patch(item, {"price": 2}), office.call("DELETE", f"/api/v1/items/{identifier}"),
                       office.put_variants(item, []), office.put_stock(item, 1)):
            right = answer.status == 404 and answer.member("detail") == "Item not found"
            office.report.check(right, "an unknown item is 404, Item not found", answer)


def check_conditions(office):
    """A change that names an old state of the item is refused; a reader with the newest state gets 304."""
    item = office.item(stock=5)
    path = f"/api/v1/items/{item.get('id')}"
    read = office.get(path)
    tag = read.header("ETag")
    office.report.check(tag != "", "an item has an ETag", read)
    same = office.get(path, headers={"If-None-Match": tag})
    office.report.check(same.status == 304 and same.body == b"", "an unchanged item is 304 without a body", same)
    changed = office.patch(item, {"price": 2}, headers={"If-Match": tag})
    office.report.expect(changed, "PATCH with the present ETag", 200)
    late = office.patch(item, {"price": 3}, headers={"If-Match": tag})
    office.report.expect(late, "PATCH with an old ETag", 412)
    late = office.call("DELETE", path, headers={"If-Match": tag})
    office.report.expect(late, "DELETE with an old ETag", 412)
    office.report.check(office.shown(item).get("price") == 2, "what was refused did not happen", office.shown(item))
    for what, change in (("variants", lambda: office.put_variants(item, [])),
                         ("stock", lambda: office.put_stock(item, 77))):
        old = office.get(path).header("ETag")
        office.report.expect(change(), f"PUT {what}", 200, 204)
        if what == "stock":
            office.report.expect(office.get(path, headers={"If-None-Match": old}), "a new stock is a new ETag", 200)
            late = office.patch(item, {"price": 4}, headers={"If-Match": old})
            office.report.expect(late, "PATCH with the ETag from before the new stock", 412)
    new = office.get(path).header("ETag")
    office.report.expect(office.call("DELETE", path, headers={"If-Match": new}), "DELETE with the present ETag", 204)
    office.report.expect(office.get(path), "a retired item is not found", 404)


def check_twenty_changes_with_one_condition(office):
    item = office.item()
    tag = office.get(f"/api/v1/items/{item.get('id')}").header("ETag")
    answers = in_crowd(lambda: office.patch(item, {"description": new_word()}, headers={"If-Match": tag}))
    found = sorted(answer.status for answer in answers)
    office.report.check(found == [200] + [412] * 19, "one of twenty changes with one ETag wins", found)


def check_the_catalogue_is_audited(office):
    item = office.item()
    identifier, reason = item.get("id"), f"recounted {new_word()}"
    name = f"Renamed {new_word()}"
    office.report.expect(office.patch(item, {"name": name, "limit_per_person": 2}), "PATCH", 200)
    office.set_variants(item, [{"quality_level": "s", "stock": 4, "is_active": True}], "PUT variants")
    office.report.expect(office.put_stock(item, 9, reason, quality_level="s"), "PUT stock", 200, 204)
    office.report.expect(office.call("DELETE", f"/api/v1/items/{identifier}"), "DELETE", 204)
    office.audited("making, changing, variants, stock and retiring", identifier, count=5)
    office.audited("the new name", identifier, name)
    office.audited("the reason for the stock", identifier, reason)


def check_errors_are_problems(office):
    item = office.item()
    path = f"/api/v1/items/{item.get('id')}"
    for method, where in (("PATCH", path + "/variants"), ("PATCH", path + "/stock"), ("PUT", path + "/nothing"),
                          ("PATCH", "/api/v1/classifiers")):
        answer = office.call(method, where, {})
        office.report.check(is_problem(answer), "an error is a problem document", answer)
        right = answer.status == 404 if where.endswith("nothing") else answer.status == 405 and answer.header("Allow")
        office.report.check(right, f"{method} {where.split('/')[-1]} is 404 or 405 with Allow", answer)
    for raw in (b"", b"{", b"[]", b"null", b"5", b'{"stock":1', b'{"stock":"\xff"}', b"[" * 3000):
        for where in ("/variants", "/stock"):
            answer = office.call("PUT", path + where, raw=raw)
            office.report.expect(answer, f"PUT {where} with a broken body", 400, 422)
    office.report.check(table(office.shown(item)) == table(item), "broken bodies change nothing", office.shown(item))


CHECKS = (
    check_members_of_an_item, check_changing_members, check_many_mistakes_at_once, check_mistyped_members,
    check_unknown_items, check_conditions, check_twenty_changes_with_one_condition,
    check_the_catalogue_is_audited, check_errors_are_problems,
)
