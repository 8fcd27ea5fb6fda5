"""Who hands a file in and so takes no part in its decision; what must be there; what the works council was told."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.review import boards, changes, selectors, services, terms
from governance.screening import selectors as screenings
from governance.screening import services as screening
from portal.access.roles import PERMISSIONS, Role
from portal.access.services import grant_role
from portal.errors import NotAllowed, RuleBroken
from tests import make
from tests.services.test_review_rounds import WORKERS, _in_force

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked() -> tuple[Any, Any, list[Any]]:
    """(system, draft of its owner, members of the board)."""
    system = make.system()
    flow = make.flow(system)
    board, members = make.board_with_members(system.unit, ("legal", "ethics", "technology", "hr"))
    make.complete(system, [flow])
    draft = services.create_request(
        system=system, flows=[flow], version=system.versions.first(), summary="May this be used?", board=board,
        by=system.owner,
    )  # fmt: skip
    return system, draft, members


def test_only_the_requester_hands_in_and_whoever_takes_over_does_not_vote(asked: Any) -> None:
    system, draft, members = asked
    other = members[3]
    grant_role(user=other, role="system_owner", unit=system.unit, by="system")
    with pytest.raises(NotAllowed, match="Only the person who made the request"):
        services.submit(request=draft, by=other)
    type(system.owner).objects.filter(pk=draft.requested_by_id).update(is_active=False)
    services.submit(request=draft, by=other)  # what a requester who is gone left behind
    draft.refresh_from_db()
    assert draft.requested_by == other
    with pytest.raises(RuleBroken, match="Nobody votes on an own request"):
        services.cast_vote(request=draft, choice="approve", reason="Mine.", by=other)
    assert other.pk in selectors.conflicted(draft)
    for member in members[:3]:
        services.cast_vote(request=draft, choice="approve", reason="Complete.", by=member)
    draft.refresh_from_db()
    assert draft.state == "approved"


def test_whoever_submitted_an_earlier_round_stays_out_of_the_later_ones(asked: Any) -> None:
    system, draft, members = asked
    first = draft.requested_by
    services.submit(request=draft, by=first)
    chair = make.person("board_chair", unit=system.unit)
    services.return_request(request=draft, questions="Why?", by=chair)
    type(first).objects.filter(pk=first.pk).update(is_active=False)
    grant_role(user=members[3], role="system_owner", unit=system.unit, by="system")
    services.resubmit(request=draft, answer="Because.", by=members[3])
    draft.refresh_from_db()
    assert {first.pk, members[3].pk} <= selectors.conflicted(draft)


def test_a_vote_that_could_not_be_decided_does_not_begin(asked: Any) -> None:
    system, draft, _members = asked
    admin = make.person("administrator", unit=system.unit)
    rule = {
        "board": draft.board,
        "risk": draft.risk or "transparency",
        "by": admin,
        "reason": "We want it so.",
    }
    for risk in ("minimal", "transparency", "high_risk"):
        boards.set_rule(**rule | {"risk": risk, "quorum": 7})
    with pytest.raises(RuleBroken, match="asks 7 votes and only 4"):
        services.submit(request=draft, by=system.owner)
    for risk in ("minimal", "transparency", "high_risk"):
        boards.set_rule(**rule | {"risk": risk, "quorum": 3, "required": ["hr"]})
    seat = draft.board.seats.get(discipline="hr")
    terms.dismiss(membership=seat.memberships.get(), reason="Left.", by=admin)
    with pytest.raises(RuleBroken, match="nobody may speak for it"):
        services.submit(request=draft, by=system.owner)
    terms.appoint(seat=seat, user=make.person("board_member", unit=system.unit), by=admin)
    services.submit(request=draft, by=system.owner)


def test_answering_that_the_council_agreed_does_not_undo_what_it_agreed_to() -> None:
    """The order of the real world: described, on hold, the council asked, its yes, the answer, the signature."""
    system = make.system()
    facts = {name: said for name, said in WORKERS["facts"].items() if name != "works_council_record"}
    mood = make.flow(system, signed=False, slug="mood", **WORKERS | {"facts": facts})
    council = make.works_council(system, [mood], act="")
    person = make.person("works_council", unit=system.unit)
    services.answer_council(council=council, act="consent", answered_on=make.today(), by=person)
    changes.change_flow(
        flow=mood, by=system.owner, expected_version=mood.row_version, reason="The council agreed.",
        facts={**facts, "works_council_record": "yes"},
    )  # fmt: skip
    mood.refresh_from_db()
    current = screenings.current(mood)
    assert current is not None
    screening.sign(screening=current, by=make.person("data_protection_officer", system=system))
    make.approved_deployment(system, [mood], council=False)
    assert _in_force(system) == ["mood"]


@pytest.mark.parametrize("role", Role)
def test_no_role_votes_without_a_seat_and_any_that_reads_the_file_votes_from_one(role: Role) -> None:
    system = make.system()
    board, _members = make.board_with_members(system.unit)
    admin, person = make.person("administrator", unit=system.unit), make.person(role, unit=system.unit)
    seat = boards.add_seat(board=board, discipline="hr", by=admin)
    terms.appoint(seat=seat, user=make.person("manager", unit=system.unit), by=admin)
    flow = make.flow(system)
    make.complete(system)
    request = services.create_request(
        system=system, flows=[flow], version=system.versions.get(), summary="May we?", board=board, by=system.owner
    )  # fmt: skip
    services.submit(request=request, by=system.owner)
    vote = {"choice": "approve", "reason": "So."}
    client = Client()
    client.force_login(person)
    reads = "view_review" in PERMISSIONS[role]
    with pytest.raises(RuleBroken) as refused:
        services.cast_vote(request=request, by=person, **vote)
    assert refused.value.code == ("cannot_vote" if reads else "not_allowed")
    assert client.post(request.get_absolute_url(), vote).status_code in (403, 404, 409, 422)
    answer = client.post(f"/api/v1/requests/{request.pk}/votes", vote, content_type="application/json")
    assert answer.status_code == (409 if reads else 404)
    assert not request.rounds.get().votes.exists()
    if reads:
        terms.dismiss(membership=seat.memberships.get(), by=admin, reason="Left.")
        terms.appoint(seat=seat, user=person, by=admin)
        assert services.cast_vote(request=request, by=person, **vote).seat == seat


def test_the_last_answer_decides_whichever_record_it_is_in() -> None:
    system = make.system()
    mood = make.flow(system, slug="mood", **WORKERS)
    first, second = (make.works_council(system, [mood], act="") for _ in range(2))
    person = make.person("works_council", unit=system.unit)
    services.answer_council(council=second, act="consent", answered_on=make.today(), by=person)
    make.approved_deployment(system, [mood], council=False)
    assert _in_force(system) == ["mood"]
    services.answer_council(
        council=first, act="refuse", reason="Not like this.", answered_on=make.today(), by=person
    )
    assert _in_force(system) == []
    assert [flow.slug for flow in selectors.without_council([mood])] == ["mood"]
    assert (
        dt.timedelta(0)
        <= timezone.now() - system.deployments.get().stretches.get().ends_at
        < dt.timedelta(minutes=5)
    )
