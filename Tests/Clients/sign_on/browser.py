"""Signs in to the shop through a provider with a real browser, as a person does, and stays signed in."""

import re
import sys

from playwright.sync_api import expect, sync_playwright


def at_mock(page):
    page.locator("input[name=sub]").fill("anna")
    page.get_by_role("button", name="Authorize").click()


def at_canaille(page):
    page.locator("input[name=login]").fill("anna")
    page.locator("button[type=submit]").first.click()
    page.locator("input[name=password]").fill("correct horse battery")
    page.locator("button[type=submit]").first.click()


def sign_in(browser, shop, at_provider):
    page = browser.new_context().new_page()
    page.set_default_timeout(15_000)
    refused = []
    page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    # A failing test shows them.
    page.on("pageerror", lambda error: print(error))
    page.on("response", lambda answer: print(answer.status, answer.request.method, answer.url.split("?")[0]))
    page.goto(shop + "/")
    page.get_by_role("link", name="Sign in with Company account").click()
    at_provider(page)
    expect(page.locator(".who")).to_contain_text("Anna Smith")
    assert page.url == shop + "/", page.url
    # The cookie outlives the page, and no script can read it.
    page.reload()
    expect(page.locator(".who")).to_contain_text("Anna Smith")
    assert page.evaluate("document.cookie") == ""
    page.locator(".who").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("link", name="Sign in with Company account")).to_be_visible()
    assert refused == [], refused
    return page


def come_back_without_ticket(page, shop):
    """A page that the provider never sent says so, and leads back."""
    page.goto(shop + "/api/v1/auth/oidc/callback?code=c&state=s")
    expect(page.get_by_role("alert")).to_have_text(re.compile("has not started this sign-in"))
    page.get_by_role("link", name="Back to the shop").click()
    expect(page.get_by_role("link", name="Sign in with Company account")).to_be_visible()


if __name__ == "__main__":
    shop, provider = sys.argv[1], sys.argv[2]
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = sign_in(browser, shop, {"mock": at_mock, "canaille": at_canaille}[provider])
        come_back_without_ticket(page, shop)
        browser.close()
