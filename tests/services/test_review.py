"""Requests and deployments through the services: every act in every state, material changes, suspension."""

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from governance.findings.models import Finding
from governance.review import changes, rules, selectors, services
from portal.errors import NotAllowed, RuleBroken
from portal.jobs import registry
from portal.ledger.models import PendingEvent
from tests import make

pytestmark = pytest.mark.django_db


def _draft(**fields: Any) -> Any:
    system = make.system()
    flows = fields.pop("flows", None) or [make.flow(system, **fields)]
    board, _members = make.board_with_members(system.unit)
    return services.create_request(
        system=system,
        flows=flows,
        version=system.versions.get(),
        summary="May we?",
        board=board,
        by=system.owner,
    )


def _slugs(system: Any, at: dt.datetime | None = None) -> list[str]:
    return [flow.slug for flow in selectors.in_force(system.pk, at or timezone.now())]


def test_an_approved_deployment_is_in_force(django_assert_num_queries: Any) -> None:
    system = make.system()
    flow = make.flow(system)
    deployment = make.approved_deployment(system, [flow], valid_months=6)
    now = timezone.now()
    with django_assert_num_queries(1):
        assert list(selectors.in_force(system.pk, now)) == [flow]
    assert _slugs(system, now - dt.timedelta(hours=1)) == []
    assert _slugs(system, deployment.valid_until) == []
    assert _slugs(system, deployment.valid_until - dt.timedelta(seconds=1)) == [flow.slug]


def test_each_governed_step_is_in_the_ledger() -> None:
    deployment = make.approved_deployment(make.system())
    types = set(PendingEvent.objects.values_list("type", flat=True))
    assert types >= {
        "register.system_registered",
        "register.flow_added",
        "screening.made",
        "screening.signed",
        "board.created",
        "review.request_submitted",
        "review.vote_cast",
        "review.request_decided",
        "review.deployment_in_force",
    }
    assert (
        PendingEvent.objects.filter(subject=deployment.request.subject, type="review.vote_cast").count() == 3
    )


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"signed": False}, "not_signed"),
        ({"modality": "voice", "subject_role": "employee", "setting": "workplace"}, "prohibited"),
        ({"facts": {}, "signed": False}, "hold"),
        ({"recipient": "unknown", "signed": False}, "hold"),
    ],
)
def test_an_incomplete_or_prohibited_file_is_not_submitted(fields: dict[str, Any], code: str) -> None:
    request = _draft(**fields)
    make.complete(request.system)
    with pytest.raises(RuleBroken) as refused:
        services.submit(request=request, by=request.requested_by)
    assert refused.value.code == code
    request.refresh_from_db()
    assert request.state == "draft"


def test_a_flow_that_became_prohibited_cannot_be_approved() -> None:
    """Even where the register was changed behind the product's back."""
    system = make.system()
    flow = make.flow(system)
    board, members = make.board_with_members(system.unit)
    request = services.create_request(
        system=system,
        flows=[flow],
        version=system.versions.get(),
        summary="May we?",
        board=board,
        by=system.owner,
    )
    make.complete(system)
    services.submit(request=request, by=system.owner)
    for member in members[:2]:
        services.cast_vote(request=request, choice="approve", reason="Fine.", by=member)
    flow.screenings.update(outcome="prohibited")
    with pytest.raises(RuleBroken):
        services.cast_vote(request=request, choice="approve", reason="Fine.", by=members[2])
    request.refresh_from_db()
    assert request.state == "in_review"
    assert _slugs(system) == []


def test_the_digest_binds_what_is_approved() -> None:
    request = _draft()
    make.complete(request.system)
    services.submit(request=request, by=request.requested_by)
    now = selectors.content(request, timezone.now().date())
    assert request.digest == rules.digest(now) == rules.digest(request.content)
    assert request.content["flows"][0]["outcome"] == "transparency"


STATES = ("draft", "in_review", "approved", "rejected", "withdrawn")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("act", ["submit", "withdraw", "recuse"])
def test_each_act_in_each_state(state: str, act: str) -> None:
    request = _draft()
    make.complete(request.system)
    if state != "draft":
        services.submit(request=request, by=request.requested_by)
    member = request.board.seats.first().memberships.get().user
    choices = {"approved": "approve", "rejected": "reject"}
    if state in choices:
        for seat in request.board.seats.all():
            who = seat.memberships.get().user
            services.cast_vote(request=request, choice=choices[state], reason="Reason.", by=who)
    if state == "withdrawn":
        services.withdraw(request=request, reason="Not now.", by=request.requested_by)
    assert request.state == state
    acts: dict[str, Callable[[], object]] = {
        "submit": lambda: services.submit(request=request, by=request.requested_by),
        "withdraw": lambda: services.withdraw(request=request, reason="Later.", by=request.requested_by),
        "recuse": lambda: services.recuse(request=request, reason="Conflict.", by=member),
    }
    target = rules.after("request", state, act)
    if target is None:
        with pytest.raises(RuleBroken) as refused:
            acts[act]()
        assert refused.value.code == "wrong_state"
    else:
        acts[act]()
        assert request.state == target


def test_only_the_requester_withdraws_and_only_permitted_people_ask() -> None:
    request = _draft()
    with pytest.raises(NotAllowed):
        services.withdraw(request=request, reason="No.", by=make.person("auditor", unit=request.system.unit))
    with pytest.raises(NotAllowed):
        services.submit(request=request, by=make.person("manager", unit=request.system.unit))


def test_suspend_and_reinstate() -> None:
    system = make.system()
    deployment = make.approved_deployment(system)
    chair = make.person("board_chair", unit=system.unit)
    with pytest.raises(NotAllowed):
        services.suspend(deployment=deployment, reason="Stop.", by=system.owner)
    with pytest.raises(RuleBroken, match="reason"):
        services.suspend(deployment=deployment, reason=" ", by=chair)
    before = timezone.now()
    services.suspend(deployment=deployment, reason="Complaints.", by=chair)
    assert deployment.state == "suspended"
    assert _slugs(system) == []
    assert len(_slugs(system, before)) == 1  # what was in force stays in force in the past
    with pytest.raises(RuleBroken):
        services.suspend(deployment=deployment, reason="Again.", by=chair)
    request = make.reinstated(deployment)
    assert (request.kind, request.state, deployment.state) == ("reinstatement", "approved", "in_force")
    assert len(_slugs(system)) == 1
    with pytest.raises(RuleBroken, match="stopped"):
        services.ask_reinstatement(deployment=deployment, summary="Again.", by=system.owner)


def test_the_chair_alone_puts_nothing_back() -> None:
    """Reinstating takes a request of its own and the votes of the board; requester and owner take no part."""
    system = make.system()
    deployment = make.approved_deployment(system)
    chair = make.person("board_chair", unit=system.unit)
    services.suspend(deployment=deployment, reason="Complaints.", by=chair)
    with pytest.raises(NotAllowed):
        services.ask_reinstatement(deployment=deployment, summary="Fine now.", by=chair)
    request = services.ask_reinstatement(deployment=deployment, summary="Fine now.", by=system.owner)
    with pytest.raises(RuleBroken, match="asked for this already"):
        services.ask_reinstatement(deployment=deployment, summary="Again.", by=system.owner)
    services.submit(request=request, by=system.owner)
    with pytest.raises(RuleBroken):
        services.close_vote(request=request, by=chair)
    make.votes(request, "reject", "reject", "approve")
    deployment.refresh_from_db()
    assert (request.state, deployment.state) == ("rejected", "suspended")
    assert _slugs(system) == []


def test_what_is_asked_back_leaves_the_board_when_it_lapses() -> None:
    system = make.system()
    deployment = make.approved_deployment(system)
    services.suspend(deployment=deployment, reason="Stop.", by="system")
    request = services.ask_reinstatement(deployment=deployment, summary="Fine now.", by=system.owner)
    services.submit(request=request, by=system.owner)
    assert services.lapse_due(now=deployment.valid_until) == 1
    request.refresh_from_db()
    assert (request.state, request.closed_by) == ("withdrawn", "system")


def test_a_new_version_voids() -> None:
    system = make.system()
    deployment = make.approved_deployment(system)
    changes.add_version(
        system=system, name="2.0", released_on=dt.date(2026, 11, 1), notes="Faster.", by=system.owner
    )
    deployment.refresh_from_db()
    assert deployment.state == "voided"
    assert _slugs(system) == []


def test_a_changed_flow_voids_only_itself() -> None:
    system = make.system()
    kept, changed = make.flow(system), make.flow(system)
    deployment = make.approved_deployment(system, [kept, changed])
    changes.change_flow(flow=changed, by=system.owner, expected_version=1, name="Another name")
    assert len(_slugs(system)) == 2  # a name is not material
    changes.change_flow(
        flow=changed, by=system.owner, expected_version=2, reason="Busy lines.", consequence="routing"
    )
    deployment.refresh_from_db()
    assert deployment.state == "in_force"
    assert _slugs(system) == [kept.slug]
    changes.change_flow(
        flow=kept, by=system.owner, expected_version=1, reason="Busy lines.", consequence="routing"
    )
    deployment.refresh_from_db()
    assert deployment.state == "voided"
    assert _slugs(system) == []


def test_a_change_takes_a_request_out_of_review() -> None:
    request = _draft()
    make.complete(request.system)
    services.submit(request=request, by=request.requested_by)
    flow = request.flows.get()
    changes.change_flow(flow=flow, by=request.requested_by, expected_version=1, consequence="routing")
    request.refresh_from_db()
    assert request.state == "withdrawn"
    assert "material change" in request.decision_reason


def test_new_rules_take_a_request_out_of_review_and_stop_what_became_prohibited() -> None:
    """The law changed between submission and vote: the old screening is another's, so the board is asked again."""
    system = make.system()
    flow = make.flow(system)
    make.approved_deployment(system, [flow])
    board, _members = make.board_with_members(system.unit)
    request = services.create_request(
        system=system,
        flows=[flow],
        version=system.versions.get(),
        summary="More?",
        board=board,
        by=system.owner,
    )
    make.complete(system)
    services.submit(request=request, by=system.owner)
    flow.screenings.update(rules_version="2020.1")
    changes.rescreen(flow=flow)
    request.refresh_from_db()
    assert request.state == "withdrawn"
    assert _slugs(system) == [flow.slug]  # still lawful: what was approved goes on
    flow.facts = {"exploits_vulnerability": "yes", "sells_on_distress": "no"}
    flow.save()
    changes.rescreen(flow=flow)
    assert _slugs(system) == []
    assert Finding.objects.get(system=system).severity == "critical"


def test_an_outcome_that_got_worse_opens_a_finding_and_stops_the_flow() -> None:
    system = make.system()
    flow = make.flow(system)
    make.approved_deployment(system, [flow])
    changes.change_flow(
        flow=flow,
        by=system.owner,
        expected_version=1,
        reason="Calls as well.",
        modality="voice",
        subject_role="employee",
        setting="workplace",
    )
    finding = Finding.objects.get(system=system)
    assert (finding.severity, finding.state) == ("critical", "open")
    assert flow.slug in finding.title_text
    assert _slugs(system) == []


def test_a_stopped_flow_and_its_way_back() -> None:
    system = make.system()
    one, other = make.flow(system), make.flow(system)
    deployment = make.approved_deployment(system, [one, other])
    assert services.suspend_flow(flow=one, reason="Undeclared voice.", by="system")
    assert not services.suspend_flow(flow=one, reason="Undeclared voice.", by="system")
    assert _slugs(system) == [other.slug]
    request = make.reinstated(deployment)
    assert [flow.slug for flow in request.flows.all()] == [one.slug]
    assert sorted(_slugs(system)) == sorted([one.slug, other.slug])
    assert deployment.state == "in_force"


def test_a_newer_approval_replaces() -> None:
    system = make.system()
    flow = make.flow(system)
    first = make.approved_deployment(system, [flow])
    second = make.approved_deployment(system, [flow])
    first.refresh_from_db()
    assert (first.state, second.state) == ("voided", "in_force")
    assert _slugs(system) == [flow.slug]


def test_what_passed_its_date_lapses() -> None:
    system = make.system()
    then = timezone.now() - dt.timedelta(days=400)
    flow = make.flow(system)
    flow.screenings.update(valid_until=timezone.now().date())
    deployment = make.approved_deployment(system, [flow], effective_at=then, valid_months=12)
    assert deployment.valid_from == then
    assert _slugs(system) == []
    assert services.lapse_due() == 1
    assert services.lapse_due() == 0
    deployment.refresh_from_db()
    assert deployment.state == "lapsed"


def test_dates_and_law_are_watched() -> None:
    system = make.system()
    flow = make.flow(system)
    make.approved_deployment(system, [flow])
    flow.screenings.update(rules_version="2020.1")
    seen: list[int] = []
    context: Any = SimpleNamespace(progress=lambda percent, note="": seen.append(percent))
    assert registry.get("rescreen_flows").work(context) == {"flows": 1, "changed": 1}
    assert registry.get("rescreen_flows").work(context) == {"flows": 1, "changed": 0}
    assert registry.get("lapse_deployments").work(context) == {
        "lapsed": 0,
        "overdue": 0,
        "unassessed": 0,
        "given_back": 0,
        "votes_closed": 0,
        "boards": 0,
        "opened": 0,
    }
    assert seen == [0, 0]
