"""From a described data flow to a decision in a real browser, and the governance pages under axe."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from governance.review import services
from tests import make

SHOTS = os.environ.get("ATTUNE_SHOTS", "")


def _shot(page: Page, name: str) -> None:
    """A picture to look at, where somebody asked for pictures."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def _file() -> tuple[Any, Any, list[Any]]:
    """A request in review with a high-risk and a text flow, after one of three votes."""
    organisation = make.unit("De Linde")
    system = make.system(
        unit=organisation,
        owner=make.user("Daan de Boer"),
        name="Customer chatbot",
        slug="customer-chatbot",
        description="Answers questions of customers and notices when somebody is upset.",
    )
    flow = make.flow(system, name="Chat with customers", slug="chat")
    voice = make.flow(system, name="Voice of callers", slug="voice", modality="voice")
    board, members = make.board_with_members(organisation)
    request = services.create_request(
        system=system,
        flows=[flow, voice],
        version=system.versions.get(),
        summary="May the chatbot notice that a customer is upset and hand over to a person?",
        alternatives="A button 'talk to a person' in each answer.",
        consulted="The customer panel and the works council.",
        board=board,
        by=system.owner,
    )
    make.complete(system)
    services.submit(request=request, by=system.owner)
    services.cast_vote(request=request, choice="approve", reason="Lawful with the notice.", by=members[0])
    return system, request, members


@pytest.mark.browser
def test_a_flow_is_described_and_shows_its_law(
    live: Any, sign_in: Callable[..., Page], accessible: Callable[[str], None]
) -> None:
    system = make.system(name="Calls", slug="calls")
    page = sign_in(system.owner)
    page.goto(f"{live.url}/systems/calls/flows/")
    page.get_by_role("link", name="Describe a data flow").first.click()
    page.get_by_label("Name", exact=False).first.fill("Voice of agents")
    choices = {
        "modality": "voice",
        "subject_role": "employee",
        "setting": "contact_centre",
        "purpose": "service_quality",
        "output": "emotion",
        "consequence": "none",
        "recipient": "manager",
    }
    for name, value in choices.items():
        page.locator(f"select[name={name}]").select_option(value)
    # what the law says stands beside the form before anything is saved
    expect(page.locator("[hx-post]").get_by_text("Prohibited", exact=True)).to_be_visible()
    assert not system.flows.exists()
    accessible("describe a data flow")
    _shot(page, "flow-form")
    page.get_by_role("button", name="Save and screen").click()
    expect(page.get_by_role("heading", name="Voice of agents")).to_be_visible()
    expect(page.get_by_text("Prohibited", exact=True).first).to_be_visible()
    expect(page.get_by_text("AI Act, Art 5(1)(f)").first).to_be_visible()
    expect(page.get_by_text("Not legal advice", exact=False).first).to_be_visible()
    accessible("a prohibited flow")
    _shot(page, "flow-prohibited")


@pytest.mark.browser
def test_a_member_reads_the_paper_and_votes(
    live: Any, sign_in: Callable[..., Page], accessible: Callable[[str], None]
) -> None:
    _system, request, members = _file()
    page = sign_in(members[1])
    page.goto(f"{live.url}{request.get_absolute_url()}")
    expect(page.get_by_text("1 of at least 3 votes are in.")).to_be_visible()
    expect(page.get_by_text("Lawful with the notice.")).to_have_count(0)
    accessible("board paper")
    _shot(page, "request-in-review")
    page.get_by_label("Approve", exact=True).check()
    page.get_by_role("button", name="Cast the vote").click()
    expect(
        page.get_by_text("This is needed").or_(page.get_by_text("This field is required")).first
    ).to_be_visible()
    page.locator("textarea[name=reason]").fill("Good for customers.")
    page.get_by_role("button", name="Cast the vote").click()
    expect(page.get_by_text("You have voted", exact=False)).to_be_visible()
    services.cast_vote(request=request, choice="reject", reason="The voice is too much.", by=members[2])
    page.reload()
    expect(page.get_by_text("2 for, 1 against", exact=False)).to_be_visible()
    expect(page.get_by_text("The voice is too much.").first).to_be_visible()
    _shot(page, "request-decided")
