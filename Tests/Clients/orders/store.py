import re
import uuid
from collections import Counter
from urllib.parse import urlencode

from merch.desk import Desk, next_cursor, page_rows
from merch.sessions import me
from merch.shop import Shop, expect_coins, fresh, info, is_instant, login, new_key, newcomer, quoted

ORDERS = "/api/v1/orders"
STATES = ("ordered", "ready", "handed_over", "cancelled", "returned")
REASON = "A reason for the customer."
ALWAYS = {"id", "item", "name", "quantity", "price", "total", "status", "ordered_at"}
INSTANTS = ("ordered_at", "ready_at", "handed_over_at", "cancelled_at", "returned_at")
SOMETIMES = {"collection", "quality_level", "note", "user", *INSTANTS}
MOST_PAGES = 200


class Stopped(Exception):
    """A check cannot go on because something it builds upon is missing."""


class Store:
    """The shop with its desk: the people, the items and the steps that all checks share."""

    def __init__(self, arguments, report):
        self.report = report
        self.api = Shop(arguments.base, report)
        self.desk = Desk(self.api, arguments.admin, arguments.admin_password)
        self.admin = self.desk.token
        self._items = []
        self._roles = []
        self.moderator = self.with_role("moderator")
        self.service = self.with_role("service")

    # ---- people ----

    def customer(self):
        """Makes a person who owns 1000 coins and is signed in to both groups of routes."""
        person = newcomer(self.api)
        answer = login(self.api, person.name, person.password)
        self.report.expect(answer, "a customer logs in", 200)
        person.access = answer.member("access_token") or ""
        person.id = me(self.api, person.access).member("id")
        return person

    def with_role(self, role):
        """Makes a customer, lets the administrator give a role, and signs in anew."""
        person = self.customer()
        self.report.expect(self.desk.patch({"id": person.id}, role=role), f"give the role {role}", 200)
        person.access = login(self.api, person.name, person.password).member("access_token") or ""
        self._roles.append(person.id)
        return person

    def clear(self):
        """Retires the items and deletes the people with a role, so that nothing powerful is left behind."""
        for identifier in self._roles:
            self.report.expect(self.desk.delete(identifier), "delete a person with a role", 200, 204)
        for item in self._items:
            answer = self.api.call("DELETE", f"/api/v1/items/{item}", token=self.admin)
            self.report.expect(answer, "delete an item made here", 204, 404)

    # ---- items ----

    def item(self, price=30, **members):
        """Lets the administrator make an item with a fresh name."""
        sent = {"name": f"Thing {fresh()}", "price": price, **members}
        answer = self.api.post("/api/v1/items", sent, token=self.admin)
        if not self.report.expect(answer, "the administrator makes an item", 201):
            raise Stopped(f"no item: {answer}")
        self._items.append(answer.member("id"))
        return answer.json()

    def change_item(self, item, **members):
        answer = self.api.call("PATCH", f"/api/v1/items/{item['id']}", members, token=self.admin)
        self.report.expect(answer, f"the administrator changes {', '.join(members)} of an item", 200)

    def set_stock(self, item, stock, **variant):
        body = {**variant, "stock": stock, "reason": "Counted again by hand."}
        answer = self.api.call("PUT", f"/api/v1/items/{item['id']}/stock", body, token=self.admin)
        if not self.report.check(done(answer), f"the stock is set to {stock}", answer):
            raise Stopped("no way to set the stock")

    def set_variants(self, item, *variants):
        body = {"variants": list(variants)}
        answer = self.api.call("PUT", f"/api/v1/items/{item['id']}/variants", body, token=self.admin)
        if not self.report.check(done(answer), "the administrator sets the variants of an item", answer):
            raise Stopped("no way to set the variants")

    def expect_stock(self, item, stock, what):
        answer = self.api.get(f"/api/v1/items/{item['id']}")
        self.report.check(answer.status == 200 and answer.member("stock") == stock,
                          f"{what}: the stock is {stock}", answer)

    def expect_variant_stock(self, item, stock, what, **variant):
        """The item's list has exactly one row for the variant, with this stock."""
        answer = self.api.get(f"/api/v1/items/{item['id']}")
        found = [row.get("stock") for row in answer.member("variants") or []
                 if (row.get("collection"), row.get("quality_level"))
                 == (variant.get("collection"), variant.get("quality_level"))]
        self.report.check(found == [stock], f"{what}: the stock of {variant} is {stock}", answer)

    # ---- purchases and orders ----

    def purchase(self, person, item, quantity=1, key=None, **variant):
        body = {"item": item["code"], "quantity": quantity, **variant}
        return self.api.post("/api/v1/purchases", body, token=person.access, key=key or new_key())

    def bought(self, person, item, quantity=1, status="ordered", **variant):
        """Buys something that is there and returns the id of the order."""
        answer = self.purchase(person, item, quantity, **variant)
        order = answer.member("order")
        right = answer.status == 201 and isinstance(order, dict) and is_text(order.get("id"))
        if not self.report.check(right, "a purchase is 201 with an order that has an id", answer):
            raise Stopped("no order")
        self.report.check(order.get("status") == status, f"a new order is {status}", answer)
        return order["id"]

    def ready(self, person, item, quantity=1, **variant):
        order = self.bought(person, item, quantity, **variant)
        self.expect_done(self.act(order, "ready", self.moderator), "an order is made ready")
        return order

    def handed_over(self, person, item, quantity=1, **variant):
        order = self.ready(person, item, quantity, **variant)
        self.expect_done(self.act(order, "hand-over", self.moderator), "an order is handed over")
        return order

    def act(self, order, action, who=None, note=None, body=None):
        """Does something to an order; by the administrator, if nobody else is named."""
        token = self.admin if who is None else who.access
        sent = body if body is not None else {} if note is None else {"note": note}
        return self.api.post(f"{ORDERS}/{order}/{action}", sent, token=token)

    def order(self, person, order):
        """Reads one of a person's own orders and checks its shape."""
        answer = self.api.get(f"{ORDERS}/{order}", person.access)
        if not self.report.expect(answer, "the owner reads an order", 200):
            raise Stopped("no order to read")
        self.check_order(answer.json())
        return answer.json()

    def check_order(self, order):
        """An order has all its members, the optional ones only with a value, and its price adds up."""
        members = set(order)
        self.report.check(ALWAYS <= members, "an order has its members", ALWAYS - members, order)
        self.report.check(None not in [order.get(name, "") for name in SOMETIMES],
                          "an optional member of an order is absent rather than null", order)
        self.report.check(order.get("status") in STATES, "an order has a known status", order)
        instants = all(is_instant(order[name]) for name in INSTANTS if name in order)
        self.report.check(instants, "the times of an order are instants", order)
        self.report.check(order.get("total") == order.get("price", 0) * order.get("quantity", 0),
                          "the total is the price times the quantity", order)

    def expect_status(self, person, order, status, what):
        found = self.order(person, order)
        self.report.check(found.get("status") == status, f"{what}: the order is {status}", found)
        return found

    def listed(self, token, limit=100, between=None, **filters):
        """Reads a whole list of orders page by page; calls between once after the first page."""
        rows, cursor = [], None
        for number in range(MOST_PAGES):
            query = {"limit": limit, **filters, **({"cursor": cursor} if cursor else {})}
            answer = self.api.get(f"{ORDERS}?{urlencode(query)}", token)
            if not self.report.expect(answer, "a page of orders", 200):
                break
            page = page_rows(answer)
            self.report.check(len(page) <= limit, f"at most {limit} orders on a page", answer)
            rows += page
            cursor = next_cursor(answer)
            if cursor is None:
                break
            if number == 0 and between is not None:
                between()
        else:
            self.report.check(False, f"a list of orders ends within {MOST_PAGES} pages", f"limit {limit}")
        return rows

    def everybody(self, **filters):
        return self.listed(self.moderator.access, all="true", **filters)

    def history(self, person):
        """All rows of a person's wallet, in the order in which the shop gives them."""
        rows, cursor = [], None
        for _ in range(MOST_PAGES):
            query = "limit=100" + (f"&cursor={quoted(cursor)}" if cursor else "")
            answer = self.api.get(f"/api/v1/wallet/history?{query}", person.access)
            self.report.expect(answer, "a page of the wallet's history", 200)
            rows += page_rows(answer)
            cursor = next_cursor(answer)
            if cursor is None:
                return rows
        return rows

    # ---- the inventory routes, which speak another dialect ----

    def reserve(self, person, item, quantity, **variant):
        """Takes things out of the owner's hands; returns the operation that can give them back."""
        operation = str(uuid.uuid4())
        row = {"item_id": item["id"], "quantity": quantity, **variant}
        body = {"user_id": person.id, "operation_id": operation, "items": [row]}
        answer = self.api.post("/inventory/reserve", body, token=person.access, judged=False)
        return operation, answer

    def close(self, person, operation, how):
        body = {"user_id": person.id, "operation_id": operation}
        answer = self.api.post(f"/inventory/{how}-reserve", body, token=person.access, judged=False)
        self.report.expect(answer, f"{how} a reservation", 200)

    def adjust(self, person, item, change):
        """Lets the administrator correct what a person owns."""
        row = {"item_id": item["id"], "quantity_change": change}
        body = {"user_id": person.id, "section": "main", "items": [row], "reason": "Given to somebody else."}
        answer = self.api.post("/admin/inventory/adjust", body, token=self.admin, judged=False)
        self.report.expect(answer, "the administrator corrects what a person owns", 200)

    def goods(self, person, at=None):
        """Reads what a person owns, by item id, collection and quality level."""
        query = "" if at is None else "?at=" + quoted(at)
        answer = self.api.get("/inventory" + query, person.access, judged=False)
        self.report.expect(answer, "the inventory", 200)
        return {(row.get("item_id"), row.get("collection"), row.get("quality_level")): row.get("quantity")
                for row in answer.member("items") or []}

    # ---- comparisons ----

    def expect_done(self, answer, what):
        return self.report.check(done(answer), f"{what}: 2xx expected", answer)

    def expect_code(self, answer, status, code, what):
        return self.report.check(answer.status == status and answer.member("code") == code,
                                 f"{what}: {status} {code} expected", answer)

    def expect_members(self, answer, names, what):
        """A 422 names exactly these members, all at once."""
        found = named(answer)
        return self.report.check(answer.status == 422 and found == set(names),
                                 f"{what}: 422 names {', '.join(sorted(names))}", answer)

    def expect_coins(self, person, amount, what):
        expect_coins(self.api, person, amount, what)

    def expect_inventory(self, person, wanted, what):
        """Compares /api/info with (code, quantity) pairs in the order of first purchase."""
        found = [(row["type"], row["quantity"]) for row in info(self.api, person)["inventory"]]
        self.report.check(found == wanted, f"{what}: /api/info lists {wanted}", found)

    def expect_same(self, first, again, what):
        same = done(first) and again.status == first.status and again.json() == first.json()
        return self.report.check(same, f"{what}: the same answer again", first, again)


def done(answer):
    return 200 <= answer.status < 300


def is_text(value):
    return isinstance(value, str) and value != ""


def named(answer):
    """The members of the body that a 422 names; a place inside a list counts for its list."""
    detail = answer.member("detail")
    places = [entry.get("loc") for entry in detail if isinstance(entry, dict)] if isinstance(detail, list) else []
    return {loc[1] for loc in places if isinstance(loc, list) and len(loc) > 1 and loc[0] == "body"}


def numbers_told(answer):
    """The numbers in what a refusal says, without its status and the id of the request."""
    body = {name: value for name, value in answer.content().items() if name not in ("status", "request_id")}
    return set(map(int, re.findall(r"\d+", str(body))))


def twice(values):
    return [value for value, count in Counter(values).items() if count > 1][:3]
