"""A visitor of the shop's page in a real browser, who notices what goes wrong while the test looks at something else."""

import json
import urllib.request
import uuid
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

PASSWORD = "quiet-lemon-harbour"
HEIGHTS = {390: 844, 768: 1024, 1280: 800}

# Only these answers may be errors: the first asks whether there is a session, the others are part of the walk.
EXPECTED_FAILURES = ("/api/v1/auth/session/refresh", "/api/v1/auth/session", "/api/v1/auth/register", "/nowhere")

LAYOUT_SHIFT = """() => new Promise((resolve) => {
  let sum = 0
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value
  })
  observer.observe({ type: "layout-shift", buffered: true })
  setTimeout(() => resolve(sum), 100)
})"""


class API:
    """Prepares through the API what a visitor finds in the shop."""

    def __init__(self, base):
        self.base = base

    def ask(self, method, path, body=None, token=None):
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        if token:
            headers["Authorization"] = "Bearer " + token
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def token(self, name, password):
        known = {"email": name} if "@" in name else {"username": name}
        return self.ask("POST", "/api/v1/auth/login", {**known, "password": password})["access_token"]

    def person(self, email, name):
        return self.ask("POST", "/api/v1/auth/register", {"email": email, "password": PASSWORD, "full_name": name})


class Visitor:
    """One browser context: a width, a theme and a language."""

    def __init__(self, browser, base, pictures, width=1280, theme="light", language="en"):
        self.base, self.pictures, self.look = base, Path(pictures), f"{width}-{theme}-{language}"
        self.complaints = []
        self.context = browser.new_context(
            base_url=base, viewport={"width": width, "height": HEIGHTS[width]}, color_scheme=theme,
            locale={"en": "en-GB", "ru": "ru-RU"}[language], has_touch=width < 700, reduced_motion="reduce",
            timezone_id="Europe/Berlin")
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        self.page.on("request", self._request)

    def _console(self, message):
        url = (message.location or {}).get("url", "")
        is_expected = "Failed to load resource" in message.text and any(one in url for one in EXPECTED_FAILURES)
        if message.type in ("error", "warning") and not is_expected:
            self.complaints.append(f"console: {message.text} {url}")

    def _request(self, request):
        if not request.url.startswith((self.base, "blob:" + self.base)):
            self.complaints.append(f"request to another host: {request.url}")

    def sign_in(self, name, password=PASSWORD):
        self.page.goto("/")
        self.page.locator("[name=name]").fill(name)
        self.page.locator("[name=password]").fill(password)
        self.page.locator("[name=password]").press("Enter")
        expect(self.page.locator(".front")).to_be_visible()

    def open(self, path):
        self.page.goto(path)
        self.settle()

    def settle(self):
        expect(self.page.locator("h1").first).to_be_attached()
        expect(self.page.locator(".bone, [aria-busy]")).to_have_count(0)
        self.page.wait_for_function("[...document.images].every((one) => one.complete)")

    def look_at(self, name, is_settled=True):
        """Takes a picture, and checks what holds for every screen: axe, no sideways scrolling, no layout shift."""
        if is_settled:
            self.settle()
        self.pictures.mkdir(parents=True, exist_ok=True)
        where = f"{name} {self.look}"
        self.page.evaluate("scrollTo(0, 0)")
        self.page.screenshot(
            path=self.pictures / f"{name}-{self.look}.png", full_page=True, animations="disabled")
        for violation in Axe().run(self.page).response["violations"]:
            places = [node["html"][:160] for node in violation["nodes"][:3]]
            self.complaints.append(f"{where}: axe {violation['id']}: {places}")
        wider = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wider > 0:
            self.complaints.append(f"{where}: {wider} pixels too wide")
        if (shift := self.page.evaluate(LAYOUT_SHIFT)) > 0.05:
            self.complaints.append(f"{where}: layout shift {shift:.3f}")

    def close(self):
        self.context.close()
        return self.complaints
