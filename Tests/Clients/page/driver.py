"""Walks through the shop's page as people do, in a real browser, and looks at every screen in all its forms."""

import argparse
import re
import sys
import uuid
from pathlib import Path

from playwright.sync_api import expect, sync_playwright
from visitor import PASSWORD, API, Visitor

SCREENS = [
    ("home", "/"), ("send", "/send"), ("history", "/history"), ("shop", "/shop"), ("item", "/shop/hoody"),
    ("mine", "/mine"), ("orders", "/orders"), ("me", "/me"), ("no-item", "/shop/nothing-of-this-name"),
]


class Cast:
    """People of this run, with names of their own, so that the driver can run again in the same shop."""

    def __init__(self, api, admin, password):
        self.api, self.admin = api, api.token(admin, password)
        self.mark = uuid.uuid4().hex[:8]
        self.vera, self.marina = self._join("vera", "Vera Holm"), self._join("marina", f"Marina {self.mark}")

    def address(self, name):
        return f"{name}.{self.mark}@juniper.example"

    def _join(self, name, full_name):
        self.api.person(self.address(name), full_name)
        return self.address(name)

    def token(self, address):
        return self.api.token(address, PASSWORD)

    def send(self, source, target, amount, message):
        body = {"to_user": target, "amount": amount, "message": message}
        return self.api.ask("POST", "/api/v1/transfers", body, self.token(source))

    def buy(self, address, item, ready=False):
        bought = self.api.ask("POST", "/api/v1/purchases", {"item": item, "quantity": 1}, self.token(address))
        if ready:
            self.api.ask("POST", f"/api/v1/orders/{bought['order']['id']}/ready", {}, self.admin)


def sign_in_and_out(visitor, cast):
    page = visitor.page
    page.goto("/history?kind=grant")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("This is still empty.")).to_have_count(2)
    visitor.look_at("sign-in-empty")
    page.get_by_label("Name or e-mail").fill(cast.vera)
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    # The place is the one that was asked for before the sign-in.
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    assert page.url.endswith("/history?kind=grant"), page.url
    expect(page.get_by_role("link", name="Grants")).to_have_attribute("aria-current", "page")
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("Object.keys(localStorage)") == ["signed-in"]
    page.reload()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    page.goto("/me")
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    expect(page.get_by_role("heading", name="Come in")).to_be_visible()


def make_an_account(visitor, cast):
    page = visitor.page
    page.goto("/")
    page.get_by_role("button", name="Make an account").click()
    page.get_by_label("E-mail").fill("olga@")
    page.get_by_label("Password").fill("12345")
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_text("5 characters are too few. Use at least 8.")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")
    visitor.look_at("sign-up-wrong")
    page.get_by_label("Your name").fill("Olga")
    page.get_by_label("E-mail").fill(cast.address("olga"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    expect(page.locator(".balance")).to_contain_text("1,000 coins")
    visitor.look_at("home-new")


def join_and_reset(visitor, cast):
    page = visitor.page
    invitation = cast.api.ask("POST", "/api/v1/invitations", {"email": cast.address("timur")}, cast.admin)
    page.goto("/join#" + invitation["token"])
    visitor.look_at("join")
    page.get_by_label("Your name").fill("Timur")
    page.get_by_label("E-mail").fill(cast.address("timur"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Join the shop").click()
    expect(page.locator(".balance")).to_be_visible()
    assert page.url == visitor.base + "/", page.url
    me = cast.api.ask("GET", "/api/v1/auth/me", token=cast.token(cast.address("timur")))
    link = cast.api.ask("POST", f"/api/v1/users/{me['id']}/password-reset", {}, cast.admin)
    page.goto("/me")
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    expect(page.get_by_role("heading", name="Come in")).to_be_visible()
    page.goto("/reset#" + link["token"])
    visitor.look_at("reset")
    page.get_by_label("New password").fill("another-lemon-harbour")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("Your new password is set.")).to_be_visible()
    visitor.sign_in(cast.address("timur"), "another-lemon-harbour")


def send_and_undo(visitor, cast):
    page = visitor.page
    visitor.open("/")
    page.keyboard.press("/")
    page.keyboard.type(f"mari {cast.mark[:4]}")
    expect(page.get_by_role("option")).to_have_count(1)
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
    visitor.look_at("send-confirm")
    page.keyboard.press("Escape")
    expect(page.locator(".confirm")).to_have_count(0)
    page.get_by_role("button", name="Send 50 coins").press("Enter")
    # A double click sends once.
    page.get_by_role("button", name="Send 50 coins").dblclick()
    expect(page.locator(".toast")).to_contain_text(f"50 coins sent to Marina {cast.mark}.")
    visitor.look_at("send-done")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("50 coins came back.")
    page.goto("/history")
    expect(page.get_by_role("row", name=re.compile(f"For saving the demo {visitor.look}"))).to_have_count(1)
    expect(page.get_by_role("button", name=re.compile("^Undo"))).to_have_count(0)


def undo_from_history(visitor, cast):
    page = visitor.page
    lift = f"For the lift {visitor.look}"
    cast.send(cast.vera, cast.marina, 20, lift)
    page.goto("/history")
    row = page.get_by_role("row", name=re.compile(lift))
    visitor.look_at("history-undo")
    row.get_by_role("button", name=re.compile("^Undo")).click()
    expect(row.get_by_role("button")).to_have_count(0)
    expect(page.locator(".toast")).to_contain_text("20 coins came back.")
    page.get_by_role("link", name="Thanks").click()
    expect(page.get_by_role("row", name=re.compile(lift))).to_be_visible()
    assert page.url.endswith("/history?kind=transfer"), page.url
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert Path(download.value.path()).read_text().startswith("id,at,kind,"), "the file is no table"


def a_lost_answer_sends_once(visitor, cast):
    """The server gets the transfer, the answer is lost, and the page is loaded again."""
    page = visitor.page
    coins = visitor.page.viewport_size["width"] // 10
    page.goto(f"/send?to={cast.marina}&amount={coins}")
    page.get_by_role("button", name=f"Send {coins} coins").click()
    page.route("**/api/v1/transfers", lambda route: (route.fetch(), route.abort()))
    page.get_by_role("button", name=f"Send {coins} coins").click()
    expect(page.get_by_role("alert")).to_contain_text("no line")
    visitor.look_at("send-lost")
    page.unroute("**/api/v1/transfers")
    page.reload()
    expect(page.locator(".confirm")).to_be_visible()
    visitor.look_at("send-again")
    page.get_by_role("button", name=f"Send {coins} coins").click()
    expect(page.locator(".toast")).to_contain_text(f"{coins} coins sent")
    page.goto("/history")
    expect(page.get_by_role("row").filter(has_text=f"−{coins}")).to_have_count(1)
    visitor.complaints = [one for one in visitor.complaints if "ERR_FAILED" not in one]


def buy_and_cancel(visitor, cast):
    page = visitor.page
    page.goto("/shop")
    page.get_by_role("searchbox").fill("cu")
    expect(page.locator(".tile")).to_have_count(1)
    assert page.url.endswith("/shop?q=cu"), page.url
    page.get_by_role("link", name="Cup").click()
    page.get_by_role("button", name="One more").click()
    page.get_by_role("button", name="Buy for 40 coins").click()
    visitor.look_at("item-confirm")
    page.get_by_role("button", name="Buy for 40 coins").click()
    expect(page.locator(".toast")).to_contain_text("Bought: Cup.")
    page.get_by_role("button", name="Cancel order Cup").first.click()
    page.get_by_role("button", name="Cancel the order").click()
    expect(page.locator(".toast")).to_contain_text("40 coins came back.")


def a_session_that_ended(visitor, cast):
    """The sign-in comes over the screen, and what was typed stays."""
    page = visitor.page
    page.clock.install()
    page.goto(f"/send?to={cast.marina}&amount=5")
    page.get_by_label("What for?").fill("Still here")
    cast.api.ask("DELETE", "/api/v1/auth/sessions", token=cast.token(cast.vera))
    # The access token is over, so the page asks the server at once whether its session goes on.
    page.clock.fast_forward("20:00")
    page.get_by_role("button", name="Send 5 coins").click()
    page.get_by_role("button", name="Send 5 coins").click()
    expect(page.get_by_role("dialog")).to_contain_text("Your session ended")
    visitor.look_at("session-ended", is_settled=False)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("5 coins sent")
    visitor.complaints = [one for one in visitor.complaints if "401" not in one]


def keyboard(visitor, cast):
    page = visitor.page
    visitor.open("/")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    for keys, heading in [("gs", "Send coins"), ("go", "Shop"), ("gm", "Mine"), ("gy", "History")]:
        page.get_by_role("heading", level=1).focus()
        for key in keys:
            page.keyboard.press(key)
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Go to Shop")
    visitor.look_at("keys")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def outside(visitor, cast):
    page = visitor.page
    page.goto("/nowhere")
    expect(page.get_by_role("heading", name="Nothing on this shelf")).to_be_visible()
    visitor.look_at("nowhere")
    page.goto("/503.html")
    visitor.look_at("closed")
    page.goto("/")
    page.wait_for_function("navigator.serviceWorker.getRegistration().then((one) => one?.active?.state === 'activated')")
    visitor.context.set_offline(True)
    page.goto("/shop")
    expect(page.get_by_role("heading", name="No line to the shop")).to_be_visible()
    visitor.look_at("offline")
    visitor.context.set_offline(False)
    visitor.complaints = [one for one in visitor.complaints if "ERR_INTERNET_DISCONNECTED" not in one]


WALK = [
    sign_in_and_out, make_an_account, join_and_reset, send_and_undo, undo_from_history, a_lost_answer_sends_once,
    buy_and_cancel, a_session_that_ended, keyboard, outside,
]
AS_VERA = WALK[3:]


def tell(complaints):
    for complaint in complaints:
        print("WRONG", complaint, flush=True)
    return complaints


def main(arguments):
    cast = Cast(API(arguments.base), arguments.admin, Path(arguments.admin_password_file).read_text().strip())
    complaints = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.browser, args=["--no-sandbox"])
        for step in WALK:
            for width in (390, 1280):
                visitor = Visitor(browser, arguments.base, arguments.pictures, width)
                print(f"{step.__name__} at {width}", flush=True)
                if step in AS_VERA:
                    visitor.sign_in(cast.vera)
                try:
                    if width == 1280 or step not in (make_an_account, join_and_reset):
                        step(visitor, cast)
                except Exception as error:
                    visitor.page.screenshot(path=Path(arguments.pictures) / f"failed-{step.__name__}.png")
                    visitor.complaints.append(f"{step.__name__} at {width}: {error}")
                complaints += tell(visitor.close())
        cast.buy(cast.vera, "umbrella", ready=True)
        cast.send(cast.marina, cast.vera, 50, "Thank you for the long evening in the server room, and for the tea")
        for width, theme, language in [(w, t, l) for w in (390, 768, 1280) for t in ("light", "dark") for l in ("en", "ru")]:
            visitor = Visitor(browser, arguments.base, arguments.pictures, width, theme, language)
            visitor.page.goto("/")
            visitor.look_at("sign-in")
            visitor.sign_in(cast.vera)
            for name, path in SCREENS:
                visitor.open(path)
                visitor.look_at(name)
            complaints += tell(visitor.close())
        browser.close()
    return 1 if complaints else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("base", "admin", "admin-password-file", "pictures"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    sys.exit(main(parser.parse_args()))
