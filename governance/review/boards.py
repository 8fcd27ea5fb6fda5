"""Boards, seats and members."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.registry.services import person
from governance.review import rules
from governance.review.models import Board, Membership, Seat
from portal.access.selectors import can
from portal.errors import N_, NotAllowed, RuleBroken
from portal.ledger.services import record


def create_board(
    *,
    name: str,
    unit: Any,
    by: Any,
    quorum: int = 3,
    majority: str = "simple",
    majority_high_risk: str = "two_thirds",
    effective_at: dt.datetime | None = None,
) -> Board:
    """Set up a board for a unit and all below it."""
    _permitted(by, unit)
    if quorum < rules.FEWEST_VOTES:
        raise RuleBroken(N_("No board decides with fewer than three votes."), code="quorum", field="quorum")
    if Board.objects.filter(name=name.strip()).exists():
        raise RuleBroken(N_("There is a board with this name already."), code="taken", field="name")
    with transaction.atomic():
        board = Board.objects.create(
            name=name.strip(),
            unit=unit,
            quorum=quorum,
            majority=majority,
            majority_high_risk=majority_high_risk,
            created_at=effective_at or timezone.now(),
            created_by=person(by),
        )
        body = {"name": board.name, "unit": unit.slug, "quorum": quorum, "majority": majority}
        record(type="board.created", by=by, subject=board.subject, body=body, ts=effective_at)
    return board


def add_seat(
    *,
    board: Board,
    discipline: str,
    by: Any,
    advisory: bool | None = None,
    required: bool = False,
    effective_at: dt.datetime | None = None,
) -> Seat:
    """Add a discipline's seat; the affected business always advises and never votes."""
    _permitted(by, board.unit)
    if discipline not in rules.Discipline.values():
        raise RuleBroken(N_("This is not one of the choices."), code="unknown_value", field="discipline")
    business = discipline == rules.Discipline.AFFECTED_BUSINESS.value
    if board.seats.filter(discipline=discipline).exists():
        raise RuleBroken(N_("This board has a seat for that already."), code="taken", field="discipline")
    with transaction.atomic():
        seat = Seat.objects.create(
            board=board,
            discipline=discipline,
            advisory=business if advisory is None else advisory or business,
            required=required and not (advisory or business),
        )
        body = {"seat": discipline, "advisory": seat.advisory, "required": seat.required}
        record(type="board.seat_added", by=by, subject=board.subject, body=body, ts=effective_at)
    return seat


def appoint(
    *,
    seat: Seat,
    user: Any,
    by: Any,
    deputy: bool = False,
    starts_on: dt.date | None = None,
    effective_at: dt.datetime | None = None,
) -> Membership:
    """Put a person on a seat (or make them its deputy); the one before leaves the day before."""
    _permitted(by, seat.board.unit)
    day = starts_on or (effective_at or timezone.now()).date()
    with transaction.atomic():
        # the board, not the seat: one person appointed to two seats at once must meet themselves
        Board.objects.select_for_update(no_key=True).get(pk=seat.board_id)
        others = Membership.objects.filter(seat__board=seat.board, user=user, ends_on__isnull=True)
        if others.exists():
            raise RuleBroken(N_("This person has a place on this board already."), code="taken", field="user")
        for old in seat.memberships.filter(deputy=deputy, ends_on__isnull=True):
            _end(old, max(old.starts_on, day - dt.timedelta(days=1)))
        membership = Membership.objects.create(seat=seat, user=user, deputy=deputy, starts_on=day)
        body = {"seat": seat.discipline, "member": str(user.pk), "deputy": deputy, "from": day.isoformat()}
        record(type="board.member_appointed", by=by, subject=seat.board.subject, body=body, ts=effective_at)
    return membership


def dismiss(*, membership: Membership, by: Any, reason: str) -> Membership:
    """End a membership today; what the person voted stays."""
    _permitted(by, membership.seat.board.unit)
    if not reason.strip():
        raise RuleBroken(N_("Give a reason."), code="reason_missing", field="reason")
    with transaction.atomic():
        locked = (
            Membership.objects.select_for_update(of=("self",))
            .select_related("seat__board")
            .get(pk=membership.pk)
        )
        if locked.ends_on is not None and locked.ends_on < timezone.now().date():
            # else a term that is over would be made longer, and the past with it
            raise RuleBroken(N_("This membership has ended before."), code="ended_before")
        # `ends_on` is the last day of the term, so that somebody dismissed today cannot vote today
        _end(locked, timezone.now().date() - dt.timedelta(days=1))
        body = {"seat": locked.seat.discipline, "member": str(locked.user_id), "reason": reason.strip()}
        record(type="board.member_dismissed", by=by, subject=locked.seat.board.subject, body=body)
    return locked


def _end(membership: Membership, last_day: dt.date) -> None:
    """End a term; one that would end before it began never was."""
    if last_day < membership.starts_on:
        membership.delete()
        return
    membership.ends_on = last_day
    membership.save(update_fields=["ends_on"])


def _permitted(by: Any, unit: Any) -> None:
    if not can(by, "manage_board", unit):
        raise NotAllowed(N_("You do not have the permission for this."), code="not_allowed")
