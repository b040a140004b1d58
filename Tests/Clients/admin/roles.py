"""Each route tried without a token, as a user, as a moderator and as an administrator."""

import uuid

from admin.office import new_word, row

ALL_MAY = "everybody"


def routes(office, item, order):
    """Gives method, path, body, and the roles that may use it; a body is harmless for those who may."""
    one = f"/api/v1/items/{item.get('id')}"
    size = {"code": new_word("size_"), "name": "A size"}
    grant = {"name": new_word("grant-"), "amount": 1, "reason": "a good year", "to": [office.user.name]}
    people = {"user", "moderator", "admin"}
    desk, admin = {"moderator", "admin"}, {"admin"}
    yield "GET", one, None, ALL_MAY
    yield "GET", "/api/v1/items", None, ALL_MAY
    yield "GET", "/api/v1/shop", None, ALL_MAY
    yield "GET", "/api/v1/people?q=zz", None, people
    yield "GET", "/api/v1/orders", None, people
    yield "GET", "/api/v1/orders?all=true", None, desk
    yield "POST", "/api/v1/orders/ready", {"ids": [str(uuid.uuid4())]}, desk
    yield "POST", "/api/v1/orders/hand-over", {"ids": [str(uuid.uuid4())]}, desk
    yield "POST", f"/api/v1/orders/{order}/ready", {}, desk
    yield "POST", f"/api/v1/orders/{order}/hand-over", {}, desk
    yield "POST", f"/api/v1/orders/{order}/return", {"note": "it has a hole"}, desk
    yield "POST", "/api/v1/items", {"name": f"Thing {new_word()}", "price": 1}, admin
    yield "PATCH", one, {"low_stock_at": 1}, admin
    yield "PUT", one + "/variants", {"variants": [row(5)]}, admin
    yield "PUT", one + "/stock", {"stock": 6, "reason": "counted by hand"}, admin
    yield "POST", "/api/v1/classifiers/quality_level", size, admin
    yield "GET", "/api/v1/audit", None, admin
    yield "POST", "/api/v1/grants?dry_run=true", grant, admin
    yield "POST", "/api/v1/grants", grant, admin
    yield "GET", "/api/v1/grants", None, admin
    yield "GET", f"/api/v1/grants/{grant['name']}", None, admin
    yield "DELETE", one, None, admin


def check_roles(office):
    """A moderator may be let in to read what administrators read."""
    item = office.item(stock=9)
    order = office.buys(item, "an order for the roles")
    tokens = {"nobody": None, "user": office.user.access, "moderator": office.moderator, "admin": office.token}
    for method, path, body, allowed in routes(office, item, order):
        for role, token in tokens.items():
            answer = office.api.call(method, path, body, token=token)
            if allowed == ALL_MAY or role in allowed:
                office.report.check(200 <= answer.status < 300, f"{role} may {method} {path.split('?')[0]}", answer)
            elif role == "nobody":
                office.report.expect(answer, f"without a token: {method} {path}", 401)
            elif (method, role) != ("GET", "moderator"):
                office.report.expect(answer, f"{role} may not {method} {path}", 403)
            if method == "POST" and path == "/api/v1/items" and answer.member("id"):
                office.items.append(answer.member("id"))


def check_refusals_changed_nothing(office):
    """Wrong roles with right bodies, and right roles with another person's things."""
    item = office.item(stock=9)
    before = office.shown(item)
    for token in (office.user.access, office.moderator):
        for method, path, body in (("PUT", "/variants", {"variants": [row(1, "s")]}),
                                   ("PUT", "/stock", {"stock": 1, "reason": "counted by hand"}),
                                   ("PATCH", "", {"price": 9}), ("DELETE", "", None)):
            answer = office.api.call(method, f"/api/v1/items/{item.get('id')}{path}", body, token=token)
            office.report.expect(answer, f"{method} of an item by others", 403)
    office.report.check(office.shown(item) == before, "the item is as it was", before)
    name, code = new_word("grant-"), new_word("size_")
    coins = office.coins(office.user)
    grant = {"name": name, "amount": 9, "reason": "for myself alone", "to": [office.user.name]}
    for token in (office.user.access, office.moderator):
        office.report.expect(office.api.post("/api/v1/grants", grant, token=token), "a grant by others", 403)
        body = {"code": code, "name": "A size"}
        answer = office.api.post("/api/v1/classifiers/quality_level", body, token=token)
        office.report.expect(answer, "a size by others", 403)
    office.report.expect(office.get(f"/api/v1/grants/{name}"), "a grant that others tried", 404)
    office.report.check(office.coins(office.user) == coins, "no coin moved", coins)
    answer = office.get("/api/v1/classifiers")
    told = answer.body.decode("utf-8", "replace")
    office.report.check(code not in told, "a size that others tried is not there", code)


def check_wrong_bodies_of_wrong_roles(office):
    """A caller without the role is refused, even with a wrong body or an unknown id."""
    for path in ("/api/v1/items/no-such-item/stock", f"/api/v1/items/{uuid.uuid4()}/variants"):
        answer = office.api.call("PUT", path, {"stock": "x"}, token=office.user.access)
        office.report.expect(answer, "PUT without the role", 403, 404)
    for path in ("/api/v1/grants", "/api/v1/classifiers/quality_level"):
        answer = office.api.post(path, {"name": 5}, token=office.user.access)
        office.report.expect(answer, "a wrong body without the role", 403, 422)


CHECKS = (check_roles, check_refusals_changed_nothing, check_wrong_bodies_of_wrong_roles)
