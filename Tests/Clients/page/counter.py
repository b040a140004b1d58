"""Works behind the counter of the shop's page in a real browser, as admin and as moderator, and looks at every screen."""

import argparse
import sys
import time
import uuid
from pathlib import Path

from counter_keys import by_keyboard
from counter_people import (
    correct_belongings, correct_somebody_among_many, grant_coins, import_people, invite_and_change_people, moderate,
    read_reports,
)
from counter_walk import add_and_edit_a_thing, work_off_the_queue
from playwright.sync_api import expect, sync_playwright
from visitor import PASSWORD, API, Visitor

WALK = [
    work_off_the_queue, add_and_edit_a_thing, invite_and_change_people, import_people, grant_coins,
    correct_belongings, correct_somebody_among_many, read_reports,
]
SCREENS = [
    ("queue", "/admin/queue"), ("handed-over", "/admin/queue?state=handed_over"), ("catalogue", "/admin/catalogue"),
    ("catalogue-low", "/admin/catalogue?view=low"), ("thing-new", "/admin/catalogue/new"), ("people", "/admin/people"),
    ("people-off", "/admin/people?view=off"), ("invitations", "/admin/people?view=invitations"), ("import", "/admin/people?view=import"),
    ("grants", "/admin/grants"), ("grants-all", "/admin/grants?view=all"), ("grants-table", "/admin/grants?view=table"),
    ("grants-past", "/admin/grants?view=list"), ("adjust", "/admin/adjust"), ("audit", "/admin/audit"), ("reports", "/admin/reports"),
    ("reports-year", "/admin/reports?period=year"),
]
# The screens that everybody has; the others come with these.
BEFORE_THE_COUNTER = ["/shop", "/me"]
# The sum of today, rounded up. Each file is compressed by itself, so fewer and fuller ones weigh less.
MOST_BYTES = 112_000
# The page itself as it came over the line, without pictures and without the answers of the API.
WEIGHT = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .filter(({ name }) => /^\\/(?:$|(?:page|style|words)\\/|icons\\.svg$)/.test(new URL(name).pathname))
  .map(({ name, encodedBodySize }) => [new URL(name).pathname, encodedBodySize])"""
GO = """(path) => {
  for (const one of document.querySelector("#screen").children) one.dataset.before = ""
  history.pushState({}, "", path)
  dispatchEvent(new PopStateEvent("popstate"))
}"""
DAY, NIGHT = (1280, "light", "en"), (390, "dark", "ru")
ALL_LOOKS = [(width, theme, language) for width in (390, 1280) for theme in ("light", "dark") for language in ("en", "ru")]


class Company:
    """People of this run, with names of their own, so that the driver can run again in the same shop."""

    def __init__(self, api, admin, password):
        self.api, self.admin, self.password = api, admin, password
        self.mark, self.tokens = uuid.uuid4().hex[:6], {}
        self.token = api.token(admin, password)
        for name in ("marina", "timur", "ingrid"):
            api.person(self.address(name), self.name(name))
        self.timur = self.user("timur")
        api.ask("PATCH", f"/api/v1/users/{self.timur['id']}", {"role": "moderator", "reason": "At the desk"}, self.token)

    def address(self, name):
        return f"{name}.{self.mark}@juniper.example"

    def name(self, name):
        return f"{name.capitalize()} {self.mark}"

    def user(self, name):
        return self.api.ask("GET", f"/api/v1/users?search={self.address(name)}", token=self.token)["items"][0]

    def token_of(self, name):
        if name not in self.tokens:
            self.tokens[name] = self.api.token(self.address(name), PASSWORD)
        return self.tokens[name]

    def buy(self, name, item, **more):
        return self.api.ask("POST", "/api/v1/purchases", {"item": item, "quantity": 1, **more}, self.token_of(name))["order"]["id"]

    def coins(self, name):
        return self.api.ask("GET", "/api/v1/wallet", token=self.token_of(name))["coins"]


class Run:
    """Runs steps one after the other, and keeps what each of them complains about."""

    def __init__(self, arguments, browser):
        self.arguments, self.browser, self.complaints = arguments, browser, []
        self.password = Path(arguments.admin_password_file).read_text().strip()
        self.company = Company(API(arguments.base), arguments.admin, self.password)

    def enter(self, look, moderator=False, is_signed_in=True):
        visitor = Visitor(self.browser, self.arguments.base, self.arguments.pictures, *look)
        if is_signed_in:
            visitor.sign_in(*((self.company.address("timur"),) if moderator else (self.arguments.admin, self.password)))
        return visitor

    def step(self, name, visitor, work):
        """True if all went well. A failure is one line, and a picture of the page as it was then."""
        if self.arguments.only and self.arguments.only != name:
            return True
        begin, where, seen = time.monotonic(), f"{name} at {visitor.look}", len(visitor.complaints)
        try:
            work(visitor)
        except Exception as error:
            visitor.page.screenshot(path=visitor.pictures / f"failed-{name}-{visitor.look}.png", full_page=True)
            visitor.complaints.append(f"{type(error).__name__}: {error}")
        found = [f"{where}: {' '.join(one.split())[:400]}" for one in visitor.complaints[seen:]]
        self.complaints += found
        print(f"{'WRONG' if found else 'done '} {where}, {time.monotonic() - begin:.0f} s", flush=True)
        return not found

    def look_round(self, look):
        def work(visitor):
            for name, path in SCREENS + [("person", f"/admin/people/{self.company.timur['id']}")]:
                # The router shows the screen, which takes less time than to load the page anew.
                visitor.page.evaluate(GO, path)
                expect(visitor.page.locator("#screen [data-before]")).to_have_count(0)
                visitor.look_at(name)
        visitor = self.enter(look)
        self.step("look_round", visitor, work)
        visitor.close()

    def weigh(self):
        """All that an admin can open, in English, stays as light as nginx sends it now."""
        def work(visitor):
            for path in BEFORE_THE_COUNTER + [path for _, path in SCREENS]:
                visitor.page.evaluate(GO, path)
                expect(visitor.page.locator("#screen [data-before]")).to_have_count(0)
                visitor.settle()
            sizes = dict(visitor.page.evaluate(WEIGHT))
            assert len(sizes) > 20 and min(sizes.values()) > 0, sizes
            total = sum(sizes.values())
            print(f"      all that an admin can open: {total} bytes in {len(sizes)} files", flush=True)
            assert total < MOST_BYTES, sizes
        visitor = self.enter(DAY, is_signed_in=False)
        visitor.page.add_init_script("performance.setResourceTimingBufferSize(2000)")
        visitor.sign_in(self.arguments.admin, self.password)
        self.step("weigh", visitor, work)
        visitor.close()

    def all(self):
        visitor = self.enter(DAY)
        for one in WALK:
            if not self.step(one.__name__, visitor, lambda visitor: one(visitor, self.company)):
                visitor.close()
                visitor = self.enter(DAY)
        visitor.close()
        visitor = self.enter((390, "light", "en"), moderator=True)
        self.step("moderate", visitor, lambda visitor: moderate(visitor, self.company))
        visitor.close()
        for look in (DAY, NIGHT):
            visitor = self.enter(look, is_signed_in=False)
            self.step("by_keyboard", visitor, lambda visitor: by_keyboard(visitor, self.company))
            visitor.close()
        self.weigh()
        # The steps above have looked by day.
        for look in ALL_LOOKS if self.arguments.all_looks else (NIGHT,):
            self.look_round(look)


def main(arguments):
    Path(arguments.pictures).mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.browser, args=["--no-sandbox"])
        run = Run(arguments, browser)
        run.all()
        browser.close()
    for complaint in run.complaints:
        print("WRONG", complaint)
    return 1 if run.complaints else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("base", "admin", "admin-password-file", "pictures"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--only", help="one step, by its name")
    parser.add_argument("--all-looks", action="store_true", help="look at every screen in all eight forms, not in one more")
    sys.exit(main(parser.parse_args()))
