"""A newcomer without a pointer: from the first visit to the sign-out, in any language."""

from playwright.sync_api import expect
from visitor import PASSWORD


def press_on(visitor, target, key="Enter", back=False):
    """Goes to a thing with Tab, as far as the page goes once around, and presses a key there."""
    page = visitor.page
    expect(target.first).to_be_visible()
    for _ in range(120):
        if target.first.evaluate("(one) => one === document.activeElement"):
            break
        page.keyboard.press("Shift+Tab" if back else "Tab")
    expect(target.first).to_be_focused()
    if key:
        page.keyboard.press(key)


def type_into(visitor, label, text):
    press_on(visitor, visitor.page.get_by_label(label, exact=True), key=None)
    visitor.page.keyboard.type(text)


def a_newcomer(visitor, cast):
    page, word = visitor.page, visitor.word
    cast.everybody()
    page.goto("/")
    button = lambda name: page.get_by_role("button", name=name, exact=True)
    link = lambda name: page.get_by_role("link", name=name)
    press_on(visitor, button(word("signUp.title")))
    type_into(visitor, word("signUp.name"), "Zoya Lind")
    type_into(visitor, word("signUp.email"), cast.address(f"zoya-{visitor.look}"))
    type_into(visitor, word("signIn.password"), PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".balance")).to_be_visible()

    press_on(visitor, page.get_by_role("combobox"), key=None)
    page.keyboard.type(f"marina {cast.mark}")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("[name=amount]")).to_be_focused()
    page.keyboard.type("50")
    press_on(visitor, page.locator("[name=message]"), key=None)
    page.keyboard.type("By keyboard alone")
    press_on(visitor, button(word("send.coins", coins=50)))
    expect(page.locator(".confirm p").first).to_be_focused()
    visitor.look_at("keyboard-send")
    press_on(visitor, button(word("send.coins", coins=50)))
    press_on(visitor, page.locator(".toast button"))
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.locator(".toast")).to_contain_text(word("undo.done", coins=50))

    press_on(visitor, page.locator(".shopnav a[href='/shop']"), back=True)
    press_on(visitor, page.locator("a[href='/shop/t-shirt']"))
    press_on(visitor, page.get_by_role("radio", disabled=False), key="ArrowRight")
    chosen = page.get_by_role("radio", checked=True)
    expect(chosen).to_have_count(1)
    press_on(visitor, button(word("item.buyFor", coins=80)))
    visitor.look_at("keyboard-buy")
    press_on(visitor, page.locator(".confirm button"))
    expect(page.locator(".order")).to_have_count(1)
    press_on(visitor, link(word("title.orders")))
    expect(page.get_by_role("heading", name=word("title.orders"))).to_be_focused()
    expect(page.locator(".order")).to_have_count(1)
    visitor.look_at("keyboard-orders")
    press_on(visitor, page.locator(".who"), back=True)
    press_on(visitor, button(word("me.end")))
    expect(page.get_by_role("heading", name=word("signIn.title"))).to_be_focused()


def keys(visitor, cast):
    page = visitor.page
    visitor.sign_in(cast.vera)
    visitor.open("/")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    for pressed, heading in [("gs", "Send coins"), ("go", "Shop"), ("gm", "Mine"), ("gy", "History")]:
        page.get_by_role("heading", level=1).focus()
        for key in pressed:
            page.keyboard.press(key)
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Go to Shop")
    visitor.look_at("keys")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
