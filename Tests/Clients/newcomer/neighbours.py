import re
import time
from urllib.parse import quote

from newcomer.shop import HISTORY_LIMIT, Shop
from newcomer.wire import BrokenAnswer


def chapter_sessions(newcomer):
    """Refresh tokens and ended sessions open nothing in the shop."""
    person = newcomer.register()
    session = signed_in(newcomer, newcomer.shop, "/api/v1/auth/login", person.name, person.password)
    answer = newcomer.shop.call("GET", "/api/info", token=session["refresh_token"])
    newcomer.refused(answer, 401, "a refresh token in the shop", person)
    answer = newcomer.shop.call(
        "POST", "/api/v1/auth/logout", token=session["access_token"], outside=True
    )
    newcomer.report.check(answer.status in (200, 204), "a session can be ended", answer)
    time.sleep(2.1)
    answer = newcomer.shop.call("GET", "/api/info", token=session["access_token"])
    newcomer.refused(answer, 401, "the token of an ended session", person)


def signed_in(newcomer, shop, path, name, password):
    """Sign in outside the shop and return the pair of tokens."""
    member = "email" if "@" in name else "username"
    answer = shop.call("POST", path, data={member: name, "password": password}, outside=True)
    session = answer.content()
    good = answer.status == 200 and {"access_token", "refresh_token"} <= session.keys()
    newcomer.report.check(good, "signing in gives a pair of tokens", answer)
    if not good:
        raise BrokenAnswer(f"no session for {answer.request}")
    return session


def chapter_login_port(newcomer):
    """The login port signs people in and serves nothing of the shop."""
    person = newcomer.register()
    gate = Shop(newcomer.arguments.login, newcomer.report)
    signed_in(newcomer, gate, "/auth/login", person.name, person.password)
    for path in ("/api/info", "/api/buy/pen"):
        answer = gate.call("GET", path, token=person.token, outside=True)
        newcomer.refused(answer, 404, f"{path} at the login port", person)


def chapter_deactivated(newcomer):
    """Somebody whom the administrator deactivated gets no token any more."""
    person = newcomer.register()
    admin, password = newcomer.arguments.admin, newcomer.arguments.admin_password
    token = signed_in(newcomer, newcomer.shop, "/api/v1/auth/login", admin, password)["access_token"]
    path = f"/api/v1/users?search={quote(person.name)}"
    answer = newcomer.shop.call("GET", path, token=token, outside=True)
    found = [user for user in (answer.json() or {}).get("items", [])
             if user.get("username") == person.name]
    if not newcomer.report.check(len(found) == 1, "the administrator finds a newcomer", answer):
        return
    path = f"/api/v1/users/{found[0]['id']}"
    answer = newcomer.shop.call("PATCH", path, token=token, data={"is_active": False}, outside=True)
    newcomer.report.check(answer.status == 200, "the administrator deactivates a person", answer)
    credentials = {"username": person.name, "password": person.password}
    answer = newcomer.shop.call("POST", "/api/auth", data=credentials)
    newcomer.report.check(answer.status in (400, 401), "a deactivated person is refused", answer)


def chapter_long_history(newcomer):
    """Of more than 1000 transfers the newest 1000 are given, with a link to the rest."""
    sender, receiver, giver = newcomer.register(), newcomer.register(), newcomer.register()
    newcomer.send_and_compare(giver, sender, 100)
    for amount in (2, 3, 4):
        newcomer.send(sender, receiver, amount)
    for _ in range(HISTORY_LIMIT - 3):
        newcomer.send(sender, receiver, 1)
    newcomer.report.check(
        newcomer.agrees(receiver, "exactly 1000 transfers are all given").header("Link") == "",
        "exactly 1000 transfers need no link",
    )
    for amount in (1, 5):
        newcomer.send(sender, receiver, amount)
    for person in (sender, receiver):
        answer = newcomer.agrees(person, "the newest 1000 transfers are given")
        link = answer.header("Link")
        good = "/api/v1/wallet/history" in link and re.search(r'rel="?next"?', link)
        newcomer.report.check(good, f"a link leads to older transfers, not {link!r}", answer)

CHAPTERS = (
    chapter_sessions, chapter_login_port, chapter_deactivated, chapter_long_history,
)
