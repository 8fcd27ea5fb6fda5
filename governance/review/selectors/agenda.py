"""What waits for a person in review."""

import datetime as dt
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext

from governance.registry.models import System
from governance.registry.selectors import visible
from governance.review import rules
from governance.review.models import Condition, CouncilRecord, DeploymentRequest, Membership, Seat
from governance.review.selectors.boards import led_by, not_over, speaker, unreported
from governance.review.selectors.requests import open_for
from portal.access.selectors import has_anywhere
from portal.errors import N_

TERM_DAYS = 30  # so long before its end a term is work for who keeps the seats filled
SHOWN = 50  # rows of each kind; nobody works through more at once


@dataclass(frozen=True)
class Waiting:
    """One thing that waits for a person: what, of which kind (English, marked), where, of which system, until when."""

    kind: str
    title: str
    url: str
    place: str
    due_on: dt.date | None = None


def waiting(user: Any, today: dt.date) -> list[Waiting]:
    """Votes, own drafts and returned requests, conditions, minutes, works council, delegated decisions, seats."""
    return [
        *_votes(user, today),
        *_own(user),
        *_conditions(user, today),
        *_minutes(user, today),
        *_council(user),
        *_reports(user, today),
        *_seats(user, today),
    ]


def _votes(user: Any, today: dt.date) -> list[Waiting]:
    rows = []
    for row in open_for(user, today):
        open_round = row.rounds.filter(ended_at=None).first()
        closes = open_round.vote_closes_at.date() if open_round else None
        rows.append(_line(N_("Your vote"), f"{row.system.name} {row.version}", row, closes))
    return rows


def _own(user: Any) -> list[Waiting]:
    kinds = {"draft": N_("Your draft request"), "returned": N_("Questions of the board")}
    rows = DeploymentRequest.objects.filter(requested_by=user, state__in=list(kinds))
    return [
        _line(kinds[row.state], str(row.version), row)
        for row in rows.select_related("system", "version")[:SHOWN]
    ]


def owed() -> QuerySet[Condition]:
    """Conditions that still count: those of an approval that is over bind nobody any more."""
    over = ("lapsed", "voided")
    return Condition.objects.exclude(
        Q(request__deployment__state__in=over) | Q(request__reinstates__state__in=over)
    )


def _conditions(user: Any, today: dt.date) -> list[Waiting]:
    mine = owed().filter(owner=user, state="open").select_related("request__system")
    found = [_line(N_("Your condition"), row.text, row.request, row.due_on) for row in mine[:SHOWN]]
    for row in to_accept(user, today):
        found.append(_line(N_("Evidence to accept"), row.text, row.request, row.due_on))
    return found


def to_accept(user: Any, today: dt.date) -> list[Condition]:
    """The conditions whose evidence waits for the seat of a person; for the chair where nobody speaks for the seat."""
    seats = Membership.objects.filter(user=user).values("seat")
    chaired = visible(user, "chair") if has_anywhere(user, "chair") else System.objects.none()
    mine = Q(accepted_by_seat__in=seats) | Q(request__system__in=chaired)
    rows = owed().filter(mine, state="handed_in")
    rows = rows.select_related("request__system").prefetch_related(
        "request__recusals",
        Prefetch("accepted_by_seat", Seat.objects.prefetch_related("memberships")),
        "evidence",
    )
    chairs = set(chaired.values_list("pk", flat=True))
    return [row for row in rows if _answers(row, user, today, chairs)][:SHOWN]


def _answers(condition: Condition, user: Any, today: dt.date, chairs: Container[Any]) -> bool:
    out = barred(condition)
    speaks = speaker(condition.accepted_by_seat, today, out)
    if speaks is None:
        return condition.request.system_id in chairs and user.pk not in out
    return bool(speaks == user.pk)


def barred(condition: Condition) -> set[Any]:
    """Who cannot accept a condition: its owner, requester and owner of the system, who stepped back from the request,
    and who handed the evidence in."""
    request = condition.request
    people = {row.declared_by_id for row in request.recusals.all()}
    people |= {condition.owner_id, request.requested_by_id, request.system.owner_id}
    return people | {row.handed_in_by_id for row in condition.evidence.all() if row.answered_at is None}


def _minutes(user: Any, today: dt.date) -> list[Waiting]:
    seats = Membership.objects.filter(user=user, secretary=True, starts_on__lte=today)
    boards = seats.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=today)).values("seat__board")
    rows = DeploymentRequest.objects.filter(board__in=boards, state="in_review", minutes__isnull=True)
    rows = rows.filter(delegated=False, system__in=visible(user, "view_review"))
    return [
        _line(N_("Minutes to keep"), f"{row.system.name} {row.version}", row)
        for row in rows.select_related("system", "version")[:SHOWN]
    ]


def _council(user: Any) -> list[Waiting]:
    if not has_anywhere(user, "answer_council"):
        return []
    rows = CouncilRecord.objects.filter(state="asked", system__in=visible(user, "answer_council"))
    return [
        _line(N_("Question to the works council"), row.question[:120], row, row.answer_due_on)
        for row in rows.select_related("system")[:SHOWN]
    ]


def _reports(user: Any, today: dt.date) -> list[Waiting]:
    """What chair and data protection decided for the board and no meeting was told of: for both and the secretary."""
    sits = Membership.objects.filter(user=user, starts_on__lte=today, seat__discipline="data_protection")
    boards = Q(board__in=led_by(user, today))
    boards |= Q(board__in=sits.filter(pk__in=not_over(today)).values("seat__board"))
    rows = unreported().filter(boards).select_related("system", "version", "board")
    return [
        Waiting(
            N_("Decision to report"),
            f"{row.system.name} {row.version}",
            row.board.get_absolute_url(),
            row.system.name,
        )
        for row in rows.distinct()[:SHOWN]
    ]


def _seats(user: Any, today: dt.date) -> list[Waiting]:
    """For who keeps the seats of a board filled: those without a sitting member, and terms that end soon."""
    members = Prefetch("memberships", not_over(today).filter(deputy=False).select_related("user"))
    rows = (
        Seat.objects.filter(board__in=led_by(user, today))
        .select_related("board")
        .order_by("board__name", "pk")
    )
    found = []
    for seat in rows.prefetch_related(members)[:SHOWN]:
        name, terms = gettext(rules.Discipline(seat.discipline).sentence), list(seat.memberships.all())
        place, url = seat.board.name, seat.board.get_absolute_url()
        sits = [row for row in terms if row.starts_on <= today]
        if not sits:
            found.append(Waiting(N_("Seat without a member"), name, url, place))
        for row in sits:
            soon = row.ends_on is not None and row.ends_on <= today + dt.timedelta(days=TERM_DAYS)
            if soon and len(terms) == 1:  # else somebody follows
                title = f"{name}: {row.user.display}"
                found.append(Waiting(N_("Term that ends soon"), title, url, place, row.ends_on))
    return found


def _line(kind: str, title: str, thing: Any, due_on: dt.date | None = None) -> Waiting:
    return Waiting(kind, title, thing.get_absolute_url(), thing.system.name, due_on)
