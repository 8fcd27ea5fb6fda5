"""An assessment is filled, saved in the background, questioned and signed in a real browser."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from governance.assessments import answers, selectors, services, threads
from governance.assessments.models import Assessment
from portal.accounts.models import User
from tests import make

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("ATTUNE_SHOTS", "")


def shot(page: Page, name: str) -> None:
    """A picture to look at, where somebody asked for pictures."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def test_an_assessment_is_filled_and_signed(
    live: Any, sign_in: Callable[..., Page], accessible: Callable[[str], None]
) -> None:
    system = make.system(name="Voices", slug="voices", description="Reads the tone of callers.")
    make.flow(system, modality="voice", name="Voice of callers")
    officer = make.person("data_protection_officer", unit=system.unit, name="Sanne Bakker")
    page = sign_in(system.owner)
    page.goto(f"{live.url}/systems/voices/assessments/")
    accessible("assessments of a system")
    shot(page, "assessments-tab")
    page.locator("#dpia").get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", name="Is it needed?", level=1)).to_be_visible()
    page.get_by_label("People are evaluated or scored").check()
    expect(page.locator("#saved")).to_contain_text("Saved")  # in the background, without a button
    assert Assessment.objects.get().answers["criteria"] == ["scoring"]
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_role("heading", name="Systematic description", level=1)).to_be_visible()
    expect(page.get_by_text("From the register: description of the system")).to_be_visible()
    accessible("a section with rows")
    shot(page, "assessment-section")

    page.goto(f"{live.url}{Assessment.objects.get().get_absolute_url()}sections/consultation/")
    asked = page.locator("#ask-people_said")
    expect(asked).to_be_hidden()
    page.locator("#ask-people_asked").get_by_label("Yes").check()
    expect(asked).to_be_visible()  # opened by the save in the background
    page.locator("textarea[name=people_said]").fill("The client council agreed.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("textarea[name=people_said]")).to_have_value("The client council agreed.")

    row = Assessment.objects.get()
    owner = User.objects.get(pk=system.owner.pk)
    values = make.answers(selectors.questionnaire_of(row), **row.answers)
    answers.save_answers(assessment=row, answers=values, expected=row.row_version, by=owner)
    threads.comment(assessment=row, question="basis", text="Why **consent**?", by=officer)
    page.goto(f"{live.url}{row.get_absolute_url()}")
    accessible("a draft")
    page.get_by_role("button", name="Submit for signature").click()
    expect(page.get_by_text("It now waits for a signature.")).to_be_visible()
    page.context.clear_cookies()

    sign_in(officer)
    expect(page.get_by_text("Your signature")).to_be_visible()
    page.goto(f"{live.url}{row.get_absolute_url()}")
    shot(page, "assessment-in-review")
    page.get_by_role("link", name="Sign", exact=True).click()
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_text("This field is required").first).to_be_visible()
    page.locator("textarea[name=reason]").fill("Complete and careful.")
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.get_by_text("Digest of what is signed")).to_be_visible()
    accessible("a signed assessment")
    page.emulate_media(color_scheme="dark")
    page.get_by_role("link", name="Print view").click()
    expect(page.get_by_text("The client council agreed.")).to_be_visible()
    accessible("the print view in the dark")
    shot(page, "assessment-print-dark")
    page.emulate_media(media="print")
    expect(page.get_by_role("link", name="Assessments").first).to_be_hidden()
    page.emulate_media(media="screen")
    page.goto(f"{live.url}{row.get_absolute_url()}sections/necessity/")
    expect(page.get_by_role("strong").filter(has_text="consent")).to_be_visible()
    accessible("a thread")


def test_two_people_in_one_section_see_what_changed_meanwhile(
    live: Any, sign_in: Callable[..., Page], accessible: Callable[[str], None]
) -> None:
    system = make.system()
    colleague = make.person("system_owner", unit=system.unit, name="Ines de Wit")
    row = services.start(system=system, kind="dpia", by=system.owner)
    page = sign_in(system.owner)
    page.goto(f"{live.url}{row.get_absolute_url()}sections/necessity/")
    answers.save_section(
        assessment=row, section="necessity", answers={"minimal": "Words only."}, expected=0, by=colleague
    )
    page.locator("textarea[name=minimal]").fill("No sound at all.")
    page.locator("textarea[name=minimal]").blur()
    expect(page.locator("#saved")).to_contain_text("Ines de Wit changed this section meanwhile")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="What changed meanwhile")).to_be_visible()
    expect(page.locator("textarea[name=minimal]")).to_have_value("No sound at all.")
    accessible("what changed meanwhile")
    shot(page, "assessment-stale")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    row.refresh_from_db()
    assert row.answers["minimal"] == "No sound at all."
