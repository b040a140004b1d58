#!/usr/bin/env python3
"""A test of the inventory service, from its published contract alone.

An owner, another plain user, a moderator, a service and an administrator use
every inventory route.  A model keeps what each person must own in each
section, and the answers are compared with it after every step.  All names and
identifiers are fresh in every run, so it may be run any number of times
against the same service.
"""

import argparse
import base64
import copy
import hashlib
import hmac
import http.client
import json
import re
import sys
import threading
import time
import uuid
from collections import Counter, namedtuple
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, urlencode, urlsplit

DEMO_ITEM = "550e8400-e29b-41d4-a716-446655440002"
SECTIONS = ("main", "factory", "trade")
CLASSES = {
    "resources", "reagents", "boosters", "blueprints", "tools", "keys", "currencies", "merch",
}
TIMEOUT_SECONDS = 30
PATIENCE_FOR_LIMITS = 6
REPLAYS = 100
THREADS = 16
HUGE = (2**63, 10**30)
BAD_UUIDS = (
    "", "x", 5, None, [], "550e8400-e29b-41d4-a716", "550e8400-e29b-41d4-a716-44665544000g",
)


# --------------------------------------------------------------------------
# Counting checks
# --------------------------------------------------------------------------


class Checks:
    """Counts checks from any thread and prints one line for each failure."""

    def __init__(self):
        self._lock = threading.Lock()
        self.done = 0
        self.failed = 0

    def that(self, condition, what, answer=None):
        """Count one check; a failure is printed with its request and answer."""
        with self._lock:
            self.done += 1
            if not condition:
                self.failed += 1
                shown = f" | {answer.shown()}" if answer is not None else ""
                print(f"FAIL {what}{shown}", flush=True)
        return condition


class Stopped(Exception):
    """A chapter cannot go on because something it builds upon is missing."""


def one_line(text, limit=600):
    """Shorten a text to one printable line and hide passwords and tokens in it."""
    text = re.sub(r'("(?:password|access_token|refresh_token)"\s*:\s*")[^"]*', r"\1***", text)
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text[: 2 * limit])
    return text if len(text) <= limit else text[:limit] + "…"


# --------------------------------------------------------------------------
# HTTP
# --------------------------------------------------------------------------


class Answer:
    """One answer together with a short description of its request."""

    def __init__(self, request, status, headers, body):
        self.request = request
        self.status = status
        self.headers = headers
        self.body = body

    def header(self, name):
        return self.headers.get(name)

    def content(self):
        """Return the decoded JSON object, or an empty one if there is none."""
        try:
            decoded = json.loads(self.body.decode("utf-8"))
        except ValueError:
            return {}
        return decoded if isinstance(decoded, dict) else {}

    def shown(self):
        return f"{self.request} -> {self.status} {one_line(self.body.decode('utf-8', 'replace'))}"


class Api:
    """One connection to the service, with the checks that all answers owe."""

    def __init__(self, base, checks):
        parts = urlsplit(base)
        self.checks = checks
        self._connection = http.client.HTTPConnection(
            parts.hostname, parts.port or 80, timeout=TIMEOUT_SECONDS
        )

    def close(self):
        self._connection.close()

    def get(self, path, token=None):
        return self.call("GET", path, token)

    def post(self, path, token=None, data=None):
        return self.call("POST", path, token, data)

    def call(self, method, path, token=None, data=None, raw=None):
        """Send one request; wait as told when the service limits the rate."""
        body = json.dumps(data).encode("utf-8") if data is not None else raw
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token is not None:
            headers["Authorization"] = token if " " in token else f"Bearer {token}"
        for _ in range(PATIENCE_FOR_LIMITS):
            answer = self._exchange(method, path, body, headers)
            self.checks.that(answer.header("X-Request-ID"), "every answer has X-Request-ID", answer)
            if answer.status != 429:
                break
            self._wait(answer)
        return answer

    def _exchange(self, method, path, body, headers):
        self._connection.request(method, path, body=body, headers=headers)
        response = self._connection.getresponse()
        shown = one_line((body or b"").decode("utf-8", "replace"))
        return Answer(
            f"{method} {path} {shown}", response.status, response.headers, response.read()
        )

    def _wait(self, answer):
        delay = answer.header("Retry-After") or ""
        self.checks.that(delay.isdigit(), "429 carries Retry-After in seconds", answer)
        self.close()
        time.sleep(min(int(delay), 60) if delay.isdigit() else 1)


# --------------------------------------------------------------------------
# The model
# --------------------------------------------------------------------------


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
    """What one person owns in each section; reserved things lie in the factory."""

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


# --------------------------------------------------------------------------
# The tester: accounts, steps and comparisons
# --------------------------------------------------------------------------


class Tester:
    """Holds the accounts and performs the steps that the chapters share."""

    def __init__(self, arguments, checks):
        self.arguments = arguments
        self.checks = checks
        self.api = Api(arguments.base, checks)
        self.catalogue = {}
        self.admin = self.owner = self.other = self.moderator = self.service = None

    # ---- accounts ----

    def prepare(self):
        """Sign the administrator in, make the users and read the catalogue."""
        with open(self.arguments.admin_password_file, encoding="utf-8") as file:
            password = file.read().rstrip("\r\n")
        session = self.sign_in(self.arguments.admin, password)
        self.admin = self.person_of(session, self.arguments.admin, password)
        self.owner = self.new_user("user")
        self.other = self.new_user("user")
        self.moderator = self.new_user("moderator")
        self.service = self.new_user("service")
        self.read_catalogue()

    def sign_in(self, login, password, api=None, path="/api/v1/auth/login"):
        member = "email" if "@" in login else "username"
        answer = (api or self.api).post(path, data={member: login, "password": password})
        session = answer.content()
        good = answer.status == 200 and {"access_token", "refresh_token"} <= session.keys()
        self.checks.that(good, "signing in gives a pair of tokens", answer)
        if not good:
            raise Stopped(f"no session for {answer.request}")
        return session

    def person_of(self, session, login, password):
        """Ask the service who has just signed in."""
        answer = self.api.get("/api/v1/auth/me", session["access_token"])
        user_id = answer.content().get("id")
        self.checks.that(is_uuid(user_id), "a signed-in user has an id", answer)
        return Person(
            user_id, login, password, session["access_token"], session["refresh_token"]
        )

    def new_user(self, role):
        """Let the administrator make a user with a role, and sign the user in."""
        email, password = f"{new_name(role)}@example.com", uuid.uuid4().hex
        data = {"email": email, "password": password, "full_name": "A Tester", "role": role}
        answer = self.api.post("/api/v1/users", self.admin.token, data)
        self.checks.that(answer.status == 201, f"the administrator makes a {role}", answer)
        if answer.status != 201:
            raise Stopped(f"no {role}")
        return self.person_of(self.sign_in(email, password), email, password)

    def new_merch_customer(self):
        """Register somebody at the shop; return the person and the shop's token."""
        name, password = new_name("customer"), uuid.uuid4().hex
        answer = self.api.post("/api/auth", data={"username": name, "password": password})
        shop_token = answer.content().get("token")
        self.checks.that(answer.status == 200 and shop_token, "the shop registers", answer)
        return self.person_of(self.sign_in(name, password), name, password), shop_token

    # ---- catalogue ----

    def read_catalogue(self):
        page = pages = 1
        while page <= pages:
            answer = self.api.get(f"/api/v1/items?limit=100&page={page}")
            content = answer.content()
            self.checks.that(
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
        self.checks.that(len(pairs) > 1, "some game item has more than the standard variant")
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
        answer = self.api.post("/inventory/add-items", (by or self.service).token, data)
        ids = answer.content().get("operation_ids")
        good = answer.status == 200 and answer.content().get("success") is True
        self.checks.that(good, "a service adds items", answer)
        self.checks_ids(ids, len(data["items"]), answer)
        if good:
            person.stock.add(section, quantities)
        return data, answer

    def checks_ids(self, ids, count, answer):
        good = isinstance(ids, list) and all(map(is_uuid, ids))
        self.checks.that(
            good and len(ids) == len(set(ids)) == count, f"there are {count} operation ids", answer
        )

    def reserve(self, person, quantities, by=None, **more):
        """Reserve things that are there and return the request and answer."""
        data = {"user_id": person.id, "operation_id": new_id(), "items": rows(quantities), **more}
        answer = self.api.post("/inventory/reserve", (by or person).token, data)
        self.checks.that(answer.status == 200, "what is there can be reserved", answer)
        if answer.status == 200:
            self.checks_ids(answer.content().get("operation_ids"), 2 * len(quantities), answer)
            person.stock.reserve(quantities)
        return data, answer

    def close(self, how, person, operation_id, by=None):
        """Return or consume a reservation; the model is the caller's to change."""
        data = {"user_id": person.id, "operation_id": operation_id}
        return self.api.post(f"/inventory/{how}-reserve", (by or person).token, data)

    def give_back(self, person, reservation, quantities, by=None):
        answer = self.close("return", person, reservation["operation_id"], by)
        if self.checks.that(answer.status == 200, "a reservation can be returned", answer):
            person.stock.give_back(quantities)
        return answer

    def consume(self, person, reservation, quantities, by=None):
        answer = self.close("consume", person, reservation["operation_id"], by)
        if self.checks.that(answer.status == 200, "a reservation can be consumed", answer):
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
        if self.checks.that(good, f"{what}: an inventory is answered", answer):
            for row in listed:
                self.check_row(row, answer)
            told = {variant_of(row): row.get("quantity") for row in listed}
            self.checks.that(
                len(told) == len(listed) and told == expected,
                f"{what}; expected {one_line(json.dumps(rows(expected)))}",
                answer,
            )

    def check_row(self, row, answer):
        """One row has its members, names a class and leaves standard ones out."""
        quantity = row.get("quantity")
        good = is_uuid(row.get("item_id")) and integer(quantity) and quantity > 0
        self.checks.that(good, "a row has an item and a positive quantity", answer)
        self.checks.that(row.get("item_class") in CLASSES, "a row names a known class", answer)
        named = all(row.get(k) for k in ("item_type", "collection", "quality_level") if k in row)
        self.checks.that(
            "item_type" in row and named, "a standard variant is absent, not empty", answer
        )
        item = self.catalogue.get(row.get("item_id"))
        if item is not None:
            same = (row.get("item_class"), row.get("item_type")) == (
                code_of(item["class"]),
                code_of(item["type"]),
            )
            self.checks.that(same, "class and type are those of the catalogue", answer)

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
        self.checks.that(answer.status in allowed, f"{what} is {named}", answer)
        self.dialect(answer)
        if code is not None:
            told = answer.content().get("error")
            self.checks.that(told == code, f"{what} has the code {code}", answer)
        if person is not None:
            self.agrees(person, f"{what} changes nothing")

    def dialect(self, answer):
        content = answer.content()
        code, message = content.get("error"), content.get("message")
        good = isinstance(code, str) and re.fullmatch(r"[a-z][a-z0-9_]*", code)
        self.checks.that(good, "an error has a code", answer)
        self.checks.that(isinstance(message, str) and message, "an error has a message", answer)

    def short_of(self, answer, missing, what, person):
        """A shortage names every missing item with what is required and available."""
        self.refused(answer, 400, what, "insufficient_items", person)
        told = answer.content().get("missing_items")
        good = isinstance(told, list) and all(isinstance(row, dict) for row in told)
        if self.checks.that(good, f"{what} lists the missing items", answer):
            listed = {variant_of(r): (r.get("required"), r.get("available")) for r in told}
            self.checks.that(
                len(listed) == len(told) and listed == missing,
                f"{what} lists exactly (required, available): {sorted(missing.values())}",
                answer,
            )


def in_parallel(jobs):
    """Run all jobs at the same moment and return their results in order."""
    results = [None] * len(jobs)
    start = threading.Barrier(len(jobs))

    def work(number):
        start.wait()
        results[number] = jobs[number]()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def all_at_once(tester, requests):
    """POST (path, token, data) triples at the same moment over own connections."""
    def job(path, token, data):
        api = Api(tester.arguments.base, tester.checks)
        try:
            return api.post(path, token, data)
        except (OSError, http.client.HTTPException) as error:
            return Answer(f"POST {path}", 0, {}, repr(error).encode())
        finally:
            api.close()

    return in_parallel([lambda request=request: job(*request) for request in requests])


# --------------------------------------------------------------------------
# Chapters: reading
# --------------------------------------------------------------------------


def chapter_sections(tester):
    """The sections are apart, main is the default, and everybody sees their own."""
    owner = tester.new_user("user")
    first, second = tester.things(2)
    tester.agrees(owner, "a new user owns nothing")
    tester.add(owner, "main", {first: 5, second: 2})
    tester.add(owner, "trade", {first: 3})
    tester.add(owner, "factory", {second: 7})
    tester.agrees(owner, "each section has what was put into it")
    tester.holds(tester.inventory(owner), owner.stock.positive("main"), "main is the default")
    tester.agrees(tester.other, "another user owns none of it")
    tester.agrees(tester.service, "the service itself owns none of it")
    for section in ("attic", "", "MAIN", "main,trade"):
        answer = tester.inventory(owner, section)
        tester.refused(answer, 400, f"the section {section!r}", "invalid_section")


def chapter_variants(tester):
    """Variants of one item are counted apart."""
    owner = tester.new_user("user")
    variants = tester.variants()
    for number, variant in enumerate(variants, start=2):
        tester.add(owner, "main", {variant: number})
        tester.agrees(owner, "a variant has a row of its own")
    everything = {variant: 1 for variant in variants}
    tester.add(owner, "main", everything)
    tester.agrees(owner, "every variant has grown by one")
    reservation, _ = tester.reserve(owner, everything)
    tester.agrees(owner, "one of every variant is reserved")
    check_reservation(tester, owner, reservation["operation_id"], everything)
    last = variants[-1]
    data = {"user_id": owner.id, "operation_id": new_id(), "items": rows({last: 1000})}
    answer = tester.api.post("/inventory/reserve", owner.token, data)
    missing = {last: (1000, owner.stock.positive("main")[last])}
    tester.short_of(answer, missing, "a shortage of one variant", owner)
    tester.give_back(owner, reservation, everything)
    tester.agrees(owner, "every variant is returned to its own row")


def chapter_items(tester):
    """A single item tells its class, type and available variants."""
    for item_id in [DEMO_ITEM] + [item["id"] for item in tester.game_items()]:
        answer = tester.api.get(f"/inventory/items/{item_id}", tester.owner.token)
        content = answer.content()
        known = tester.checks.that(
            answer.status == 200 and content.get("item_id") == item_id, "an item is told", answer
        )
        if known:
            check_item(tester, tester.catalogue.get(item_id), content, answer)
    answer = tester.api.get(f"/inventory/items/{new_id()}", tester.owner.token)
    tester.refused(answer, 404, "an unknown item")
    for item_id in ("x", "550e8400-e29b-41d4-a716", "0"):
        answer = tester.api.get(f"/inventory/items/{item_id}", tester.owner.token)
        tester.refused(answer, 400, "an item whose id is no UUID")


def check_item(tester, item, content, answer):
    """The inventory and the catalogue tell the same about one item."""
    if not tester.checks.that(item is not None, "the item is in the catalogue", answer):
        return
    for member, told in (("class", "item_class"), ("type", "item_type")):
        tester.checks.that(
            code_of(item[member]) == content.get(told), f"{told} is the catalogue's", answer
        )
    for member, told in (
        ("collections", "available_collections"),
        ("quality_levels", "available_quality_levels"),
    ):
        here = content.get(told)
        same = isinstance(here, list) and {code_of(e) for e in here} == {
            code_of(e) for e in item.get(member) or []
        }
        tester.checks.that(same, f"{told} are the catalogue's", answer)


def chapter_prefix(tester):
    """The prefix /api/inventory means the same routes."""
    owner = tester.new_user("user")
    (thing,) = tester.things(1)
    data = tester.addition(owner, "main", {thing: 4})
    first = tester.api.post("/api/inventory/add-items", tester.service.token, data)
    tester.checks.that(first.status == 200, "the prefix adds items", first)
    owner.stock.add("main", {thing: 4})
    second = tester.api.post("/inventory/add-items", tester.service.token, data)
    tester.checks.that(
        first.content() == second.content(), "both spellings are one operation", second
    )
    tester.agrees(owner, "both spellings have added once")
    answer = tester.inventory(owner, "main", prefix="/api")
    tester.holds(answer, owner.stock.positive("main"), "the prefix tells the inventory")
    answer = tester.api.get(f"/api/inventory/items/{thing.item_id}", owner.token)
    tester.checks.that(answer.status == 200, "the prefix tells an item", answer)
    data = {"user_id": owner.id, "operation_id": new_id(), "items": rows({thing: 1})}
    answer = tester.api.post("/api/inventory/reserve", owner.token, data)
    tester.checks.that(answer.status == 200, "the prefix reserves", answer)
    owner.stock.reserve({thing: 1})
    answer = tester.api.get(f"/api/inventory/reservation/{data['operation_id']}", owner.token)
    tester.checks.that(answer.status == 200, "the prefix tells a reservation", answer)
    del data["items"]
    answer = tester.api.post("/api/inventory/consume-reserve", owner.token, data)
    tester.checks.that(answer.status == 200, "the prefix consumes", answer)
    owner.stock.consume({thing: 1})
    tester.agrees(owner, "what the prefix did is seen without it")
    tester.refused(tester.api.get("/api/inventory"), 401, "no token", "missing_token")


def chapter_methods(tester):
    """Unknown paths are 404 and wrong methods 405 with Allow, in the dialect."""
    token = tester.owner.token
    for path in ("/inventory/nothing", "/inventory/reserve/extra", "/inventory/items"):
        tester.refused(tester.api.get(path, token), 404, f"the unknown path {path}")
    wrong = (
        ("DELETE", "/inventory", "GET"),
        ("GET", "/inventory/add-items", "POST"),
        ("PUT", "/inventory/reserve", "POST"),
        ("GET", "/inventory/return-reserve", "POST"),
        ("DELETE", "/inventory/consume-reserve", "POST"),
        ("POST", f"/inventory/reservation/{new_id()}", "GET"),
        ("POST", f"/inventory/items/{DEMO_ITEM}", "GET"),
    )
    for method, path, allowed in wrong:
        answer = tester.api.call(method, path, token)
        tester.refused(answer, 405, f"{method} {path}")
        allow = re.split(r"\s*,\s*", answer.header("Allow") or "")
        tester.checks.that(allowed in allow, f"405 allows {allowed}", answer)


# --------------------------------------------------------------------------
# Chapters: adding
# --------------------------------------------------------------------------


def chapter_roles(tester):
    """Only service and administrator add; only the owner and these two reserve."""
    owner = tester.new_user("user")
    (thing,) = tester.things(1)
    tester.add(owner, "main", {thing: 9}, by=tester.service)
    tester.add(owner, "main", {thing: 1}, by=tester.admin)
    for person in (owner, tester.other, tester.moderator):
        data = tester.addition(owner, "main", {thing: 1})
        answer = tester.api.post("/inventory/add-items", person.token, data)
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
        answer = tester.api.post("/inventory/reserve", person.token, data)
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
    tester.checks.that(answer.status in (403, 404), "a stranger sees no reservation", answer)
    for person in (owner, tester.service, tester.admin):
        answer = tester.reservation(operation_id, person.token)
        tester.checks.that(answer.status == 200, "a permitted person sees it", answer)


def chapter_adding(tester):
    """Operation ids are one per item and stable; replays move nothing."""
    owner = tester.new_user("user")
    first, second, third = tester.things(3)
    quantities = {first: 5, second: 2, third: 1}
    data, answer = tester.add(owner, "main", quantities, comment="a chest")
    tester.agrees(owner, "three items are added at once")
    for _ in range(3):
        again = tester.api.post("/inventory/add-items", tester.service.token, data)
        tester.checks.that(
            again.status == 200 and again.content() == answer.content(),
            "a replay gets the first answer",
            again,
        )
    shuffled = dict(reversed(list(data.items())))
    again = tester.api.post("/inventory/add-items", tester.service.token, shuffled)
    tester.checks.that(
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
        answer = tester.api.post(
            "/inventory/add-items", tester.service.token, {**data, **change}
        )
        what = f"other {', '.join(change)} under a used operation id"
        tester.refused(answer, 409, what, "operation_conflict", owner)
    tester.agrees(tester.other, "a conflict gives nothing to anybody else")


def add_twice_named(tester, owner, thing):
    """An item that is named twice is added twice."""
    data = tester.addition(owner, "main", {thing: 2})
    data["items"] *= 2
    answer = tester.api.post("/inventory/add-items", tester.service.token, data)
    if tester.checks.that(answer.status == 200, "an item may be named twice", answer):
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
    answer = tester.api.post("/inventory/add-items", tester.service.token, good)
    tester.checks.that(answer.status == 200, "the operation id of refusals is unused", answer)
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
    answer = tester.api.post(path, person.token, {**good, **change})
    tester.refused(answer, 400, f"{path} with {what}", person=owner)


def missing_members(tester, owner, path, person, good, optional=()):
    for member in good.keys() - set(optional):
        data = {name: value for name, value in good.items() if name != member}
        answer = tester.api.post(path, person.token, data)
        tester.refused(answer, 400, f"{path} without {member}", person=owner)


def unknown_targets(tester, owner, good):
    """Users and items that do not exist receive and give nothing."""
    for change in ({"user_id": new_id()}, {"items": [{"item_id": new_id(), "quantity": 1}]}):
        answer = tester.api.post("/inventory/add-items", tester.service.token, {**good, **change})
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
        answer = tester.api.call("POST", path, person.token, raw=raw)
        tester.refused(answer, (400, 413), f"{path} with a broken body", person=owner)


def chapter_giant_quantities(tester):
    """The largest numbers are taken or refused, but never break the service."""
    owner = tester.new_user("user")
    (thing,) = tester.things(1)
    largest = 2**63 - 1
    for quantity in (largest, largest, 1):
        data = tester.addition(owner, "main", {thing: quantity})
        answer = tester.api.post("/inventory/add-items", tester.service.token, data)
        if answer.status == 200:
            owner.stock.add("main", {thing: quantity})
        else:
            tester.refused(answer, 400, "too many of one thing")
        tester.agrees(owner, "a giant quantity is added wholly or not at all")
    for items in (rows({thing: largest}) * 2, rows({thing: largest}) * 3):
        data = {"user_id": owner.id, "operation_id": new_id(), "items": items}
        answer = tester.api.post("/inventory/reserve", owner.token, data)
        tester.refused(answer, 400, "a sum beyond all numbers", person=owner)


# --------------------------------------------------------------------------
# Chapters: reserving
# --------------------------------------------------------------------------


def chapter_reserving(tester):
    """Reserve, replay, return and consume, with a look at the reservation."""
    owner = tester.new_user("user")
    first, second = tester.things(2)
    tester.add(owner, "main", {first: 10, second: 4})
    quantities = {first: 3, second: 1}
    returned, first_answer = tester.reserve(owner, quantities)
    tester.agrees(owner, "reserved things have left main")
    check_reservation(tester, owner, returned["operation_id"], quantities)
    replay(tester, owner, "/inventory/reserve", returned, first_answer)
    reserve_conflicts(tester, owner, returned, first)
    answer = tester.give_back(owner, returned, quantities)
    tester.agrees(owner, "returned things are back in main")
    after_closing(tester, owner, returned, "return", answer, first_answer)
    consumed, first_answer = tester.reserve(owner, quantities)
    answer = tester.consume(owner, consumed, quantities)
    tester.agrees(owner, "consumed things are gone")
    after_closing(tester, owner, consumed, "consume", answer, first_answer)
    statuses = [
        tester.reservation(operation["operation_id"], owner.token).content().get("status")
        for operation in (returned, consumed)
    ]
    tester.checks.that(
        all(statuses) and len(set(statuses)) == 2, f"closed reservations tell how: {statuses}"
    )


def check_reservation(tester, owner, operation_id, quantities):
    """An open reservation tells its owner, its items by code, and its date."""
    answer = tester.reservation(operation_id, owner.token)
    content = answer.content()
    tester.checks.that(answer.status == 200, "a reservation can be read", answer)
    tester.checks.that(content.get("reservation_exists") is True, "the reservation exists", answer)
    tester.checks.that(content.get("operation_id") == operation_id, "it has its id", answer)
    tester.checks.that(content.get("user_id") == owner.id, "it names its owner", answer)
    status = content.get("status")
    tester.checks.that(isinstance(status, str) and status, "it has a status", answer)
    check_date(tester, content.get("reservation_date"), answer)
    expected = {
        (tester.catalogue[v.item_id]["code"], v.collection, v.quality_level): quantity
        for v, quantity in quantities.items()
    }
    told = {
        (row.get("item_code"), row.get("collection_code"), row.get("quality_level_code")):
            row.get("quantity")
        for row in content.get("reserved_items") or []
    }
    tester.checks.that(told == expected, f"it lists {sorted(expected.items(), key=str)}", answer)
    given = all(None not in row.values() for row in content.get("reserved_items") or [])
    tester.checks.that(given, "standard codes are absent, not null", answer)


def check_date(tester, text, answer):
    """The date of a fresh reservation is a recent instant."""
    try:
        date = datetime.fromisoformat(text.replace("Z", "+00:00"))
        good = date.tzinfo is not None and abs(utc_now() - date) < timedelta(minutes=2)
    except (ValueError, AttributeError):
        good = False
    tester.checks.that(good, "it has a recent date", answer)


def replay(tester, owner, path, data, first_answer):
    """The same operation again gets the first answer and moves nothing."""
    for _ in range(3):
        answer = tester.api.post(path, owner.token, data)
        tester.checks.that(
            answer.status == 200 and answer.content() == first_answer.content(),
            f"a replay of {path} gets the first answer",
            answer,
        )
    tester.agrees(owner, f"a replay of {path} moves nothing")


def reserve_conflicts(tester, owner, data, thing):
    for items in (rows({thing: 1}), data["items"][:1], data["items"] + rows({thing: 1})):
        answer = tester.api.post("/inventory/reserve", owner.token, {**data, "items": items})
        what = "other items under a used operation id"
        tester.refused(answer, 409, what, "operation_conflict", owner)


def after_closing(tester, owner, reservation, how, first_close, first_reserve):
    """A closed reservation repeats its answers and refuses the other ending."""
    operation = {"user_id": owner.id, "operation_id": reservation["operation_id"]}
    replay(tester, owner, f"/inventory/{how}-reserve", operation, first_close)
    replay(tester, owner, "/inventory/reserve", reservation, first_reserve)
    opposite = "consume" if how == "return" else "return"
    for _ in range(2):
        answer = tester.close(opposite, owner, reservation["operation_id"])
        what = f"{opposite} after {how}"
        tester.refused(answer, 409, what, "reservation_closed", owner)


def chapter_unknown_reservations(tester):
    """Unknown reservations are 404; ids that are no UUID are 400."""
    owner = tester.owner
    for how in ("return", "consume"):
        for person in (owner, tester.service, tester.admin):
            answer = tester.close(how, owner, new_id(), by=person)
            tester.refused(answer, 404, f"{how} of an unknown operation", "operation_not_found")
        good = {"user_id": owner.id, "operation_id": new_id()}
        path = f"/inventory/{how}-reserve"
        for value in BAD_UUIDS:
            for member in good:
                what = f"{member} {value!r}"
                send_bad(tester, owner, path, owner, good, what, {member: value})
        missing_members(tester, owner, path, owner, good)
        send_bad(tester, owner, path, owner, good, "an unknown member", {"surprise": 1})
    answer = tester.reservation(new_id(), owner.token)
    content = answer.content()
    absent = content.get("reservation_exists") is False and content.get("error")
    tester.checks.that(
        answer.status == 404 and absent, "an unknown reservation does not exist", answer
    )
    for operation_id in ("x", "550e8400-e29b-41d4-a716"):
        answer = tester.reservation(operation_id, owner.token)
        tester.checks.that(answer.status == 400, "a reservation id must be a UUID", answer)


def chapter_shortage(tester):
    """A shortage lists every missing item and changes nothing at all."""
    owner = tester.new_user("user")
    enough, short, none = tester.things(3)
    tester.add(owner, "main", {enough: 10, short: 2})
    tester.add(owner, "trade", {short: 50, none: 50})
    wanted = {enough: 3, short: 5, none: 1}
    data = {"user_id": owner.id, "operation_id": new_id(), "items": rows(wanted)}
    missing = {short: (5, 2), none: (1, 0)}
    for person in (owner, tester.service, tester.admin):
        answer = tester.api.post("/inventory/reserve", person.token, data)
        tester.short_of(answer, missing, "a shortage of two items", owner)
    answer = tester.reservation(data["operation_id"], owner.token)
    tester.checks.that(answer.status == 404, "a shortage leaves no reservation", answer)
    tester.add(owner, "main", {short: 3, none: 1})
    # A refusal is kept under its id: a late twin of the request must not succeed after a top-up.
    answer = tester.api.post("/inventory/reserve", owner.token, data)
    tester.short_of(answer, missing, "the refusal is kept", owner)
    data["operation_id"] = new_id()
    answer = tester.api.post("/inventory/reserve", owner.token, data)
    tester.checks.that(answer.status == 200, "after the shortage the same works under a new id", answer)
    owner.stock.reserve(wanted)
    tester.agrees(owner, "what was short is reserved once it is there")
    named_twice(tester, owner, enough)


def named_twice(tester, owner, thing):
    """An item that is named twice is summed; seven are there."""
    data = {"user_id": owner.id, "operation_id": new_id(), "items": rows({thing: 4}) * 2}
    answer = tester.api.post("/inventory/reserve", owner.token, data)
    tester.short_of(answer, {thing: (8, 7)}, "four and four of seven", owner)
    data = {**data, "operation_id": new_id(), "items": rows({thing: 4}) + rows({thing: 3})}
    answer = tester.api.post("/inventory/reserve", owner.token, data)
    if tester.checks.that(answer.status == 200, "four and three of seven are there", answer):
        owner.stock.reserve({thing: 7})
    tester.agrees(owner, "an item named twice is reserved in sum")
    answer = tester.reservation(data["operation_id"], owner.token)
    told = sum(row.get("quantity", 0) for row in answer.content().get("reserved_items") or [])
    tester.checks.that(told == 7, "the reservation holds the sum", answer)
    tester.give_back(owner, data, {thing: 7})
    tester.agrees(owner, "the sum is returned")


def chapter_bad_reservations(tester):
    """Every bad reservation is 400 with a code and reserves nothing."""
    owner = tester.new_user("user")
    (thing,) = tester.things(1)
    tester.add(owner, "main", {thing: 5})
    good = {"user_id": owner.id, "operation_id": new_id(), "items": rows({thing: 1})}
    for what, change in bad_operations(thing):
        person = tester.service if "user_id" in change else owner
        send_bad(tester, owner, "/inventory/reserve", person, good, what, change)
    for value in (0, -1, 1.5, "5", True, [], 2**63):
        what = f"expires_in {value!r}"
        send_bad(tester, owner, "/inventory/reserve", owner, good, what, {"expires_in": value})
    missing_members(tester, owner, "/inventory/reserve", owner, good)
    change = {"items": [{"item_id": new_id(), "quantity": 1}]}
    answer = tester.api.post("/inventory/reserve", owner.token, {**good, **change})
    tester.refused(answer, (400, 404), "reserving an unknown item", person=owner)
    broken_bodies(tester, owner, "/inventory/reserve", owner, good)
    answer = tester.api.post("/inventory/reserve", owner.token, good)
    tester.checks.that(answer.status == 200, "the operation id of refusals is unused", answer)
    owner.stock.reserve({thing: 1})
    tester.agrees(owner, "after all refusals one proper reservation is made")


def chapter_expiry(tester):
    """An expired reservation goes back by itself, whatever touches it next."""
    (thing,) = tester.things(1)
    touches = (touch_by_reading, touch_by_reserving, touch_by_consuming, touch_by_asking)
    owners = [tester.new_user("user") for _ in touches]
    pairs = [lasting_and_passing(tester, owner, thing) for owner in owners]
    time.sleep(3.2)
    for touch, owner, (lasting, passing) in zip(touches, owners, pairs):
        owner.stock.give_back({thing: 4})
        touch(tester, owner, lasting, passing)
        tester.agrees(owner, f"{touch.__name__}: the expired one has gone back, the other has not")
        answer = tester.close("consume", owner, passing["operation_id"])
        what = "consuming an expired reservation"
        tester.refused(answer, 409, what, "reservation_closed", owner)
        tester.consume(owner, lasting, {thing: 1})
        tester.agrees(owner, "the lasting reservation is consumed")


def lasting_and_passing(tester, owner, thing):
    """Reserve one thing for an hour and four of the same for two seconds."""
    tester.add(owner, "main", {thing: 5})
    lasting, _ = tester.reserve(owner, {thing: 1}, expires_in=3600)
    passing, _ = tester.reserve(owner, {thing: 4}, expires_in=2)
    tester.agrees(owner, "a reservation with an end is a reservation")
    return lasting, passing


def touch_by_reading(tester, owner, _lasting, _passing):
    tester.holds(tester.inventory(owner), owner.stock.positive("main"), "reading after the end")


def touch_by_reserving(tester, owner, _lasting, passing):
    """What has gone back can be reserved and returned again."""
    quantities = {variant_of(row): row["quantity"] for row in passing["items"]}
    again, _ = tester.reserve(owner, quantities)
    tester.give_back(owner, again, quantities)


def touch_by_consuming(tester, owner, _lasting, passing):
    answer = tester.close("consume", owner, passing["operation_id"])
    tester.refused(answer, 409, "consuming first after the end", "reservation_closed")


def touch_by_asking(tester, owner, lasting, passing):
    """The expired reservation has another status than the one that lasts."""
    answers = [
        tester.reservation(operation["operation_id"], owner.token)
        for operation in (lasting, passing)
    ]
    statuses = {answer.content().get("status") for answer in answers}
    tester.checks.that(len(statuses) == 2, "an expired reservation tells so", answers[1])


# --------------------------------------------------------------------------
# Chapters: adjusting and looking back
# --------------------------------------------------------------------------


def adjustment(person, section, changes, reason="a correction after counting"):
    items = [variant.row(quantity_change=change) for variant, change in changes.items()]
    return {"user_id": person.id, "section": section, "items": items, "reason": reason}


def adjust(tester, person, section, changes, **more):
    """Adjust as the administrator and compare the final balances."""
    data = adjustment(person, section, changes, **more)
    answer = tester.api.post("/admin/inventory/adjust", tester.admin.token, data)
    good = answer.status == 200 and answer.content().get("success") is True
    if tester.checks.that(good, "the administrator adjusts", answer):
        person.stock.add(section, changes)
        tester.checks_ids(answer.content().get("operation_ids"), len(changes), answer)
        final_balances(tester, person, section, changes, answer)
    tester.agrees(person, "an adjustment has changed what it says")
    return answer


def final_balances(tester, person, section, changes, answer):
    """Each changed variant has one final balance, under whatever name."""
    told = answer.content().get("final_balances")
    good = isinstance(told, list) and all(isinstance(row, dict) for row in told)
    if not tester.checks.that(good, "final balances are listed", answer):
        return
    listed = {variant_of(row): [v for v in row.values() if integer(v)] for row in told}
    right = all(person.stock.sections[section][v] in listed.get(v, []) for v in changes)
    tester.checks.that(right and len(told) == len(changes), "final balances are right", answer)


def chapter_adjusting(tester):
    """The administrator alone adjusts, with a reason, and never below zero."""
    owner = tester.new_user("user")
    first, second = tester.things(2)
    adjust(tester, owner, "main", {first: 5, second: 7})
    adjust(tester, owner, "main", {first: -2, second: 1})
    adjust(tester, owner, "trade", {first: 3})
    adjust(tester, owner, "trade", {first: -3})
    for reason in ("r" * 10, "r" * 500, "ж" * 500):
        adjust(tester, owner, "main", {first: 1}, reason=reason)
    good = adjustment(owner, "main", {first: 1})
    for person in (owner, tester.other, tester.moderator, tester.service):
        answer = tester.api.post("/admin/inventory/adjust", person.token, good)
        tester.refused(answer, 403, "adjusting without the role", person=owner)
    below_zero(tester, owner, first, second)
    bad_adjustments(tester, owner, first, good)


def below_zero(tester, owner, first, second):
    """First is six and second is eight in main; nothing goes below zero."""
    main = owner.stock.positive("main")
    for changes, missing in (
        ({first: -main[first] - 1}, {first: (main[first] + 1, main[first])}),
        ({second: 1, first: -1000}, {first: (1000, main[first])}),
        (
            {first: -1000, second: -1000},
            {first: (1000, main[first]), second: (1000, main[second])},
        ),
    ):
        data = adjustment(owner, "main", changes)
        answer = tester.api.post("/admin/inventory/adjust", tester.admin.token, data)
        tester.short_of(answer, missing, "an adjustment below zero", owner)
    data = adjustment(owner, "main", {first: 1 - main[first]})
    data["items"] *= 2
    answer = tester.api.post("/admin/inventory/adjust", tester.admin.token, data)
    tester.refused(answer, 400, "below zero in two rows", "insufficient_items", owner)
    adjust(tester, owner, "main", {first: -main[first]})


def bad_adjustments(tester, owner, thing, good):
    path = "/admin/inventory/adjust"
    for value in (0, 1.5, "1", None, True, -(2**63) - 1) + HUGE:
        change = {"items": [thing.row(quantity_change=value)]}
        what = f"the change {value!r}"
        send_bad(tester, owner, path, tester.admin, good, what, change)
    for value in ("", "r", "r" * 9, "r" * 501, None, 5):
        what = f"a reason of {value!r}"[:40]
        send_bad(tester, owner, path, tester.admin, good, what, {"reason": value})
    for value in BAD_UUIDS:
        send_bad(tester, owner, path, tester.admin, good, "a bad user id", {"user_id": value})
    for what, change in (
        ("an unknown section", {"section": "attic"}),
        ("no items", {"items": []}),
        ("an item without a change", {"items": [thing.row()]}),
        ("an unknown member", {"surprise": 1}),
    ):
        send_bad(tester, owner, path, tester.admin, good, what, change)
    missing_members(tester, owner, path, tester.admin, good)
    broken_bodies(tester, owner, path, tester.admin, good)


def chapter_audit(tester):
    """The audit shows an adjustment with its reason and request id, to the administrator."""
    owner = tester.new_user("user")
    (thing,) = tester.things(1)
    reason = f"counted again, see note {uuid.uuid4().hex}"
    answer = adjust(tester, owner, "main", {thing: 2}, reason=reason)
    entry = audit_entry(tester, answer.header("X-Request-ID"))
    tester.checks.that(entry is not None, "the audit has the request id of an adjustment", answer)
    tester.checks.that(reason in (entry or ""), f"the audit entry has the reason: {entry}")
    tester.checks.that(
        tester.admin.id in (entry or "") or tester.admin.login in (entry or ""),
        f"the audit entry names who adjusted: {entry}",
    )
    for person in (owner, tester.moderator, tester.service):
        answer = tester.api.get("/api/v1/audit", person.token)
        tester.checks.that(answer.status == 403, "the audit is for the administrator", answer)
    answer = tester.api.get("/api/v1/audit")
    tester.checks.that(answer.status == 401, "the audit needs a token", answer)


def audit_entry(tester, request_id, pages=100):
    """Page through the audit to the entry with a request id; return it as text."""
    path = "/api/v1/audit?limit=100"
    for _ in range(pages):
        answer = tester.api.get(path, tester.admin.token)
        tester.checks.that(answer.status == 200, "the administrator reads the audit", answer)
        content = answer.content()
        entries = next((value for value in content.values() if isinstance(value, list)), [])
        for entry in entries:
            text = json.dumps(entry, ensure_ascii=False)
            if request_id and request_id in text:
                return text
        path = next_page(content, answer)
        if path is None:
            break
    return None


def next_page(content, answer):
    """The next page is told by a cursor in the body or by a link."""
    if content.get("next_cursor"):
        return f"/api/v1/audit?limit=100&cursor={quote(str(content['next_cursor']), safe='')}"
    link = re.search(r'<([^>]*)>;\s*rel="?next"?', answer.header("Link") or "")
    if link is None:
        return None
    parts = urlsplit(link.group(1))
    return f"{parts.path}?{parts.query}"


def chapter_past(tester):
    """Instants between the steps show what was owned at each of them."""
    owner = tester.new_user("user")
    first, second = tester.things(2)
    moments = []

    def remember():
        moments.append((instant(), copy.deepcopy(owner.stock)))

    remember()
    tester.add(owner, "main", {first: 5})
    remember()
    tester.add(owner, "main", {first: 3, second: 1})
    remember()
    reservation, _ = tester.reserve(owner, {first: 4, second: 1})
    remember()
    tester.give_back(owner, reservation, {first: 4, second: 1})
    remember()
    reservation, _ = tester.reserve(owner, {first: 8})
    remember()
    tester.consume(owner, reservation, {first: 8})
    remember()
    adjust(tester, owner, "main", {second: -1})
    remember()
    tester.agrees(owner, "everything is gone in the end")
    for at, stock in moments:
        for section in SECTIONS:
            answer = tester.inventory(owner, section, at)
            tester.holds(answer, stock.positive(section), f"{section} at {at}")
    other_instants(tester, owner, *moments[2])


def other_instants(tester, owner, at, stock):
    """Another zone names the same instant, long ago is empty, nonsense is 400."""
    moment = datetime.fromisoformat(at.replace("Z", "+00:00"))
    elsewhere = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    answer = tester.inventory(owner, at=elsewhere.isoformat(timespec="milliseconds"))
    tester.holds(answer, stock.positive("main"), "the same instant in another zone")
    answer = tester.inventory(owner, at="2001-01-01T00:00:00Z")
    tester.holds(answer, {}, "long before anything")
    for nonsense in ("yesterday", "2024-13-01T00:00:00Z", "2024-02-30T00:00:00Z"):
        answer = tester.inventory(owner, at=nonsense)
        tester.refused(answer, 400, f"the instant {nonsense}")


def chapter_daily_balances(tester):
    """Today has the present balance, yesterday has nothing of a new user."""
    owner = tester.new_user("user")
    first, second = tester.things(2)
    tester.add(owner, "main", {first: 1037})
    tester.add(owner, "main", {first: 4})
    tester.add(owner, "trade", {second: 2053})
    today = utc_now().date()
    yesterday = today - timedelta(days=1)
    for section, thing, quantity in (("main", first, 1041), ("trade", second, 2053)):
        answer = daily(tester, owner, yesterday, today, section)
        content = answer.content()
        told = day_tells(content, str(today), thing.item_id, quantity)
        tester.checks.that(answer.status == 200 and told, f"{today} tells {quantity}", answer)
        told = day_tells(content, str(yesterday), thing.item_id, quantity)
        tester.checks.that(not told, f"{yesterday} tells nothing", answer)
        answer = daily(tester, tester.other, yesterday, today, section)
        mine = answer.status == 200 and thing.item_id not in answer.body.decode("utf-8", "replace")
        tester.checks.that(mine, "the days tell the caller's balances only", answer)
    answer = daily(tester, owner, yesterday, today, "attic")
    tester.refused(answer, 400, "days of an unknown section", "invalid_section")
    for start, end in ((today, yesterday), ("x", today), (yesterday, "2024-02-30")):
        answer = daily(tester, owner, start, end, "main")
        tester.refused(answer, 400, f"days from {start} to {end}")


def daily(tester, person, start, end, section):
    query = urlencode({"from": start, "to": end, "section": section})
    return tester.api.get(f"/inventory/daily-balances?{query}", person.token)


def objects_in(value):
    """All JSON objects in a value, the outer ones first."""
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for entry in inner:
        yield from objects_in(entry)


def day_tells(content, day, item_id, quantity):
    """Some object of the given day has the item with the quantity."""
    of_day = []
    for entry in objects_in(content):
        of_day += [value for name, value in entry.items() if name == day]
        dated = any(isinstance(value, str) and value[:10] == day for value in entry.values())
        if dated and entry is not content:
            of_day.append(entry)
    return any(
        row.get("item_id") == item_id and quantity in row.values()
        for part in of_day
        for row in objects_in(part)
    )


# --------------------------------------------------------------------------
# Chapters: tokens
# --------------------------------------------------------------------------


def encode_part(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode("utf-8")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_part(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def signed(header, payload, key):
    """Make a token with a key of one's own."""
    text = f"{encode_part(header)}.{encode_part(payload)}"
    return f"{text}.{encode_part(hmac.new(key, text.encode(), hashlib.sha256).digest())}"


def forged_tokens(token, admin_token):
    """Well-formed tokens whose signature does not fit."""
    head, body, signature = token.split(".")
    header, payload = decode_part(head), decode_part(body)
    unsigned = encode_part({**header, "alg": "none"})
    yield "alg none", f"{unsigned}.{body}."
    yield "alg none with the signature", f"{unsigned}.{body}.{signature}"
    yield "another alg", f"{encode_part({**header, 'alg': 'HS512'})}.{body}.{signature}"
    yield "the administrator's payload", f"{head}.{admin_token.split('.')[1]}.{signature}"
    yield "the administrator's signature", f"{head}.{body}.{admin_token.split('.')[2]}"
    yield "a changed role", f"{head}.{encode_part({**payload, 'role': 'admin'})}.{signature}"
    later = {**payload, "exp": int(time.time()) + 10**9}
    yield "a later end", f"{head}.{encode_part(later)}.{signature}"
    yield "a cut signature", token[:-6]
    changed = ("B" if signature[0] == "A" else "A") + signature[1:]
    yield "a changed signature", f"{head}.{body}.{changed}"
    yield "another kid", f"{encode_part({**header, 'kid': 'other'})}.{body}.{signature}"
    own = {**header, "alg": "HS256"}
    for key in (b"", b"secret"):
        yield "a key of one's own", signed(own, payload, key)
    past = {**payload, "exp": int(time.time()) - 7200, "iat": int(time.time()) - 14400}
    yield "an expired look-alike", signed(own, past, b"secret")


def protected_requests(owner, thing):
    """One proper request for every route that needs a token."""
    operation = {"user_id": owner.id, "operation_id": new_id()}
    items = rows({thing: 1})
    day = utc_now().date()
    yield "GET", "/inventory", None
    yield "GET", f"/inventory/daily-balances?from={day}&to={day}&section=main", None
    yield "GET", f"/inventory/reservation/{new_id()}", None
    yield "POST", "/inventory/reserve", {**operation, "items": items}
    yield "POST", "/inventory/return-reserve", operation
    yield "POST", "/inventory/consume-reserve", operation
    yield "POST", "/inventory/add-items", {
        **operation, "section": "main", "operation_type": "system_reward", "items": items,
    }
    yield "POST", "/admin/inventory/adjust", adjustment(owner, "main", {thing: 1})


def refused_everywhere(tester, owner, token, what, code=None):
    (thing,) = tester.things(1)
    for method, path, data in protected_requests(owner, thing):
        answer = tester.api.call(method, path, token, data)
        tester.refused(answer, 401, f"{path} with {what}", code)
    tester.agrees(owner, f"{what} moves nothing")


def chapter_tokens(tester):
    """Missing and forged tokens are 401 with their codes on every route."""
    owner = tester.new_user("user")
    (thing,) = tester.things(1)
    tester.add(owner, "main", {thing: 3})
    refused_everywhere(tester, owner, None, "no token", "missing_token")
    for what, token in forged_tokens(owner.token, tester.admin.token):
        refused_everywhere(tester, owner, token, what, "invalid_token_signature")
    for header in ("Bearer x", "Bearer a.b.c", "Bearer ..", f"Basic {owner.token}",
                   f"Bearer {owner.token}{'A' * 5000}", f"Bearer {owner.refresh_token}"):
        refused_everywhere(tester, owner, header, "an unusable token")


def chapter_revoked(tester):
    """A token is revoked within two seconds after its session has ended."""
    owner = tester.new_user("user")
    session = tester.sign_in(owner.login, owner.password)
    answer = tester.api.post("/api/v1/auth/logout", session["access_token"])
    tester.checks.that(answer.status in (200, 204), "a session can be ended", answer)
    time.sleep(2.1)
    refused_everywhere(tester, owner, session["access_token"], "a revoked token", "token_revoked")


def chapter_login_port(tester):
    """A token of the login port opens the inventory, which the port itself lacks."""
    gate = Api(tester.arguments.login, tester.checks)
    service = tester.service
    session = tester.sign_in(service.login, service.password, gate, "/auth/login")
    answer = tester.api.get("/inventory", session["access_token"])
    tester.holds(answer, service.stock.positive("main"), "a token of the login port is good")
    answer = gate.get("/inventory", session["access_token"])
    tester.checks.that(answer.status == 404, "the login port has no inventory", answer)
    gate.close()


# --------------------------------------------------------------------------
# Chapters: merch
# --------------------------------------------------------------------------


def chapter_merch(tester):
    """What is bought at the shop lies in the inventory until it is consumed."""
    customer, shop_token = tester.new_merch_customer()
    cup, pen = merch_variant(tester, "cup"), merch_variant(tester, "pen")
    for code, variant in (("cup", cup), ("cup", cup), ("pen", pen), ("cup", cup)):
        answer = tester.api.get(f"/api/buy/{code}", shop_token)
        tester.checks.that(answer.status == 200, f"a {code} is bought", answer)
        customer.stock.add("main", {variant: 1})
    answer = tester.inventory(customer)
    tester.holds(answer, customer.stock.positive("main"), "bought things are in the inventory")
    classes = {row.get("item_class") for row in answer.content().get("items", [])}
    tester.checks.that(classes == {"merch"}, "bought things are merch", answer)
    shop_tells(tester, shop_token, {"cup": 3, "pen": 1})
    reservation, _ = tester.reserve(customer, {cup: 2})
    check_reservation(tester, customer, reservation["operation_id"], {cup: 2})
    shop_tells(tester, shop_token, {"cup": 3, "pen": 1})
    tester.give_back(customer, reservation, {cup: 2})
    tester.agrees(customer, "merch can be returned")
    shop_tells(tester, shop_token, {"cup": 3, "pen": 1})
    reservation, _ = tester.reserve(customer, {cup: 2, pen: 1})
    tester.consume(customer, reservation, {cup: 2, pen: 1})
    tester.agrees(customer, "merch can be consumed")
    shop_tells(tester, shop_token, {"cup": 1})
    data = {"user_id": customer.id, "operation_id": new_id(), "items": rows({cup: 2, pen: 1})}
    answer = tester.api.post("/inventory/reserve", customer.token, data)
    tester.short_of(answer, {cup: (2, 1), pen: (1, 0)}, "consumed merch", customer)
    tester.api.get("/api/buy/pen", shop_token)
    customer.stock.add("main", {pen: 1})
    tester.agrees(customer, "merch can be bought again")
    shop_tells(tester, shop_token, {"cup": 1, "pen": 1}, coins=1000 - 3 * 20 - 2 * 10)


def merch_variant(tester, code):
    found = [
        item["id"]
        for item in tester.catalogue.values()
        if item["code"] == code and code_of(item["class"]) == "merch"
    ]
    if not tester.checks.that(len(found) == 1, f"the catalogue has one merch item {code}"):
        raise Stopped(f"no {code}")
    return standard(found[0])


def shop_tells(tester, shop_token, expected, coins=1000 - 3 * 20 - 10):
    """The shop counts what was bought and not consumed."""
    answer = tester.api.get("/api/info", shop_token)
    content = answer.content()
    told = {row.get("type"): row.get("quantity") for row in content.get("inventory", [])}
    tester.checks.that(told == expected, f"the shop counts {expected}", answer)
    tester.checks.that(content.get("coins") == coins, f"the shop tells {coins} coins", answer)


# --------------------------------------------------------------------------
# Chapters: many at once and many times
# --------------------------------------------------------------------------


def reservations(person, items, count=THREADS):
    """Requests to reserve the same items under different operation ids."""
    for _ in range(count):
        data = {"user_id": person.id, "operation_id": new_id(), "items": items}
        yield "/inventory/reserve", person.token, data


def won(tester, answers, expected, what):
    """Exactly so many succeed; all the others are short of items."""
    good = [answer for answer in answers if answer.status == 200]
    tester.checks.that(len(good) == expected, f"{what}: {expected} succeed, not {len(good)}")
    for answer in answers:
        if answer.status != 200:
            tester.refused(answer, 400, f"{what}: the others are short", "insufficient_items")


def chapter_last_things(tester):
    """Many reserve the last few things; as many succeed as there are."""
    owner = tester.new_user("user")
    first, second = tester.things(2)
    tester.add(owner, "main", {first: 5})
    answers = all_at_once(tester, list(reservations(owner, rows({first: 1}))))
    won(tester, answers, 5, "five things")
    owner.stock.reserve({first: 5})
    tester.agrees(owner, "five things are reserved once")
    tester.add(owner, "main", {first: 5, second: 7})
    one_way = list(reservations(owner, rows({first: 1, second: 1}), THREADS // 2))
    other_way = list(reservations(owner, rows({second: 1, first: 1}), THREADS // 2))
    answers = all_at_once(tester, [pair for both in zip(one_way, other_way) for pair in both])
    won(tester, answers, 5, "five pairs, named both ways")
    owner.stock.reserve({first: 5, second: 5})
    tester.agrees(owner, "five pairs are reserved once")


def chapter_taking_both_ways(tester):
    """Adjustments downwards and reservations share what is there."""
    owner = tester.new_user("user")
    (thing,) = tester.things(1)
    tester.add(owner, "main", {thing: 6})
    half = THREADS // 2
    down = ("/admin/inventory/adjust", tester.admin.token, adjustment(owner, "main", {thing: -1}))
    answers = all_at_once(tester, [down] * half + list(reservations(owner, rows({thing: 1}), half)))
    won(tester, answers, 6, "six things, taken both ways")
    owner.stock.add("main", {thing: -sum(answer.status == 200 for answer in answers[:half])})
    owner.stock.reserve({thing: sum(answer.status == 200 for answer in answers[half:])})
    tester.agrees(owner, "what was taken both ways is accounted for")


def chapter_same_operation(tester):
    """One operation sent by many at once is one operation."""
    owner = tester.new_user("user")
    (thing,) = tester.things(1)
    data = tester.addition(owner, "main", {thing: 100})
    request = ("/inventory/add-items", tester.service.token, data)
    same_answers(tester, all_at_once(tester, [request] * THREADS), "one addition")
    owner.stock.add("main", {thing: 100})
    tester.agrees(owner, "one addition sent many times adds once")
    (request,) = reservations(owner, rows({thing: 3}), 1)
    same_answers(tester, all_at_once(tester, [request] * THREADS), "one reservation")
    owner.stock.reserve({thing: 3})
    tester.agrees(owner, "one reservation sent many times reserves once")
    race_to_close(tester, owner, thing, request[2]["operation_id"])
    race_for_an_id(tester, owner, thing)


def same_answers(tester, answers, what):
    for answer in answers:
        tester.checks.that(
            answer.status == 200 and answer.content() == answers[0].content(),
            f"{what} has one answer",
            answer,
        )


def race_to_close(tester, owner, thing, operation_id):
    """Of returning and consuming at once one kind wins wholly."""
    data = {"user_id": owner.id, "operation_id": operation_id}
    requests = [
        (f"/inventory/{how}-reserve", owner.token, data)
        for _ in range(THREADS // 2)
        for how in ("return", "consume")
    ]
    answers = all_at_once(tester, requests)
    returns, consumptions = answers[0::2], answers[1::2]
    returned = returns[0].status == 200
    winners, losers = (returns, consumptions) if returned else (consumptions, returns)
    same_answers(tester, winners, "the faster ending")
    for answer in losers:
        tester.refused(answer, 409, "the slower ending", "reservation_closed")
    (owner.stock.give_back if returned else owner.stock.consume)({thing: 3})
    tester.agrees(owner, "a reservation ends once")


def race_for_an_id(tester, owner, thing):
    """Different contents under one operation id: one is done, the rest conflict."""
    operation_id = new_id()
    requests = [
        (
            "/inventory/add-items",
            tester.service.token,
            tester.addition(owner, "main", {thing: quantity}, operation_id),
        )
        for quantity in range(1, THREADS + 1)
    ]
    answers = all_at_once(tester, requests)
    done = [number for number, answer in enumerate(answers, 1) if answer.status == 200]
    tester.checks.that(len(done) == 1, f"one content wins an operation id, not {len(done)}")
    for answer in answers:
        if answer.status != 200:
            tester.refused(answer, 409, "every other content", "operation_conflict")
    owner.stock.add("main", {thing: sum(done)})
    tester.agrees(owner, "one content of an operation id counts")


def chapter_fixed_operations(tester):
    """Operations replayed a hundred times with the demo item move nothing."""
    owner = tester.new_user("user")
    thing = standard(DEMO_ITEM)
    added, add_answer = tester.add(owner, "main", {thing: 10})
    kept, keep_answer = tester.reserve(owner, {thing: 2})
    returned, return_answer = tester.reserve(owner, {thing: 3})
    closing = {"user_id": owner.id, "operation_id": returned["operation_id"]}
    close_answer = tester.give_back(owner, returned, {thing: 3})
    consumed, consume_answer = tester.reserve(owner, {thing: 1})
    ending = {"user_id": owner.id, "operation_id": consumed["operation_id"]}
    end_answer = tester.consume(owner, consumed, {thing: 1})
    for path, token, data, first in (
        ("/inventory/add-items", tester.service.token, added, add_answer),
        ("/inventory/reserve", owner.token, kept, keep_answer),
        ("/inventory/reserve", owner.token, returned, return_answer),
        ("/inventory/return-reserve", owner.token, closing, close_answer),
        ("/inventory/reserve", owner.token, consumed, consume_answer),
        ("/inventory/consume-reserve", owner.token, ending, end_answer),
    ):
        answers = [tester.api.post(path, token, data) for _ in range(REPLAYS)]
        same_answers(tester, [first] + answers, f"{path} replayed {REPLAYS} times")
        tester.agrees(owner, f"{path} replayed {REPLAYS} times moves nothing")


# --------------------------------------------------------------------------
# Running
# --------------------------------------------------------------------------

CHAPTERS = (
    chapter_sections,
    chapter_variants,
    chapter_items,
    chapter_prefix,
    chapter_methods,
    chapter_roles,
    chapter_adding,
    chapter_bad_additions,
    chapter_giant_quantities,
    chapter_reserving,
    chapter_unknown_reservations,
    chapter_shortage,
    chapter_bad_reservations,
    chapter_expiry,
    chapter_adjusting,
    chapter_audit,
    chapter_past,
    chapter_daily_balances,
    chapter_tokens,
    chapter_revoked,
    chapter_login_port,
    chapter_merch,
    chapter_last_things,
    chapter_taking_both_ways,
    chapter_same_operation,
    chapter_fixed_operations,
)


def run(name, step, tester):
    """Run one step; whatever stops it counts as one failure."""
    try:
        step()
    except Exception as error:  # A broken service must not stop the other chapters.
        tester.checks.that(False, f"{name} stopped: {error!r}")
        tester.api.close()
        return False
    return True


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", required=True, help="address of the API")
    parser.add_argument("--login", required=True, help="address of the login port")
    parser.add_argument("--admin", required=True, help="name of the administrator")
    parser.add_argument("--admin-password-file", required=True)
    return parser.parse_args()


def main():
    checks = Checks()
    tester = Tester(read_arguments(), checks)
    if run("preparation", tester.prepare, tester):
        for chapter in CHAPTERS:
            run(chapter.__name__, lambda: chapter(tester), tester)
    print(f"{checks.done} checks, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
