"""Hostile bodies for the actions on one order."""

import json

from merch.shop import ANY_REFUSAL, BAD_REQUEST, NOT_AN_OBJECT, NOT_JSON
from orders.store import ORDERS, REASON

NO_NOTES = (5, -1, 1.5, True, False, [], [REASON], {}, {"text": REASON}, 10**30)


def check_wrong_notes(store):
    """A note that is no text is refused by every action, and nothing moves."""
    person, item = store.customer(), store.item(price=1, stock=9)
    orders = {"ready": store.bought(person, item), "hand-over": store.ready(person, item),
              "cancel": store.bought(person, item), "return": store.handed_over(person, item)}
    before = {action: store.order(person, order) for action, order in orders.items()}
    for action, order in orders.items():
        for note in NO_NOTES:
            store.expect_members(store.act(order, action, body={"note": note}), {"note"}, f"{action} with {note!r}")
    answer = store.act(orders["cancel"], "cancel", person, body={"note": 5})
    store.expect_members(answer, {"note"}, "the owner cancels with a number")
    for action, order in orders.items():
        found = store.order(person, order)
        store.report.check(found == before[action], f"a refused {action} changes nothing", before[action], found)
    store.expect_coins(person, 996, "after wrong notes")


def check_all_that_is_wrong_at_once(store):
    person, item = store.customer(), store.item(price=1)
    order, over = store.bought(person, item), store.handed_over(person, item)
    for target, action, body, wrong in (
            (order, "ready", {"note": 5, "shelf": 3, "status": "ready"}, {"note", "shelf", "status"}),
            (order, "hand-over", {"note": [], "to": "me"}, {"note", "to"}),
            (order, "cancel", {"refund": False}, {"note", "refund"}),
            (order, "cancel", {"note": {}, "reason": REASON}, {"note", "reason"}),
            (over, "return", {"quantity": 1, "price": 10**30}, {"note", "quantity", "price"}),
            (order, "cancel", {"note": REASON, "user": person.name}, {"user"})):
        store.expect_members(store.act(target, action, body=body), wrong, f"{action} with {body}")
    answer = store.act(order, "cancel", person, body={"price": 1000, "total": 1000})
    store.expect_members(answer, {"price", "total"}, "the owner names a price to get back")
    store.expect_coins(person, 998, "after wrong bodies")


def check_bodies_that_are_no_objects(store):
    person, item = store.customer(), store.item(price=1)
    order = store.bought(person, item)
    for action in ("ready", "cancel"):
        for raw in [body for body in NOT_JSON if body] + list(NOT_AN_OBJECT):
            answer = store.api.post(f"{ORDERS}/{order}/{action}", raw=raw, token=store.admin)
            store.report.expect(answer, f"{action} with a body that is no JSON object", *BAD_REQUEST)
    store.expect_status(person, order, "ordered", "after bodies that are no objects")


def check_extreme_notes(store):
    """A very long note or one with strange characters is taken whole or refused, never half done."""
    person, item = store.customer(), store.item(price=1)
    for note in ("x" * 501, "x" * 20_000, "Ж" * 20_000, "line\nbreak", "a\x00b", "\x01\x1f", "\u202egnp.exe",
                 "'; DROP TABLE orders; --", "=1+1", "👩‍👩‍👧‍👦" * 10):
        order = store.bought(person, item)
        answer = store.act(order, "cancel", note=note)
        store.report.expect(answer, f"a note {note[:10]!r}", 200, *ANY_REFUSAL)
        found = store.order(person, order)
        wanted = ("cancelled", note) if answer.status == 200 else ("ordered", None)
        store.report.check((found["status"], found.get("note")) == wanted, "a note is taken whole or not at all",
                           json.dumps(found)[:200])


def check_queries_on_lists(store):
    """Wrong filters never fail inside, and never show what they do not ask for."""
    person, item = store.customer(), store.item(price=1)
    store.bought(person, item)
    for query in ("limit=0", "limit=-1", "limit=x", "limit=1.5", "limit=9223372036854775808", "cursor=nonsense",
                  "cursor=%00", "cursor=-1", "cursor=" + "9" * 40, "cursor=" + "A" * 2000):
        for token, more in ((person.access, ""), (store.admin, "&all=true")):
            answer = store.api.get(f"{ORDERS}?{query}{more}", token)
            store.report.expect(answer, f"orders with {query[:30]}", 200, *BAD_REQUEST)
    for name in ("from", "to"):
        for value in ("yesterday", "2024-13-45T00:00:00Z", "2024-02-30T00:00:00Z", "%00", "-1"):
            answer = store.api.get(f"{ORDERS}?all=true&{name}={value}", store.admin)
            store.report.expect(answer, f"{name}={value} is no instant", *BAD_REQUEST)
    for query in ("status=lost", "status=", "status=ORDERED", "status=order_is_ready", "status=%00", "item=%00",
                  "item=" + "x" * 3000, "user=%00", "user=" + "x" * 3000, "user=%D0%96", "item=%27--",
                  "from=2099-01-01T00:00:00Z", "to=0001-01-01T00:00:00Z", "user=no-such-person-as-this"):
        answer = store.api.get(f"{ORDERS}?all=true&{query}", store.admin)
        store.report.check(answer.status in ANY_REFUSAL or answer.member("items") == [],
                           f"orders with {query[:30]}: refused or empty", answer)
    answer = store.api.get(f"{ORDERS}?status=lost", person.access)
    store.report.check(answer.status in ANY_REFUSAL or answer.member("items") == [],
                       "own orders with an unknown status: refused or empty", answer)


CHECKS = (
    check_wrong_notes, check_all_that_is_wrong_at_once, check_bodies_that_are_no_objects, check_extreme_notes,
    check_queries_on_lists,
)
