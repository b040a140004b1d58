"""Coming in, in every way, and one's own settings."""

from playwright.sync_api import expect
from visitor import PASSWORD, code_of


def a_stranger(visitor, cast):
    """Nothing is asked for in vain: a page without a session makes no request that is refused."""
    page = visitor.page
    refused = []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    page.goto("/history?kind=grant")
    expect(page.get_by_role("heading", name="Come in")).to_be_visible()
    assert refused == [], refused


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
    expect(page.get_by_label("Kind")).to_have_value("grant")
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("Object.keys(localStorage)") == ["signed-in"]
    page.reload()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    visitor.sign_out()
    assert page.evaluate("Object.keys(localStorage)") == []


def a_sign_out_that_fails(visitor, cast):
    """Only the shop ends a session. Then every tab knows, even one that has no token at the moment."""
    page = visitor.page
    visitor.sign_in(cast.vera)
    other = visitor.context.new_page()
    other.goto("/mine")
    expect(other.get_by_role("heading", name="Mine", level=1)).to_be_visible()
    page.goto("/me")
    page.route("**/api/v1/auth/session", lambda route: route.fulfill(status=503, body="{}"))
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    expect(page.locator(".toast")).to_contain_text("you are still signed in")
    expect(page.get_by_role("heading", name="Vera Holm")).to_be_visible()
    page.unroute("**/api/v1/auth/session")
    other.evaluate("import('/page/api.js').then((session) => session.distrust())")
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    expect(page.locator("[name=password]")).to_be_visible()
    expect(other.locator("[name=password]")).to_be_visible()


def somebody_else(visitor, cast):
    """Another user signs in over the screen of the first one: nothing that waited goes out in the new name."""
    page = visitor.page
    visitor.sign_in(cast.vera)
    page.clock.install()
    page.goto(f"/send?to={cast.marina}&amount=5")
    expect(page.get_by_role("button", name="Send 5 coins")).to_be_visible()
    cast.api.ask("DELETE", "/api/v1/auth/sessions", token=cast.token(cast.vera))
    page.clock.fast_forward("20:00")
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/transfers") else None)
    page.get_by_role("button", name="Send 5 coins").click()
    page.get_by_role("button", name="Send 5 coins").click()
    expect(page.get_by_role("dialog")).to_contain_text("Your session ended")
    other = cast.join("otto", "Otto Lund")
    page.get_by_label("Name or e-mail").fill(other)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".who")).to_contain_text("Otto Lund")
    expect(page.locator(".confirm")).to_have_count(0)
    assert sent == [], sent
    assert page.evaluate("Object.keys(sessionStorage)") == []
    visitor.forgive("401")


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
    visitor.look_twice("home-new")


def join_and_reset(visitor, cast):
    page = visitor.page
    invitation = cast.api.ask("POST", "/api/v1/invitations", {"email": cast.address("timur")}, cast.admin)
    page.goto("/join")
    visitor.look_at("link-broken")
    page.goto("/join#" + invitation["token"])
    visitor.look_at("join")
    page.get_by_label("Your name").fill("Timur")
    page.get_by_label("E-mail").fill(cast.address("timur"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Join the shop").click()
    expect(page.locator(".balance")).to_be_visible()
    assert page.url == visitor.base + "/", page.url
    link = cast.api.ask("POST", f"/api/v1/users/{cast.id(cast.address('timur'))}/password-reset", {}, cast.admin)
    visitor.sign_out()
    page.goto("/reset#" + link["token"])
    visitor.look_at("reset")
    page.get_by_label("New password").fill("another-lemon-harbour")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("Your new password is set.")).to_be_visible()
    visitor.sign_in(cast.address("timur"), "another-lemon-harbour")


def second_factor(visitor, cast):
    page = visitor.page
    admin = cast.join("ada", "Ada Reyes")
    cast.give_role(admin, "admin")
    visitor.sign_in(admin)
    visitor.open("/me")
    page.get_by_role("button", name="Set it up").click()
    secret = page.locator(".secret").inner_text()
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("alert")).to_contain_text("The code is wrong")
    visitor.look_at("factor-begin")
    # Each half minute has a code of its own, and none counts twice: this one is the last half minute's.
    page.get_by_label("Code").fill(code_of(secret, -1))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("heading", name="Keep these codes")).to_be_focused()
    recovery = page.locator(".codes code").all_inner_texts()
    assert len(recovery) == 10, recovery
    visitor.look_at("factor-codes")
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("10 recovery codes are left.")).to_be_visible()
    for code, left in ((code_of(secret), 10), (recovery[0], 9)):
        visitor.sign_out()
        page.get_by_label("Name or e-mail").fill(admin)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_label("Code")).to_be_focused()
        visitor.look_at("sign-in-code")
        page.keyboard.type(code)
        page.keyboard.press("Enter")
        expect(page.locator(".front")).to_be_visible()
        page.goto("/me")
        expect(page.get_by_text(f"{left} recovery codes are left.")).to_be_visible()
    visitor.look_at("factor-on")
    page.get_by_role("button", name="Remove it").click()
    page.get_by_label("Code").fill(recovery[1])
    page.get_by_role("button", name="Remove it").click()
    expect(page.locator(".toast")).to_contain_text("The second factor is removed.")
    expect(page.get_by_role("button", name="Set it up")).to_be_visible()
    visitor.sign_out()
    visitor.sign_in(admin)
    cast.give_role(admin, "user")
    visitor.forgive("/api/v1/auth/totp")


def settings(visitor, cast):
    page = visitor.page
    nina = cast.join("nina", "Nina Old")
    cast.token(nina), cast.token(nina)
    visitor.sign_in(nina)
    visitor.open("/me")
    page.get_by_label("How colleagues see you").fill("")
    page.get_by_role("button", name="Save name").click()
    expect(page.get_by_text("This is still empty.")).to_be_visible()
    page.get_by_label("Current password").fill("wrong-lemon-harbour")
    page.get_by_label("New password").fill("another-lemon-harbour")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_label("Current password")).to_have_accessible_description("The current password is wrong.")
    visitor.look_at("me-wrong")
    lines = page.locator("section", has_text="Where I am signed in").locator(".lines > li")
    expect(lines).to_have_count(3)
    lines.get_by_role("button").first.click()
    expect(lines).to_have_count(2)
    page.get_by_role("button", name="Sign out the other one").click()
    expect(lines).to_have_count(1)
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill("another-lemon-harbour")
    page.get_by_role("button", name="Change password").click()
    expect(page.locator(".toast")).to_have_text("Your password is changed.")
    page.get_by_role("radio", name="Русский").check()
    expect(page.get_by_role("heading", name="Язык")).to_be_visible()
    page.get_by_role("radio", name="Тёмная").check()
    page.reload()
    expect(page.get_by_role("radio", name="Тёмная")).to_be_checked()
    assert page.evaluate("document.documentElement.lang + getComputedStyle(document.documentElement).colorScheme") == "rudark"
    visitor.forgive("/api/v1/auth/password")


def a_new_name(visitor, cast):
    page = visitor.page
    visitor.sign_in(cast.join("nora", "Nora Old"))
    visitor.open("/me")
    page.get_by_label("How colleagues see you").fill("Nora New")
    page.get_by_role("button", name="Save name").click()
    expect(page.locator(".toast")).to_have_text("Your name is changed.")
    expect(page.get_by_role("heading", name="Nora New")).to_be_visible()
    expect(page.locator(".who")).to_contain_text("Nora New")


def a_session_that_ended(visitor, cast):
    """The sign-in comes over the screen, and what was typed stays."""
    page = visitor.page
    visitor.sign_in(cast.vera)
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
    visitor.forgive("401")


def an_account_whose_answer_was_lost(visitor, cast):
    """The account is there, and the page does not know: the same form leads in, but only with its password."""
    page = visitor.page
    page.goto("/")
    page.get_by_role("button", name="Make an account").click()
    page.get_by_label("Your name").fill("Piet")
    page.get_by_label("E-mail").fill(cast.vera)
    page.get_by_label("Password").fill("another-lemon-harbour")
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_role("alert")).to_have_text("This address has an account already. Sign in instead.")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".balance")).to_contain_text("1,000 coins")
