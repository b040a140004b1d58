#!/usr/bin/env python3
"""A newcomer's test of the coin shop, from its published contract alone.

The program talks to the shop through a small HTTP/1.1 layer of its own over
plain sockets.  It keeps a model of what every person must own and compares
`GET /api/info` with that model after every step.  All names are fresh in
every run, so it may be run any number of times against the same service.
"""

import argparse
import base64
import hashlib
import hmac
import json
import random
import re
import select
import socket
import sys
import threading
import time
import unicodedata
import uuid
from collections import Counter
from urllib.parse import quote, urlsplit

PRICES = {
    "t-shirt": 80,
    "cup": 20,
    "book": 50,
    "pen": 10,
    "powerbank": 200,
    "hoody": 300,
    "umbrella": 200,
    "socks": 10,
    "wallet": 50,
    "pink-hoody": 500,
}
START_COINS = 1000
DOCUMENTED_STATUSES = {200, 400, 401, 429, 500, 503}
TOO_FEW_COINS = "insufficient balance: not enough coins"
HISTORY_LIMIT = 1000
TIMEOUT_SECONDS = 30
PATIENCE_FOR_LIMITS = 6


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


def one_line(text, limit=400):
    """Shorten a text to one printable line and hide passwords in it."""
    text = re.sub(r'("password"\s*:\s*")[^"]*', r"\1***", text)
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text[: 2 * limit])
    return text if len(text) <= limit else text[:limit] + "…"


# --------------------------------------------------------------------------
# HTTP over raw sockets
# --------------------------------------------------------------------------


class BrokenAnswer(Exception):
    """The peer broke the rules of HTTP or closed the connection too early."""


class Answer:
    """One answer together with a short description of its request."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body
        self.request = ""

    def header(self, name):
        return self.headers.get(name.lower())

    def json(self):
        """Return the decoded JSON body, or None if it is not JSON."""
        try:
            return json.loads(self.body.decode("utf-8"))
        except ValueError:
            return None

    def shown(self):
        return f"{self.request} -> {self.status} {one_line(self.body.decode('utf-8', 'replace'))}"


class Wire:
    """One keep-alive connection that is opened again when the peer ends it."""

    def __init__(self, base):
        parts = urlsplit(base)
        self.host = parts.hostname
        self.port = parts.port or 80
        self._socket = None
        self._buffer = b""
        self.opened = 0

    def close(self):
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._buffer = b""

    def exchange(self, pieces, method):
        """Write one request, possibly in several pieces, and read its answer."""
        self._ready()
        self._write(pieces)
        return self._read_answer(method)

    def pipeline(self, requests):
        """Write several GET requests at once and read all their answers."""
        self._ready()
        self._write([b"".join(requests)])
        return [self._read_answer("GET") for _ in requests]

    def request_bytes(self, method, path, headers, body):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        lines += [f"{name}: {value}" for name, value in headers]
        head = "\r\n".join(lines) + "\r\n\r\n"
        return head.encode("utf-8") + body

    def _ready(self):
        """Open the connection unless a usable one is at hand.

        An idle connection that has become readable was closed by the peer, so
        it is replaced before the next request and no request is sent twice.
        """
        if self._socket is not None and select.select([self._socket], [], [], 0)[0]:
            self.close()
        if self._socket is None:
            self._socket = socket.create_connection((self.host, self.port), TIMEOUT_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.opened += 1

    def _write(self, pieces):
        """Write all pieces; a peer that stops reading may still have answered."""
        try:
            for number, piece in enumerate(pieces):
                if number:
                    time.sleep(0.02)
                self._socket.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            return

    def _more(self):
        if self._socket is None:
            raise BrokenAnswer("the connection was closed before a pipelined answer")
        try:
            data = self._socket.recv(65536)
        except OSError as error:
            self.close()
            raise BrokenAnswer(f"reading failed: {error}") from error
        if not data:
            self.close()
            raise BrokenAnswer("the connection was closed in the middle of an answer")
        self._buffer += data

    def _take_line(self):
        while b"\r\n" not in self._buffer:
            self._more()
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line.decode("latin-1")

    def _take(self, count):
        while len(self._buffer) < count:
            self._more()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def _take_until_close(self):
        try:
            while True:
                self._more()
        except BrokenAnswer:
            return b""

    def _take_chunks(self):
        body = b""
        while True:
            size = int(self._take_line().split(";")[0], 16)
            if size == 0:
                while self._take_line():
                    continue
                return body
            body += self._take(size)
            self._take(2)

    def _read_head(self):
        match = re.fullmatch(r"HTTP/1\.[01] (\d{3})( .*)?", self._take_line())
        if not match:
            self.close()
            raise BrokenAnswer("the status line is not HTTP/1.1")
        headers = {}
        while line := self._take_line():
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return int(match.group(1)), headers

    def _read_body(self, method, status, headers):
        if method == "HEAD" or status in (204, 304):
            return b""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._take_chunks()
        if "content-length" in headers:
            return self._take(int(headers["content-length"]))
        return self._take_until_close()

    def _read_answer(self, method):
        status, headers = self._read_head()
        while 100 <= status < 200:
            status, headers = self._read_head()
        body = self._read_body(method, status, headers)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, body)


class Shop:
    """The shop's routes over one connection, with the checks all answers owe."""

    def __init__(self, base, checks):
        self.wire = Wire(base)
        self.checks = checks

    def call(self, method, path, token=None, data=None, raw=None, headers=(), split=False,
             outside=False):
        """Send one request and return its answer.

        `data` is sent as JSON, `raw` as it is.  `outside` marks requests whose
        statuses the shop's own list does not cover (404, 405, other groups).
        """
        body = self._body(data, raw)
        sent_headers = list(headers)
        if token is not None:
            sent_headers.append(("Authorization", token if " " in token else f"Bearer {token}"))
        if data is not None:
            sent_headers.append(("Content-Type", "application/json"))
        if body or method == "POST":
            sent_headers.append(("Content-Length", str(len(body))))
        packed = self.wire.request_bytes(method, path, sent_headers, body)
        pieces = self._pieces(packed) if split else [packed]
        answer = self._patiently(pieces, method, f"{method} {path} {self._shown_body(body)}")
        self._check_common(answer, method, outside)
        return answer

    def chunked(self, path, token, data):
        """POST a JSON body in chunks, without a Content-Length."""
        text = json.dumps(data).encode("utf-8")
        parts = [text[:5], text[5:]]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        headers = [("Authorization", f"Bearer {token}"), ("Transfer-Encoding", "chunked")]
        packed = self.wire.request_bytes("POST", path, headers, body)
        answer = self._patiently([packed], "POST", f"POST {path} chunked {text.decode()}")
        self._check_common(answer, "POST", False)
        return answer

    def pipelined(self, *paths_and_tokens):
        """Send several GET requests in one write and return their answers."""
        requests = [
            self.wire.request_bytes("GET", path, [("Authorization", f"Bearer {token}")], b"")
            for path, token in paths_and_tokens
        ]
        answers = self.wire.pipeline(requests)
        for answer, (path, _) in zip(answers, paths_and_tokens):
            answer.request = f"GET {path} (pipelined)"
            self._check_common(answer, "GET", False)
        return answers

    @staticmethod
    def _body(data, raw):
        if data is not None:
            return json.dumps(data).encode("utf-8")
        return raw or b""

    @staticmethod
    def _shown_body(body):
        return one_line(body[:1000].decode("utf-8", "replace"), 200)

    @staticmethod
    def _pieces(packed):
        third = max(1, len(packed) // 3)
        return [packed[:third], packed[third : 2 * third], packed[2 * third :]]

    def _patiently(self, pieces, method, description):
        """Wait as told when the shop limits the rate; nothing was done then."""
        for _ in range(PATIENCE_FOR_LIMITS):
            answer = self.wire.exchange(pieces, method)
            answer.request = description
            if answer.status != 429:
                break
            delay = answer.header("Retry-After") or ""
            self.checks.that(delay.isdigit(), "429 carries Retry-After in seconds", answer)
            self.checks.that(
                answer.header("RateLimit") and answer.header("RateLimit-Policy"),
                "429 carries RateLimit and RateLimit-Policy",
                answer,
            )
            time.sleep(min(int(delay), 60) if delay.isdigit() else 1)
        return answer

    def _check_common(self, answer, method, outside):
        self.checks.that(answer.header("X-Request-ID"), "every answer has X-Request-ID", answer)
        if outside:
            return
        self.checks.that(
            answer.status in DOCUMENTED_STATUSES, "the status is a documented one", answer
        )
        if answer.status >= 400 and method != "HEAD":
            check_error_shape(self.checks, answer)


def check_error_shape(checks, answer):
    """An error of the shop is JSON with the text in `errors`."""
    content = answer.json()
    good = isinstance(content, dict) and isinstance(content.get("errors"), str)
    checks.that(good and content["errors"], 'an error is {"errors": text}', answer)
    media_type = (answer.header("Content-Type") or "").split(";")[0].strip()
    checks.that(media_type == "application/json", "an error is application/json", answer)


# --------------------------------------------------------------------------
# The model
# --------------------------------------------------------------------------


class Person:
    """What one registered person must own according to the contract."""

    def __init__(self, name, password, token):
        self.name = name
        self.password = password
        self.token = token
        self.coins = START_COINS
        self.inventory = {}
        self.received = []
        self.sent = []

    def buys(self, item):
        self.coins -= PRICES[item]
        self.inventory[item] = self.inventory.get(item, 0) + 1

    def sends(self, other, amount):
        self.coins -= amount
        other.coins += amount
        self.sent.append((other.name, amount))
        other.received.append((self.name, amount))

    def expected_info(self):
        return {
            "coins": self.coins,
            "inventory": [
                {"type": item, "quantity": count} for item, count in self.inventory.items()
            ],
            "coinHistory": {
                "received": [
                    {"fromUser": name, "amount": amount}
                    for name, amount in self.received[-HISTORY_LIMIT:]
                ],
                "sent": [
                    {"toUser": name, "amount": amount}
                    for name, amount in self.sent[-HISTORY_LIMIT:]
                ],
            },
        }


def canonical(value):
    """A text that is equal for equal JSON values; 5 and 5.0 stay different."""
    return json.dumps(value, sort_keys=True)


def new_name(prefix="newcomer"):
    return f"{prefix}-{uuid.uuid4().hex}"


def new_password():
    return uuid.uuid4().hex


class Newcomer:
    """Runs the steps of the tests and compares every step with the model."""

    def __init__(self, arguments, checks):
        self.arguments = arguments
        self.checks = checks
        self.shop = Shop(arguments.base, checks)

    # ---- steps ----

    def register(self, name=None, password=None):
        name, password = name or new_name(), password or new_password()
        answer = self.shop.call("POST", "/api/auth", data={"username": name, "password": password})
        token = self.token_of(answer, "an unknown name is registered")
        person = Person(name, password, token)
        self.agrees(person, "a new person owns 1000 coins and nothing else")
        return person

    def token_of(self, answer, what):
        content = answer.json()
        token = content.get("token") if isinstance(content, dict) else None
        good = answer.status == 200 and isinstance(token, str) and token.count(".") == 2
        self.checks.that(good, f"{what} and gets a token", answer)
        if not good:
            raise BrokenAnswer(f"no token for {answer.request}")
        return token

    def agrees(self, person, what):
        """Compare what the shop tells about a person with the model."""
        answer = self.shop.call("GET", "/api/info", token=person.token)
        self.compare(answer, person, what)
        return answer

    def compare(self, answer, person, what):
        expected = person.expected_info()
        same = answer.status == 200 and canonical(answer.json()) == canonical(expected)
        self.checks.that(
            same, f"{what}; expected {one_line(json.dumps(expected, ensure_ascii=False))}", answer
        )

    def send(self, sender, receiver, amount, **more):
        answer = self.shop.call(
            "POST",
            "/api/sendCoin",
            token=sender.token,
            data={"toUser": receiver.name, "amount": amount},
            **more,
        )
        if self.is_done(answer, "coins are sent"):
            sender.sends(receiver, amount)
        return answer

    def send_and_compare(self, sender, receiver, amount):
        self.send(sender, receiver, amount)
        self.agrees(sender, "the sender's info follows a transfer")
        self.agrees(receiver, "the receiver's info follows a transfer")

    def buy(self, person, item):
        answer = self.shop.call("GET", f"/api/buy/{item}", token=person.token)
        if self.is_done(answer, f"{item} is bought"):
            person.buys(item)
        self.agrees(person, f"the info follows the purchase of {item}")

    def is_done(self, answer, what):
        """A successful change is 200 with an empty body."""
        self.checks.that(answer.status == 200, what, answer)
        if answer.status == 200:
            self.checks.that(answer.body == b"", f"{what} with an empty body", answer)
        return answer.status == 200

    # ---- refusals ----

    def refused(self, answer, status, what, *people):
        """The answer refuses, and the infos of all people are unchanged."""
        self.checks.that(answer.status == status, f"{what} is {status}", answer)
        for person in people:
            self.agrees(person, f"{what} changes nothing")

    def refused_send(self, sender, receiver, raw, what):
        answer = self.shop.call("POST", "/api/sendCoin", token=sender.token, raw=raw)
        self.refused(answer, 400, what, sender, receiver)

    def refused_for_coins(self, answer, what, *people):
        self.refused(answer, 400, what, *people)
        content = answer.json()
        text = content.get("errors") if isinstance(content, dict) else None
        self.checks.that(
            TOO_FEW_COINS in str(text), f"{what} says that coins are missing", answer
        )

    def sent_or_refused(self, sender, receiver, raw, what):
        """A transfer of one coin that a shop may take or refuse, but not half."""
        answer = self.shop.call("POST", "/api/sendCoin", token=sender.token, raw=raw)
        self.checks.that(answer.status in (200, 400), f"{what} is 200 or 400", answer)
        if answer.status == 200:
            sender.sends(receiver, 1)
        for person in (sender, receiver):
            self.agrees(person, f"{what} is done wholly or not at all")


# --------------------------------------------------------------------------
# Chapters: registration
# --------------------------------------------------------------------------


def chapter_registration(newcomer):
    """Names and passwords of all permitted kinds are registered and signed in."""
    tail = uuid.uuid4().hex
    longest = "n" * (255 - len(tail)) + tail
    for name in (f"{tail}@example.com", f"Продавец-{tail}", f"o'neil {tail}", longest):
        person = newcomer.register(name=name)
        sign_in_again(newcomer, person)
    newcomer.register(name=new_name(), password="x")
    newcomer.register(name=new_name(), password="p" * 256)
    newcomer.register(name=new_name(), password="пароль")
    one_character_name(newcomer)
    normalised_name(newcomer, tail)


def sign_in_again(newcomer, person):
    """A known name with its password gets a token for the same account."""
    credentials = {"username": person.name, "password": person.password, "remember": True}
    answer = newcomer.shop.call("POST", "/api/auth", data=credentials)
    person.token = newcomer.token_of(answer, "a known name signs in, extra members are ignored")
    newcomer.agrees(person, "signing in again changes nothing")


def one_character_name(newcomer):
    """One character is a name; its password follows from it, for later runs."""
    character = chr(random.randrange(0x20000, 0x2A6D0))
    credentials = {"username": character, "password": f"password {ord(character)}"}
    answer = newcomer.shop.call("POST", "/api/auth", data=credentials)
    newcomer.token_of(answer, "a name of one character signs in")


def normalised_name(newcomer, tail):
    """A decomposed spelling is the composed name or refused, never a second account."""
    composed = newcomer.register(name=f"Zoé-{tail}")
    spelling = unicodedata.normalize("NFD", composed.name)
    credentials = {"username": spelling, "password": new_password()}
    answer = newcomer.shop.call("POST", "/api/auth", data=credentials)
    newcomer.checks.that(
        answer.status in (400, 401), "a decomposed name is not a second account", answer
    )


def chapter_registration_refusals(newcomer):
    """Bad names, bad passwords and broken bodies register nobody."""
    name, password = new_name(), new_password()
    for credentials in bad_credentials(name, password):
        answer = newcomer.shop.call("POST", "/api/auth", data=credentials)
        newcomer.refused(answer, 400, "an unusable name or password")
    for what, raw in broken_bodies(b'"username":"%s"' % name.encode(), b'"password":"abc"'):
        answer = newcomer.shop.call("POST", "/api/auth", raw=raw)
        newcomer.refused(answer, 400, f"signing in with {what}")
    person = newcomer.register(name=name, password=password)
    wrong_passwords(newcomer, person)


def bad_credentials(name, password):
    """Members that are empty, missing, mistyped, too long or unprintable."""
    yield {}
    yield {"username": name}
    yield {"password": password}
    for nothing in ("", None, 5, True, 1.5, [], ["x"], {}):
        yield {"username": nothing, "password": password}
        yield {"username": name, "password": nothing}
    for control in ("\x00", "\x01", "\n", "\x1f", "\x7f"):
        yield {"username": f"{name}{control}", "password": password}
    yield {"username": "n" * 256, "password": password}
    yield {"username": "я" * 128, "password": password}
    yield {"username": name, "password": "p" * 257}
    yield {"Username": name, "Password": password}
    yield [name, password]


def wrong_passwords(newcomer, person):
    for wrong in (person.password + "x", person.password.upper() + "!"):
        credentials = {"username": person.name, "password": wrong}
        answer = newcomer.shop.call("POST", "/api/auth", data=credentials)
        newcomer.refused(answer, 401, "a wrong password", person)
    sign_in_again(newcomer, person)


# --------------------------------------------------------------------------
# Chapters: transfers and purchases
# --------------------------------------------------------------------------


def chapter_ring(newcomer):
    """Ten people send random amounts around a ring, both ways, and buy."""
    ring = [newcomer.register() for _ in range(10)]
    for step in (1, 1, -1):
        for place, sender in enumerate(ring):
            receiver = ring[(place + step) % len(ring)]
            newcomer.send_and_compare(sender, receiver, random.randint(1, 60))
    buy_everything(newcomer, ring)
    buy_in_own_order(newcomer, ring[1])
    for person in ring:
        newcomer.agrees(person, "every info of the ring is right at the end")
    newcomer.checks.that(
        sum(person.coins for person in ring) + sum(map(spent, ring)) == 10 * START_COINS,
        "coins and purchases of the ring add up to what it began with",
    )


def spent(person):
    return sum(PRICES[item] * count for item, count in person.inventory.items())


def buy_everything(newcomer, ring):
    """One person is given enough to buy every item once, in a random order."""
    buyer = ring[0]
    for giver in ring[2:]:
        if buyer.coins < sum(PRICES.values()) + 60:
            newcomer.send_and_compare(giver, buyer, 300)
    items = random.sample(sorted(PRICES), len(PRICES))
    for item in items:
        newcomer.buy(buyer, item)
    newcomer.buy(buyer, "pen")
    newcomer.buy(buyer, items[-1] if PRICES[items[-1]] <= buyer.coins else "socks")


def buy_in_own_order(newcomer, person):
    """A later purchase of an item raises its row and leaves the order alone."""
    for item in ("socks", "cup", "socks", "book", "cup", "pen", "socks"):
        newcomer.buy(person, item)


def chapter_refused_transfers(newcomer):
    """Every documented refusal of a transfer leaves both infos unchanged."""
    sender, receiver = newcomer.register(), newcomer.register()
    newcomer.send_and_compare(sender, receiver, 5)
    for raw_amount in BAD_AMOUNTS:
        raw = b'{"toUser":"%s","amount":%s}' % (receiver.name.encode(), raw_amount)
        newcomer.refused_send(sender, receiver, raw, f"the amount {raw_amount.decode()}")
    for data in bad_transfers(sender, receiver):
        raw = json.dumps(data).encode()
        newcomer.refused_send(sender, receiver, raw, "a transfer with a bad member")
    for amount in (sender.coins + 1, 10**12, 2**63 - 1):
        data = {"toUser": receiver.name, "amount": amount}
        answer = newcomer.shop.call("POST", "/api/sendCoin", token=sender.token, data=data)
        newcomer.refused_for_coins(answer, "a transfer of too many coins", sender, receiver)


BAD_AMOUNTS = (
    b"0", b"-1", b"-0", b"1.5", b"0.5", b'"5"', b'""', b"null", b"true", b"false", b"[]", b"[1]",
    b"{}", b"9223372036854775808", b"18446744073709551617", b"1" + b"0" * 40,
    b"-9223372036854775809", b"1e30", b"1e400", b"-1e400",
)


def bad_transfers(sender, receiver):
    """Transfers whose recipient or members are not what the contract asks for."""
    yield {}
    yield {"toUser": receiver.name}
    yield {"amount": 1}
    yield {"to_user": receiver.name, "amount": 1}
    for name in ("", None, 5, True, [receiver.name], {"name": receiver.name}):
        yield {"toUser": name, "amount": 1}
    yield {"toUser": new_name("nobody"), "amount": 1}
    yield {"toUser": receiver.name + "\x00", "amount": 1}
    yield {"toUser": "' OR '1'='1", "amount": 1}
    yield {"toUser": sender.name, "amount": 1}
    yield [{"toUser": receiver.name, "amount": 1}]


def chapter_refused_purchases(newcomer):
    """Unknown items, wrong methods and empty purses buy nothing."""
    person, friend = newcomer.register(), newcomer.register()
    for item in ("unknown", "CUP", "cup%20", "cups", "%00", quote("чашка"), "0"):
        answer = newcomer.shop.call("GET", f"/api/buy/{item}", token=person.token)
        newcomer.refused(answer, 400, f"buying the unknown item {item}", person)
    newcomer.buy(person, "pink-hoody")
    newcomer.send_and_compare(person, friend, 495)
    for item in PRICES:
        answer = newcomer.shop.call("GET", f"/api/buy/{item}", token=person.token)
        newcomer.refused_for_coins(answer, f"buying {item} with 5 coins", person)
    newcomer.send_and_compare(friend, person, 5)
    newcomer.buy(person, "pen")
    newcomer.checks.that(person.coins == 0, "the last coin can be spent")
    answer = newcomer.shop.call("GET", "/api/buy/pen", token=person.token)
    newcomer.refused_for_coins(answer, "buying without any coin", person)
    wrong_methods(newcomer, friend)


def wrong_methods(newcomer, person):
    """Wrong methods are 405 with Allow, unknown paths are 404, nothing moves."""
    wrong = (
        ("HEAD", "/api/buy/cup", "GET"),
        ("POST", "/api/buy/cup", "GET"),
        ("DELETE", "/api/buy/cup", "GET"),
        ("POST", "/api/info", "GET"),
        ("GET", "/api/sendCoin", "POST"),
        ("GET", "/api/auth", "POST"),
    )
    for method, path, allowed in wrong:
        answer = newcomer.shop.call(method, path, token=person.token, outside=True)
        newcomer.refused(answer, 405, f"{method} {path}", person)
        allow = re.split(r"\s*,\s*", answer.header("Allow") or "")
        newcomer.checks.that(allowed in allow, f"405 allows {allowed}", answer)
        newcomer.checks.that(method not in allow, f"405 does not allow {method}", answer)
        if method != "HEAD":
            check_error_shape(newcomer.checks, answer)
    for path in ("/api/buy/cup/extra",):
        answer = newcomer.shop.call("GET", path, token=person.token, outside=True)
        newcomer.refused(answer, 404, f"the unknown path {path}", person)
        check_error_shape(newcomer.checks, answer)


# --------------------------------------------------------------------------
# Chapters: bodies
# --------------------------------------------------------------------------


def broken_bodies(first, second):
    """Bodies that are not one proper JSON object in UTF-8.

    `first` and `second` are two written members that would be a proper request
    if they stood in braces, so that a careless reader would carry it out.
    """
    both = first + b"," + second
    good = b"{" + both + b"}"
    yield "an empty body", b""
    yield "only spaces", b" \r\n\t "
    for text in (b"null", b"true", b"5", b'"text"', b"[]", b"[" + good + b"]"):
        yield f"{text[:6].decode()} instead of an object", text
    for cut in (1, 2, len(first), len(good) - 1):
        yield f"a body cut after {cut} bytes", good[:cut]
    yield "a trailing comma", b"{" + both + b",}"
    yield "a leading comma", b"{," + both + b"}"
    yield "no comma", b"{" + first + b" " + second + b"}"
    yield "a semicolon", b"{" + first + b";" + second + b"}"
    yield "single quotes", good.replace(b'"', b"'")
    yield "unquoted names", re.sub(rb'"(\w+)":', rb"\1:", good)
    yield "an equals sign", good.replace(b":", b"=")
    yield "a comment", b"{/* now */" + both + b"}"
    yield "a line comment", b"// now\n" + good
    yield "text after the object", good + b"x"
    yield "a second object", good + good
    yield "a second bracket", good + b"}"
    yield "a wrong bracket", b"{" + both + b"]"
    yield "NaN in it", b"{" + both + b',"x":NaN}'
    yield "Infinity in it", b"{" + both + b',"x":-Infinity}'
    yield "True in it", b"{" + both + b',"x":True}'
    yield "a leading zero", b"{" + both + b',"x":01}'
    yield "a plus sign", b"{" + both + b',"x":+1}'
    yield "a bare point", b"{" + both + b',"x":1.}'
    yield "a hexadecimal number", b"{" + both + b',"x":0x1}'
    yield "an unknown escape", b"{" + both + b',"x":"\\x41"}'
    yield "a cut escape", b"{" + both + b',"x":"\\u12"}'
    yield "a raw line break in a text", b"{" + both + b',"x":"a\nb"}'
    yield "a raw NUL in a text", b"{" + both + b',"x":"a\x00b"}'
    yield "a NUL after the object", good + b"\x00"
    yield "a NUL before the object", b"\x00" + good
    yield "a form instead of JSON", b"toUser=a&amount=1&username=a&password=b"
    for name, octets in WRONG_UTF8:
        yield f"{name} in it", b"{" + both + b',"x":"' + octets + b'"}'
    yield "UTF-16", good.decode("utf-8").encode("utf-16")
    yield "a member twice", b"{" + both + b"," + second + b"}"
    yield "a member twice with another value", b"{" + second.split(b":")[0] + b":2," + both + b"}"
    yield "the first member twice", b"{" + first + b"," + both + b"}"
    yield "a member twice, once escaped", b"{" + escaped_name(second) + b"," + both + b"}"
    for depth in (2000, 30000):
        yield f"{depth} open brackets", b"[" * depth
        yield f"{depth} nested lists", b"[" * depth + b"]" * depth
        yield f"{depth} nested objects", b'{"a":' * depth + b"1" + b"}" * depth


WRONG_UTF8 = (
    ("a lone continuation byte", b"\x80"),
    ("a cut sequence", b"\xd0"),
    ("an overlong slash", b"\xc0\xaf"),
    ("an overlong NUL", b"\xc0\x80"),
    ("a surrogate", b"\xed\xa0\x80"),
    ("a code beyond Unicode", b"\xf4\x90\x80\x80"),
    ("the byte FF", b"\xff"),
    ("Latin-1", "é".encode("latin-1")),
)


def escaped_name(member):
    """Write the first letter of a member's name as an escape."""
    return b'"\\u%04x' % member[1] + member[2:]


def chapter_broken_bodies(newcomer):
    """Broken bodies of many kinds are 400 and move no coin."""
    sender, receiver = newcomer.register(), newcomer.register()
    to_user = b'"toUser":"%s"' % receiver.name.encode()
    for what, raw in broken_bodies(to_user, b'"amount":1'):
        newcomer.refused_send(sender, receiver, raw, what)
    for octets in (octets for _, octets in WRONG_UTF8):
        raw = b'{"toUser":"%s%s","amount":1}' % (receiver.name.encode(), octets)
        newcomer.refused_send(sender, receiver, raw, "a recipient in wrong UTF-8")


def chapter_large_bodies(newcomer):
    """Bodies over 64 KB are refused in the shop's dialect, or done wholly."""
    sender, receiver = newcomer.register(), newcomer.register()
    name = receiver.name.encode()
    for size in (70_000, 1_000_000, 5_000_000):
        filler = b"x" * size
        newcomer.refused_send(sender, receiver, filler, f"{size} letters")
        raw = b'{"toUser":"%s","amount":1}' % filler
        newcomer.refused_send(sender, receiver, raw, f"a recipient of {size} letters")
        raw = b'{"toUser":"%s","amount":%s}' % (name, b"1" * size)
        newcomer.refused_send(sender, receiver, raw, f"an amount of {size} digits")
        raw = b'{"username":"%s","password":"%s"}' % (new_name().encode(), filler)
        answer = newcomer.shop.call("POST", "/api/auth", raw=raw)
        newcomer.refused(answer, 400, f"a password of {size} letters")
        raw = b'{"toUser":"%s","amount":1,"extra":"%s"}' % (name, filler)
        newcomer.sent_or_refused(sender, receiver, raw, f"an extra member of {size} letters")
        raw = b'{"toUser":"%s","amount":1}%s' % (name, b" " * size)
        newcomer.sent_or_refused(sender, receiver, raw, f"{size} spaces after the object")
    for depth in (500, 20_000):
        nest = b"[" * depth + b"]" * depth
        raw = b'{"toUser":"%s","amount":1,"extra":%s}' % (name, nest)
        newcomer.sent_or_refused(sender, receiver, raw, f"an extra member {depth} lists deep")


def chapter_permitted_bodies(newcomer):
    """Unusual but proper requests are carried out."""
    sender, receiver = newcomer.register(), newcomer.register()
    name = receiver.name
    permitted = (
        json.dumps({"toUser": name, "amount": 1, "note": {"a": [1, None, "x"]}}),
        f'\r\n\t {{ "amount" : 1 ,\n "toUser" : "{name}" }}\n',
        f'{{"toUser":"\\u{ord(name[0]):04x}{name[1:]}","amount":1}}',
        json.dumps({"toUser": name, "amount": 1, "Amount": 7, "toUsers": ["x"]}),
    )
    for raw in permitted:
        for headers in ((), (("Content-Type", "text/plain"),)):
            answer = newcomer.shop.call(
                "POST", "/api/sendCoin", token=sender.token, raw=raw.encode(), headers=headers
            )
            if newcomer.is_done(answer, "a proper body in unusual dress is accepted"):
                sender.sends(receiver, 1)
            newcomer.agrees(sender, "one coin is sent")
            newcomer.agrees(receiver, "one coin is received")


def chapter_idempotency(newcomer):
    """A key given with a transfer makes its repetition harmless."""
    sender, receiver = newcomer.register(), newcomer.register()
    key = (("Idempotency-Key", str(uuid.uuid4())),)
    newcomer.send(sender, receiver, 7, headers=key)
    for _ in range(5):
        data = {"toUser": receiver.name, "amount": 7}
        answer = newcomer.shop.call(
            "POST", "/api/sendCoin", token=sender.token, data=data, headers=key
        )
        newcomer.is_done(answer, "a repeated transfer gets the first answer")
        newcomer.agrees(sender, "a repeated transfer is not sent twice")
        newcomer.agrees(receiver, "a repeated transfer is not received twice")
    data = {"toUser": receiver.name, "amount": 8}
    answer = newcomer.shop.call("POST", "/api/sendCoin", token=sender.token, data=data, headers=key)
    newcomer.refused(answer, 400, "another transfer under a used key", sender, receiver)
    newcomer.send(sender, receiver, 7)
    newcomer.send(sender, receiver, 7)
    newcomer.agrees(sender, "equal transfers without a key are all done")
    newcomer.agrees(receiver, "equal transfers without a key are all received")


# --------------------------------------------------------------------------
# Chapters: connections
# --------------------------------------------------------------------------


def chapter_connections(newcomer):
    """Keep-alive, pipelining, chunks and slow writers are all served."""
    first, second = newcomer.register(), newcomer.register()
    newcomer.send_and_compare(first, second, 3)
    keep_alive(newcomer, first)
    for _ in range(5):
        pipelined_infos(newcomer, first, second)
        pipelined_purchase(newcomer, first)
    data = {"toUser": second.name, "amount": 2}
    answer = newcomer.shop.chunked("/api/sendCoin", first.token, data)
    if newcomer.is_done(answer, "a chunked body is accepted"):
        first.sends(second, 2)
    newcomer.send(first, second, 4, split=True)
    newcomer.agrees(first, "chunked and slow requests are carried out once")
    newcomer.agrees(second, "chunked and slow requests arrive once")


def keep_alive(newcomer, person):
    newcomer.shop.wire.close()
    before = newcomer.shop.wire.opened
    for _ in range(30):
        newcomer.agrees(person, "a kept connection answers the same")
    newcomer.checks.that(
        newcomer.shop.wire.opened == before + 1, "thirty requests use one connection"
    )


def pipelined_infos(newcomer, first, second):
    """Two requests in one write are answered in their order."""
    answers = newcomer.shop.pipelined(("/api/info", first.token), ("/api/info", second.token))
    newcomer.compare(answers[0], first, "the first pipelined answer is the first person's")
    newcomer.compare(answers[1], second, "the second pipelined answer is the second person's")


def pipelined_purchase(newcomer, person):
    """An info that is pipelined after a purchase shows the purchase."""
    answers = newcomer.shop.pipelined(("/api/buy/pen", person.token), ("/api/info", person.token))
    if newcomer.is_done(answers[0], "a pipelined purchase is done"):
        person.buys("pen")
    newcomer.compare(answers[1], person, "a pipelined info follows the purchase")


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


def forged_tokens(token, other_token, public_key):
    """Tokens that resemble a good one and must all be refused."""
    head, body, signature = token.split(".")
    header, payload = decode_part(head), decode_part(body)
    other_payload = decode_part(other_token.split(".")[1])
    for algorithm in ("none", "None", "NONE", "nOnE"):
        unsigned = encode_part({**header, "alg": algorithm})
        yield f"alg {algorithm} without a signature", f"{unsigned}.{body}."
        yield f"alg {algorithm} with the signature", f"{unsigned}.{body}.{signature}"
    for algorithm in ("HS384", "HS512", "RS256", "ES256", ""):
        yield f"alg {algorithm}", f"{encode_part({**header, 'alg': algorithm})}.{body}.{signature}"
    yield "another person's payload", f"{head}.{encode_part(other_payload)}.{signature}"
    for name, value in changed_claims(payload):
        yield f"a changed {name}", f"{head}.{encode_part({**payload, name: value})}.{signature}"
    yield "another person's signature", f"{head}.{body}.{other_token.split('.')[2]}"
    yield "a cut signature", token[:-5]
    yield "half a signature", f"{head}.{body}.{signature[: len(signature) // 2]}"
    yield "no signature", f"{head}.{body}."
    yield "two parts", f"{head}.{body}"
    yield "four parts", f"{token}.{signature}"
    yield "no payload", f"{head}..{signature}"
    changed = ("B" if signature[0] == "A" else "A") + signature[1:]
    yield "a changed signature", f"{head}.{body}.{changed}"
    for kid in ("other", "", "../../../../dev/null", "' OR 1=1 --", 0, None):
        yield f"kid {kid!r}", f"{encode_part({**header, 'kid': kid})}.{body}.{signature}"
    symmetric = {**header, "alg": "HS256"}
    for key in (b"", b"\x00", b"secret", b"changeme", public_key):
        yield "a key of one's own", signed(symmetric, payload, key)
    yield "a key in the header", signed(
        {**symmetric, "jwk": {"kty": "oct", "k": encode_part(b"mine")}}, payload, b"mine"
    )
    elsewhere = {**symmetric, "kid": "/dev/null"}
    yield "an empty key at a kid of one's own", signed(elsewhere, payload, b"")
    expired = {**payload, "exp": int(time.time()) - 7200, "iat": int(time.time()) - 14400}
    yield "an expired look-alike", signed(symmetric, expired, b"secret")
    yield "an expired look-alike with the signature", f"{head}.{encode_part(expired)}.{signature}"
    yield "a token over 4 KB", token + "A" * 5000
    for text in ("x", "a.b.c", "..", "null", "%00", "e30.e30.e30", "." * 100):
        yield f"the token {text[:12]}", text


def changed_claims(payload):
    """Claims changed to something more useful to a thief."""
    yield "exp", int(time.time()) + 10**9
    yield "sub", str(uuid.uuid4())
    yield "jti", str(uuid.uuid4())
    yield "role", "admin"
    yield "iss", f"{payload.get('iss')}x"


def malformed_authorizations(token):
    """Headers that carry a good token in a wrong way, or none."""
    yield "Bearer "
    yield "Bearer  "
    yield f"Basic {token}"
    yield f"Token {token}"
    yield f"Bearer {token} {token}"
    yield f"Bearer {token},{token}"
    yield f"Bearer Bearer {token}"
    yield f'Bearer "{token}"'


def chapter_tokens(newcomer):
    """Missing, malformed and forged tokens are 401 everywhere and move nothing; a bare one is a token."""
    victim, thief = newcomer.register(), newcomer.register()
    refused_token(newcomer, None, "no token", victim, thief)
    for header in malformed_authorizations(victim.token):
        refused_token(newcomer, header, "a malformed authorization", victim, thief)
    newcomer.shop.wire.close()
    for what, token in forged_tokens(victim.token, thief.token, published_key(newcomer)):
        refused_token(newcomer, f"Bearer {token}", what, victim, thief)
    token_without_scheme(newcomer, victim)


def published_key(newcomer):
    """The public key, as a thief would misuse it as a secret; a stand-in if none is published."""
    answer = newcomer.shop.call("GET", "/public-key.pem", outside=True)
    return answer.body if answer.status == 200 and answer.body else b"public"


def refused_token(newcomer, authorization, what, victim, thief):
    """No route that needs a token takes the given authorization."""
    requests = (
        ("GET", "/api/info", None),
        ("GET", "/api/buy/pen", None),
        ("POST", "/api/sendCoin", {"toUser": thief.name, "amount": 1}),
    )
    for method, path, data in requests:
        answer = newcomer.shop.call(method, path, token=authorization, data=data)
        newcomer.refused(answer, 401, f"{method} {path} with {what}")
    newcomer.agrees(victim, f"{what} takes nothing from its victim")
    newcomer.agrees(thief, f"{what} gives nothing to its thief")


def token_without_scheme(newcomer, person):
    headers = (("Authorization", person.token),)
    answer = newcomer.shop.call("GET", "/api/info", headers=headers)
    newcomer.compare(answer, person, "a token without its scheme")


# --------------------------------------------------------------------------
# Chapters: neighbours of the shop
# --------------------------------------------------------------------------


def chapter_sessions(newcomer):
    """Refresh tokens and ended sessions open nothing in the shop."""
    person = newcomer.register()
    session = signed_in(newcomer, newcomer.shop, "/api/v1/auth/login", person.name, person.password)
    answer = newcomer.shop.call("GET", "/api/info", token=session["refresh_token"])
    newcomer.refused(answer, 401, "a refresh token in the shop", person)
    answer = newcomer.shop.call(
        "POST", "/api/v1/auth/logout", token=session["access_token"], outside=True
    )
    newcomer.checks.that(answer.status in (200, 204), "a session can be ended", answer)
    time.sleep(2.1)
    answer = newcomer.shop.call("GET", "/api/info", token=session["access_token"])
    newcomer.refused(answer, 401, "the token of an ended session", person)


def signed_in(newcomer, shop, path, name, password):
    """Sign in outside the shop and return the pair of tokens."""
    member = "email" if "@" in name else "username"
    answer = shop.call("POST", path, data={member: name, "password": password}, outside=True)
    session = answer.json() if answer.status == 200 else None
    good = isinstance(session, dict) and {"access_token", "refresh_token"} <= session.keys()
    newcomer.checks.that(good, "signing in gives a pair of tokens", answer)
    if not good:
        raise BrokenAnswer(f"no session for {answer.request}")
    return session


def chapter_login_port(newcomer):
    """The login port signs people in and serves nothing of the shop."""
    person = newcomer.register()
    gate = Shop(newcomer.arguments.login, newcomer.checks)
    signed_in(newcomer, gate, "/auth/login", person.name, person.password)
    for path in ("/api/info", "/api/buy/pen"):
        answer = gate.call("GET", path, token=person.token, outside=True)
        newcomer.refused(answer, 404, f"{path} at the login port", person)


def chapter_deactivated(newcomer):
    """Somebody whom the administrator deactivated gets no token any more."""
    person = newcomer.register()
    with open(newcomer.arguments.admin_password_file, encoding="utf-8") as file:
        password = file.read().rstrip("\r\n")
    session = signed_in(
        newcomer, newcomer.shop, "/api/v1/auth/login", newcomer.arguments.admin, password
    )
    token = session["access_token"]
    path = f"/api/v1/users?search={quote(person.name)}"
    answer = newcomer.shop.call("GET", path, token=token, outside=True)
    found = [user for user in (answer.json() or {}).get("items", [])
             if user.get("username") == person.name]
    if not newcomer.checks.that(len(found) == 1, "the administrator finds a newcomer", answer):
        return
    path = f"/api/v1/users/{found[0]['id']}"
    answer = newcomer.shop.call("PATCH", path, token=token, data={"is_active": False}, outside=True)
    newcomer.checks.that(answer.status == 200, "the administrator deactivates a person", answer)
    credentials = {"username": person.name, "password": person.password}
    answer = newcomer.shop.call("POST", "/api/auth", data=credentials)
    newcomer.checks.that(answer.status in (400, 401), "a deactivated person is refused", answer)


def chapter_long_history(newcomer):
    """Of more than 1000 transfers the newest 1000 are given, with a link to the rest."""
    sender, receiver, giver = newcomer.register(), newcomer.register(), newcomer.register()
    newcomer.send_and_compare(giver, sender, 100)
    for amount in (2, 3, 4):
        newcomer.send(sender, receiver, amount)
    for _ in range(HISTORY_LIMIT - 3):
        newcomer.send(sender, receiver, 1)
    newcomer.checks.that(
        newcomer.agrees(receiver, "exactly 1000 transfers are all given").header("Link") is None,
        "exactly 1000 transfers need no link",
    )
    for amount in (1, 5):
        newcomer.send(sender, receiver, amount)
    for person in (sender, receiver):
        answer = newcomer.agrees(person, "the newest 1000 transfers are given")
        link = answer.header("Link") or ""
        good = "/api/v1/wallet/history" in link and re.search(r'rel="?next"?', link)
        newcomer.checks.that(good, f"a link leads to older transfers, not {link!r}", answer)


# --------------------------------------------------------------------------
# Chapter: many at once
# --------------------------------------------------------------------------


class Tally:
    """Transfers that the shop confirmed to any of the threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self.rows = []

    def add(self, sender, receiver, amount):
        with self._lock:
            self.rows.append((sender.name, receiver.name, amount))


def chapter_many_at_once(newcomer, threads=16, sends=30):
    """Sixteen threads send both ways between five people."""
    people = [newcomer.register() for _ in range(5)]
    tally = Tally()
    start = threading.Barrier(threads)
    crowd = [
        threading.Thread(target=send_wildly, args=(newcomer, people, tally, start, sends))
        for _ in range(threads)
    ]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    infos = [newcomer.shop.call("GET", "/api/info", token=p.token).json() for p in people]
    for person, info in zip(people, infos):
        check_against_tally(newcomer, person, info, tally)
    total = sum(info["coins"] for info in infos)
    newcomer.checks.that(
        total == START_COINS * len(people), f"the sum of all coins is constant, not {total}"
    )


def send_wildly(newcomer, people, tally, start, sends):
    """One thread with a connection of its own; refusals may only be for coins."""
    shop = Shop(newcomer.arguments.base, newcomer.checks)
    start.wait()
    try:
        for number in range(sends):
            sender, receiver = random.sample(people, 2)
            send_once(newcomer, shop, sender, receiver, tally)
            if number % 3 == 0:
                not_negative(newcomer, shop, sender)
    except (OSError, BrokenAnswer) as error:
        newcomer.checks.that(False, f"a thread lost its connection: {error}")
    finally:
        shop.wire.close()


def send_once(newcomer, shop, sender, receiver, tally):
    amount = random.randint(1, 500)
    data = {"toUser": receiver.name, "amount": amount}
    answer = shop.call("POST", "/api/sendCoin", token=sender.token, data=data)
    if answer.status == 200:
        tally.add(sender, receiver, amount)
        return
    good = answer.status == 400 and TOO_FEW_COINS in answer.body.decode("utf-8", "replace")
    newcomer.checks.that(good, "only missing coins stop one transfer of many", answer)


def not_negative(newcomer, shop, person):
    answer = shop.call("GET", "/api/info", token=person.token)
    content = answer.json()
    coins = content.get("coins") if isinstance(content, dict) else None
    good = isinstance(coins, int) and 0 <= coins <= 5 * START_COINS
    newcomer.checks.that(good, "no balance is negative at any time", answer)


def check_against_tally(newcomer, person, info, tally):
    """Balance and both histories agree with the confirmed transfers."""
    sent = Counter((to, amount) for name, to, amount in tally.rows if name == person.name)
    received = Counter((name, amount) for name, to, amount in tally.rows if to == person.name)
    coins = START_COINS - total_of(sent) + total_of(received)
    history = info["coinHistory"]
    told_sent = Counter((row["toUser"], row["amount"]) for row in history["sent"])
    told_received = Counter((row["fromUser"], row["amount"]) for row in history["received"])
    newcomer.checks.that(info["coins"] >= 0, f"{person.name} owes nothing: {info['coins']}")
    newcomer.checks.that(
        info["coins"] == coins, f"{person.name} must own {coins} coins, not {info['coins']}"
    )
    newcomer.checks.that(told_sent == sent, f"{person.name} has one row per transfer sent")
    newcomer.checks.that(
        told_received == received, f"{person.name} has one row per transfer received"
    )


def total_of(rows):
    return sum(amount * count for (_, amount), count in rows.items())


# --------------------------------------------------------------------------
# Running
# --------------------------------------------------------------------------

CHAPTERS = (
    chapter_registration,
    chapter_registration_refusals,
    chapter_ring,
    chapter_refused_transfers,
    chapter_refused_purchases,
    chapter_broken_bodies,
    chapter_large_bodies,
    chapter_permitted_bodies,
    chapter_idempotency,
    chapter_connections,
    chapter_tokens,
    chapter_sessions,
    chapter_login_port,
    chapter_deactivated,
    chapter_long_history,
    chapter_many_at_once,
)


def run(chapter, newcomer):
    """Run one chapter; whatever stops it counts as one failure."""
    try:
        chapter(newcomer)
    except Exception as error:  # A broken service must not stop the other chapters.
        newcomer.checks.that(False, f"{chapter.__name__} stopped: {error!r}")
        newcomer.shop.wire.close()


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", required=True, help="address of the API")
    parser.add_argument("--login", required=True, help="address of the login port")
    parser.add_argument("--admin", required=True, help="name of the administrator")
    parser.add_argument("--admin-password-file", required=True)
    return parser.parse_args()


def main():
    checks = Checks()
    newcomer = Newcomer(read_arguments(), checks)
    for chapter in CHAPTERS:
        run(chapter, newcomer)
    print(f"{checks.done} checks, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
