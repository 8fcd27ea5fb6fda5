"""Who may vote, when a vote closes and what it decides; sixteen at once."""

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from governance.review import boards, changes, selectors, services, terms
from governance.review.models import Deployment, InForce, Vote
from portal.desk.dates import dates
from portal.errors import NotAllowed, RuleBroken
from tests import make

SEATS = ("legal", "ethics", "technology")


def _in_review(disciplines: tuple[str, ...] = SEATS, **fields: Any) -> tuple[Any, list[Any]]:
    system = make.system()
    flow = make.flow(system, **fields)
    board, members = make.board_with_members(system.unit, disciplines)
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
    return request, members


def _vote(request: Any, member: Any, choice: str = "approve", **fields: Any) -> Vote:
    return services.cast_vote(request=request, choice=choice, reason="Because.", by=member, **fields)


@pytest.mark.django_db
def test_three_votes_approve_and_put_in_force() -> None:
    request, members = _in_review()
    for member in members[:2]:
        _vote(request, member)
        assert request.state == "in_review"
        assert not selectors.votes_shown(request).exists()
    _vote(request, members[2], "reject")
    assert request.state == "approved"
    assert selectors.votes_shown(request).count() == 3
    assert Deployment.objects.get(request=request).digest == request.digest


@pytest.mark.django_db
def test_two_against_reject() -> None:
    request, members = _in_review()
    for member, choice in zip(members, ("approve", "reject", "reject"), strict=True):
        _vote(request, member, choice)
    assert request.state == "rejected"
    assert not Deployment.objects.filter(request=request).exists()
    assert "majority" in request.decision_reason


@pytest.mark.django_db
def test_high_risk_needs_two_thirds() -> None:
    request, members = _in_review(
        ("legal", "ethics", "technology", "hr", "works_council"), modality="voice", setting="self_service"
    )
    assert request.high_risk
    for member, choice in zip(members, ("approve", "approve", "approve", "reject", "reject"), strict=True):
        _vote(request, member, choice)
    assert request.state == "rejected"


@pytest.mark.django_db
def test_conditions_come_with_the_approval() -> None:
    request, members = _in_review()
    due = timezone.now().date() + dt.timedelta(days=30)
    condition = {"text": "Train the agents.", "owner": request.system.owner, "due_on": due}
    _vote(request, members[0])
    _vote(request, members[1], "conditions", conditions=[condition])
    _vote(request, members[2])
    assert request.state == "approved_with_conditions"
    made = request.conditions.get()
    assert (made.text, made.owner, made.due_on) == ("Train the agents.", request.system.owner, due)
    assert made.accepted_by_seat == made.set_by
    services.hand_in(condition=made, evidence="Records of 12 people.", by=request.system.owner)
    assert (made.state, made.met_at) == ("handed_in", None)
    with pytest.raises(NotAllowed):
        services.accept_condition(condition=made, by=members[0])
    services.accept_condition(condition=made, by=members[1])
    assert (made.state, made.met_by) == ("met", members[1])
    with pytest.raises(RuleBroken, match="met"):
        services.hand_in(condition=made, evidence="Again.", by=request.system.owner)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("choice", "conditions", "code"),
    [
        ("conditions", [], "conditions"),
        ("approve", [{"text": "x"}], "conditions"),
        ("conditions", [{"text": "x", "owner": "nobody", "due_on": "2030-01-01"}], "conditions"),
        ("maybe", [], "unknown_value"),
    ],
)
def test_a_vote_of_the_wrong_shape_is_refused(choice: str, conditions: list[Any], code: str) -> None:
    request, members = _in_review()
    with pytest.raises(RuleBroken) as refused:
        _vote(request, members[0], choice, conditions=conditions)
    assert refused.value.code == code
    assert not request.votes.exists()


@pytest.mark.django_db
def test_a_vote_needs_a_reason() -> None:
    request, members = _in_review()
    with pytest.raises(RuleBroken, match="reason"):
        services.cast_vote(request=request, choice="approve", reason="  ", by=members[0])


@pytest.mark.django_db
def test_requester_owner_and_outsiders_never_vote() -> None:
    request, members = _in_review()
    admin = make.person("administrator", unit=request.system.unit)
    seat = boards.add_seat(board=request.board, discipline="hr", by=admin)
    terms.appoint(seat=seat, user=request.system.owner, by=admin)
    with pytest.raises(RuleBroken, match="own request"):
        _vote(request, request.system.owner)
    with pytest.raises(RuleBroken, match="no seat"):
        _vote(request, make.person("board_member", unit=request.system.unit))
    with pytest.raises(NotAllowed):
        _vote(request, make.user())
    # the owner's seat has nobody to speak for it: three votes still close
    for member in members:
        _vote(request, member)
    assert request.state == "approved"


@pytest.mark.django_db
def test_the_affected_business_is_heard_and_not_counted() -> None:
    request, members = _in_review((*SEATS, "affected_business"))
    vote = _vote(request, members[3], "reject")
    assert not vote.counted
    _vote(request, members[0])
    _vote(request, members[1], "reject")
    _vote(request, members[2])
    assert request.state == "approved"


@pytest.mark.django_db
def test_after_a_recusal_the_deputy_votes() -> None:
    request, members = _in_review()
    admin = make.person("administrator", unit=request.system.unit)
    deputy = make.person("board_member", unit=request.system.unit)
    seat = request.board.seats.get(discipline="legal")
    terms.appoint(seat=seat, user=deputy, deputy=True, by=admin)
    with pytest.raises(RuleBroken, match="deputy"):
        _vote(request, deputy)
    services.recuse(request=request, reason="My brother sells it.", by=members[0])
    with pytest.raises(RuleBroken, match="stepped back"):
        _vote(request, members[0])
    _vote(request, deputy)
    _vote(request, members[1])
    _vote(request, members[2])
    assert request.state == "approved"


@pytest.mark.django_db
def test_without_a_deputy_a_recusal_leaves_too_few() -> None:
    request, members = _in_review()
    services.recuse(request=request, reason="Conflict.", by=members[0])
    _vote(request, members[1])
    _vote(request, members[2])
    assert request.state == "in_review"
    chair = make.person("board_chair", unit=request.system.unit)
    with pytest.raises(RuleBroken, match="quorum"):
        services.close_vote(request=request, by=chair)


@pytest.mark.django_db
def test_the_chair_closes_when_the_quorum_is_reached() -> None:
    request, members = _in_review((*SEATS, "hr"))
    for member in members[:3]:
        _vote(request, member)
    assert request.state == "in_review"
    with pytest.raises(NotAllowed):
        services.close_vote(request=request, by=members[0])
    services.close_vote(request=request, by=make.person("board_chair", unit=request.system.unit))
    assert request.state == "approved"


@pytest.mark.django_db
def test_a_required_discipline_must_vote() -> None:
    request, members = _in_review((*SEATS, "data_protection"))
    admin = make.person("administrator", unit=request.system.unit)
    boards.set_rule(
        board=request.board,
        risk="transparency",
        required=["data_protection"],
        reason="Privacy first.",
        by=admin,
    )
    chair = make.person("board_chair", unit=request.system.unit)
    services.return_request(request=request, questions="And privacy?", by=chair)
    services.resubmit(request=request, answer="As described.", by=request.requested_by)
    for member in members[:3]:
        _vote(request, member)
    with pytest.raises(RuleBroken, match="required discipline"):
        services.close_vote(request=request, by=chair)
    _vote(request, members[3])
    assert request.state == "approved"


@pytest.mark.django_db
def test_a_member_who_left_cannot_vote() -> None:
    request, members = _in_review((*SEATS, "hr"))
    admin = make.person("administrator", unit=request.system.unit)
    terms.dismiss(membership=members[3].memberships.get(), by=admin, reason="Left the company.")
    with pytest.raises(RuleBroken, match="no seat"):
        _vote(request, members[3])
    for member in members[:3]:
        _vote(request, member)
    assert request.state == "approved"


@pytest.mark.django_db
def test_a_vote_after_closing_is_refused() -> None:
    request, members = _in_review()
    services.withdraw(request=request, reason="Not now.", by=request.requested_by)
    with pytest.raises(RuleBroken, match="not in review"):
        _vote(request, members[0])
    assert request.state == "withdrawn"


def test_sixteen_at_once_close_a_vote_once(committed_db: Any) -> None:
    """Every member votes from several threads in the same instant: one vote each, one deployment."""
    request, members = _in_review()
    start, refused = threading.Barrier(16), []

    def vote(number: int) -> None:
        try:
            start.wait()
            _vote(type(request).objects.get(pk=request.pk), members[number % 3])
        except RuleBroken as error:
            refused.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=vote, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    request.refresh_from_db()
    assert request.state == "approved"
    assert refused == ["cannot_vote"] * 13
    assert Vote.objects.filter(request=request).count() == 3
    assert Deployment.objects.filter(request=request).count() == 1
    assert InForce.objects.filter(deployment__request=request).count() == 1


def test_votes_and_changes_at_once_never_wait_in_a_circle(committed_db: Any) -> None:
    """Votes that replace a deployment, changes of its flow and a suspension, all in the same instant."""
    request, members = _in_review()
    for member in members:
        _vote(request, member)
    flow = request.flows.get()
    board = request.board
    again = services.create_request(
        system=request.system,
        flows=[flow],
        version=request.version,
        summary="Again?",
        board=board,
        by=request.requested_by,
    )
    make.complete(again.system)
    services.submit(request=again, by=request.requested_by)
    start, unexpected = threading.Barrier(8), []

    def act(number: int) -> None:
        try:
            start.wait()
            if number < 3:
                _vote(type(again).objects.get(pk=again.pk), members[number])
            elif number < 6:
                fresh = type(flow).objects.get(pk=flow.pk)
                changes.change_flow(
                    flow=fresh,
                    by=request.requested_by,
                    expected_version=1,
                    reason="Busy lines.",
                    consequence="routing",
                    recipient="operator",
                )
            else:
                services.suspend_flow(flow=flow, reason="Undeclared voice.", by="system")
        except RuleBroken:
            pass
        except Exception as error:
            unexpected.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert unexpected == []
    flow.refresh_from_db()
    assert flow.row_version == 2
    # the change was material: whatever the order, nothing of the old description is in force now
    assert not selectors.in_force(request.system.pk, timezone.now()).exists()


def _with_conditions(*days: int) -> Any:
    """A deployment whose conditions are due so many days from today."""
    request, members = _in_review()
    today, owner = timezone.now().date(), request.system.owner
    rows = [{"text": f"{n}", "owner": owner, "due_on": today + dt.timedelta(days=n)} for n in days]
    _vote(request, members[0], "conditions", conditions=rows)
    for member in members[1:]:
        _vote(request, member)
    return Deployment.objects.get(request=request)


def _meet(condition: Any, **fields: Any) -> None:
    """Its owner hands in evidence, the seat that set it accepts."""
    services.hand_in(condition=condition, evidence="Done.", by=condition.owner, **fields)
    member = condition.accepted_by_seat.memberships.get().user
    services.accept_condition(condition=condition, by=member, **fields)


@pytest.mark.django_db
def test_an_overdue_condition_stops_the_deployment_from_that_second() -> None:
    deployment = _with_conditions(3, 10)
    first, second = deployment.request.conditions.all()
    system = deployment.system
    end = dt.datetime.combine(first.due_on + dt.timedelta(days=1), dt.time.min, dt.UTC)
    moment = dt.timedelta(microseconds=1)
    assert selectors.in_force(system.pk, end - moment).exists()  # the due day itself still counts
    assert not selectors.in_force(system.pk, end).exists()
    assert services.suspend_overdue(now=end - moment) == 0
    _meet(first)
    end = dt.datetime.combine(second.due_on + dt.timedelta(days=1), dt.time.min, dt.UTC)
    assert selectors.in_force(system.pk, end - moment).exists()
    assert not selectors.in_force(system.pk, end).exists()
    later = end + dt.timedelta(minutes=20)
    assert services.suspend_overdue(now=later) == 1
    assert services.suspend_overdue(now=later) == 0
    deployment.refresh_from_db()
    assert (deployment.state, deployment.suspended_at) == ("suspended", end)
    with pytest.raises(RuleBroken, match="overdue"):
        make.reinstated(deployment, effective_at=later)
    deployment.reinstatements.all().update(state="withdrawn")
    _meet(second, effective_at=later)
    assert not selectors.in_force(system.pk, later).exists()
    make.reinstated(deployment, effective_at=later)
    assert selectors.in_force(system.pk, later).exists()
    assert InForce.objects.filter(deployment=deployment, ends_at=deployment.valid_until).count() == 1


@pytest.mark.django_db
def test_a_condition_of_an_approval_that_is_over_waits_for_nobody() -> None:
    deployment = _with_conditions(3, 10)
    owner = deployment.request.conditions.first().owner
    mine = [task for task in selectors.waiting(owner, make.today()) if str(task.kind) == "Your condition"]
    assert len(mine) == 2
    changes.add_version(
        system=deployment.system,
        name="2.0",
        released_on=make.today(),
        by=deployment.system.owner,
        notes="Trained anew.",
    )
    left = selectors.waiting(owner, make.today())
    assert [task for task in left if str(task.kind) == "Your condition"] == []
    assert [row for row in dates(owner) if str(row.kind) == "Your condition"] == []


@pytest.mark.django_db
def test_a_condition_met_too_late_puts_nothing_back() -> None:
    deployment = _with_conditions(1)
    condition = deployment.request.conditions.get()
    late = timezone.now() + dt.timedelta(days=3)
    _meet(condition, effective_at=late)
    deployment.refresh_from_db()
    assert (deployment.state, deployment.suspended_by) == ("suspended", "system")
    assert not selectors.in_force(deployment.system_id, late).exists()


@pytest.mark.django_db
def test_a_condition_that_was_due_before_the_last_vote_keeps_everything_out_of_force() -> None:
    request, members = _in_review()
    today, owner = timezone.now().date(), request.system.owner
    _vote(request, members[0], "conditions", conditions=[{"text": "x", "owner": owner, "due_on": today}])
    _vote(request, members[1])
    later = timezone.now() + dt.timedelta(days=2)
    _vote(request, members[2], effective_at=later)
    assert request.state == "approved_with_conditions"
    assert not selectors.in_force(request.system_id, later + dt.timedelta(seconds=1)).exists()
    assert services.suspend_overdue(now=later + dt.timedelta(hours=1)) == 1


@pytest.mark.django_db
def test_a_condition_met_does_not_put_back_a_stopped_flow() -> None:
    deployment = _with_conditions(5)
    system = deployment.system
    chair = make.person("board_chair", unit=system.unit)
    services.suspend_flow(flow=system.flows.get(), reason="Complaints.", by=chair)
    _meet(deployment.request.conditions.get())
    assert not selectors.in_force(system.pk, timezone.now()).exists()


@pytest.mark.django_db
def test_a_term_that_is_over_is_not_ended_again() -> None:
    request, members = _in_review()
    admin = make.person("administrator", unit=request.system.unit)
    membership = members[0].memberships.get()
    today = timezone.now().date()
    membership.starts_on, membership.ends_on = today - dt.timedelta(days=30), today - dt.timedelta(days=20)
    membership.save()
    with pytest.raises(RuleBroken, match="ended before"):
        terms.dismiss(membership=membership, by=admin, reason="Again.")
    membership.refresh_from_db()
    assert membership.ends_on == today - dt.timedelta(days=20)


def test_two_appointments_at_once_give_a_person_one_place(committed_db: Any) -> None:
    request, _members = _in_review()
    admin = make.person("administrator", unit=request.system.unit)
    seats = [
        boards.add_seat(board=request.board, discipline=name, by=admin) for name in ("hr", "data_protection")
    ]
    person, start, refused = make.user(), threading.Barrier(2), []

    def appoint(seat: Any) -> None:
        start.wait()
        try:
            terms.appoint(seat=seat, user=person, by=admin)
        except RuleBroken as error:
            refused.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=appoint, args=(seat,)) for seat in seats]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert refused == ["taken"]
    assert person.memberships.count() == 1
