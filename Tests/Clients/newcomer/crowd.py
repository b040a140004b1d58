import random
import threading
from collections import Counter

from common import START_COINS, TOO_FEW_COINS
from newcomer.shop import Shop
from newcomer.wire import BrokenAnswer


class Tally:
    """Transfers that the shop confirmed to any of the threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self.rows = []

    def add(self, sender, receiver, amount):
        with self._lock:
            self.rows.append((sender.name, receiver.name, amount))


def chapter_many_at_once(newcomer, threads=16, sends=30):
    """Sixteen threads send both ways between five people."""
    people = [newcomer.register() for _ in range(5)]
    tally = Tally()
    start = threading.Barrier(threads)
    crowd = [
        threading.Thread(target=send_wildly, args=(newcomer, people, tally, start, sends))
        for _ in range(threads)
    ]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    infos = [newcomer.shop.call("GET", "/api/info", token=p.token).json() for p in people]
    for person, info in zip(people, infos):
        check_against_tally(newcomer, person, info, tally)
    total = sum(info["coins"] for info in infos)
    newcomer.report.check(
        total == START_COINS * len(people), f"the sum of all coins is constant, not {total}"
    )


def send_wildly(newcomer, people, tally, start, sends):
    """One thread with a connection of its own; refusals may only be for coins."""
    shop = Shop(newcomer.arguments.base, newcomer.report)
    start.wait()
    try:
        for number in range(sends):
            sender, receiver = random.sample(people, 2)
            send_once(newcomer, shop, sender, receiver, tally)
            if number % 3 == 0:
                not_negative(newcomer, shop, sender)
    except (OSError, BrokenAnswer) as error:
        newcomer.report.check(False, f"a thread lost its connection: {error}")
    finally:
        shop.wire.close()


def send_once(newcomer, shop, sender, receiver, tally):
    amount = random.randint(1, 500)
    data = {"toUser": receiver.name, "amount": amount}
    answer = shop.call("POST", "/api/sendCoin", token=sender.token, data=data)
    if answer.status == 200:
        tally.add(sender, receiver, amount)
        return
    good = answer.status == 400 and TOO_FEW_COINS in answer.body.decode("utf-8", "replace")
    newcomer.report.check(good, "only missing coins stop one transfer of many", answer)


def not_negative(newcomer, shop, person):
    answer = shop.call("GET", "/api/info", token=person.token)
    coins = answer.member("coins")
    good = isinstance(coins, int) and 0 <= coins <= 5 * START_COINS
    newcomer.report.check(good, "no balance is negative at any time", answer)


def check_against_tally(newcomer, person, info, tally):
    """Balance and both histories agree with the confirmed transfers."""
    sent = Counter((to, amount) for name, to, amount in tally.rows if name == person.name)
    received = Counter((name, amount) for name, to, amount in tally.rows if to == person.name)
    coins = START_COINS - total_of(sent) + total_of(received)
    history = info["coinHistory"]
    told_sent = Counter((row["toUser"], row["amount"]) for row in history["sent"])
    told_received = Counter((row["fromUser"], row["amount"]) for row in history["received"])
    newcomer.report.check(info["coins"] >= 0, f"{person.name} owes nothing: {info['coins']}")
    newcomer.report.check(
        info["coins"] == coins, f"{person.name} must own {coins} coins, not {info['coins']}"
    )
    newcomer.report.check(told_sent == sent, f"{person.name} has one row per transfer sent")
    newcomer.report.check(
        told_received == received, f"{person.name} has one row per transfer received"
    )


def total_of(rows):
    return sum(amount * count for (_, amount), count in rows.items())

CHAPTERS = (
    chapter_many_at_once,
)
