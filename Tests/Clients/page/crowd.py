"""Fills a shop with 10 000 people, 500 things and 5 000 orders, and measures how long each screen's scripts take."""

import argparse
import http.client
import json
import re
import sys
import threading
import time
import urllib.parse
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from playwright.sync_api import sync_playwright
from visitor import PASSWORD, Visitor

PEOPLE, THINGS, ORDERS, BUYERS = 10_000, 500, 5_000, 20
ROWS, CONNECTIONS = 1_000, 8
LIMIT_MS = 200
SCREENS = [
    "/", "/send", "/history", "/shop", "/shop/hoody", "/mine", "/orders", "/me", "/admin/queue", "/admin/queue?state=handed_over",
    "/admin/catalogue", "/admin/catalogue?page=4", "/admin/catalogue/new", "/admin/people", "/admin/people?page=400",
    "/admin/people?view=invitations", "/admin/people?view=import", "/admin/grants", "/admin/grants?view=list", "/admin/adjust",
    "/admin/reports", "/admin/reports?period=year", "/admin/audit",
    "/admin/people/{user}", "/admin/adjust?user={user}", "/admin/catalogue/{thing}", "/send?to=buyer0@crowd.example",
]


class Client:
    """One connection that stays open. A shop that says when it will answer is asked again then."""

    def __init__(self, base):
        where = urllib.parse.urlsplit(base)
        self.connection, self.token = http.client.HTTPConnection(where.hostname, where.port, timeout=60), None

    def ask(self, method, path, body=None):
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        while True:
            self.connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = self.connection.getresponse()
            text = answer.read()
            if answer.status not in (429, 503):
                break
            time.sleep(int(answer.headers.get("Retry-After", "1")))
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:200]}")
        return json.loads(text) if text else None

    def sign_in(self, name, password):
        known = {"email": name} if "@" in name else {"username": name}
        self.token = self.ask("POST", "/api/v1/auth/login", {**known, "password": password})["access_token"]
        return self


local = threading.local()


def at_once(base, token, work, many):
    """Does the work for each of them, over a few connections."""
    def connect():
        local.client = Client(base)
        local.client.token = token
    with ThreadPoolExecutor(CONNECTIONS, initializer=connect) as pool:
        list(pool.map(lambda one: work(local.client, one), many))


def join(admin, first):
    count = min(ROWS, PEOPLE - first)
    users = [{"email": f"p{n}@crowd.example", "full_name": f"Person {n} {'Long' * (n % 9 + 1)}"} for n in range(first, first + count)]
    found = admin.ask("POST", "/api/v1/users/import", {"users": users})
    assert found["wrong"] == 0, [one for one in found["items"] if one["status"] == "wrong"][:3]


def add_thing(admin, number):
    thing = {"name": f"Thing {number}", "code": f"thing-{number}", "price": 1 + number % 3, "type": "clothing"}
    admin.ask("POST", "/api/v1/items", {**thing, "stock": 10_000, "low_stock_at": 5 if number % 50 else 20_000})


def buy(base, number, count):
    """One person who joins and buys, thing after thing."""
    client, address = Client(base), f"buyer{number}@crowd.example"
    try:
        client.ask("POST", "/api/v1/auth/register", {"email": address, "password": PASSWORD, "full_name": f"Buyer {number}"})
    except RuntimeError as error:
        if "email_taken" not in str(error):
            raise
    client.sign_in(address, PASSWORD)
    for n in range(count):
        client.ask("POST", "/api/v1/purchases", {"item": f"thing-{(number * 31 + n) % THINGS}", "quantity": 1})


def fill(base, name, password):
    """Adds what the shop does not have yet, so that the same shop can be measured again."""
    admin = Client(base).sign_in(name, password)
    total = admin.ask("GET", "/api/v1/users?limit=1")["total"]
    at_once(base, admin.token, join, range(total, PEOPLE, ROWS))
    known = admin.ask("GET", "/api/v1/items?search=thing&limit=1")["total"]
    at_once(base, admin.token, add_thing, range(known, THINGS))
    # The last step of all: a shop that has this grant is full.
    if any(one["name"] == "crowd" for one in admin.ask("GET", "/api/v1/grants")["items"]):
        return
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(lambda number: buy(base, number, ORDERS // BUYERS), range(BUYERS)))
    for verb, status, pages in (("ready", "ordered", 20), ("hand-over", "ready", 10)):
        for _ in range(pages):
            waiting = admin.ask("GET", f"/api/v1/orders?all=true&status={status}&sort_order=asc&limit=100")["items"]
            admin.ask("POST", f"/api/v1/orders/{verb}", {"ids": [one["id"] for one in waiting]})
    admin.ask("POST", "/api/v1/grants", {"name": "crowd", "reason": "For everybody", "to": "all", "amount": 5})


SCRIPT = {"BlinkScheduler_PerformMicrotaskCheckpoint", "EvaluateScript", "FunctionCall", "v8.callFunction", "v8.run", "v8.evaluateModule", "v8.compileModule"}
LAYOUT = {"Layout", "UpdateLayoutTree"}


def script_ms(browser, page, work):
    """
    The time that scripts took on the processor, whatever else the machine does. A trace has it for each task, also for
    what follows an answer; CDP's ScriptDuration lacks that. Layout inside of a script is not script.
    """
    browser.start_tracing(page=page, categories=["devtools.timeline", "v8", "toplevel"])
    work()
    events = json.loads(browser.stop_tracing())["traceEvents"]
    total, ends = 0, {}
    for one in sorted((one for one in events if one.get("ph") == "X" and one["name"] in SCRIPT | LAYOUT), key=lambda one: one["ts"]):
        key = (one["pid"], one["tid"], one["name"] in LAYOUT)
        is_inside = one["ts"] < ends.get(key, 0)
        is_in_script = one["ts"] < ends.get((one["pid"], one["tid"], False), 0)
        if is_inside or (one["name"] in LAYOUT and not is_in_script):
            continue
        ends[key] = one["ts"] + one["dur"]
        total += -one["tdur"] if one["name"] in LAYOUT else one["tdur"]
    return total / 1000


def measure(arguments, password):
    complaints, times = [], {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.browser, args=["--no-sandbox"])
        visitor = Visitor(browser, arguments.base, arguments.pictures)
        visitor.page.set_default_timeout(60_000)
        visitor.sign_in(arguments.admin, password)
        admin = Client(arguments.base).sign_in(arguments.admin, password)
        ids = {
            "user": admin.ask("GET", "/api/v1/users?search=buyer0@crowd.example")["items"][0]["id"],
            "thing": admin.ask("GET", "/api/v1/items?search=thing-1&limit=1")["items"][0]["id"],
        }
        for path in (one.format(**ids) for one in SCREENS):
            times[path] = script_ms(browser, visitor.page, lambda: visitor.open(path))
            visitor.page.screenshot(path=visitor.pictures / f"crowd{re.sub('[^a-z0-9=-]+', '-', path)}.png")
            if times[path] > LIMIT_MS:
                complaints.append(f"{path}: {times[path]:.0f} ms of script, more than {LIMIT_MS}")
        complaints += visitor.close()
        browser.close()
    for path, taken in times.items():
        print(f"{taken:7.0f} ms  {path}")
    return complaints


def main(arguments):
    password = Path(arguments.admin_password_file).read_text().strip()
    Path(arguments.pictures).mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    if not arguments.measure_only:
        fill(arguments.base, arguments.admin, password)
    print(f"filled in {time.monotonic() - begin:.0f} s", flush=True)
    complaints = measure(arguments, password)
    for complaint in complaints:
        print("WRONG", complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("base", "admin", "admin-password-file", "pictures"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--measure-only", action="store_true", help="the shop is full already")
    sys.exit(main(parser.parse_args()))
