"""A data flow of which half is known: kept, taken up again after signing in anew, saved."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from governance.registry.models import DataFlow
from tests import make

pytestmark = pytest.mark.browser


def sign_in(page: Page, live: Any, person: Any) -> None:
    page.goto(f"{live.url}/accounts/login/")
    page.fill("input[name=login]", person.email)
    page.fill("input[name=password]", make.PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_half_a_data_flow_waits_for_its_writer(page: Page, live: Any) -> None:
    system = make.draft()
    address = f"{live.url}/systems/{system.slug}/flows/new/"
    sign_in(page, live, system.owner)
    page.goto(address)
    page.fill("[name=name]", "Messages of customers")
    page.select_option("[name=modality]", "text")
    page.get_by_role("button", name="Keep for later").click()
    expect(page.get_by_text("It is not in the register until you save it.")).to_be_visible()
    page.context.clear_cookies()
    sign_in(page, live, system.owner)
    page.goto(f"{live.url}/systems/{system.slug}/edit/flows/")
    page.get_by_role("link", name="Go on with what you kept unfinished").click()
    expect(page.get_by_text("You kept this unfinished")).to_be_visible()
    expect(page.locator("[name=name]")).to_have_value("Messages of customers")
    expect(page.locator("[name=modality]")).to_have_value("text")
    for name, value in {
        "subject_role": "customer", "setting": "self_service", "purpose": "service", "output": "emotion",
        "consequence": "reply", "recipient": "system",
    }.items():  # fmt: skip
        page.select_option(f"[name={name}]", value)
    page.focus("[name=name]")
    with page.expect_navigation():
        page.keyboard.press("Enter")  # saves, and neither keeps nor discards
    expect(page.get_by_text("The data flow is described and screened.")).to_be_visible()
    assert DataFlow.objects.get(system=system).name == "Messages of customers"
    page.goto(address)
    expect(page.locator("[name=name]")).to_have_value("")
