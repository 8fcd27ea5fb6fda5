"""Boards, seats, and who speaks for them."""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from governance.registry.models import System
from governance.registry.selectors import visible
from governance.review import rules
from governance.review.models import Board, DeploymentRequest, Membership, Round, Seat, Vote
from portal.access.selectors import can, is_person, units_with


def visible_boards(user: Any) -> QuerySet[Board]:
    """The boards that decide on what `user` may see, that they manage, or on which they sit."""
    seen = set(units_with(user, "view_review").values_list("path", flat=True))
    seen |= set(
        visible(user, "view_review").values_list("unit__path", flat=True)
    )  # a role on one system only
    above = {path for unit in seen for path in _paths(unit)}
    managed = units_with(user, "manage_board")
    rows = Q(unit__path__in=above) | Q(unit__in=managed)
    if is_person(user):  # a machine sits nowhere
        sits = not_over(timezone.now().date()).filter(user=user)
        rows |= Q(pk__in=sits.values("seat__board"))
    return Board.objects.filter(rows).select_related("unit").distinct()


def boards_for(system: System) -> QuerySet[Board]:
    """The boards that may decide on a system: those of its unit and of the units above."""
    paths = _paths(system.unit.path)
    return Board.objects.filter(unit__path__in=paths)


def _paths(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part]
    return ["/" + "/".join(parts[: i + 1]) + "/" for i in range(len(parts))]


def rule_now(board: Board, risk: str) -> rules.DecisionRule:
    """What a decision of this board takes now for a class of risk (of a draft: as for minimal risk)."""
    found = next(rule for rule in board.rules.all() if rule.risk == (risk or "minimal"))
    return rules.DecisionRule(found.quorum, found.majority, tuple(found.required), board.casting_vote)


def secretaries(board: Board, on: dt.date) -> list[uuid.UUID]:
    """Who keeps the minutes on a day."""
    return list(_current(on).filter(seat__board=board, secretary=True).values_list("user_id", flat=True))


def sits_on(user: Any, board: Board, on: dt.date) -> bool:
    """Whether a person is a member or deputy of a board on a day, advisers included."""
    return _current(on).filter(seat__board=board, user=user).exists()


def not_over(on: dt.date) -> QuerySet[Membership]:
    """The terms that have not ended on a day, those that begin later among them."""
    return Membership.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on))


def _current(on: dt.date) -> QuerySet[Membership]:
    return not_over(on).filter(starts_on__lte=on)


def led_by(user: Any, on: dt.date) -> QuerySet[Board]:
    """The boards whose seats a person keeps filled: its secretary, who sits on the seat that chairs, who may chair."""
    sits = _current(on).filter(Q(secretary=True) | Q(seat__chairs=True, deputy=False), user=user)
    rows = Q(pk__in=sits.values("seat__board")) | Q(unit__in=units_with(user, "chair"))
    return Board.objects.filter(rows)


def to_report(board: Board) -> QuerySet[DeploymentRequest]:
    """What chair and data protection decided for the board and the board has not been told yet."""
    return unreported().filter(board=board).select_related("system", "version").order_by("closed_at")


def unreported() -> QuerySet[DeploymentRequest]:
    """Likewise of all boards."""
    return DeploymentRequest.objects.filter(delegated=True, state="approved", reported_at=None)


# --- seats of one request ---------------------------------------------------------------------


@dataclass(frozen=True)
class SeatHolder:
    """A seat and who speaks for it on one request (None: nobody may)."""

    seat: Seat
    user_id: uuid.UUID | None


def conflicted(request: DeploymentRequest) -> set[uuid.UUID]:
    """Who takes no part in a decision: the requester, who owns the system or did at a submission, who submitted it,
    who stepped back."""
    people = {request.requested_by_id, request.system.owner_id}
    for owner, submitter in request.rounds.values_list("owner_id", "submitted_by_id"):
        people |= {owner, submitter}
    return people | set(request.recusals.values_list("declared_by_id", flat=True))


def holders(request: DeploymentRequest, on: dt.date) -> list[SeatHolder]:
    """Who speaks for each seat: members, or deputies for those who take no part."""
    excluded = conflicted(request)
    seats = request.board.seats.prefetch_related("memberships")
    return [SeatHolder(seat, rules.holder(_terms(seat.memberships.all()), on, excluded)) for seat in seats]


def speaker(seat: Seat, on: dt.date, excluded: Iterable[Any]) -> uuid.UUID | None:
    """Who speaks for a seat on a day, besides the excluded."""
    found: uuid.UUID | None = rules.holder(_terms(seat.memberships.all()), on, excluded)
    return found


def _terms(memberships: Iterable[Membership]) -> list[rules.Term]:
    return [term_of(row) for row in memberships]


def term_of(row: Membership) -> rules.Term:
    """A membership as the rules see it."""
    return rules.Term(row.user_id, row.deputy, row.starts_on, row.ends_on)


def voting_seats(request: DeploymentRequest, on: dt.date) -> list[SeatHolder]:
    """The counted seats for which somebody may vote."""
    return [h for h in holders(request, on) if h.user_id is not None and not h.seat.advisory]


def delegates(request: DeploymentRequest, on: dt.date) -> list[SeatHolder]:
    """The seat that chairs and the one for data protection, where two different people speak for them; else none."""
    rows = [h for h in voting_seats(request, on) if h.seat.chairs or h.seat.discipline == "data_protection"]
    return rows if len({h.user_id for h in rows}) == rules.DELEGATED_VOTES == len(rows) else []


def current_round(request: DeploymentRequest) -> Round | None:
    """The latest round of a request: the open one, or that which ended last; None for a draft."""
    return request.rounds.order_by("-number").first()


@dataclass(frozen=True)
class Standing:
    """Where a person stands on a request: the seat they would vote for, and why they cannot (empty: they can)."""

    seat: Seat | None
    why_not: str
    own_vote: Vote | None
    speaks: bool = False


def standing(request: DeploymentRequest, user: Any, at: dt.datetime) -> Standing:
    """The seat of `user` on this request and why they cannot vote for it."""
    on = at.date()
    speakers = holders(request, on)
    seat = _seat_of(request, user, on, speakers)
    round_ = current_round(request)
    votes = list(round_.votes.all()) if round_ else []
    speaks = seat is not None and any(h.user_id == user.pk and h.seat.pk == seat.pk for h in speakers)
    why = rules.why_not_vote(
        state=request.state,
        is_requester=user.pk == request.requested_by_id or request.rounds.filter(submitted_by=user).exists(),
        is_owner=user.pk == request.system.owner_id,
        was_owner=request.rounds.filter(owner=user).exists(),
        has_seat=seat is not None,
        recused=request.recusals.filter(declared_by=user).exists(),
        speaks=speaks,
        seat_voted=any(seat is not None and v.seat_id == seat.pk for v in votes),
        person_voted=any(v.cast_by_id == user.pk for v in votes),
        closed=round_ is not None and round_.vote_closes_at <= at,
        delegated=request.delegated
        and seat is not None
        and not (seat.chairs or seat.discipline == "data_protection"),
    )
    return Standing(seat, why, next((v for v in votes if v.cast_by_id == user.pk), None), speaks)


def seat_of(request: DeploymentRequest, user: Any, on: dt.date) -> Seat | None:
    """The seat for which `user` speaks on this request, else one that they are on."""
    return _seat_of(request, user, on, holders(request, on))


def _seat_of(
    request: DeploymentRequest, user: Any, on: dt.date, speakers: Iterable[SeatHolder]
) -> Seat | None:
    spoken_for = next((h.seat for h in speakers if h.user_id == user.pk), None)
    if spoken_for is not None:
        return spoken_for
    membership = _current(on).filter(seat__board=request.board, user=user).select_related("seat").first()
    return membership.seat if membership else None


def may_return(request: DeploymentRequest, user: Any, at: dt.datetime) -> bool:
    """Whether a person may send a request back: the chair, or who speaks for a voting seat where the board says so."""
    if user.pk in conflicted(request):
        return False
    if can(user, "chair", request.system):
        return True
    if not request.board.members_return:
        return False
    place = standing(request, user, at)
    return place.speaks and place.seat is not None and not place.seat.advisory
