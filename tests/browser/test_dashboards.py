"""The dashboards in a real browser: charts drawn under the strict policy, days in the address, accessible."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import make
from tests.views.test_dashboards import busy_system

SHOTS = os.environ.get("ATTUNE_SCREENSHOTS", "")  # a folder to look at the pages afterwards


def look(page: Page, name: str) -> None:
    """Keep a picture where a folder for it was given."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def all_drawn(page: Page) -> None:
    """Every chart of the page is there, drawn by the library."""
    expect(page.locator(".chart:not([data-ready])")).to_have_count(0, timeout=60_000)
    expect(page.locator(".chart:not(:has(.main-svg))")).to_have_count(0)


@pytest.fixture
def system(live: Any) -> Any:
    """A system with data, in the committed database."""
    return busy_system()


def test_a_manager_goes_from_the_portfolio_to_a_system_and_its_charts(
    system: Any, live: Any, sign_in: Callable[..., Page]
) -> None:
    page = sign_in(make.person("manager", unit=system.unit))
    page.goto(f"{live.url}/dashboards/")
    all_drawn(page)
    look(page, "portfolio")
    page.get_by_role("link", name=system.name).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(system.name)
    all_drawn(page)
    expect(page.locator(".chart .annotation-text").first).to_contain_text("Audit: Met")
    look(page, "dashboard")
    page.get_by_role("link", name="30 days").click()
    expect(page).to_have_url(f"{live.url}/systems/{system.slug}/dashboard/?range=30")
    expect(page.get_by_role("link", name="30 days")).to_have_attribute("aria-current", "true")
    all_drawn(page)
    page.get_by_text("Show the numbers as a table").first.click()
    expect(page.locator("[data-chart-table] tbody tr").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").first.click()
    assert download.value.suggested_filename == "csat.csv"
