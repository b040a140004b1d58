"""A queue of 500 orders, worked off by a moderator with the bulk routes."""

import csv
import io
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from admin.office import expect_named, in_crowd, row
from common import at_once
from merch.shop import new_key, quoted

ORDERS, CUSTOMERS, SIZES = 500, 10, ("s", "m", "l")


class Queue:
    """The orders of one item; each is known by its id."""

    def __init__(self, office):
        self.office, self.report = office, office.report
        self.item = office.item(stock=None)
        office.set_variants(self.item, [row(None, size) for size in SIZES], "the sizes of the queue")
        with ThreadPoolExecutor(4) as pool:
            self.customers = list(pool.map(lambda _: office.customer(), range(CUSTOMERS)))
            answers = list(pool.map(self.order, range(ORDERS)))
        wrong = [answer for answer in answers if answer.status != 201]
        office.need(self.report.check(not wrong, "500 orders are made", len(wrong), *wrong[:1]))
        self.ids = [answer.member("order").get("id") for answer in answers]

    def order(self, number):
        body = {"item": self.item.get("code"), "quantity": 1, "quality_level": SIZES[number % len(SIZES)]}
        person = self.customers[number % CUSTOMERS]
        return self.office.api.post("/api/v1/purchases", body, token=person.access, key=new_key())

    def listed(self, query=""):
        """Reads all pages of the desk's list."""
        found, cursor = [], None
        while True:
            path = f"/api/v1/orders?all=true&limit=100&item={self.item.get('code')}{query}"
            path += f"&cursor={quoted(str(cursor))}" if cursor is not None else ""
            answer = self.office.api.get(path, token=self.office.moderator)
            self.report.expect(answer, "the queue is read", 200)
            found += answer.member("items") or []
            cursor = answer.member("next_cursor")
            if cursor is None or len(found) > 2 * ORDERS:
                return found

    def bulk(self, step, ids, token=None):
        return self.office.api.post(f"/api/v1/orders/{step}", {"ids": ids}, token=token or self.office.moderator)

    def expect_bulk(self, step, ids, status, what):
        """Sends all ids at once; every one of them must have the status then."""
        answer = self.bulk(step, ids)
        self.report.expect(answer, what, 200)
        found = {each.get("id"): each.get("status") for each in answer.member("items") or []}
        wrong = [each for each in ids if found.get(each) != status]
        self.report.check(not wrong and len(found) == len(set(ids)), f"{what}: each is {status}", len(wrong), wrong[:3])
        return answer


def check_a_queue_of_500_orders(office):
    queue = Queue(office)
    check_reading_the_queue(queue)
    check_bulk_with_mistakes(queue)
    queue.expect_bulk("ready", queue.ids, "ready", "500 orders are ready")
    first = queue.expect_bulk("ready", queue.ids, "ready", "the same click again")
    for answer in in_crowd(lambda: queue.bulk("ready", queue.ids[:50]), 10):
        wanted = {name: status for name, status in outcomes(first).items() if name in queue.ids[:50]}
        office.report.check(outcomes(answer) == wanted, "ten clicks have one answer", answer)
    check_a_mixed_hand_over(queue)
    queue.expect_bulk("hand-over", queue.ids[2:], "handed_over", "the others are handed over")
    late = queue.bulk("ready", queue.ids[2:5])
    found = [each.get("code") for each in late.member("items") or []]
    office.report.check(found == ["order_is_handed_over"] * 3, "handed over is not ready again", late)
    left = [each for each in queue.listed("&status=ready") + queue.listed("&status=ordered")
            if each.get("id") in queue.ids[2:]]
    office.report.check(not left, "nothing is left in the queue", left[:2])
    done = queue.listed("&status=handed_over")
    right = {each.get("id") for each in done} >= set(queue.ids[2:])
    office.report.check(right, "all are in the list of what is handed over", len(done))
    check_bulk_bodies(queue)


def check_reading_the_queue(queue):
    """The list, the filters and the table hold every order once."""
    found = queue.listed()
    ids = [each.get("id") for each in found]
    queue.report.check(sorted(ids) == sorted(queue.ids), "the pages hold each order once", len(ids), len(set(ids)))
    right = all(each.get("user") in {person.name for person in queue.customers} and
                each.get("quality_level") in SIZES and each.get("status") == "ordered" for each in found)
    queue.report.check(right, "each row has user, size and status", found[:1])
    person = queue.customers[0].name
    theirs = queue.listed(f"&user={quoted(person)}")
    queue.report.check(len(theirs) == ORDERS // CUSTOMERS and {each.get("user") for each in theirs} == {person},
                       "the filter for one person", len(theirs))
    queue.report.check(queue.listed("&status=ready") == [], "nothing is ready yet", "")
    if not found:
        return
    middle = sorted(found, key=ordered_at)[len(found) // 2]
    early, late = (queue.listed(f"&{side}={quoted(middle['ordered_at'])}") for side in ("to", "from"))
    queue.report.check(len(early) + len(late) == len(found) and
                       all(ordered_at(each) < ordered_at(middle) for each in early) and
                       all(ordered_at(each) >= ordered_at(middle) for each in late),
                       "from and to part the queue", len(early), len(late))
    path = f"/api/v1/orders?all=true&item={queue.item.get('code')}"
    answer = queue.office.api.get(path, token=queue.office.moderator, headers={"Accept": "text/csv"})
    queue.report.check(answer.media_type() == "text/csv", "the queue as a table", answer.status, answer.media_type())
    lines = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig", "replace"))))
    queue.report.check(sorted(line.get("id") or "" for line in lines) == sorted(queue.ids),
                       "the table has every order in one piece", len(lines))


def ordered_at(order):
    return datetime.fromisoformat(order["ordered_at"])


def check_bulk_with_mistakes(queue):
    """One bad id does no harm to the good ones, and each has its own answer."""
    unknown = str(uuid.uuid4())
    answer = queue.bulk("hand-over", [queue.ids[0], unknown])
    queue.report.expect(answer, "a bulk in which all are wrong", 200)
    found = {each.get("id"): each for each in answer.member("items") or []}
    early = found.get(queue.ids[0], {})
    queue.report.check(early.get("code") == "order_is_ordered" and isinstance(early.get("detail"), str)
                       and "status" not in early, "not yet ready: order_is_ordered", answer)
    missing = found.get(unknown, {})
    queue.report.check(isinstance(missing.get("code"), str) and isinstance(missing.get("detail"), str)
                       and "status" not in missing, "an unknown id has code and detail", answer)
    answer = queue.bulk("ready", [unknown, queue.ids[0], queue.ids[0]])
    found = {each.get("id"): each.get("status") for each in answer.member("items") or []}
    queue.report.check(answer.status == 200 and found.get(queue.ids[0]) == "ready" and found.get(unknown) is None,
                       "the good one of two is ready", answer)


def check_a_mixed_hand_over(queue):
    """In one bulk are a handed-over, a cancelled and a ready order; hand-over and cancel at once have one winner."""
    office, (one, two, three) = queue.office, queue.ids[:3]
    office.report.expect(office.move(one, "cancel", "no longer wanted"), "one is cancelled", 200)
    answer = queue.bulk("hand-over", [one, two, three])
    wanted = {one: "order_is_cancelled", two: "handed_over", three: "handed_over"}
    office.report.check(outcomes(answer) == wanted, "each for itself", answer)
    chosen = queue.ids[3]
    calls = [lambda: queue.bulk("hand-over", [chosen]), lambda: office.move(chosen, "cancel", "no longer wanted")] * 10
    answers = at_once(calls)
    status = office.order(chosen).get("status")
    office.report.check(status in ("handed_over", "cancelled"), "hand-over or cancel wins", status)
    handed = {outcomes(answer).get(chosen) for answer in answers[::2]}
    cancelled = {answer.status for answer in answers[1::2]}
    wanted = ({"handed_over"}, {409}) if status == "handed_over" else ({"order_is_cancelled"}, {200})
    office.report.check((handed, cancelled) == wanted, "all answers agree on the winner", status, handed, cancelled)
    if status == "cancelled":
        queue.ids.remove(chosen)


def outcomes(answer):
    """The outcome of a bulk for each id: its status, or the code of its refusal."""
    return {each.get("id"): each.get("status") or each.get("code") for each in answer.member("items") or []}


def check_bulk_bodies(queue):
    for body in ({}, {"ids": None}, {"ids": "all"}, {"ids": {}}, {"ids": [5]}, {"ids": [None]}):
        for step in ("ready", "hand-over"):
            answer = queue.office.post(f"/api/v1/orders/{step}", body)
            expect_named(queue.report, answer, f"the bulk {body}", "ids")
    answer = queue.office.post("/api/v1/orders/ready", {"ids": queue.ids[:1], "colour": "red"})
    queue.report.expect(answer, "an unknown member", 400, 422)
    for step in ("cancel", "return"):
        answer = queue.office.post(f"/api/v1/orders/{step}", {"ids": queue.ids[:1]})
        queue.report.expect(answer, f"there is no bulk to {step}", 404, 405)
    for token, status in ((None, 401), (queue.customers[0].access, 403)):
        for step in ("ready", "hand-over"):
            answer = queue.office.api.post(f"/api/v1/orders/{step}", {"ids": queue.ids[:2]}, token=token)
            queue.report.expect(answer, "a bulk without the role", status)


CHECKS = (check_a_queue_of_500_orders,)
