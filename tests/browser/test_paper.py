"""The board paper is one sheet: printed by the browser, its pages counted."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from governance.review import changes, services
from governance.review.models import DeploymentRequest
from tests import make

pytestmark = [pytest.mark.browser]

SignIn = Callable[..., Page]
WORKERS = {
    "subject_role": "employee",
    "setting": "workplace",
    "purpose": "wellbeing",
    "output": "aggregate",
    "consequence": "none",
    "recipient": "analyst",
    "facts": {
        **make.LAWFUL,
        "above_privacy_floor": "yes",
        "works_council_record": "yes",
        "talks_to_people": "no",
    },
}
WORDS = "Whatever anybody thinks of this is written here with all its circumstances and consequences.\n"


def long(length: int) -> str:
    return (WORDS * (length // len(WORDS) + 1))[:length].strip()


def printed(page: Page) -> int:
    """How many pages the browser prints."""
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


def longest() -> tuple[DeploymentRequest, Any]:
    """Everything that a paper can hold, each text as long as it may be: a re-approval in its second round."""
    today = timezone.now().date()
    system = make.system(name=long(110).replace("\n", " "))
    flows = [
        make.flow(
            system,
            slug=f"mood-{n}",
            name=long(110).replace("\n", " "),
            **(WORKERS if n else {"modality": "voice"}),  # one of high risk, which owes every assessment
        )
        for n in range(6)
    ]
    make.approved_deployment(system, flows)
    changes.update_system(
        system=system,
        by=system.owner,
        expected_version=system.row_version,
        reason="Written out.",
        description=long(1900),
    )
    changes.add_version(
        system=system, name="2.0", by=system.owner, notes=long(900), released_on=today, model=long(100)
    )
    for _ in range(4):
        make.works_council(system, flows[1:])
    request = system.requests.filter(kind="reapproval", state="draft").get()
    texts = {"summary": 3900, "alternatives": 3900, "doubts": 3900, "consulted": 1900}
    services.revise_request(
        request=request,
        by=system.owner,
        expected_version=request.row_version,
        **{name: long(length) for name, length in texts.items()},
    )
    make.complete(system, flows)
    officer = make.person("data_protection_officer", unit=system.unit)
    for flow in flows:
        current = flow.screenings.filter(superseded_at=None).get()
        _signed(current, officer)
    services.submit(request=request, by=system.owner)
    services.return_request(
        request=request, questions="Why?", by=make.person("board_chair", unit=system.unit)
    )
    services.resubmit(request=request, answer=long(3900), by=system.owner)
    return request, request.board.seats.first().memberships.get().user  # type: ignore[union-attr]


def _signed(screening: Any, officer: Any) -> None:
    from governance.screening.services import sign

    sign(screening=screening, by=officer)


@pytest.mark.parametrize("language", ["en-gb", "nl"])
def test_the_longest_paper_is_one_page_and_says_what_it_cut(
    live: Any, sign_in: SignIn, language: str
) -> None:
    request, member = longest()
    type(member).objects.filter(pk=member.pk).update(language=language)
    member.refresh_from_db()
    page = sign_in(member)
    page.goto(f"{live.url}/requests/{request.pk}/paper/")
    if language != "nl":
        expect(page.get_by_text("[450 of 3", exact=False).first).to_be_visible()
        expect(page.get_by_text("and 3 more data flows, in the file")).to_be_visible()
    expect(page.get_by_text(f"{live.url}{request.get_absolute_url()}", exact=False)).to_be_visible()
    assert printed(page) == 1
    page.goto(f"{live.url}{request.get_absolute_url()}")
    expect(page.get_by_text("characters]", exact=False)).to_have_count(0)  # the file itself is whole
    assert printed(page) > 1


def test_dissent_and_its_reasons_fit_as_well(live: Any, sign_in: SignIn) -> None:
    request, _member = longest()
    members = [row.user for seat in request.board.seats.all() for row in seat.memberships.all()]
    for member in members:
        services.cast_vote(
            request=request,
            choice="reject" if member == members[0] else "approve",
            reason=long(3900),
            by=member,
        )
    assert request.state == "approved"
    page = sign_in(members[0])
    page.goto(f"{live.url}/requests/{request.pk}/paper/")
    expect(page.get_by_text("[100 of 3", exact=False)).to_be_visible()
    assert printed(page) == 1
