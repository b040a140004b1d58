"""A cancellation or a return gives back the price paid, once, whatever happened since."""

import time
from datetime import datetime

from merch.shop import buy, coins, info, quoted
from merch.wallet import holds_number
from orders.store import REASON, done


def check_the_price_paid_comes_back(store):
    """The price of that day comes back, not what the item costs now."""
    person, item = store.customer(), store.item(price=30, stock=5)
    first = store.bought(person, item, 2)
    store.change_item(item, price=70)
    second = store.handed_over(person, item)
    store.change_item(item, price=1)
    for order, price, total in ((first, 30, 60), (second, 70, 70)):
        found = store.order(person, order)
        store.report.check((found["price"], found["total"]) == (price, total), "an order keeps its price", found)
    store.expect_coins(person, 870, "two purchases at two prices")
    store.expect_done(store.act(first, "cancel", person), "cancel after the price rose and fell")
    store.expect_coins(person, 930, "the old price comes back")
    store.expect_done(store.act(second, "return", note=REASON), "return after the price fell")
    store.expect_coins(person, 1000, "the price paid comes back")
    store.expect_stock(item, 5, "all pieces are back")


def check_stock_changed_since(store):
    """Goods go to a stock that is limited now, else to the mint."""
    person, item = store.customer(), store.item(price=30, stock=5)
    orders = [store.bought(person, item, 2) for _ in range(2)]
    late = store.bought(person, item)
    store.set_stock(item, None)
    store.expect_done(store.act(orders[0], "cancel", person), "cancel of what is unlimited now")
    store.expect_stock(item, None, "unlimited stays unlimited")
    store.set_stock(item, 0)
    store.expect_done(store.act(orders[1], "cancel", person), "cancel of what is sold out now")
    store.expect_stock(item, 2, "two pieces go back to the empty shelf")
    store.set_stock(item, 7)
    store.expect_done(store.act(late, "cancel", person), "cancel of what was counted again")
    store.expect_stock(item, 8, "one piece goes back to the counted shelf")
    store.expect_coins(person, 1000, "all coins are back")


def check_unlimited_goods(store):
    """Goods from the mint go back to it, or to the shelf if there is one by now."""
    person, item = store.customer(), store.item(price=30)
    first, second = store.bought(person, item, 3), store.bought(person, item, 3)
    store.expect_done(store.act(first, "cancel", person), "cancel of unlimited goods")
    store.expect_coins(person, 910, "after one cancellation")
    store.set_stock(item, 1)
    store.expect_done(store.act(second, "cancel", person), "cancel of what is limited now")
    store.expect_stock(item, 4, "the goods go to the shelf that is there now")
    store.expect_coins(person, 1000, "after two cancellations")


def check_retired_items(store):
    """The orders of an item that is no longer sold live on."""
    person, item = store.customer(), store.item(price=30, stock=9)
    first, second, third = (store.bought(person, item) for _ in range(3))
    store.change_item(item, is_active=False)
    store.report.expect(store.purchase(person, item), "a retired item cannot be bought", *range(400, 500))
    store.expect_done(store.act(first, "cancel", person), "cancel the order of a retired item")
    store.expect_done(store.act(second, "ready"), "the order of a retired item is made ready")
    answer = store.api.call("DELETE", f"/api/v1/items/{item['id']}", token=store.admin)
    store.report.expect(answer, "delete an item with open orders", 204)
    store.expect_done(store.act(second, "hand-over"), "the order of a deleted item is handed over")
    store.expect_done(store.act(second, "return", note=REASON), "the order of a deleted item is returned")
    store.expect_done(store.act(third, "cancel", person), "cancel the order of a deleted item")
    store.expect_coins(person, 1000, "all coins are back")
    found = store.expect_status(person, third, "cancelled", "the order of a deleted item can be read")
    store.report.check(found["price"] == 30, "it still says what was paid", found)


def check_goods_gone(store):
    """Goods that are reserved or used up cannot be given back, and the refusal moves nothing."""
    person, item = store.customer(), store.item(price=30, stock=5)
    order, over = store.bought(person, item), store.handed_over(person, item)
    operation, answer = store.reserve(person, item, 2)
    store.report.expect(answer, "the owner reserves what was bought", 200)
    for _ in range(2):
        store.expect_code(store.act(order, "cancel", person), 409, "goods_gone", "the owner cancels what is reserved")
        store.expect_code(store.act(order, "cancel", note=REASON), 409, "goods_gone", "cancel of what is reserved")
        store.expect_code(store.act(over, "return", note=REASON), 409, "goods_gone", "return of what is reserved")
    store.expect_status(person, order, "ordered", "refused for want of goods")
    store.expect_status(person, over, "handed_over", "refused for want of goods")
    store.expect_coins(person, 940, "refused for want of goods")
    store.expect_stock(item, 3, "refused for want of goods")
    store.close(person, operation, "return")
    store.expect_done(store.act(over, "return", note=REASON), "return after the goods came back")
    store.expect_coins(person, 970, "one piece is given back")
    operation, answer = store.reserve(person, item, 1)
    store.report.expect(answer, "the owner reserves the last piece", 200)
    store.close(person, operation, "consume")
    store.expect_code(store.act(order, "cancel", person), 409, "goods_gone", "cancel of what is used up")
    store.expect_done(store.act(order, "ready"), "the order goes on without its goods")
    store.expect_done(store.act(order, "hand-over"), "the order goes on without its goods")
    store.expect_code(store.act(order, "return", note=REASON), 409, "goods_gone", "return of what is used up")
    store.expect_inventory(person, [], "used up")


def check_goods_given_away(store):
    """Goods that a correction took from the owner cannot be given back, until they are there again."""
    person, item = store.customer(), store.item(price=30, stock=5)
    order, over = store.bought(person, item), store.handed_over(person, item)
    store.adjust(person, item, -2)
    store.expect_code(store.act(order, "cancel", person), 409, "goods_gone", "cancel of what was given away")
    store.expect_code(store.act(over, "return", note=REASON), 409, "goods_gone", "return of what was given away")
    store.expect_coins(person, 940, "refused for want of goods")
    store.expect_stock(item, 3, "refused for want of goods")
    store.adjust(person, item, 1)
    store.expect_done(store.act(over, "return", note=REASON), "return of what is there again")
    store.expect_code(store.act(order, "cancel", person), 409, "goods_gone", "one piece is one return")
    store.expect_coins(person, 970, "one piece is given back")
    store.expect_inventory(person, [], "nothing is left")


def check_goods_are_interchangeable(store):
    """Two orders and one piece left: one of the orders can be given back, the other one no more."""
    person, item = store.customer(), store.item(price=30, stock=5)
    first, second = store.bought(person, item), store.bought(person, item)
    store.report.expect(store.reserve(person, item, 1)[1], "the owner reserves one of two", 200)
    store.expect_done(store.act(first, "cancel", person), "one piece is there to give back")
    store.expect_code(store.act(second, "cancel", person), 409, "goods_gone", "the second piece is reserved")
    third = store.bought(person, item, 2)
    store.report.expect(store.reserve(person, item, 1)[1], "the owner reserves one of the new ones", 200)
    store.expect_code(store.act(third, "cancel", person), 409, "goods_gone", "one of two is no whole order")
    store.expect_coins(person, 910, "after one cancellation")


def check_the_order_of_first_purchase(store):
    """An item that is given back leaves /api/info, and takes its old place when it is bought again."""
    person = store.customer()
    goods = [store.item(price=10, stock=5) for _ in range(3)]
    codes = [item["code"] for item in goods]
    orders = [store.bought(person, item) for item in goods]
    store.expect_inventory(person, [(code, 1) for code in codes], "three items")
    store.expect_done(store.act(orders[0], "cancel", person), "cancel the first")
    store.expect_inventory(person, [(codes[1], 1), (codes[2], 1)], "after a cancellation")
    for action in ("ready", "hand-over", "return"):
        store.expect_done(store.act(orders[1], action, note=REASON), action)
    store.expect_inventory(person, [(codes[2], 1)], "after a return")
    store.report.expect(buy(store.api, person, codes[1]), "buy the second again", 200)
    store.expect_inventory(person, [(codes[1], 1), (codes[2], 1)], "the second has its place again")
    store.bought(person, goods[0], 2)
    store.expect_inventory(person, [(codes[0], 2), (codes[1], 1), (codes[2], 1)], "the first has its place again")
    found = info(store.api, person)["coinHistory"]
    store.report.check(found == {"received": [], "sent": []}, "purchases and refunds are no transfers", found)


def check_history(store):
    """Each refund is one row with what came back and the balance after it, and the balances add up."""
    person, item = store.customer(), store.item(price=30, stock=9)
    first, second = store.bought(person, item, 2), store.handed_over(person, item)
    store.bought(person, item)
    for _ in range(2):
        store.act(first, "cancel", person)
        store.act(second, "return", note=REASON)
    rows = store.history(person)
    members = all({"kind", "change", "balance"} <= set(row) for row in rows)
    if not store.report.check(members, "each row has kind, change and balance", rows):
        return
    refunds = {row["change"]: row["balance"] for row in rows if row["kind"] == "refund"}
    count = sum(row["kind"] == "refund" for row in rows)
    store.report.check(refunds == {60: 940, 30: 970} and count == 2, "two refunds are two rows", rows)
    store.report.check(sorted(row["change"] for row in rows if row["change"] < 0) == [-60, -30, -30],
                       "three purchases are three rows", rows)
    forward = rows if rows[-1]["balance"] == 970 else rows[::-1]
    sums, total = [], 0
    for row in forward:
        total += row["change"]
        sums.append(total)
    store.report.check(sums == [row["balance"] for row in forward] and total == coins(store.api, person),
                       "every balance is the sum of the changes up to its row", rows)


def check_the_past_stays(store):
    """A refund does not rewrite what was owned before it."""
    person, item = store.customer(), store.item(price=137, stock=5)
    order = store.bought(person, item)
    time.sleep(0.4)
    store.expect_done(store.act(order, "cancel", person), "cancel")
    found = store.order(person, order)
    ordered, cancelled = (datetime.fromisoformat(found[name]) for name in ("ordered_at", "cancelled_at"))
    between = (ordered + (cancelled - ordered) / 2).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    store.report.check(store.goods(person, between) == {(item["id"], None, None): 1},
                       "the goods were owned before the cancellation", store.goods(person, between))
    answer = store.api.get("/api/v1/wallet?at=" + quoted(between), person.access)
    store.report.check(done(answer) and holds_number(answer.json(), 863) and not holds_number(answer.json(), 1000),
                       "863 coins were owned before the cancellation", answer)
    store.report.check(store.goods(person) == {}, "nothing is owned after it", store.goods(person))


CHECKS = (
    check_the_price_paid_comes_back, check_retired_items, check_goods_gone, check_goods_given_away,
    check_goods_are_interchangeable, check_the_order_of_first_purchase, check_history, check_the_past_stays,
    check_unlimited_goods, check_stock_changed_since,
)
