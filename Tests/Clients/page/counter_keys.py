"""The work of the office by the keyboard alone, in any language: nothing here is clicked."""

import re

from counter_walk import picture
from playwright.sync_api import expect


class Keys:
    """Presses keys until the focus is where a person wants it."""

    def __init__(self, visitor):
        self.page = visitor.page
        self.press, self.type = self.page.keyboard.press, self.page.keyboard.type

    def to(self, selector, most=90):
        for _ in range(most):
            if self.page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                return
            self.press("Tab")
        raise AssertionError(f"Tab does not lead to {selector}")

    def enter(self, selector):
        self.to(selector)
        self.press("Enter")

    def write(self, selector, text):
        self.to(selector)
        self.press("Control+a")
        self.type(text)

    def go(self, letter, path):
        """The keys of the page lead to a screen, whatever has the focus but a field."""
        self.page.evaluate("document.activeElement.blur()")
        self.press("g")
        self.press(letter)
        expect(self.page).to_have_url(re.compile(path))
        expect(self.page.locator(f'.counternav a[href="{path}"]')).to_have_attribute("aria-current", "page")
        expect(self.page.locator("#main h1")).to_be_focused()


def by_keyboard(visitor, company):
    keys, page = Keys(visitor), visitor.page
    mark = f"{company.mark} {visitor.look}"
    page.goto("/")
    keys.write("[name=name]", company.admin)
    keys.write("[name=password]", company.password)
    keys.press("Enter")
    expect(page.locator(".front")).to_be_visible()
    expect(page.locator("#main h1")).to_be_attached()

    # Invite somebody.
    keys.go("p", "/admin/people")
    keys.enter(".head button.primary")
    keys.write("dialog [name=email]", f"new.{mark.replace(' ', '.')}@juniper.example")
    keys.enter("dialog button.primary")
    expect(page.locator(".link-box input")).to_have_value(re.compile("/join#"))
    keys.press("Escape")
    expect(page).to_have_url(re.compile("view=invitations"))
    expect(page.locator("tbody tr").first).to_contain_text("new.")

    # Grant to all.
    keys.go("t", "/admin/grants")
    keys.enter('.tabs a[href$="view=all"]')
    expect(page).to_have_url(re.compile("view=all"))
    keys.write("[name=amount]", "1")
    keys.write("[name=reason]", f"Spring {mark}")
    keys.enter("form button.primary")
    expect(page.locator(".confirm")).to_be_visible()
    keys.enter(".confirm .primary")
    expect(page.locator("svg.progress")).to_be_visible()

    # Add a thing with a picture and a size.
    keys.go("c", "/admin/catalogue")
    keys.enter(".head a.primary")
    expect(page.locator("[name=name]")).to_be_focused()
    keys.write("[name=name]", f"Scarf {mark}")
    keys.write("[name=price]", "7")
    keys.enter(".pad.row button")
    keys.to("dialog [name=quality_level]")
    keys.press("ArrowDown")
    keys.enter("dialog button.primary")
    expect(page.locator("dialog")).to_have_count(0)
    keys.write(".sizes-table input[type=text]", "5")
    keys.to(".drop button")
    # The dialog that Enter opens is the browser's own, which a test cannot type into.
    page.locator("input[type=file]").set_input_files(picture(visitor.pictures / "scarf.png"))
    expect(page.locator(".pic canvas")).to_be_visible()
    keys.enter(".savebar button.primary")
    expect(page.locator(".edit .pic img")).to_have_attribute("src", re.compile("^/media/"))

    # Work off the queue.
    company.buy("marina", "book")
    keys.go("q", "/admin/queue")
    keys.press("/")
    keys.type(f"marina {company.mark}")
    waits = page.locator("table.queue tbody tr", has_text="Book")
    expect(waits).to_have_count(1)
    keys.to('tr:has([src="/goods/book.svg"]):has([data-verb=ready]) .tick input')
    keys.press("r")
    expect(waits.locator("[data-verb=hand-over]")).to_be_visible()
    keys.to('tr:has([src="/goods/book.svg"]) .tick input')
    keys.press("h")
    expect(waits).to_have_count(0)

    # Correct what somebody has.
    keys.go("p", "/admin/people")
    keys.press("/")
    keys.type(company.address("ingrid"))
    expect(page.locator("tbody tr")).to_have_count(1)
    keys.enter("tbody td.lead a")
    expect(page).to_have_url(re.compile("/admin/people/."))
    keys.enter('#main a[href^="/admin/adjust"]')
    keys.to("select")
    keys.type("Cup")
    keys.write("[name=change1]", "+1")
    keys.write("[name=reason]", f"Counted with {mark}")
    keys.enter("form button.primary.big")
    expect(page.locator(".confirm")).to_be_visible()
    keys.enter(".confirm .primary")
    expect(page.locator("section[role=status]")).to_be_visible()

    # Read a report.
    keys.go("r", "/admin/reports")
    keys.enter(".plot summary")
    expect(page.locator(".plot details[open] td").first).to_be_visible()

    # Find in the changes who did it.
    keys.go("a", "/admin/audit")
    row = page.locator("tbody tr", has_text=f"Counted with {mark}")
    expect(row).to_contain_text(company.name("ingrid"))
    expect(row).to_contain_text(company.admin)
