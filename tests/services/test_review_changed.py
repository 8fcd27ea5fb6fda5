"""What changes while a file is with the board or with its requester: votes end clearly, re-approvals keep up."""

from typing import Any

import pytest

from governance.consent import services as consent
from governance.review import changes, selectors, services, telling
from governance.review.models import DeploymentRequest
from portal.errors import RuleBroken
from portal.notify.models import Message
from tests import make

pytestmark = pytest.mark.django_db


def in_review(system: Any) -> tuple[DeploymentRequest, list[Any]]:
    board, members = make.board_with_members(system.unit)
    request = services.create_request(
        system=system,
        flows=[make.flow(system)],
        version=system.versions.get(),
        summary="May we?",
        board=board,
        by=system.owner,
    )
    make.complete(system)
    services.submit(request=request, by=system.owner)
    return request, members


def draft_of(system: Any) -> Any:
    return consent.draft_policy(system=system, rules=[make.PERMIT_BY_CONTRACT], by=system.owner)


def test_a_policy_approved_in_mid_vote_gives_the_request_back_and_everybody_is_told() -> None:
    system, other = make.system(), make.system()
    request, members = in_review(system)
    untouched, _members = in_review(other)
    make.votes(request, "approve")
    officer = make.person("data_protection_officer", unit=system.unit)
    changes.approve_policy(policy=draft_of(system), by=officer)
    request.refresh_from_db()
    untouched.refresh_from_db()
    assert (request.state, untouched.state) == ("returned", "in_review")
    first = request.rounds.get()
    assert (first.result, first.reason, first.ended_by) == ("returned", changes.NEW_POLICY, "system")
    assert [vote.choice for vote in selectors.votes_shown(request)] == ["approve"]
    told = Message.objects.filter(kind=telling.GIVEN_BACK)
    assert {row.user_id for row in told} == {system.owner_id, *(member.pk for member in members)}
    assert {row.title for row in selectors.waiting(system.owner, make.today())} >= {str(request.version)}

    services.resubmit(request=request, answer="With the new policy.", by=system.owner)
    second = request.rounds.get(number=2)
    assert (first.content["policy"]["version"], second.content["policy"]["version"]) == (1, 2)
    make.votes(request)
    assert request.state == "approved"


def test_the_hourly_work_finds_a_file_that_changed_by_another_door_and_only_that() -> None:
    system = make.system()
    request, members = in_review(system)
    assert changes.give_back_changed() == 0
    consent.approve_policy(policy=draft_of(system), by="system")
    with pytest.raises(RuleBroken) as refused:
        services.cast_vote(request=request, choice="approve", reason="So.", by=members[0])
    assert refused.value.code == "file_changed"
    assert changes.give_back_changed() == 1
    assert changes.give_back_changed() == 0
    request.refresh_from_db()
    assert (request.state, request.rounds.get().reason) == ("returned", changes.FILE_CHANGED)


# --- a re-approval that is with its requester ------------------------------------------------------


def returned_reapproval(system: Any) -> Any:
    """After a new version: the re-approval, submitted and returned with questions."""
    make.approved_deployment(system)
    changes.add_version(
        system=system, name="2.0", by=system.owner, notes="Retrained.", released_on=make.today()
    )
    request = system.requests.get(kind="reapproval")
    make.complete(system)
    services.submit(request=request, by=system.owner)
    chair = make.person("board_chair", unit=system.unit)
    services.return_request(request=request, questions="Why?", by=chair)
    return request


def test_a_returned_re_approval_takes_in_the_next_version_and_its_differences_are_whole() -> None:
    system = make.system()
    request = returned_reapproval(system)
    seen = request.row_version
    changes.add_version(system=system, name="3.0", by=system.owner, notes="Again.", released_on=make.today())
    request = system.requests.get(kind="reapproval")  # no second one beside it
    assert (request.state, request.version.name) == ("returned", "3.0")
    assert request.row_version > seen  # whoever has the page open is told
    services.resubmit(request=request, answer="A newer one.", by=system.owner)
    shown = {"/".join(row.path): row for row in selectors.differences(request) or []}
    assert "3.0" in {row.after for row in shown.values()}
    assert "2.0" not in {row.after for row in shown.values()}


def test_a_returned_re_approval_is_widened_by_the_flow_that_changed_since() -> None:
    system = make.system()
    first, second = make.flow(system, slug="chat"), make.flow(system, slug="mail")
    make.approved_deployment(system, [first, second])
    change: dict[str, Any] = {"by": system.owner, "reason": "Wider."}
    changes.change_flow(flow=first, expected_version=first.row_version, consequence="routing", **change)
    request = system.requests.get(kind="reapproval")
    make.complete(system)
    _sign(first, system)
    services.submit(request=request, by=system.owner)
    chair = make.person("board_chair", unit=system.unit)
    services.return_request(request=request, questions="Why?", by=chair)
    changes.change_flow(flow=second, expected_version=second.row_version, consequence="routing", **change)
    request = system.requests.get(kind="reapproval")
    assert (request.state, {flow.slug for flow in request.flows.all()}) == ("returned", {"chat", "mail"})
    paths = {row.path[:2] for row in selectors.differences(request) or []}
    assert {("flows", "chat"), ("flows", "mail")} <= paths


def _sign(flow: Any, system: Any) -> None:
    from governance.screening import selectors as screenings
    from governance.screening.services import sign

    current = screenings.current(flow)
    assert current is not None
    sign(screening=current, by=make.person("data_protection_officer", unit=system.unit))


def test_what_is_past_is_not_given_back() -> None:
    system = make.system()
    request, _members = in_review(system)
    services.withdraw(request=request, reason="Later.", by=system.owner)
    changes.approve_policy(policy=draft_of(system), by="system")
    request.refresh_from_db()
    assert request.state == "withdrawn"
