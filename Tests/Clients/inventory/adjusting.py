import copy
import json
import re
import uuid
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, urlencode, urlsplit

from inventory.adding import BAD_UUIDS, HUGE, broken_bodies, missing_members, send_bad
from inventory.tester import SECTIONS, instant, integer, utc_now, variant_of


def adjustment(person, section, changes, reason="a correction after counting"):
    items = [variant.row(quantity_change=change) for variant, change in changes.items()]
    return {"user_id": person.id, "section": section, "items": items, "reason": reason}


def adjust(tester, person, section, changes, **more):
    """Adjust as the administrator and compare the final balances."""
    data = adjustment(person, section, changes, **more)
    answer = tester.api.post("/admin/inventory/adjust", data, token=tester.admin.token)
    good = answer.status == 200 and answer.content().get("success") is True
    if tester.report.check(good, "the administrator adjusts", answer):
        person.stock.add(section, changes)
        tester.checks_ids(answer.content().get("operation_ids"), len(changes), answer)
        final_balances(tester, person, section, changes, answer)
    tester.agrees(person, "an adjustment has changed what it says")
    return answer


def final_balances(tester, person, section, changes, answer):
    """Each changed variant has one final balance, under whatever name."""
    told = answer.content().get("final_balances")
    good = isinstance(told, list) and all(isinstance(row, dict) for row in told)
    if not tester.report.check(good, "final balances are listed", answer):
        return
    listed = {variant_of(row): [v for v in row.values() if integer(v)] for row in told}
    right = all(person.stock.sections[section][v] in listed.get(v, []) for v in changes)
    tester.report.check(right and len(told) == len(changes), "final balances are right", answer)


def chapter_adjusting(tester):
    """The administrator alone adjusts, with a reason, and never below zero."""
    owner = tester.new_user("user")
    first, second = tester.things(2)
    adjust(tester, owner, "main", {first: 5, second: 7})
    adjust(tester, owner, "main", {first: -2, second: 1})
    adjust(tester, owner, "trade", {first: 3})
    adjust(tester, owner, "trade", {first: -3})
    for reason in ("r" * 10, "r" * 500, "ж" * 500):
        adjust(tester, owner, "main", {first: 1}, reason=reason)
    good = adjustment(owner, "main", {first: 1})
    for person in (owner, tester.other, tester.moderator, tester.service):
        answer = tester.api.post("/admin/inventory/adjust", good, token=person.token)
        tester.refused(answer, 403, "adjusting without the role", person=owner)
    below_zero(tester, owner, first, second)
    bad_adjustments(tester, owner, first, good)


def below_zero(tester, owner, first, second):
    """First is six and second is eight in main; nothing goes below zero."""
    main = owner.stock.positive("main")
    for changes, missing in (
        ({first: -main[first] - 1}, {first: (main[first] + 1, main[first])}),
        ({second: 1, first: -1000}, {first: (1000, main[first])}),
        (
            {first: -1000, second: -1000},
            {first: (1000, main[first]), second: (1000, main[second])},
        ),
    ):
        data = adjustment(owner, "main", changes)
        answer = tester.api.post("/admin/inventory/adjust", data, token=tester.admin.token)
        tester.short_of(answer, missing, "an adjustment below zero", owner)
    data = adjustment(owner, "main", {first: 1 - main[first]})
    data["items"] *= 2
    answer = tester.api.post("/admin/inventory/adjust", data, token=tester.admin.token)
    tester.refused(answer, 400, "below zero in two rows", "insufficient_items", owner)
    adjust(tester, owner, "main", {first: -main[first]})


def bad_adjustments(tester, owner, thing, good):
    path = "/admin/inventory/adjust"
    for value in (0, 1.5, "1", None, True, -(2**63) - 1) + HUGE:
        change = {"items": [thing.row(quantity_change=value)]}
        what = f"the change {value!r}"
        send_bad(tester, owner, path, tester.admin, good, what, change)
    for value in ("", "r", "r" * 9, "r" * 501, None, 5):
        what = f"a reason of {value!r}"[:40]
        send_bad(tester, owner, path, tester.admin, good, what, {"reason": value})
    for value in BAD_UUIDS:
        send_bad(tester, owner, path, tester.admin, good, "a bad user id", {"user_id": value})
    for what, change in (
        ("an unknown section", {"section": "attic"}),
        ("no items", {"items": []}),
        ("an item without a change", {"items": [thing.row()]}),
        ("an unknown member", {"surprise": 1}),
    ):
        send_bad(tester, owner, path, tester.admin, good, what, change)
    missing_members(tester, owner, path, tester.admin, good)
    broken_bodies(tester, owner, path, tester.admin, good)


def chapter_audit(tester):
    """The audit shows an adjustment with its reason and request id, to the administrator."""
    owner = tester.new_user("user")
    (thing,) = tester.things(1)
    reason = f"counted again, see note {uuid.uuid4().hex}"
    answer = adjust(tester, owner, "main", {thing: 2}, reason=reason)
    entry = audit_entry(tester, answer.header("X-Request-ID"))
    tester.report.check(entry is not None, "the audit has the request id of an adjustment", answer)
    tester.report.check(reason in (entry or ""), f"the audit entry has the reason: {entry}")
    tester.report.check(
        tester.admin.id in (entry or "") or tester.admin.login in (entry or ""),
        f"the audit entry names who adjusted: {entry}",
    )
    for person in (owner, tester.moderator, tester.service):
        answer = tester.api.get("/api/v1/audit", person.token)
        tester.report.check(answer.status == 403, "the audit is for the administrator", answer)
    answer = tester.api.get("/api/v1/audit")
    tester.report.check(answer.status == 401, "the audit needs a token", answer)


def audit_entry(tester, request_id, pages=100):
    """Page through the audit to the entry with a request id; return it as text."""
    path = "/api/v1/audit?limit=100"
    for _ in range(pages):
        answer = tester.api.get(path, tester.admin.token)
        tester.report.check(answer.status == 200, "the administrator reads the audit", answer)
        content = answer.content()
        entries = next((value for value in content.values() if isinstance(value, list)), [])
        for entry in entries:
            text = json.dumps(entry, ensure_ascii=False)
            if request_id and request_id in text:
                return text
        path = next_page(content, answer)
        if path is None:
            break
    return None


def next_page(content, answer):
    """The next page is told by a cursor in the body or by a link."""
    if content.get("next_cursor"):
        return f"/api/v1/audit?limit=100&cursor={quote(str(content['next_cursor']), safe='')}"
    link = re.search(r'<([^>]*)>;\s*rel="?next"?', answer.header("Link"))
    if link is None:
        return None
    parts = urlsplit(link.group(1))
    return f"{parts.path}?{parts.query}"


def chapter_past(tester):
    """Instants between the steps show what was owned at each of them."""
    owner = tester.new_user("user")
    first, second = tester.things(2)
    moments = []

    def remember():
        moments.append((instant(), copy.deepcopy(owner.stock)))

    remember()
    tester.add(owner, "main", {first: 5})
    remember()
    tester.add(owner, "main", {first: 3, second: 1})
    remember()
    reservation, _ = tester.reserve(owner, {first: 4, second: 1})
    remember()
    tester.give_back(owner, reservation, {first: 4, second: 1})
    remember()
    reservation, _ = tester.reserve(owner, {first: 8})
    remember()
    tester.consume(owner, reservation, {first: 8})
    remember()
    adjust(tester, owner, "main", {second: -1})
    remember()
    tester.agrees(owner, "everything is gone in the end")
    for at, stock in moments:
        for section in SECTIONS:
            answer = tester.inventory(owner, section, at)
            tester.holds(answer, stock.positive(section), f"{section} at {at}")
    other_instants(tester, owner, *moments[2])


def other_instants(tester, owner, at, stock):
    """Another zone names the same instant, long ago is empty, nonsense is 400."""
    moment = datetime.fromisoformat(at.replace("Z", "+00:00"))
    elsewhere = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    answer = tester.inventory(owner, at=elsewhere.isoformat(timespec="milliseconds"))
    tester.holds(answer, stock.positive("main"), "the same instant in another zone")
    answer = tester.inventory(owner, at="2001-01-01T00:00:00Z")
    tester.holds(answer, {}, "long before anything")
    for nonsense in ("yesterday", "2024-13-01T00:00:00Z", "2024-02-30T00:00:00Z"):
        answer = tester.inventory(owner, at=nonsense)
        tester.refused(answer, 400, f"the instant {nonsense}")


def chapter_daily_balances(tester):
    """Today has the present balance, yesterday has nothing of a new user."""
    owner = tester.new_user("user")
    first, second = tester.things(2)
    tester.add(owner, "main", {first: 1037})
    tester.add(owner, "main", {first: 4})
    tester.add(owner, "trade", {second: 2053})
    today = utc_now().date()
    yesterday = today - timedelta(days=1)
    for section, thing, quantity in (("main", first, 1041), ("trade", second, 2053)):
        answer = daily(tester, owner, yesterday, today, section)
        content = answer.content()
        told = day_tells(content, str(today), thing.item_id, quantity)
        tester.report.check(answer.status == 200 and told, f"{today} tells {quantity}", answer)
        told = day_tells(content, str(yesterday), thing.item_id, quantity)
        tester.report.check(not told, f"{yesterday} tells nothing", answer)
        answer = daily(tester, tester.other, yesterday, today, section)
        mine = answer.status == 200 and thing.item_id not in answer.body.decode("utf-8", "replace")
        tester.report.check(mine, "the days tell the caller's balances only", answer)
    answer = daily(tester, owner, yesterday, today, "attic")
    tester.refused(answer, 400, "days of an unknown section", "invalid_section")
    for start, end in ((today, yesterday), ("x", today), (yesterday, "2024-02-30")):
        answer = daily(tester, owner, start, end, "main")
        tester.refused(answer, 400, f"days from {start} to {end}")


def daily(tester, person, start, end, section):
    query = urlencode({"from": start, "to": end, "section": section})
    return tester.api.get(f"/inventory/daily-balances?{query}", person.token)


def objects_in(value):
    """All JSON objects in a value, the outer ones first."""
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for entry in inner:
        yield from objects_in(entry)


def day_tells(content, day, item_id, quantity):
    """Some object of the given day has the item with the quantity."""
    of_day = []
    for entry in objects_in(content):
        of_day += [value for name, value in entry.items() if name == day]
        dated = any(isinstance(value, str) and value[:10] == day for value in entry.values())
        if dated and entry is not content:
            of_day.append(entry)
    return any(
        row.get("item_id") == item_id and quantity in row.values()
        for part in of_day
        for row in objects_in(part)
    )

CHAPTERS = (
    chapter_adjusting, chapter_audit, chapter_past, chapter_daily_balances,
)
