"""A real browser that tolerates nothing: refused content, console errors and requests elsewhere fail the test.

Skipped, loudly, where there is no Chromium; ATTUNE_REQUIRE_BROWSER=1 (set in CI) fails instead.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.browser import soundness

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
# runs before every page: what the Content-Security-Policy refuses is noted
WATCH = """document.addEventListener('securitypolicyviolation',
    e => console.error('CSP refused ' + e.violatedDirective + ' ' + e.blockedURI))"""


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Our own instead of the plugin's, which would look for a browser that it downloaded."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The machine's Chromium."""
    if not CHROMIUM:
        missing = "no Chromium on this machine: browser tests did not run"
        (pytest.fail if os.environ.get("ATTUNE_REQUIRE_BROWSER") else pytest.skip)(missing)
    started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield started
    started.close()


def watch(page: Page, faults: list[str], allowed: str) -> Page:
    """Note in `faults` whatever a calm page would not do."""
    page.add_init_script(WATCH)
    page.on(
        "console", lambda m: faults.append(f"console: {m.text} ({page.url})") if m.type == "error" else None
    )
    page.on("pageerror", lambda error: faults.append(f"script: {error} ({page.url})"))

    def outside(request: Any) -> None:
        host = urlsplit(request.url)
        if host.scheme in ("http", "https", "ws", "wss") and host.netloc != allowed:
            faults.append(f"outside request: {request.url}")

    page.on("request", outside)
    return page


def profile(browser: Browser) -> BrowserContext:
    """A fresh browser profile of a person in Amsterdam."""
    made = browser.new_context(
        locale="en-GB",
        timezone_id="Europe/Amsterdam",
        viewport={"width": 1360, "height": 900},
        reduced_motion="reduce",
    )
    made.set_default_timeout(15_000)
    made.set_default_navigation_timeout(60_000)
    return made


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """The profile of one test."""
    made = profile(browser)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, live: Any) -> Iterator[Page]:
    """A page, not signed in; the test fails on any refused content, console error or request to another host.

    A page that is meant to answer 4xx logs an error in the console by itself: those lines are left out.
    """
    faults: list[str] = []
    made = watch(context.new_page(), faults, urlsplit(live.url).netloc)
    yield made
    made.close()
    mine = [fault for fault in faults if "status of 4" not in fault]
    assert not mine, "\n".join(mine)


@pytest.fixture
def sign_in(page: Page, live: Any) -> Callable[..., Page]:
    """`sign_in(user)`: through the form, as people do; gives the page back."""

    from tests import make  # not above: pytest reads this file before Django is set up

    def through_the_form(user: Any) -> Page:
        page.goto(f"{live.url}/accounts/login/")
        page.locator("input[name=login]").fill(user.email)
        page.locator("input[name=password]").fill(make.PASSWORD)
        page.locator("main button[type=submit]").first.click()
        page.wait_for_url(lambda url: "/accounts/login" not in url)
        return page

    return through_the_form


@pytest.fixture
def accessible(page: Page) -> Callable[[str], None]:
    """`accessible("name of the page")`: no violation of WCAG 2.2 AA on what is shown now."""

    def check(name: str) -> None:
        found = soundness.axe(page)
        assert not found, "\n".join([name, *found])

    return check
