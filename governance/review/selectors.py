"""Questions about boards, requests and deployments."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Min, Q, QuerySet
from django.utils.translation import gettext

from governance.assessments import selectors as assessments
from governance.assessments.models import Assessment
from governance.assessments.rules import Kind
from governance.registry.models import DataFlow, System
from governance.registry.selectors import flow_facts, visible
from governance.review import rules
from governance.review.models import Board, Deployment, DeploymentRequest, InForce, Membership, Seat, Vote
from governance.screening import selectors as screenings
from portal.access.selectors import units_with


def in_force(system_id: uuid.UUID, at: dt.datetime) -> QuerySet[DataFlow]:
    """The data flows of a system that were approved and neither suspended, voided nor lapsed at `at`: one query."""
    rows = InForce.objects.filter(system_id=system_id, starts_at__lte=at, ends_at__gt=at)
    return DataFlow.objects.filter(pk__in=rows.values("flow_id"))


def stretches(
    system_id: uuid.UUID, date_from: dt.datetime, date_to: dt.datetime
) -> list[tuple[uuid.UUID, dt.datetime, dt.datetime]]:
    """(flow id, from, until) of every stretch in force that touches the window; for batches, one query."""
    rows = InForce.objects.filter(system_id=system_id, starts_at__lte=date_to, ends_at__gt=date_from)
    return list(rows.values_list("flow_id", "starts_at", "ends_at"))


def visible_requests(user: Any) -> QuerySet[DeploymentRequest]:
    """The requests on systems whose reviews `user` may see; drafts of others stay hidden."""
    rows = DeploymentRequest.objects.filter(system__in=visible(user, "view_review"))
    return rows.filter(~Q(state="draft") | Q(requested_by_id=getattr(user, "pk", None)))


def visible_deployments(user: Any) -> QuerySet[Deployment]:
    """The deployments of systems whose reviews `user` may see."""
    return Deployment.objects.filter(system__in=visible(user, "view_review"))


def visible_boards(user: Any) -> QuerySet[Board]:
    """The boards that decide on what `user` may see, that they manage, or on which they sit."""
    seen = units_with(user, "view_review").values_list("path", flat=True)
    above = {path for unit in seen for path in _paths(unit)}
    managed = units_with(user, "manage_board")
    seats = Membership.objects.filter(user=user).values("seat__board")
    rows = Board.objects.filter(Q(unit__path__in=above) | Q(unit__in=managed) | Q(pk__in=seats))
    return rows.select_related("unit")


def boards_for(system: System) -> QuerySet[Board]:
    """The boards that may decide on a system: those of its unit and of the units above."""
    paths = _paths(system.unit.path)
    return Board.objects.filter(unit__path__in=paths)


def _paths(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part]
    return ["/" + "/".join(parts[: i + 1]) + "/" for i in range(len(parts))]


# --- seats ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SeatHolder:
    """A seat and who speaks for it on one request (None: nobody may)."""

    seat: Seat
    user_id: uuid.UUID | None


def holders(request: DeploymentRequest, on: dt.date) -> list[SeatHolder]:
    """Who speaks for each seat: members, or deputies for requester, owner and those who stepped back."""
    excluded = {request.requested_by_id, request.system.owner_id}
    excluded |= set(request.recusals.values_list("declared_by_id", flat=True))
    seats = request.board.seats.prefetch_related("memberships")
    return [SeatHolder(seat, rules.holder(_terms(seat.memberships.all()), on, excluded)) for seat in seats]


def _terms(memberships: Sequence[Membership] | QuerySet[Membership]) -> list[rules.Term]:
    return [rules.Term(m.user_id, m.deputy, m.starts_on, m.ends_on) for m in memberships]


def voting_seats(request: DeploymentRequest, on: dt.date) -> list[SeatHolder]:
    """The counted seats for which somebody may vote."""
    return [h for h in holders(request, on) if h.user_id is not None and not h.seat.advisory]


@dataclass(frozen=True)
class Standing:
    """Where a person stands on a request: the seat they would vote for, and why they cannot (empty: they can)."""

    seat: Seat | None
    why_not: str
    own_vote: Vote | None


def standing(request: DeploymentRequest, user: Any, on: dt.date) -> Standing:
    """The seat of `user` on this request and why they cannot vote for it."""
    seat = seat_of(request, user, on)
    votes = list(request.votes.all())
    why = rules.why_not_vote(
        state=request.state,
        is_requester=user.pk == request.requested_by_id,
        is_owner=user.pk == request.system.owner_id,
        has_seat=seat is not None,
        recused=request.recusals.filter(declared_by=user).exists(),
        speaks=any(h.user_id == user.pk for h in holders(request, on) if seat and h.seat.pk == seat.pk),
        seat_voted=any(seat is not None and v.seat_id == seat.pk for v in votes),
        person_voted=any(v.cast_by_id == user.pk for v in votes),
    )
    return Standing(seat, why, next((v for v in votes if v.cast_by_id == user.pk), None))


def seat_of(request: DeploymentRequest, user: Any, on: dt.date) -> Seat | None:
    """The seat for which `user` speaks on this request, else one that they are on."""
    spoken_for = next((h.seat for h in holders(request, on) if h.user_id == user.pk), None)
    if spoken_for is not None:
        return spoken_for
    current = Membership.objects.filter(seat__board=request.board, user=user, starts_on__lte=on)
    membership = current.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on)).select_related("seat").first()
    return membership.seat if membership else None


def tally(request: DeploymentRequest, on: dt.date, closing: bool = False) -> rules.Tally:
    """The votes so far and what they decide; `closing`: the chair closes the vote now."""
    votes = list(request.votes.select_related("seat"))
    voted = {vote.seat_id for vote in votes}
    board = request.board
    return rules.outcome(
        [rules.Cast(v.seat.discipline, v.choice, v.counted) for v in votes],
        quorum=board.quorum,
        majority=board.majority_high_risk if request.high_risk else board.majority,
        required=[seat.discipline for seat in board.seats.all() if seat.required],
        all_in=closing or all(h.seat.pk in voted for h in voting_seats(request, on)),
    )


def votes_shown(request: DeploymentRequest) -> QuerySet[Vote]:
    """The votes that may be read: all when the vote is closed, none before."""
    rows = request.votes.select_related("seat", "cast_by")
    return rows.none() if request.state in ("draft", "in_review") else rows


def open_for(user: Any, on: dt.date) -> list[DeploymentRequest]:
    """The requests that wait for the vote of `user`: a seat gives the vote, a role that reaches the system opens it."""
    seats = Membership.objects.filter(user=user).values("seat__board")
    rows = visible_requests(user).filter(state="in_review", board__in=seats)
    rows = rows.select_related("system", "board", "version").exclude(votes__cast_by=user)
    return [request for request in rows if not standing(request, user, on).why_not]


# --- the file ---------------------------------------------------------------------------------


def file_of(request: DeploymentRequest, on: dt.date) -> list[rules.FlowFile]:
    """Each flow of a request with its outcome and whether a valid signature is under it."""
    flows = list(request.flows.select_related("system"))
    current = screenings.current_of(flows)
    rows = []
    for flow in flows:
        screening = current.get(flow.pk)
        signed = screenings.is_signed(screening, flow, on)
        rows.append(rules.FlowFile(flow.slug, screening.outcome if screening else None, signed))
    return rows


def problems(request: DeploymentRequest, on: dt.date) -> list[rules.Problem]:
    """What stands in the way of submitting a draft."""
    seats = len(voting_seats(request, on))
    return file_problems(request, on, voting_seats=seats)


def file_problems(request: DeploymentRequest, on: dt.date, *, voting_seats: int) -> list[rules.Problem]:
    """Likewise with the number of votes as it is given: what is asked again when the last vote is in."""
    return rules.problems(
        file_of(request, on),
        summary=request.summary,
        voting_seats=voting_seats,
        lacking=[
            (gettext(Kind(row.kind).sentence), row.why)
            for row in assessments.missing(request.system, request.flows.all(), on)
        ],
    )


def assessments_bound(request: DeploymentRequest, on: dt.date) -> QuerySet[Assessment]:
    """The signed versions that the request binds; for a draft those that it would bind now."""
    digests = (
        assessments.bound(request.system, request.flows.all(), on)
        if request.state == "draft"
        else _bound_in(request)
    )
    rows = Assessment.objects.filter(system=request.system, digest__in=digests.values())
    return rows.select_related("signed_by", "system")


def assessments_changed(request: DeploymentRequest, on: dt.date) -> list[assessments.Missing]:
    """Of what was submitted, the assessments that are no longer in use as they were, each with the reason."""
    return assessments.changed(request.system, _bound_in(request), on)


def assessed_until(request: DeploymentRequest) -> dt.date | None:
    """The last day on which everything that the request binds is valid; None where it binds nothing."""
    rows = Assessment.objects.filter(system=request.system_id, digest__in=_bound_in(request).values())
    last: dt.date | None = rows.aggregate(first=Min("valid_until"))["first"]
    return last


def _bound_in(request: DeploymentRequest) -> dict[str, str]:
    return dict((request.content or {}).get("assessments", {}))


def content(request: DeploymentRequest, on: dt.date) -> dict[str, Any]:
    """What an approval covers, as canonical data: system, version, flows with their legal outcome, the question,
    and the assessments that are in use on that day, by the digests that their signatures cover."""
    flows = list(request.flows.select_related("system").order_by("slug"))
    current = screenings.current_of(flows)
    system, version = request.system, request.version
    return {
        "system": {
            "slug": system.slug,
            "provider_role": system.provider_role,
            "labels": system.labels,
            "label_map": system.label_map,
        },
        "version": {
            "name": version.name,
            "model": version.model,
            "released_on": version.released_on.isoformat(),
        },
        "flows": [_flow_content(flow, current[flow.pk]) for flow in flows if flow.pk in current],
        "assessments": assessments.bound(system, flows, on),
        "request": {
            "summary": request.summary,
            "alternatives": request.alternatives,
            "doubts": request.doubts,
            "consulted": request.consulted,
            "valid_months": request.valid_months,
        },
    }


def _flow_content(flow: DataFlow, screening: Any) -> dict[str, Any]:
    return {
        "slug": flow.slug,
        "name": flow.name,
        "facts": flow_facts(flow),
        "outcome": screening.outcome,
        "rule": screening.rule,
        "rules_version": screening.rules_version,
    }
