"""Sending coins, taking them back, and the history of both."""

import re
from pathlib import Path

from playwright.sync_api import expect


def send_and_undo(visitor, cast):
    page = visitor.page
    cast.everybody()
    visitor.sign_in(cast.vera)
    page.keyboard.press("/")
    page.keyboard.type(f"mari {cast.mark[:4]}")
    expect(page.get_by_role("option")).to_have_count(1)
    visitor.look_at("home-search")
    page.keyboard.press("Enter")
    expect(page.locator("main .person")).to_contain_text(f"Marina {cast.mark}")
    assert "/send?to=" in page.url, page.url
    page.get_by_role("button", name="Send coins").click()
    expect(page.get_by_text("This is still empty.")).to_be_visible()
    page.get_by_label("How many?").fill("1 000 000")
    expect(page.locator(".short")).to_contain_text("coins missing")
    visitor.look_at("send-short")
    page.get_by_role("radio", name="50").check()
    page.get_by_label("What for?").fill(f"For saving the demo {visitor.look}")
    page.get_by_role("button", name="Send 50 coins").click()
    expect(page.locator(".confirm p").first).to_be_focused()
    visitor.look_twice("send-confirm")
    page.keyboard.press("Escape")
    expect(page.locator(".confirm")).to_have_count(0)
    page.get_by_role("button", name="Send 50 coins").press("Enter")
    # A double click sends once.
    page.get_by_role("button", name="Send 50 coins").dblclick()
    expect(page.locator(".toast")).to_contain_text(f"50 coins sent to Marina {cast.mark}.")
    visitor.look_twice("send-done")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("50 coins came back.")
    page.goto("/history")
    expect(page.get_by_role("row", name=re.compile(f"For saving the demo {visitor.look}"))).to_have_count(1)
    expect(page.get_by_role("button", name=re.compile("^Undo"))).to_have_count(0)


def undo_from_history(visitor, cast):
    page = visitor.page
    lift = f"For the lift {visitor.look}"
    cast.send(cast.vera, cast.marina, 20, lift)
    visitor.sign_in(cast.vera)
    page.goto("/history")
    row = page.get_by_role("row", name=re.compile(lift))
    visitor.look_at("history-undo")
    row.get_by_role("button", name=re.compile("^Undo")).click()
    expect(row.get_by_role("button")).to_have_count(0)
    expect(page.locator(".toast")).to_contain_text("20 coins came back.")
    page.get_by_role("link", name="Went out").click()
    expect(row).to_be_visible()
    expect(row.get_by_role("button")).to_have_count(0)
    page.get_by_role("link", name="Everything").click()
    expect(page.locator(".tabs [aria-current]")).to_have_text("Everything")
    page.get_by_label("Kind").select_option("Thanks")
    expect(page.get_by_role("row", name=re.compile(lift))).to_be_visible()
    assert page.url.endswith("/history?kind=transfer"), page.url
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert Path(download.value.path()).read_text().startswith("id,at,kind,"), "the file is no table"
    page.get_by_label("To", exact=True).fill("2020-01-01")
    expect(page.get_by_role("heading", name="Nothing in this part")).to_be_visible()
    page.get_by_role("link", name="Show everything").click()
    expect(page.get_by_role("row", name=re.compile(lift))).to_be_visible()


def a_direction(visitor, cast):
    page = visitor.page
    cast.send(cast.marina, cast.vera, 7, "Came in")
    cast.send(cast.vera, cast.marina, 8, "Went out")
    visitor.sign_in(cast.vera)
    page.goto("/history")
    page.get_by_role("link", name="Came in").click()
    expect(page.get_by_role("row", name=re.compile("Went out"))).to_have_count(0)
    row = page.get_by_role("row", name=re.compile("Came in")).first
    expect(row).to_contain_text(f"Marina {cast.mark}")
    expect(row).to_contain_text(cast.marina)
    assert page.url.endswith("/history?direction=in"), page.url


def a_grant_while_the_page_is_open(visitor, cast):
    """The balance is read with every screen, and while Home is looked at."""
    page = visitor.page
    cast.send(cast.vera, cast.marina, 1000, "All of it")
    visitor.sign_in(cast.vera)
    send = page.locator(".shopnav").get_by_role("link", name="Send", exact=True)
    send.click()
    expect(page.locator(".short")).to_contain_text("Nothing to send yet")
    cast.pay(cast.vera, 40)
    page.locator(".shopnav").get_by_role("link", name="Home", exact=True).click()
    expect(page.locator(".balance")).to_contain_text("40 coins")
    send.click()
    expect(page.get_by_role("combobox")).to_be_visible()
    page.locator(".shopnav").get_by_role("link", name="Home", exact=True).click()
    expect(page.locator(".balance")).to_be_visible()
    cast.pay(cast.vera, 2)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".balance")).to_contain_text("42 coins")


def no_way_back_while_sending(visitor, cast):
    """Nothing on the screen can make a second transfer of one that is on its way."""
    page = visitor.page
    held, keys = [], []
    button = page.get_by_role("button", name="Send 6 coins")
    visitor.sign_in(cast.vera)
    page.goto(f"/send?to={cast.marina}&amount=6")
    page.route("**/api/v1/transfers", lambda route: held.append(route))
    page.on("request", lambda request: keys.append(request.headers["idempotency-key"]) if request.url.endswith("/transfers") else None)
    button.click()
    button.click()
    expect(page.locator(".confirm [aria-busy]")).to_have_text("Sending…")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Go back").click()
    page.get_by_label("How many?").fill("7")
    page.get_by_label("How many?").fill("6")
    page.get_by_role("button", name="Change").click()
    expect(page.locator(".confirm [aria-busy]")).to_have_text("Sending…")
    held[0].fetch()
    held[0].abort()
    expect(page.get_by_role("alert")).to_contain_text("trying again will not do it twice")
    page.get_by_role("button", name="Go back").click()
    page.unroute("**/api/v1/transfers")
    button.click()
    expect(page.locator(".banner.sky")).to_contain_text("no answer came")
    button.click()
    expect(page.locator(".toast")).to_contain_text("6 coins sent")
    expect(page.locator(".who")).to_contain_text("994 coins")
    assert len(keys) == 2 and len(set(keys)) == 1, keys
    visitor.forgive("ERR_FAILED")


def enter_while_typing(visitor, cast):
    """Enter takes nobody whom only the earlier letters found."""
    page = visitor.page
    cast.everybody()
    visitor.sign_in(cast.vera)
    field = page.get_by_role("combobox")
    field.fill(f"marina {cast.mark}")
    expect(page.get_by_role("option")).to_have_count(1)
    field.focus()
    page.keyboard.type("zz")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nobody is called")).to_be_visible()
    assert page.url == visitor.base + "/", page.url


def a_lost_answer_sends_once(visitor, cast):
    """The server gets the transfer, the answer is lost, and the page is loaded again."""
    page = visitor.page
    coins = visitor.width // 10
    visitor.sign_in(cast.vera)
    page.goto(f"/send?to={cast.marina}&amount={coins}")
    page.get_by_role("button", name=f"Send {coins} coins").click()
    page.route("**/api/v1/transfers", lambda route: (route.fetch(), route.abort()))
    page.get_by_role("button", name=f"Send {coins} coins").click()
    expect(page.get_by_role("alert")).to_contain_text("no line")
    visitor.look_at("send-lost")
    page.unroute("**/api/v1/transfers")
    page.reload()
    expect(page.locator(".banner.sky")).to_contain_text("no answer came")
    expect(page.locator(".confirm")).not_to_contain_text("You keep")
    expect(page.locator(".confirm")).to_be_visible()
    visitor.look_at("send-again")
    page.get_by_role("button", name=f"Send {coins} coins").click()
    expect(page.locator(".toast")).to_contain_text(f"{coins} coins sent")
    page.goto("/history")
    expect(page.get_by_role("row").filter(has_text=f"−{coins}")).to_have_count(1)
    visitor.forgive("ERR_FAILED")
