import json
import re
import time
import uuid
from collections import Counter, namedtuple
from datetime import datetime, timezone
from urllib.parse import urlencode

from common import Client, at_once, one_line

SECTIONS = ("main", "factory", "trade")
CLASSES = {
    "resources", "reagents", "boosters", "blueprints", "tools", "keys", "currencies", "merch",
}


class Stopped(Exception):
    """A chapter cannot go on because something it builds upon is missing."""


class Variant(namedtuple("Variant", "item_id collection quality_level")):
    """An item in one of its variants; None stands for the standard one."""

    def row(self, **more):
        """The members that name this variant in a request, and more."""
        named = {k: v for k, v in self._asdict().items() if v is not None}
        return {**named, **more}


def standard(item_id):
    return Variant(item_id, None, None)


def variant_of(row):
    return Variant(row.get("item_id"), row.get("collection"), row.get("quality_level"))


def rows(quantities):
    """Write a mapping of variants to quantities as the `items` of a request."""
    return [variant.row(quantity=quantity) for variant, quantity in quantities.items()]


class Stock:
    """The expected stock of one person in each section; reserved items are in the section factory."""

    def __init__(self):
        self.sections = {section: Counter() for section in SECTIONS}

    def add(self, section, quantities):
        self.sections[section].update(quantities)

    def reserve(self, quantities):
        self.sections["main"].subtract(quantities)
        self.sections["factory"].update(quantities)

    def give_back(self, quantities):
        self.sections["factory"].subtract(quantities)
        self.sections["main"].update(quantities)

    def consume(self, quantities):
        self.sections["factory"].subtract(quantities)

    def positive(self, section):
        return {variant: count for variant, count in self.sections[section].items() if count > 0}


class Person:
    """A signed-in user and the stock expected of this user."""

    def __init__(self, user_id, login, password, token, refresh_token):
        self.id = user_id
        self.login = login
        self.password = password
        self.token = token
        self.refresh_token = refresh_token
        self.stock = Stock()


def new_id():
    return str(uuid.uuid4())


def new_name(prefix):
    return f"{prefix}-{uuid.uuid4().hex}"


def code_of(entry):
    """A classifier entry is a code or an object that has one."""
    return entry.get("code") if isinstance(entry, dict) else entry


def integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def is_uuid(value):
    try:
        return str(uuid.UUID(value)) == value.lower()
    except (ValueError, AttributeError, TypeError):
        return False


def utc_now():
    return datetime.now(timezone.utc)


def instant():
    """An instant that lies clearly between the steps before and after it."""
    time.sleep(0.05)
    now = utc_now()
    time.sleep(0.05)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Tester:
    """Holds the accounts and performs the steps that the chapters share."""

    def __init__(self, arguments, report):
        self.arguments = arguments
        self.report = report
        self.api = Client(arguments.base, report)
        self.catalogue = {}
        self.admin = self.owner = self.other = self.moderator = self.service = None

    # ---- accounts ----

    def prepare(self):
        """Sign the administrator in, make the users and read the catalogue."""
        password = self.arguments.admin_password
        session = self.sign_in(self.arguments.admin, password)
        self.admin = self.person_of(session, self.arguments.admin, password)
        self.owner = self.new_user("user")
        self.other = self.new_user("user")
        self.moderator = self.new_user("moderator")
        self.service = self.new_user("service")
        self.read_catalogue()
        return self

    def sign_in(self, login, password, api=None, path="/api/v1/auth/login"):
        member = "email" if "@" in login else "username"
        answer = (api or self.api).post(path, {member: login, "password": password})
        session = answer.content()
        good = answer.status == 200 and {"access_token", "refresh_token"} <= session.keys()
        self.report.check(good, "signing in gives a pair of tokens", answer)
        if not good:
            raise Stopped(f"no session for {answer.request}")
        return session

    def person_of(self, session, login, password):
        """Ask the service who has just signed in."""
        answer = self.api.get("/api/v1/auth/me", session["access_token"])
        user_id = answer.content().get("id")
        self.report.check(is_uuid(user_id), "a signed-in user has an id", answer)
        return Person(
            user_id, login, password, session["access_token"], session["refresh_token"]
        )

    def new_user(self, role):
        """Let the administrator make a user with a role, and sign the user in."""
        email, password = f"{new_name(role)}@example.com", uuid.uuid4().hex
        data = {"email": email, "password": password, "full_name": "A Tester", "role": role}
        answer = self.api.post("/api/v1/users", data, token=self.admin.token)
        self.report.check(answer.status == 201, f"the administrator makes a {role}", answer)
        if answer.status != 201:
            raise Stopped(f"no {role}")
        return self.person_of(self.sign_in(email, password), email, password)

    def new_merch_customer(self):
        """Register somebody at the shop; return the person and the shop's token."""
        name, password = new_name("customer"), uuid.uuid4().hex
        answer = self.api.post("/api/auth", {"username": name, "password": password})
        shop_token = answer.content().get("token")
        self.report.check(answer.status == 200 and shop_token, "the shop registers", answer)
        return self.person_of(self.sign_in(name, password), name, password), shop_token

    # ---- catalogue ----

    def read_catalogue(self):
        page = pages = 1
        while page <= pages:
            answer = self.api.get(f"/api/v1/items?limit=100&page={page}")
            content = answer.content()
            self.report.check(
                answer.status == 200 and isinstance(content.get("items"), list),
                "the catalogue is public",
                answer,
            )
            self.catalogue.update({item["id"]: item for item in content.get("items", [])})
            pages = content.get("total_pages", 1)
            page += 1

    def game_items(self):
        return [
            item
            for item in self.catalogue.values()
            if code_of(item["class"]) != "merch" and item.get("is_active", True)
        ]

    def things(self, count):
        """Some game items in their standard variants."""
        chosen = [standard(item["id"]) for item in self.game_items()[:count]]
        if len(chosen) < count:
            raise Stopped(f"the catalogue has fewer than {count} game items")
        return chosen

    def variants(self):
        """All variants worth trying of the item that has most of them."""
        def codes(item, member):
            return [code_of(entry) for entry in item.get(member) or []]

        item = max(
            self.game_items(),
            key=lambda item: len(codes(item, "collections")) * 100
            + len(codes(item, "quality_levels")),
        )
        collections = codes(item, "collections") or [None]
        levels = codes(item, "quality_levels") or [None]
        pairs = {(None, None), (collections[0], levels[0]), (collections[-1], levels[-1])}
        self.report.check(len(pairs) > 1, "some game item has more than the standard variant")
        return [Variant(item["id"], *pair) for pair in sorted(pairs, key=str)]

    # ---- steps ----

    def addition(self, person, section, quantities, operation_id=None, **more):
        return {
            "user_id": person.id,
            "section": section,
            "operation_type": "system_reward",
            "operation_id": operation_id or new_id(),
            "items": rows(quantities),
            **more,
        }

    def add(self, person, section, quantities, by=None, **more):
        """Put things into somebody's section and return the request and answer."""
        data = self.addition(person, section, quantities, **more)
        answer = self.api.post("/inventory/add-items", data, token=(by or self.service).token)
        ids = answer.content().get("operation_ids")
        good = answer.status == 200 and answer.content().get("success") is True
        self.report.check(good, "a service adds items", answer)
        self.checks_ids(ids, len(data["items"]), answer)
        if good:
            person.stock.add(section, quantities)
        return data, answer

    def checks_ids(self, ids, count, answer):
        good = isinstance(ids, list) and all(map(is_uuid, ids))
        self.report.check(
            good and len(ids) == len(set(ids)) == count, f"there are {count} operation ids", answer
        )

    def reserve(self, person, quantities, by=None, **more):
        """Reserve things that are there and return the request and answer."""
        data = {"user_id": person.id, "operation_id": new_id(), "items": rows(quantities), **more}
        answer = self.api.post("/inventory/reserve", data, token=(by or person).token)
        self.report.check(answer.status == 200, "what is there can be reserved", answer)
        if answer.status == 200:
            self.checks_ids(answer.content().get("operation_ids"), 2 * len(quantities), answer)
            person.stock.reserve(quantities)
        return data, answer

    def close(self, how, person, operation_id, by=None):
        """Return or consume a reservation; the model is the caller's to change."""
        data = {"user_id": person.id, "operation_id": operation_id}
        return self.api.post(f"/inventory/{how}-reserve", data, token=(by or person).token)

    def give_back(self, person, reservation, quantities, by=None):
        answer = self.close("return", person, reservation["operation_id"], by)
        if self.report.check(answer.status == 200, "a reservation can be returned", answer):
            person.stock.give_back(quantities)
        return answer

    def consume(self, person, reservation, quantities, by=None):
        answer = self.close("consume", person, reservation["operation_id"], by)
        if self.report.check(answer.status == 200, "a reservation can be consumed", answer):
            person.stock.consume(quantities)
        return answer

    def reservation(self, operation_id, token):
        return self.api.get(f"/inventory/reservation/{operation_id}", token)

    # ---- comparisons ----

    def inventory(self, person, section=None, at=None, prefix=""):
        query = {k: v for k, v in (("section", section), ("at", at)) if v is not None}
        tail = f"?{urlencode(query)}" if query else ""
        return self.api.get(f"{prefix}/inventory{tail}", person.token)

    def holds(self, answer, expected, what):
        """The inventory answered is exactly the expected one."""
        listed = answer.content().get("items")
        good = answer.status == 200 and isinstance(listed, list)
        if self.report.check(good, f"{what}: an inventory is answered", answer):
            for row in listed:
                self.check_row(row, answer)
            told = {variant_of(row): row.get("quantity") for row in listed}
            self.report.check(
                len(told) == len(listed) and told == expected,
                f"{what}; expected {one_line(json.dumps(rows(expected)))}",
                answer,
            )

    def check_row(self, row, answer):
        """One row has its members, names a class and leaves standard ones out."""
        quantity = row.get("quantity")
        good = is_uuid(row.get("item_id")) and integer(quantity) and quantity > 0
        self.report.check(good, "a row has an item and a positive quantity", answer)
        self.report.check(row.get("item_class") in CLASSES, "a row names a known class", answer)
        named = all(row.get(k) for k in ("item_type", "collection", "quality_level") if k in row)
        self.report.check(
            "item_type" in row and named, "a standard variant is absent, not empty", answer
        )
        item = self.catalogue.get(row.get("item_id"))
        if item is not None:
            same = (row.get("item_class"), row.get("item_type")) == (
                code_of(item["class"]),
                code_of(item["type"]),
            )
            self.report.check(same, "class and type are those of the catalogue", answer)

    def agrees(self, person, what):
        """All three sections of a person are what the model says."""
        for section in SECTIONS:
            answer = self.inventory(person, section)
            self.holds(answer, person.stock.positive(section), f"{what} ({section})")

    # ---- refusals ----

    def refused(self, answer, statuses, what, code=None, person=None):
        """The answer refuses in the dialect, and the person's stock is unchanged."""
        allowed = statuses if isinstance(statuses, tuple) else (statuses,)
        named = " or ".join(map(str, allowed))
        self.report.check(answer.status in allowed, f"{what} is {named}", answer)
        self.dialect(answer)
        if code is not None:
            told = answer.content().get("error")
            self.report.check(told == code, f"{what} has the code {code}", answer)
        if person is not None:
            self.agrees(person, f"{what} changes nothing")

    def dialect(self, answer):
        content = answer.content()
        code, message = content.get("error"), content.get("message")
        good = isinstance(code, str) and re.fullmatch(r"[a-z][a-z0-9_]*", code)
        self.report.check(good, "an error has a code", answer)
        self.report.check(isinstance(message, str) and message, "an error has a message", answer)

    def short_of(self, answer, missing, what, person):
        """A shortage names every missing item with what is required and available."""
        self.refused(answer, 400, what, "insufficient_items", person)
        told = answer.content().get("missing_items")
        good = isinstance(told, list) and all(isinstance(row, dict) for row in told)
        if self.report.check(good, f"{what} lists the missing items", answer):
            listed = {variant_of(r): (r.get("required"), r.get("available")) for r in told}
            self.report.check(
                len(listed) == len(told) and listed == missing,
                f"{what} lists exactly (required, available): {sorted(missing.values())}",
                answer,
            )


def post_at_once(tester, requests):
    """POSTs (path, token, data) triples at the same moment over connections of their own."""
    return at_once([
        lambda path=path, token=token, data=data: tester.api.call("POST", path, data, token=token)
        for path, token, data in requests
    ])
