import json
import re
import secrets
import unicodedata
import urllib.parse

from common import PRICES, START_COINS, at_once
from merch.shop import (
    NOT_AN_OBJECT, NOT_JSON, Person, buy, check_token_claims, expect_coins, expect_done,
    expect_too_few, fresh, info, login, new_key, newcomer, refused_authorizations, send,
    sign_in, successes,
)

HISTORY_ROWS = 1000
# These are JSON texts, because several of them cannot be written as a Python value.
AMOUNTS_REFUSED = (
    "0", "-0", "-1", "1.5", "0.5", '"5"', '""', "null", "true", "false", "[]", "[5]", "{}",
    "9223372036854775808", "18446744073709551616", "18446744073709551617",
    "-9223372036854775809", "1" + "0" * 400, "1e400",
)


def check_first_login_and_empty_info(shop):
    name, password = fresh(), fresh("password")
    first = sign_in(shop, name, password)
    shop.report.expect(first, "first login", 200)
    shop.report.check(set(first.json()) == {"token"}, "the login answers {token}", first)
    person = Person(name, password, first.member("token"))
    empty = {"coins": START_COINS, "inventory": [], "coinHistory": {"received": [], "sent": []}}
    answer = shop.get("/api/info", token=person.token)
    shop.report.check(answer.json() == empty, "a new user has 1000 coins and empty lists", answer)
    shop.report.check("Link" not in answer.headers, "no Link without more rows", answer)
    check_token_claims(shop.report, person.token, 12 * 3600, "merch token")


def check_later_logins(shop):
    person, friend = newcomer(shop), newcomer(shop)
    send(shop, person, friend.name, 1)
    again = sign_in(shop, person.name, person.password)
    shop.report.expect(again, "second login", 200)
    expect_coins(shop, Person(person.name, "", again.member("token")), START_COINS - 1, "no second grant")
    expect_coins(shop, person, START_COINS - 1, "the first token still works")
    for wrong in (person.password + "x", person.password[:-1], person.password.upper()):
        shop.report.expect(sign_in(shop, person.name, wrong), "wrong password", 401)


def names_of_every_kind():
    """Names the contract allows, each new in this run."""
    tail = secrets.token_hex(8)
    return [
        f"anna.{tail}+shop@example.com", f"Анна-{tail}", f"Ёжик Й {tail}", f"名前{tail}", f"😀{tail}",
        f"o'hara \"{tail}\"", f"a/b?c=d&e%20f#{tail}", f"<b>{tail}</b>", f"\\n{tail}",
        tail + "x" * (255 - len(tail)), "ж" * 119 + "-" + tail,
    ]


def check_names_survive_the_way_round(shop):
    sender = newcomer(shop)
    names = names_of_every_kind()
    for name in names:
        receiver = newcomer(shop, name)
        expect_done(shop, send(shop, sender, name, 1), f"send to {name[:40]}")
        received = info(shop, receiver)["coinHistory"]["received"]
        shop.report.check(received == [{"fromUser": sender.name, "amount": 1}], "received by name", received)
        back = send(shop, receiver, sender.name, 1)
        expect_done(shop, back, f"send from {name[:40]}")
    history = info(shop, sender)["coinHistory"]
    shop.report.check(history["sent"] == [{"toUser": name, "amount": 1} for name in names],
                      "names in the history of the sender", history["sent"])
    shop.report.check(history["received"] == [{"fromUser": name, "amount": 1} for name in names],
                      "names in the history of the receiver", history["received"])


def check_name_of_one_character(shop):
    """There are few such names, so a random ideograph with a fixed password may be known already."""
    name = chr(0x4E00 + secrets.randbelow(0x5000))
    shop.report.expect(sign_in(shop, name, "one-character"), "name of one character", 200)
    shop.report.expect(sign_in(shop, "q", "one-character"), "name of one letter", 200, 401)


def check_refused_names(shop):
    tail = secrets.token_hex(8)
    too_long = tail + "x" * (256 - len(tail))
    too_many_bytes = "ж" * 120 + tail
    controls = [f"{tail}{mark}x" for mark in ("\n", "\t", "\r", "\x00", "\x1b", "\x7f", "\x85")]
    for name in [too_long, too_many_bytes, *controls, ""]:
        shop.report.expect(sign_in(shop, name, "password-1"), "refused name", 400)
    lone = b'{"username":"%s\\ud800","password":"password-1"}' % tail.encode()
    shop.report.expect(shop.post("/api/auth", raw=lone), "half a surrogate pair", 400)


def check_decomposed_name(shop):
    """A name that is not NFC is either refused or means the composed name."""
    composed = f"Йёї-{secrets.token_hex(8)}"
    person = newcomer(shop, unicodedata.normalize("NFC", composed))
    expect_done(shop, buy(shop, person, "pen"), "buy before the second login")
    answer = sign_in(shop, unicodedata.normalize("NFD", composed), person.password)
    if shop.report.expect(answer, "decomposed name", 200, 400) and answer.status == 200:
        expect_coins(shop, Person(composed, "", answer.member("token")), START_COINS - 10, "same user")


def check_password_lengths(shop):
    for password in ("p", "п", "p" * 256, "п" * 128, "  ", "пароль 😀"):
        name = fresh()
        shop.report.expect(sign_in(shop, name, password), "allowed password", 200)
        shop.report.expect(sign_in(shop, name, password), "allowed password again", 200)
        changed = password[:-1] + "q"
        shop.report.expect(sign_in(shop, name, changed), "password that differs at its end", 401)
    for password in ("", "p" * 257, "п" * 129):
        shop.report.expect(sign_in(shop, fresh(), password), "refused password", 400)


def check_auth_bodies(shop):
    name = fresh()
    wrong = [{}, {"username": name}, {"password": "p"}, {"Username": name, "Password": "p"}]
    for value in (None, 5, 1.5, True, [], {}, ["x"]):
        wrong += [{"username": value, "password": "password-1"}, {"username": name, "password": value}]
    for body in wrong:
        shop.report.expect(shop.post("/api/auth", body), "missing or mistyped member", 400)
    for raw in NOT_JSON + NOT_AN_OBJECT:
        shop.report.expect(shop.post("/api/auth", raw=raw), "broken JSON or no object", 400)
    shop.report.expect(shop.post("/api/auth"), "no body", 400)


def check_extras_are_ignored(shop):
    extras = {"email": None, "device": {"os": ["x", 1]}, "amounts": 1.5, "note": "y" * 4000, "": True}
    name, password, friend = fresh(), fresh("password"), newcomer(shop)
    answer = shop.post("/api/auth", {**extras, "username": name, "password": password})
    shop.report.expect(answer, "login with unknown members", 200)
    body = {**extras, "toUser": friend.name, "amount": 3}
    sent = shop.post("/api/sendCoin", body, token=answer.member("token"))
    expect_done(shop, sent, "sendCoin with unknown members")
    expect_coins(shop, friend, START_COINS + 3, "after sendCoin with unknown members")


def check_content_type_is_not_required(shop):
    friend = newcomer(shop)
    for kind in (None, "text/plain", "application/x-www-form-urlencoded"):
        login = {"username": fresh(), "password": "password-1"}
        answer = shop.post("/api/auth", login, content_type=kind)
        shop.report.expect(answer, f"login with Content-Type {kind}", 200)
        body = {"toUser": friend.name, "amount": 1}
        sent = shop.post("/api/sendCoin", body, token=answer.member("token"), content_type=kind)
        expect_done(shop, sent, f"sendCoin with Content-Type {kind}")
    expect_coins(shop, friend, START_COINS + 3, "after three transfers")


def check_merch_tokens(shop):
    """The three protected routes refuse whatever is not a genuine token, and nothing moves."""
    person, friend = newcomer(shop), newcomer(shop)
    body = {"toUser": friend.name, "amount": 1}
    for label, value in refused_authorizations(person.token).items():
        headers = {} if value is None else {"Authorization": value}
        for method, path, sent in (("GET", "/api/info", None), ("POST", "/api/sendCoin", body),
                                   ("GET", "/api/buy/pen", None)):
            answer = shop.call(method, path, sent, headers=headers)
            shop.report.expect(answer, f"Authorization: {label}", 401)
    bare = shop.call("GET", "/api/info", headers={"Authorization": person.token})
    shop.report.expect(bare, "Authorization: the token without its scheme", 200)
    expect_coins(shop, person, START_COINS, "after refused tokens")
    expect_coins(shop, friend, START_COINS, "after refused tokens")


def check_transfers_and_their_order(shop):
    """One row per transfer, oldest first, also for equal transfers; nothing else is in the history."""
    first, second, third = newcomer(shop), newcomer(shop), newcomer(shop)
    steps = [(second, 1), (third, 5), (second, 2), (second, 2), (third, 90), (second, 1)]
    for receiver, amount in steps:
        expect_done(shop, send(shop, first, receiver.name, amount), "sendCoin")
    expect_done(shop, send(shop, third, second.name, 7), "sendCoin")
    expect_done(shop, buy(shop, second, "pen"), "buy")
    mine, theirs = info(shop, first), info(shop, second)
    sent = [{"toUser": receiver.name, "amount": amount} for receiver, amount in steps]
    received = [{"fromUser": first.name, "amount": amount} for amount in (1, 2, 2, 1)]
    received.append({"fromUser": third.name, "amount": 7})
    shop.report.check(mine["coinHistory"] == {"received": [], "sent": sent}, "history of the sender", mine)
    shop.report.check(theirs["coinHistory"] == {"received": received, "sent": []},
                      "history of the receiver", theirs)
    for person, amount in ((first, 899), (second, 1003), (third, 1088)):
        expect_coins(shop, person, amount, "after the transfers")


def check_everything_can_be_sent(shop):
    person, friend = newcomer(shop), newcomer(shop)
    expect_too_few(shop, send(shop, person, friend.name, START_COINS + 1), "one coin too many")
    expect_done(shop, send(shop, person, friend.name, START_COINS), "all coins")
    found = info(shop, person)
    wanted = {"coins": 0, "inventory": [],
              "coinHistory": {"received": [], "sent": [{"toUser": friend.name, "amount": START_COINS}]}}
    shop.report.check(found == wanted, "coins is present as 0", found)
    expect_too_few(shop, send(shop, person, friend.name, 1), "no coins left")
    expect_too_few(shop, buy(shop, person, "pen"), "buy with no coins left")


def check_refused_transfers(shop):
    person, friend = newcomer(shop), newcomer(shop)
    refused = [b'{"toUser":%s,"amount":%s}' % (json.dumps(friend.name).encode(), amount.encode())
               for amount in AMOUNTS_REFUSED + ("NaN", "+5", "05", "0x5")]
    bodies = [{}, {"toUser": friend.name}, {"amount": 5}, {"touser": friend.name, "amount": 5}]
    bodies += [{"toUser": value, "amount": 5} for value in ("", None, 5, True, [], {}, [friend.name])]
    bodies += [{"toUser": name, "amount": 5} for name in (person.name, fresh("nobody"), "x" * 300, "a\x00b")]
    refused += [json.dumps(body).encode() for body in bodies]
    for raw in [*refused, *NOT_JSON, *NOT_AN_OBJECT]:
        shop.report.expect(shop.post("/api/sendCoin", raw=raw, token=person.token), "refused transfer", 400)
    shop.report.expect(shop.post("/api/sendCoin", token=person.token), "no body", 400)
    for amount in (2**63 - 1, 2**53, 2**31, 2**32 + 1):
        expect_too_few(shop, send(shop, person, friend.name, amount), "far too few coins")
    for someone in (person, friend):
        found = info(shop, someone)
        untouched = found["coins"] == START_COINS and found["coinHistory"] == {"received": [], "sent": []}
        shop.report.check(untouched, "refused transfers move nothing and leave no row", found)


def check_whole_amounts_written_oddly(shop):
    """1.0 and 1e2 are whole numbers to some readers; either they are refused or moved exactly."""
    person, friend = newcomer(shop), newcomer(shop)
    balance = START_COINS
    for text, amount in ((b"1.0", 1), (b"1e2", 100)):
        raw = b'{"toUser":"%s","amount":%s}' % (friend.name.encode(), text)
        answer = shop.post("/api/sendCoin", raw=raw, token=person.token)
        shop.report.expect(answer, "whole amount with point or exponent", 200, 400)
        balance -= amount if answer.status == 200 else 0
        expect_coins(shop, person, balance, f"after {text.decode()}")


def check_send_idempotency(shop):
    person, friend, other = newcomer(shop), newcomer(shop), newcomer(shop)
    key = new_key()
    for _ in range(3):
        expect_done(shop, send(shop, person, friend.name, 10, key), "the same transfer under one key")
    expect_coins(shop, person, START_COINS - 10, "one key moves once")
    shop.report.expect(send(shop, person, friend.name, 11, key), "one key, other amount", 400)
    shop.report.expect(send(shop, person, other.name, 10, key), "one key, other recipient", 400)
    expect_coins(shop, person, START_COINS - 10, "other content under one key moves nothing")
    expect_done(shop, send(shop, friend, other.name, 10, key), "another user's equal key")
    expect_done(shop, send(shop, person, friend.name, 10, new_key()), "a new key")
    expect_done(shop, send(shop, person, friend.name, 10), "no key")
    found = info(shop, friend)
    wanted = [{"fromUser": person.name, "amount": 10}] * 3
    shop.report.check(found["coinHistory"]["received"] == wanted, "one row per real transfer", found)
    expect_coins(shop, friend, START_COINS + 20, "receiver after the keys")
    for odd in ("", "k" * 300, "k" * 3000, "with space", "\u00e9", '"quoted"'):
        shop.report.expect(send(shop, other, friend.name, 1, odd), "odd key", 200, 400)


def check_one_key_in_many_threads(shop):
    person, friend = newcomer(shop), newcomer(shop)
    key = new_key()
    answers = at_once([lambda: send(shop, person, friend.name, 10, key)] * 10)
    shop.report.check(successes(answers) >= 1, "one of the equal transfers succeeds", *answers[:2])
    for answer in answers:
        shop.report.expect(answer, "equal transfer at the same time", 200, 400, 503)
    expect_coins(shop, person, START_COINS - 10, "one key in ten threads moves once")
    expect_coins(shop, friend, START_COINS + 10, "one key in ten threads moves once")


def check_longest_history(shop):
    """The newest 1000 rows each way are given, and a Link says where the others are."""
    person, friend, giver = newcomer(shop), newcomer(shop), newcomer(shop)
    expect_done(shop, send(shop, giver, person.name, 100), "coins for one transfer more")
    expect_done(shop, send(shop, person, friend.name, 2), "the oldest transfer")
    for _ in range(HISTORY_ROWS - 1):
        if not expect_done(shop, send(shop, person, friend.name, 1), "one of many transfers"):
            return
    for someone in (person, friend):
        answer = shop.get("/api/info", token=someone.token)
        shop.report.check("Link" not in answer.headers, "1000 rows are not more than 1000",
                          answer.header("Link"))
    expect_done(shop, send(shop, person, friend.name, 3), "the transfer after 1000")
    for someone, way, row in ((person, "sent", {"toUser": friend.name}),
                              (friend, "received", {"fromUser": person.name})):
        answer = shop.get("/api/info", token=someone.token)
        wanted = [{**row, "amount": amount} for amount in [1] * (HISTORY_ROWS - 1) + [3]]
        rows = answer.json()["coinHistory"][way]
        shop.report.check(rows == wanted, f"the newest 1000 rows {way}, oldest first",
                          f"{len(rows)} rows, first {rows[:1]}, last {rows[-1:]}")
        check_history_link(shop, someone, answer.header("Link"))


def check_history_link(shop, person, link):
    target = re.search(r'<([^>]*/api/v1/wallet/history\?[^>]*)>\s*;\s*rel="next"', link)
    if shop.report.check(target, 'a Link with rel="next" to the wallet history', repr(link)):
        parts = urllib.parse.urlsplit(target.group(1))
        answer = shop.get(f"{parts.path}?{parts.query}", token=person.token)
        shop.report.expect(answer, "the linked history", 200, 401)


def check_prices_and_inventory_order(shop):
    """Every item costs its price; the inventory is in the order of first purchase, one row per item."""
    rounds = (["pink-hoody", "socks", "hoody", "cup", "socks", "t-shirt", "cup"],
              ["wallet", "umbrella", "pen", "powerbank", "pen", "book", "wallet", "pen"])
    for items in rounds:
        person, balance, counts = newcomer(shop), START_COINS, {}
        for item in items:
            answer = buy(shop, person, item)
            expect_done(shop, answer, f"buy {item}")
            kept = re.search(r"no-store|no-cache|max-age=0", answer.header("Cache-Control"))
            shop.report.check(kept, "a purchase is never cached", answer.header("Cache-Control"))
            balance -= PRICES[item]
            counts[item] = counts.get(item, 0) + 1
            found = info(shop, person)
            shop.report.check(found["coins"] == balance, f"{item} costs {PRICES[item]}", found)
        wanted = [{"type": item, "quantity": quantity} for item, quantity in counts.items()]
        shop.report.check(found["inventory"] == wanted, "inventory in the order of first purchase", found)
        shop.report.check(found["coinHistory"] == {"received": [], "sent": []},
                          "purchases are not in the history of coins", found)


def check_stock_is_unlimited(shop):
    person = newcomer(shop)
    for _ in range(START_COINS // PRICES["pen"]):
        if not expect_done(shop, buy(shop, person, "pen"), "one of a hundred pens"):
            return
    found = info(shop, person)
    shop.report.check((found["coins"], found["inventory"]) == (0, [{"type": "pen", "quantity": 100}]),
                      "a hundred pens for a thousand coins", found)
    for item in PRICES:
        expect_too_few(shop, buy(shop, person, item), f"{item} without coins")


def check_items_in_the_path(shop):
    person = newcomer(shop)
    for path in ("t%2Dshirt", "%63up", "%63%75%70"):
        expect_done(shop, shop.get("/api/buy/" + path, token=person.token), f"percent-encoded {path}")
    left = START_COINS - 80 - 20 - 20
    for path in ("nothing", "CUP", "cup%20", "%20cup", "t-shirt2", "%D1%87%D0%B0%D1%88%D0%BA%D0%B0", "cup%0A",
                 "1", "null", "x" * 1000, "'%20OR%201=1--", "%2525", "cup%3Fx"):
        answer = shop.get("/api/buy/" + path, token=person.token)
        shop.report.expect(answer, "unknown item", 400)
    for path in ("", "cup/", "cup/more", "cup%2Fmore", "cup%00", "%FF%FE", "%zz", "%2E%2E"):
        answer = shop.get("/api/buy/" + path, token=person.token, judged=False)
        shop.report.expect(answer, "a path that is no item", 400, 404)
    expect_coins(shop, person, left, "after unknown items")


def expect_405(client, method, path, allowed, token):
    answer = client.call(method, path, token=token)
    methods = {name.strip() for name in answer.header("Allow").split(",")}
    client.report.check(answer.status == 405 and allowed in methods and method not in methods,
                        f"405 with Allow: {allowed}", f"Allow: {answer.header('Allow')}", answer)


def check_merch_methods(shop):
    person = newcomer(shop)
    for path, allowed in (("/api/auth", "POST"), ("/api/sendCoin", "POST"),
                          ("/api/info", "GET"), ("/api/buy/cup", "GET")):
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - {allowed}:
            expect_405(shop, method, path, allowed, person.token)
    expect_405(shop, "HEAD", "/api/buy/cup", "GET", person.token)
    found = info(shop, person)
    shop.report.check(found["coins"] == START_COINS and found["inventory"] == [],
                      "a refused method buys nothing", found)


def check_unknown_paths(shop):
    person = newcomer(shop)
    for path in ("/api/nothing", "/api/authentication", "/api/v1/nothing", "/api/v1/wallet/nothing",
                 "/no-such-page", "/API/info"):
        shop.report.expect(shop.get(path, token=person.token), "unknown path", 404)
        shop.report.expect(shop.post(path, {}, token=person.token), "unknown path", 404, 405)


CHECKS = (
    check_first_login_and_empty_info, check_later_logins, check_names_survive_the_way_round,
    check_name_of_one_character, check_refused_names, check_decomposed_name,
    check_password_lengths, check_auth_bodies, check_extras_are_ignored,
    check_content_type_is_not_required, check_merch_tokens, check_transfers_and_their_order,
    check_everything_can_be_sent, check_refused_transfers, check_whole_amounts_written_oddly,
    check_send_idempotency, check_one_key_in_many_threads, check_longest_history,
    check_prices_and_inventory_order, check_stock_is_unlimited, check_items_in_the_path,
    check_merch_methods, check_unknown_paths,
)
