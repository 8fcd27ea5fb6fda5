"""Boards, seats and members."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.registry.services import person
from governance.review import rules, votes
from governance.review.acts import need
from governance.review.models import Board, BoardRule, Membership, Seat
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
    vote_days: int = rules.VOTE_DAYS,
    casting_vote: bool = False,
    members_return: bool = False,
    delegates_minimal: bool = False,
    open_threads: bool = True,
    effective_at: dt.datetime | None = None,
) -> Board:
    """Set up a board for a unit and all below it, with the same quorum for each class of risk to begin with."""
    _permitted(by, unit)
    _refuse_rule(quorum, majority)
    _refuse_rule(quorum, majority_high_risk)
    _refuse_days(vote_days)
    if Board.objects.filter(name=name.strip()).exists():
        raise RuleBroken(N_("There is a board with this name already."), code="taken", field="name")
    with transaction.atomic():
        board = Board.objects.create(
            name=name.strip(),
            unit=unit,
            vote_days=vote_days,
            casting_vote=casting_vote,
            members_return=members_return,
            delegates_minimal=delegates_minimal,
            open_threads=open_threads,
            created_at=effective_at or timezone.now(),
            created_by=person(by),
        )
        for risk in rules.Risk.values():
            how = majority_high_risk if risk == "high_risk" else majority
            BoardRule.objects.create(board=board, risk=risk, quorum=quorum, majority=how)
        body = {"name": board.name, "unit": unit.slug, "quorum": quorum, "majority": majority}
        record(type="board.created", by=by, subject=board.subject, body=body, ts=effective_at)
    return board


SETTINGS = ("vote_days", "casting_vote", "members_return", "delegates_minimal", "open_threads")


def change_board(*, board: Board, by: Any, reason: str, **settings: Any) -> Board:
    """Change how a board works (`SETTINGS`); open votes keep their last day and whether the chair breaks a tie."""
    _permitted(by, board.unit)
    reason = need(reason)
    unknown = set(settings) - set(SETTINGS)
    if unknown:
        raise TypeError(f"not a setting of a board: {sorted(unknown)}")
    _refuse_days(settings.get("vote_days", board.vote_days))
    with transaction.atomic():
        locked = Board.objects.select_for_update(no_key=True).get(pk=board.pk)
        changed = {k: v for k, v in settings.items() if getattr(locked, k) != v}
        for name, value in changed.items():
            setattr(locked, name, value)
        if changed:
            locked.save()
            record(type="board.changed", by=by, subject=board.subject, body={**changed, "reason": reason})
    board.refresh_from_db()
    return board


def set_rule(
    *,
    board: Board,
    risk: str,
    by: Any,
    reason: str,
    quorum: int | None = None,
    majority: str | None = None,
    required: Sequence[str] | None = None,
) -> BoardRule:
    """Set what a decision takes for one class of risk: quorum, majority, disciplines without which there is none.

    Votes that are open keep what held when their file was submitted.
    """
    _permitted(by, board.unit)
    reason = need(reason)
    with transaction.atomic():
        rule = BoardRule.objects.select_for_update().filter(board=board, risk=risk).first()
        if rule is None:
            raise RuleBroken(N_("This is not one of the choices."), code="unknown_value", field="risk")
        rule.quorum = rule.quorum if quorum is None else quorum
        rule.majority = rule.majority if majority is None else majority
        rule.required = rule.required if required is None else sorted(set(required))
        _refuse_rule(rule.quorum, rule.majority)
        voting = board.seats.filter(advisory=False).values_list("discipline", flat=True)
        if set(rule.required) - set(voting):
            raise RuleBroken(
                N_("Only a discipline with a voting seat on this board can be required."),
                code="no_seat",
                field="required",
            )
        rule.save()
        body = {"risk": risk, "quorum": rule.quorum, "majority": rule.majority, "required": rule.required}
        record(type="board.rule_set", by=by, subject=board.subject, body={**body, "reason": reason})
    return rule


def _refuse_rule(quorum: int, majority: str) -> None:
    if quorum < rules.FEWEST_VOTES:
        raise RuleBroken(N_("No board decides with fewer than three votes."), code="quorum", field="quorum")
    if majority not in rules.Majority.values():
        raise RuleBroken(N_("This is not one of the choices."), code="unknown_value", field="majority")


def _refuse_days(days: int) -> None:
    if not 1 <= days <= 90:
        raise RuleBroken(N_("A vote is open for 1 to 90 days."), code="out_of_range", field="vote_days")


def add_seat(
    *,
    board: Board,
    discipline: str,
    by: Any,
    advisory: bool | None = None,
    required: bool = False,
    chairs: bool = False,
    effective_at: dt.datetime | None = None,
) -> Seat:
    """Add a discipline's seat; the affected business always advises and never votes.

    `required`: no decision without it, whatever the class of risk (`set_rule` says so for one class). `chairs`: its
    vote is the chair's, for a tie and for delegated files.
    """
    _permitted(by, board.unit)
    if discipline not in rules.Discipline.values():
        raise RuleBroken(N_("This is not one of the choices."), code="unknown_value", field="discipline")
    business = discipline == rules.Discipline.AFFECTED_BUSINESS.value
    advises = bool(advisory) or business
    with transaction.atomic():
        # under the lock of the board: of two that add the same seat at once one is told
        Board.objects.select_for_update(no_key=True).get(pk=board.pk)
        if board.seats.filter(discipline=discipline).exists():
            raise RuleBroken(N_("This board has a seat for that already."), code="taken", field="discipline")
        if chairs and (advises or board.seats.filter(chairs=True).exists()):
            raise RuleBroken(N_("One seat that votes chairs a board."), code="taken", field="chairs")
        seat = Seat.objects.create(board=board, discipline=discipline, advisory=advises, chairs=chairs)
        if required and not advises:
            for rule in BoardRule.objects.select_for_update().filter(board=board):
                rule.required = sorted({*rule.required, discipline})
                rule.save(update_fields=["required"])
        body = {"seat": discipline, "advisory": advises, "required": required, "chairs": chairs}
        record(type="board.seat_added", by=by, subject=board.subject, body=body, ts=effective_at)
    return seat


def appoint(
    *,
    seat: Seat,
    user: Any,
    by: Any,
    deputy: bool = False,
    secretary: bool = False,
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
        membership = Membership.objects.create(
            seat=seat, user=user, deputy=deputy, secretary=secretary, starts_on=day
        )
        body = {"seat": seat.discipline, "member": str(user.pk), "deputy": deputy, "from": day.isoformat()}
        body["secretary"] = secretary
        record(type="board.member_appointed", by=by, subject=seat.board.subject, body=body, ts=effective_at)
    return membership


def dismiss(*, membership: Membership, by: Any, reason: str) -> Membership:
    """End a membership today; what the person voted stays, and what they did not vote passes to who follows.

    A vote that waited for nobody else closes with it.
    """
    _permitted(by, membership.seat.board.unit)
    reason = need(reason)
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
        body = {"seat": locked.seat.discipline, "member": str(locked.user_id), "reason": reason}
        record(type="board.member_dismissed", by=by, subject=locked.seat.board.subject, body=body)
        votes.decide_open(locked.seat.board, timezone.now())
    return locked


def name_secretary(*, membership: Membership, secretary: bool, by: Any) -> Membership:
    """Say whether a member keeps the minutes of the board."""
    _permitted(by, membership.seat.board.unit)
    with transaction.atomic():
        membership.secretary = secretary
        membership.save(update_fields=["secretary"])
        body = {"member": str(membership.user_id), "secretary": secretary}
        record(type="board.secretary_named", by=by, subject=membership.seat.board.subject, body=body)
    return membership


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
