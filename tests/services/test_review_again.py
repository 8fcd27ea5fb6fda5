"""Re-approval: a new flow is asked for alone, a second change opens a fresh draft, and somebody may submit it."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from governance.review import boards, changes, selectors, services, terms
from portal.access.selectors import people_with
from portal.access.services import grant_role, revoke_role
from portal.errors import Invalid, NotAllowed, RuleBroken
from tests import make

pytestmark = pytest.mark.django_db


def _in_force(system: Any) -> list[str]:
    return sorted(flow.slug for flow in selectors.in_force(system.pk, timezone.now()))


def _drafts(system: Any) -> list[Any]:
    return list(system.requests.filter(kind="reapproval", state="draft"))


def _flows(request: Any) -> list[str]:
    return sorted(flow.slug for flow in request.flows.all())


def _version(system: Any, name: str = "2.0") -> None:
    changes.add_version(
        system=system, name=name, released_on=make.today(), notes="Faster.", by=system.owner,
    )  # fmt: skip


def _loses(user: Any, role: str = "system_owner") -> None:
    for row in user.roles.filter(role=role):
        revoke_role(assignment=row, by="system")


# --- a flow outside the approved scope ------------------------------------------------------------


def test_a_new_flow_is_asked_for_alone_and_what_runs_goes_on() -> None:
    system = make.system()
    deployment = make.approved_deployment(system, [make.flow(system, slug="chat")])
    make.flow(system, slug="mail")
    (draft,) = _drafts(system)
    assert (_flows(draft), draft.earlier) == (["mail"], deployment.request)
    assert {d.path[1] for d in selectors.differences(draft) or []} == {"mail"}
    assert _in_force(system) == ["chat"]
    make.flow(system, slug="letters")
    (draft,) = _drafts(system)
    assert _flows(draft) == ["letters", "mail"]  # widened
    make.complete(system)
    services.submit(request=draft, by=draft.requested_by)
    make.votes(draft)
    deployment.refresh_from_db()
    assert (draft.state, deployment.state) == ("approved", "in_force")
    assert _in_force(system) == ["chat", "letters", "mail"]


def test_nothing_is_asked_while_nothing_is_in_force() -> None:
    system = make.system()
    make.flow(system)
    assert not _drafts(system)


def test_a_prohibited_flow_is_asked_for_once_it_can_be_approved() -> None:
    system = make.system()
    make.approved_deployment(system)
    banned = make.flow(
        system, slug="voice", signed=False, modality="voice", subject_role="employee", setting="workplace"
    )
    assert not _drafts(system)
    changes.change_flow(
        flow=banned, by=system.owner, expected_version=1, reason="In writing.", modality="text",
        subject_role="customer", setting="self_service",
    )  # fmt: skip
    (draft,) = _drafts(system)
    assert _flows(draft) == ["voice"]


def test_a_change_of_a_version_that_was_not_approved_voids_nothing() -> None:
    system = make.system()
    _version(system)
    deployment = make.approved_deployment(system)
    old, new = system.versions.get(name="1.0"), system.versions.get(name="2.0")
    assert deployment.version == new
    values: dict[str, Any] = {"kind": "version", "by": system.owner, "expected_version": 1, "reason": "R."}
    changes.change_part(row=old, training_data="Other.", **values)
    deployment.refresh_from_db()
    assert deployment.state == "in_force"
    changes.change_part(row=new, training_data="Other.", **values)
    deployment.refresh_from_db()
    assert deployment.state == "voided"


def test_what_ends_an_approval_says_why_and_where_nothing_ends_it_need_not() -> None:
    """Otherwise those who must decide again would not know."""
    system = make.system()
    flow = make.flow(system)
    changes.change_flow(flow=flow, by=system.owner, expected_version=1, recipient="operator")
    make.approved_deployment(system)  # of another flow
    changes.change_flow(flow=flow, by=system.owner, expected_version=2, recipient="system")
    version = system.versions.get()
    acts: list[tuple[str, Any]] = [
        ("notes", lambda: changes.add_version(system=system, name="2", released_on=make.today(), by=system.owner)),
        ("reason", lambda: changes.change_part(
            row=version, kind="version", by=system.owner, expected_version=1, training_data="Other."
        )),
        ("reason", lambda: changes.change_flow(
            flow=system.flows.exclude(pk=flow.pk).get(), by=system.owner, expected_version=1, recipient="operator"
        )),
        ("reason", lambda: changes.add_part(
            system=system, kind="unit_use", by=system.owner, unit=system.unit, reason=" "
        )),
    ]  # fmt: skip
    for field, act in acts:
        with pytest.raises(Invalid) as refused:
            act()
        assert [error["field"] for error in refused.value.errors] == [field]
    assert _in_force(system)
    assert not system.versions.filter(name="2").exists()


def test_a_flow_is_not_asked_for_twice() -> None:
    system = make.system()
    flow = make.flow(system)
    make.approved_deployment(system, [flow])
    _version(system)  # the draft asks for the flow, and nothing is in force
    make.flow(system, slug="mail")
    (draft,) = _drafts(system)
    assert _flows(draft) == [flow.slug]


# --- a second change ------------------------------------------------------------------------------


def _in_review(system: Any) -> tuple[Any, Any]:
    """A deployment that a change voided, and its re-approval, which is with the board."""
    deployment = make.approved_deployment(system, [make.flow(system, slug="chat")])
    _version(system)
    (draft,) = _drafts(system)
    draft.doubts = "Is it faster?"
    draft.save()
    make.complete(system)
    services.submit(request=draft, by=draft.requested_by)
    return deployment, draft


def _another_version(system: Any) -> None:
    _version(system, "3.0")


def _another_flow(system: Any) -> None:
    flow = system.flows.get()
    changes.change_flow(flow=flow, by=system.owner, expected_version=1, reason="R.", consequence="routing")


def _another_law(system: Any) -> None:
    flow = system.flows.get()
    flow.screenings.update(rules_version="2020.1")
    changes.rescreen(flow=flow)


def _another_assessment(system: Any) -> None:
    signed = system.assessments.filter(state="signed").first()
    officer = make.person("data_protection_officer", system=system)
    changes.withdraw_assessment(assessment=signed, reason="An error.", by=officer)


@pytest.mark.parametrize("change", [_another_version, _another_flow, _another_law, _another_assessment])
def test_a_change_during_a_re_approval_opens_a_fresh_draft(change: Any) -> None:
    system = make.system()
    deployment, first = _in_review(system)
    change(system)
    first.refresh_from_db()
    assert first.state == "withdrawn"
    (draft,) = _drafts(system)
    assert (draft.earlier, draft.doubts, _flows(draft)) == (deployment.request, "Is it faster?", ["chat"])
    assert draft.version.name == ("3.0" if change is _another_version else "2.0")
    found = {d.path for d in selectors.differences(draft) or []}
    assert ("version", "name") in found  # against what was approved, not against what was withdrawn


def test_a_first_request_that_is_overtaken_is_its_requesters_to_ask_again() -> None:
    system = make.system()
    board, _members = make.board_with_members(system.unit)
    request = services.create_request(
        system=system, flows=[make.flow(system)], version=system.versions.get(), summary="May we?", board=board,
        by=system.owner,
    )  # fmt: skip
    make.complete(system)
    services.submit(request=request, by=system.owner)
    _version(system)
    request.refresh_from_db()
    assert request.state == "withdrawn"
    assert not _drafts(system)


# --- who asks -------------------------------------------------------------------------------------


def test_the_draft_stands_in_the_name_of_somebody_who_may_submit_it() -> None:
    system = make.system()
    colleague = make.person("system_owner", unit=system.unit)
    make.approved_deployment(system)
    system.requests.update(requested_by=colleague)
    _loses(system.owner)
    system.refresh_from_db()
    changes.void_unassessed(system=system)  # nothing yet
    system.assessments.update(valid_until=make.today() - dt.timedelta(days=1))
    changes.void_unassessed(system=system)
    (draft,) = _drafts(system)
    assert draft.requested_by == colleague


def test_where_owner_and_requester_are_gone_anybody_permitted_asks_also_from_a_unit_above() -> None:
    above = make.unit()
    system = make.system(unit=make.unit(parent=above))
    make.person("system_owner", unit=make.unit())  # of somewhere else
    make.approved_deployment(system)
    other = make.person("system_owner", unit=above)
    _loses(system.owner)
    system.refresh_from_db()
    assert people_with("request_deployment", system) == [other]
    system.assessments.update(valid_until=make.today() - dt.timedelta(days=1))
    changes.void_unassessed(system=system)
    (draft,) = _drafts(system)
    assert draft.requested_by == other


def test_a_draft_is_seen_by_whoever_may_ask_and_by_nobody_else() -> None:
    system = make.system()
    make.approved_deployment(system)
    _version(system)
    (draft,) = _drafts(system)
    colleague = make.person("system_owner", unit=system.unit)
    for user, sees in (
        (system.owner, True),
        (colleague, True),
        (make.person("auditor", unit=system.unit), False),
        (make.person("board_chair", unit=system.unit), False),
        (make.person("system_owner", unit=make.unit()), False),
    ):
        assert (draft in selectors.visible_requests(user)) is sees


def test_whoever_may_ask_takes_a_re_approval_over_and_then_no_part_in_the_decision() -> None:
    system = make.system()
    make.approved_deployment(system)
    _version(system)
    (draft,) = _drafts(system)
    members = [seat.memberships.get().user for seat in draft.board.seats.all()]
    admin, fourth = (make.person(role, unit=system.unit) for role in ("administrator", "board_member"))
    seat = boards.add_seat(board=draft.board, discipline="hr", by=admin)
    terms.appoint(seat=seat, user=fourth, by=admin)
    grant_role(user=members[0], role="system_owner", unit=system.unit, by="system")
    values = {"request": draft, "expected_version": draft.row_version}
    with pytest.raises(NotAllowed):
        services.revise_request(**values, by=members[1], doubts="Mine.")
    services.revise_request(**values, by=members[0], doubts="Some.")
    assert draft.requested_by == members[0]
    make.complete(system)
    services.submit(request=draft, by=members[0])
    with pytest.raises(RuleBroken):
        services.cast_vote(request=draft, choice="approve", reason="Fine.", by=members[0])
