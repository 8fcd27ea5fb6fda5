"""The look in a real browser: themes, keyboard, charts under the strict policy, small screens, no JavaScript."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import make

Check = Callable[[str], None]
pytestmark = pytest.mark.browser


@pytest.fixture
def gallery(settings: Any, live: Any, sign_in: Callable[..., Page]) -> Iterator[Page]:
    """The page of every component, seen by a signed-in person."""
    from django.urls import clear_url_caches, set_urlconf

    settings.ROOT_URLCONF = "tests.gallery"
    clear_url_caches()
    set_urlconf(None)
    page = sign_in(make.user("Ines"))
    page.goto(f"{live.url}/gallery/")
    expect(page.locator(".chart[data-ready]")).to_have_count(1)
    yield page
    clear_url_caches()


def test_the_chart_is_drawn_by_the_library_with_plain_colours_and_a_table(gallery: Page) -> None:
    expect(gallery.locator(".chart .main-svg").first).to_be_visible()
    line = gallery.locator(".chart .scatterlayer .js-line").last
    assert line.evaluate("e => getComputedStyle(e).stroke") == "rgb(15, 107, 124)", (
        "what --chart-1 means in light"
    )
    assert gallery.locator(".chart .pielayer path, .chart .slice").count() == 0
    gallery.get_by_text("Show the numbers as a table").click()
    expect(gallery.locator("[data-chart-table] tbody tr")).to_have_count(11)
    expect(gallery.locator("[data-chart-table] tbody tr").first).to_contain_text("1 Jan 2026")
    gallery.locator(".chart .nsewdrag").hover()
    expect(gallery.locator(".chart .hovertext").first).to_be_visible()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_every_component_is_accessible_in_both_themes(gallery: Page, accessible: Check, theme: str) -> None:
    gallery.get_by_role("button", name=theme, exact=True).click()
    expect(gallery.locator("html")).to_have_attribute("data-bs-theme", theme.lower())
    expect(gallery.locator(".chart .main-svg").first).to_be_visible()
    gallery.locator("details").evaluate_all("all => all.forEach(d => { d.open = true; })")
    accessible(f"gallery, {theme}")


def test_theme_follows_the_system_without_a_reload_and_charts_follow_too(gallery: Page) -> None:
    colour = "() => getComputedStyle([...document.querySelectorAll('.chart .js-line')].at(-1)).stroke"
    light = gallery.evaluate(colour)
    gallery.emulate_media(color_scheme="dark")
    expect(gallery.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(gallery.locator(".chart .main-svg").first).to_be_visible()
    assert gallery.evaluate(colour) != light


def test_keyboard_skip_link_shortcuts_and_error_summary(gallery: Page) -> None:
    expect(gallery.locator(".error-summary")).to_be_focused()
    gallery.locator(".error-summary a").first.press("Enter")
    expect(gallery.locator("#id_name")).to_be_focused()
    gallery.locator(".error-summary a").last.click()
    expect(gallery.get_by_role("radio", name="Approve")).to_be_focused()
    gallery.reload()
    gallery.locator("body").evaluate("() => document.activeElement.blur()")
    gallery.keyboard.press("?")
    expect(gallery.get_by_role("dialog")).to_be_visible()
    expect(gallery.get_by_text("Go to the search field")).to_be_visible()
    gallery.keyboard.press("Escape")
    expect(gallery.get_by_role("dialog")).to_be_hidden()


def test_skip_link_is_the_first_stop(page: Page, live: Any) -> None:
    page.goto(f"{live.url}/accounts/login/")
    page.locator("body").evaluate("() => document.activeElement.blur()")
    page.keyboard.press("Tab")
    if page.evaluate("() => !document.activeElement.classList.contains('skip-link')"):
        page.keyboard.press("Shift+Tab")
    expect(page.locator(".skip-link")).to_have_count(1)


@pytest.mark.parametrize("width", [320, 400, 768, 1360])
def test_nothing_runs_out_of_the_page_at_any_width(gallery: Page, width: int) -> None:
    gallery.set_viewport_size({"width": width, "height": 800})
    assert gallery.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_targets_are_at_least_24_pixels_high(gallery: Page) -> None:
    small = gallery.evaluate(
        """() => [...document.querySelectorAll('a, button, summary, input:not([type=hidden]), select')]
            .filter(e => e.checkVisibility() && !e.closest('p, td, .notice div, .skip-link, .form-check, svg'))
            .map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect().height]).filter(([, h]) => h < 23.5)"""
    )
    assert small == []


def test_language_switch_keeps_the_page_and_dates_turn_dutch(gallery: Page) -> None:
    gallery.get_by_role("button", name="Nederlands").click()
    expect(gallery).to_have_url(re.compile(r"/gallery/$"))
    expect(gallery.locator("html")).to_have_attribute("lang", "nl")
    expect(gallery.locator("time").first).to_have_text(re.compile(r"^\d\d-\d\d-\d{4}"))
    gallery.locator(".figure-data summary").click()
    expect(gallery.locator("[data-chart-table] tbody tr").first).to_contain_text("0,74")


def test_without_javascript_the_page_still_says_everything(browser: Browser, live: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live.url}/accounts/login/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("input[name=login]")).to_be_visible()
    context.close()


def test_paper_shows_the_numbers_instead_of_the_chart(gallery: Page) -> None:
    gallery.emulate_media(media="print")
    expect(gallery.locator(".attune-side")).to_be_hidden()
    expect(gallery.locator(".chart")).to_be_hidden()
    expect(gallery.locator("[data-chart-table] table")).to_be_visible()


def test_a_running_job_is_asked_for_until_it_is_over_and_then_the_page_loads_again(
    gallery: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = gallery.locator(".attune-progress").first
    with gallery.expect_response(lambda answer: answer.url.endswith("/gallery/job") and answer.status == 200):
        pass
    expect(running.get_by_text("Running")).to_be_visible()
    monkeypatch.setattr("tests.gallery.STATE", "done")
    with gallery.expect_response(lambda answer: answer.url.endswith("/gallery/job") and answer.status == 286):
        pass
    gallery.wait_for_event("load")
    expect(running.get_by_text("Done")).to_be_visible()
    expect(gallery.locator("[hx-get]")).to_have_count(0)
