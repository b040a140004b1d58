"""The administrator's office: the client, the accounts and items it makes, and how answers are read."""

import json
import secrets
import time

from common import at_once
from merch.sessions import is_token_pair, registration
from merch.shop import Shop, buy, coins, fresh, info, login, new_key, newcomer, quoted

BIGGEST = 2**63 - 1
NOT_INTEGERS = ("5", "", 1.5, True, [], {}, [5])
PAGES_OF_THE_AUDIT = 10


class Unprepared(Exception):
    """A step that the following steps need has failed, and the failure has been reported."""


class Api(Shop):
    """The shop's routes; tables and pictures need not be JSON, and the inventory has its own errors."""

    def judge(self, method, path, answer):
        table_or_picture = answer.status == 200 and answer.media_type() in ("text/csv", "image/png")
        if table_or_picture or path.startswith("/inventory"):
            return super(Shop, self).judge(method, path, answer)
        return super().judge(method, path, answer)

    def once(self, path, token):
        """Sends one GET without judging the answer and without waiting after a 429."""
        return self._exchange("GET", path, None, {"Authorization": f"Bearer {token}"})


class Office:
    """An administrator, a moderator and two customers, with what they do most often."""

    def __init__(self, arguments, report):
        self.report = report
        self.api = Api(arguments.base, report)
        answer = login(self.api, arguments.admin, arguments.admin_password)
        self.need(report.check(is_token_pair(answer), "the administrator logs in", answer))
        self.token = answer.member("access_token") or ""
        self.admin = self.api.get("/api/v1/auth/me", token=self.token).content()
        self.items, self.users = [], []
        self.moderator = self.colleague("moderator")
        self.user, self.other = self.customer(), self.customer()

    # ---- accounts ----

    def colleague(self, role="user", full_name="Test Person"):
        """Makes an account with a role; returns its access token."""
        sent = registration(full_name=full_name, role=role)
        answer = self.post("/api/v1/users", sent)
        self.report.expect(answer, f"an account of role {role} is made", 201)
        self.users.append(answer.member("id"))
        return login(self.api, sent["email"], sent["password"]).member("access_token") or ""

    def customer(self):
        """Makes an account with 1000 coins; it has a merch token and an access token."""
        person = newcomer(self.api, fresh("customer"))
        answer = login(self.api, person.name, person.password)
        self.need(self.report.check(is_token_pair(answer), "a customer logs in", answer))
        person.access = answer.member("access_token") or ""
        person.id = self.api.get("/api/v1/auth/me", token=person.access).member("id")
        self.users.append(person.id)
        return person

    def clear(self):
        """Retires the items and deletes the accounts made here."""
        for identifier in self.items:
            answer = self.call("DELETE", f"/api/v1/items/{identifier}")
            self.report.expect(answer, "retire the items made here", 204, 404)
        for identifier in self.users:
            answer = self.call("DELETE", f"/api/v1/users/{identifier}")
            self.report.expect(answer, "delete the accounts made here", 204, 404)

    # ---- requests of the administrator ----

    def call(self, method, path, body=None, **options):
        return self.api.call(method, path, body, token=self.token, **options)

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.call("POST", path, body, **options)

    def item(self, price=1, **members):
        """Makes an item; returns what the shop shows of it."""
        answer = self.post("/api/v1/items", {"name": f"Thing {secrets.token_hex(6)}", "price": price} | members)
        self.need(self.report.expect(answer, f"an item with {sorted(members)} is made", 201))
        self.items.append(answer.member("id"))
        return answer.content()

    def shown(self, item):
        """Reads an item anew."""
        answer = self.get(f"/api/v1/items/{item['id']}")
        self.report.expect(answer, "an item is read", 200)
        return answer.content()

    def patch(self, item, body, **options):
        return self.call("PATCH", f"/api/v1/items/{item['id']}", body, **options)

    def put_variants(self, item, rows):
        return self.call("PUT", f"/api/v1/items/{item['id']}/variants", {"variants": rows})

    def put_stock(self, item, stock, reason="counted by hand", **variant):
        body = {**variant, "stock": stock, "reason": reason}
        return self.call("PUT", f"/api/v1/items/{item['id']}/stock", body)

    def set_variants(self, item, rows, what):
        answer = self.put_variants(item, rows)
        self.need(self.report.expect(answer, what, 200, 204))
        return table(self.shown(item))

    def set_stock(self, item, stock, what, **variant):
        answer = self.put_stock(item, stock, **variant)
        self.need(self.report.expect(answer, what, 200, 204))

    def move(self, order, step, note=None, token=None):
        """Changes the state of an order, as the administrator or as the owner of the token."""
        body = {} if note is None else {"note": note}
        return self.api.post(f"/api/v1/orders/{order}/{step}", body, token=token or self.token)

    def order(self, order):
        answer = self.get(f"/api/v1/orders/{order}")
        self.report.expect(answer, "an order is read", 200)
        return answer.content()

    def audit(self, count, *parts):
        """Reads the audit until it has found so many entries that name the administrator and all the parts."""
        found, cursor = [], None
        for _ in range(PAGES_OF_THE_AUDIT):
            query = "?limit=100" + (f"&cursor={quoted(str(cursor))}" if cursor is not None else "")
            answer = self.get("/api/v1/audit" + query)
            self.report.expect(answer, "the audit is read", 200)
            texts = [json.dumps(entry, ensure_ascii=False) for entry in answer.member("items") or []]
            found += [text for text in texts if self.is_mine(text) and all(part in text for part in parts)]
            cursor = answer.member("next_cursor")
            if cursor is None or len(found) >= count:
                break
        return found

    def audited(self, what, *parts, count=1):
        found = self.audit(count, *parts)
        self.report.check(len(found) >= count, f"the audit has {what}, with the administrator", parts, found)

    def is_mine(self, text):
        return any(self.admin.get(name) and self.admin[name] in text for name in ("id", "username"))

    def need(self, right):
        """Ends a check whose first steps have failed already."""
        if not right:
            raise Unprepared

    # ---- requests of customers ----

    def purchase(self, item, quantity=1, person=None, key=None, **variant):
        body = {"item": item.get("code", ""), "quantity": quantity, **variant}
        person = person or self.user
        return self.api.post("/api/v1/purchases", body, token=person.access, key=key or new_key())

    def buys(self, item, what, quantity=1, person=None, **variant):
        """Buys what must be for sale; returns the id of the order."""
        answer = self.purchase(item, quantity, person, **variant)
        self.need(self.report.expect(answer, what, 201))
        order = answer.member("order")
        right = isinstance(order, dict) and order.get("id") and order.get("status")
        self.need(self.report.check(right, f"{what}: the answer has the order with id and status", answer))
        return order["id"]

    def sold_out(self, item, what, quantity=1, person=None, **variant):
        """Tries to buy what is not for sale: it is refused, and no coin moves."""
        person = person or self.user
        before = self.coins(person)
        answer = self.purchase(item, quantity, person, **variant)
        self.report.check(400 <= answer.status < 500, f"{what}: refused", answer)
        after = self.coins(person)
        self.report.check(before == after, f"{what}: no coin moves", before, after)
        return answer

    def coins(self, person):
        return coins(self.api, person)

    def owned(self, person, item):
        rows = info(self.api, person)["inventory"]
        return sum(row["quantity"] for row in rows if row["type"] == item["code"])

    def buy_in_merch(self, item, what, status, person=None):
        self.report.expect(buy(self.api, person or self.user, item["code"]), what, status)


def row(stock=None, quality_level=None, collection=None, is_active=True):
    """One row of an item's variants, without the members that it does not have."""
    named = {"collection": collection, "quality_level": quality_level}
    return {name: value for name, value in named.items() if value} | {"stock": stock, "is_active": is_active}


def table(item):
    """The variants of an item: (collection, quality level) to (stock, is_active)."""
    return {(each.get("collection"), each.get("quality_level")): (each.get("stock"), each.get("is_active"))
            for each in item.get("variants") or []}


def places(answer):
    """All words of the places that a 422 names."""
    detail = answer.member("detail")
    entries = detail if isinstance(detail, list) else []
    return {str(part) for entry in entries if isinstance(entry, dict) for part in entry.get("loc") or []}


def expect_named(report, answer, what, *members):
    """A 422 names every one of the members, all at once."""
    right = answer.status == 422 and set(members) <= places(answer)
    return report.check(right, f"{what}: 422 names {', '.join(members)}", answer)


def has_number(answer, number):
    """Finds a number in an error, in its text or in a member."""
    content = {name: value for name, value in answer.content().items()
               if name not in ("status", "request_id", "type")}
    words = json.dumps(content).replace('"', " ").replace(",", " ").replace(".", " ").split()
    return str(number) in [word.strip("{}[]:;()") for word in words]


def in_crowd(call, times=20):
    """Runs one call in many threads at once."""
    return at_once([call] * times)


def until(test, seconds=3, pause=0.2):
    """Repeats a test until it gives something true or the time is over; returns the last result."""
    deadline = time.monotonic() + seconds
    while True:
        result = test()
        if result or time.monotonic() > deadline:
            return result
        time.sleep(pause)


def new_word(prefix=""):
    return prefix + secrets.token_hex(6)
