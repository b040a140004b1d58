import secrets
import urllib.parse
import uuid
from dataclasses import dataclass
from datetime import datetime

from common import Client, TOO_FEW_COINS, decode_part, encode_part, forged_tokens

MERCH_STATUSES = {200, 400, 401, 404, 405, 429, 503}
MERCH, V1, EITHER = "merch", "v1", "either"
MERCH_PATHS = {"/api/auth", "/api/info", "/api/sendCoin"}
BAD_REQUEST = (400, 422)
ANY_REFUSAL = tuple(range(400, 500))
NOT_JSON = (b"", b"{", b'{"a":', b"not json", b"{'a':1}", b'{"a":1}}', b'{"a":"\xff\xfe"}', b"\x00")
NOT_AN_OBJECT = (b"null", b"true", b"5", b'"text"', b"[]", b"[" * 2000)


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


class Shop(Client):
    """The shop, with the rules of each error dialect for its answers."""

    def __init__(self, base, report, group=group_of):
        super().__init__(base, report)
        self._group = group

    def judge(self, method, path, answer):
        if not super().judge(method, path, answer):
            return False
        check, group = self.report.check, self._group(path)
        if answer.status == 429 and group == V1:
            limits = answer.header("RateLimit") != "" and answer.header("RateLimit-Policy") != ""
            check(limits, "RateLimit and RateLimit-Policy on 429", answer)
        if group == MERCH:
            check(answer.status in MERCH_STATUSES, "only the merch statuses occur", answer)
        if method != "HEAD" and answer.status >= 400:
            check(DIALECTS[group](answer), f"the error has the dialect of {group}", answer)
        elif answer.body:
            check(answer.media_type() == "application/json" and answer.json() is not None,
                  "the answer is JSON", answer)
        return True


def fresh(prefix="u"):
    return f"{prefix}-{secrets.token_hex(8)}"


def new_key():
    return str(uuid.uuid4())


def quoted(text):
    return urllib.parse.quote(text, safe="")


def successes(answers):
    return sum(200 <= answer.status < 300 for answer in answers)


def token_parts(token):
    """Returns header and claims of a signed token, or two empty objects if it is opaque."""
    try:
        header, claims, _ = token.split(".")
        return decode_part(header), decode_part(claims)
    except (ValueError, AttributeError):
        return {}, {}


def refused_authorizations(token):
    """Gives Authorization headers by label that must all be answered with 401; None sends no header."""
    header, claims, _ = token.split(".")
    plain = {
        "none": None, "empty": "", "scheme only": "Bearer", "empty token": "Bearer ",
        "other scheme": "Basic " + encode_part(b"user:password"),
        "not a token": "Bearer abc", "dots": "Bearer ..", "not base64": "Bearer a!.b!.c!",
        "over 4 KB": "Bearer " + "a" * 5000, "two tokens": f"Bearer {token} {token}",
        "no signature": f"Bearer {header}.{claims}.", "two parts": f"Bearer {header}.{claims}",
    }
    return plain | {label: "Bearer " + forged for label, forged in forged_tokens(token)}


def check_token_claims(report, token, seconds, what):
    """A signed token names its key and carries the required claims, and lives as long as published."""
    header, claims = token_parts(token)
    report.check(header.get("alg") in ("HS256", "EdDSA") and "kid" in header, f"{what}: header", header)
    missing = {"iss", "aud", "sub", "exp", "iat", "jti"} - set(claims)
    if report.check(not missing, f"{what}: required claims", missing):
        report.check(abs(claims["exp"] - claims["iat"] - seconds) <= 60, f"{what}: lifetime", claims)
    report.check(len(token) <= 4096, f"{what}: at most 4 KB", len(token))


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
    told = answer.status == 400 and TOO_FEW_COINS in str(answer.member("errors"))
    shop.report.check(told, f"{what}: 400 with '{TOO_FEW_COINS}'", answer)


def login_body(name, password):
    return {"email" if "@" in name else "username": name, "password": password}


def login(api, name, password):
    return api.post("/api/v1/auth/login", login_body(name, password))


def is_instant(text):
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except (TypeError, ValueError):
        return False
