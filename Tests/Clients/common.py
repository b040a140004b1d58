"""The parts that all clients share: the report of failed checks, HTTP, and forged tokens."""

import argparse
import base64
import hashlib
import hmac
import json
import re
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

PRICES = {
    "t-shirt": 80, "cup": 20, "book": 50, "pen": 10, "powerbank": 200,
    "hoody": 300, "umbrella": 200, "socks": 10, "wallet": 50, "pink-hoody": 500,
}
START_COINS = 1000
TOO_FEW_COINS = "insufficient balance: not enough coins"

TIMEOUT_SECONDS = 30
PATIENCE_SECONDS = 90
IDLE_SECONDS = 5


def one_line(text, limit=600):
    """Shortens a text to one printable line and hides passwords and tokens in it."""
    text = re.sub(r'("(?:password|access_token|refresh_token)"\s*:\s*")[^"]*', r"\1***", text)
    text = re.sub(r"eyJ[\w-]{6}[\w.-]+", "eyJ…", text)
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text[: 2 * limit])
    return text if len(text) <= limit else text[:limit] + "…"


class Report:
    """Counts the checks of all threads and prints one line for each that failed."""

    def __init__(self):
        self.checks = 0
        self.failed = 0
        self._lock = threading.Lock()

    def check(self, right, what, *evidence):
        with self._lock:
            self.checks += 1
            if not right:
                self.failed += 1
                print("FAIL " + " | ".join([what, *map(one_line, map(str, evidence))]), flush=True)
        return right

    def expect(self, answer, what, *statuses):
        wanted = " or ".join(map(str, statuses)) if len(statuses) < 10 else "a refusal (4xx)"
        return self.check(answer.status in statuses, f"{what}: expected {wanted}", answer)

    def attempt(self, step, *arguments):
        """Runs one step; an exception in it counts as one failure, and other steps can follow."""
        try:
            return step(*arguments)
        except Exception as error:
            self.check(False, f"{getattr(step, '__name__', 'a step')} stopped", repr(error))
            return None

    def finish(self):
        """Prints the closing line and returns the exit code."""
        print(f"{self.checks} checks, {self.failed} failed")
        return 1 if self.failed else 0


def read_arguments(description):
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--base", default="http://127.0.0.1:8080", help="address of the API")
    parser.add_argument("--login", default="http://127.0.0.1:8081", help="address of the login port")
    parser.add_argument("--admin", required=True, help="name or email of an administrator")
    parser.add_argument("--admin-password-file", required=True, help="file with the password")
    arguments = parser.parse_args()
    with open(arguments.admin_password_file, encoding="utf-8") as file:
        arguments.admin_password = file.read().rstrip("\r\n")
    return arguments


@dataclass
class Answer:
    """One answer, with its request in short; status 0 means that none arrived."""

    request: str
    status: int
    headers: Message
    body: bytes
    seconds: float = 0

    def json(self):
        """Returns the decoded JSON body, or None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def content(self):
        """Returns the decoded JSON object, or an empty one if there is none."""
        body = self.json()
        return body if isinstance(body, dict) else {}

    def member(self, name):
        return self.content().get(name)

    def header(self, name):
        return self.headers.get(name) or ""

    def media_type(self):
        return self.header("Content-Type").split(";")[0].strip().lower()

    def __str__(self):
        text = self.body.decode("utf-8", "replace")
        return f"{self.request[:400]} -> {self.status} {self.header('Content-Type')} {text}"


class Client:
    """Sends requests to one address, checks what every answer must have, and waits after a 429."""

    def __init__(self, base, report):
        parts = urlsplit(base)
        self._host = parts.netloc
        self._prefix = parts.path.rstrip("/")
        self._local = threading.local()
        self.report = report

    def call(self, method, path, body=None, *, raw=None, token=None, key=None, headers=None,
             content_type="application/json", judged=True):
        """Sends a request; repeats it after a 429, and after a 503 if a repetition cannot act twice."""
        payload = raw if body is None else json.dumps(body, ensure_ascii=False).encode()
        fields = dict(headers or {})
        if payload is not None and content_type:
            fields["Content-Type"] = content_type
        if token is not None:
            fields["Authorization"] = token if " " in token else "Bearer " + token
        if key is not None:
            fields["Idempotency-Key"] = key
        repeatable = key is not None or method == "GET" and not path.startswith("/api/buy/")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self._exchange(method, path, payload, fields)
            if judged:
                self.judge(method, path, answer)
            if answer.status != 429 and not (answer.status == 503 and repeatable):
                return answer
            wait = retry_after(answer)
            if time.monotonic() + wait > deadline:
                return answer
            time.sleep(wait)

    def get(self, path, token=None, **options):
        return self.call("GET", path, token=token, **options)

    def post(self, path, body=None, **options):
        return self.call("POST", path, body, **options)

    def judge(self, method, path, answer):
        """Checks the rules for all answers; returns False if there is none."""
        check = self.report.check
        if not check(answer.status > 0, "an answer arrives", answer):
            return False
        check(answer.header("X-Request-ID") != "", "X-Request-ID on every answer", answer)
        check(answer.status < 500 or answer.status == 503, "no 5xx other than 503", answer)
        if answer.status in (429, 503):
            check(answer.header("Retry-After").isdigit(), f"Retry-After on {answer.status}", answer)
        if method == "HEAD":
            check(answer.body == b"", "HEAD has no body", answer)
        return True

    def _connection(self):
        """Returns this thread's connection, or a new one if the old one was idle for too long."""
        now = time.monotonic()
        connection = getattr(self._local, "connection", None)
        if connection is None or now - self._local.used > IDLE_SECONDS:
            if connection is not None:
                connection.close()
            connection = self._local.connection = HTTPConnection(self._host, timeout=TIMEOUT_SECONDS)
        self._local.used = now
        return connection

    def _exchange(self, method, path, payload, fields):
        connection = self._connection()
        request = f"{method} {path} {(payload or b'').decode('utf-8', 'replace')}"
        if "Idempotency-Key" in fields:
            request += f" [Idempotency-Key {fields['Idempotency-Key']}]"
        started = time.monotonic()
        try:
            connection.request(method, self._prefix + path, payload, fields)
            response = connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            connection.close()
            return Answer(request, 0, Message(), repr(error).encode())
        self._local.used = time.monotonic()
        return Answer(request, response.status, response.headers, content, self._local.used - started)


def retry_after(answer):
    value = answer.header("Retry-After")
    return min(60, max(0.2, float(value))) if value.isdigit() else 1.0


def at_once(calls):
    """Runs the calls in threads that all start at the same moment, and returns their results."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def encode_part(value):
    """Encodes bytes, or a value as JSON, as one part of a token."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_part(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def signed(header, payload, key):
    """Makes a token with a key of the client's own."""
    text = f"{encode_part(header)}.{encode_part(payload)}"
    return f"{text}.{encode_part(hmac.new(key, text.encode(), hashlib.sha256).digest())}"


def forged_tokens(token, other_token=None):
    """Tokens with three parts and a wrong signature, made from a valid one and perhaps another user's."""
    head, body, signature = token.split(".")
    header, payload = decode_part(head), decode_part(body)
    for algorithm in ("none", "None", "NONE", "nOnE"):
        unsigned = encode_part({**header, "alg": algorithm})
        yield f"alg {algorithm} without a signature", f"{unsigned}.{body}."
        yield f"alg {algorithm} with the signature", f"{unsigned}.{body}.{signature}"
    for algorithm in ("HS384", "HS512", "RS256", "ES256"):
        yield f"alg {algorithm}", f"{encode_part({**header, 'alg': algorithm})}.{body}.{signature}"
    for kid in ("other", "nobody", "../../../../dev/null", "' OR 1=1 --"):
        yield f"kid {kid!r}", f"{encode_part({**header, 'kid': kid})}.{body}.{signature}"
    if other_token is not None:
        _, other_body, other_signature = other_token.split(".")
        yield "another user's payload", f"{head}.{other_body}.{signature}"
        yield "another user's signature", f"{head}.{body}.{other_signature}"
    changes = {
        "exp": int(time.time()) + 10**9, "sub": str(uuid.uuid4()), "jti": str(uuid.uuid4()),
        "role": "admin", "iss": f"{payload.get('iss')}x",
    }
    for name, value in changes.items():
        yield f"a changed {name}", f"{head}.{encode_part({**payload, name: value})}.{signature}"
    changed = ("B" if signature[0] == "A" else "A") + signature[1:]
    yield "a changed signature", f"{head}.{body}.{changed}"
    yield "a cut signature", token[:-6]
    own = {**header, "alg": "HS256"}
    for key in (b"", b"\x00", b"secret", b"changeme"):
        yield f"signed with the key {key}", signed(own, payload, key)
    expired = {**payload, "exp": int(time.time()) - 7200, "iat": int(time.time()) - 14400}
    yield "an expired look-alike", signed(own, expired, b"secret")
    yield "an expired payload with the signature", f"{head}.{encode_part(expired)}.{signature}"
