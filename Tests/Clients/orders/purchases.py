"""A purchase makes an order, by either route, once for each key."""

from common import at_once
from merch.routes import AMOUNTS_REFUSED
from merch.shop import ANY_REFUSAL, BAD_REQUEST, NOT_AN_OBJECT, NOT_JSON, buy, expect_done, info, new_key
from merch.wallet import expect_key_reused, expect_replay


def check_a_purchase_is_an_order(store):
    person, item = store.customer(), store.item(price=30, stock=5)
    order = store.order(person, store.bought(person, item, 2))
    store.report.check(order["item"] in (item["code"], item["id"]) and order["name"] == item["name"],
                       "the order names the item", order)
    wanted = {"quantity": 2, "price": 30, "total": 60, "status": "ordered"}
    store.report.check(wanted.items() <= order.items(), "the order says what was paid", order)
    later = {"collection", "quality_level", "ready_at", "handed_over_at", "cancelled_at", "returned_at"}
    store.report.check(not later & set(order), "a new order has no member of later states", order)
    store.expect_coins(person, 940, "after a purchase")
    store.expect_stock(item, 3, "after a purchase")
    store.expect_inventory(person, [(item["code"], 2)], "owned from the purchase on")
    store.report.check(store.goods(person) == {(item["id"], None, None): 2},
                       "the inventory has the goods from the purchase on", store.goods(person))
    store.report.check([row["id"] for row in store.listed(person.access)] == [order["id"]],
                       "the list of own orders has the one order", order["id"])


def check_buy_makes_orders(store):
    """The published route makes orders too, and its own contract stays as it is."""
    person = store.customer()
    for code in ("cup", "pen", "cup"):
        expect_done(store.api, buy(store.api, person, code), f"buy a {code}")
    rows = store.listed(person.access)
    for row in rows:
        store.check_order(row)
    found = sorted((row["price"], row["quantity"], row["total"]) for row in rows)
    store.report.check(found == [(10, 1, 10), (20, 1, 20), (20, 1, 20)],
                       "each piece bought by /api/buy is an order of its own", rows)
    store.report.check(len({row["item"] for row in rows}) == 2, "the orders name two items", rows)
    store.expect_coins(person, 950, "after three pieces")
    for code in ("nothing-of-this-kind", "%00", ""):
        answer = store.api.get(f"/api/buy/{code}", person.token)
        store.report.expect(answer, "a refused purchase", 400, 404)
    store.report.check(len(store.listed(person.access)) == 3, "a refused purchase makes no order")


def check_buy_makes_an_order_that_lives(store):
    person, item = store.customer(), store.item(price=40, stock=2)
    expect_done(store.api, buy(store.api, person, item["code"]), "buy an item of the administrator's")
    row, = store.listed(person.access)
    store.report.check(row["status"] == "ordered", "the order of /api/buy is ordered", row)
    store.expect_done(store.act(row["id"], "cancel", person), "the owner cancels an order of /api/buy")
    store.expect_coins(person, 1000, "after cancelling what /api/buy bought")
    store.expect_stock(item, 2, "after cancelling what /api/buy bought")
    expect_done(store.api, buy(store.api, person, item["code"]), "buy it again")
    expect_done(store.api, buy(store.api, person, item["code"]), "buy the last piece")
    store.report.expect(buy(store.api, person, item["code"]), "buy what is sold out", 400)
    store.expect_coins(person, 920, "a refused /api/buy takes no coins")
    store.report.check(len(store.listed(person.access, status="ordered")) == 2, "two orders are open")


def check_keys(store):
    """One key is one order, also after its order was cancelled."""
    person, item, key = store.customer(), store.item(price=30, stock=9), new_key()
    first = store.purchase(person, item, 2, key)
    store.report.expect(first, "a purchase with a key", 201)
    expect_replay(store.report, first, store.purchase(person, item, 2, key), "a purchase")
    for other in (store.purchase(person, item, 3, key), store.purchase(person, {"code": "cup"}, 2, key)):
        expect_key_reused(store.report, other, "another purchase under the key")
    order = first.member("order")["id"]
    store.expect_done(store.act(order, "cancel", person), "cancel")
    expect_replay(store.report, first, store.purchase(person, item, 2, key), "a purchase cancelled since")
    store.expect_status(person, order, "cancelled", "after the replay")
    store.expect_coins(person, 1000, "a replay buys nothing")
    store.expect_stock(item, 9, "a replay takes nothing")
    store.report.check(len(store.listed(person.access)) == 1, "a replay makes no order")
    store.report.expect(store.purchase(store.customer(), item, 1, key), "another person's equal key", 201)


def check_one_key_at_once(store):
    person, item, key = store.customer(), store.item(price=30, stock=9), new_key()
    answers = at_once([lambda: store.purchase(person, item, 1, key)] * 20)
    made = [answer for answer in answers if answer.status == 201]
    store.report.check(made and len({answer.body for answer in made}) == 1,
                       "twenty equal purchases with one key have one answer", *answers[:2])
    store.report.check(len(store.listed(person.access)) == 1, "one key in twenty threads makes one order")
    store.expect_coins(person, 970, "one key in twenty threads pays once")
    store.expect_stock(item, 8, "one key in twenty threads takes one piece")


def check_refused_purchases(store):
    """A refused purchase moves nothing, makes no order, and names all that is wrong."""
    person, item = store.customer(), store.item(price=30, stock=3)
    code = item["code"]
    many = {"item": 5, "quantity": "x", "collection": [], "quality_level": {}, "gift": True}
    for body, wrong in (
            (many, set(many)), ({}, {"item", "quantity"}), ({"item": code}, {"quantity"}),
            ({"item": None, "quantity": None}, {"item", "quantity"}),
            ({"item": code, "quantity": 0, "colour": "red"}, {"quantity", "colour"}),
            ({"item": code, "quantity": -1, "collection": 7}, {"quantity", "collection"}),
            ({"item": code, "quantity": 1, "quality_level": True}, {"quality_level"})):
        answer = store.api.post("/api/v1/purchases", body, token=person.access, key=new_key())
        store.expect_members(answer, wrong, f"a purchase of {body}")
    raw = [f'{{"item":"{code}","quantity":{amount}}}'.encode() for amount in AMOUNTS_REFUSED]
    for body in [*raw, *NOT_JSON, *NOT_AN_OBJECT]:
        answer = store.api.post("/api/v1/purchases", raw=body, token=person.access, key=new_key())
        store.report.expect(answer, "a refused purchase", *ANY_REFUSAL)
    for quantity in (4, 34, 2**31, 2**53 + 1, 2**63 - 1, 2**63 // 30 + 1):
        answer = store.purchase(person, item, quantity)
        store.report.expect(answer, f"a purchase of {quantity}, too many or too dear", *ANY_REFUSAL)
    answer = store.api.post("/api/v1/purchases", {"item": code, "quantity": 1}, token=person.access)
    store.report.expect(answer, "a purchase without a key", 400)
    answer = store.api.post("/api/v1/purchases", {"item": code, "quantity": 1}, key=new_key())
    store.report.expect(answer, "a purchase without a token", 401)
    answer = store.purchase(person, {"code": "no-such-thing"})
    store.report.expect(answer, "a purchase of an unknown item", *BAD_REQUEST, 404)
    store.report.check(store.listed(person.access) == [], "a refused purchase makes no order")
    store.report.check(info(store.api, person) == EMPTY, "a refused purchase moves nothing",
                       info(store.api, person))
    store.expect_stock(item, 3, "a refused purchase takes nothing")


EMPTY = {"coins": 1000, "inventory": [], "coinHistory": {"received": [], "sent": []}}

CHECKS = (
    check_a_purchase_is_an_order, check_buy_makes_orders, check_buy_makes_an_order_that_lives,
    check_keys, check_one_key_at_once, check_refused_purchases,
)
