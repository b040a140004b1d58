"""The walk behind the counter: the queue and the catalogue, for counter.py."""

import re
import struct
import zlib
from pathlib import Path

from playwright.sync_api import expect


def picture(path):
    """A small PNG of one colour."""
    rows = b"".join(b"\x00" + b"\x2f\xa3\x7a" * 64 for _ in range(64))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    return path


def search_a_long_list(visitor, company):
    """Of more than a hundred orders only some are shown; a search finds those of all people, also of one who left."""
    page, name = visitor.page, company.name("bruno")
    company.api.person(company.address("bruno"), name)
    order = company.buy("bruno", "pen")
    for verb in ("ready", "hand-over"):
        company.api.ask("POST", f"/api/v1/orders/{order}/{verb}", {}, company.token)
    company.api.ask("PATCH", f"/api/v1/users/{company.user('bruno')['id']}", {"is_active": False, "reason": "Has left"}, company.token)

    def goes_on(route):
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "items": [], "next_cursor": order})
    whole = re.compile("status=handed_over&limit=100$")
    page.route(whole, goes_on)
    page.goto("/admin/queue?state=handed_over")
    expect(page.get_by_role("searchbox")).to_be_visible()
    with page.expect_request(re.compile("user=.*status=handed_over&sort_order=desc&limit=100$")):
        page.get_by_role("searchbox").fill(f"{company.mark} bruno")
    expect(page.get_by_role("button", name=f"Take back… Pen for {name}")).to_be_visible()
    page.unroute(whole)


def work_off_the_queue(visitor, company):
    page = visitor.page
    marina, ingrid = company.name("marina"), company.name("ingrid")
    orders = [company.buy("marina", "cup"), company.buy("marina", "pen"), company.buy("ingrid", "hoody", quality_level="l")]
    page.goto("/admin")
    expect(page.get_by_role("heading", name="Hand-over")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(f"marina {company.mark}")
    rows = page.locator("table.queue tbody tr")
    expect(rows).to_have_count(2)
    # One by its button, in one tap.
    page.get_by_role("button", name=f"Mark ready Cup for {marina}").click()
    expect(page.locator(".toast")).to_contain_text(f"Ready: Cup for {marina}.")
    page.get_by_role("button", name=f"Hand over Cup for {marina}").click()
    expect(page.locator(".toast")).to_contain_text("Handed over: Cup")
    expect(rows).to_have_count(1)
    # Several by keyboard alone.
    page.get_by_role("searchbox").fill(company.mark)
    expect(rows).to_have_count(2)
    page.get_by_role("heading", level=1).focus()
    for key in "jxjx":
        page.keyboard.press(key)
    expect(page.locator(".chosen")).to_contain_text("2 chosen")
    visitor.look_at("queue-chosen")
    page.keyboard.press("r")
    expect(page.locator(".toast")).to_contain_text("2 orders are ready.")
    for key in "jjxkx":
        page.keyboard.press(key)
    # One of them is cancelled by somebody else: the other still goes.
    company.api.ask("POST", f"/api/v1/orders/{orders[2]}/cancel", {"note": "The seam is open"}, company.token)
    page.keyboard.press("h")
    expect(page.get_by_role("alert")).to_contain_text(f"Hoody for {ingrid} stays as it is.")
    visitor.look_at("queue-refused")
    # Goods that went out come back with a reason, and the coins with it.
    page.get_by_role("link", name="Handed over").click()
    page.get_by_role("searchbox").fill(company.mark)
    before = company.coins("marina")
    page.get_by_role("button", name=f"Take back… Pen for {marina}").click()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("This is still empty.")).to_be_visible()
    page.get_by_label("Why?").fill("It does not write")
    visitor.look_at("queue-take-back")
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator(".toast")).to_contain_text("10 coins went back.")
    assert company.coins("marina") == before + 10
    # Two admins at one queue: the second one is told, and the queue shows what is so now.
    order = company.buy("marina", "socks")
    page.goto("/admin/queue?state=ordered")
    button = page.get_by_role("button", name=f"Mark ready Socks for {marina}")
    expect(button).to_be_visible()
    for verb in ("ready", "hand-over"):
        company.api.ask("POST", f"/api/v1/orders/{order}/{verb}", {}, company.token)
    button.click()
    expect(page.get_by_role("alert")).to_contain_text("It was handed over already.")
    expect(button).to_have_count(0)
    company.buy("marina", "socks")
    page.goto("/admin/queue?state=ordered")
    page.get_by_role("button", name=f"Cancel… Socks for {marina}").click()
    page.get_by_label("Why?").fill("None left")
    page.get_by_role("button", name="Cancel the order").click()
    expect(page.locator(".toast")).to_contain_text("Cancelled: Socks")
    search_a_long_list(visitor, company)
    page.goto("/admin/queue?state=ordered")
    page.get_by_role("searchbox").fill("nobody of this name")
    expect(page.get_by_role("heading", name="No order for this name")).to_be_visible()
    visitor.look_at("queue-nobody")


def lose(route):
    """The request arrives, and its answer does not."""
    route.fetch()
    route.abort()


def add_and_edit_a_thing(visitor, company):
    page = visitor.page
    name = f"Cap {company.mark} {visitor.look[:3]}"
    file = picture(visitor.pictures / "cap.png")
    page.goto("/admin/catalogue")
    page.get_by_role("link", name="Add a thing").click()
    page.get_by_label("Price in coins").fill("-3")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("This is still empty.")).to_be_visible()
    expect(page.get_by_text("Take away the minus.")).to_be_visible()
    visitor.look_at("thing-wrong")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Price in coins").fill("40")
    page.get_by_role("button", name="Add a size").click()
    page.get_by_label("Or a new size").fill(f"Kids {company.mark}")
    visitor.look_at("thing-size")
    page.get_by_role("dialog").get_by_role("button", name="Add a size").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("textbox", name=re.compile("Stock of")).fill("3")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("img", name="The new picture")).to_be_visible()
    # The answer is lost, and the second press makes no second thing.
    page.route("**/api/v1/items", lose, times=1)
    page.get_by_role("button", name="Add it").click()
    expect(page.locator(".general")).to_be_visible()
    page.get_by_role("button", name="Add it").click()
    expect(page.locator(".toast")).to_contain_text(f"On the shelf: {name}.")
    found = company.api.ask("GET", f"/api/v1/items?search={company.mark}&limit=100")["items"]
    assert len([one for one in found if one["name"] == name]) == 1, found
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(page.locator(".edit .pic img")).to_have_attribute("src", re.compile("^/media/"))
    # A stock needs a reason, and only what changed is sent.
    page.get_by_role("button", name=re.compile("^One less")).click()
    page.get_by_label("Tell me when so few are left").fill("2")
    page.get_by_role("button", name=f"Save {name}").click()
    expect(page.get_by_text("The stock changed. Say why.")).to_be_visible()
    page.get_by_label("Why did the stock change?").fill("Counted on Friday")
    page.get_by_role("button", name=f"Save {name}").click()
    expect(page.locator(".toast")).to_contain_text(f"Saved: {name}.")
    visitor.look_at("thing")
    # A size with a picture of its own.
    page.get_by_label("Picture of").select_option(index=1)
    expect(page.get_by_text("No picture of its own")).to_be_visible()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name=f"Save {name}").click()
    expect(page.locator(".toast")).to_contain_text(f"Saved: {name}.")
    page.reload()
    page.get_by_label("Picture of").select_option(index=1)
    page.get_by_role("button", name="Take the picture away").click()
    expect(page.get_by_text("The picture goes when you save.")).to_be_visible()
    page.get_by_role("button", name=f"Save {name}").click()
    expect(page.locator(".toast")).to_contain_text(f"Saved: {name}.")
    # The screen has read the thing anew. Now somebody else is faster.
    expect(page.get_by_text("The picture goes when you save.")).to_have_count(0)
    item = company.api.ask("GET", f"/api/v1/items?search={company.mark}&limit=100")["items"][-1]
    company.api.ask("PATCH", f"/api/v1/items/{item['id']}", {"price": 45}, company.token)
    page.get_by_label("Price in coins").fill("41")
    page.get_by_role("button", name=f"Save {name}").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody changed this in the meantime.")
    visitor.look_at("thing-changed")
    page.reload()
    page.get_by_role("button", name="Take the picture away").click()
    page.get_by_role("button", name=f"Save {name}").click()
    expect(page.locator(".edit .pic svg")).to_be_visible()
    page.get_by_role("link", name="See all changes").click()
    expect(page.get_by_role("row", name=re.compile("Counted on Friday"))).to_be_visible()
    page.go_back()
    page.get_by_role("button", name=f"Retire {name}…").click()
    visitor.look_at("thing-retire")
    page.get_by_role("button", name=f"Retire {name}", exact=True).click()
    page.get_by_role("button", name="Put it back on the shelf").click()
    expect(page.get_by_role("button", name=f"Retire {name}…")).to_be_visible()
    page.goto("/admin/catalogue?view=low")
    page.get_by_role("searchbox").fill(company.mark)
    expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    visitor.forgive("412", "409 (Conflict)", "ERR_FAILED")
