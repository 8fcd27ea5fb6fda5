"""From registration to a conditional approval, with a recusal and a dissent; a material change; back to approval."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from governance.registry.models import System
from governance.registry.vendors import add_mission
from governance.review import terms
from governance.review.models import Condition, Deployment, DeploymentRequest
from tests import make
from tests.browser import registration
from tests.browser.keyboard import Keyboard


@dataclass
class Cast:
    """Who takes part, and the browser that they share one after the other."""

    page: Page
    url: str
    sign_in: Callable[..., Page]
    people: dict[str, Any]

    def act_as(self, who: str, path: str = "/") -> Page:
        """Sign in as somebody else and open a page."""
        self.page.context.clear_cookies()
        self.sign_in(self.people[who])
        self.page.goto(f"{self.url}{path}")
        return self.page

    def vote(self, who: str, path: str, label: str, reason: str) -> None:
        """Cast a vote by the form."""
        page = self.act_as(who, path)
        page.get_by_label(label, exact=True).check()
        page.locator("textarea[name=reason]").fill(reason)
        page.get_by_role("button", name="Cast the vote").click()
        expect(page.get_by_text("Your vote is cast.", exact=False)).to_be_visible()


def cast(page: Page, url: str, sign_in: Callable[..., Page]) -> Cast:
    unit = make.unit("De Linde")
    board, members = make.board_with_members(unit, ("legal", "ethics", "technology", "hr"))
    people = dict(zip(("legal", "ethics", "technology", "hr"), members, strict=True))
    people["owner"] = make.person("system_owner", unit=unit)
    add_mission(by=people["owner"], unit=unit, text=registration.MISSION)
    people["officer"] = make.person("data_protection_officer", unit=unit)
    people["deputy"] = make.person("board_member", unit=unit)
    admin = make.person("administrator", unit=unit)
    seat = board.seats.get(discipline="legal")
    terms.appoint(seat=seat, user=people["deputy"], deputy=True, by=admin)
    return Cast(page, url, sign_in, people)


def register(on: Cast) -> System:
    """The owner describes a system step by step with the keyboard, leaves, comes back and registers it; the officer
    signs its screening."""
    on.act_as("owner")
    keys = Keyboard(on.page)
    system = registration.register(keys, on.people["owner"], come_again=lambda: on.act_as("owner"))
    assert not keys.faults, "\n".join(dict.fromkeys(keys.faults))
    sign(on, system)
    return system


def sign(on: Cast, system: System) -> None:
    """The officer signs what the law says of the flow."""
    page = on.act_as("officer", system.flows.get().get_absolute_url())
    page.get_by_role("button", name="Sign this outcome").click()
    expect(page.get_by_role("button", name="Sign this outcome")).to_have_count(0)


@pytest.mark.browser
def test_from_registration_to_approval_through_a_material_change_and_back(
    live: Any, page: Page, sign_in: Callable[..., Page], accessible: Callable[[str], None]
) -> None:
    on = cast(page, live.url, sign_in)
    system = register(on)

    on.act_as("owner", f"{system.get_absolute_url()}request/")
    page.get_by_label("Messages of customers", exact=False).check()
    page.locator("textarea[name=summary]").fill("May the chat notice that somebody is upset?")
    page.locator("textarea[name=alternatives]").fill("A button alone.")
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.get_by_text("is needed and not validly signed", exact=False).first).to_be_visible()
    make.complete(system)  # filled in and signed by others: test_assessments.py
    page.reload()
    page.get_by_role("button", name="Submit to the board").click()
    expect(page.get_by_text("The request is with the board.")).to_be_visible()
    request = DeploymentRequest.objects.get()
    path = request.get_absolute_url()

    # a recusal: the deputy steps in
    on.act_as("legal", path)
    page.get_by_role("link", name="I have a conflict of interest").click()
    page.locator("textarea[name=reason]").fill("My brother sells it.")
    page.get_by_role("button", name="Step back").click()
    expect(page.get_by_text("You stepped back.", exact=False)).to_be_visible()
    on.vote("deputy", path, "Approve", "Lawful with the notice.")
    on.vote("technology", path, "Reject", "It reads Turkish less well.")

    # a condition, by the form
    on.act_as("ethics", path)
    expect(page.get_by_text("2 of at least 3 votes are in.")).to_be_visible()
    expect(page.get_by_text("It reads Turkish less well.")).to_have_count(0)  # hidden while the vote is open
    page.get_by_label("Approve with conditions", exact=True).check()
    page.locator("textarea[name=reason]").fill("Useful, once this is shown.")
    page.locator("details summary", has_text="Conditions").click()
    page.locator("input[name=conditions-0-text]").fill("Show the accuracy for Turkish.")
    page.locator("select[name=conditions-0-owner]").select_option(str(on.people["owner"].pk))
    due = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)).isoformat()
    page.locator("input[name=conditions-0-due_on]").fill(due)
    accessible("vote with a condition")
    page.get_by_role("button", name="Cast the vote").click()
    expect(page.get_by_text("Your vote is cast.", exact=False)).to_be_visible()
    on.vote("hr", path, "Approve", "Fine.")

    expect(page.get_by_text("Approved with conditions").first).to_be_visible()
    expect(page.get_by_text("3 for, 1 against", exact=False)).to_be_visible()
    dissent = page.locator("tr", has=page.get_by_text("Dissent", exact=True))
    expect(dissent).to_have_count(1)
    expect(dissent).to_contain_text("It reads Turkish less well.")
    expect(page.get_by_text("My brother sells it.").first).to_be_visible()
    accessible("approved with a dissent")

    # evidence, accepted by the seat that set the condition
    on.act_as("owner", path)
    page.get_by_role("link", name="Hand in evidence").click()
    page.locator("textarea[name=evidence]").fill("0.84 on 900 messages.")
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_text("Evidence handed in").first).to_be_visible()
    on.act_as("ethics", path)
    page.get_by_role("link", name="Accept or send back").click()
    page.get_by_label("Accept: the condition is met").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Fulfilled")).to_be_visible()
    assert Condition.objects.get().met_by == on.people["ethics"]

    # a material change: the approval is void, and a re-approval is open with only what differs
    flow = system.flows.get()
    on.act_as("owner", f"{flow.get_absolute_url()}edit/")
    page.locator("select[name=consequence]").select_option("routing")
    page.locator("[name=reason]").fill("Complaints reach a colleague sooner.")
    page.get_by_role("button", name="Save and screen").click()
    expect(page.get_by_text("The data flow is saved and screened.")).to_be_visible()
    assert Deployment.objects.get().state == "voided"
    again = DeploymentRequest.objects.get(kind="reapproval")
    page.goto(f"{live.url}{again.get_absolute_url()}")
    expect(page.get_by_text("What differs from what was approved last")).to_be_visible()
    expect(page.locator(".attune-diff tbody tr", has_text="The answer is adapted")).to_have_count(1)
    expect(page.get_by_text("has no valid signature", exact=False)).to_be_visible()
    accessible("re-approval with its differences")
    sign(on, system)
    on.act_as("owner", again.get_absolute_url())
    page.get_by_role("button", name="Submit to the board").click()
    expect(page.get_by_text("The request is with the board.")).to_be_visible()
    for who in ("legal", "ethics", "technology", "hr"):
        on.vote(who, again.get_absolute_url(), "Approve", "Only the hand-over is new.")
    expect(page.get_by_text("4 for, 0 against", exact=False)).to_be_visible()
    assert Deployment.objects.filter(state="in_force").get().request == again
