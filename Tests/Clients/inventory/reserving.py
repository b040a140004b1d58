import time
from datetime import datetime, timedelta

from inventory.adding import BAD_UUIDS, bad_operations, broken_bodies, missing_members, send_bad
from inventory.tester import new_id, rows, utc_now, variant_of


def chapter_reserving(tester):
    """Reserve, replay, return and consume, with a look at the reservation."""
    owner = tester.new_user("user")
    first, second = tester.things(2)
    tester.add(owner, "main", {first: 10, second: 4})
    quantities = {first: 3, second: 1}
    returned, first_answer = tester.reserve(owner, quantities)
    tester.agrees(owner, "reserved things have left main")
    check_reservation(tester, owner, returned["operation_id"], quantities)
    replay(tester, owner, "/inventory/reserve", returned, first_answer)
    reserve_conflicts(tester, owner, returned, first)
    answer = tester.give_back(owner, returned, quantities)
    tester.agrees(owner, "returned things are back in main")
    after_closing(tester, owner, returned, "return", answer, first_answer)
    consumed, first_answer = tester.reserve(owner, quantities)
    answer = tester.consume(owner, consumed, quantities)
    tester.agrees(owner, "consumed things are gone")
    after_closing(tester, owner, consumed, "consume", answer, first_answer)
    statuses = [
        tester.reservation(operation["operation_id"], owner.token).content().get("status")
        for operation in (returned, consumed)
    ]
    tester.report.check(
        all(statuses) and len(set(statuses)) == 2, f"closed reservations tell how: {statuses}"
    )


def check_reservation(tester, owner, operation_id, quantities):
    """An open reservation tells its owner, its items by code, and its date."""
    answer = tester.reservation(operation_id, owner.token)
    content = answer.content()
    tester.report.check(answer.status == 200, "a reservation can be read", answer)
    tester.report.check(content.get("reservation_exists") is True, "the reservation exists", answer)
    tester.report.check(content.get("operation_id") == operation_id, "it has its id", answer)
    tester.report.check(content.get("user_id") == owner.id, "it names its owner", answer)
    status = content.get("status")
    tester.report.check(isinstance(status, str) and status, "it has a status", answer)
    check_date(tester, content.get("reservation_date"), answer)
    expected = {
        (tester.catalogue[v.item_id]["code"], v.collection, v.quality_level): quantity
        for v, quantity in quantities.items()
    }
    told = {
        (row.get("item_code"), row.get("collection_code"), row.get("quality_level_code")):
            row.get("quantity")
        for row in content.get("reserved_items") or []
    }
    tester.report.check(told == expected, f"it lists {sorted(expected.items(), key=str)}", answer)
    given = all(None not in row.values() for row in content.get("reserved_items") or [])
    tester.report.check(given, "standard codes are absent, not null", answer)


def check_date(tester, text, answer):
    """The date of a fresh reservation is a recent instant."""
    try:
        date = datetime.fromisoformat(text.replace("Z", "+00:00"))
        good = date.tzinfo is not None and abs(utc_now() - date) < timedelta(minutes=2)
    except (ValueError, AttributeError):
        good = False
    tester.report.check(good, "it has a recent date", answer)


def replay(tester, owner, path, data, first_answer):
    """The same operation again gets the first answer and moves nothing."""
    for _ in range(3):
        answer = tester.api.post(path, data, token=owner.token)
        tester.report.check(
            answer.status == 200 and answer.content() == first_answer.content(),
            f"a replay of {path} gets the first answer",
            answer,
        )
    tester.agrees(owner, f"a replay of {path} moves nothing")


def reserve_conflicts(tester, owner, data, thing):
    for items in (rows({thing: 1}), data["items"][:1], data["items"] + rows({thing: 1})):
        answer = tester.api.post("/inventory/reserve", {**data, "items": items}, token=owner.token)
        what = "other items under a used operation id"
        tester.refused(answer, 409, what, "operation_conflict", owner)


def after_closing(tester, owner, reservation, how, first_close, first_reserve):
    """A closed reservation repeats its answers and refuses the other ending."""
    operation = {"user_id": owner.id, "operation_id": reservation["operation_id"]}
    replay(tester, owner, f"/inventory/{how}-reserve", operation, first_close)
    replay(tester, owner, "/inventory/reserve", reservation, first_reserve)
    opposite = "consume" if how == "return" else "return"
    for _ in range(2):
        answer = tester.close(opposite, owner, reservation["operation_id"])
        what = f"{opposite} after {how}"
        tester.refused(answer, 409, what, "reservation_closed", owner)


def chapter_unknown_reservations(tester):
    """Unknown reservations are 404; ids that are no UUID are 400."""
    owner = tester.owner
    for how in ("return", "consume"):
        for person in (owner, tester.service, tester.admin):
            answer = tester.close(how, owner, new_id(), by=person)
            tester.refused(answer, 404, f"{how} of an unknown operation", "operation_not_found")
        good = {"user_id": owner.id, "operation_id": new_id()}
        path = f"/inventory/{how}-reserve"
        for value in BAD_UUIDS:
            for member in good:
                what = f"{member} {value!r}"
                send_bad(tester, owner, path, owner, good, what, {member: value})
        missing_members(tester, owner, path, owner, good)
        send_bad(tester, owner, path, owner, good, "an unknown member", {"surprise": 1})
    answer = tester.reservation(new_id(), owner.token)
    content = answer.content()
    absent = content.get("reservation_exists") is False and content.get("error")
    tester.report.check(
        answer.status == 404 and absent, "an unknown reservation does not exist", answer
    )
    for operation_id in ("x", "550e8400-e29b-41d4-a716"):
        answer = tester.reservation(operation_id, owner.token)
        tester.report.check(answer.status == 400, "a reservation id must be a UUID", answer)


def chapter_shortage(tester):
    """A shortage lists every missing item and changes nothing at all."""
    owner = tester.new_user("user")
    enough, short, none = tester.things(3)
    tester.add(owner, "main", {enough: 10, short: 2})
    tester.add(owner, "trade", {short: 50, none: 50})
    wanted = {enough: 3, short: 5, none: 1}
    data = {"user_id": owner.id, "operation_id": new_id(), "items": rows(wanted)}
    missing = {short: (5, 2), none: (1, 0)}
    for person in (owner, tester.service, tester.admin):
        answer = tester.api.post("/inventory/reserve", data, token=person.token)
        tester.short_of(answer, missing, "a shortage of two items", owner)
    answer = tester.reservation(data["operation_id"], owner.token)
    tester.report.check(answer.status == 404, "a shortage leaves no reservation", answer)
    tester.add(owner, "main", {short: 3, none: 1})
    # A refusal is kept under its id: a late twin of the request must not succeed after a top-up.
    answer = tester.api.post("/inventory/reserve", data, token=owner.token)
    tester.short_of(answer, missing, "the refusal is kept", owner)
    data["operation_id"] = new_id()
    answer = tester.api.post("/inventory/reserve", data, token=owner.token)
    tester.report.check(answer.status == 200, "after the shortage the same works under a new id", answer)
    owner.stock.reserve(wanted)
    tester.agrees(owner, "what was short is reserved once it is there")
    named_twice(tester, owner, enough)


def named_twice(tester, owner, thing):
    """An item that is named twice is summed; seven are there."""
    data = {"user_id": owner.id, "operation_id": new_id(), "items": rows({thing: 4}) * 2}
    answer = tester.api.post("/inventory/reserve", data, token=owner.token)
    tester.short_of(answer, {thing: (8, 7)}, "four and four of seven", owner)
    data = {**data, "operation_id": new_id(), "items": rows({thing: 4}) + rows({thing: 3})}
    answer = tester.api.post("/inventory/reserve", data, token=owner.token)
    if tester.report.check(answer.status == 200, "four and three of seven are there", answer):
        owner.stock.reserve({thing: 7})
    tester.agrees(owner, "an item named twice is reserved in sum")
    answer = tester.reservation(data["operation_id"], owner.token)
    told = sum(row.get("quantity", 0) for row in answer.content().get("reserved_items") or [])
    tester.report.check(told == 7, "the reservation holds the sum", answer)
    tester.give_back(owner, data, {thing: 7})
    tester.agrees(owner, "the sum is returned")


def chapter_bad_reservations(tester):
    """Every bad reservation is 400 with a code and reserves nothing."""
    owner = tester.new_user("user")
    (thing,) = tester.things(1)
    tester.add(owner, "main", {thing: 5})
    good = {"user_id": owner.id, "operation_id": new_id(), "items": rows({thing: 1})}
    for what, change in bad_operations(thing):
        person = tester.service if "user_id" in change else owner
        send_bad(tester, owner, "/inventory/reserve", person, good, what, change)
    for value in (0, -1, 1.5, "5", True, [], 2**63):
        what = f"expires_in {value!r}"
        send_bad(tester, owner, "/inventory/reserve", owner, good, what, {"expires_in": value})
    missing_members(tester, owner, "/inventory/reserve", owner, good)
    change = {"items": [{"item_id": new_id(), "quantity": 1}]}
    answer = tester.api.post("/inventory/reserve", {**good, **change}, token=owner.token)
    tester.refused(answer, (400, 404), "reserving an unknown item", person=owner)
    broken_bodies(tester, owner, "/inventory/reserve", owner, good)
    answer = tester.api.post("/inventory/reserve", good, token=owner.token)
    tester.report.check(answer.status == 200, "the operation id of refusals is unused", answer)
    owner.stock.reserve({thing: 1})
    tester.agrees(owner, "after all refusals one proper reservation is made")


def chapter_expiry(tester):
    """An expired reservation goes back by itself, whatever touches it next."""
    (thing,) = tester.things(1)
    touches = (touch_by_reading, touch_by_reserving, touch_by_consuming, touch_by_asking)
    owners = [tester.new_user("user") for _ in touches]
    pairs = [lasting_and_passing(tester, owner, thing) for owner in owners]
    time.sleep(3.2)
    for touch, owner, (lasting, passing) in zip(touches, owners, pairs):
        owner.stock.give_back({thing: 4})
        touch(tester, owner, lasting, passing)
        tester.agrees(owner, f"{touch.__name__}: the expired one has gone back, the other has not")
        answer = tester.close("consume", owner, passing["operation_id"])
        what = "consuming an expired reservation"
        tester.refused(answer, 409, what, "reservation_closed", owner)
        tester.consume(owner, lasting, {thing: 1})
        tester.agrees(owner, "the lasting reservation is consumed")


def lasting_and_passing(tester, owner, thing):
    """Reserve one thing for an hour and four of the same for two seconds."""
    tester.add(owner, "main", {thing: 5})
    lasting, _ = tester.reserve(owner, {thing: 1}, expires_in=3600)
    passing, _ = tester.reserve(owner, {thing: 4}, expires_in=2)
    tester.agrees(owner, "a reservation with an end is a reservation")
    return lasting, passing


def touch_by_reading(tester, owner, _lasting, _passing):
    tester.holds(tester.inventory(owner), owner.stock.positive("main"), "reading after the end")


def touch_by_reserving(tester, owner, _lasting, passing):
    """Returned items can be reserved and returned again."""
    quantities = {variant_of(row): row["quantity"] for row in passing["items"]}
    again, _ = tester.reserve(owner, quantities)
    tester.give_back(owner, again, quantities)


def touch_by_consuming(tester, owner, _lasting, passing):
    answer = tester.close("consume", owner, passing["operation_id"])
    tester.refused(answer, 409, "consuming first after the end", "reservation_closed")


def touch_by_asking(tester, owner, lasting, passing):
    """The expired reservation has another status than the one that lasts."""
    answers = [
        tester.reservation(operation["operation_id"], owner.token)
        for operation in (lasting, passing)
    ]
    statuses = {answer.content().get("status") for answer in answers}
    tester.report.check(len(statuses) == 2, "an expired reservation tells so", answers[1])

CHAPTERS = (
    chapter_reserving, chapter_unknown_reservations, chapter_shortage, chapter_bad_reservations,
    chapter_expiry,
)
