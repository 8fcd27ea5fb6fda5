"""Votes: cast, stepped back from, closed; and the decision that follows."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.registry.services import permitted, person
from governance.review import acts, conditions, deployments, rules, selectors
from governance.review.acts import locked, need, note, step
from governance.review.models import Board, DeploymentRequest, Recusal, Round, Seat, Vote
from portal.errors import N_, RuleBroken

EXPIRED = N_("The vote closed without a decision.")
CHANGED = N_("What was submitted has changed since. The request must be made again.")


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
    """Vote for a seat, once a round, with a reason; the last vote closes the vote and its decision takes effect.

    `conditions` (with the choice `conditions`): `{"text", "owner" (User or its id), "due_on" (date or ISO)}` and
    perhaps `"accepted_by"` (the discipline whose seat accepts it; else the voting seat itself).
    """
    with transaction.atomic():
        row = locked(request)
        now = effective_at or timezone.now()
        permitted(by, "view_review", row.system)
        standing = selectors.standing(row, person(by), now)
        round_ = selectors.current_round(row)
        if standing.why_not or standing.seat is None or round_ is None:
            raise RuleBroken(standing.why_not, code="cannot_vote")
        if seat is not None and seat.pk != standing.seat.pk:
            raise RuleBroken(N_("You do not speak for this seat."), code="cannot_vote", field="seat")
        step("request", row.state, "vote")
        checked = _checked(choice, reason, conditions, standing.seat, now)
        _refuse_changed(row, now)
        vote = Vote.objects.create(
            request=row,
            round=round_,
            seat=standing.seat,
            choice=choice,
            reason=reason.strip(),
            conditions=checked,
            counted=not standing.seat.advisory,
            cast_at=now,
            cast_by=by,
        )
        # the ledger keeps that the seat voted; what it said is hidden until the vote closes
        note("review.vote_cast", row, by, effective_at, seat=standing.seat.discipline, round=round_.number)
        _refer(row, by, now, effective_at)
        tally = selectors.tally(row, now.date())
        if tally.decision is not None:
            _settle(row, tally, by, now, effective_at)
    request.refresh_from_db()
    return vote


def _checked(
    choice: str, reason: str, rows: Sequence[Mapping[str, Any]], seat: Seat, now: dt.datetime
) -> list[dict[str, str]]:
    return conditions.check_vote(choice, reason, rows, seat, now.date())


def recuse(
    *, request: DeploymentRequest, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> Recusal:
    """Declare a conflict of interest and step back, also from later rounds; the deputy of the seat steps in."""
    reason = need(reason)
    with transaction.atomic():
        row = locked(request)
        now = effective_at or timezone.now()
        permitted(by, "view_review", row.system)
        step("request", row.state, "recuse")
        seat = selectors.seat_of(row, person(by), now.date())
        round_ = selectors.current_round(row)
        if seat is None or round_ is None:
            raise RuleBroken(N_("You have no seat on this board."), code="cannot_vote")
        if round_.votes.filter(cast_by=by).exists():
            raise RuleBroken(N_("You have voted. A vote is cast once."), code="cannot_vote")
        if row.recusals.filter(declared_by=by).exists():
            raise RuleBroken(N_("You declared a conflict of interest and stepped back."), code="cannot_vote")
        recusal = Recusal.objects.create(
            request=row, round=round_, seat=seat, reason=reason, declared_at=now, declared_by=by
        )
        note("review.recused", row, by, effective_at, seat=seat.discipline, reason=reason)
        _refer(row, by, now, effective_at)
        _decide_by_itself(row, now, effective_at)
    request.refresh_from_db()
    return recusal


def close_vote(
    *, request: DeploymentRequest, by: Any, effective_at: dt.datetime | None = None
) -> DeploymentRequest:
    """Close a vote whose quorum is reached although seats are still silent; by a chair who did not step back."""
    with transaction.atomic():
        row = locked(request)
        now = effective_at or timezone.now()
        permitted(by, "chair", row.system)
        acts.refuse_conflicted(row, by)
        step("request", row.state, "approve")
        tally = selectors.tally(row, now.date(), closing=True)
        if tally.decision is None:
            raise RuleBroken(tally.why, code="no_quorum")
        _settle(row, tally, by, now, effective_at)
    request.refresh_from_db()
    return request


def extend_vote(*, request: DeploymentRequest, until: dt.date, reason: str, by: Any) -> Round:
    """Leave a vote open until the end of a later day, by a chair who did not step back; at most 90 days from now."""
    reason = need(reason)
    with transaction.atomic():
        row = locked(request)
        now = timezone.now()
        permitted(by, "chair", row.system)
        acts.refuse_conflicted(row, by)
        step("request", row.state, "extend")
        round_ = row.rounds.get(ended_at=None)
        last = min(until, now.date() + dt.timedelta(days=365))  # the end of the calendar has no day after it
        closes = dt.datetime.combine(last + dt.timedelta(days=1), dt.time.min, dt.UTC)
        if closes <= round_.vote_closes_at or closes > now + dt.timedelta(days=91):
            raise RuleBroken(
                N_("Choose a later day than now set, at most 90 days from today."),
                code="out_of_range",
                field="until",
            )
        round_.vote_closes_at = closes
        round_.save(update_fields=["vote_closes_at"])
        note("review.vote_extended", row, by, None, until=until.isoformat(), reason=reason)
    return round_


def close_due(*, now: dt.datetime | None = None) -> int:
    """Close the votes whose last moment has passed: decided where the quorum is in, else back to the requester."""
    moment = now or timezone.now()
    due = DeploymentRequest.objects.filter(
        rounds__ended_at=None, rounds__vote_closes_at__lte=moment, state="in_review"
    )
    count = 0
    for request in due.distinct():
        with transaction.atomic():
            row = locked(request)
            round_ = row.rounds.filter(ended_at=None, vote_closes_at__lte=moment).first()
            if row.state != "in_review" or round_ is None:
                continue
            tally = selectors.tally(row, moment.date(), closing=True)
            if tally.decision is None:
                _expire(row, tally.why, moment, None)
            else:
                _settle_or_end(row, tally, moment, None)
            count += 1
    return count


def decide_open(board: Board, now: dt.datetime) -> None:
    """After a seat changed hands: close what waited for nobody else. In a transaction."""
    for request in DeploymentRequest.objects.filter(board=board, state="in_review"):
        row = locked(request)
        if row.state == "in_review":
            _refer(row, "system", now, None)
            _decide_by_itself(row, now, None)


def _refer(request: DeploymentRequest, by: Any, now: dt.datetime, effective_at: dt.datetime | None) -> None:
    """A delegated file without two approvals in sight goes to the full board."""
    if request.delegated and _not_for_two(request, now):
        step("request", request.state, "refer")
        request.delegated = False
        request.save(update_fields=["delegated"])
        note("review.request_referred", request, by, effective_at)


def _not_for_two(request: DeploymentRequest, now: dt.datetime) -> bool:
    votes = selectors.counted_votes(request)
    silent = len(votes) < rules.DELEGATED_VOTES
    refused = any(vote.choice != "approve" for vote in votes) or selectors.left_out(request)
    return bool(refused) or (silent and not selectors.delegates(request, now.date()))


def _decide_by_itself(request: DeploymentRequest, now: dt.datetime, effective_at: dt.datetime | None) -> None:
    tally = selectors.tally(request, now.date())
    if tally.decision is not None:
        _settle_or_end(request, tally, now, effective_at)


def _settle_or_end(
    request: DeploymentRequest, tally: rules.Tally, now: dt.datetime, effective_at: dt.datetime | None
) -> None:
    """Close a vote where no voter is there to be told: what may not be approved leaves the board, with the reason."""
    try:
        with transaction.atomic():
            _settle(request, tally, "system", now, effective_at)
    except RuleBroken as refused:  # the file or the law moved, or a condition is overdue
        row = locked(request)
        if refused.code == "file_changed":
            acts.overtake(request=row, reason=CHANGED, by="system", effective_at=effective_at)
        else:
            _expire(row, str(refused), now, effective_at)


def _expire(request: DeploymentRequest, why: str, now: dt.datetime, effective_at: dt.datetime | None) -> None:
    acts.give_back(request, step("request", request.state, "expire"), why, "system", now)
    note("review.vote_expired", request, "system", effective_at, reason=EXPIRED, votes=acts.said(request))


def _settle(
    request: DeploymentRequest,
    tally: rules.Tally,
    by: Any,
    now: dt.datetime,
    effective_at: dt.datetime | None,
) -> None:
    """Close the vote: decision, conditions, what follows, and now the votes in the ledger, dissent included."""
    act = {"approved": "approve", "approved_with_conditions": "approve_with_conditions", "rejected": "reject"}
    assert tally.decision is not None  # noqa: S101 - for the type checker; callers asked
    approved = tally.decision != "rejected"
    if approved:
        _refuse_changed(request, now)
        _refuse_incomplete(request, now)
    acts.close(
        request, step("request", request.state, act[tally.decision]), tally.why, by, effective_at or now
    )
    if tally.decision == "approved_with_conditions":
        conditions.set_conditions(request, selectors.counted_votes(request))
    note(
        "review.request_decided",
        request,
        by,
        effective_at,
        decision=tally.decision,
        reason=tally.why,
        votes_for=tally.votes_for,
        votes_against=tally.votes_against,
        abstained=tally.abstained,
        delegated=request.delegated,
        digest=request.digest,
        votes=acts.said(request),
    )
    if approved and request.kind == "reinstatement":
        deployments.reinstate(request=request, by=by, now=now, effective_at=effective_at)
    elif approved:
        deployments.put_in_force(request=request, by=by, now=now, effective_at=effective_at)


def _refuse_changed(request: DeploymentRequest, now: dt.datetime) -> None:
    # the digest binds what was read: what is approved is that file and no other
    if selectors.file_changed(request, now.date()):
        raise RuleBroken(CHANGED, code="file_changed")


def _refuse_incomplete(request: DeploymentRequest, now: dt.datetime) -> None:
    # whatever changed since the submission: nobody approves a prohibited flow or one on hold
    found = selectors.file_problems(request, now.date(), voting_seats=rules.FEWEST_VOTES)
    if found:
        raise RuleBroken(found[0].message, code=found[0].code, **found[0].params)
