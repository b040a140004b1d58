"""A bad line: slow, gone, or with a shop that cannot answer just now."""

import re

from playwright.sync_api import expect

SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
SCREENS = ("Send", "Shop", "Mine", "History")


def a_first_visit(visitor, cast):
    """From the sign-in to home, everything that comes over the line is less than 100 KB."""
    sizes = []
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    visitor.sign_in(cast.vera)
    visitor.settle()
    assert len(sizes) > 30, sizes
    assert sum(sizes) < 100_000, f"{sum(sizes)} bytes in {len(sizes)} answers"


def a_slow_line(visitor, cast):
    """400 ms and 400 kbit/s: shapes come before the content, nothing jumps, and nothing is sent twice."""
    page = visitor.page
    visitor.sign_in(cast.vera)
    visitor.settle()
    visitor.context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
    for name in SCREENS:
        page.locator(".shopnav").get_by_role("link", name=name, exact=True).click()
        expect(page.locator(".bone").first).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        visitor.look_at(f"slow-{name.lower()}")
        visitor.stands_still(f"slow {name}")
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" and "/transfers" in request.url else None)
    page.goto(f"/send?to={cast.marina}&amount=3")
    page.get_by_role("button", name="Send 3 coins").click()
    page.get_by_role("button", name="Send 3 coins").dblclick()
    expect(page.locator(".confirm [aria-busy]")).to_have_text("Sending…")
    page.locator(".confirm [aria-busy]").click()
    expect(page.locator(".toast")).to_contain_text("3 coins sent")
    assert len(sent) == 1, sent


def without_a_line(visitor, cast):
    page = visitor.page
    visitor.sign_in(cast.vera)
    visitor.settle()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    visitor.context.set_offline(True)
    banner = page.get_by_text("You are offline.")
    expect(banner).to_have_count(1)
    page.locator(".shopnav").get_by_role("link", name="Shop").click()
    expect(page.get_by_role("heading", name="This did not load")).to_be_visible()
    expect(banner).to_have_count(1)
    visitor.look_at("no-line")
    visitor.context.set_offline(False)
    expect(page.get_by_role("heading", name="Shop", level=1)).to_be_visible()
    expect(banner).to_have_count(0)
    visitor.forgive("ERR_INTERNET_DISCONNECTED", "ERR_FAILED")


def a_shop_that_is_gone(visitor, cast):
    """The page says when it tries again, does, and sends once."""
    page = visitor.page
    visitor.sign_in(cast.vera)
    page.goto(f"/send?to={cast.marina}&amount=4")
    answers = [503, 429]
    keys = []

    def answer(route):
        keys.append(route.request.headers["idempotency-key"])
        if not answers:
            return route.continue_()
        body = '{"title":"Busy","status":503,"code":"unavailable"}'
        return route.fulfill(status=answers.pop(), headers={"Retry-After": "2", "Content-Type": "application/problem+json"}, body=body)

    page.route("**/api/v1/transfers", answer)
    page.get_by_role("button", name="Send 4 coins").click()
    page.get_by_role("button", name="Send 4 coins").click()
    expect(page.locator(".banner")).to_contain_text(re.compile("Too many tries. We try again in . second"))
    visitor.look_at("busy", is_settled=False)
    expect(page.locator(".banner")).to_contain_text(re.compile("The shop is busy. We try again in . second"))
    expect(page.locator(".toast")).to_contain_text("4 coins sent")
    expect(page.locator(".banner")).to_have_count(0)
    assert len(keys) == 3 and len(set(keys)) == 1, keys
    page.unroute("**/api/v1/transfers")
    page.route("**/api/**", lambda route: route.abort())
    page.goto("/mine")
    expect(page.get_by_role("heading", name="Back in a moment")).to_be_visible()
    visitor.look_at("gone")
    page.unroute("**/api/**")
    expect(page.get_by_role("heading", name="Mine", level=1)).to_be_visible()
    visitor.forgive("503", "429", "ERR_FAILED")


def outside(visitor, cast):
    page = visitor.page
    page.goto("/nowhere")
    expect(page.get_by_role("heading", name="Nothing on this shelf")).to_be_visible()
    visitor.look_twice("nowhere")
    page.evaluate("caches.open('offline-of-an-earlier-release').then(() => true)")
    page.goto("/503.html")
    visitor.look_twice("closed")
    page.goto("/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("caches.keys().then((names) => names.length === 1)")
    visitor.context.set_offline(True)
    page.goto("/shop")
    expect(page.get_by_role("heading", name="No line to the shop")).to_be_visible()
    visitor.look_twice("offline")
    visitor.context.set_offline(False)
    expect(page.get_by_role("heading", name="Come in")).to_be_visible()
    page.evaluate("localStorage.setItem('language', 'ru')")
    visitor.context.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading", name="Нет связи с магазином")).to_be_visible()
    visitor.context.set_offline(False)
    expect(page.get_by_role("heading", name="Заходите")).to_be_visible()
    visitor.sign_in(cast.vera)
    page.goto("/shop/%E0")
    expect(page.get_by_role("heading", name="Эта полка пуста")).to_be_visible()
    visitor.forgive("ERR_INTERNET_DISCONNECTED")
