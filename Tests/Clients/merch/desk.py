import json
import math
import re
import secrets
import urllib.parse
import uuid
from datetime import datetime

from merch.sessions import (
    EMAILS_REFUSED, ROLES, USER_MEMBERS, is_token_pair, is_user, me, registration,
    tells_secrets,
)
from merch.shop import BAD_REQUEST, fresh, login, quoted


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

UNDO_SECONDS = 60


CHECKS = (
    check_users_list, check_users_paging_and_search, check_one_user, check_patching_a_user,
    check_roles, check_inactive_user, check_deleting_a_user, check_user_aliases, check_audit,
)
