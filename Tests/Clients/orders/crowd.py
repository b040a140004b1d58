"""Twenty threads at once over the same few pieces and the same orders."""

import random
import time

from common import at_once
from merch.shop import ANY_REFUSAL, buy
from orders.bulk import bulk
from orders.sizes import row
from orders.store import REASON, done

CROWD_SECONDS = 5
PIECES = 6
PRICE = 10


def check_last_pieces(store):
    """Twenty threads want seven pieces, by both routes; seven get one."""
    people, item = [store.customer() for _ in range(4)], store.item(price=PRICE, stock=7)
    calls = [lambda person=person: store.purchase(person, item) for person in people] * 3
    calls += [lambda person=person: buy(store.api, person, item["code"]) for person in people] * 2
    answers = at_once(calls)
    store.report.check(sum(map(done, answers)) == 7, "seven of twenty get a piece", sum(map(done, answers)))
    for answer in answers:
        if not done(answer):
            store.report.expect(answer, "the others are refused", *ANY_REFUSAL)
    store.expect_stock(item, 0, "seven pieces are sold")
    rows = store.everybody(item=item["code"])
    store.report.check(len(rows) == 7, "seven pieces are seven orders", len(rows))
    for person in people:
        mine = sum(entry["quantity"] for entry in rows if entry["user"] == person.name)
        store.expect_coins(person, 1000 - PRICE * mine, "everybody paid for what they got")


def check_last_sizes(store):
    """Twenty threads want three pieces of one size and four of another."""
    person, item = store.customer(), store.item(price=PRICE)
    store.set_variants(item, row(3, quality_level="s"), row(4, quality_level="m"))
    calls = [lambda size=size: store.purchase(person, item, 1, quality_level=size) for size in ("s", "m")] * 10
    answers = at_once(calls)
    sold = [sum(map(done, answers[start::2])) for start in (0, 1)]
    store.report.check(sold == [3, 4], "three of one size and four of the other are sold", sold)
    for size in ("s", "m"):
        store.expect_variant_stock(item, 0, "all are sold", quality_level=size)
    store.expect_coins(person, 930, "seven pieces are paid for")


def race(store, order, *calls):
    """Two actions, ten threads each, on one order: returns the answers of each."""
    answers = at_once([lambda call=call: store.act(order, *call) for call in calls] * 10)
    return [answers[number::len(calls)] for number in range(len(calls))]


def one_wins(store, sides, codes, what):
    """One side's calls all succeed with one answer; the other side is told the state that won."""
    first_won = done(sides[0][0])
    winners, losers = (sides[0], sides[1]) if first_won else (sides[1], sides[0])
    for answer in winners:
        store.expect_same(winners[0], answer, f"{what}: the winning side")
    for answer in losers:
        store.expect_code(answer, 409, codes[0] if first_won else codes[1], f"{what}: the losing side")
    return first_won


def check_hand_over_or_cancel(store):
    person, item = store.customer(), store.item(price=PRICE, stock=9)
    live = 0
    for _ in range(3):
        order = store.ready(person, item)
        sides = race(store, order, ("hand-over", store.moderator), ("cancel", None, REASON))
        kept = one_wins(store, sides, ("order_is_handed_over", "order_is_cancelled"), "hand-over against cancel")
        live += kept
        store.expect_status(person, order, "handed_over" if kept else "cancelled", "after the race")
        store.expect_coins(person, 1000 - PRICE * live, "a race pays back at most once")
        store.expect_stock(item, 9 - live, "a race gives back at most once")


def check_owner_or_desk(store):
    person, item = store.customer(), store.item(price=PRICE, stock=9)
    live = 0
    for _ in range(3):
        order = store.bought(person, item)
        sides = race(store, order, ("ready", store.moderator), ("cancel", person))
        kept = one_wins(store, sides, ("order_is_ready", "order_is_cancelled"), "ready against the owner's cancel")
        live += kept
        store.expect_coins(person, 1000 - PRICE * live, "the owner's race pays back at most once")
        store.expect_stock(item, 9 - live, "the owner's race gives back at most once")


def check_equal_calls(store):
    """Twenty equal calls do one thing, and all have the same answer."""
    person, item = store.customer(), store.item(price=PRICE, stock=9)
    order, over = store.bought(person, item), store.handed_over(person, item)
    for target, call in ((order, ("cancel", person)), (over, ("return", None, REASON))):
        answers = at_once([lambda: store.act(target, *call)] * 20)
        for answer in answers:
            store.expect_same(answers[0], answer, f"twenty times {call[0]}")
    store.expect_coins(person, 1000, "twenty times is once")
    store.expect_stock(item, 9, "twenty times is once")
    refunds = [entry["change"] for entry in store.history(person) if entry.get("kind") == "refund"]
    store.report.check(refunds == [PRICE, PRICE], "two refunds, each once", refunds)


def check_bulk_at_once(store):
    """Twenty lists with the same orders in different order do not stand in each other's way."""
    person, item = store.customer(), store.item(price=1)
    orders = [store.bought(person, item) for _ in range(12)]
    calls = [lambda ids=random.sample(orders, 12): bulk(store, "ready", ids) for _ in range(20)]
    for answer in at_once(calls):
        states = [entry.get("status") for entry in answer.member("items") or []]
        store.report.check(answer.status == 200 and states == ["ready"] * 12, "every list is answered", answer)
    states = [entry["status"] for entry in store.listed(person.access)]
    store.report.check(states == ["ready"] * 12, "all orders are ready", states)


def check_cancel_or_reserve(store):
    """The goods go back to the shop or into a reservation, never both."""
    person, item = store.customer(), store.item(price=PRICE, stock=9)
    for number in range(3):
        order = store.bought(person, item)
        answers = at_once([lambda: store.act(order, "cancel", person),
                           lambda: store.reserve(person, item, 1)[1]] * 10)
        cancels, reserves = answers[0::2], answers[1::2]
        reserved = sum(answer.status == 200 for answer in reserves)
        cancelled = any(map(done, cancels))
        store.report.check(reserved + cancelled == 1, "the piece is reserved or given back", cancels[0], reserves[0])
        for answer in cancels:
            if not done(answer):
                store.expect_code(answer, 409, "goods_gone", "reserved goods are not given back")
        if reserved:
            return
    store.report.check(number == 2, "three races ended", number)


def check_crowd(store):
    """Customers and the desk work on six pieces for some seconds; nothing is lost, sold twice or paid twice."""
    people, item = [store.customer() for _ in range(5)], store.item(price=PRICE, stock=PIECES)
    deadline = time.monotonic() + CROWD_SECONDS
    calls = [lambda person=person: customer_works(store, person, item, deadline) for person in people] * 2
    calls += [lambda who=who: desk_works(store, who, item, deadline) for who in (None, store.moderator)] * 5
    at_once(calls)
    rows = store.everybody(item=item["code"])
    live = [entry for entry in rows if entry["status"] not in ("cancelled", "returned")]
    store.expect_stock(item, PIECES - len(live), "every piece is on the shelf or in an order")
    for person in people:
        mine = sum(entry["user"] == person.name for entry in live)
        store.expect_coins(person, 1000 - PRICE * mine, "everybody paid for what they kept")
        store.expect_inventory(person, [(item["code"], mine)] if mine else [], "everybody owns what they kept")
        back = sum(entry["user"] == person.name for entry in rows) - mine
        history = store.history(person)
        refunds = sum(entry.get("kind") == "refund" for entry in history)
        store.report.check(refunds == back, "one refund for each order given back", refunds, back)
        lowest = min(entry.get("balance", 0) for entry in history)
        store.report.check(lowest >= 1000 - PRICE * PIECES, "nobody ever paid for more than there is", lowest)


def customer_works(store, person, item, deadline):
    while time.monotonic() < deadline:
        answer = store.purchase(person, item)
        if answer.status != 201:
            store.report.expect(answer, "a purchase in the crowd is refused", *ANY_REFUSAL)
        elif random.random() < 0.5:
            cancel = store.act(answer.member("order")["id"], "cancel", person)
            states = {f"order_is_{status}" for status in ("ready", "handed_over", "returned")} | {"goods_gone"}
            store.report.check(done(cancel) or cancel.status == 409 and cancel.member("code") in states,
                               "a customer in the crowd cancels or is late", cancel)


def desk_works(store, who, item, deadline):
    steps = {"ordered": ("ready", "cancel"), "ready": ("hand-over", "hand-over", "cancel"), "handed_over": ("return",)}
    while time.monotonic() < deadline:
        rows = [entry for status in steps for entry in store.everybody(item=item["code"], status=status)]
        if not rows:
            continue
        order = random.choice(rows)
        answer = store.act(order["id"], random.choice(steps[order["status"]]), who, REASON)
        told = answer.status == 409 and tells_why(answer.member("code"))
        store.report.check(done(answer) or told, "the desk in the crowd acts or is late", answer)


def tells_why(code):
    return isinstance(code, str) and (code.startswith("order_is_") or code == "goods_gone")


CHECKS = (
    check_last_pieces, check_last_sizes, check_hand_over_or_cancel, check_owner_or_desk, check_equal_calls,
    check_bulk_at_once, check_cancel_or_reserve, check_crowd,
)
