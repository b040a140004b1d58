import json
import random
import re
import unicodedata
import uuid
from urllib.parse import quote

from common import PRICES, START_COINS
from newcomer.bodies import broken_bodies
from newcomer.shop import check_error_shape, new_name, new_password


def chapter_registration(newcomer):
    """Names and passwords of all permitted kinds are registered and signed in."""
    tail = uuid.uuid4().hex
    longest = "n" * (255 - len(tail)) + tail
    for name in (f"{tail}@example.com", f"Продавец-{tail}", f"o'neil {tail}", longest):
        person = newcomer.register(name=name)
        sign_in_again(newcomer, person)
    newcomer.register(name=new_name(), password="x")
    newcomer.register(name=new_name(), password="p" * 256)
    newcomer.register(name=new_name(), password="пароль")
    one_character_name(newcomer)
    normalised_name(newcomer, tail)


def sign_in_again(newcomer, person):
    """A known name with its password gets a token for the same account."""
    credentials = {"username": person.name, "password": person.password, "remember": True}
    answer = newcomer.shop.call("POST", "/api/auth", data=credentials)
    person.token = newcomer.token_of(answer, "a known name signs in, extra members are ignored")
    newcomer.agrees(person, "signing in again changes nothing")


def one_character_name(newcomer):
    """One character is a name; its password follows from it, for later runs."""
    character = chr(random.randrange(0x20000, 0x2A6D0))
    credentials = {"username": character, "password": f"password {ord(character)}"}
    answer = newcomer.shop.call("POST", "/api/auth", data=credentials)
    newcomer.token_of(answer, "a name of one character signs in")


def normalised_name(newcomer, tail):
    """A decomposed spelling is the composed name or refused, never a second account."""
    composed = newcomer.register(name=f"Zoé-{tail}")
    spelling = unicodedata.normalize("NFD", composed.name)
    credentials = {"username": spelling, "password": new_password()}
    answer = newcomer.shop.call("POST", "/api/auth", data=credentials)
    newcomer.report.check(
        answer.status in (400, 401), "a decomposed name is not a second account", answer
    )


def chapter_registration_refusals(newcomer):
    """Bad names, bad passwords and broken bodies register nobody."""
    name, password = new_name(), new_password()
    for credentials in bad_credentials(name, password):
        answer = newcomer.shop.call("POST", "/api/auth", data=credentials)
        newcomer.refused(answer, 400, "an unusable name or password")
    for what, raw in broken_bodies(b'"username":"%s"' % name.encode(), b'"password":"abc"'):
        answer = newcomer.shop.call("POST", "/api/auth", raw=raw)
        newcomer.refused(answer, 400, f"signing in with {what}")
    person = newcomer.register(name=name, password=password)
    wrong_passwords(newcomer, person)


def bad_credentials(name, password):
    """Members that are empty, missing, mistyped, too long or unprintable."""
    yield {}
    yield {"username": name}
    yield {"password": password}
    for nothing in ("", None, 5, True, 1.5, [], ["x"], {}):
        yield {"username": nothing, "password": password}
        yield {"username": name, "password": nothing}
    for control in ("\x00", "\x01", "\n", "\x1f", "\x7f"):
        yield {"username": f"{name}{control}", "password": password}
    yield {"username": "n" * 256, "password": password}
    yield {"username": "я" * 128, "password": password}
    yield {"username": name, "password": "p" * 257}
    yield {"Username": name, "Password": password}
    yield [name, password]


def wrong_passwords(newcomer, person):
    for wrong in (person.password + "x", person.password.upper() + "!"):
        credentials = {"username": person.name, "password": wrong}
        answer = newcomer.shop.call("POST", "/api/auth", data=credentials)
        newcomer.refused(answer, 401, "a wrong password", person)
    sign_in_again(newcomer, person)


def chapter_ring(newcomer):
    """Ten people send random amounts around a ring, both ways, and buy."""
    ring = [newcomer.register() for _ in range(10)]
    for step in (1, 1, -1):
        for place, sender in enumerate(ring):
            receiver = ring[(place + step) % len(ring)]
            newcomer.send_and_compare(sender, receiver, random.randint(1, 60))
    buy_everything(newcomer, ring)
    buy_in_own_order(newcomer, ring[1])
    for person in ring:
        newcomer.agrees(person, "every info of the ring is right at the end")
    newcomer.report.check(
        sum(person.coins for person in ring) + sum(map(spent, ring)) == 10 * START_COINS,
        "coins and purchases of the ring add up to what it began with",
    )


def spent(person):
    return sum(PRICES[item] * count for item, count in person.inventory.items())


def buy_everything(newcomer, ring):
    """One person is given enough to buy every item once, in a random order."""
    buyer = ring[0]
    for giver in ring[2:]:
        if buyer.coins < sum(PRICES.values()) + 60:
            newcomer.send_and_compare(giver, buyer, 300)
    items = random.sample(sorted(PRICES), len(PRICES))
    for item in items:
        newcomer.buy(buyer, item)
    newcomer.buy(buyer, "pen")
    newcomer.buy(buyer, items[-1] if PRICES[items[-1]] <= buyer.coins else "socks")


def buy_in_own_order(newcomer, person):
    """A later purchase of an item raises its row and leaves the order alone."""
    for item in ("socks", "cup", "socks", "book", "cup", "pen", "socks"):
        newcomer.buy(person, item)


def chapter_refused_transfers(newcomer):
    """Every documented refusal of a transfer leaves both infos unchanged."""
    sender, receiver = newcomer.register(), newcomer.register()
    newcomer.send_and_compare(sender, receiver, 5)
    for raw_amount in BAD_AMOUNTS:
        raw = b'{"toUser":"%s","amount":%s}' % (receiver.name.encode(), raw_amount)
        newcomer.refused_send(sender, receiver, raw, f"the amount {raw_amount.decode()}")
    for data in bad_transfers(sender, receiver):
        raw = json.dumps(data).encode()
        newcomer.refused_send(sender, receiver, raw, "a transfer with a bad member")
    for amount in (sender.coins + 1, 10**12, 2**63 - 1):
        data = {"toUser": receiver.name, "amount": amount}
        answer = newcomer.shop.call("POST", "/api/sendCoin", token=sender.token, data=data)
        newcomer.refused_for_coins(answer, "a transfer of too many coins", sender, receiver)

BAD_AMOUNTS = (
    b"0", b"-1", b"-0", b"1.5", b"0.5", b'"5"', b'""', b"null", b"true", b"false", b"[]", b"[1]",
    b"{}", b"9223372036854775808", b"18446744073709551617", b"1" + b"0" * 40,
    b"-9223372036854775809", b"1e30", b"1e400", b"-1e400",
)


def bad_transfers(sender, receiver):
    """Transfers whose recipient or members are not what the contract asks for."""
    yield {}
    yield {"toUser": receiver.name}
    yield {"amount": 1}
    yield {"to_user": receiver.name, "amount": 1}
    for name in ("", None, 5, True, [receiver.name], {"name": receiver.name}):
        yield {"toUser": name, "amount": 1}
    yield {"toUser": new_name("nobody"), "amount": 1}
    yield {"toUser": receiver.name + "\x00", "amount": 1}
    yield {"toUser": "' OR '1'='1", "amount": 1}
    yield {"toUser": sender.name, "amount": 1}
    yield [{"toUser": receiver.name, "amount": 1}]


def chapter_refused_purchases(newcomer):
    """Unknown items, wrong methods and empty purses buy nothing."""
    person, friend = newcomer.register(), newcomer.register()
    for item in ("unknown", "CUP", "cup%20", "cups", "%00", quote("чашка"), "0"):
        answer = newcomer.shop.call("GET", f"/api/buy/{item}", token=person.token)
        newcomer.refused(answer, 400, f"buying the unknown item {item}", person)
    newcomer.buy(person, "pink-hoody")
    newcomer.send_and_compare(person, friend, 495)
    for item in PRICES:
        answer = newcomer.shop.call("GET", f"/api/buy/{item}", token=person.token)
        newcomer.refused_for_coins(answer, f"buying {item} with 5 coins", person)
    newcomer.send_and_compare(friend, person, 5)
    newcomer.buy(person, "pen")
    newcomer.report.check(person.coins == 0, "the last coin can be spent")
    answer = newcomer.shop.call("GET", "/api/buy/pen", token=person.token)
    newcomer.refused_for_coins(answer, "buying without any coin", person)
    wrong_methods(newcomer, friend)


def wrong_methods(newcomer, person):
    """Wrong methods are 405 with Allow, unknown paths are 404, nothing moves."""
    wrong = (
        ("HEAD", "/api/buy/cup", "GET"),
        ("POST", "/api/buy/cup", "GET"),
        ("DELETE", "/api/buy/cup", "GET"),
        ("POST", "/api/info", "GET"),
        ("GET", "/api/sendCoin", "POST"),
        ("GET", "/api/auth", "POST"),
    )
    for method, path, allowed in wrong:
        answer = newcomer.shop.call(method, path, token=person.token, outside=True)
        newcomer.refused(answer, 405, f"{method} {path}", person)
        allow = re.split(r"\s*,\s*", answer.header("Allow"))
        newcomer.report.check(allowed in allow, f"405 allows {allowed}", answer)
        newcomer.report.check(method not in allow, f"405 does not allow {method}", answer)
        if method != "HEAD":
            check_error_shape(newcomer.report, answer)
    for path in ("/api/buy/cup/extra",):
        answer = newcomer.shop.call("GET", path, token=person.token, outside=True)
        newcomer.refused(answer, 404, f"the unknown path {path}", person)
        check_error_shape(newcomer.report, answer)


CHAPTERS = (
    chapter_registration, chapter_registration_refusals, chapter_ring,
    chapter_refused_transfers, chapter_refused_purchases,
)
