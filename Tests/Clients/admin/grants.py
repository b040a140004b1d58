"""Coins given to one, to several, to all or by a table: once by their name, with a dry run and with progress."""

import json
import time

from admin.office import BIGGEST, NOT_INTEGERS, expect_named, in_crowd, new_word
from common import START_COINS, at_once
from merch.shop import quoted

GRANTS = "/api/v1/grants"
DONE = (200, 201, 202)
SECONDS_FOR_ALL = 20
MOST_PAGES = 30


def body_of(to, amount=10, name=None, reason="a good year", **more):
    return {"name": name or new_word("grant-"), "amount": amount, "reason": reason, "to": to} | more


def names_of(*people):
    return [person.name for person in people]


def shown(office, name):
    return office.get(f"{GRANTS}/{quoted(name)}")


def finished(office, name):
    """Waits until a grant is done; returns what the shop shows of it then."""
    steps, deadline = [], time.monotonic() + SECONDS_FOR_ALL
    while True:
        answer = shown(office, name)
        office.need(office.report.expect(answer, "a grant is shown by its name", 200))
        steps.append([answer.member("done"), answer.member("total")])
        right = all(isinstance(number, int) for number in steps[-1]) and isinstance(answer.member("status"), str)
        office.need(office.report.check(right, "a grant has status, done and total", answer))
        if steps[-1][0] == steps[-1][1] or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    office.report.check(steps[-1][0] == steps[-1][1], "a grant comes to its end", answer)
    office.report.check(steps == sorted(steps), "done only grows", steps)
    return answer


def give(office, body, what):
    answer = office.post(GRANTS, body)
    office.need(office.report.expect(answer, what, *DONE))
    return finished(office, body["name"])


class Purses:
    """The coins of some people, and what they have to be after each step."""

    def __init__(self, office, *people):
        self.office, self.people = office, people
        self.wanted = {person.name: office.coins(person) for person in people}

    def gain(self, amount, *people):
        for person in people or self.people:
            self.wanted[person.name] += amount

    def agree(self, what):
        found = {person.name: self.office.coins(person) for person in self.people}
        self.office.report.check(found == self.wanted, f"{what}: the coins are exact", self.wanted, found)


def numbers(value):
    """All whole numbers in an answer."""
    if isinstance(value, (dict, list)):
        return {number for each in (value.values() if isinstance(value, dict) else value) for number in numbers(each)}
    return {value} if isinstance(value, int) and not isinstance(value, bool) else set()


def check_a_grant_to_names(office):
    purses = Purses(office, office.user, office.other)
    reason = f"a good year {new_word()}"
    body = body_of([office.user.name], 10, reason=reason)
    last = give(office, body, "a grant to one")
    purses.gain(10, office.user)
    purses.agree("a grant to one")
    office.report.check((last.member("done"), last.member("total")) == (1, 1), "one of one is done", last)
    told = json.dumps(last.content(), ensure_ascii=False)
    office.report.check(office.user.name in told and reason in told and 10 in numbers(last.content()),
                        "the grant shows recipient, amount and reason", last)
    office.audited("a grant with its reason", body["name"], reason)
    last = give(office, body_of(names_of(office.user, office.other), 7), "a grant to two")
    purses.gain(7)
    purses.agree("a grant to two")
    office.report.check((last.member("done"), last.member("total")) == (2, 2), "two of two are done", last)
    kinds = office.api.get("/api/v1/wallet/history?limit=5", token=office.user.access).member("items") or []
    office.report.check([row.get("change") for row in kinds[:2]] == [7, 10], "the history has both", kinds)


def check_once_by_its_name(office):
    purses = Purses(office, office.user, office.other)
    body = body_of([office.user.name], 5)
    give(office, body, "a grant")
    purses.gain(5, office.user)
    for _ in range(3):
        office.report.expect(office.post(GRANTS, body), "the same grant again", *DONE)
        finished(office, body["name"])
    purses.agree("the same grant again")
    for change in ({"amount": 6}, {"to": [office.other.name]}, {"to": names_of(office.user, office.other)},
                   {"to": "all"}, {"reason": "another reason"}):
        answer = office.post(GRANTS, body | change)
        office.report.expect(answer, f"the same name with another {list(change)[0]}", 409, 422)
    purses.agree("other content under the same name")
    one = body_of(names_of(office.user, office.other), 3)
    for answer in in_crowd(lambda: office.post(GRANTS, one)):
        office.report.expect(answer, "twenty clicks on one grant", *DONE)
    finished(office, one["name"])
    purses.gain(3)
    purses.agree("twenty clicks on one grant")
    rival = body_of([], 1)
    bodies = [rival | {"to": [office.user.name]}, rival | {"to": [office.other.name]}] * 5
    answers = at_once([lambda body=body: office.post(GRANTS, body) for body in bodies])
    won = {index % 2 for index, answer in enumerate(answers) if answer.status in DONE}
    office.report.check(len(won) == 1, "of two contents under one name one wins", [a.status for a in answers])
    finished(office, rival["name"])
    purses.gain(1, *[(office.user, office.other)[index] for index in won])
    purses.agree("two contents under one name")


def check_a_dry_run(office):
    purses = Purses(office, office.user, office.other)
    body = body_of(names_of(office.user, office.other), 21)
    answer = office.post(GRANTS + "?dry_run=true", body)
    office.report.expect(answer, "a dry run", 200)
    office.report.check({2, 42} <= numbers(answer.json()), "a dry run gives count and sum", answer)
    office.report.expect(shown(office, body["name"]), "a dry run is no grant", 404)
    purses.agree("a dry run")
    everybody = office.post(GRANTS + "?dry_run=true", body_of("all", 3))
    office.report.expect(everybody, "a dry run to all", 200)
    found = numbers(everybody.json())
    right = any(number >= 4 and 3 * number in found for number in found)
    office.report.check(right, "count and sum for all", everybody)
    answer = office.post(GRANTS + "?dry_run=true", {"name": 5, "amount": "many", "reason": [], "to": 7})
    expect_named(office.report, answer, "a dry run finds the same mistakes", "name", "amount", "reason", "to")
    give(office, body, "the grant after its dry run")
    purses.gain(21)
    purses.agree("the grant after its dry run")


def check_refused_grants(office):
    purses = Purses(office, office.user)
    to = [office.user.name]
    expect_named(office.report, office.post(GRANTS, {}), "an empty grant", "name", "amount", "reason", "to")
    wrong = {"name": 5, "amount": "many", "reason": [], "to": 7}
    expect_named(office.report, office.post(GRANTS, wrong), "a grant wrong in every member", *wrong)
    for amount in (*NOT_INTEGERS, None, 0, -1, BIGGEST + 1, 10**40):
        expect_named(office.report, office.post(GRANTS, body_of(to, amount)), f"amount {amount!r}", "amount")
    for value in ("everybody", "", None, 5, True, {}, [5], [None], [[office.user.name]]):
        expect_named(office.report, office.post(GRANTS, body_of(value)), f"to {value!r}", "to")
    for member in ("name", "reason"):
        for value in ("", None, 5, [], {}):
            answer = office.post(GRANTS, body_of(to) | {member: value})
            expect_named(office.report, answer, f"{member} {value!r}", member)
    unknown = body_of([office.user.name, new_word("nobody-")])
    answer = office.post(GRANTS, unknown)
    office.report.check(400 <= answer.status < 500, "a grant to an unknown user is refused", answer)
    office.report.expect(office.post(GRANTS, body_of(to, colour="red")), "an unknown member", 400, 422)
    answer = office.post(GRANTS, body_of(names_of(office.user, office.other), BIGGEST))
    office.report.check(400 <= answer.status < 500, "a sum beyond all bounds is refused", answer)
    for raw in (b"", b"{", b"[]", b"null", b"[" * 3000):
        office.report.expect(office.post(GRANTS, raw=raw), "a broken body", 400, 422)
    office.report.expect(shown(office, unknown["name"]), "a refused grant is no grant", 404)
    time.sleep(0.5)
    purses.agree("refused grants")


def check_the_list(office):
    names = [new_word("grant-") for _ in range(3)]
    for name in names:
        give(office, body_of([office.user.name], 1, name), "one of three grants")
    found, cursor = [], None
    for _ in range(20):
        answer = office.get(GRANTS + (f"?cursor={quoted(str(cursor))}" if cursor is not None else ""))
        office.report.expect(answer, "the list of grants", 200)
        body = answer.json()
        found += body if isinstance(body, list) else answer.member("items") or []
        cursor = answer.member("next_cursor")
        if cursor is None or set(names) <= {each.get("name") for each in found}:
            break
    rows = {each.get("name"): each for each in found}
    office.report.check(set(names) <= set(rows), "the list has every grant", names, list(rows)[:5])
    for name in names:
        each = rows.get(name, {})
        office.report.check((each.get("done"), each.get("total")) == (1, 1) and isinstance(each.get("status"), str),
                            "a row has status, done and total", each)
    for name in (new_word("grant-"), "%00", "a%2Fb", "x" * 3000, "%D0%BF"):
        office.report.expect(office.get(f"{GRANTS}/{name}"), "an unknown grant", 400, 404, 414)


def check_a_grant_to_all(office):
    """Every user gets it once; a user who joins later does not get it."""
    purses = Purses(office, office.user, office.other)
    body = body_of("all", 2)
    last = give(office, body, "a grant to all")
    total = last.member("total")
    office.report.check(isinstance(total, int) and total >= 4, "all are counted", last)
    purses.gain(2)
    purses.agree("a grant to all")
    late = office.customer()
    for answer in in_crowd(lambda: office.post(GRANTS, body), 10):
        office.report.expect(answer, "the grant to all again", *DONE)
    found = finished(office, body["name"])
    office.report.check(found.member("total") == total, "a repetition adds no recipient", total, found)
    purses.agree("the grant to all again")
    coins = office.coins(late)
    office.report.check(coins == START_COINS, "a user who joined later does not get it", coins)


def check_the_recipients(office):
    """The pages of a grant to all hold everybody once."""
    body = body_of("all", 1)
    total = give(office, body, "another grant to all").member("total")
    told, cursor = [], None
    for _ in range(MOST_PAGES):
        query = "?limit=100" + (f"&cursor={quoted(str(cursor))}" if cursor is not None else "")
        answer = office.get(f"{GRANTS}/{quoted(body['name'])}{query}")
        office.report.expect(answer, "the recipients of a grant", 200)
        told += texts(answer.json())
        cursor = answer.member("next_cursor")
        if cursor is None:
            break
    for person in (office.user, office.other) if cursor is None else ():
        count = told.count(person.name)
        office.report.check(count == 1, "each recipient is listed once", person.name, count, total)


def texts(value):
    """All texts in an answer."""
    if isinstance(value, (dict, list)):
        return [text for each in (value.values() if isinstance(value, dict) else value) for text in texts(each)]
    return [value] if isinstance(value, str) else []


def check_a_table(office):
    """The body is a table of names and amounts; the name and the reason of the grant are in the address."""
    purses = Purses(office, office.user, office.other)
    name, reason = new_word("grant-"), f"by table {new_word()}"

    def post(rows, dry_run=""):
        table = "username,amount\r\n" + "".join(f"{person},{amount}\r\n" for person, amount in rows)
        return office.post(f"{GRANTS}?name={name}&reason={quoted(reason)}{dry_run}", raw=table.encode(),
                           content_type="text/csv")

    rows = [(office.user.name, 11), (office.other.name, 4)]
    for what, bad in (("an unknown name", [*rows, (new_word("nobody-"), 1)]), ("no amount", [*rows[:1], ("x", "")]),
                      ("a negative amount", [rows[0], (office.other.name, -4)]),
                      ("an amount that is a word", [rows[0], (office.other.name, "four")])):
        answer = post(bad)
        office.report.check(400 <= answer.status < 500, f"a table with {what} is refused", answer)
    purses.agree("refused tables")
    answer = post(rows, "&dry_run=true")
    office.report.expect(answer, "a dry run of a table", 200)
    office.report.check({2, 15} <= numbers(answer.json()), "it gives count and sum", answer)
    for _ in range(2):
        office.report.expect(post(rows), "a grant by table, twice", *DONE)
        finished(office, name)
    purses.gain(11, office.user)
    purses.gain(4, office.other)
    purses.agree("a grant by table, twice")
    office.report.expect(post(rows[:1]), "another table under the same name", 409, 422)
    purses.agree("another table under the same name")


CHECKS = (
    check_a_grant_to_names, check_once_by_its_name, check_a_dry_run, check_refused_grants, check_the_list,
    check_a_grant_to_all, check_the_recipients, check_a_table,
)
