"""Reads the description of the API in a real browser: every operation, on a phone and at a desk, by day and by night."""

import argparse
import json
import sys
import urllib.request

import yaml
from playwright.sync_api import expect, sync_playwright
from visitor import Visitor

METHODS = {"get", "post", "put", "patch", "delete"}


class PlainLoader(yaml.SafeLoader):
    """Leaves dates as texts, as JSON has them."""


PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def as_javascript(value):
    """JavaScript has one kind of number, and it rounds the large ones."""
    if isinstance(value, dict):
        return {str(key): as_javascript(member) for key, member in value.items()}
    if isinstance(value, list):
        return [as_javascript(member) for member in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def compare_readers(visitor, description):
    """The page's own reader finds in the description what a complete one finds."""
    read = visitor.page.evaluate(
        """async (text) => JSON.stringify((await import("/page/yaml.js")).parse(text))""", description)
    assert as_javascript(json.loads(read)) == as_javascript(yaml.load(description, PlainLoader))


def read_all(visitor, count):
    page = visitor.page
    operations = page.locator("details.operation")
    expect(operations).to_have_count(count)
    page.evaluate("for (const one of document.querySelectorAll('details.operation')) one.open = true")
    expect(page.locator(".operation .inside")).to_have_count(count)
    assert page.locator("text=undefined").count() == 0, "a part of the description is missing"


def find(visitor):
    page = visitor.page
    page.keyboard.press("/")
    page.keyboard.type("orders hand-over")
    expect(page.locator("details.operation:visible")).to_have_count(2)
    page.get_by_label("Find a route").fill("no such words")
    expect(page.get_by_text("Nothing here has these words.")).to_be_visible()
    page.get_by_label("Find a route").fill("")
    page.goto("/docs#createGrant")
    expect(page.locator("#createGrant[open]")).to_be_visible()
    visitor.look_at("docs", is_settled=False)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--base", required=True)
    arguments.add_argument("--pictures", required=True)
    options, _ = arguments.parse_known_args()
    description = urllib.request.urlopen(options.base + "/openapi.yaml").read().decode()
    count = sum(len(METHODS & path.keys()) for path in yaml.load(description, PlainLoader)["paths"].values())
    complaints = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for width, theme in ((1280, "light"), (390, "dark")):
            visitor = Visitor(browser, options.base, options.pictures, width, theme)
            visitor.page.goto("/docs")
            expect(visitor.page.locator("h1")).to_be_visible()
            if width == 1280:
                compare_readers(visitor, description)
            find(visitor)
            read_all(visitor, count)
            complaints += visitor.close()
        browser.close()
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
