import json
import time
import uuid

from common import PRICES, START_COINS, TOO_FEW_COINS, one_line, retry_after
from newcomer.wire import BrokenAnswer, Wire

DOCUMENTED_STATUSES = {200, 400, 401, 429, 500, 503}
HISTORY_LIMIT = 1000
PATIENCE_FOR_LIMITS = 6


class Shop:
    """The shop's routes over one connection, with the checks all answers owe."""

    def __init__(self, base, report):
        self.wire = Wire(base)
        self.report = report

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
            delay = answer.header("Retry-After")
            self.report.check(delay.isdigit(), "429 has Retry-After in seconds", answer)
            self.report.check(
                answer.header("RateLimit") and answer.header("RateLimit-Policy"),
                "429 has RateLimit and RateLimit-Policy",
                answer,
            )
            time.sleep(retry_after(answer))
        return answer

    def _check_common(self, answer, method, outside):
        self.report.check(answer.header("X-Request-ID"), "every answer has X-Request-ID", answer)
        if outside:
            return
        self.report.check(
            answer.status in DOCUMENTED_STATUSES, "the status is a documented one", answer
        )
        if answer.status >= 400 and method != "HEAD":
            check_error_shape(self.report, answer)


def check_error_shape(report, answer):
    """An error of the shop is JSON with the text in `errors`."""
    text = answer.member("errors")
    report.check(isinstance(text, str) and text, 'an error is {"errors": text}', answer)
    report.check(answer.media_type() == "application/json", "an error is application/json", answer)


class Person:
    """The coins, items and history that one person must have according to the contract."""

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

    def __init__(self, arguments, report):
        self.arguments = arguments
        self.report = report
        self.shop = Shop(arguments.base, report)

    # ---- steps ----

    def register(self, name=None, password=None):
        name, password = name or new_name(), password or new_password()
        answer = self.shop.call("POST", "/api/auth", data={"username": name, "password": password})
        token = self.token_of(answer, "an unknown name is registered")
        person = Person(name, password, token)
        self.agrees(person, "a new person owns 1000 coins and nothing else")
        return person

    def token_of(self, answer, what):
        token = answer.member("token")
        good = answer.status == 200 and isinstance(token, str) and token.count(".") == 2
        self.report.check(good, f"{what} and gets a token", answer)
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
        self.report.check(
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
        self.report.check(answer.status == 200, what, answer)
        if answer.status == 200:
            self.report.check(answer.body == b"", f"{what} with an empty body", answer)
        return answer.status == 200

    # ---- refusals ----

    def refused(self, answer, status, what, *people):
        """The answer refuses, and the infos of all people are unchanged."""
        self.report.check(answer.status == status, f"{what} is {status}", answer)
        for person in people:
            self.agrees(person, f"{what} changes nothing")

    def refused_send(self, sender, receiver, raw, what):
        answer = self.shop.call("POST", "/api/sendCoin", token=sender.token, raw=raw)
        self.refused(answer, 400, what, sender, receiver)

    def refused_for_coins(self, answer, what, *people):
        self.refused(answer, 400, what, *people)
        told = TOO_FEW_COINS in str(answer.member("errors"))
        self.report.check(told, f"{what} says that coins are missing", answer)

    def sent_or_refused(self, sender, receiver, raw, what):
        """A transfer of one coin that a shop may take or refuse, but not half."""
        answer = self.shop.call("POST", "/api/sendCoin", token=sender.token, raw=raw)
        self.report.check(answer.status in (200, 400), f"{what} is 200 or 400", answer)
        if answer.status == 200:
            sender.sends(receiver, 1)
        for person in (sender, receiver):
            self.agrees(person, f"{what} is done wholly or not at all")
