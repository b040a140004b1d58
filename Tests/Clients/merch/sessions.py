import json
import re
import secrets
import statistics
import time

from common import at_once
from merch.shop import (
    ANY_REFUSAL, BAD_REQUEST, NOT_AN_OBJECT, NOT_JSON, check_token_claims, fresh, is_instant,
    login, newcomer, refused_authorizations, token_parts,
)

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


CHECKS = (
    check_registration, check_refused_registrations, check_registrations_at_once, check_logins,
    check_unknown_and_wrong_are_alike, check_merch_user_in_v1, check_v1_tokens,
    check_tokens_are_not_interchangeable, check_refresh_rotates, check_refresh_grace_and_reuse,
    check_refreshes_at_once, check_logout,
)
