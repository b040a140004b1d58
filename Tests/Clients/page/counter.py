"""Works behind the counter of the shop's page in a real browser, as admin and as moderator, and looks at every screen."""

import argparse
import sys
import uuid
from pathlib import Path

from counter_walk import WALK, moderate
from playwright.sync_api import sync_playwright
from visitor import PASSWORD, API, Visitor

SCREENS = [
    ("queue", "/admin/queue"), ("handed-over", "/admin/queue?state=handed_over"), ("people", "/admin/people"),
    ("catalogue", "/admin/catalogue"), ("catalogue-low", "/admin/catalogue?view=low"), ("thing-new", "/admin/catalogue/new"),
    ("invitations", "/admin/people?view=invitations"), ("grants", "/admin/grants"), ("grants-all", "/admin/grants?view=all"),
    ("grants-table", "/admin/grants?view=table"), ("grants-past", "/admin/grants?view=list"), ("adjust", "/admin/adjust"),
    ("audit", "/admin/audit"), ("reports", "/admin/reports"), ("reports-year", "/admin/reports?days=365"),
]


class Company:
    """People of this run, with names of their own, so that the driver can run again in the same shop."""

    def __init__(self, api, admin, password):
        self.api, self.admin, self.password = api, admin, password
        self.mark = uuid.uuid4().hex[:6]
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

    def buy(self, name, item, **more):
        body = {"item": item, "quantity": 1, **more}
        return self.api.ask("POST", "/api/v1/purchases", body, self.api.token(self.address(name), PASSWORD))["order"]["id"]

    def coins(self, name):
        return self.api.ask("GET", "/api/v1/wallet", token=self.api.token(self.address(name), PASSWORD))["coins"]


def main(arguments):
    password = Path(arguments.admin_password_file).read_text().strip()
    company = Company(API(arguments.base), arguments.admin, password)
    complaints = []

    def enter(width, theme="light", language="en", moderator=False):
        visitor = Visitor(browser, arguments.base, arguments.pictures, width, theme, language)
        visitor.sign_in(*((company.address("timur"),) if moderator else (arguments.admin, password)))
        return visitor
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.browser, args=["--no-sandbox"])
        for step in [one for one in WALK if not arguments.only or one.__name__ == arguments.only]:
            for width in (390, 1280):
                print(f"{step.__name__} at {width}", flush=True)
                visitor = enter(width, moderator=step is moderate)
                try:
                    step(visitor, company)
                except Exception as error:
                    visitor.page.screenshot(path=Path(arguments.pictures) / f"failed-{step.__name__}-{width}.png", full_page=True)
                    visitor.complaints.append(f"{step.__name__} at {width}: {error}")
                complaints += visitor.close()
        for width, theme, language in [(w, t, l) for w in (390, 1280) for t in ("light", "dark") for l in ("en", "ru")]:
            if arguments.only:
                break
            visitor = enter(width, theme, language)
            for name, path in SCREENS + [("person", f"/admin/people/{company.timur['id']}")]:
                visitor.open(path)
                visitor.look_at(name)
            complaints += visitor.close()
        browser.close()
    for complaint in complaints:
        print("WRONG", complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("base", "admin", "admin-password-file", "pictures"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--only", help="one step of the walk, by its name")
    sys.exit(main(parser.parse_args()))
