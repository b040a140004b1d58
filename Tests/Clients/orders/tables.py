"""The list of everybody's orders as CSV."""

import csv
import io
from urllib.parse import urlencode

from merch.shop import is_problem
from orders.store import ORDERS, REASON


def table(store, who, accept="text/csv", **filters):
    """Asks for the list as CSV; returns its rows as dictionaries, and the answer."""
    query = urlencode({"all": "true", **filters})
    answer = store.api.get(f"{ORDERS}?{query}", who, headers={"Accept": accept}, judged=False)
    text = answer.body.decode("utf-8-sig", "replace")
    return list(csv.DictReader(io.StringIO(text, newline=""))), answer


def check_table(store):
    """The table has every order of the filter in one piece, with the values of the list."""
    person = store.customer()
    item = store.item(price=3, name=f'Кружка, "big"; {person.name[-8:]}\'s')
    made = [store.bought(person, item, 2) for _ in range(25)]
    store.expect_done(store.act(made[0], "cancel", note='Wrong, "very" wrong; Ж'), "cancel")
    for who in (store.admin, store.moderator.access):
        rows, answer = table(store, who, user=person.name)
        store.report.check(answer.status == 200 and answer.media_type() == "text/csv", "a table is text/csv", answer)
        cells = [set(row.values()) for row in rows]
        store.report.check(len(rows) == 25, "a table has a row for each order", len(rows))
        listed = {row["id"]: row for row in store.everybody(user=person.name)}
        for order in made:
            found = [row for row in cells if order in row]
            if store.report.check(len(found) == 1, "an order is in one row of the table", order, len(found)):
                wanted = {person.name, item["name"], "2", "3", "6", listed[order]["status"]}
                store.report.check(wanted <= found[0], "a row has the order's values", wanted - found[0], found)
        reasons = [row for row in cells if 'Wrong, "very" wrong; Ж' in row]
        store.report.check(len(reasons) == 1, "a reason with commas and quotes is one cell", reasons)


def check_tables_are_not_paged(store):
    person, item = store.customer(), store.item(price=1)
    made = [store.bought(person, item) for _ in range(5)]
    for more in ({}, {"limit": 2}, {"limit": 1}):
        rows, answer = table(store, store.admin, item=item["code"], **more)
        store.report.check(len(rows) == 5, f"a table with {more} has all five orders", answer)
    rows, _ = table(store, store.admin, user=person.name, status="ready")
    store.report.check(rows == [], "a table of nothing has no rows", rows)
    store.expect_done(store.act(made[2], "ready"), "ready")
    rows, answer = table(store, store.admin, user=person.name, status="ready")
    store.report.check(len(rows) == 1 and made[2] in rows[0].values(), "a table follows its filters", answer)
    start = store.order(person, made[3])["ordered_at"]
    rows, answer = table(store, store.admin, user=person.name, **{"from": start})
    found = {cell for row in rows for cell in row.values()} & set(made)
    store.report.check(found == set(made[3:]), "a table follows the filter by time", answer)


def check_accept_and_roles(store):
    """The table is given to those who ask for it and may see it; everybody else gets JSON."""
    person, item = store.customer(), store.item(price=1)
    order = store.bought(person, item)
    for accept in ("text/csv", "Text/CSV", "text/csv; q=0.9, application/json; q=0.1"):
        _, answer = table(store, store.admin, accept, user=person.name)
        store.report.check(answer.media_type() == "text/csv", f"Accept: {accept} gives a table", answer)
    for accept in ("application/json", "*/*", ""):
        _, answer = table(store, store.admin, accept, user=person.name)
        store.report.check(answer.media_type() == "application/json" and order in answer.body.decode(),
                           f"Accept: {accept} gives JSON", answer)
    for who, status in ((person.access, 403), (store.service.access, 403), (None, 401)):
        _, answer = table(store, who)
        store.report.check(answer.status == status and is_problem(answer),
                           f"a table is refused with {status} as a problem", answer)
    _, answer = table(store, store.admin, **{"from": "yesterday"})
    store.report.check(answer.status in (400, 422) and is_problem(answer), "a wrong filter is a problem", answer)


def check_cells_are_harmless(store):
    """Names and notes that look like formulas, or break lines, do not break the table."""
    person = store.customer()
    item = store.item(price=1, name=f"=1+1,{person.name}")
    orders = [store.bought(person, item) for _ in range(3)]
    for order, note in zip(orders, ("@SUM(A1)", "-2+3", '"",""')):
        store.expect_done(store.act(order, "cancel", note=f"{note} {REASON}"), "cancel")
    rows, answer = table(store, store.admin, item=item["code"])
    whole = rows != [] and all(None not in row and None not in row.values() for row in rows)
    store.report.check(len(rows) == 3 and whole, "three orders are three whole rows", answer)


CHECKS = (check_table, check_tables_are_not_paged, check_accept_and_roles, check_cells_are_harmless)
