import json

from inventory.tester import new_id, rows

HUGE = (2**63, 10**30)
BAD_UUIDS = (
    "", "x", 5, None, [], "550e8400-e29b-41d4-a716", "550e8400-e29b-41d4-a716-44665544000g",
)


def chapter_roles(tester):
    """Only service and administrator add; only the owner and these two reserve."""
    owner = tester.new_user("user")
    (thing,) = tester.things(1)
    tester.add(owner, "main", {thing: 9}, by=tester.service)
    tester.add(owner, "main", {thing: 1}, by=tester.admin)
    for person in (owner, tester.other, tester.moderator):
        data = tester.addition(owner, "main", {thing: 1})
        answer = tester.api.post("/inventory/add-items", data, token=person.token)
        tester.refused(answer, 403, "adding without the role", person=owner)
    for person in (owner, tester.service, tester.admin):
        reservation, _ = tester.reserve(owner, {thing: 2}, by=person)
        tester.agrees(owner, "a permitted person has reserved")
        strangers_cannot_close(tester, owner, reservation)
        tester.give_back(owner, reservation, {thing: 2}, by=person)
        reservation, _ = tester.reserve(owner, {thing: 2}, by=person)
        tester.consume(owner, reservation, {thing: 2}, by=person)
        tester.agrees(owner, "a permitted person has consumed")
    for person in (tester.other, tester.moderator):
        data = {"user_id": owner.id, "operation_id": new_id(), "items": rows({thing: 1})}
        answer = tester.api.post("/inventory/reserve", data, token=person.token)
        tester.refused(answer, 403, "reserving for somebody else", person=owner)


def strangers_cannot_close(tester, owner, reservation):
    """Others can neither see nor close a reservation."""
    operation_id = reservation["operation_id"]
    for how in ("return", "consume"):
        answer = tester.close(how, owner, operation_id, by=tester.other)
        tester.refused(answer, 403, f"{how} for somebody else", person=owner)
        answer = tester.close(how, tester.other, operation_id)
        tester.refused(answer, (403, 404), f"{how} of somebody else's", person=owner)
    answer = tester.reservation(operation_id, tester.other.token)
    tester.report.check(answer.status in (403, 404), "a stranger sees no reservation", answer)
    for person in (owner, tester.service, tester.admin):
        answer = tester.reservation(operation_id, person.token)
        tester.report.check(answer.status == 200, "a permitted person sees it", answer)


def chapter_adding(tester):
    """Operation ids are one per item and stable; replays move nothing."""
    owner = tester.new_user("user")
    first, second, third = tester.things(3)
    quantities = {first: 5, second: 2, third: 1}
    data, answer = tester.add(owner, "main", quantities, comment="a chest")
    tester.agrees(owner, "three items are added at once")
    for _ in range(3):
        again = tester.api.post("/inventory/add-items", data, token=tester.service.token)
        tester.report.check(
            again.status == 200 and again.content() == answer.content(),
            "a replay gets the first answer",
            again,
        )
    shuffled = dict(reversed(list(data.items())))
    again = tester.api.post("/inventory/add-items", shuffled, token=tester.service.token)
    tester.report.check(
        again.content() == answer.content(), "the order of members is not content", again
    )
    tester.agrees(owner, "replays add nothing")
    add_conflicts(tester, owner, data, first)
    add_twice_named(tester, owner, first)
    for operation_type in ("chest_reward", "craft_result", "daily_quest_reward", "system_reward"):
        tester.add(owner, "main", {first: 1}, operation_type=operation_type)
    for comment in ("", "c" * 500, "ж" * 500):
        tester.add(owner, "main", {first: 1}, comment=comment)
    tester.agrees(owner, "types and comments within the rules are accepted")


def add_conflicts(tester, owner, data, thing):
    """The same operation id with any other content is a conflict. Each owner's ids are their own."""
    changes = (
        {"section": "trade"},
        {"operation_type": "chest_reward"},
        {"items": rows({thing: 6})},
        {"items": data["items"][:-1]},
        {"items": data["items"] + rows({thing: 1})},
    )
    for change in changes:
        answer = tester.api.post("/inventory/add-items", {**data, **change}, token=tester.service.token)
        what = f"other {', '.join(change)} under a used operation id"
        tester.refused(answer, 409, what, "operation_conflict", owner)
    tester.agrees(tester.other, "a conflict gives nothing to anybody else")


def add_twice_named(tester, owner, thing):
    """An item that is named twice is added twice."""
    data = tester.addition(owner, "main", {thing: 2})
    data["items"] *= 2
    answer = tester.api.post("/inventory/add-items", data, token=tester.service.token)
    if tester.report.check(answer.status == 200, "an item may be named twice", answer):
        owner.stock.add("main", {thing: 4})
    tester.agrees(owner, "an item named twice is summed")


def chapter_bad_additions(tester):
    """Every bad addition is 400 with a code and adds nothing."""
    owner = tester.new_user("user")
    (thing,) = tester.things(1)
    tester.add(owner, "main", {thing: 3})
    good = tester.addition(owner, "main", {thing: 1})
    for what, change in bad_operations(thing):
        send_bad(tester, owner, "/inventory/add-items", tester.service, good, what, change)
    for what, change in (
        ("an unknown section", {"section": "attic"}),
        ("an unknown operation type", {"operation_type": "no_such_type"}),
        ("a missing operation type", {"operation_type": None}),
        ("a comment over 500 characters", {"comment": "c" * 501}),
        ("a numeric comment", {"comment": 5}),
    ):
        send_bad(tester, owner, "/inventory/add-items", tester.service, good, what, change)
    missing_members(tester, owner, "/inventory/add-items", tester.service, good, ("comment",))
    unknown_targets(tester, owner, good)
    broken_bodies(tester, owner, "/inventory/add-items", tester.service, good)
    answer = tester.api.post("/inventory/add-items", good, token=tester.service.token)
    tester.report.check(answer.status == 200, "the operation id of refusals is unused", answer)
    owner.stock.add("main", {thing: 1})
    tester.agrees(owner, "after all refusals one proper addition is done")


def bad_operations(thing):
    """Changes that make a proper operation with items a bad one."""
    for value in (0, -1, 1.5, "1", "", None, True, [], {}) + HUGE:
        yield f"the quantity {value!r}", {"items": [thing.row(quantity=value)]}
    yield "no quantity", {"items": [thing.row()]}
    yield "one bad item of two", {"items": rows({thing: 1}) + [thing.row(quantity=0)]}
    for value in ([], None, {}, "x", 5, [None], ["x"], [[]], [{}]):
        yield f"the items {value!r}", {"items": value}
    for value in BAD_UUIDS:
        yield f"the user {value!r}", {"user_id": value}
        yield f"the operation {value!r}", {"operation_id": value}
        yield f"the item {value!r}", {"items": [{"item_id": value, "quantity": 1}]}
    for member in ("collection", "quality_level"):
        for value in ("no_such_code", "", 5):
            yield f"the {member} {value!r}", {"items": [thing.row(quantity=1, **{member: value})]}
    yield "an unknown member", {"surprise": 1}
    yield "an unknown member in an item", {"items": [thing.row(quantity=1, surprise=1)]}


def send_bad(tester, owner, path, person, good, what, change):
    answer = tester.api.post(path, {**good, **change}, token=person.token)
    tester.refused(answer, 400, f"{path} with {what}", person=owner)


def missing_members(tester, owner, path, person, good, optional=()):
    for member in good.keys() - set(optional):
        data = {name: value for name, value in good.items() if name != member}
        answer = tester.api.post(path, data, token=person.token)
        tester.refused(answer, 400, f"{path} without {member}", person=owner)


def unknown_targets(tester, owner, good):
    """Users and items that do not exist receive and give nothing."""
    for change in ({"user_id": new_id()}, {"items": [{"item_id": new_id(), "quantity": 1}]}):
        answer = tester.api.post("/inventory/add-items", {**good, **change}, token=tester.service.token)
        tester.refused(answer, (400, 404), f"an unknown {'/'.join(change)}", person=owner)


def broken_bodies(tester, owner, path, person, good):
    """Bodies that are not one JSON object in UTF-8 are 400 in the dialect."""
    text = json.dumps(good).encode("utf-8")
    broken = (
        b"", b"null", b"[]", b'"x"', b"5", text[:-1], text + b"}", text + text, text + b"x",
        b"[" + text + b"]", text.replace(b'"', b"'"), text[:-1] + b",}",
        text[:-1] + b',"comment":"\xff"}', text[:-1] + b',"comment":"\xed\xa0\x80"}',
        text[:-1] + b',"comment":"a\x00b"}', text + b"\x00", text[:-1] + b',"comment":NaN}',
        b"[" * 20000, b'{"a":' * 20000 + b"1" + b"}" * 20000,
    )
    for raw in broken:
        answer = tester.api.call("POST", path, raw=raw, token=person.token)
        tester.refused(answer, (400, 413), f"{path} with a broken body", person=owner)


def chapter_giant_quantities(tester):
    """The largest numbers are taken or refused, but never break the service."""
    owner = tester.new_user("user")
    (thing,) = tester.things(1)
    largest = 2**63 - 1
    for quantity in (largest, largest, 1):
        data = tester.addition(owner, "main", {thing: quantity})
        answer = tester.api.post("/inventory/add-items", data, token=tester.service.token)
        if answer.status == 200:
            owner.stock.add("main", {thing: quantity})
        else:
            tester.refused(answer, 400, "too many of one thing")
        tester.agrees(owner, "a giant quantity is added wholly or not at all")
    for items in (rows({thing: largest}) * 2, rows({thing: largest}) * 3):
        data = {"user_id": owner.id, "operation_id": new_id(), "items": items}
        answer = tester.api.post("/inventory/reserve", data, token=owner.token)
        tester.refused(answer, 400, "a sum beyond all numbers", person=owner)


CHAPTERS = (
    chapter_roles, chapter_adding, chapter_bad_additions, chapter_giant_quantities,
)
