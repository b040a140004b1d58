"""The life of an order, and what each role may do to it."""

import uuid
from datetime import datetime

from merch.desk import walk
from merch.routes import expect_405
from orders.store import ORDERS, REASON

ACTIONS = ("ready", "hand-over", "cancel", "return")


def check_the_whole_life(store):
    person, item = store.customer(), store.item(price=30, stock=5)
    order = store.bought(person, item)
    store.expect_done(store.act(order, "ready", store.moderator), "a moderator makes an order ready")
    found = store.expect_status(person, order, "ready", "after ready")
    store.report.check("ready_at" in found and "handed_over_at" not in found, "it has ready_at alone", found)
    store.expect_coins(person, 970, "ready moves no coins")
    store.expect_done(store.act(order, "hand-over"), "an administrator hands an order over")
    found = store.expect_status(person, order, "handed_over", "after the hand-over")
    times = [datetime.fromisoformat(found[name]) for name in ("ordered_at", "ready_at", "handed_over_at")]
    store.report.check(times == sorted(times), "the times of an order do not run backwards", found)
    store.expect_inventory(person, [(item["code"], 1)], "handed over")
    store.expect_done(store.act(order, "return", store.moderator, REASON), "a moderator takes it back")
    found = store.expect_status(person, order, "returned", "after the return")
    store.report.check("returned_at" in found and "cancelled_at" not in found, "it has returned_at", found)
    store.report.check(found.get("note") == REASON, "the reason stands in the note", found)
    store.expect_coins(person, 1000, "after the return")
    store.expect_inventory(person, [], "after the return")
    store.expect_stock(item, 5, "after the return")


def check_wrong_states(store):
    """In each state, each action is done, repeated, or refused with the state in the code."""
    person, item = store.customer(), store.item(price=1, stock=50)
    refused = {
        "ordered": ("hand-over", "return"), "ready": ("return",), "handed_over": ("cancel",),
        "cancelled": ("ready", "hand-over", "return"), "returned": ("cancel",),
    }
    made = {"ordered": store.bought(person, item), "ready": store.ready(person, item),
            "handed_over": store.handed_over(person, item), "cancelled": store.bought(person, item),
            "returned": store.handed_over(person, item)}
    store.expect_done(store.act(made["cancelled"], "cancel", note=REASON), "cancel")
    store.expect_done(store.act(made["returned"], "return", note=REASON), "return")
    for status, actions in refused.items():
        before = store.expect_status(person, made[status], status, "before refused actions")
        for action in actions:
            for who in (None, store.moderator):
                answer = store.act(made[status], action, who, REASON)
                store.expect_code(answer, 409, f"order_is_{status}", f"{action} of an order that is {status}")
        store.report.check(store.order(person, made[status]) == before, "a refused action changes nothing", before)
    for status in ("ready", "handed_over", "cancelled", "returned"):
        answer = store.act(made[status], "cancel", person)
        if status == "cancelled":
            store.expect_done(answer, "the owner repeats a cancellation")
        else:
            store.expect_code(answer, 409, f"order_is_{status}", f"the owner cancels an order that is {status}")
    store.expect_coins(person, 997, "three of five orders are paid for")


def check_repeated_calls(store):
    """Every action answers its repetition as before, to whoever makes it, and moves nothing again."""
    person, item = store.customer(), store.item(price=30, stock=5)
    order = store.bought(person, item)
    for action, note in (("ready", None), ("hand-over", None), ("return", REASON)):
        first = store.act(order, action, store.moderator, note)
        for who in (store.moderator, None, store.moderator):
            store.expect_same(first, store.act(order, action, who, note), f"{action} repeated")
    store.expect_coins(person, 1000, "a repeated return pays once")
    store.expect_stock(item, 5, "a repeated return gives one piece back")
    order = store.bought(person, item)
    first = store.act(order, "cancel", person)
    for who, note in ((person, None), (None, "Another reason."), (store.moderator, REASON), (person, "Mine.")):
        store.expect_same(first, store.act(order, "cancel", who, note), "a cancellation of the owner repeated")
    store.report.check("note" not in store.order(person, order), "a repetition adds no reason")
    order = store.ready(person, item)
    first = store.act(order, "cancel", store.moderator, REASON)
    for who, note in ((None, "Another reason."), (person, None), (store.moderator, REASON)):
        store.expect_same(first, store.act(order, "cancel", who, note), "a cancellation of the desk repeated")
    store.report.check(store.order(person, order).get("note") == REASON, "the first reason stays")
    store.expect_coins(person, 1000, "repeated cancellations pay once")
    store.expect_stock(item, 5, "repeated cancellations give the pieces back once")


def check_the_owner_cancels(store):
    person, item = store.customer(), store.item(price=30, stock=5)
    plain, told, late = store.bought(person, item), store.bought(person, item), store.ready(person, item)
    store.expect_done(store.act(plain, "cancel", person), "the owner cancels without a reason")
    store.report.check("note" not in store.order(person, plain), "no reason was given")
    store.expect_done(store.act(told, "cancel", person, "Wrong size"), "the owner cancels with a reason")
    store.report.check(store.order(person, told).get("note") == "Wrong size", "the owner's reason stands in the note")
    store.expect_code(store.act(late, "cancel", person), 409, "order_is_ready", "the owner is late")
    store.expect_code(store.act(late, "cancel", person, REASON), 409, "order_is_ready", "a reason does not help")
    store.expect_done(store.act(late, "cancel", store.moderator, REASON), "the desk cancels what is ready")
    store.expect_coins(person, 1000, "after three cancellations")
    own = store.bought(store.moderator, item)
    store.expect_done(store.act(own, "cancel", store.moderator), "a moderator cancels an own order without a reason")


def check_reasons(store):
    """The desk must give a reason to cancel and to return, and none to anything else."""
    person, item = store.customer(), store.item(price=30, stock=5)
    order, over = store.bought(person, item), store.handed_over(person, item)
    for who in (None, store.moderator):
        for body in ({}, {"note": ""}, {"note": None}):
            store.expect_members(store.act(order, "cancel", who, body=body), {"note"}, "cancel without a reason")
            store.expect_members(store.act(over, "return", who, body=body), {"note"}, "return without a reason")
    store.expect_status(person, order, "ordered", "no reason, no cancellation")
    store.expect_status(person, over, "handed_over", "no reason, no return")
    store.expect_coins(person, 940, "no reason, no coins")
    reason = "Не тот размер – “M” statt „L“, sorry; \"x\" <b>"
    store.expect_done(store.act(order, "cancel", note=reason), "a reason in any script")
    store.report.check(store.order(person, order).get("note") == reason, "the reason comes back letter by letter")
    noted = store.bought(person, item)
    store.expect_done(store.act(noted, "ready", note="Shelf 3"), "ready with a note")
    store.expect_done(store.act(noted, "hand-over", note="To a colleague"), "hand-over with a note")


def check_roles(store):
    """Customers and services do nothing at the desk; strangers do not even learn that an order exists."""
    person, stranger, item = store.customer(), store.customer(), store.item(price=30, stock=5)
    order = store.bought(person, item)
    for who, what in ((person, "the owner"), (store.service, "a service")):
        for action in ("ready", "hand-over", "return"):
            wanted = (403,) if who is person else (403, 404)
            store.report.expect(store.act(order, action, who, REASON), f"{what} may not {action}", *wanted)
    for action in ACTIONS:
        store.report.expect(store.act(order, action, stranger, REASON), f"a stranger may not {action}", 403, 404)
        answer = store.api.post(f"{ORDERS}/{order}/{action}", {"note": REASON})
        store.report.expect(answer, f"{action} without a token", 401)
        answer = store.api.post(f"{ORDERS}/{order}/{action}", {"note": REASON}, token="Bearer a.b.c")
        store.report.expect(answer, f"{action} with a forged token", 401)
    store.report.expect(store.act(order, "cancel", store.service, REASON), "a service may not cancel", 403, 404)
    for who in (stranger, store.service):
        store.report.expect(store.api.get(f"{ORDERS}/{order}", who.access), "another's order is not shown", 403, 404)
    for path in (ORDERS, f"{ORDERS}/{order}", f"{ORDERS}?all=true"):
        store.report.expect(store.api.get(path), "orders without a token", 401)
    store.report.check(store.listed(stranger.access) == [], "a stranger sees no orders of others")
    store.expect_status(person, order, "ordered", "after refused actions")
    store.expect_coins(person, 970, "after refused actions")


def check_unknown_orders(store):
    person = store.customer()
    for unknown in (str(uuid.uuid4()), "00000000-0000-0000-0000-000000000000"):
        for action in ACTIONS:
            store.report.expect(store.act(unknown, action, note=REASON), f"{action} of an unknown order", 404)
        store.report.expect(store.act(unknown, "cancel", person), "cancel of an unknown order", 403, 404)
        store.report.expect(store.api.get(f"{ORDERS}/{unknown}", person.access), "an unknown order", 404)
    for wrong in ("abc", "0", "-1", "9" * 40, "%27", "%00", "x" * 300):
        for answer in (store.api.get(f"{ORDERS}/{wrong}", person.access),
                       store.act(wrong, "cancel", note=REASON)):
            store.report.expect(answer, "an order whose id is none", 400, 404, 422)


def check_methods_and_paths(store):
    order = store.bought(store.customer(), store.item(price=1))
    for path, method, allowed in (
            (ORDERS, "POST", "GET"), (ORDERS, "DELETE", "GET"), (f"{ORDERS}/{order}", "PATCH", "GET"),
            (f"{ORDERS}/{order}", "DELETE", "GET"), (f"{ORDERS}/{order}/ready", "GET", "POST"),
            (f"{ORDERS}/{order}/cancel", "DELETE", "POST"), (f"{ORDERS}/{order}/hand-over", "PUT", "POST"),
            (f"{ORDERS}/ready", "PUT", "POST"), (f"{ORDERS}/hand-over", "DELETE", "POST")):
        expect_405(store.api, method, path, allowed, store.admin)
    for path in (f"{ORDERS}/{order}/lose", f"{ORDERS}/{order}/handover", f"{ORDERS}/{order}/ready/now",
                 f"{ORDERS}/{order}/ordered"):
        store.report.expect(store.api.post(path, {}, token=store.admin), "a path that does not exist", 404)


def check_audit(store):
    """The administrator's list of changes says who cancelled what and why."""
    person, item = store.customer(), store.item(price=1)
    order, over = store.bought(person, item), store.handed_over(person, item)
    reasons = [f"Reason {uuid.uuid4().hex}" for _ in range(2)]
    store.expect_done(store.act(order, "cancel", store.moderator, reasons[0]), "cancel")
    store.expect_done(store.act(over, "return", store.moderator, reasons[1]), "return")
    rows = walk(store.api, "/api/v1/audit", store.admin, 100)
    for reason in reasons:
        about = [row for row in rows if reason in row]
        who = [row for row in about if store.moderator.id in row or store.moderator.name in row]
        store.report.check(who, "the audit list says who gave money back and why", about or f"{len(rows)} rows")


CHECKS = (
    check_the_whole_life, check_wrong_states, check_repeated_calls, check_the_owner_cancels, check_reasons,
    check_roles, check_unknown_orders, check_methods_and_paths, check_audit,
)
