"""What a request needs assessed, what its approval binds, and what follows when an assessment changes."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone, translation

from governance.assessments.models import Assessment
from governance.assessments.selectors import bound
from governance.review import changes, selectors, services
from portal.errors import RuleBroken
from tests import make

pytestmark = pytest.mark.django_db
WHY = "A later look."


def _draft(system: Any, flows: list[Any]) -> tuple[Any, list[Any]]:
    board, members = make.board_with_members(system.unit)
    request = services.create_request(
        system=system,
        flows=flows,
        version=system.versions.get(),
        summary="May we?",
        board=board,
        by=system.owner,
    )
    return request, members


def _submitted() -> tuple[Any, list[Any]]:
    system = make.system()
    request, members = _draft(system, [make.flow(system)])
    make.complete(system)
    services.submit(request=request, by=system.owner)
    return request, members


def _officer(system: Any) -> Any:
    return make.person("data_protection_officer", system=system)


def _sign_anew(system: Any, kind: str = "dpia") -> Assessment:
    waiting: Assessment = make.assessment(system, kind, until="in_review")
    return changes.sign_assessment(assessment=waiting, reason=WHY, by=_officer(system))


def _withdraw(system: Any) -> None:
    signed = Assessment.objects.get(system=system, state="signed")
    changes.withdraw_assessment(assessment=signed, reason=WHY, by=_officer(system))


def _in_force(system: Any, at: dt.datetime | None = None) -> int:
    return selectors.in_force(system.pk, at or timezone.now()).count()


@pytest.mark.parametrize("until", ["none", "draft", "in_review"])
def test_what_is_not_signed_is_named_and_not_submitted(until: str) -> None:
    system = make.system()
    request, _members = _draft(system, [make.flow(system)])
    if until != "none":
        make.assessment(system, until=until)
    with pytest.raises(RuleBroken, match=r"Data protection impact assessment \(DPIA\) is needed") as refused:
        services.submit(request=request, by=system.owner)
    assert refused.value.code == "not_assessed"
    request.refresh_from_db()
    assert request.state == "draft"
    assert list(selectors.assessments_bound(request, timezone.now().date())) == []


def test_a_high_risk_flow_needs_all_four_each_named() -> None:
    system = make.system()
    request, _members = _draft(system, [make.flow(system, modality="voice")])
    today = timezone.now().date()
    make.policy(system)
    assert [p.code for p in selectors.problems(request, today)] == ["not_assessed"] * 4
    assert len({p.assessment for p in selectors.problems(request, today)}) == 4
    with translation.override("nl"):
        assert "Gegevensbeschermingseffectbeoordeling" in selectors.problems(request, today)[0].assessment
    make.complete(system)
    assert selectors.problems(request, today) == []
    services.submit(request=request, by=system.owner)
    assert set(request.content["assessments"]) == {"dpia", "fria", "bias", "oversight"}


def test_the_digests_of_what_is_signed_are_part_of_what_is_approved() -> None:
    request, _members = _submitted()
    signed = Assessment.objects.get(system=request.system)
    assert request.content["assessments"] == {"dpia": signed.digest}
    assert list(selectors.assessments_bound(request, timezone.now().date())) == [signed]


@pytest.mark.parametrize("change", [_sign_anew, _withdraw])
def test_an_assessment_that_changes_takes_a_request_out_of_review(change: Any) -> None:
    request, _members = _submitted()
    change(request.system)
    request.refresh_from_db()
    assert request.state == "withdrawn"
    assert "An assessment" in request.decision_reason


@pytest.mark.parametrize("change", [_sign_anew, _withdraw])
@pytest.mark.parametrize("suspended", [False, True])
def test_an_assessment_that_changes_voids_what_was_approved_with_it(change: Any, suspended: bool) -> None:
    system = make.system()
    deployment = make.approved_deployment(system)
    if suspended:
        chair = make.person("board_chair", unit=system.unit)
        services.suspend(deployment=deployment, reason="Stop.", by=chair)
    change(system)
    deployment.refresh_from_db()
    assert deployment.state == "voided"
    assert "An assessment" in deployment.reason
    assert _in_force(system) == 0


def test_an_assessment_that_was_not_bound_voids_nothing() -> None:
    system = make.system()
    deployment = make.approved_deployment(system)
    _sign_anew(system, "bias")  # a DPIA alone was needed
    draft = make.assessment(system, until="draft")
    changes.withdraw_assessment(assessment=draft, reason="Not now.", by=system.owner)
    deployment.refresh_from_db()
    assert deployment.state == "in_force"
    assert _in_force(system) == 1


def test_what_changed_behind_the_product_is_not_voted_on() -> None:
    request, members = _submitted()
    Assessment.objects.filter(system=request.system, state="signed").update(digest="0" * 64)
    with pytest.raises(RuleBroken) as refused:
        services.cast_vote(request=request, choice="approve", reason="Fine.", by=members[0])
    assert refused.value.code == "file_changed"


def test_an_approval_stops_by_itself_when_an_assessment_ends_and_is_voided() -> None:
    system = make.system()
    deployment = make.approved_deployment(system)  # for two years
    last = Assessment.objects.get(system=system).valid_until
    assert last is not None
    evening = dt.datetime.combine(last, dt.time(23, 59), dt.UTC)
    assert _in_force(system, evening) == 1
    assert _in_force(system, evening + dt.timedelta(minutes=2)) == 0
    assert changes.void_unassessed(effective_at=evening) == 0
    assert changes.void_unassessed(effective_at=evening + dt.timedelta(minutes=2)) == 1
    assert changes.void_unassessed(effective_at=evening + dt.timedelta(minutes=2)) == 0
    deployment.refresh_from_db()
    assert deployment.state == "voided"


def test_a_request_leaves_review_when_its_assessment_ends() -> None:
    request, _members = _submitted()
    later = timezone.now() + dt.timedelta(days=380)
    assert changes.void_unassessed(effective_at=later) == 1
    request.refresh_from_db()
    assert request.state == "withdrawn"


def test_nothing_is_reinstated_whose_assessment_ended() -> None:
    system = make.system()
    deployment = make.approved_deployment(system)
    chair = make.person("board_chair", unit=system.unit)
    services.suspend(deployment=deployment, reason="Stop.", by=chair)
    back = services.ask_reinstatement(deployment=deployment, summary="Fixed.", by=system.owner)
    Assessment.objects.filter(system=system).update(valid_until=timezone.now().date() - dt.timedelta(days=1))
    with pytest.raises(RuleBroken, match="needed and not validly signed") as refused:
        services.submit(request=back, by=system.owner)
    assert refused.value.code == "not_assessed"
    make.assessment(system)  # another one, before the hourly job voided what rests on the first
    with pytest.raises(RuleBroken, match=r"later version .*\. Ask for a new approval") as refused:
        services.submit(request=back, by=system.owner)
    assert refused.value.code == "not_assessed"


def test_an_approval_from_before_assessments_binds_none() -> None:
    system = make.system()
    deployment = make.approved_deployment(system)
    content = {k: v for k, v in deployment.request.content.items() if k != "assessments"}
    type(deployment.request).objects.filter(pk=deployment.request.pk).update(content=content)
    _sign_anew(system)
    deployment.refresh_from_db()
    assert deployment.state == "in_force"


def test_what_was_approved_is_asked_again_with_the_new_version() -> None:
    system = make.system()
    flow = make.flow(system)
    make.approved_deployment(system, [flow])
    signed = _sign_anew(system)
    again = make.approved_deployment(system, [flow])
    today = timezone.now().date()
    assert again.request.content["assessments"] == bound(system, [flow], today) == {"dpia": signed.digest}
