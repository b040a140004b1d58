"""Lists of orders: whose they are, what the filters leave, and pages that neither overlap nor skip."""

from datetime import datetime, timedelta, timezone

from common import at_once
from merch.desk import next_cursor, page_rows
from merch.shop import buy, quoted
from orders.store import ORDERS, REASON, STATES, twice


def ids(rows):
    return {row["id"] for row in rows}


def check_exact(store, rows, wanted, what):
    """A list has exactly these orders, each of them once."""
    found = [row["id"] for row in rows]
    store.report.check(set(found) == set(wanted) and not twice(found), f"{what}: exactly the orders asked for",
                       f"missing {list(set(wanted) - set(found))[:3]}", f"twice {twice(found)}",
                       f"strange {list(set(found) - set(wanted))[:3]}")


def check_own_lists(store):
    """A person's list has the person's orders, whatever the role, and a filter by status leaves its own."""
    item = store.item(price=1)
    person, other = store.customer(), store.customer()
    made = {status: [] for status in STATES}
    for _ in range(2):
        made["ordered"].append(store.bought(person, item))
        made["ready"].append(store.ready(person, item))
        made["handed_over"].append(store.handed_over(person, item))
        made["cancelled"].append(store.bought(person, item))
        made["returned"].append(store.handed_over(person, item))
        store.act(made["cancelled"][-1], "cancel", person)
        store.act(made["returned"][-1], "return", note=REASON)
    theirs = store.bought(other, item)
    check_exact(store, store.listed(person.access), sum(made.values(), []), "own orders")
    check_exact(store, store.listed(other.access), [theirs], "another's own orders")
    for status, orders in made.items():
        for rows in (store.listed(person.access, status=status),
                     store.everybody(status=status, user=person.name)):
            check_exact(store, rows, orders, f"orders that are {status}")
            store.report.check({row["status"] for row in rows} == {status}, f"all are {status}", rows)
    mine = store.bought(store.moderator, item)
    rows = store.listed(store.moderator.access)
    store.report.check(mine in ids(rows) and theirs not in ids(rows),
                       "a moderator's own list has no orders of others", [row["id"] for row in rows])
    for row in store.listed(person.access):
        store.check_order(row)
        store.report.check(row == store.order(person, row["id"]), "an order in a list is the order by id", row)


def check_everybody(store):
    """The desk sees all orders with their owners; nobody else does."""
    item, people = store.item(price=1), [store.customer() for _ in range(3)]
    made = {person.name: [store.bought(person, item) for _ in range(2)] for person in people}
    everything = sum(made.values(), [])
    for who in (store.moderator.access, store.admin):
        rows = store.listed(who, all="true", item=item["code"])
        check_exact(store, rows, everything, "the orders of an item")
        for row in rows:
            store.check_order(row)
            store.report.check(row["id"] in made.get(row.get("user"), []), "an order names its owner", row)
    for person in people:
        check_exact(store, store.everybody(user=person.name), made[person.name], "the orders of a user")
    named = store.everybody(user=people[0].name)[0]["item"]
    check_exact(store, store.everybody(item=named), everything, "the orders of an item as an order names it")
    for who in (people[0], store.service):
        answer = store.api.get(f"{ORDERS}?all=true", who.access)
        store.report.expect(answer, "everybody's orders without the role", 403)
        answer = store.api.get(f"{ORDERS}?all=true&user={quoted(who.name)}", who.access)
        store.report.expect(answer, "everybody's orders without the role, even one's own", 403)


def check_filters_by_time(store):
    """`from` includes its instant and `to` does not, in any notation of it."""
    person, item = store.customer(), store.item(price=1)
    for _ in range(6):
        store.bought(person, item)
    rows = sorted(store.everybody(user=person.name), key=lambda row: datetime.fromisoformat(row["ordered_at"]))
    for number in (0, 3, 5):
        text = rows[number]["ordered_at"]
        moment = datetime.fromisoformat(text)
        after = [row["id"] for row in rows if datetime.fromisoformat(row["ordered_at"]) >= moment]
        before = [row["id"] for row in rows if datetime.fromisoformat(row["ordered_at"]) < moment]
        for written in (text, moment.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()):
            check_exact(store, store.everybody(user=person.name, **{"from": written}), after, f"from {written}")
            check_exact(store, store.everybody(user=person.name, to=written), before, f"to {written}")
        check_exact(store, store.everybody(user=person.name, to=text, **{"from": text}), [], "no time at all")
    first, last = rows[1]["ordered_at"], rows[4]["ordered_at"]
    wanted = [row["id"] for row in rows[1:4]]
    check_exact(store, store.everybody(user=person.name, to=last, **{"from": first}), wanted, "between two instants")
    check_exact(store, store.everybody(user=person.name, to=last, limit=2, **{"from": first}), wanted,
                "between two instants, in pages")


def check_filters_together(store):
    cup, pen = store.item(price=1), store.item(price=1)
    anna, boris = store.customer(), store.customer()
    made = {(person.name, item["code"], status): getattr(store, step)(person, item)
            for person in (anna, boris) for item in (cup, pen)
            for status, step in (("ordered", "bought"), ("ready", "ready"))}
    for (name, code, status), order in made.items():
        rows = store.everybody(user=name, item=code, status=status)
        check_exact(store, rows, [order], "user, item and status together")
    for name in (anna.name, boris.name):
        wanted = [order for key, order in made.items() if key[0] == name and key[2] == "ready"]
        check_exact(store, store.everybody(user=name, status="ready", limit=1), wanted, "user and status, in pages")
    rows = store.everybody(item=cup["code"], user=anna.name, status="returned")
    check_exact(store, rows, [], "filters that leave nothing")


def check_pages(store):
    """Pages of every size have the same orders, though twenty of them were made at the same moment."""
    item, people = store.item(price=1), [store.customer(), store.customer()]
    at_once([lambda person=people[number % 2]: buy(store.api, person, item["code"]) for number in range(20)])
    store.bought(people[0], item)
    whole = store.listed(people[0].access)
    store.report.check(len(whole) == 11, "eleven purchases are eleven orders", len(whole))
    everything = store.everybody(item=item["code"])
    store.report.check(len(everything) == 21, "twenty-one purchases are twenty-one orders", len(everything))
    for limit in (1, 2, 3, 7, 11, 21, 100):
        rows = store.listed(people[0].access, limit=limit)
        store.report.check(rows == whole, f"own orders in pages of {limit} are the same", ids(rows) ^ ids(whole))
        rows = store.everybody(item=item["code"], limit=limit)
        store.report.check(rows == everything, f"all orders in pages of {limit} are the same",
                           ids(rows) ^ ids(everything))
    cursor = next_cursor(store.api.get(f"{ORDERS}?limit=5", people[0].access))
    if store.report.check(cursor is not None, "a first page of five has a next one"):
        answer = store.api.get(f"{ORDERS}?limit=100&cursor={quoted(cursor)}", people[1].access)
        wanted = ids(store.listed(people[1].access))
        store.report.check(answer.status >= 400 or ids(page_rows(answer)) <= wanted,
                           "a cursor does not open another's list", answer)


def check_pages_while_things_change(store):
    """Orders made or moved while somebody turns the pages are not shown twice and hide no other."""
    person, item = store.customer(), store.item(price=1)
    made = [store.bought(person, item) for _ in range(9)]

    def change():
        for order in (made[0], made[4], made[8]):
            store.expect_done(store.act(order, "cancel", person), "cancel between two pages")
        for _ in range(3):
            store.bought(person, item)

    rows = store.listed(person.access, limit=2, between=change)
    store.report.check(set(made) <= ids(rows) and not twice([row["id"] for row in rows]),
                       "no order is missing or twice after changes between pages", [row["id"] for row in rows])
    stays = [row["id"] for row in store.listed(person.access, status="ordered")][:6]
    mover = [row["id"] for row in store.listed(person.access, status="ordered")][6:]

    def move():
        for order in mover:
            store.expect_done(store.act(order, "ready", store.moderator), "ready between two pages")

    rows = store.everybody(user=person.name, status="ordered", limit=2, between=move)
    store.report.check(set(stays) <= ids(rows) and not twice([row["id"] for row in rows]),
                       "orders that leave the filter hide no other", [row["id"] for row in rows])


CHECKS = (
    check_own_lists, check_everybody, check_filters_by_time, check_filters_together, check_pages,
    check_pages_while_things_change,
)
