#!/usr/bin/env python3
"""A client that walks through the shop's published HTTP contract and reports every departure.

It covers the merch routes completely, and of the v1 routes the sessions, the users, the wallet
and the audit list.  Each failed check prints one line with the request and the answer; the last
line counts the checks, and the exit code is 1 if any of them failed.
"""

import argparse
import base64
import hashlib
import hmac
import json
import math
import re
import secrets
import statistics
import sys
import threading
import time
import unicodedata
import urllib.parse
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPSConnection

PRICES = {
    "t-shirt": 80, "cup": 20, "book": 50, "pen": 10, "powerbank": 200,
    "hoody": 300, "umbrella": 200, "socks": 10, "wallet": 50, "pink-hoody": 500,
}
START_COINS = 1000
HISTORY_ROWS = 1000
INSUFFICIENT = "insufficient balance: not enough coins"
MERCH_STATUSES = {200, 400, 401, 404, 405, 429, 503}
BAD_REQUEST = (400, 422)
ANY_REFUSAL = tuple(range(400, 500))

# These are JSON texts, because several of them cannot be written as a Python value.
AMOUNTS_REFUSED = (
    "0", "-0", "-1", "1.5", "0.5", '"5"', '""', "null", "true", "false", "[]", "[5]", "{}",
    "9223372036854775808", "18446744073709551616", "18446744073709551617",
    "-9223372036854775809", "1" + "0" * 400, "1e400",
)
NOT_JSON = (b"", b"{", b'{"a":', b"not json", b"{'a':1}", b'{"a":1}}', b'{"a":"\xff\xfe"}', b"\x00")
NOT_AN_OBJECT = (b"null", b"true", b"5", b'"text"', b"[]", b"[" * 2000)

PATIENCE_SECONDS = 90
IDLE_SECONDS = 5
TIMEOUT_SECONDS = 30
SHOWN_CHARACTERS = 400


class Report:
    """Counts the checks of all threads and prints one line for each that failed."""

    def __init__(self, secret_texts):
        self.checks = 0
        self.failed = 0
        self._secrets = [text for text in secret_texts if text]
        self._lock = threading.Lock()

    def check(self, right, what, *evidence):
        with self._lock:
            self.checks += 1
            if right:
                return True
            self.failed += 1
            print("FAIL " + what + "".join(" | " + self._shown(item) for item in evidence), flush=True)
            return False

    def expect(self, answer, what, *statuses):
        wanted = " or ".join(map(str, statuses)) if len(statuses) < 10 else "a refusal (4xx)"
        return self.check(answer.status in statuses, f"{what}: expected {wanted}", answer)

    def _shown(self, item):
        text = json.dumps(str(item), ensure_ascii=False)[1:-1]
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return re.sub(r"eyJ[\w-]{6}[\w.-]+", "eyJ…", text)


@dataclass
class Answer:
    """One answer together with what was asked; status 0 means that none arrived."""

    method: str
    path: str
    sent: str
    status: int
    headers: Message
    body: bytes
    seconds: float

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def member(self, name):
        body = self.json()
        return body.get(name) if isinstance(body, dict) else None

    def header(self, name):
        return self.headers.get(name) or ""

    def media_type(self):
        return self.header("Content-Type").split(";")[0].strip().lower()

    def __str__(self):
        text = self.body[:SHOWN_CHARACTERS].decode("utf-8", "replace")
        about = f"{self.method} {self.path[:SHOWN_CHARACTERS]} {self.sent[:SHOWN_CHARACTERS]}"
        return f"{about} -> {self.status} {self.header('Content-Type')} {text}"


MERCH, V1, EITHER = "merch", "v1", "either"
MERCH_PATHS = {"/api/auth", "/api/info", "/api/sendCoin"}


def group_of(path):
    """Says which error dialect a path speaks; paths outside any group speak v1."""
    bare = path.split("?")[0]
    if bare in MERCH_PATHS or bare.startswith("/api/buy/"):
        return MERCH
    if bare.startswith("/api/") and not bare.startswith("/api/v1"):
        return EITHER
    return V1


def is_merch_error(answer):
    body = answer.json()
    return (answer.media_type() == "application/json" and isinstance(body, dict)
            and set(body) == {"errors"} and isinstance(body["errors"], str) and body["errors"] != "")


def is_validation_list(detail):
    return isinstance(detail, list) and detail != [] and all(
        isinstance(entry, dict) and isinstance(entry.get("loc"), list)
        and isinstance(entry.get("msg"), str) and isinstance(entry.get("type"), str)
        for entry in detail)


def is_problem(answer):
    body = answer.json()
    if answer.media_type() != "application/problem+json" or not isinstance(body, dict):
        return False
    texts = all(isinstance(body.get(name), str) and body[name] for name in ("type", "title", "code"))
    detail = body.get("detail")
    right_detail = is_validation_list(detail) if answer.status == 422 else isinstance(detail, str)
    return (texts and right_detail and body.get("status") == answer.status
            and body.get("request_id") == answer.header("X-Request-ID"))


DIALECTS = {
    MERCH: is_merch_error,
    V1: is_problem,
    EITHER: lambda answer: is_merch_error(answer) or is_problem(answer),
}


class Client:
    """Speaks to one base address, judges every answer by the general rules, and waits when told to."""

    def __init__(self, base, report, group=group_of):
        parts = urllib.parse.urlsplit(base)
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host = parts.netloc
        self._prefix = parts.path.rstrip("/")
        self._group = group
        self._local = threading.local()
        self.report = report

    def call(self, method, path, body=None, *, raw=None, token=None, key=None, headers=None,
             content_type="application/json", judged=True):
        """Sends a request, again after a 429, and after a 503 where a repeat cannot act twice."""
        payload = raw if body is None else json.dumps(body, ensure_ascii=False).encode()
        fields = dict(headers or {})
        if payload is not None and content_type:
            fields["Content-Type"] = content_type
        if token is not None:
            fields["Authorization"] = "Bearer " + token
        if key is not None:
            fields["Idempotency-Key"] = key
        repeatable = key is not None or method == "GET" and not path.startswith("/api/buy/")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self._exchange(method, path, payload, fields)
            if judged:
                self._judge(answer)
            if answer.status != 429 and not (answer.status == 503 and repeatable):
                return answer
            wait = retry_after(answer)
            if time.monotonic() + wait > deadline:
                return answer
            time.sleep(wait)

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.call("POST", path, body, **options)

    def _connection(self):
        """Gives this thread's connection, a new one if the old one may have been closed for idleness."""
        now = time.monotonic()
        connection = getattr(self._local, "connection", None)
        if connection is None or now - self._local.used > IDLE_SECONDS:
            if connection is not None:
                connection.close()
            connection = self._local.connection = self._kind(self._host, timeout=TIMEOUT_SECONDS)
        self._local.used = now
        return connection

    def _exchange(self, method, path, payload, fields):
        connection = self._connection()
        sent = (payload or b"").decode("utf-8", "replace")
        if "Idempotency-Key" in fields:
            sent += f" [Idempotency-Key {fields['Idempotency-Key']}]"
        started = time.monotonic()
        try:
            connection.request(method, self._prefix + path, payload, fields)
            response = connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            connection.close()
            return Answer(method, path, sent, 0, Message(), repr(error).encode(), time.monotonic() - started)
        self._local.used = time.monotonic()
        return Answer(method, path, sent, response.status, response.headers, content,
                      self._local.used - started)

    def _judge(self, answer):
        check, group = self.report.check, self._group(answer.path)
        if not check(answer.status > 0, "an answer arrives", answer):
            return
        check(answer.header("X-Request-ID") != "", "X-Request-ID on every answer", answer)
        check(answer.status < 500 or answer.status == 503, "no 5xx other than 503", answer)
        if answer.status in (429, 503):
            check(answer.header("Retry-After") != "", f"Retry-After on {answer.status}", answer)
        if answer.status == 429 and group == V1:
            limits = answer.header("RateLimit") != "" and answer.header("RateLimit-Policy") != ""
            check(limits, "RateLimit and RateLimit-Policy on 429", answer)
        if group == MERCH:
            check(answer.status in MERCH_STATUSES, "only the merch statuses occur", answer)
        if answer.method == "HEAD":
            check(answer.body == b"", "HEAD has no body", answer)
        elif answer.status >= 400:
            check(DIALECTS[group](answer), f"the error speaks the dialect of {group}", answer)
        elif answer.body:
            check(answer.media_type() == "application/json" and answer.json() is not None,
                  "the answer is JSON", answer)


def retry_after(answer):
    value = answer.header("Retry-After")
    return max(0.2, float(value)) if value.isdigit() else 1.0


def at_once(calls):
    """Runs the calls in threads that all start at the same moment, and returns what they return."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def fresh(prefix="u"):
    return f"{prefix}-{secrets.token_hex(8)}"


def new_key():
    return str(uuid.uuid4())


def quoted(text):
    return urllib.parse.quote(text, safe="")


def successes(answers):
    return sum(200 <= answer.status < 300 for answer in answers)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def token_parts(token):
    """Returns header and claims of a signed token, or two empty objects if it is opaque."""
    try:
        header, claims, _ = token.split(".")
        return json.loads(unb64(header)), json.loads(unb64(claims))
    except (ValueError, AttributeError):
        return {}, {}


def forged_tokens(token):
    """Makes tokens out of a genuine one that no service may accept."""
    header, claims, signature = token.split(".")
    head, content = token_parts(token)

    def encoded(value):
        return b64(json.dumps(value).encode())

    def signed(secret):
        text = encoded({**head, "alg": "HS256"}) + "." + claims
        return text + "." + b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())

    other = "A" if signature[0] != "A" else "B"
    past = {**content, "iat": 1_000_000_000, "exp": 1_000_000_900}
    return {
        "changed signature": f"{header}.{claims}.{other}{signature[1:]}",
        "no signature": f"{header}.{claims}.",
        "two parts": f"{header}.{claims}",
        "algorithm none": f"{encoded({**head, 'alg': 'none'})}.{claims}.",
        "algorithm none, old signature": f"{encoded({**head, 'alg': 'none'})}.{claims}.{signature}",
        "unknown kid": f"{encoded({**head, 'kid': 'nobody'})}.{claims}.{signature}",
        "changed subject": f"{header}.{encoded({**content, 'sub': str(uuid.uuid4())})}.{signature}",
        "later expiry": f"{header}.{encoded({**content, 'exp': 9_999_999_999})}.{signature}",
        "expired": f"{header}.{encoded(past)}.{signature}",
        "signed with nothing": signed(b""),
        "signed with a guess": signed(b"secret"),
    }


def refused_authorizations(token):
    """Gives Authorization headers by label that must all be answered with 401; None sends no header."""
    plain = {
        "none": None, "empty": "", "scheme only": "Bearer", "empty token": "Bearer ",
        "other scheme": "Basic " + b64(b"user:password"),
        "not a token": "Bearer abc", "dots": "Bearer ..", "not base64": "Bearer a!.b!.c!",
        "over 4 KB": "Bearer " + "a" * 5000, "two tokens": f"Bearer {token} {token}",
    }
    return plain | {label: "Bearer " + forged for label, forged in forged_tokens(token).items()}


def check_token_claims(report, token, seconds, what):
    """A signed token names its key and carries the required claims, and lives as long as published."""
    header, claims = token_parts(token)
    report.check(header.get("alg") in ("HS256", "EdDSA") and "kid" in header, f"{what}: header", header)
    missing = {"iss", "aud", "sub", "exp", "iat", "jti"} - set(claims)
    if report.check(not missing, f"{what}: required claims", missing):
        report.check(abs(claims["exp"] - claims["iat"] - seconds) <= 60, f"{what}: lifetime", claims)
    report.check(len(token) <= 4096, f"{what}: at most 4 KB", len(token))


# The merch routes: helpers.

@dataclass
class Person:
    """A user of the shop with the merch token and, where needed, the v1 access token."""

    name: str
    password: str
    token: str
    access: str = ""
    id: str = ""


def sign_in(shop, name, password):
    return shop.post("/api/auth", {"username": name, "password": password})


def newcomer(shop, name=None, password=None):
    """Registers a user by a first merch login; a password of eight characters or more suits v1, too."""
    name, password = name or fresh(), password or fresh("password")
    answer = sign_in(shop, name, password)
    shop.report.expect(answer, "a first login registers", 200)
    token = answer.member("token")
    shop.report.check(isinstance(token, str) and token != "", "the login answers with a token", answer)
    return Person(name, password, token or "")


def info(shop, person):
    answer = shop.get("/api/info", token=person.token)
    shop.report.expect(answer, "info", 200)
    return answer.json()


def coins(shop, person):
    return info(shop, person)["coins"]


def send(shop, person, to, amount, key=None):
    return shop.post("/api/sendCoin", {"toUser": to, "amount": amount}, token=person.token, key=key)


def buy(shop, person, item):
    return shop.get("/api/buy/" + quoted(item), token=person.token)


def expect_coins(shop, person, amount, what):
    found = coins(shop, person)
    shop.report.check(found == amount, f"{what}: {amount} coins expected", f"{person.name} has {found}")


def expect_done(shop, answer, what):
    """A movement in merch is answered with 200 and an empty body."""
    return shop.report.check(answer.status == 200 and answer.body == b"", f"{what}: 200, empty body", answer)


def expect_too_few(shop, answer, what):
    told = answer.status == 400 and INSUFFICIENT in str(answer.member("errors"))
    shop.report.check(told, f"{what}: 400 with '{INSUFFICIENT}'", answer)


# The merch routes: login.

def check_first_login_and_empty_info(shop):
    name, password = fresh(), fresh("password")
    first = sign_in(shop, name, password)
    shop.report.expect(first, "first login", 200)
    shop.report.check(set(first.json()) == {"token"}, "the login answers {token}", first)
    person = Person(name, password, first.member("token"))
    empty = {"coins": START_COINS, "inventory": [], "coinHistory": {"received": [], "sent": []}}
    answer = shop.get("/api/info", token=person.token)
    shop.report.check(answer.json() == empty, "a new user has 1000 coins and empty lists", answer)
    shop.report.check("Link" not in answer.headers, "no Link without more rows", answer)
    check_token_claims(shop.report, person.token, 12 * 3600, "merch token")


def check_later_logins(shop):
    person, friend = newcomer(shop), newcomer(shop)
    send(shop, person, friend.name, 1)
    again = sign_in(shop, person.name, person.password)
    shop.report.expect(again, "second login", 200)
    expect_coins(shop, Person(person.name, "", again.member("token")), START_COINS - 1, "no second grant")
    expect_coins(shop, person, START_COINS - 1, "the first token still works")
    for wrong in (person.password + "x", person.password[:-1], person.password.upper()):
        shop.report.expect(sign_in(shop, person.name, wrong), "wrong password", 401)


def names_of_every_kind():
    """Names the contract allows, each new in this run."""
    tail = secrets.token_hex(8)
    return [
        f"anna.{tail}+shop@example.com", f"Анна-{tail}", f"Ёжик Й {tail}", f"名前{tail}", f"😀{tail}",
        f"o'hara \"{tail}\"", f"a/b?c=d&e%20f#{tail}", f"<b>{tail}</b>", f"\\n{tail}",
        tail + "x" * (255 - len(tail)), "ж" * 119 + "-" + tail,
    ]


def check_names_survive_the_way_round(shop):
    sender = newcomer(shop)
    names = names_of_every_kind()
    for name in names:
        receiver = newcomer(shop, name)
        expect_done(shop, send(shop, sender, name, 1), f"send to {name[:40]}")
        received = info(shop, receiver)["coinHistory"]["received"]
        shop.report.check(received == [{"fromUser": sender.name, "amount": 1}], "received by name", received)
        back = send(shop, receiver, sender.name, 1)
        expect_done(shop, back, f"send from {name[:40]}")
    history = info(shop, sender)["coinHistory"]
    shop.report.check(history["sent"] == [{"toUser": name, "amount": 1} for name in names],
                      "names in the history of the sender", history["sent"])
    shop.report.check(history["received"] == [{"fromUser": name, "amount": 1} for name in names],
                      "names in the history of the receiver", history["received"])


def check_name_of_one_character(shop):
    """There are few such names, so a random ideograph with a fixed password may be known already."""
    name = chr(0x4E00 + secrets.randbelow(0x5000))
    shop.report.expect(sign_in(shop, name, "one-character"), "name of one character", 200)
    shop.report.expect(sign_in(shop, "q", "one-character"), "name of one letter", 200, 401)


def check_refused_names(shop):
    tail = secrets.token_hex(8)
    too_long = tail + "x" * (256 - len(tail))
    too_many_bytes = "ж" * 120 + tail
    controls = [f"{tail}{mark}x" for mark in ("\n", "\t", "\r", "\x00", "\x1b", "\x7f", "\x85")]
    for name in [too_long, too_many_bytes, *controls, ""]:
        shop.report.expect(sign_in(shop, name, "password-1"), "refused name", 400)
    lone = b'{"username":"%s\\ud800","password":"password-1"}' % tail.encode()
    shop.report.expect(shop.post("/api/auth", raw=lone), "half a surrogate pair", 400)


def check_decomposed_name(shop):
    """A name that is not NFC is either refused or means the composed name."""
    composed = f"Йёї-{secrets.token_hex(8)}"
    person = newcomer(shop, unicodedata.normalize("NFC", composed))
    expect_done(shop, buy(shop, person, "pen"), "buy before the second login")
    answer = sign_in(shop, unicodedata.normalize("NFD", composed), person.password)
    if shop.report.expect(answer, "decomposed name", 200, 400) and answer.status == 200:
        expect_coins(shop, Person(composed, "", answer.member("token")), START_COINS - 10, "same user")


def check_password_lengths(shop):
    for password in ("p", "п", "p" * 256, "п" * 128, "  ", "пароль 😀"):
        name = fresh()
        shop.report.expect(sign_in(shop, name, password), "allowed password", 200)
        shop.report.expect(sign_in(shop, name, password), "allowed password again", 200)
        changed = password[:-1] + "q"
        shop.report.expect(sign_in(shop, name, changed), "password that differs at its end", 401)
    for password in ("", "p" * 257, "п" * 129):
        shop.report.expect(sign_in(shop, fresh(), password), "refused password", 400)


def check_auth_bodies(shop):
    name = fresh()
    wrong = [{}, {"username": name}, {"password": "p"}, {"Username": name, "Password": "p"}]
    for value in (None, 5, 1.5, True, [], {}, ["x"]):
        wrong += [{"username": value, "password": "password-1"}, {"username": name, "password": value}]
    for body in wrong:
        shop.report.expect(shop.post("/api/auth", body), "missing or mistyped member", 400)
    for raw in NOT_JSON + NOT_AN_OBJECT:
        shop.report.expect(shop.post("/api/auth", raw=raw), "broken JSON or no object", 400)
    shop.report.expect(shop.post("/api/auth"), "no body", 400)


def check_extras_are_ignored(shop):
    extras = {"email": None, "device": {"os": ["x", 1]}, "amounts": 1.5, "note": "y" * 4000, "": True}
    name, password, friend = fresh(), fresh("password"), newcomer(shop)
    answer = shop.post("/api/auth", {**extras, "username": name, "password": password})
    shop.report.expect(answer, "login with unknown members", 200)
    body = {**extras, "toUser": friend.name, "amount": 3}
    sent = shop.post("/api/sendCoin", body, token=answer.member("token"))
    expect_done(shop, sent, "sendCoin with unknown members")
    expect_coins(shop, friend, START_COINS + 3, "after sendCoin with unknown members")


def check_content_type_is_not_required(shop):
    friend = newcomer(shop)
    for kind in (None, "text/plain", "application/x-www-form-urlencoded"):
        login = {"username": fresh(), "password": "password-1"}
        answer = shop.post("/api/auth", login, content_type=kind)
        shop.report.expect(answer, f"login with Content-Type {kind}", 200)
        body = {"toUser": friend.name, "amount": 1}
        sent = shop.post("/api/sendCoin", body, token=answer.member("token"), content_type=kind)
        expect_done(shop, sent, f"sendCoin with Content-Type {kind}")
    expect_coins(shop, friend, START_COINS + 3, "after three transfers")


def check_merch_tokens(shop):
    """The three protected routes refuse whatever is not a genuine token, and nothing moves."""
    person, friend = newcomer(shop), newcomer(shop)
    body = {"toUser": friend.name, "amount": 1}
    for label, value in refused_authorizations(person.token).items():
        headers = {} if value is None else {"Authorization": value}
        for method, path, sent in (("GET", "/api/info", None), ("POST", "/api/sendCoin", body),
                                   ("GET", "/api/buy/pen", None)):
            answer = shop.call(method, path, sent, headers=headers)
            shop.report.expect(answer, f"Authorization: {label}", 401)
    bare = shop.call("GET", "/api/info", headers={"Authorization": person.token})
    shop.report.expect(bare, "Authorization: the token without its scheme", 200)
    expect_coins(shop, person, START_COINS, "after refused tokens")
    expect_coins(shop, friend, START_COINS, "after refused tokens")


# The merch routes: transfers.

def check_transfers_and_their_order(shop):
    """One row per transfer, oldest first, also for equal transfers; nothing else is in the history."""
    first, second, third = newcomer(shop), newcomer(shop), newcomer(shop)
    steps = [(second, 1), (third, 5), (second, 2), (second, 2), (third, 90), (second, 1)]
    for receiver, amount in steps:
        expect_done(shop, send(shop, first, receiver.name, amount), "sendCoin")
    expect_done(shop, send(shop, third, second.name, 7), "sendCoin")
    expect_done(shop, buy(shop, second, "pen"), "buy")
    mine, theirs = info(shop, first), info(shop, second)
    sent = [{"toUser": receiver.name, "amount": amount} for receiver, amount in steps]
    received = [{"fromUser": first.name, "amount": amount} for amount in (1, 2, 2, 1)]
    received.append({"fromUser": third.name, "amount": 7})
    shop.report.check(mine["coinHistory"] == {"received": [], "sent": sent}, "history of the sender", mine)
    shop.report.check(theirs["coinHistory"] == {"received": received, "sent": []},
                      "history of the receiver", theirs)
    for person, amount in ((first, 899), (second, 1003), (third, 1088)):
        expect_coins(shop, person, amount, "after the transfers")


def check_everything_can_be_sent(shop):
    person, friend = newcomer(shop), newcomer(shop)
    expect_too_few(shop, send(shop, person, friend.name, START_COINS + 1), "one coin too many")
    expect_done(shop, send(shop, person, friend.name, START_COINS), "all coins")
    found = info(shop, person)
    wanted = {"coins": 0, "inventory": [],
              "coinHistory": {"received": [], "sent": [{"toUser": friend.name, "amount": START_COINS}]}}
    shop.report.check(found == wanted, "coins is present as 0", found)
    expect_too_few(shop, send(shop, person, friend.name, 1), "no coins left")
    expect_too_few(shop, buy(shop, person, "pen"), "buy with no coins left")


def check_refused_transfers(shop):
    person, friend = newcomer(shop), newcomer(shop)
    refused = [b'{"toUser":%s,"amount":%s}' % (json.dumps(friend.name).encode(), amount.encode())
               for amount in AMOUNTS_REFUSED + ("NaN", "+5", "05", "0x5")]
    bodies = [{}, {"toUser": friend.name}, {"amount": 5}, {"touser": friend.name, "amount": 5}]
    bodies += [{"toUser": value, "amount": 5} for value in ("", None, 5, True, [], {}, [friend.name])]
    bodies += [{"toUser": name, "amount": 5} for name in (person.name, fresh("nobody"), "x" * 300, "a\x00b")]
    refused += [json.dumps(body).encode() for body in bodies]
    for raw in [*refused, *NOT_JSON, *NOT_AN_OBJECT]:
        shop.report.expect(shop.post("/api/sendCoin", raw=raw, token=person.token), "refused transfer", 400)
    shop.report.expect(shop.post("/api/sendCoin", token=person.token), "no body", 400)
    for amount in (2**63 - 1, 2**53, 2**31, 2**32 + 1):
        expect_too_few(shop, send(shop, person, friend.name, amount), "far too few coins")
    for someone in (person, friend):
        found = info(shop, someone)
        untouched = found["coins"] == START_COINS and found["coinHistory"] == {"received": [], "sent": []}
        shop.report.check(untouched, "refused transfers move nothing and leave no row", found)


def check_whole_amounts_written_oddly(shop):
    """1.0 and 1e2 are whole numbers to some readers; either they are refused or moved exactly."""
    person, friend = newcomer(shop), newcomer(shop)
    balance = START_COINS
    for text, amount in ((b"1.0", 1), (b"1e2", 100)):
        raw = b'{"toUser":"%s","amount":%s}' % (friend.name.encode(), text)
        answer = shop.post("/api/sendCoin", raw=raw, token=person.token)
        shop.report.expect(answer, "whole amount with point or exponent", 200, 400)
        balance -= amount if answer.status == 200 else 0
        expect_coins(shop, person, balance, f"after {text.decode()}")


def check_send_idempotency(shop):
    person, friend, other = newcomer(shop), newcomer(shop), newcomer(shop)
    key = new_key()
    for _ in range(3):
        expect_done(shop, send(shop, person, friend.name, 10, key), "the same transfer under one key")
    expect_coins(shop, person, START_COINS - 10, "one key moves once")
    shop.report.expect(send(shop, person, friend.name, 11, key), "one key, other amount", 400)
    shop.report.expect(send(shop, person, other.name, 10, key), "one key, other recipient", 400)
    expect_coins(shop, person, START_COINS - 10, "other content under one key moves nothing")
    expect_done(shop, send(shop, friend, other.name, 10, key), "another user's equal key")
    expect_done(shop, send(shop, person, friend.name, 10, new_key()), "a new key")
    expect_done(shop, send(shop, person, friend.name, 10), "no key")
    found = info(shop, friend)
    wanted = [{"fromUser": person.name, "amount": 10}] * 3
    shop.report.check(found["coinHistory"]["received"] == wanted, "one row per real transfer", found)
    expect_coins(shop, friend, START_COINS + 20, "receiver after the keys")
    for odd in ("", "k" * 300, "k" * 3000, "with space", "\u00e9", '"quoted"'):
        shop.report.expect(send(shop, other, friend.name, 1, odd), "odd key", 200, 400)


def check_one_key_in_many_threads(shop):
    person, friend = newcomer(shop), newcomer(shop)
    key = new_key()
    answers = at_once([lambda: send(shop, person, friend.name, 10, key)] * 10)
    shop.report.check(successes(answers) >= 1, "one of the equal transfers succeeds", *answers[:2])
    for answer in answers:
        shop.report.expect(answer, "equal transfer at the same time", 200, 400, 503)
    expect_coins(shop, person, START_COINS - 10, "one key in ten threads moves once")
    expect_coins(shop, friend, START_COINS + 10, "one key in ten threads moves once")


def check_longest_history(shop):
    """The newest 1000 rows each way are given, and a Link says where the others are."""
    person, friend, giver = newcomer(shop), newcomer(shop), newcomer(shop)
    expect_done(shop, send(shop, giver, person.name, 100), "coins for one transfer more")
    expect_done(shop, send(shop, person, friend.name, 2), "the oldest transfer")
    for _ in range(HISTORY_ROWS - 1):
        if not expect_done(shop, send(shop, person, friend.name, 1), "one of many transfers"):
            return
    for someone in (person, friend):
        answer = shop.get("/api/info", token=someone.token)
        shop.report.check("Link" not in answer.headers, "1000 rows are not more than 1000",
                          answer.header("Link"))
    expect_done(shop, send(shop, person, friend.name, 3), "the transfer after 1000")
    for someone, way, row in ((person, "sent", {"toUser": friend.name}),
                              (friend, "received", {"fromUser": person.name})):
        answer = shop.get("/api/info", token=someone.token)
        wanted = [{**row, "amount": amount} for amount in [1] * (HISTORY_ROWS - 1) + [3]]
        rows = answer.json()["coinHistory"][way]
        shop.report.check(rows == wanted, f"the newest 1000 rows {way}, oldest first",
                          f"{len(rows)} rows, first {rows[:1]}, last {rows[-1:]}")
        check_history_link(shop, someone, answer.header("Link"))


def check_history_link(shop, person, link):
    target = re.search(r'<([^>]*/api/v1/wallet/history\?[^>]*)>\s*;\s*rel="next"', link)
    if shop.report.check(target, 'a Link with rel="next" to the wallet history', repr(link)):
        parts = urllib.parse.urlsplit(target.group(1))
        answer = shop.get(f"{parts.path}?{parts.query}", token=person.token)
        shop.report.expect(answer, "the linked history", 200, 401)


# The merch routes: purchases.

def check_prices_and_inventory_order(shop):
    """Every item costs its price; the inventory is in the order of first purchase, one row per item."""
    rounds = (["pink-hoody", "socks", "hoody", "cup", "socks", "t-shirt", "cup"],
              ["wallet", "umbrella", "pen", "powerbank", "pen", "book", "wallet", "pen"])
    for items in rounds:
        person, balance, counts = newcomer(shop), START_COINS, {}
        for item in items:
            answer = buy(shop, person, item)
            expect_done(shop, answer, f"buy {item}")
            kept = re.search(r"no-store|no-cache|max-age=0", answer.header("Cache-Control"))
            shop.report.check(kept, "a purchase is never cached", answer.header("Cache-Control"))
            balance -= PRICES[item]
            counts[item] = counts.get(item, 0) + 1
            found = info(shop, person)
            shop.report.check(found["coins"] == balance, f"{item} costs {PRICES[item]}", found)
        wanted = [{"type": item, "quantity": quantity} for item, quantity in counts.items()]
        shop.report.check(found["inventory"] == wanted, "inventory in the order of first purchase", found)
        shop.report.check(found["coinHistory"] == {"received": [], "sent": []},
                          "purchases are not in the history of coins", found)


def check_stock_is_unlimited(shop):
    person = newcomer(shop)
    for _ in range(START_COINS // PRICES["pen"]):
        if not expect_done(shop, buy(shop, person, "pen"), "one of a hundred pens"):
            return
    found = info(shop, person)
    shop.report.check((found["coins"], found["inventory"]) == (0, [{"type": "pen", "quantity": 100}]),
                      "a hundred pens for a thousand coins", found)
    for item in PRICES:
        expect_too_few(shop, buy(shop, person, item), f"{item} without coins")


def check_items_in_the_path(shop):
    person = newcomer(shop)
    for path in ("t%2Dshirt", "%63up", "%63%75%70"):
        expect_done(shop, shop.get("/api/buy/" + path, token=person.token), f"percent-encoded {path}")
    left = START_COINS - 80 - 20 - 20
    for path in ("nothing", "CUP", "cup%20", "%20cup", "t-shirt2", "%D1%87%D0%B0%D1%88%D0%BA%D0%B0", "cup%0A",
                 "1", "null", "x" * 1000, "'%20OR%201=1--", "%2525", "cup%3Fx"):
        answer = shop.get("/api/buy/" + path, token=person.token)
        shop.report.expect(answer, "unknown item", 400)
    for path in ("", "cup/", "cup/more", "cup%2Fmore", "cup%00", "%FF%FE", "%zz", "%2E%2E"):
        answer = shop.get("/api/buy/" + path, token=person.token, judged=False)
        shop.report.expect(answer, "a path that is no item", 400, 404)
    expect_coins(shop, person, left, "after unknown items")


# The merch routes: what is not there.

def expect_405(client, method, path, allowed, token):
    answer = client.call(method, path, token=token)
    methods = {name.strip() for name in answer.header("Allow").split(",")}
    client.report.check(answer.status == 405 and allowed in methods and method not in methods,
                        f"405 with Allow: {allowed}", f"Allow: {answer.header('Allow')}", answer)


def check_merch_methods(shop):
    person = newcomer(shop)
    for path, allowed in (("/api/auth", "POST"), ("/api/sendCoin", "POST"),
                          ("/api/info", "GET"), ("/api/buy/cup", "GET")):
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - {allowed}:
            expect_405(shop, method, path, allowed, person.token)
    expect_405(shop, "HEAD", "/api/buy/cup", "GET", person.token)
    found = info(shop, person)
    shop.report.check(found["coins"] == START_COINS and found["inventory"] == [],
                      "a refused method buys nothing", found)


def check_unknown_paths(shop):
    person = newcomer(shop)
    for path in ("/api/nothing", "/api/authentication", "/api/v1/nothing", "/api/v1/wallet/nothing",
                 "/no-such-page", "/API/info"):
        shop.report.expect(shop.get(path, token=person.token), "unknown path", 404)
        shop.report.expect(shop.post(path, {}, token=person.token), "unknown path", 404, 405)


# The merch routes: many at once.

def check_twenty_threads_send_the_same_coins(shop):
    person, friend = newcomer(shop), newcomer(shop)

    def spend():
        return [send(shop, person, friend.name, 100, new_key()) for _ in range(3)]

    answers = [answer for few in at_once([spend] * 20) for answer in few]
    shop.report.check(successes(answers) == 10, "1000 coins are ten times 100", successes(answers))
    for answer in answers:
        if answer.status != 200:
            expect_too_few(shop, answer, "the others get")
    mine, theirs = info(shop, person), info(shop, friend)
    shop.report.check(mine["coins"] == 0 and theirs["coins"] == 2 * START_COINS, "exact sums", mine, theirs)
    rows = len(mine["coinHistory"]["sent"]), len(theirs["coinHistory"]["received"])
    shop.report.check(rows == (10, 10), "ten rows on each side", rows)


def check_twenty_threads_buy_with_the_same_coins(shop):
    """A purchase that got 503 is not repeated, so only without any is the number of successes known."""
    person = newcomer(shop)

    def spend():
        return [buy(shop, person, "powerbank") for _ in range(2)]

    answers = [answer for few in at_once([spend] * 20) for answer in few]
    if all(answer.status != 503 for answer in answers):
        shop.report.check(successes(answers) == 5, "1000 coins are five powerbanks", successes(answers))
    for answer in answers:
        if answer.status == 400:
            expect_too_few(shop, answer, "the others get")
        else:
            shop.report.expect(answer, "buy at the same time", 200, 503)
    found = info(shop, person)
    owned = sum(row["quantity"] for row in found["inventory"])
    shop.report.check(found["coins"] == START_COINS - 200 * owned and owned >= successes(answers)
                      and len(found["inventory"]) == 1, "coins and inventory agree", found)


def check_threads_spend_in_both_ways(shop):
    """Transfers and purchases of one user at the same time never spend a coin twice."""
    person, friend = newcomer(shop), newcomer(shop)
    calls = [lambda: send(shop, person, friend.name, 100, new_key()),
             lambda: buy(shop, person, "wallet")] * 10
    answers = at_once(calls)
    for answer in answers:
        shop.report.expect(answer, "spending at the same time", 200, 400, 503)
    mine, theirs = info(shop, person), info(shop, friend)
    bought = sum(row["quantity"] for row in mine["inventory"])
    given = sum(row["amount"] for row in mine["coinHistory"]["sent"])
    shop.report.check(mine["coins"] == START_COINS - given - 50 * bought >= 0
                      and theirs["coins"] == START_COINS + given, "exact sums", mine, theirs)


def check_transfers_against_each_other(shop):
    """Users who pay each other at the same time neither lock each other out nor lose a coin."""
    people = [newcomer(shop) for _ in range(3)]

    def pay(number):
        giver, taker = people[number % 3], people[(number + 1 + number // 3 % 2) % 3]
        return [send(shop, giver, taker.name, 7, new_key()) for _ in range(5)]

    answers = at_once([lambda number=number: pay(number) for number in range(18)])
    for answer in sum(answers, []):
        expect_done(shop, answer, "transfers against each other")
    found = [info(shop, person) for person in people]
    shop.report.check(sum(each["coins"] for each in found) == 3 * START_COINS, "no coin is lost",
                      [each["coins"] for each in found])
    for each in found:
        sent, received = (sum(row["amount"] for row in each["coinHistory"][way])
                          for way in ("sent", "received"))
        shop.report.check(each["coins"] == START_COINS + received - sent, "coins follow the history", each)


def check_first_logins_at_once(shop):
    for _ in range(5):
        name, password = fresh(), fresh("password")
        answers = at_once([lambda: sign_in(shop, name, password)] * 2)
        for answer in answers:
            shop.report.expect(answer, "two first logins at once", 200)
        buy(shop, Person(name, password, answers[0].member("token")), "pen")
        for answer in answers:
            expect_coins(shop, Person(name, password, answer.member("token")), START_COINS - 10,
                         "both logins mean one user")


def check_first_logins_with_two_passwords(shop):
    name = fresh()
    answers = at_once([lambda: sign_in(shop, name, "password-1"), lambda: sign_in(shop, name, "password-2")])
    statuses = sorted(answer.status for answer in answers)
    shop.report.check(statuses == [200, 401], "one password wins, the other is wrong", *answers)


MERCH_CHECKS = (
    check_first_login_and_empty_info, check_later_logins, check_names_survive_the_way_round,
    check_name_of_one_character, check_refused_names, check_decomposed_name, check_password_lengths,
    check_auth_bodies, check_extras_are_ignored, check_content_type_is_not_required, check_merch_tokens,
    check_transfers_and_their_order, check_everything_can_be_sent, check_refused_transfers,
    check_whole_amounts_written_oddly, check_send_idempotency, check_one_key_in_many_threads,
    check_longest_history, check_prices_and_inventory_order, check_stock_is_unlimited,
    check_items_in_the_path, check_merch_methods, check_unknown_paths,
    check_twenty_threads_send_the_same_coins, check_twenty_threads_buy_with_the_same_coins,
    check_threads_spend_in_both_ways, check_transfers_against_each_other,
    check_first_logins_at_once, check_first_logins_with_two_passwords,
)


# The v1 routes: helpers.

USER_MEMBERS = {"id", "username", "email", "full_name", "role", "is_active", "created_at", "updated_at"}
ROLES = ("user", "moderator", "service", "admin")
EMAILS_REFUSED = ("", "notanemail", "@nodomain.com", "missing@.com")
ACCESS_SECONDS = 15 * 60
REFRESH_SECONDS = 7 * 24 * 3600
GRACE_SECONDS = 10
LOGOUT_SECONDS = 2


def email_of_length(length):
    """Makes an address of the given length, 150 or more, whose parts are each as short as they must be."""
    local = secrets.token_hex(16) + "x" * 30
    labels, rest = [], length - len(local) - len("@.com")
    while rest > 61:
        labels.append("d" * 60)
        rest -= 61
    return f"{local}@{'.'.join([*labels, 'e' * rest])}.com"


def registration(**changes):
    return {"email": f"{fresh()}@example.com", "password": fresh("password"),
            "full_name": "Test Person"} | changes


def login_body(name, password):
    return {"email" if "@" in name else "username": name, "password": password}


def login(api, name, password):
    return api.post("/api/v1/auth/login", login_body(name, password))


def registered(api):
    """Registers a v1 user; returns what was sent and the user that was answered."""
    sent = registration()
    answer = api.post("/api/v1/auth/register", sent)
    api.report.expect(answer, "register", 201)
    return sent, answer.json()


def is_token_pair(answer):
    body = answer.json() or {}
    return (answer.status == 200 and body.get("token_type") == "bearer"
            and isinstance(body.get("expires_in"), int)
            and all(isinstance(body.get(name), str) and body[name]
                    for name in ("access_token", "refresh_token")))


def session(api):
    """Registers a user and logs in; returns the access token, the refresh token and what was registered."""
    sent, _ = registered(api)
    answer = login(api, sent["email"], sent["password"])
    api.report.check(is_token_pair(answer), "login answers a pair of tokens", answer)
    return answer.member("access_token"), answer.member("refresh_token"), sent


def refresh(api, token):
    return api.post("/api/v1/auth/refresh", {"refresh_token": token})


def me(api, token):
    return api.get("/api/v1/auth/me", token=token)


def is_instant(text):
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except (TypeError, ValueError):
        return False


def tells_secrets(value):
    """Says whether a password or a hash is anywhere among the members."""
    if isinstance(value, dict):
        return any(re.search(r"passw|hash|salt", name, re.I) for name in value) or any(
            map(tells_secrets, value.values()))
    return isinstance(value, list) and any(map(tells_secrets, value))


def is_user(body):
    return (isinstance(body, dict) and USER_MEMBERS <= set(body) and not tells_secrets(body)
            and body["role"] in ROLES and isinstance(body["is_active"], bool)
            and is_instant(body["created_at"]) and is_instant(body["updated_at"]))


# The v1 routes: sessions.

def check_registration(api):
    sent, user = registered(api)
    api.report.check(is_user(user), "register answers the user", user)
    right = (user["email"], user["full_name"], user["role"], user["is_active"]) == (
        sent["email"], sent["full_name"], "user", True)
    api.report.check(right, "the user is what was registered", user)
    again = api.post("/api/v1/auth/register", registration(email=sent["email"]))
    api.report.expect(again, "a taken e-mail", 409)
    allowed = [{"password": "p" * 8}, {"password": "p" * 256}, {"full_name": "x"},
               {"full_name": "x" * 100}, {"full_name": "Анна Ёлкина"}, {"email": email_of_length(254)}]
    for changes in allowed:
        body = registration(**changes)
        api.report.expect(api.post("/api/v1/auth/register", body), "allowed registration", 201)
        entered = login(api, body["email"], body["password"])
        api.report.check(is_token_pair(entered), "login after the registration", entered)
    wide = api.post("/api/v1/auth/register", registration(full_name="ж" * 100))
    api.report.expect(wide, "a hundred characters in two hundred bytes", 201, 422)


def check_refused_registrations(api):
    refused = [{"email": email} for email in (*EMAILS_REFUSED, email_of_length(255), email_of_length(400))]
    refused += [{"password": password} for password in ("", "p" * 7, "p" * 257)]
    refused += [{"full_name": name} for name in ("", "x" * 101)]
    for member in ("email", "password", "full_name"):
        refused += [{member: value} for value in (None, 5, True, [], {})]
    for changes in refused:
        answer = api.post("/api/v1/auth/register", registration(**changes))
        api.report.expect(answer, f"refused registration with {str(changes)[:60]}", 422)
    for member in ("email", "password", "full_name"):
        body = registration()
        del body[member]
        answer = api.post("/api/v1/auth/register", body)
        api.report.expect(answer, f"registration without {member}", 422)
    for extra in ({"nickname": "x"}, {"role": "admin"}, {"is_active": True}):
        answer = api.post("/api/v1/auth/register", registration(**extra))
        api.report.expect(answer, "unknown members are refused", *BAD_REQUEST)
    for raw in NOT_JSON + NOT_AN_OBJECT:
        answer = api.post("/api/v1/auth/register", raw=raw)
        api.report.expect(answer, "broken JSON or no object", *BAD_REQUEST)


def check_registrations_at_once(api):
    body = registration()
    answers = at_once([lambda: api.post("/api/v1/auth/register", body)] * 4)
    statuses = sorted(answer.status for answer in answers)
    api.report.check(statuses == [201, 409, 409, 409], "one of equal registrations succeeds", *answers)


def check_logins(api):
    sent, user = registered(api)
    for body in ({"email": sent["email"]}, {"username": user["username"]}):
        answer = api.post("/api/v1/auth/login", {**body, "password": sent["password"]})
        api.report.check(is_token_pair(answer), f"login by {next(iter(body))}", answer)
    api.report.check(answer.member("expires_in") == ACCESS_SECONDS, "access lives 15 minutes", answer)
    check_token_claims(api.report, answer.member("access_token"), ACCESS_SECONDS, "access token")
    _, claims = token_parts(answer.member("refresh_token"))
    if claims:
        check_token_claims(api.report, answer.member("refresh_token"), REFRESH_SECONDS, "refresh token")
    seen = me(api, answer.member("access_token"))
    api.report.check(seen.status == 200 and seen.json() == user, "me is the registered user", seen)
    for body in ({}, {"email": sent["email"]}, {"password": sent["password"]},
                 {"email": 5, "password": sent["password"]}, {"email": sent["email"], "password": None},
                 {"email": sent["email"], "password": sent["password"], "remember": True}):
        refused = api.post("/api/v1/auth/login", body)
        api.report.expect(refused, "incomplete, mistyped or unknown members", *BAD_REQUEST)


def check_unknown_and_wrong_are_alike(api):
    """Neither the text nor the time of the refusal tells whether the user exists."""
    known = [registered(api)[0]["email"] for _ in range(5)]
    wrong = [login(api, email, "wrong-password") for email in known]
    unknown = [login(api, f"{fresh()}@example.com", "wrong-password") for _ in known]
    texts = set()
    for answer in wrong + unknown:
        api.report.expect(answer, "unknown or wrong", 401)
        texts.add(json.dumps({**(answer.json() or {}), "request_id": ""}, sort_keys=True))
    api.report.check(len(texts) == 1, "unknown and wrong have the same text", *sorted(texts))
    slow, quick = sorted((statistics.median(answer.seconds for answer in answers)
                          for answers in (wrong, unknown)), reverse=True)
    api.report.check(slow - quick < max(0.03, slow / 2), "unknown and wrong take the same time",
                     f"{slow:.4f} s and {quick:.4f} s")


def check_merch_user_in_v1(api):
    person = newcomer(api)
    answer = login(api, person.name, person.password)
    api.report.check(is_token_pair(answer), "a merch user logs in to v1 by name", answer)
    seen = me(api, answer.member("access_token"))
    api.report.check(is_user(seen.json()) and seen.member("username") == person.name, "me", seen)


def check_v1_tokens(api):
    access, _, _ = session(api)
    for label, value in (refused_authorizations(access) | {"no scheme": access}).items():
        headers = {} if value is None else {"Authorization": value}
        for path in ("/api/v1/auth/me", "/api/v1/wallet"):
            api.report.expect(api.get(path, headers=headers), f"Authorization: {label}", 401)
    api.report.expect(me(api, access), "the genuine token", 200)


def check_tokens_are_not_interchangeable(api):
    access, renewal, _ = session(api)
    for path in ("/api/v1/auth/me", "/api/v1/wallet", "/api/info", "/api/buy/pen"):
        api.report.expect(api.get(path, token=renewal), "a refresh token is no access token", 401)
    api.report.expect(refresh(api, access), "an access token is no refresh token", *ANY_REFUSAL)
    merch = newcomer(api).token
    api.report.expect(refresh(api, merch), "a merch token is no refresh token", *ANY_REFUSAL)
    for wrong in ("", "x", None, 5, "a" * 5000):
        api.report.expect(refresh(api, wrong), "no refresh token", *ANY_REFUSAL)
    api.report.expect(api.post("/api/v1/auth/refresh", {}), "refresh without a token", *ANY_REFUSAL)


def check_refresh_rotates(api):
    _, renewal, _ = session(api)
    seen = {renewal}
    for _ in range(3):
        answer = refresh(api, renewal)
        api.report.check(is_token_pair(answer), "refresh answers a pair", answer)
        renewal = answer.member("refresh_token")
        api.report.check(renewal not in seen, "refresh gives a new refresh token", answer)
        seen.add(renewal)
        api.report.expect(me(api, answer.member("access_token")), "the new access token", 200)


def check_refresh_grace_and_reuse(api):
    """A lost answer is given again for 10 s; afterwards a used token ends the whole family."""
    _, first, sent = session(api)
    other = login(api, sent["email"], sent["password"])
    new = refresh(api, first)
    repeated = refresh(api, first)
    names = ("access_token", "refresh_token")
    api.report.check(repeated.status == 200 and [repeated.member(name) for name in names] ==
                     [new.member(name) for name in names], "the same new pair within 10 s", new, repeated)
    time.sleep(GRACE_SECONDS + 1.5)
    api.report.expect(refresh(api, first), "a used refresh token after 10 s", 401)
    api.report.expect(refresh(api, new.member("refresh_token")), "its whole family has ended", 401)
    api.report.check(is_token_pair(refresh(api, other.member("refresh_token"))),
                     "another session of the user goes on", other)


def check_refreshes_at_once(api):
    """Equal refreshes at the same moment all get one and the same new pair."""
    _, renewal, _ = session(api)
    answers = at_once([lambda: refresh(api, renewal)] * 5)
    for answer in answers:
        api.report.check(is_token_pair(answer), "refresh at the same time", answer)
    pairs = {answer.member("refresh_token") for answer in answers}
    api.report.check(len(pairs) == 1, "one new pair for all", *answers[:2])


def logout(api, access, renewal):
    """Logs out with an empty body, or with the refresh token if the service asks for it."""
    answer = api.post("/api/v1/auth/logout", token=access)
    if answer.status in BAD_REQUEST:
        answer = api.post("/api/v1/auth/logout", {"refresh_token": renewal}, token=access)
    return answer


def check_logout(api):
    access, renewal, sent = session(api)
    other = login(api, sent["email"], sent["password"])
    api.report.expect(api.post("/api/v1/auth/logout"), "logout without a token", 401)
    api.report.expect(logout(api, access, renewal), "logout", 200, 204)
    time.sleep(LOGOUT_SECONDS)
    for answer in at_once([lambda: me(api, access)] * 16):
        api.report.expect(answer, "the whole pool refuses after logout", 401)
    api.report.expect(api.get("/api/v1/wallet", token=access), "the wallet after logout", 401)
    api.report.expect(refresh(api, renewal), "refresh after logout", 401)
    api.report.expect(me(api, other.member("access_token")), "another session goes on", 200)


def check_login_aliases(api, login_port):
    sent, _ = registered(api)
    body = {"email": sent["email"], "password": sent["password"]}
    wrong = {**body, "password": "wrong-password"}
    for client in (api, login_port):
        answer = client.post("/auth/login", body)
        api.report.check(is_token_pair(answer), "the alias /auth/login", answer)
        api.report.expect(me(api, answer.member("access_token")), "its access token", 200)
        api.report.expect(client.post("/auth/login", wrong), "the alias with a wrong password", 401)
    token = answer.member("access_token")
    for path in ("/api/info", "/api/buy/pen", "/api/v1/users", "/api/v1/wallet", "/users"):
        api.report.expect(login_port.get(path, token=token), "only login routes on the login port", 404)


# The v1 routes: users.

class Desk:
    """The administrator's view: the client together with a token that may do everything."""

    def __init__(self, api, name, password):
        answer = login(api, name, password)
        api.report.check(is_token_pair(answer), "the administrator logs in", answer)
        self.api = api
        self.report = api.report
        self.token = answer.member("access_token") or ""
        self._made = []

    def get(self, path):
        return self.api.get(path, token=self.token)

    def create(self, **changes):
        """Creates a user; returns what was sent and what was answered."""
        sent = registration(**changes)
        answer = self.api.post("/api/v1/users", sent, token=self.token)
        self.report.expect(answer, "the administrator creates a user", 201)
        self._made.append(answer.member("id"))
        return sent, answer.json()

    def patch(self, user, **changes):
        return self.api.call("PATCH", f"/api/v1/users/{user['id']}", changes, token=self.token)

    def delete(self, identifier):
        return self.api.call("DELETE", f"/api/v1/users/{identifier}", token=self.token)

    def clear(self):
        """Deletes the users made here, so that no account with a role is left behind."""
        for identifier in self._made:
            if identifier is not None:
                self.report.expect(self.delete(identifier), "delete what was made", 200, 204, 404)


def user_list(desk, query):
    answer = desk.get("/api/v1/users?" + query)
    desk.report.expect(answer, "the list of users", 200)
    body = answer.json()
    pages = math.ceil(body["total"] / body["limit"])
    right = (set(body) == {"items", "total", "page", "limit", "total_pages"}
             and all(map(is_user, body["items"])) and len(body["items"]) <= body["limit"]
             and body["total_pages"] in (pages, pages or 1))
    desk.report.check(right, "the list has its shape", answer)
    return body


def check_users_list(desk):
    first = user_list(desk, "")
    desk.report.check((first["page"], first["limit"]) == (1, 20), "page 1 and limit 20 by default", first["page"])
    for limit in (1, 100):
        body = user_list(desk, f"limit={limit}")
        desk.report.check(body["limit"] == limit, f"limit {limit}", body["limit"])
    for query in ("limit=101", "limit=0", "limit=-1", "limit=abc", "limit=1.5", "limit=9223372036854775808",
                  "page=0", "page=-1", "page=x"):
        desk.report.expect(desk.get("/api/v1/users?" + query), f"list with {query}", 422)
    for query in ("page=1000000", "page=9223372036854775807", "sort_by=password_hash", "sort_order=sideways",
                  "search=%25%27%5C_", "search=%00", "search=" + "x" * 2000):
        desk.report.expect(desk.get("/api/v1/users?" + query), f"list with {query[:40]}", 200, 400, 404, 422)


def check_users_paging_and_search(desk):
    tag = secrets.token_hex(8)
    made = [desk.create(email=f"{mark}{tag}@example.com", full_name=f"Person {mark} Ж{tag[::-1]}")[1]
            for mark in "cbade"]
    found = []
    for page in (1, 2, 3):
        body = user_list(desk, f"search={tag}&limit=2&page={page}&sort_by=email&sort_order=asc")
        desk.report.check((body["total"], body["total_pages"], body["page"], body["limit"]) == (5, 3, page, 2),
                          "five users on three pages", body)
        found += [user["email"] for user in body["items"]]
    wanted = sorted(user["email"] for user in made)
    desk.report.check(found == wanted, "the pages in order, no user twice or missing", found)
    body = user_list(desk, f"search={tag}&sort_by=email&sort_order=desc")
    desk.report.check([user["email"] for user in body["items"]] == wanted[::-1], "descending", body)
    body = user_list(desk, f"search={tag}&sort_by=created_at&sort_order=asc")
    desk.report.check([user["id"] for user in body["items"]] == [user["id"] for user in made],
                      "in the order of creation", body)
    for word, names in ((quoted("Ж" + tag[::-1]), wanted), (quoted(wanted[0]), wanted[:1]),
                        (secrets.token_hex(12), [])):
        body = user_list(desk, f"search={word}&sort_by=email&sort_order=asc")
        desk.report.check([user["email"] for user in body["items"]] == names, f"search for {word}", body)


def check_one_user(desk):
    sent, user = desk.create()
    desk.report.check(is_user(user) and user["email"] == sent["email"], "the created user", user)
    answer = desk.get(f"/api/v1/users/{user['id']}")
    desk.report.check(answer.status == 200 and answer.json() == user, "the user by id", answer)
    desk.report.expect(desk.get(f"/api/v1/users/{uuid.uuid4()}"), "an unknown user", 404)
    for identifier in ("0", "abc", "-1", "%00", "%27", "9" * 40):
        answer = desk.get("/api/v1/users/" + identifier)
        desk.report.expect(answer, "an id of the wrong kind", 400, 404, 422)
    taken = desk.api.post("/api/v1/users", registration(email=sent["email"]), token=desk.token)
    desk.report.expect(taken, "a taken e-mail", 409)
    for email in EMAILS_REFUSED:
        refused = desk.api.post("/api/v1/users", registration(email=email), token=desk.token)
        desk.report.expect(refused, "a refused e-mail", 422)
    for extra in ({"nickname": "x"}, {"password": "short"}, {"full_name": ""}):
        refused = desk.api.post("/api/v1/users", registration(**extra), token=desk.token)
        desk.report.expect(refused, "a refused user", *BAD_REQUEST)


def check_patching_a_user(desk):
    _, user = desk.create()
    _, neighbour = desk.create()
    answer = desk.patch(user, full_name="Новое Имя")
    changed = answer.json()
    desk.report.check(answer.status == 200 and is_user(changed) and changed["full_name"] == "Новое Имя",
                      "PATCH changes the name", answer)
    kept = {name: user[name] for name in USER_MEMBERS - {"full_name", "updated_at"}}
    desk.report.check(kept.items() <= changed.items(), "PATCH changes nothing else", answer)
    desk.report.check(datetime.fromisoformat(changed["updated_at"]) >= datetime.fromisoformat(user["updated_at"]),
                      "updated_at moves on", user, answer)
    email = f"{fresh()}@example.com"
    moved = desk.patch(user, email=email)
    desk.report.check(moved.status == 200 and moved.member("email") == email, "PATCH changes the e-mail", moved)
    desk.report.expect(desk.patch(user, email=neighbour["email"]), "a taken e-mail", 409)
    for changes in [{"email": email} for email in EMAILS_REFUSED] + [
            {"full_name": ""}, {"full_name": "x" * 101}, {"full_name": 5}, {"role": "king"},
            {"role": None}, {"is_active": "yes"}, {"is_active": None}]:
        desk.report.expect(desk.patch(user, **changes), f"PATCH {changes}", *BAD_REQUEST)
    desk.report.expect(desk.patch(user, nickname="x"), "PATCH with an unknown member", *BAD_REQUEST)
    desk.report.expect(desk.patch({"id": uuid.uuid4()}, full_name="x"), "PATCH of an unknown user", 404)
    seen = desk.get(f"/api/v1/users/{user['id']}")
    desk.report.check((seen.member("email"), seen.member("full_name"), seen.member("role")) ==
                      (email, "Новое Имя", "user"), "refused changes change nothing", seen)


def check_roles(desk):
    """Moderators read users, administrators write them, the others do neither."""
    api = desk.api
    sent, user = desk.create()
    allowed = {"user": {"GET": 403, "POST": 403}, "moderator": {"GET": 200, "POST": 403},
               "admin": {"GET": 200, "POST": 201}}
    for role in (*ROLES, "user"):
        answer = desk.patch(user, role=role)
        desk.report.check(answer.status == 200 and answer.member("role") == role, f"role {role}", answer)
        token = login(api, sent["email"], sent["password"]).member("access_token")
        for path in ("/api/v1/users", f"/api/v1/users/{user['id']}"):
            wanted = [allowed[role]["GET"]] if role in allowed else [200, 403]
            api.report.expect(api.get(path, token=token), f"{role} reads users", *wanted)
        if role not in ("admin", "service"):
            check_may_not_write(api, user, token, role)
        wanted = [200] if role == "admin" else [403] if role == "user" else [200, 403]
        api.report.expect(api.get("/api/v1/audit", token=token), f"{role} reads the audit list", *wanted)
    for method, path in (("GET", "/api/v1/users"), ("POST", "/api/v1/users"), ("GET", "/api/v1/audit"),
                         ("DELETE", f"/api/v1/users/{user['id']}")):
        api.report.expect(api.call(method, path, {} if method == "POST" else None), "without a token", 401)


def check_may_not_write(api, user, token, role):
    path = f"/api/v1/users/{user['id']}"
    for method, target, body in (("POST", "/api/v1/users", registration()), ("DELETE", path, None),
                                 ("PATCH", path, {"role": "admin"})):
        api.report.expect(api.call(method, target, body, token=token), f"{role} may not {method} users", 403)


def check_inactive_user(desk):
    sent, user = desk.create()
    answer = desk.patch(user, is_active=False)
    desk.report.check(answer.status == 200 and answer.member("is_active") is False, "deactivate", answer)
    desk.report.expect(login(desk.api, sent["email"], sent["password"]), "login of an inactive user", 403)
    desk.report.expect(login(desk.api, sent["email"], "wrong-password"), "its wrong password", 401, 403)
    desk.report.expect(desk.patch(user, is_active=True), "activate", 200)
    entered = login(desk.api, sent["email"], sent["password"])
    desk.report.check(is_token_pair(entered), "login after activation", entered)


def check_deleting_a_user(desk):
    sent, user = desk.create()
    desk.report.expect(desk.delete(user["id"]), "DELETE", 200, 204)
    desk.report.expect(desk.get(f"/api/v1/users/{user['id']}"), "GET after DELETE", 404)
    desk.report.expect(desk.patch(user, full_name="x"), "PATCH after DELETE", 404)
    desk.report.expect(desk.delete(user["id"]), "DELETE after DELETE", 404)
    desk.report.expect(desk.delete(uuid.uuid4()), "DELETE of an unknown user", 404)
    desk.report.expect(login(desk.api, sent["email"], sent["password"]), "login after DELETE", 401, 403)
    body = user_list(desk, "search=" + quoted(sent["email"]))
    desk.report.check(body["items"] == [], "a deleted user is in no list", body)


def check_user_aliases(desk):
    _, user = desk.create()
    query = "search=" + quoted(user["email"])
    wanted = desk.get("/api/v1/users?" + query).json()
    for path in ("/users", "/users/"):
        answer = desk.get(f"{path}?{query}")
        desk.report.check(answer.status == 200 and answer.json() == wanted, f"the alias {path}", answer)
    for path in (f"/users/{user['id']}", f"/users/{user['id']}/"):
        answer = desk.get(path)
        desk.report.check(answer.status == 200 and answer.json() == user, "the alias of one user", answer)
    desk.report.expect(desk.get(f"/users/{uuid.uuid4()}"), "an unknown user by alias", 404)
    desk.report.expect(desk.api.get("/users"), "the alias without a token", 401)
    desk.report.expect(desk.get("/users?limit=101"), "the alias with limit 101", 422)


# The v1 routes: keyset lists.

def page_rows(answer):
    """The contract names no members for keyset pages, so the one list in the answer holds the rows."""
    body = answer.json()
    lists = [body] if isinstance(body, list) else [value for value in body.values() if isinstance(value, list)]
    return lists[0] if lists else []


def next_cursor(answer):
    """Finds the next cursor in a member called next… or …cursor, or else in a Link header."""
    body = answer.json()
    members = body.items() if isinstance(body, dict) else ()
    named = [value for name, value in members if re.search(r"next|cursor", name) and not re.search("prev", name)
             and isinstance(value, (str, int)) and not isinstance(value, bool) and value != ""]
    link = re.search(r'<([^>]*)>\s*;\s*rel="?next"?', answer.header("Link"))
    found = str(named[0]) if named else link.group(1) if link else None
    if found and "cursor=" in found:
        return urllib.parse.parse_qs(urllib.parse.urlsplit(found).query)["cursor"][0]
    return found


def walk(client, path, token, limit, most=500, between=None):
    """Collects the rows of a keyset list page by page; calls between once after the first page."""
    rows, cursor = [], None
    for number in range(most):
        query = f"limit={limit}" + (f"&cursor={quoted(cursor)}" if cursor else "")
        answer = client.get(f"{path}?{query}", token=token)
        if not client.report.expect(answer, "a page of a keyset list", 200):
            return rows
        page = page_rows(answer)
        client.report.check(len(page) <= limit, f"at most {limit} rows on a page", answer)
        rows += [json.dumps(row, sort_keys=True) for row in page]
        cursor = next_cursor(answer)
        if cursor is None:
            return rows
        if number == 0 and between is not None:
            between()
    return rows


def check_no_row_twice(report, rows, what):
    twice = sorted({row for row in rows if rows.count(row) > 1})
    report.check(not twice, f"{what}: no row twice", twice[:2])


def check_audit(desk):
    """A change of a user appears in the audit list with who made it, and the list pages by keyset."""
    _, user = desk.create()
    desk.report.expect(desk.patch(user, role="moderator"), "a change for the audit list", 200)
    administrator = me(desk.api, desk.token).json()
    rows = walk(desk.api, "/api/v1/audit", desk.token, 100)
    about = [row for row in rows if str(user["id"]) in row]
    desk.report.check(about, "the change of a user is in the audit list", f"{len(rows)} rows")
    who = [row for row in about if str(administrator["id"]) in row or administrator["username"] in row]
    desk.report.check(who, "the audit list says who changed it", about[:2])
    desk.report.check(not any(tells_secrets(json.loads(row)) for row in about), "no secrets", about[:2])
    some = walk(desk.api, "/api/v1/audit", desk.token, 3, most=5)
    desk.report.check(len(some) == min(15, len(rows)), "five pages of three rows", len(some))
    check_no_row_twice(desk.report, some, "audit list")
    for query in ("cursor=nonsense", "cursor=%00", "limit=0", "limit=x"):
        answer = desk.get("/api/v1/audit?" + query)
        desk.report.expect(answer, f"audit list with {query}", 200, *BAD_REQUEST)


# The v1 routes: wallet.

UNDO_SECONDS = 60


class Wallets:
    """The wallet routes and people who own a wallet, with the merch view of the same coins."""

    def __init__(self, api):
        self.api = api
        self.report = api.report
        self._by_name = True
        giver, taker = self.owner(), self.owner()
        if self.transfer(giver, taker, 1).status in ANY_REFUSAL:
            self._by_name = False

    def owner(self):
        """Makes a user in merch, where 1000 coins are promised, and logs in to v1 by the name."""
        person = newcomer(self.api)
        answer = login(self.api, person.name, person.password)
        self.report.expect(answer, "v1 login of a merch user", 200)
        person.access = answer.member("access_token") or ""
        person.id = me(self.api, person.access).member("id")
        return person

    def address(self, person):
        """The contract does not say whether to_user is a name or an id; the name is tried first."""
        return person.name if self._by_name else person.id

    def transfer(self, giver, taker, amount, key=None, **more):
        body = {"to_user": self.address(taker), "amount": amount, **more}
        return self.post(giver, "/api/v1/transfers", body, key or new_key())

    def purchase(self, person, item, quantity, key=None):
        return self.post(person, "/api/v1/purchases", {"item": item, "quantity": quantity}, key or new_key())

    def undo(self, person, transfer):
        return self.post(person, f"/api/v1/transfers/{transfer}/undo", None, new_key())

    def post(self, person, path, body, key):
        return self.api.post(path, body, token=person.access, key=key)

    def wallet(self, person, at=None):
        query = "" if at is None else "?at=" + quoted(at)
        return self.api.get("/api/v1/wallet" + query, token=person.access)

    def expect_coins(self, what, *balances):
        for person, amount in balances:
            expect_coins(self.api, person, amount, what)


def holds_number(value, number):
    """Says whether a number is anywhere in an answer whose members the contract does not name."""
    if isinstance(value, dict):
        return any(holds_number(inner, number) for inner in value.values())
    if isinstance(value, list):
        return any(holds_number(inner, number) for inner in value)
    return type(value) is int and value == number


def transfer_id(answer):
    """Finds the transfer's id, which may be called id, transfer_id or operation_id."""
    body = answer.json() or {}
    inner = body.get("transfer")
    for place in (body, inner if isinstance(inner, dict) else {}):
        for name in ("id", "transfer_id", "operation_id"):
            if name in place:
                return place[name]
    return None


def expect_shortage(report, answer, available, asked, what):
    """A refusal for want of coins says, in members or text, what was available and what was asked."""
    report.expect(answer, what, *ANY_REFUSAL)
    body = {name: value for name, value in (answer.json() or {}).items() if name != "request_id"}
    numbers = set(re.findall(r"\d+", json.dumps(body)))
    report.check({str(available), str(asked)} <= numbers,
                 f"{what}: says that {available} were available and {asked} asked", answer)


def expect_replay(report, first, again, what):
    right = (again.status == first.status and again.body == first.body
             and again.header("Idempotent-Replayed").lower() == "true")
    report.check(right, f"{what}: the first answer again, Idempotent-Replayed: true",
                 f"Idempotent-Replayed: {again.header('Idempotent-Replayed')}", first, again)


def expect_key_reused(report, answer, what):
    report.check(answer.status == 422 and answer.member("code") == "idempotency_key_reused",
                 f"{what}: 422 idempotency_key_reused", answer)


def check_v1_transfer(wallets):
    giver, taker, other = wallets.owner(), wallets.owner(), wallets.owner()
    report, key = wallets.report, new_key()
    first = wallets.transfer(giver, taker, 137, key, message="Спасибо!")
    report.expect(first, "transfer", 201)
    report.check(first.header("Idempotent-Replayed").lower() != "true", "the first answer is no replay", first)
    wallets.expect_coins("after a transfer", (giver, 863), (taker, 1137))
    for _ in range(2):
        again = wallets.transfer(giver, taker, 137, key, message="Спасибо!")
        expect_replay(report, first, again, "transfer")
    for changed in (wallets.transfer(giver, taker, 138, key, message="Спасибо!"),
                    wallets.transfer(giver, other, 137, key, message="Спасибо!"),
                    wallets.transfer(giver, taker, 137, key, message="Other")):
        expect_key_reused(report, changed, "other transfer under the key")
    wallets.expect_coins("after replays", (giver, 863), (taker, 1137), (other, 1000))
    report.expect(wallets.transfer(taker, other, 137, key), "another user's equal key", 201)
    report.expect(wallets.transfer(giver, other, 3), "a transfer without message", 201)
    wallets.expect_coins("after four transfers", (giver, 860), (taker, 1000), (other, 1140))
    sent = [{"toUser": taker.name, "amount": 137}, {"toUser": other.name, "amount": 3}]
    found = info(wallets.api, giver)
    report.check(found["coinHistory"]["sent"] == sent, "v1 transfers in the merch history", found)


def check_keys_are_required(wallets):
    person, friend, api = wallets.owner(), wallets.owner(), wallets.api
    for path, body in (("/api/v1/transfers", {"to_user": wallets.address(friend), "amount": 1}),
                       ("/api/v1/purchases", {"item": "pen", "quantity": 1})):
        api.report.expect(api.post(path, body, token=person.access), f"{path} without a key", 400)
        api.report.expect(api.post(path, body, token=person.access, key=""), f"{path}, empty key", *BAD_REQUEST)
        api.report.expect(api.post(path, body, key=new_key()), f"{path} without a token", 401)
    wallets.expect_coins("nothing moves without a key", (person, 1000), (friend, 1000))


def check_refused_v1_transfers(wallets):
    person, friend, api = wallets.owner(), wallets.owner(), wallets.api
    address = json.dumps(wallets.address(friend))
    refused = [f'{{"to_user":{address},"amount":{amount}}}'.encode() for amount in AMOUNTS_REFUSED]
    right = {"to_user": wallets.address(friend), "amount": 1}
    bodies = [{}, {"amount": 1}, {"to_user": wallets.address(friend)}, {**right, "extra": 1},
              {**right, "message": 5}, {**right, "message": {}}]
    bodies += [{**right, "to_user": value} for value in ("", None, 5, True, [], {}, "a\x00b", "x" * 3000)]
    refused += [json.dumps(body).encode() for body in bodies]
    for raw in [*refused, *NOT_JSON, *NOT_AN_OBJECT]:
        answer = api.post("/api/v1/transfers", raw=raw, token=person.access, key=new_key())
        api.report.expect(answer, "refused transfer", *ANY_REFUSAL)
    for stranger in (Person(fresh("nobody"), "", "", id=str(uuid.uuid4())), person):
        answer = wallets.transfer(person, stranger, 1)
        api.report.expect(answer, "transfer to nobody or to oneself", *ANY_REFUSAL)
    for amount in (1001, 987654, 2**53 + 1, 2**63 - 1):
        expect_shortage(api.report, wallets.transfer(person, friend, amount), 1000, amount, "too few coins")
    wallets.expect_coins("after refused transfers", (person, 1000), (friend, 1000))


def check_v1_purchase(wallets):
    person, report, key = wallets.owner(), wallets.report, new_key()
    first = wallets.purchase(person, "cup", 3, key)
    report.expect(first, "purchase", 201)
    expect_replay(report, first, wallets.purchase(person, "cup", 3, key), "purchase")
    for item, quantity in (("cup", 2), ("pen", 3)):
        expect_key_reused(report, wallets.purchase(person, item, quantity, key), "other purchase under the key")
    report.expect(wallets.purchase(person, "pen", 1), "purchase", 201)
    report.expect(wallets.purchase(person, "cup", 1), "purchase", 201)
    found = info(wallets.api, person)
    wanted = [{"type": "cup", "quantity": 4}, {"type": "pen", "quantity": 1}]
    report.check((found["coins"], found["inventory"]) == (910, wanted), "v1 purchases in merch", found)
    expect_shortage(report, wallets.purchase(person, "pink-hoody", 2), 910, 1000, "too few coins")


def check_refused_v1_purchases(wallets):
    person, api = wallets.owner(), wallets.api
    refused = [f'{{"item":"cup","quantity":{quantity}}}'.encode() for quantity in AMOUNTS_REFUSED]
    bodies = [{}, {"quantity": 1}, {"item": "cup", "quantity": 1, "extra": 1},
              {"item": "cup", "quantity": 2**63 - 1}, {"item": "cup", "quantity": 2**62},
              {"item": "cup", "quantity": 2**63 // 20 + 1}, {"item": "cup", "quantity": 51}]
    bodies += [{"item": value, "quantity": 1} for value in ("", "nothing", None, 5, True, [], {}, "a\x00b")]
    refused += [json.dumps(body).encode() for body in bodies]
    for raw in [*refused, *NOT_JSON, *NOT_AN_OBJECT]:
        answer = api.post("/api/v1/purchases", raw=raw, token=person.access, key=new_key())
        api.report.expect(answer, "refused purchase", *ANY_REFUSAL)
    found = info(api, person)
    api.report.check((found["coins"], found["inventory"]) == (1000, []), "refused purchases buy nothing", found)


def check_v1_at_once(wallets):
    """One key in ten threads moves once, and twenty threads never spend a coin twice."""
    person, friend, report, key = wallets.owner(), wallets.owner(), wallets.report, new_key()
    answers = at_once([lambda: wallets.transfer(person, friend, 100, key)] * 10)
    report.check(successes(answers) >= 1, "one of the equal transfers succeeds", *answers[:2])
    for answer in answers:
        report.expect(answer, "equal transfer at the same time", 201, 409, 425, 503)
    report.check(len({answer.body for answer in answers if answer.status == 201}) == 1,
                 "every success is the same answer", *answers[:2])
    wallets.expect_coins("one key in ten threads", (person, 900), (friend, 1100))
    calls = [lambda: wallets.transfer(person, friend, 100), lambda: wallets.purchase(person, "cup", 5)] * 10
    answers = at_once(calls)
    report.check(successes(answers) == 9, "900 coins are nine times 100", successes(answers))
    mine, theirs = info(wallets.api, person), info(wallets.api, friend)
    cups = sum(row["quantity"] for row in mine["inventory"])
    report.check(mine["coins"] == 0 and theirs["coins"] + 20 * cups == 2000, "exact sums", mine, theirs)


def instant(seconds):
    return datetime.fromtimestamp(int(seconds), timezone.utc).isoformat().replace("+00:00", "Z")


def check_wallet_and_its_past(wallets):
    """The balance at a past instant is the one of that instant, whole seconds apart from any change."""
    person, friend, report = wallets.owner(), wallets.owner(), wallets.report
    balances, moments = [1000], []
    for amount in (137, 211):
        time.sleep(2.2)
        moments.append(time.time() - 1)
        report.expect(wallets.transfer(person, friend, amount), "transfer", 201)
        balances.append(balances[-1] - amount)
    now = wallets.wallet(person)
    report.check(now.status == 200 and holds_number(now.json(), balances[-1]), "the wallet now", now)
    for moment, balance in zip(moments, balances):
        for at in (instant(moment), instant(moment).replace("Z", "+00:00"), instant(moment)[:-1] + ".000Z"):
            answer = wallets.wallet(person, at)
            report.check(answer.status == 200 and holds_number(answer.json(), balance)
                         and not holds_number(answer.json(), balances[-1]), f"{balance} coins at {at}", answer)
    early = wallets.wallet(person, "2001-01-01T00:00:00Z")
    report.expect(early, "before the user existed", 200, *ANY_REFUSAL)
    report.check(not holds_number(early.json(), 1000), "no coins before the user existed", early)
    for at in ("", "yesterday", "2024-13-45T00:00:00Z", "0", "\x00", "9" * 30):
        report.expect(wallets.wallet(person, at), f"at={at!r}", *ANY_REFUSAL)
    report.expect(wallets.wallet(person, instant(time.time() + 86400)), "a future instant", 200, *BAD_REQUEST)
    for path in ("/api/v1/wallet", "/api/v1/wallet/history"):
        report.expect(wallets.api.get(path), f"{path} without a token", 401)


def check_wallet_history(wallets):
    """Pages of every size hold the same rows, even if a row is added on the way."""
    person, friend, report, path = wallets.owner(), wallets.owner(), wallets.report, "/api/v1/wallet/history"
    empty = wallets.api.get(path, token=friend.access)
    report.expect(empty, "the history of a new user", 200)
    for amount in (1, 2, 2, 3, 2, 4, 2):
        report.expect(wallets.transfer(person, friend, amount), "transfer", 201)
    for item in ("pen", "cup"):
        report.expect(wallets.purchase(person, item, 1), "purchase", 201)
    report.expect(wallets.transfer(friend, person, 5), "transfer", 201)
    whole = walk(wallets.api, path, person.access, 100)
    report.check(len(whole) >= 10, "every movement is in the history", len(whole))
    check_no_row_twice(report, whole, "history")
    for limit in (1, 2, 3, 7, len(whole)):
        rows = walk(wallets.api, path, person.access, limit)
        report.check(rows == whole, f"the same rows in pages of {limit}", rows, whole)
    rows = walk(wallets.api, path, person.access, 3, between=lambda: wallets.transfer(person, friend, 6))
    check_no_row_twice(report, rows, "history with a row added on the way")
    missing = set(whole) - set(rows)
    report.check(not missing, "no row missing after one was added on the way", sorted(missing)[:2])
    for query in ("cursor=nonsense", "cursor=%00", "cursor=-1", "cursor=" + "9" * 40, "limit=0", "limit=-1",
                  "limit=x", "limit=9223372036854775808"):
        answer = wallets.api.get(f"{path}?{query}", token=person.access)
        report.expect(answer, f"history with {query}", 200, *BAD_REQUEST)


def check_undo(wallets):
    giver, taker, stranger = wallets.owner(), wallets.owner(), wallets.owner()
    report = wallets.report
    made = wallets.transfer(giver, taker, 250)
    transfer = transfer_id(made)
    report.check(transfer is not None, "a transfer has an id", made)
    for someone in (taker, stranger):
        report.expect(wallets.undo(someone, transfer), "undo by someone else", *ANY_REFUSAL)
    tokenless = wallets.api.post(f"/api/v1/transfers/{transfer}/undo", key=new_key())
    report.expect(tokenless, "undo without a token", 401)
    for unknown in (uuid.uuid4(), "abc", "0", "-1", "9" * 40):
        report.expect(wallets.undo(giver, unknown), "undo of an unknown transfer", 400, 404, 422)
    wallets.expect_coins("after refused undos", (giver, 750), (taker, 1250), (stranger, 1000))
    report.expect(wallets.undo(giver, transfer), "undo by the sender", 200, 201, 204)
    wallets.expect_coins("after the undo", (giver, 1000), (taker, 1000))
    report.expect(wallets.undo(giver, transfer), "second undo", 200, 201, 204, *ANY_REFUSAL)
    wallets.expect_coins("a second undo has no second effect", (giver, 1000), (taker, 1000))


def check_undos_at_once(wallets):
    giver, taker = wallets.owner(), wallets.owner()
    transfer = transfer_id(wallets.transfer(giver, taker, 250))
    answers = at_once([lambda: wallets.undo(giver, transfer)] * 8)
    wallets.report.check(successes(answers) >= 1, "one of the equal undos succeeds", *answers[:2])
    wallets.expect_coins("undos at the same time take back once", (giver, 1000), (taker, 1000))


def check_undo_of_spent_coins(wallets):
    giver, taker, other, report = wallets.owner(), wallets.owner(), wallets.owner(), wallets.report
    transfer = transfer_id(wallets.transfer(giver, taker, 250))
    report.expect(wallets.transfer(taker, other, 1001), "the receiver spends the coins", 201)
    report.expect(wallets.undo(giver, transfer), "undo of spent coins", *ANY_REFUSAL)
    wallets.expect_coins("a refused undo moves nothing", (giver, 750), (taker, 249), (other, 2001))


def check_late_undo(wallets, giver, taker, transfer, made_at):
    """Waits until a transfer made earlier may no longer be taken back."""
    time.sleep(max(0.0, made_at + UNDO_SECONDS + 2 - time.monotonic()))
    wallets.report.expect(wallets.undo(giver, transfer), "undo after 60 s", *ANY_REFUSAL)
    wallets.expect_coins("after a late undo", (giver, 750), (taker, 1250))


def check_v1_methods(wallets):
    person = wallets.owner()
    for path, method, allowed in (
            ("/api/v1/wallet", "PUT", "GET"), ("/api/v1/wallet/history", "DELETE", "GET"),
            ("/api/v1/purchases", "PUT", "POST"), ("/api/v1/transfers", "PUT", "POST"),
            ("/api/v1/auth/login", "PUT", "POST"), ("/api/v1/auth/register", "DELETE", "POST"),
            ("/api/v1/auth/refresh", "GET", "POST"), ("/api/v1/auth/logout", "GET", "POST"),
            ("/api/v1/auth/me", "PUT", "GET"), ("/api/v1/users", "PUT", "GET")):
        expect_405(wallets.api, method, path, allowed, person.access)


SESSION_CHECKS = (
    check_registration, check_refused_registrations, check_registrations_at_once, check_logins,
    check_unknown_and_wrong_are_alike, check_merch_user_in_v1, check_v1_tokens,
    check_tokens_are_not_interchangeable, check_refresh_rotates, check_refresh_grace_and_reuse,
    check_refreshes_at_once, check_logout,
)
DESK_CHECKS = (
    check_users_list, check_users_paging_and_search, check_one_user, check_patching_a_user, check_roles,
    check_inactive_user, check_deleting_a_user, check_user_aliases, check_audit,
)
WALLET_CHECKS = (
    check_v1_transfer, check_keys_are_required, check_refused_v1_transfers, check_v1_purchase,
    check_refused_v1_purchases, check_v1_at_once, check_wallet_and_its_past, check_wallet_history,
    check_undo, check_undos_at_once, check_undo_of_spent_coins, check_v1_methods,
)


# The run.

def attempt(report, check, *arguments):
    """Runs one check function; an answer too odd to go on with is a failure of that function only."""
    try:
        return check(*arguments)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        name = getattr(check, "__name__", "check")
        report.check(False, f"{name} could not go on", repr(error))
        return None


def transfer_for_late_undo(wallets):
    giver, taker = wallets.owner(), wallets.owner()
    made = wallets.transfer(giver, taker, 250)
    return giver, taker, transfer_id(made), time.monotonic()


def run_wallet_and_sessions(api):
    """Makes the transfer for the late undo first, so that the other checks fill the waiting time."""
    wallets = attempt(api.report, Wallets, api)
    late = wallets and attempt(api.report, transfer_for_late_undo, wallets)
    for check in WALLET_CHECKS if wallets else ():
        attempt(api.report, check, wallets)
    for check in SESSION_CHECKS:
        attempt(api.report, check, api)
    if late:
        attempt(api.report, check_late_undo, wallets, *late)


def run_desk(api, name, password):
    desk = attempt(api.report, Desk, api, name, password)
    if desk is None:
        return
    for check in DESK_CHECKS:
        attempt(api.report, check, desk)
    attempt(api.report, desk.clear)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="http://127.0.0.1:8080", help="address of the API")
    parser.add_argument("--login", default="http://127.0.0.1:8081", help="address of the login routes")
    parser.add_argument("--admin", required=True, help="name or e-mail of an administrator")
    parser.add_argument("--admin-password-file", required=True, help="file that holds the password")
    options = parser.parse_args()
    with open(options.admin_password_file, encoding="utf-8") as file:
        password = file.read().strip()
    report = Report([password])
    api = Client(options.base, report)
    login_port = Client(options.login, report, lambda path: V1 if path.startswith("/auth/") else EITHER)
    for check in MERCH_CHECKS:
        attempt(report, check, api)
    run_wallet_and_sessions(api)
    attempt(report, check_login_aliases, api, login_port)
    run_desk(api, options.admin, password)
    print(f"{report.checks} checks, {report.failed} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
