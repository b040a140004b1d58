import time

from common import Client, forged_tokens
from inventory.adjusting import adjustment
from inventory.tester import new_id, rows, utc_now


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
        answer = tester.api.call(method, path, data, token=token)
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
    answer = tester.api.post("/api/v1/auth/logout", token=session["access_token"])
    tester.report.check(answer.status in (200, 204), "a session can be ended", answer)
    time.sleep(2.1)
    refused_everywhere(tester, owner, session["access_token"], "a revoked token", "token_revoked")


def chapter_login_port(tester):
    """A token of the login port opens the inventory, which the port itself lacks."""
    gate = Client(tester.arguments.login, tester.report)
    service = tester.service
    session = tester.sign_in(service.login, service.password, gate, "/auth/login")
    answer = tester.api.get("/inventory", session["access_token"])
    tester.holds(answer, service.stock.positive("main"), "a token of the login port is good")
    answer = gate.get("/inventory", session["access_token"])
    tester.report.check(answer.status == 404, "the login port has no inventory", answer)

CHAPTERS = (
    chapter_tokens, chapter_revoked, chapter_login_port,
)
