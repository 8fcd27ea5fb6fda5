"""Members and deputies of a board: appointed for a term, its end moved, ended at once; the secretary."""

import datetime as dt
import uuid
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from governance.review import rules, selectors, votes
from governance.review.acts import need, refuse_not_manager, sent_before
from governance.review.models import Board, Membership, Seat
from portal.errors import N_, RuleBroken
from portal.ledger.services import record


def appoint(
    *,
    seat: Seat,
    user: Any,
    by: Any,
    deputy: bool = False,
    secretary: bool = False,
    starts_on: dt.date | None = None,
    ends_on: dt.date | None = None,
    pk: uuid.UUID | None = None,
    effective_at: dt.datetime | None = None,
) -> Membership:
    """Put a person on a seat (or make them its deputy) until a last day (None: open); who sat there leaves before.

    `pk` given (by a form) makes sending it twice harmless.
    """
    refuse_not_manager(by, seat.board.unit)
    day = starts_on or (effective_at or timezone.now()).date()
    _refuse_order(day, ends_on)
    with transaction.atomic():
        # the board, not the seat: one person appointed to two seats at once must meet themselves
        Board.objects.select_for_update(no_key=True).get(pk=seat.board_id)
        if (twin := sent_before(Membership, pk, seat_id=seat.pk, user_id=user.pk)) is not None:
            return twin
        term = rules.Term(user.pk, deputy, day, ends_on)
        if any(term.meets(other) for other in _others(seat.board, user=user)):
            raise RuleBroken(N_("This person has a place on this board already."), code="taken", field="user")
        _make_room(seat, term)
        membership = Membership.objects.create(
            id=pk or uuid.uuid4(),
            seat=seat,
            user=user,
            deputy=deputy,
            secretary=secretary,
            starts_on=day,
            ends_on=ends_on,
        )
        body = {"seat": seat.discipline, "member": str(user.pk), "deputy": deputy, "from": day.isoformat()}
        body["secretary"], body["until"] = secretary, ends_on.isoformat() if ends_on else None
        record(type="board.member_appointed", by=by, subject=seat.board.subject, body=body, ts=effective_at)
    return membership


def _make_room(seat: Seat, term: rules.Term) -> None:
    """End who sits there the day before; raises where somebody is to follow during the new term."""
    there = [row for row in seat.memberships.filter(deputy=term.deputy) if term.meets(selectors.term_of(row))]
    for row in there:
        if row.starts_on > term.starts_on:
            raise _follows(row)
    for row in there:
        _end(row, term.starts_on - dt.timedelta(days=1))


def change_term(*, membership: Membership, ends_on: dt.date | None, reason: str, by: Any) -> Membership:
    """Move the last day of a term that is not over (None: open); before today is what `dismiss` is for."""
    refuse_not_manager(by, membership.seat.board.unit)
    reason = need(reason)
    with transaction.atomic():
        locked, today = _locked(membership), timezone.now().date()
        _refuse_over(locked, today)
        _refuse_order(max(locked.starts_on, today), ends_on)
        if locked.ends_on == ends_on:
            return locked
        term = rules.Term(locked.user_id, locked.deputy, locked.starts_on, ends_on)
        rivals = _others(locked.seat.board, user=locked.user) - {selectors.term_of(locked)}
        if any(term.meets(other) for other in rivals):
            raise RuleBroken(
                N_("This person has a place on this board already."), code="taken", field="ends_on"
            )
        after = locked.seat.memberships.filter(deputy=locked.deputy).exclude(pk=locked.pk)
        for row in after:
            if term.meets(selectors.term_of(row)):
                raise _follows(row)
        locked.ends_on = ends_on
        locked.save(update_fields=["ends_on"])
        body: dict[str, Any] = {
            "seat": locked.seat.discipline,
            "member": str(locked.user_id),
            "reason": reason,
        }
        body["until"] = ends_on.isoformat() if ends_on else None
        record(type="board.term_changed", by=by, subject=locked.seat.board.subject, body=body)
    return locked


def dismiss(*, membership: Membership, by: Any, reason: str) -> Membership:
    """End a membership today; what the person voted stays, and what they did not vote passes to who follows.

    A vote that waited for nobody else closes with it.
    """
    refuse_not_manager(by, membership.seat.board.unit)
    reason = need(reason)
    with transaction.atomic():
        locked, now = _locked(membership), timezone.now()
        _refuse_over(locked, now.date())
        # `ends_on` is the last day of the term, so that somebody dismissed today cannot vote today
        _end(locked, now.date() - dt.timedelta(days=1))
        body = {"seat": locked.seat.discipline, "member": str(locked.user_id), "reason": reason}
        record(type="board.member_dismissed", by=by, subject=locked.seat.board.subject, body=body)
        votes.decide_open(locked.seat.board, now)
    return locked


def name_secretary(*, membership: Membership, secretary: bool, by: Any) -> Membership:
    """Say whether a member keeps the minutes of the board."""
    refuse_not_manager(by, membership.seat.board.unit)
    with transaction.atomic():
        membership.secretary = secretary
        membership.save(update_fields=["secretary"])
        body = {"member": str(membership.user_id), "secretary": secretary}
        record(type="board.secretary_named", by=by, subject=membership.seat.board.subject, body=body)
    return membership


def close_after_terms(*, now: dt.datetime | None = None) -> int:
    """Close the votes that waited only for members whose term ended in the last week; returns of how many boards."""
    moment = now or timezone.now()
    today = moment.date()
    ended = Membership.objects.filter(
        Q(ends_on__lt=today, ends_on__gte=today - dt.timedelta(days=7)),
        seat__board__requests__state="in_review",
    )
    boards = Board.objects.filter(pk__in=ended.values("seat__board")).order_by("pk")
    for board in boards:
        with transaction.atomic():
            votes.decide_open(board, moment)
    return len(boards)


def _locked(membership: Membership) -> Membership:
    """The row, after its board."""
    Board.objects.select_for_update(no_key=True).get(pk=membership.seat.board_id)
    rows = Membership.objects.select_for_update(of=("self",)).select_related("seat__board", "user")
    return rows.get(pk=membership.pk)


def _others(board: Board, user: Any) -> set[rules.Term]:
    return {selectors.term_of(row) for row in Membership.objects.filter(seat__board=board, user=user)}


def _refuse_over(membership: Membership, today: dt.date) -> None:
    if membership.ends_on is not None and membership.ends_on < today:
        # else a term that is over would be made longer, and the past with it
        raise RuleBroken(N_("This membership has ended before."), code="ended_before")


def _refuse_order(first: dt.date, last: dt.date | None) -> None:
    if last is not None and last < first:
        raise RuleBroken(
            N_("The last day of a term is neither past nor before its first."),
            code="out_of_range",
            field="ends_on",
        )


def _follows(row: Membership) -> RuleBroken:
    return RuleBroken(
        N_("On {day} another person begins on this seat. End the term the day before."),
        code="overlaps",
        field="ends_on",
        day=row.starts_on.isoformat(),
    )


def _end(membership: Membership, last_day: dt.date) -> None:
    """End a term; one that would end before it began never was."""
    if last_day < membership.starts_on:
        membership.delete()
        return
    membership.ends_on = last_day
    membership.save(update_fields=["ends_on"])
