from inventory.adjusting import adjustment
from inventory.reading import DEMO_ITEM
from inventory.reserving import check_reservation
from inventory.tester import Stopped, code_of, new_id, post_at_once, rows, standard

REPLAYS = 100
THREADS = 16


def chapter_merch(tester):
    """Purchases at the shop are in the inventory until they are consumed."""
    customer, shop_token = tester.new_merch_customer()
    cup, pen = merch_variant(tester, "cup"), merch_variant(tester, "pen")
    for code, variant in (("cup", cup), ("cup", cup), ("pen", pen), ("cup", cup)):
        answer = tester.api.get(f"/api/buy/{code}", shop_token)
        tester.report.check(answer.status == 200, f"a {code} is bought", answer)
        customer.stock.add("main", {variant: 1})
    answer = tester.inventory(customer)
    tester.holds(answer, customer.stock.positive("main"), "bought things are in the inventory")
    classes = {row.get("item_class") for row in answer.content().get("items", [])}
    tester.report.check(classes == {"merch"}, "bought things are merch", answer)
    shop_tells(tester, shop_token, {"cup": 3, "pen": 1})
    reservation, _ = tester.reserve(customer, {cup: 2})
    check_reservation(tester, customer, reservation["operation_id"], {cup: 2})
    shop_tells(tester, shop_token, {"cup": 3, "pen": 1})
    tester.give_back(customer, reservation, {cup: 2})
    tester.agrees(customer, "merch can be returned")
    shop_tells(tester, shop_token, {"cup": 3, "pen": 1})
    reservation, _ = tester.reserve(customer, {cup: 2, pen: 1})
    tester.consume(customer, reservation, {cup: 2, pen: 1})
    tester.agrees(customer, "merch can be consumed")
    shop_tells(tester, shop_token, {"cup": 1})
    data = {"user_id": customer.id, "operation_id": new_id(), "items": rows({cup: 2, pen: 1})}
    answer = tester.api.post("/inventory/reserve", data, token=customer.token)
    tester.short_of(answer, {cup: (2, 1), pen: (1, 0)}, "consumed merch", customer)
    tester.api.get("/api/buy/pen", shop_token)
    customer.stock.add("main", {pen: 1})
    tester.agrees(customer, "merch can be bought again")
    shop_tells(tester, shop_token, {"cup": 1, "pen": 1}, coins=1000 - 3 * 20 - 2 * 10)


def merch_variant(tester, code):
    found = [
        item["id"]
        for item in tester.catalogue.values()
        if item["code"] == code and code_of(item["class"]) == "merch"
    ]
    if not tester.report.check(len(found) == 1, f"the catalogue has one merch item {code}"):
        raise Stopped(f"no {code}")
    return standard(found[0])


def shop_tells(tester, shop_token, expected, coins=1000 - 3 * 20 - 10):
    """The shop counts what was bought and not consumed."""
    answer = tester.api.get("/api/info", shop_token)
    content = answer.content()
    told = {row.get("type"): row.get("quantity") for row in content.get("inventory", [])}
    tester.report.check(told == expected, f"the shop counts {expected}", answer)
    tester.report.check(content.get("coins") == coins, f"the shop tells {coins} coins", answer)


def reservations(person, items, count=THREADS):
    """Requests to reserve the same items under different operation ids."""
    for _ in range(count):
        data = {"user_id": person.id, "operation_id": new_id(), "items": items}
        yield "/inventory/reserve", person.token, data


def won(tester, answers, expected, what):
    """Exactly so many succeed; all the others are short of items."""
    good = [answer for answer in answers if answer.status == 200]
    tester.report.check(len(good) == expected, f"{what}: {expected} succeed, not {len(good)}")
    for answer in answers:
        if answer.status != 200:
            tester.refused(answer, 400, f"{what}: the others are short", "insufficient_items")


def chapter_last_things(tester):
    """Many reserve the last few things; as many succeed as there are."""
    owner = tester.new_user("user")
    first, second = tester.things(2)
    tester.add(owner, "main", {first: 5})
    answers = post_at_once(tester, list(reservations(owner, rows({first: 1}))))
    won(tester, answers, 5, "five things")
    owner.stock.reserve({first: 5})
    tester.agrees(owner, "five things are reserved once")
    tester.add(owner, "main", {first: 5, second: 7})
    one_way = list(reservations(owner, rows({first: 1, second: 1}), THREADS // 2))
    other_way = list(reservations(owner, rows({second: 1, first: 1}), THREADS // 2))
    answers = post_at_once(tester, [pair for both in zip(one_way, other_way) for pair in both])
    won(tester, answers, 5, "five pairs, named both ways")
    owner.stock.reserve({first: 5, second: 5})
    tester.agrees(owner, "five pairs are reserved once")


def chapter_taking_both_ways(tester):
    """Adjustments downwards and reservations share what is there."""
    owner = tester.new_user("user")
    (thing,) = tester.things(1)
    tester.add(owner, "main", {thing: 6})
    half = THREADS // 2
    down = ("/admin/inventory/adjust", tester.admin.token, adjustment(owner, "main", {thing: -1}))
    answers = post_at_once(tester, [down] * half + list(reservations(owner, rows({thing: 1}), half)))
    won(tester, answers, 6, "six things, taken both ways")
    owner.stock.add("main", {thing: -sum(answer.status == 200 for answer in answers[:half])})
    owner.stock.reserve({thing: sum(answer.status == 200 for answer in answers[half:])})
    tester.agrees(owner, "what was taken both ways is accounted for")


def chapter_same_operation(tester):
    """One operation sent by many at once is one operation."""
    owner = tester.new_user("user")
    (thing,) = tester.things(1)
    data = tester.addition(owner, "main", {thing: 100})
    request = ("/inventory/add-items", tester.service.token, data)
    same_answers(tester, post_at_once(tester, [request] * THREADS), "one addition")
    owner.stock.add("main", {thing: 100})
    tester.agrees(owner, "one addition sent many times adds once")
    (request,) = reservations(owner, rows({thing: 3}), 1)
    same_answers(tester, post_at_once(tester, [request] * THREADS), "one reservation")
    owner.stock.reserve({thing: 3})
    tester.agrees(owner, "one reservation sent many times reserves once")
    race_to_close(tester, owner, thing, request[2]["operation_id"])
    race_for_an_id(tester, owner, thing)


def same_answers(tester, answers, what):
    for answer in answers:
        tester.report.check(
            answer.status == 200 and answer.content() == answers[0].content(),
            f"{what} has one answer",
            answer,
        )


def race_to_close(tester, owner, thing, operation_id):
    """Of returning and consuming at once one kind wins wholly."""
    data = {"user_id": owner.id, "operation_id": operation_id}
    requests = [
        (f"/inventory/{how}-reserve", owner.token, data)
        for _ in range(THREADS // 2)
        for how in ("return", "consume")
    ]
    answers = post_at_once(tester, requests)
    returns, consumptions = answers[0::2], answers[1::2]
    returned = returns[0].status == 200
    winners, losers = (returns, consumptions) if returned else (consumptions, returns)
    same_answers(tester, winners, "the faster ending")
    for answer in losers:
        tester.refused(answer, 409, "the slower ending", "reservation_closed")
    (owner.stock.give_back if returned else owner.stock.consume)({thing: 3})
    tester.agrees(owner, "a reservation ends once")


def race_for_an_id(tester, owner, thing):
    """Different contents under one operation id: one is done, the rest conflict."""
    operation_id = new_id()
    requests = [
        (
            "/inventory/add-items",
            tester.service.token,
            tester.addition(owner, "main", {thing: quantity}, operation_id),
        )
        for quantity in range(1, THREADS + 1)
    ]
    answers = post_at_once(tester, requests)
    done = [number for number, answer in enumerate(answers, 1) if answer.status == 200]
    tester.report.check(len(done) == 1, f"one content wins an operation id, not {len(done)}")
    for answer in answers:
        if answer.status != 200:
            tester.refused(answer, 409, "every other content", "operation_conflict")
    owner.stock.add("main", {thing: sum(done)})
    tester.agrees(owner, "one content of an operation id counts")


def chapter_fixed_operations(tester):
    """Operations replayed a hundred times with the demo item move nothing."""
    owner = tester.new_user("user")
    thing = standard(DEMO_ITEM)
    added, add_answer = tester.add(owner, "main", {thing: 10})
    kept, keep_answer = tester.reserve(owner, {thing: 2})
    returned, return_answer = tester.reserve(owner, {thing: 3})
    closing = {"user_id": owner.id, "operation_id": returned["operation_id"]}
    close_answer = tester.give_back(owner, returned, {thing: 3})
    consumed, consume_answer = tester.reserve(owner, {thing: 1})
    ending = {"user_id": owner.id, "operation_id": consumed["operation_id"]}
    end_answer = tester.consume(owner, consumed, {thing: 1})
    for path, token, data, first in (
        ("/inventory/add-items", tester.service.token, added, add_answer),
        ("/inventory/reserve", owner.token, kept, keep_answer),
        ("/inventory/reserve", owner.token, returned, return_answer),
        ("/inventory/return-reserve", owner.token, closing, close_answer),
        ("/inventory/reserve", owner.token, consumed, consume_answer),
        ("/inventory/consume-reserve", owner.token, ending, end_answer),
    ):
        answers = [tester.api.post(path, data, token=token) for _ in range(REPLAYS)]
        same_answers(tester, [first] + answers, f"{path} replayed {REPLAYS} times")
        tester.agrees(owner, f"{path} replayed {REPLAYS} times moves nothing")


CHAPTERS = (
    chapter_merch, chapter_last_things, chapter_taking_both_ways, chapter_same_operation,
    chapter_fixed_operations,
)
