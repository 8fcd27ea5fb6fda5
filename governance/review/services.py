"""Requests, votes and what follows from them. Boards: boards.py; changes of the register: changes.py."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from governance.registry.models import DataFlow, System, SystemVersion
from governance.registry.services import lock_system, permitted, person
from governance.review import deployments, rules, selectors
from governance.review.deployments import act_on
from governance.review.models import Board, Condition, DeploymentRequest, Recusal, Seat, Vote
from portal.errors import N_, NotAllowed, RuleBroken
from portal.ledger.services import actor_text, record

# the verbs on deployments belong to this slice's one door for services
reinstate = deployments.reinstate
suspend = deployments.suspend
suspend_flow = deployments.suspend_flow
reinstate_flow = deployments.reinstate_flow
lapse_due = deployments.lapse_due
suspend_overdue = deployments.suspend_overdue
meet_condition = deployments.meet_condition


def create_request(
    *,
    system: System,
    flows: Sequence[DataFlow],
    version: SystemVersion,
    summary: str,
    by: Any,
    board: Board | None = None,
    alternatives: str = "",
    doubts: str = "",
    consulted: str = "",
    valid_months: int = 12,
    effective_at: dt.datetime | None = None,
) -> DeploymentRequest:
    """Draft a request to put these flows of this version into use; the nearest board decides where none is named."""
    permitted(by, "request_deployment", system)
    board = board or selectors.boards_for(system).order_by("-unit__path").first()
    if board is None:
        raise RuleBroken(N_("No board decides for this unit yet. Set one up first."), code="no_board")
    if version.system_id != system.pk or any(flow.system_id != system.pk for flow in flows):
        raise RuleBroken(
            N_("Version and data flows must belong to the system."), code="foreign", field="flows"
        )
    if not 1 <= valid_months <= 24:
        raise RuleBroken(
            N_("An approval is valid for 1 to 24 months."), code="out_of_range", field="valid_months"
        )
    with transaction.atomic():
        request = DeploymentRequest.objects.create(
            system=system,
            board=board,
            version=version,
            summary=summary.strip(),
            alternatives=alternatives.strip(),
            doubts=doubts.strip(),
            consulted=consulted.strip(),
            valid_months=valid_months,
            created_at=effective_at or timezone.now(),
            requested_by=person(by),
            imported=effective_at is not None,
        )
        request.flows.set(flows)
        _record("review.request_drafted", request, by, effective_at, flows=sorted(f.slug for f in flows))
    return request


def submit(
    *, request: DeploymentRequest, by: Any, effective_at: dt.datetime | None = None
) -> DeploymentRequest:
    """Hand a complete file to the board; from here on the digest binds what is approved."""
    now = effective_at or timezone.now()
    with transaction.atomic():
        locked = _locked(request)
        permitted(by, "request_deployment", locked.system)
        state = _next("request", locked.state, "submit")
        found = selectors.problems(locked, now.date())
        if found:
            first = found[0]
            raise RuleBroken(first.message, code=first.code, field="flows", **first.params)
        locked.content = selectors.content(locked, now.date())
        locked.digest = rules.digest(locked.content)
        locked.high_risk = any(flow["outcome"] == "high_risk" for flow in locked.content["flows"])
        locked.state, locked.submitted_at, locked.submitted_by = state, now, person(by)
        locked.save()
        _record("review.request_submitted", locked, by, effective_at, digest=locked.digest)
    request.refresh_from_db()
    return request


def withdraw(
    *, request: DeploymentRequest, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> DeploymentRequest:
    """Take a request back, by the one who made it."""
    _need_reason(reason)
    with transaction.atomic():
        locked = _locked(request)
        if person(by).pk != locked.requested_by_id:
            raise NotAllowed(N_("Only the person who made the request withdraws it."), code="not_allowed")
        _close(locked, _next("request", locked.state, "withdraw"), reason, by, effective_at)
        _record("review.request_withdrawn", locked, by, effective_at, reason=reason)
    request.refresh_from_db()
    return request


def cast_vote(
    *,
    request: DeploymentRequest,
    choice: str,
    reason: str,
    by: Any,
    seat: Seat | None = None,
    conditions: Sequence[Mapping[str, Any]] = (),
    effective_at: dt.datetime | None = None,
) -> Vote:
    """Vote for a seat, once, with a reason; the last vote closes the vote and its decision takes effect.

    `conditions` (with the choice `conditions`): `{"text", "owner" (User or its id), "due_on" (date or ISO)}`.
    """
    now = effective_at or timezone.now()
    with transaction.atomic():
        locked = _locked(request)
        permitted(by, "view_review", locked.system)
        standing = selectors.standing(locked, person(by), now.date())
        if standing.why_not or standing.seat is None:
            raise RuleBroken(standing.why_not, code="cannot_vote")
        if seat is not None and seat.pk != standing.seat.pk:
            raise RuleBroken(N_("You do not speak for this seat."), code="cannot_vote", field="seat")
        _next("request", locked.state, "vote")
        rows = _checked_vote(choice, reason, conditions, now.date())
        if rules.digest(selectors.content(locked, now.date())) != locked.digest:
            raise RuleBroken(
                N_("What was submitted has changed since. The request must be made again."),
                code="file_changed",
            )
        vote = Vote.objects.create(
            request=locked,
            seat=standing.seat,
            choice=choice,
            reason=reason.strip(),
            conditions=rows,
            counted=not standing.seat.advisory,
            cast_at=now,
            cast_by=by,
        )
        # the ledger keeps that the seat voted; what it said is hidden until the vote closes
        _record("review.vote_cast", locked, by, effective_at, seat=standing.seat.discipline)
        _decide(locked, by, now, effective_at)
    request.refresh_from_db()
    return vote


def recuse(
    *, request: DeploymentRequest, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> Recusal:
    """Declare a conflict of interest and step back; the deputy of the seat steps in."""
    _need_reason(reason)
    now = effective_at or timezone.now()
    with transaction.atomic():
        locked = _locked(request)
        permitted(by, "view_review", locked.system)
        _next("request", locked.state, "recuse")
        seat = selectors.seat_of(locked, person(by), now.date())
        if seat is None:
            raise RuleBroken(N_("You have no seat on this board."), code="cannot_vote")
        if locked.votes.filter(cast_by=by).exists():
            raise RuleBroken(N_("You have voted. A vote is cast once."), code="cannot_vote")
        if locked.recusals.filter(declared_by=by).exists():
            raise RuleBroken(N_("You declared a conflict of interest and stepped back."), code="cannot_vote")
        recusal = Recusal.objects.create(
            request=locked, seat=seat, reason=reason.strip(), declared_at=now, declared_by=by
        )
        _record("review.recused", locked, by, effective_at, seat=seat.discipline, reason=reason.strip())
        _decide(locked, by, now, effective_at)
    request.refresh_from_db()
    return recusal


def close_vote(
    *, request: DeploymentRequest, by: Any, effective_at: dt.datetime | None = None
) -> DeploymentRequest:
    """Close a vote whose quorum is reached although seats are still silent; by the chair."""
    now = effective_at or timezone.now()
    with transaction.atomic():
        locked = _locked(request)
        permitted(by, "chair", locked.system)
        _refuse_own(locked, by)
        _next("request", locked.state, "approve")
        tally = selectors.tally(locked, now.date(), closing=True)
        if tally.decision is None:
            raise RuleBroken(tally.why, code="no_quorum")
        _settle(locked, tally, by, now, effective_at)
    request.refresh_from_db()
    return request


def overtake(
    *, request: DeploymentRequest, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> None:
    """Take a request out of review because what it asks for changed; called by `changes`."""
    with transaction.atomic():
        locked = _locked(request)
        _close(locked, _next("request", locked.state, "overtake"), reason, by, effective_at)
        _record("review.request_overtaken", locked, by, effective_at, reason=reason)


# --- inside -----------------------------------------------------------------------------------


def _locked(request: DeploymentRequest) -> DeploymentRequest:
    """The row, locked: votes, withdrawals and changes of one request happen one after the other."""
    lock_system(request.system_id)
    rows = DeploymentRequest.objects.select_for_update(of=("self",))
    return rows.select_related("system__unit", "board", "version").get(pk=request.pk)


def _next(machine: str, state: str, act: str) -> str:
    target = rules.after(machine, state, act)
    if target is None:
        raise RuleBroken(
            N_("This is not possible in the state '{state}'."), code="wrong_state", state=state, act=act
        )
    return target


def _need_reason(reason: str) -> None:
    if not reason.strip():
        raise RuleBroken(N_("Give a reason."), code="reason_missing", field="reason")


def _refuse_own(request: DeploymentRequest, by: Any) -> None:
    if person(by).pk in (request.requested_by_id, request.system.owner_id):
        raise RuleBroken(N_("Requester and owner take no part in the decision."), code="own_request")


def _checked_vote(
    choice: str, reason: str, conditions: Sequence[Mapping[str, Any]], today: dt.date
) -> list[dict[str, str]]:
    """The conditions as stored rows, after the shape of the vote was checked."""
    if choice not in rules.Choice.values():
        raise RuleBroken(N_("This is not one of the choices."), code="unknown_value", field="choice")
    _need_reason(reason)
    if (choice == "conditions") != bool(conditions):
        raise RuleBroken(
            N_("Conditions go with the choice 'approve with conditions', and it needs at least one."),
            code="conditions",
            field="conditions",
        )
    return [_condition(row, today) for row in conditions]


def _condition(row: Mapping[str, Any], today: dt.date) -> dict[str, str]:
    text = str(row.get("text", "")).strip()
    owner, due = row.get("owner"), row.get("due_on")
    people = get_user_model().objects
    pk = getattr(owner, "pk", owner)
    try:
        known = pk is not None and people.filter(pk=uuid.UUID(str(pk))).exists()
        due_on = due if isinstance(due, dt.date) else dt.date.fromisoformat(str(due))
    except ValueError:
        known, due_on = False, today
    if not text or not known or due_on < today:
        raise RuleBroken(
            N_("A condition needs a text, an owner and a date that is not past."),
            code="conditions",
            field="conditions",
        )
    return {"text": text, "owner": str(pk), "due_on": due_on.isoformat()}


def _decide(request: DeploymentRequest, by: Any, now: dt.datetime, effective_at: dt.datetime | None) -> None:
    tally = selectors.tally(request, now.date())
    if tally.decision is not None:
        _settle(request, tally, by, now, effective_at)


def _settle(
    request: DeploymentRequest,
    tally: rules.Tally,
    by: Any,
    now: dt.datetime,
    effective_at: dt.datetime | None,
) -> None:
    """Close the vote: decision, conditions, deployment in force, and now the votes in the ledger."""
    act = {"approved": "approve", "approved_with_conditions": "approve_with_conditions", "rejected": "reject"}
    assert tally.decision is not None  # noqa: S101 - for the type checker; callers asked
    approved = tally.decision != "rejected"
    if approved:
        # whatever changed since the submission: nobody approves a prohibited flow or one on hold
        found = selectors.file_problems(request, now.date(), voting_seats=rules.FEWEST_VOTES)
        if found:
            raise RuleBroken(found[0].message, code=found[0].code, **found[0].params)
    _close(request, _next("request", request.state, act[tally.decision]), tally.why, by, effective_at)
    votes = list(request.votes.select_related("seat"))
    if tally.decision == "approved_with_conditions":
        _set_conditions(request, votes)
    _record(
        "review.request_decided",
        request,
        by,
        effective_at,
        decision=tally.decision,
        reason=tally.why,
        votes_for=tally.votes_for,
        votes_against=tally.votes_against,
        abstained=tally.abstained,
        digest=request.digest,
        votes=[
            {"seat": v.seat.discipline, "choice": v.choice, "counted": v.counted, "reason": v.reason}
            for v in votes
        ],
    )
    if approved:
        deployments.put_in_force(request=request, by=by, now=now, effective_at=effective_at)


def _set_conditions(request: DeploymentRequest, votes: Sequence[Vote]) -> None:
    Condition.objects.bulk_create(
        Condition(
            request=request,
            text=row["text"],
            owner_id=uuid.UUID(row["owner"]),
            due_on=dt.date.fromisoformat(row["due_on"]),
            set_by=vote.seat,
        )
        for vote in votes
        if vote.counted
        for row in vote.conditions
    )


def _close(
    request: DeploymentRequest, state: str, reason: str, by: Any, effective_at: dt.datetime | None
) -> None:
    request.state = state
    request.closed_at = effective_at or timezone.now()
    request.closed_by = actor_text(by)
    request.decision_reason = reason
    request.save()


def _record(
    type: str, request: DeploymentRequest, by: Any, effective_at: dt.datetime | None, **body: Any
) -> None:
    named = {"system": request.system.slug, "version": request.version.name, **body}
    record(type=type, by=by, subject=request.subject, body=named, ts=effective_at)


__all__ = [
    "act_on",
    "cast_vote",
    "close_vote",
    "create_request",
    "lapse_due",
    "meet_condition",
    "overtake",
    "recuse",
    "reinstate",
    "reinstate_flow",
    "submit",
    "suspend",
    "suspend_flow",
    "suspend_overdue",
    "withdraw",
]
