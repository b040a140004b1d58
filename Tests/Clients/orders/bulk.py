"""Many orders at once: each is answered for itself, and one that cannot move does not stop the others."""

import uuid

from merch.shop import ANY_REFUSAL, BAD_REQUEST, NOT_AN_OBJECT, NOT_JSON
from orders.store import ORDERS, REASON, is_text


def bulk(store, action, ids, who=None):
    token = store.admin if who is None else who.access
    return store.api.post(f"{ORDERS}/{action}", {"ids": ids}, token=token)


def expect_each(store, answer, wanted, what):
    """Compares the answer with the status or the code wanted for each id; None stands for any code."""
    items = answer.member("items")
    if not store.report.check(answer.status == 200 and isinstance(items, list), f"{what}: 200 with items", answer):
        return
    store.report.check({row.get("id") for row in items} == set(wanted) and len(items) == len(wanted),
                       f"{what}: one answer for each id", answer)
    for row in items:
        if "status" in row:
            right = wanted.get(row["id"]) == row["status"]
        else:
            right = is_text(row.get("code")) and is_text(row.get("detail")) and (
                wanted.get(row["id"], "") is None or row["code"] == wanted.get(row["id"]))
        store.report.check(right, f"{what}: {wanted.get(row['id'])} for the id", row)


def check_many_through_their_life(store):
    """Forty orders of two customers are made ready and handed over with two calls, by either role."""
    item, people = store.item(price=1), [store.customer(), store.customer()]
    ids = [store.bought(people[number % 2], item) for number in range(40)]
    for action, status, who in (("ready", "ready", store.moderator), ("hand-over", "handed_over", None)):
        first = bulk(store, action, ids, who)
        expect_each(store, first, dict.fromkeys(ids, status), f"{action} of forty orders")
        again = bulk(store, action, ids, store.moderator)
        store.expect_same(first, again, f"{action} of forty orders repeated")
        found = [row["status"] for row in store.everybody(item=item["code"])]
        store.report.check(found == [status] * 40, f"forty orders are {status}", found)
    for person in people:
        store.expect_coins(person, 980, "moving orders moves no coins")


def check_each_for_itself(store):
    """Among orders in all states and ids of nothing, exactly those that can move do."""
    person, item = store.customer(), store.item(price=1, stock=50)
    made = {"ordered": store.bought(person, item), "ready": store.ready(person, item),
            "handed_over": store.handed_over(person, item), "cancelled": store.bought(person, item),
            "returned": store.handed_over(person, item)}
    store.act(made["cancelled"], "cancel", person)
    store.act(made["returned"], "return", note=REASON)
    unknown = str(uuid.uuid4())
    wanted = {made["ordered"]: "order_is_ordered", made["ready"]: "handed_over",
              made["handed_over"]: "handed_over", made["cancelled"]: "order_is_cancelled", unknown: None}
    answer = bulk(store, "hand-over", list(wanted), store.moderator)
    expect_each(store, answer, wanted, "hand-over of a mixed list")
    wanted = {unknown: None, made["cancelled"]: "order_is_cancelled", made["ordered"]: "ready"}
    expect_each(store, bulk(store, "ready", list(wanted)), wanted, "ready of a mixed list")
    store.expect_status(person, made["ordered"], "ready", "among refused ones")
    store.expect_status(person, made["cancelled"], "cancelled", "in a mixed list")
    store.expect_status(person, made["returned"], "returned", "not in any list")
    store.expect_coins(person, 997, "after mixed lists")
    expect_each(store, bulk(store, "ready", [unknown]), {unknown: None}, "a list of nothing but an unknown id")


def check_bulk_agrees_with_single(store):
    """An action done alone is repeated in a list, and the other way round."""
    person, item = store.customer(), store.item(price=1)
    alone, listed = store.ready(person, item), store.bought(person, item)
    expect_each(store, bulk(store, "ready", [alone, listed]), {alone: "ready", listed: "ready"}, "ready in a list")
    store.expect_done(store.act(listed, "ready", store.moderator), "ready alone after ready in a list")
    store.expect_code(store.act(listed, "return", note=REASON), 409, "order_is_ready", "return after a list")
    store.expect_done(store.act(listed, "cancel", note=REASON), "cancel after a list")
    wanted = {alone: "handed_over", listed: "order_is_cancelled"}
    expect_each(store, bulk(store, "hand-over", [alone, listed]), wanted, "hand-over in a list")


def check_bulk_roles(store):
    person, item = store.customer(), store.item(price=1)
    order = store.bought(person, item)
    for action in ("ready", "hand-over"):
        for who in (person, store.service):
            store.report.expect(bulk(store, action, [order], who), f"a list to {action} without the role", 403)
        answer = store.api.post(f"{ORDERS}/{action}", {"ids": [order]})
        store.report.expect(answer, f"a list to {action} without a token", 401)
    for action in ("cancel", "return"):
        answer = bulk(store, action, [order])
        store.report.expect(answer, f"there is no list to {action}", *ANY_REFUSAL)
    store.expect_status(person, order, "ordered", "after refused lists")


def check_wrong_lists(store):
    """A body that is no list of ids is refused, and nothing in it moves."""
    person, item = store.customer(), store.item(price=1)
    order = store.bought(person, item)
    for body, wrong in (
            ({}, {"ids"}), ({"ids": None}, {"ids"}), ({"ids": order}, {"ids"}), ({"ids": {"0": order}}, {"ids"}),
            ({"ids": 5, "note": 5, "who": "me"}, None), ({"ids": [order], "status": "ready"}, {"status"}),
            ({"ids": [order, 5]}, {"ids"}), ({"ids": [order, None]}, {"ids"}), ({"ids": [[order]]}, {"ids"}),
            ({"orders": [order]}, {"ids", "orders"})):
        for action in ("ready", "hand-over"):
            answer = store.api.post(f"{ORDERS}/{action}", body, token=store.admin)
            if wrong is None:
                store.report.expect(answer, "a list wrong in everything", 422)
            else:
                store.expect_members(answer, wrong, f"{action} of {str(body)[:60]}")
    for raw in [*NOT_JSON, *NOT_AN_OBJECT]:
        answer = store.api.post(f"{ORDERS}/ready", raw=raw, token=store.admin)
        store.report.expect(answer, "a list that is no JSON object", *BAD_REQUEST)
    store.expect_status(person, order, "ordered", "after wrong lists")
    for ids in ([], ["abc"], ["%00", ""], [order, order], [str(uuid.uuid4()) for _ in range(3000)]):
        answer = bulk(store, "ready", ids)
        store.report.expect(answer, f"an unusual list of {len(ids)} ids", 200, *ANY_REFUSAL)


CHECKS = (
    check_many_through_their_life, check_each_for_itself, check_bulk_agrees_with_single, check_bulk_roles,
    check_wrong_lists,
)
