"""Mixed merch load and inventory for Locust. Each user registers under a name that no other run has.

Settings from the environment: RATE_PER_USER, P95_MS and P99_MS.
"""

import logging
import os
import random
import time
import uuid

import gevent
from gevent.lock import BoundedSemaphore
from locust import FastHttpUser, constant_pacing, constant_throughput, events, task
from locust.exception import StopUser
from locust.stats import StatsEntry

RATE_PER_USER = float(os.environ.get("RATE_PER_USER", "5"))
P95_MS = float(os.environ.get("P95_MS", "50"))
P99_MS = float(os.environ.get("P99_MS", "100"))
MOST_FAILURES = 0.0001

RUN = f"{int(time.time()):x}{os.getpid():x}{random.randrange(1 << 16):x}"
SET_UP = "set-up: "
NOT_ENOUGH = " (not enough coins)"

usernames = []
registration = BoundedSemaphore()


class Person(FastHttpUser):
    """A colleague who joins the open shop and then asks with the token."""

    abstract = True

    def on_start(self):
        self.username = f"locust-{RUN}-{uuid.uuid4().hex[:12]}"
        self.password = f"password-{self.username}"
        # One at a time and at most 20 a second, because a new password costs the shop about 20 ms of processor time.
        with registration:
            answer = self.patiently("POST", "/api/auth", json=self.credentials())
            gevent.sleep(0.05)
        self.headers = {"Authorization": f"Bearer {answer.json()['token']}"}

    def credentials(self):
        return {"username": self.username, "password": self.password}

    def patiently(self, method, path, **request):
        """Asks until the shop has time: in the set-up 429 and 503 only mean "later"."""
        for _ in range(30):
            with self.client.request(method, path, name=SET_UP + path, catch_response=True, **request) as answer:
                if answer.status_code not in (429, 503):
                    break
                answer.success()
            gevent.sleep(float(answer.headers.get("Retry-After") or 1))
        if answer.status_code != 200:
            logging.error("%s %s: %s %s", method, path, answer.status_code, answer.text)
            raise StopUser
        return answer

    def ask(self, method, path, name=None, **request):
        """Sends a request of the load. Too few coins are an answer, not a failure, and have a row of their own."""
        with self.client.request(
            method, path, name=f"{method} {name or path}", headers=self.headers, catch_response=True, **request
        ) as answer:
            if answer.status_code == 400 and "not enough coins" in (answer.text or ""):
                answer.request_meta["name"] += NOT_ENOUGH
                answer.success()
            elif answer.status_code != 200:
                answer.failure(f"{answer.status_code} {(answer.text or '')[:200]}")
            return answer.status_code == 200


class Merch(Person):
    """76 % info, 10 % transfers, 13 % purchases and 1 % sign-ins."""

    weight = 4
    wait_time = constant_throughput(RATE_PER_USER)

    def on_start(self):
        super().on_start()
        usernames.append(self.username)

    @task(76)
    def info(self):
        self.ask("GET", "/api/info")

    @task(10)
    def send(self):
        """Sends one coin, so that coins go round and are not used up."""
        others = [name for name in random.sample(usernames, min(2, len(usernames))) if name != self.username]
        if others:
            self.ask("POST", "/api/sendCoin", json={"toUser": others[0], "amount": 1})

    @task(13)
    def buy(self):
        self.ask("GET", f"/api/buy/{random.choice(['pen', 'socks'])}", name="/api/buy/{item}")

    @task(1)
    def sign_in(self):
        self.ask("POST", "/api/auth", json=self.credentials())


class Inventory(Person):
    """A look at the inventory, a reservation and its return, once a second."""

    weight = 1
    wait_time = constant_pacing(1)

    def on_start(self):
        super().on_start()
        self.patiently("GET", "/api/buy/pen", headers=self.headers)
        self.id = self.patiently("GET", "/api/v1/auth/me", headers=self.headers).json()["id"]
        owned = self.patiently("GET", "/inventory", headers=self.headers).json()["items"]
        self.wish = [{"item_id": owned[0]["item_id"], "quantity": 1}]

    @task
    def reserve_and_return(self):
        operation = {"user_id": self.id, "operation_id": str(uuid.uuid4())}
        self.ask("GET", "/inventory")
        if self.ask("POST", "/inventory/reserve", json={**operation, "items": self.wish}):
            self.ask("POST", "/inventory/return-reserve", json=operation)


@events.quitting.add_listener
def judge(environment, **_):
    """Sets the exit code: 0 only if every kind of request was answered, in time and without failures."""
    rows = {name: entry for (name, _), entry in environment.stats.entries.items() if not name.startswith(SET_UP)}
    load = StatsEntry(environment.stats, "all", "", use_response_times_cache=False)
    for entry in rows.values():
        load.extend(entry)
    faults = []
    if load.num_requests == 0:
        faults.append("nothing was asked; see the errors of the set-up")
    if load.num_failures > MOST_FAILURES * load.num_requests:
        faults.append(f"{load.num_failures} of {load.num_requests} requests failed")
    for name, entry in sorted(rows.items()):
        for share, limit in ((0.95, P95_MS), (0.99, P99_MS)):
            taken = entry.get_response_time_percentile(share)
            if taken > limit:
                faults.append(f"{name}: p{share * 100:.0f} is {taken:.0f} ms, and the limit is {limit:.0f} ms")
    logging.info(
        "without the set-up: %d requests, %.0f a second, p50 %.0f ms, p95 %.0f ms, p99 %.0f ms, %d failed",
        load.num_requests, load.total_rps, *map(load.get_response_time_percentile, (0.5, 0.95, 0.99)),
        load.num_failures,
    )
    for fault in faults:
        logging.error("limit not kept: %s", fault)
    environment.process_exit_code = 1 if faults else 0
