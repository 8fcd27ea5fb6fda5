"""Races about the board: requests, votes, conditions, deployments, works council."""

import datetime as dt
import uuid
from typing import Any

from governance.review import boards, changes, deployments, expiring, services, terms
from governance.review.models import Condition, Deployment, DeploymentRequest, Membership
from governance.screening.models import Screening
from governance.screening.selectors import current
from tests import make
from tests.hostile.race import Act, Race, fresh, unit_of
from tests.services.test_review_rounds import WORKERS
from tests.whole.world import World


def in_review(world: World) -> tuple[DeploymentRequest, list[Any], Any]:
    """A submitted request on a board of its own, its members, and the chair."""
    system = make.system(unit=unit_of(world))
    board, members = make.board_with_members(system.unit)
    request = services.create_request(
        system=system, flows=[make.flow(system)], version=system.versions.get(), summary="May we?",
        board=board, by=system.owner,
    )  # fmt: skip
    make.complete(system)
    services.submit(request=request, by=system.owner)
    return request, members, make.person("board_chair", unit=system.unit)


def submit(world: World) -> Act:
    system = make.system(unit=unit_of(world))
    board, _members = make.board_with_members(system.unit)
    draft = services.create_request(
        system=system, flows=[make.flow(system)], version=system.versions.get(), summary="May we?",
        board=board, by=system.owner,
    )  # fmt: skip
    make.complete(system)
    return lambda _n: services.submit(request=fresh(draft), by=system.owner)


def withdraw(world: World) -> Act:
    request, _members, _chair = in_review(world)
    return lambda _n: services.withdraw(request=fresh(request), reason="No.", by=request.requested_by)


def vote(world: World) -> Act:
    request, members, _chair = in_review(world)
    return lambda n: services.cast_vote(
        request=fresh(request), choice=("approve", "reject")[n % 2], reason="Because.", by=members[0]
    )


def last_vote(world: World) -> Act:
    request, members, _chair = in_review(world)
    for member in members[:2]:
        services.cast_vote(request=request, choice="approve", reason="Yes.", by=member)
    return lambda _n: services.cast_vote(
        request=fresh(request), choice="approve", reason="Yes.", by=members[2]
    )


def recuse(world: World) -> Act:
    request, members, _chair = in_review(world)
    return lambda _n: services.recuse(request=fresh(request), reason="My brother.", by=members[0])


def close_vote(world: World) -> Act:
    system = make.system(unit=unit_of(world))
    board, members = make.board_with_members(system.unit, ("legal", "ethics", "technology", "hr"), quorum=3)
    request = services.create_request(
        system=system, flows=[make.flow(system)], version=system.versions.get(), summary="May we?",
        board=board, by=system.owner,
    )  # fmt: skip
    make.complete(system)
    services.submit(request=request, by=system.owner)
    for member in members[:3]:
        services.cast_vote(request=request, choice="approve", reason="Yes.", by=member)
    chair = make.person("board_chair", unit=system.unit)
    return lambda _n: services.close_vote(request=fresh(request), by=chair)


def deployment_of(world: World) -> Deployment:
    system = make.system(unit=unit_of(world))
    made: Deployment = make.approved_deployment(system)
    return made


def suspend(world: World) -> Act:
    deployment = deployment_of(world)
    chair = make.person("board_chair", unit=deployment.system.unit)
    return lambda _n: deployments.suspend(deployment=fresh(deployment), reason="Stop.", by=chair)


def waiting_of(world: World) -> Deployment:
    system = make.system(unit=unit_of(world))
    made: Deployment = make.approved_deployment(system, [make.flow(system, **WORKERS)], council=False)
    return made


def suspend_waiting(world: World) -> Act:
    deployment = waiting_of(world)
    chair = make.person("board_chair", unit=deployment.system.unit)
    return lambda _n: deployments.suspend(deployment=fresh(deployment), reason="Stop.", by=chair)


def suspend_flow(world: World) -> Act:
    flow = deployment_of(world).flows.get()
    chair = make.person("board_chair", unit=flow.system.unit)
    return lambda _n: deployments.suspend_flow(flow=fresh(flow), reason="Stop.", by=chair)


def last_vote_to_reinstate(world: World) -> Act:
    deployment = deployment_of(world)
    deployments.suspend(
        deployment=deployment, reason="Stop.", by=make.person("board_chair", unit=deployment.system.unit)
    )
    owner = deployment.system.owner
    back = services.ask_reinstatement(deployment=deployment, summary="Solved.", by=owner)
    services.submit(request=back, by=owner)
    members = [seat.memberships.get().user for seat in back.board.seats.all()]
    for member in members[:2]:
        services.cast_vote(request=back, choice="approve", reason="Yes.", by=member)
    return lambda _n: services.cast_vote(request=fresh(back), choice="approve", reason="Yes.", by=members[2])


def ask_reinstatement(world: World) -> Act:
    deployment = deployment_of(world)
    chair, owner = make.person("board_chair", unit=deployment.system.unit), deployment.system.owner
    deployments.suspend(deployment=deployment, reason="Stop.", by=chair)
    return lambda _n: services.ask_reinstatement(deployment=fresh(deployment), summary="Solved.", by=owner)


def give_back(world: World) -> Act:
    request, _members, chair = in_review(world)
    return lambda _n: services.return_request(request=fresh(request), questions="Why?", by=chair)


def resubmit(world: World) -> Act:
    request, _members, chair = in_review(world)
    services.return_request(request=request, questions="Why?", by=chair)
    return lambda _n: services.resubmit(request=fresh(request), answer="So.", by=request.requested_by)


def report(world: World) -> Act:
    request = deployment_of(world).request
    DeploymentRequest.objects.filter(pk=request.pk).update(delegated=True)
    chair = make.person("board_chair", unit=request.system.unit)
    return lambda _n: services.report_delegated(request=fresh(request), on=make.today(), by=chair)


def extend(world: World) -> Act:
    request, _members, chair = in_review(world)
    until = make.today() + dt.timedelta(days=40)
    return lambda _n: services.extend_vote(request=fresh(request), until=until, reason="Holidays.", by=chair)


def expire(world: World) -> Act:
    request, _members, _chair = in_review(world)
    then = request.rounds.get().vote_closes_at + dt.timedelta(seconds=1)
    return lambda _n: services.close_due(now=then)


def condition_of(world: World, *, handed_in: bool) -> tuple[Condition, Any]:
    """A condition and the member whose seat accepts it."""
    request, members, _chair = in_review(world)
    row = {"text": "Train.", "owner": request.system.owner, "due_on": make.today() + dt.timedelta(days=30)}
    for member in members:
        services.cast_vote(request=request, choice="conditions", reason="If.", conditions=[row], by=member)
    condition = Condition.objects.filter(request=request)[0]
    if handed_in:
        services.hand_in(condition=condition, evidence="Done.", by=request.system.owner)
    return condition, condition.accepted_by_seat.memberships.get().user


def hand_in(world: World) -> Act:
    condition, _seat = condition_of(world, handed_in=False)
    return lambda _n: services.hand_in(condition=fresh(condition), evidence="Done.", by=condition.owner)


def accept(world: World) -> Act:
    condition, seat = condition_of(world, handed_in=True)
    return lambda _n: services.accept_condition(condition=fresh(condition), by=seat)


def send_back(world: World) -> Act:
    condition, seat = condition_of(world, handed_in=True)
    return lambda _n: services.send_back_condition(condition=fresh(condition), reason="Not yet.", by=seat)


def answer_council(world: World) -> Act:
    system = make.system(unit=unit_of(world))
    flow = make.flow(system, signed=False, subject_role="employee", setting="workplace")
    asked = make.works_council(system, [flow], act="")
    council = make.person("works_council", unit=system.unit)
    return lambda _n: services.answer_council(
        council=fresh(asked), act="consent", answered_on=make.today(), by=council
    )


def lapse(world: World) -> Act:
    deployment = deployment_of(world)
    then = deployment.valid_until + dt.timedelta(seconds=1)
    return lambda _n: deployments.lapse_due(now=then)


def dismiss(world: World) -> Act:
    board, _members = make.board_with_members(unit_of(world))
    administrator = make.person("administrator", unit=board.unit)
    membership = Membership.objects.filter(seat__board=board).first()
    Membership.objects.filter(pk=membership.pk).update(starts_on=make.today() - dt.timedelta(days=30))  # type: ignore[union-attr]
    return lambda _n: terms.dismiss(membership=fresh(membership), reason="Left.", by=administrator)


def appoint(world: World) -> Act:
    board, _members = make.board_with_members(unit_of(world))
    administrator, person = make.person("administrator", unit=board.unit), make.user()
    seat = boards.add_seat(board=board, discipline="hr", by=administrator)
    return lambda _n: terms.appoint(seat=fresh(seat), user=person, by=administrator)


def add_seat(world: World) -> Act:
    board, _members = make.board_with_members(unit_of(world))
    administrator = make.person("administrator", unit=board.unit)
    return lambda _n: boards.add_seat(board=fresh(board), discipline="hr", by=administrator)


def give_back_changed(world: World) -> Act:
    request, _members, _chair = in_review(world)
    make.policy(request.system)
    return lambda _n: changes.give_back_changed(system=request.system)


def ask_with_one_token(world: World) -> Act:
    system = make.system(unit=unit_of(world))
    make.board_with_members(system.unit)
    flow, token = make.flow(system), uuid.uuid4()
    values = {"flows": [flow], "version": system.versions.get(), "summary": "May we?", "by": system.owner}
    return lambda _n: services.create_request(system=fresh(system), pk=token, **values)


def sign_again(world: World) -> Act:
    flow = make.flow(make.system(unit=unit_of(world)))
    make.approved_deployment(flow.system, [flow])
    officer = make.person("data_protection_officer", system=flow.system)
    return lambda _n: expiring.sign_screening(screening=fresh(current(flow)), by=officer)


def run_out(world: World) -> Act:
    flow = make.flow(make.system(unit=unit_of(world)))
    make.approved_deployment(flow.system, [flow])
    Screening.objects.filter(flow=flow).update(valid_until=make.today() - dt.timedelta(days=1))
    return lambda _n: expiring.expire_signatures()


RACES = [
    Race("review.services.create_request", "review.request_drafted", ask_with_one_token, silent=True),
    Race("review.changes.give_back_changed", "review.request_given_back", give_back_changed, silent=True),
    Race("review.expiring.sign_screening", "screening.signed", sign_again, silent=True),
    Race("review.expiring.expire_signatures", "screening.expired", run_out, silent=True),
    Race("review.services.submit", "review.request_submitted", submit),
    Race("review.services.resubmit", "review.request_resubmitted", resubmit),
    Race("review.services.return_request", "review.request_returned", give_back),
    Race("review.services.withdraw", "review.request_withdrawn", withdraw),
    Race("review.services.ask_reinstatement", "review.request_drafted", ask_reinstatement),
    Race("review.services.report_delegated", "review.delegation_reported", report),
    Race("review.votes.cast_vote", "review.vote_cast", vote),
    Race("review.votes.cast_vote", "review.deployment_in_force", last_vote),
    Race("review.votes.cast_vote", "review.deployment_reinstated", last_vote_to_reinstate),
    Race("review.votes.recuse", "review.recused", recuse),
    Race("review.votes.close_vote", "review.deployment_in_force", close_vote),
    Race("review.votes.extend_vote", "review.vote_extended", extend),
    Race("review.votes.close_due", "review.vote_expired", expire, silent=True),
    Race("review.deployments.suspend", "review.deployment_suspended", suspend),
    Race("review.deployments.suspend", "review.deployment_suspended", suspend_waiting),
    Race("review.deployments.suspend_flow", "review.flow_suspended", suspend_flow, silent=True),
    Race("review.deployments.lapse_due", "review.deployment_lapsed", lapse, silent=True),
    Race("review.conditions.hand_in", "review.evidence_handed_in", hand_in),
    Race("review.conditions.accept", "review.condition_met", accept),
    Race("review.conditions.send_back", "review.evidence_sent_back", send_back),
    Race("review.council.answer", "review.council_answered", answer_council),
    Race("review.boards.add_seat", "board.seat_added", add_seat),
    Race("review.terms.dismiss", "board.member_dismissed", dismiss),
    Race("review.terms.appoint", "board.member_appointed", appoint),
]
