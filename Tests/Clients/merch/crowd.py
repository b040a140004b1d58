from common import START_COINS, at_once
from merch.shop import (
    Person, buy, expect_coins, expect_done, expect_too_few, fresh, info, new_key, newcomer,
    send, sign_in, successes,
)


def check_twenty_threads_send_the_same_coins(shop):
    person, friend = newcomer(shop), newcomer(shop)

    def spend():
        return [send(shop, person, friend.name, 100, new_key()) for _ in range(3)]

    answers = [answer for few in at_once([spend] * 20) for answer in few]
    shop.report.check(successes(answers) == 10, "1000 coins are ten times 100", successes(answers))
    for answer in answers:
        if answer.status != 200:
            expect_too_few(shop, answer, "the others get")
    mine, theirs = info(shop, person), info(shop, friend)
    shop.report.check(mine["coins"] == 0 and theirs["coins"] == 2 * START_COINS, "exact sums", mine, theirs)
    rows = len(mine["coinHistory"]["sent"]), len(theirs["coinHistory"]["received"])
    shop.report.check(rows == (10, 10), "ten rows on each side", rows)


def check_twenty_threads_buy_with_the_same_coins(shop):
    """A purchase that got 503 is not repeated, so only without any is the number of successes known."""
    person = newcomer(shop)

    def spend():
        return [buy(shop, person, "powerbank") for _ in range(2)]

    answers = [answer for few in at_once([spend] * 20) for answer in few]
    if all(answer.status != 503 for answer in answers):
        shop.report.check(successes(answers) == 5, "1000 coins are five powerbanks", successes(answers))
    for answer in answers:
        if answer.status == 400:
            expect_too_few(shop, answer, "the others get")
        else:
            shop.report.expect(answer, "buy at the same time", 200, 503)
    found = info(shop, person)
    owned = sum(row["quantity"] for row in found["inventory"])
    shop.report.check(found["coins"] == START_COINS - 200 * owned and owned >= successes(answers)
                      and len(found["inventory"]) == 1, "coins and inventory agree", found)


def check_threads_spend_in_both_ways(shop):
    """Transfers and purchases of one user at the same time never spend a coin twice."""
    person, friend = newcomer(shop), newcomer(shop)
    calls = [lambda: send(shop, person, friend.name, 100, new_key()),
             lambda: buy(shop, person, "wallet")] * 10
    answers = at_once(calls)
    for answer in answers:
        shop.report.expect(answer, "spending at the same time", 200, 400, 503)
    mine, theirs = info(shop, person), info(shop, friend)
    bought = sum(row["quantity"] for row in mine["inventory"])
    given = sum(row["amount"] for row in mine["coinHistory"]["sent"])
    shop.report.check(mine["coins"] == START_COINS - given - 50 * bought >= 0
                      and theirs["coins"] == START_COINS + given, "exact sums", mine, theirs)


def check_transfers_against_each_other(shop):
    """Users who pay each other at the same time neither lock each other out nor lose a coin."""
    people = [newcomer(shop) for _ in range(3)]

    def pay(number):
        giver, taker = people[number % 3], people[(number + 1 + number // 3 % 2) % 3]
        return [send(shop, giver, taker.name, 7, new_key()) for _ in range(5)]

    answers = at_once([lambda number=number: pay(number) for number in range(18)])
    for answer in sum(answers, []):
        expect_done(shop, answer, "transfers against each other")
    found = [info(shop, person) for person in people]
    shop.report.check(sum(each["coins"] for each in found) == 3 * START_COINS, "no coin is lost",
                      [each["coins"] for each in found])
    for each in found:
        sent, received = (sum(row["amount"] for row in each["coinHistory"][way])
                          for way in ("sent", "received"))
        shop.report.check(each["coins"] == START_COINS + received - sent, "coins follow the history", each)


def check_first_logins_at_once(shop):
    for _ in range(5):
        name, password = fresh(), fresh("password")
        answers = at_once([lambda: sign_in(shop, name, password)] * 2)
        for answer in answers:
            shop.report.expect(answer, "two first logins at once", 200)
        buy(shop, Person(name, password, answers[0].member("token")), "pen")
        for answer in answers:
            expect_coins(shop, Person(name, password, answer.member("token")), START_COINS - 10,
                         "both logins mean one user")


def check_first_logins_with_two_passwords(shop):
    name = fresh()
    answers = at_once([lambda: sign_in(shop, name, "password-1"), lambda: sign_in(shop, name, "password-2")])
    statuses = sorted(answer.status for answer in answers)
    shop.report.check(statuses == [200, 401], "one password wins, the other is wrong", *answers)

CHECKS = (
    check_twenty_threads_send_the_same_coins, check_twenty_threads_buy_with_the_same_coins,
    check_threads_spend_in_both_ways, check_transfers_against_each_other,
    check_first_logins_at_once, check_first_logins_with_two_passwords,
)
