"""Buying: on the shelf, in a size, up to a limit; then the order until it is fetched."""

from playwright.sync_api import expect


def buy_and_cancel(visitor, cast):
    page = visitor.page
    visitor.sign_in(cast.vera)
    page.goto("/shop")
    page.get_by_role("searchbox").fill("cup")
    expect(page.locator(".tile", has_text="Cup")).to_have_count(1)
    assert page.url.endswith("/shop?q=cup"), page.url
    page.get_by_role("link", name="Cup", exact=True).click()
    page.get_by_role("button", name="One more").click()
    page.get_by_role("button", name="Buy for 40 coins").click()
    visitor.look_twice("item-confirm")
    page.get_by_role("button", name="Buy for 40 coins").click()
    expect(page.locator(".toast")).to_contain_text("Bought: Cup.")
    page.get_by_role("button", name="Cancel order Cup").first.click()
    visitor.look_at("order-cancel")
    page.get_by_role("button", name="Cancel the order").click()
    expect(page.locator(".toast")).to_contain_text("40 coins came back.")


def buy_a_size(visitor, cast):
    """The sizes that are sold out are crossed out; the order shows its size until it is fetched, and after it."""
    page = visitor.page
    scarf = cast.thing("scarf")
    sizes = [{"quality_level": "s", "stock": 0, "is_active": True}, {"quality_level": "m", "stock": 2, "is_active": True}]
    cast.api.ask("PUT", f"/api/v1/items/{scarf['id']}/variants", {"variants": sizes}, cast.admin)
    visitor.sign_in(cast.vera)
    page.goto(f"/shop/{scarf['code']}")
    expect(page.get_by_role("radio", name="S", exact=False).first).to_be_disabled()
    page.get_by_role("button", name="Buy for 5 coins").click()
    expect(page.get_by_role("alert")).to_have_text("Choose one of them first.")
    visitor.look_twice("item-size")
    page.get_by_role("radio", name="M", exact=False).check()
    page.get_by_label("How many?").fill("3")
    page.get_by_label("How many?").press("Tab")
    expect(page.locator(".short")).to_contain_text("2 left")
    page.get_by_role("button", name="One less").click()
    page.get_by_role("button", name="Buy for 10 coins").click()
    expect(page.locator(".confirm")).to_contain_text(f"Buy 2 pieces of {scarf['name']}, size M for 10 coins?")
    page.get_by_role("button", name="Buy for 10 coins").click()
    expect(page.locator(".toast")).to_contain_text(f"Bought: {scarf['name']}, size M.")
    order = page.locator(".order", has_text=scarf["name"])
    expect(order).to_contain_text("Size M · 2 pieces · 10 coins")
    visitor.settle()
    ordered = cast.api.ask("GET", "/api/v1/orders?limit=1", token=cast.token(cast.vera))["items"][0]
    cast.api.ask("POST", f"/api/v1/orders/{ordered['id']}/ready", {}, cast.admin)
    page.reload()
    expect(order).to_contain_text("Fetch it now")
    cast.api.ask("POST", f"/api/v1/orders/{ordered['id']}/hand-over", {}, cast.admin)
    page.goto("/orders?status=handed_over")
    expect(order).to_contain_text("Handed over")
    page.goto("/mine")
    expect(page.locator(".lines > li", has_text=scarf["name"])).to_contain_text("Size M")
    page.goto(f"/shop/{scarf['code']}")
    expect(page.locator(".short")).to_contain_text("Sold out")
    visitor.look_at("item-sold-out")


def up_to_a_limit(visitor, cast):
    page = visitor.page
    badge = cast.thing("badge", limit_per_person=2)
    visitor.sign_in(cast.vera)
    page.goto(f"/shop/{badge['code']}")
    expect(page.get_by_text("At most 2 a person.")).to_be_visible()
    cast.buy(cast.vera, badge["code"])
    page.get_by_role("button", name="One more").click()
    expect(page.get_by_role("button", name="One more")).to_be_disabled()
    page.get_by_role("button", name="Buy for 10 coins").click()
    page.get_by_role("button", name="Buy for 10 coins").click()
    expect(page.get_by_role("alert")).to_have_text("You may have 1 more of it.")
    visitor.look_at("item-limit")
    page.reload()
    expect(page.get_by_text("At most 2 a person. You may have 1 more.")).to_be_visible()
    cast.buy(cast.vera, badge["code"])
    page.reload()
    expect(page.locator(".short")).to_contain_text("You have all you may have")
    visitor.look_at("item-all")
    visitor.forgive("/api/v1/purchases")


def a_lost_answer_buys_once(visitor, cast):
    """The thing says that a purchase has no answer, even where the limit forbids another one."""
    page = visitor.page
    lamp = cast.thing("lamp", limit_per_person=1)
    visitor.sign_in(cast.vera)
    buy = page.get_by_role("button", name="Buy for 5 coins")
    page.goto(f"/shop/{lamp['code']}")
    buy.click()
    page.route("**/api/v1/purchases", lambda route: (route.fetch(), route.abort()))
    buy.click()
    expect(page.get_by_role("alert")).to_contain_text("trying again will not do it twice")
    page.unroute("**/api/v1/purchases")
    page.reload()
    expect(page.locator(".banner")).to_contain_text("no answer came")
    visitor.look_twice("item-again")
    buy.click()
    expect(page.locator(".toast")).to_contain_text("bought it already, and only once")
    expect(page.locator(".who")).to_contain_text("995 coins")
    expect(page.locator(".order")).to_have_count(1)
    vase = cast.thing("vase")
    page.goto(f"/shop/{vase['code']}")
    page.route("**/api/v1/purchases", lambda route: route.abort())
    buy.click()
    buy.click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Do not repeat it").click()
    expect(page.locator(".confirm")).to_have_count(0)
    page.unroute("**/api/v1/purchases")
    buy.click()
    expect(page.locator(".banner")).to_have_count(0)
    buy.click()
    expect(page.locator(".toast")).to_contain_text("Bought: ")
    visitor.forgive("ERR_FAILED")


def long_and_large(visitor, cast):
    """Names without a blank, as long as the shop allows, and a purse of seven digits."""
    page = visitor.page
    long = cast.join("w" * 40, "Wolf" * 25)
    item = cast.thing("long", price=1_234_567, limit_per_person=7)
    cast.api.ask("PATCH", f"/api/v1/items/{item['id']}", {"name": "Schal" * 20, "description": "Länge" * 40}, cast.admin)
    cast.pay(long, 8_999_000)
    cast.send(long, cast.marina, 1_000_000, "x" * 500)
    cast.send(cast.marina, long, 999_999, "y" * 500)
    cast.buy(long, item["code"], ready=True)
    cast.buy(long, item["code"])
    visitor.sign_in(long)
    for name, path in (("home", "/"), ("send", f"/send?to={cast.marina}&amount=7000000"), ("history", "/history"), ("item", f"/shop/{item['code']}"), ("mine", "/mine"), ("me", "/me")):
        visitor.open(path)
        visitor.look_at(f"long-{name}")


def what_can_be_fetched(visitor, cast):
    """Home asks again when it comes into sight, and every minute while it is."""
    page = visitor.page
    lev = cast.join("lev", "Lev Orlov")
    first, second = cast.buy(lev, "pen"), cast.buy(lev, "pen")
    page.clock.install()
    visitor.sign_in(lev)
    expect(page.locator(".balance")).to_be_visible()
    expect(page.locator(".ticket")).to_have_count(0)
    cast.api.ask("POST", f"/api/v1/orders/{first}/ready", {}, cast.admin)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".ticket")).to_contain_text("1 thing is ready")
    cast.api.ask("POST", f"/api/v1/orders/{second}/ready", {}, cast.admin)
    page.get_by_role("combobox").fill("mar")
    page.clock.fast_forward("01:01")
    expect(page.locator(".ticket")).to_contain_text("2 things are ready")
    expect(page.get_by_role("combobox")).to_be_focused()


def things_of_other_kinds(visitor, cast):
    """Somebody who holds more than merch sees it by section, and what is put aside."""
    page = visitor.page
    ivan = cast.join("ivan", "Ivan Petrov")
    game = next(one for one in cast.api.ask("GET", "/api/v1/items?limit=100")["items"] if one["class"] != "merch")
    items = [{"item_id": game["id"], "quantity_change": 3}]
    who = cast.id(ivan)
    cast.api.ask("POST", "/admin/inventory/adjust", {"user_id": who, "section": "main", "items": items, "reason": "A few to begin with"}, cast.admin)
    held = [{"item_id": game["id"], "quantity": 2}]
    reserve = {"user_id": who, "operation_id": f"{cast.mark}-0000-4000-8000-000000000000", "items": held}
    cast.api.ask("POST", "/inventory/reserve", reserve, cast.token(ivan))
    visitor.sign_in(ivan)
    page.goto("/mine")
    expect(page.get_by_role("heading", name="In the workshop")).to_be_visible()
    expect(page.locator(".lines > li", has_text=game["name"])).not_to_have_count(0)
    expect(page.get_by_role("heading", name="Put aside")).to_be_visible()
    visitor.look_twice("mine-game")
