"""Boards, their settings, rules and seats; who sits there: terms.py."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.registry.services import insert, person
from governance.review import rules
from governance.review.acts import need, refuse_not_manager, sent_before
from governance.review.models import Board, BoardRule, Seat
from portal.errors import N_, RuleBroken, Stale
from portal.ledger.services import record


def create_board(
    *,
    name: str,
    unit: Any,
    by: Any,
    quorum: int = 3,
    majority: str = "simple",
    vote_days: int = rules.VOTE_DAYS,
    casting_vote: bool = False,
    members_return: bool = False,
    delegates_minimal: bool = False,
    open_threads: bool = True,
    pk: uuid.UUID | None = None,
    effective_at: dt.datetime | None = None,
) -> Board:
    """Set up a board for a unit and all below it, with the same quorum for each class of risk to begin with.

    `majority`: where the class of risk leaves a choice; high risk takes two thirds. `pk` given (by a form) makes
    sending it twice harmless.
    """
    refuse_not_manager(by, unit)
    name = need(name, "name", N_("Give the board a name."))
    for risk in rules.Risk.values():
        _refuse_rule(risk, quorum, _majority(risk, majority))
    _refuse_days(vote_days)
    with transaction.atomic():
        board = Board(
            id=pk or uuid.uuid4(),
            name=name,
            unit=unit,
            vote_days=vote_days,
            casting_vote=casting_vote,
            members_return=members_return,
            delegates_minimal=delegates_minimal,
            open_threads=open_threads,
            created_at=effective_at or timezone.now(),
            created_by=person(by),
        )
        if not insert(board, "name", N_("There is a board with this name already.")):
            return Board.objects.get(pk=board.pk)
        for risk in rules.Risk.values():
            BoardRule.objects.create(
                board=board, risk=risk, quorum=quorum, majority=_majority(risk, majority)
            )
        body = {"name": board.name, "unit": unit.slug, "quorum": quorum, "majority": majority}
        record(type="board.created", by=by, subject=board.subject, body=body, ts=effective_at)
    return board


SETTINGS = ("vote_days", "casting_vote", "members_return", "delegates_minimal", "open_threads")


def change_board(
    *, board: Board, by: Any, reason: str, expected_version: int | None = None, **settings: Any
) -> Board:
    """Change how a board works (`SETTINGS`); open votes keep their last day and whether the chair breaks a tie.

    `expected_version`: the `row_version` of the board that the change is based on; raises Stale where its settings
    changed since (None: it is based on no state that somebody looked at).
    """
    refuse_not_manager(by, board.unit)
    reason = need(reason)
    unknown = set(settings) - set(SETTINGS)
    if unknown:
        raise TypeError(f"not a setting of a board: {sorted(unknown)}")
    _refuse_days(settings.get("vote_days", board.vote_days))
    with transaction.atomic():
        locked = Board.objects.select_for_update(no_key=True).get(pk=board.pk)
        changed = {k: v for k, v in settings.items() if getattr(locked, k) != v}
        if changed and expected_version is not None and locked.settings_version > expected_version:
            raise _stale(locked, {name: getattr(locked, name) for name in changed}, changed)
        for name, value in changed.items():
            setattr(locked, name, value)
        if changed:
            locked.settings_version = _count_on(locked)
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
    expected_version: int | None = None,
) -> BoardRule:
    """Set what a decision takes for one class of risk: quorum, majority, disciplines without which there is none.

    Votes that are open keep what held when their file was submitted. `expected_version`: as in `change_board`, for
    the rule of this class.
    """
    refuse_not_manager(by, board.unit)
    reason = need(reason)
    with transaction.atomic():
        locked = Board.objects.select_for_update(no_key=True).get(pk=board.pk)
        rule = BoardRule.objects.select_for_update().filter(board=board, risk=risk).first()
        if rule is None:
            raise RuleBroken(N_("This is not one of the choices."), code="unknown_value", field="risk")
        now = {"quorum": rule.quorum, "majority": rule.majority, "required": rule.required}
        wanted = {
            "quorum": quorum,
            "majority": majority,
            "required": None if required is None else sorted(set(required)),
        }
        changed = {k: v for k, v in wanted.items() if v is not None and v != now[k]}
        if not changed:
            return rule
        if expected_version is not None and rule.row_version > expected_version:
            raise _stale(locked, now, changed)
        for name, value in changed.items():
            setattr(rule, name, value)
        _refuse_rule(risk, rule.quorum, rule.majority)
        voting = board.seats.filter(advisory=False).values_list("discipline", flat=True)
        if set(rule.required) - set(voting):
            raise RuleBroken(
                N_("Only a discipline with a voting seat on this board can be required."),
                code="no_seat",
                field="required",
            )
        rule.row_version = _count_on(locked)
        locked.save(update_fields=["row_version"])
        rule.save()
        body = {"risk": risk, "quorum": rule.quorum, "majority": rule.majority, "required": rule.required}
        record(type="board.rule_set", by=by, subject=board.subject, body={**body, "reason": reason})
    return rule


def _count_on(board: Board) -> int:
    board.row_version += 1
    return board.row_version


def _stale(board: Board, now: Mapping[str, Any], yours: Mapping[str, Any]) -> Stale:
    """What stands there now against what was asked for; an earlier state stands in the history, not here."""
    rows: list[dict[str, object]] = [
        {"field": name, "before": None, "theirs": now[name], "yours": value} for name, value in yours.items()
    ]
    return Stale(rows, current=board.row_version)


def _majority(risk: str, wanted: str) -> str:
    """The wanted majority where the class of risk leaves a choice, else the only one."""
    possible = rules.MAJORITIES[risk]
    return possible[0] if len(possible) == 1 and wanted in rules.Majority.values() else wanted


def _refuse_rule(risk: str, quorum: int, majority: str) -> None:
    if quorum < rules.FEWEST_VOTES:
        raise RuleBroken(N_("No board decides with fewer than three votes."), code="quorum", field="quorum")
    if majority not in rules.Majority.values():
        raise RuleBroken(N_("This is not one of the choices."), code="unknown_value", field="majority")
    if majority not in rules.MAJORITIES[risk]:
        raise RuleBroken(
            N_("High risk takes at least two thirds of the votes; a board cannot ask for less."),
            code="majority_too_low",
            field="majority",
        )


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
    pk: uuid.UUID | None = None,
    effective_at: dt.datetime | None = None,
) -> Seat:
    """Add a discipline's seat; the affected business always advises and never votes.

    `required`: no decision without it, whatever the class of risk (`set_rule` says so for one class). `chairs`: its
    vote is the chair's, for a tie and for delegated files. `pk` as in `create_board`.
    """
    refuse_not_manager(by, board.unit)
    if discipline not in rules.Discipline.values():
        raise RuleBroken(N_("This is not one of the choices."), code="unknown_value", field="discipline")
    business = discipline == rules.Discipline.AFFECTED_BUSINESS.value
    advises = bool(advisory) or business
    with transaction.atomic():
        # under the lock of the board: of two that add the same seat at once one is told
        locked = Board.objects.select_for_update(no_key=True).get(pk=board.pk)
        if (twin := sent_before(Seat, pk, board_id=board.pk, discipline=discipline)) is not None:
            return twin
        if board.seats.filter(discipline=discipline).exists():
            raise RuleBroken(N_("This board has a seat for that already."), code="taken", field="discipline")
        if chairs and (advises or board.seats.filter(chairs=True).exists()):
            raise RuleBroken(N_("One seat that votes chairs a board."), code="taken", field="chairs")
        seat = Seat.objects.create(
            id=pk or uuid.uuid4(), board=board, discipline=discipline, advisory=advises, chairs=chairs
        )
        number = _count_on(locked)
        locked.save(update_fields=["row_version"])
        if required and not advises:
            for rule in BoardRule.objects.select_for_update().filter(board=board):
                rule.required, rule.row_version = sorted({*rule.required, discipline}), number
                rule.save(update_fields=["required", "row_version"])
        body = {"seat": discipline, "advisory": advises, "required": required, "chairs": chairs}
        record(type="board.seat_added", by=by, subject=board.subject, body=body, ts=effective_at)
    return seat
