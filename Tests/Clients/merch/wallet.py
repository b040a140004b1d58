import json
import re
import time
import uuid
from datetime import datetime, timezone

from common import at_once
from merch.desk import UNDO_SECONDS, check_no_row_twice, walk
from merch.routes import AMOUNTS_REFUSED, expect_405
from merch.sessions import me
from merch.shop import (
    ANY_REFUSAL, BAD_REQUEST, NOT_AN_OBJECT, NOT_JSON, Person, expect_coins, fresh, info, login,
    new_key, newcomer, quoted, successes,
)


class Wallets:
    """The wallet routes and people who own a wallet, with the merch view of the same coins."""

    def __init__(self, api):
        self.api = api
        self.report = api.report
        self._by_name = True
        giver, taker = self.owner(), self.owner()
        if self.transfer(giver, taker, 1).status in ANY_REFUSAL:
            self._by_name = False

    def owner(self):
        """Makes a user in merch, where 1000 coins are promised, and logs in to v1 by the name."""
        person = newcomer(self.api)
        answer = login(self.api, person.name, person.password)
        self.report.expect(answer, "v1 login of a merch user", 200)
        person.access = answer.member("access_token") or ""
        person.id = me(self.api, person.access).member("id")
        return person

    def address(self, person):
        """The contract does not say whether to_user is a name or an id; the name is tried first."""
        return person.name if self._by_name else person.id

    def transfer(self, giver, taker, amount, key=None, **more):
        body = {"to_user": self.address(taker), "amount": amount, **more}
        return self.post(giver, "/api/v1/transfers", body, key or new_key())

    def purchase(self, person, item, quantity, key=None):
        return self.post(person, "/api/v1/purchases", {"item": item, "quantity": quantity}, key or new_key())

    def undo(self, person, transfer):
        return self.post(person, f"/api/v1/transfers/{transfer}/undo", None, new_key())

    def post(self, person, path, body, key):
        return self.api.post(path, body, token=person.access, key=key)

    def wallet(self, person, at=None):
        query = "" if at is None else "?at=" + quoted(at)
        return self.api.get("/api/v1/wallet" + query, token=person.access)

    def expect_coins(self, what, *balances):
        for person, amount in balances:
            expect_coins(self.api, person, amount, what)


def holds_number(value, number):
    """Says whether a number is anywhere in an answer whose members the contract does not name."""
    if isinstance(value, dict):
        return any(holds_number(inner, number) for inner in value.values())
    if isinstance(value, list):
        return any(holds_number(inner, number) for inner in value)
    return type(value) is int and value == number


def transfer_id(answer):
    """Finds the transfer's id, which may be called id, transfer_id or operation_id."""
    body = answer.json() or {}
    inner = body.get("transfer")
    for place in (body, inner if isinstance(inner, dict) else {}):
        for name in ("id", "transfer_id", "operation_id"):
            if name in place:
                return place[name]
    return None


def expect_shortage(report, answer, available, asked, what):
    """A refusal for want of coins says, in members or text, what was available and what was asked."""
    report.expect(answer, what, *ANY_REFUSAL)
    body = {name: value for name, value in (answer.json() or {}).items() if name != "request_id"}
    numbers = set(re.findall(r"\d+", json.dumps(body)))
    report.check({str(available), str(asked)} <= numbers,
                 f"{what}: says that {available} were available and {asked} asked", answer)


def expect_replay(report, first, again, what):
    right = (again.status == first.status and again.body == first.body
             and again.header("Idempotent-Replayed").lower() == "true")
    report.check(right, f"{what}: the first answer again, Idempotent-Replayed: true",
                 f"Idempotent-Replayed: {again.header('Idempotent-Replayed')}", first, again)


def expect_key_reused(report, answer, what):
    report.check(answer.status == 422 and answer.member("code") == "idempotency_key_reused",
                 f"{what}: 422 idempotency_key_reused", answer)


def check_v1_transfer(wallets):
    giver, taker, other = wallets.owner(), wallets.owner(), wallets.owner()
    report, key = wallets.report, new_key()
    first = wallets.transfer(giver, taker, 137, key, message="Спасибо!")
    report.expect(first, "transfer", 201)
    report.check(first.header("Idempotent-Replayed").lower() != "true", "the first answer is no replay", first)
    wallets.expect_coins("after a transfer", (giver, 863), (taker, 1137))
    for _ in range(2):
        again = wallets.transfer(giver, taker, 137, key, message="Спасибо!")
        expect_replay(report, first, again, "transfer")
    for changed in (wallets.transfer(giver, taker, 138, key, message="Спасибо!"),
                    wallets.transfer(giver, other, 137, key, message="Спасибо!"),
                    wallets.transfer(giver, taker, 137, key, message="Other")):
        expect_key_reused(report, changed, "other transfer under the key")
    wallets.expect_coins("after replays", (giver, 863), (taker, 1137), (other, 1000))
    report.expect(wallets.transfer(taker, other, 137, key), "another user's equal key", 201)
    report.expect(wallets.transfer(giver, other, 3), "a transfer without message", 201)
    wallets.expect_coins("after four transfers", (giver, 860), (taker, 1000), (other, 1140))
    sent = [{"toUser": taker.name, "amount": 137}, {"toUser": other.name, "amount": 3}]
    found = info(wallets.api, giver)
    report.check(found["coinHistory"]["sent"] == sent, "v1 transfers in the merch history", found)


def check_keys_are_required(wallets):
    person, friend, api = wallets.owner(), wallets.owner(), wallets.api
    for path, body in (("/api/v1/transfers", {"to_user": wallets.address(friend), "amount": 1}),
                       ("/api/v1/purchases", {"item": "pen", "quantity": 1})):
        api.report.expect(api.post(path, body, token=person.access), f"{path} without a key", 400)
        api.report.expect(api.post(path, body, token=person.access, key=""), f"{path}, empty key", *BAD_REQUEST)
        api.report.expect(api.post(path, body, key=new_key()), f"{path} without a token", 401)
    wallets.expect_coins("nothing moves without a key", (person, 1000), (friend, 1000))


def check_refused_v1_transfers(wallets):
    person, friend, api = wallets.owner(), wallets.owner(), wallets.api
    address = json.dumps(wallets.address(friend))
    refused = [f'{{"to_user":{address},"amount":{amount}}}'.encode() for amount in AMOUNTS_REFUSED]
    right = {"to_user": wallets.address(friend), "amount": 1}
    bodies = [{}, {"amount": 1}, {"to_user": wallets.address(friend)}, {**right, "extra": 1},
              {**right, "message": 5}, {**right, "message": {}}]
    bodies += [{**right, "to_user": value} for value in ("", None, 5, True, [], {}, "a\x00b", "x" * 3000)]
    refused += [json.dumps(body).encode() for body in bodies]
    for raw in [*refused, *NOT_JSON, *NOT_AN_OBJECT]:
        answer = api.post("/api/v1/transfers", raw=raw, token=person.access, key=new_key())
        api.report.expect(answer, "refused transfer", *ANY_REFUSAL)
    for stranger in (Person(fresh("nobody"), "", "", id=str(uuid.uuid4())), person):
        answer = wallets.transfer(person, stranger, 1)
        api.report.expect(answer, "transfer to nobody or to oneself", *ANY_REFUSAL)
    for amount in (1001, 987654, 2**53 + 1, 2**63 - 1):
        expect_shortage(api.report, wallets.transfer(person, friend, amount), 1000, amount, "too few coins")
    wallets.expect_coins("after refused transfers", (person, 1000), (friend, 1000))


def check_v1_purchase(wallets):
    person, report, key = wallets.owner(), wallets.report, new_key()
    first = wallets.purchase(person, "cup", 3, key)
    report.expect(first, "purchase", 201)
    expect_replay(report, first, wallets.purchase(person, "cup", 3, key), "purchase")
    for item, quantity in (("cup", 2), ("pen", 3)):
        expect_key_reused(report, wallets.purchase(person, item, quantity, key), "other purchase under the key")
    report.expect(wallets.purchase(person, "pen", 1), "purchase", 201)
    report.expect(wallets.purchase(person, "cup", 1), "purchase", 201)
    found = info(wallets.api, person)
    wanted = [{"type": "cup", "quantity": 4}, {"type": "pen", "quantity": 1}]
    report.check((found["coins"], found["inventory"]) == (910, wanted), "v1 purchases in merch", found)
    expect_shortage(report, wallets.purchase(person, "pink-hoody", 2), 910, 1000, "too few coins")


def check_refused_v1_purchases(wallets):
    person, api = wallets.owner(), wallets.api
    refused = [f'{{"item":"cup","quantity":{quantity}}}'.encode() for quantity in AMOUNTS_REFUSED]
    bodies = [{}, {"quantity": 1}, {"item": "cup", "quantity": 1, "extra": 1},
              {"item": "cup", "quantity": 2**63 - 1}, {"item": "cup", "quantity": 2**62},
              {"item": "cup", "quantity": 2**63 // 20 + 1}, {"item": "cup", "quantity": 51}]
    bodies += [{"item": value, "quantity": 1} for value in ("", "nothing", None, 5, True, [], {}, "a\x00b")]
    refused += [json.dumps(body).encode() for body in bodies]
    for raw in [*refused, *NOT_JSON, *NOT_AN_OBJECT]:
        answer = api.post("/api/v1/purchases", raw=raw, token=person.access, key=new_key())
        api.report.expect(answer, "refused purchase", *ANY_REFUSAL)
    found = info(api, person)
    api.report.check((found["coins"], found["inventory"]) == (1000, []), "refused purchases buy nothing", found)


def check_v1_at_once(wallets):
    """One key in ten threads moves once, and twenty threads never spend a coin twice."""
    person, friend, report, key = wallets.owner(), wallets.owner(), wallets.report, new_key()
    answers = at_once([lambda: wallets.transfer(person, friend, 100, key)] * 10)
    report.check(successes(answers) >= 1, "one of the equal transfers succeeds", *answers[:2])
    for answer in answers:
        report.expect(answer, "equal transfer at the same time", 201, 409, 425, 503)
    report.check(len({answer.body for answer in answers if answer.status == 201}) == 1,
                 "every success is the same answer", *answers[:2])
    wallets.expect_coins("one key in ten threads", (person, 900), (friend, 1100))
    calls = [lambda: wallets.transfer(person, friend, 100), lambda: wallets.purchase(person, "cup", 5)] * 10
    answers = at_once(calls)
    report.check(successes(answers) == 9, "900 coins are nine times 100", successes(answers))
    mine, theirs = info(wallets.api, person), info(wallets.api, friend)
    cups = sum(row["quantity"] for row in mine["inventory"])
    report.check(mine["coins"] == 0 and theirs["coins"] + 20 * cups == 2000, "exact sums", mine, theirs)


def instant(seconds):
    return datetime.fromtimestamp(int(seconds), timezone.utc).isoformat().replace("+00:00", "Z")


def check_wallet_and_its_past(wallets):
    """The balance at a past instant is the one of that instant, whole seconds apart from any change."""
    person, friend, report = wallets.owner(), wallets.owner(), wallets.report
    balances, moments = [1000], []
    for amount in (137, 211):
        time.sleep(2.2)
        moments.append(time.time() - 1)
        report.expect(wallets.transfer(person, friend, amount), "transfer", 201)
        balances.append(balances[-1] - amount)
    now = wallets.wallet(person)
    report.check(now.status == 200 and holds_number(now.json(), balances[-1]), "the wallet now", now)
    for moment, balance in zip(moments, balances):
        for at in (instant(moment), instant(moment).replace("Z", "+00:00"), instant(moment)[:-1] + ".000Z"):
            answer = wallets.wallet(person, at)
            report.check(answer.status == 200 and holds_number(answer.json(), balance)
                         and not holds_number(answer.json(), balances[-1]), f"{balance} coins at {at}", answer)
    early = wallets.wallet(person, "2001-01-01T00:00:00Z")
    report.expect(early, "before the user existed", 200, *ANY_REFUSAL)
    report.check(not holds_number(early.json(), 1000), "no coins before the user existed", early)
    for at in ("", "yesterday", "2024-13-45T00:00:00Z", "0", "\x00", "9" * 30):
        report.expect(wallets.wallet(person, at), f"at={at!r}", *ANY_REFUSAL)
    report.expect(wallets.wallet(person, instant(time.time() + 86400)), "a future instant", 200, *BAD_REQUEST)
    for path in ("/api/v1/wallet", "/api/v1/wallet/history"):
        report.expect(wallets.api.get(path), f"{path} without a token", 401)


def check_wallet_history(wallets):
    """Pages of every size hold the same rows, even if a row is added on the way."""
    person, friend, report, path = wallets.owner(), wallets.owner(), wallets.report, "/api/v1/wallet/history"
    empty = wallets.api.get(path, token=friend.access)
    report.expect(empty, "the history of a new user", 200)
    for amount in (1, 2, 2, 3, 2, 4, 2):
        report.expect(wallets.transfer(person, friend, amount), "transfer", 201)
    for item in ("pen", "cup"):
        report.expect(wallets.purchase(person, item, 1), "purchase", 201)
    report.expect(wallets.transfer(friend, person, 5), "transfer", 201)
    whole = walk(wallets.api, path, person.access, 100)
    report.check(len(whole) >= 10, "every movement is in the history", len(whole))
    check_no_row_twice(report, whole, "history")
    for limit in (1, 2, 3, 7, len(whole)):
        rows = walk(wallets.api, path, person.access, limit)
        report.check(rows == whole, f"the same rows in pages of {limit}", rows, whole)
    rows = walk(wallets.api, path, person.access, 3, between=lambda: wallets.transfer(person, friend, 6))
    check_no_row_twice(report, rows, "history with a row added on the way")
    missing = set(whole) - set(rows)
    report.check(not missing, "no row missing after one was added on the way", sorted(missing)[:2])
    for query in ("cursor=nonsense", "cursor=%00", "cursor=-1", "cursor=" + "9" * 40, "limit=0", "limit=-1",
                  "limit=x", "limit=9223372036854775808"):
        answer = wallets.api.get(f"{path}?{query}", token=person.access)
        report.expect(answer, f"history with {query}", 200, *BAD_REQUEST)


def check_undo(wallets):
    giver, taker, stranger = wallets.owner(), wallets.owner(), wallets.owner()
    report = wallets.report
    made = wallets.transfer(giver, taker, 250)
    transfer = transfer_id(made)
    report.check(transfer is not None, "a transfer has an id", made)
    for someone in (taker, stranger):
        report.expect(wallets.undo(someone, transfer), "undo by someone else", *ANY_REFUSAL)
    tokenless = wallets.api.post(f"/api/v1/transfers/{transfer}/undo", key=new_key())
    report.expect(tokenless, "undo without a token", 401)
    for unknown in (uuid.uuid4(), "abc", "0", "-1", "9" * 40):
        report.expect(wallets.undo(giver, unknown), "undo of an unknown transfer", 400, 404, 422)
    wallets.expect_coins("after refused undos", (giver, 750), (taker, 1250), (stranger, 1000))
    report.expect(wallets.undo(giver, transfer), "undo by the sender", 200, 201, 204)
    wallets.expect_coins("after the undo", (giver, 1000), (taker, 1000))
    report.expect(wallets.undo(giver, transfer), "second undo", 200, 201, 204, *ANY_REFUSAL)
    wallets.expect_coins("a second undo has no second effect", (giver, 1000), (taker, 1000))


def check_undos_at_once(wallets):
    giver, taker = wallets.owner(), wallets.owner()
    transfer = transfer_id(wallets.transfer(giver, taker, 250))
    answers = at_once([lambda: wallets.undo(giver, transfer)] * 8)
    wallets.report.check(successes(answers) >= 1, "one of the equal undos succeeds", *answers[:2])
    wallets.expect_coins("undos at the same time take back once", (giver, 1000), (taker, 1000))


def check_undo_of_spent_coins(wallets):
    giver, taker, other, report = wallets.owner(), wallets.owner(), wallets.owner(), wallets.report
    transfer = transfer_id(wallets.transfer(giver, taker, 250))
    report.expect(wallets.transfer(taker, other, 1001), "the receiver spends the coins", 201)
    report.expect(wallets.undo(giver, transfer), "undo of spent coins", *ANY_REFUSAL)
    wallets.expect_coins("a refused undo moves nothing", (giver, 750), (taker, 249), (other, 2001))


def check_late_undo(wallets, giver, taker, transfer, made_at):
    """Waits until a transfer made earlier may no longer be taken back."""
    time.sleep(max(0.0, made_at + UNDO_SECONDS + 2 - time.monotonic()))
    wallets.report.expect(wallets.undo(giver, transfer), "undo after 60 s", *ANY_REFUSAL)
    wallets.expect_coins("after a late undo", (giver, 750), (taker, 1250))


def check_v1_methods(wallets):
    person = wallets.owner()
    for path, method, allowed in (
            ("/api/v1/wallet", "PUT", "GET"), ("/api/v1/wallet/history", "DELETE", "GET"),
            ("/api/v1/purchases", "PUT", "POST"), ("/api/v1/transfers", "PUT", "POST"),
            ("/api/v1/auth/login", "PUT", "POST"), ("/api/v1/auth/register", "DELETE", "POST"),
            ("/api/v1/auth/refresh", "GET", "POST"), ("/api/v1/auth/logout", "GET", "POST"),
            ("/api/v1/auth/me", "PUT", "GET"), ("/api/v1/users", "PUT", "GET")):
        expect_405(wallets.api, method, path, allowed, person.access)


def transfer_for_late_undo(wallets):
    giver, taker = wallets.owner(), wallets.owner()
    made = wallets.transfer(giver, taker, 250)
    return giver, taker, transfer_id(made), time.monotonic()

CHECKS = (
    check_v1_transfer, check_keys_are_required, check_refused_v1_transfers, check_v1_purchase,
    check_refused_v1_purchases, check_v1_at_once, check_wallet_and_its_past,
    check_wallet_history, check_undo, check_undos_at_once, check_undo_of_spent_coins,
    check_v1_methods,
)
