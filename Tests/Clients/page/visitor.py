"""A visitor of the shop's page in a real browser, who notices what goes wrong while the test looks at something else."""

import base64
import hmac
import json
import struct
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

PASSWORD = "quiet-lemon-harbour"
HEIGHTS = {390: 844, 768: 1024, 1280: 800}
LONGEST = 15_000

# Only these answers may be errors: they are part of the walk.
EXPECTED_FAILURES = ("/api/v1/auth/session", "/api/v1/auth/register", "/nowhere")

LAYOUT_SHIFT = """() => {
  window.shifts ??= []
  window.shiftObserver ??= (() => {
    const one = new PerformanceObserver((list) => shifts.push(...list.getEntries()))
    one.observe({ type: "layout-shift", buffered: true })
    return one
  })()
  return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => {
    shifts.push(...shiftObserver.takeRecords())
    resolve(shifts.filter((one) => !one.hadRecentInput).map(({ value, sources }) =>
      `${value.toFixed(4)} ${sources.map((one) => one.node?.outerHTML?.slice(0, 80) ?? one.node?.textContent)}`))
  })))
}"""

PICTURES = """() => Promise.all([...document.images].filter((one) => !one.complete)
  .map((one) => new Promise((resolve) => { one.onload = one.onerror = resolve })))"""

AXE = """(rules) => axe.run({ resultTypes: ["violations"], ...(rules ? { runOnly: rules } : {}) })
  .then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((one) => one.html.slice(0, 160))}`))"""


def code_of(secret, steps=0):
    """The six digits that an app shows for a secret, some half minutes from now (RFC 6238)."""
    key = base64.b32decode(secret.replace(" ", ""))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30 + steps), "sha1")
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start:start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class API:
    """Prepares through the API what a visitor finds in the shop."""

    def __init__(self, base):
        self.base = base

    def ask(self, method, path, body=None, token=None, tries=20):
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        if token:
            headers["Authorization"] = "Bearer " + token
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            # A shop with too many sign-ins at once says when it has time again.
            if error.code not in (429, 503) or tries == 0:
                raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from error
            time.sleep(int(error.headers.get("Retry-After", 1)))
            return self.ask(method, path, body, token, tries - 1)

    def token(self, name, password):
        known = {"email": name} if "@" in name else {"username": name}
        return self.ask("POST", "/api/v1/auth/login", {**known, "password": password})["access_token"]

    def person(self, email, name):
        return self.ask("POST", "/api/v1/auth/register", {"email": email, "password": PASSWORD, "full_name": name})


class Visitor:
    """One browser context: a width, a theme and a language."""

    def __init__(self, browser, base, pictures, width=1280, theme="light", language="en"):
        self.base, self.pictures = base, Path(pictures)
        self.width, self.theme, self.language = width, theme, language
        self.complaints = []
        self.context = browser.new_context(
            base_url=base, viewport={"width": width, "height": HEIGHTS[width]}, color_scheme=theme,
            locale={"en": "en-GB", "ru": "ru-RU"}[language], has_touch=width < 700, reduced_motion="reduce",
            timezone_id="Europe/Berlin")
        self.page = self.context.new_page()
        self.page.set_default_timeout(LONGEST)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        self.page.on("request", self._request)

    @property
    def look(self):
        return f"{self.width}-{self.theme}-{self.language}"

    def _console(self, message):
        url = (message.location or {}).get("url", "")
        is_expected = "Failed to load resource" in message.text and url.endswith(EXPECTED_FAILURES)
        if message.type in ("error", "warning") and not is_expected:
            self.complaints.append(f"console: {message.text} {url}")

    def _request(self, request):
        if not request.url.startswith((self.base, "blob:" + self.base)):
            self.complaints.append(f"request to another host: {request.url}")

    def forgive(self, *texts):
        """Drops the browser's own words about a failure that the step has made."""
        self.complaints = [one for one in self.complaints if not any(text in one for text in texts)]

    def word(self, key, **values):
        """A sentence of the page in the language of this visitor."""
        expect(self.page.locator("h1").first).to_be_attached()
        return self.page.evaluate(
            "async ([key, values]) => (await import('/page/words.js')).t(key, values)", [key, values])

    def sign_in(self, name, password=PASSWORD):
        self.page.goto("/")
        self.page.locator("[name=name]").fill(name)
        self.page.locator("[name=password]").fill(password)
        self.page.locator("[name=password]").press("Enter")
        expect(self.page.locator(".front + main h1")).to_be_attached()

    def sign_out(self):
        self.page.goto("/me")
        self.page.get_by_role("button", name=self.word("me.end"), exact=True).first.click()
        expect(self.page.locator("[name=password]")).to_be_visible()

    def open(self, path):
        self.page.goto(path)
        self.settle()
        self.stands_still(path)

    def stands_still(self, where):
        """Nothing may have moved since the document came, but by a key or a click just before."""
        self.complaints += [f"{where} {self.look}: layout shift {one}" for one in self.page.evaluate(LAYOUT_SHIFT)]

    def settle(self):
        expect(self.page.locator("h1").first).to_be_attached()
        expect(self.page.locator(".bone, [aria-busy]")).to_have_count(0)
        self.page.evaluate(PICTURES)

    def look_at(self, name, is_settled=True, rules=None):
        """Takes a picture, and checks what holds for every screen: axe, no sideways scrolling."""
        if is_settled:
            self.settle()
        self.pictures.mkdir(parents=True, exist_ok=True)
        where = f"{name} {self.look}"
        self.page.evaluate("scrollTo(0, 0)")
        self.page.screenshot(path=self.pictures / f"{name}-{self.look}.png", full_page=True, animations="disabled")
        if self.page.evaluate("typeof axe") == "undefined":
            self.page.evaluate(Axe().axe_script)
        self.complaints += [f"{where}: axe {one}" for one in self.page.evaluate(AXE, rules)]
        wider = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wider > 0:
            self.complaints.append(f"{where}: {wider} pixels too wide")

    def look_in_every_light(self, name):
        """One load, both widths and both themes. The second theme can only change the colours."""
        contrast = ["color-contrast"]
        self._look_in(name, [(0, "light", None), (0, "dark", contrast), (1, "light", None), (1, "dark", contrast)])

    def look_twice(self, name):
        """As it is, and at the other width by night, for the contrast."""
        self._look_in(name, [(0, self.theme, None), (1, "dark", ["color-contrast"])])

    def _look_in(self, name, forms):
        widths, theme = (self.width, 1670 - self.width), self.theme
        for index, self.theme, rules in forms:
            self.width = widths[index]
            self._take_form()
            self.look_at(name, rules=rules)
        self.width, self.theme = widths[0], theme
        self._take_form()

    def _take_form(self):
        self.page.set_viewport_size({"width": self.width, "height": HEIGHTS[self.width]})
        self.page.emulate_media(color_scheme=self.theme, reduced_motion="reduce")

    def close(self):
        self.context.close()
        return self.complaints
