"""Requests: who sees them, what is in the file, how it differs from what was approved."""

import datetime as dt
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from governance.registry.models import DataFlow
from governance.registry.selectors import flow_facts, visible
from governance.review import file, rules
from governance.review.models import DeploymentRequest, Membership, Round
from governance.review.selectors.boards import standing, voting_seats
from governance.screening import selectors as screenings


def visible_requests(user: Any) -> QuerySet[DeploymentRequest]:
    """The requests on systems whose reviews `user` may see; drafts of others stay hidden."""
    rows = DeploymentRequest.objects.filter(system__in=visible(user, "view_review"))
    return rows.filter(~Q(state="draft") | Q(requested_by_id=getattr(user, "pk", None)))


def open_for(user: Any, on: dt.date) -> list[DeploymentRequest]:
    """The requests that wait for the vote of `user`: a seat gives the vote, a role that reaches the system opens it."""
    seats = Membership.objects.filter(user=user).values("seat__board")
    rows = visible_requests(user).filter(state="in_review", board__in=seats)
    rows = rows.select_related("system", "board", "version")
    rows = rows.exclude(rounds__in=Round.objects.filter(ended_at=None, votes__cast_by=user))
    at = dt.datetime.combine(on, dt.time.min, dt.UTC)
    return [request for request in rows if not standing(request, user, at).why_not]


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
    """What stands in the way of submitting a draft or a returned request."""
    seats = len(voting_seats(request, on))
    found = rules.problems(file_of(request, on), summary=request.summary, voting_seats=seats)
    return [*found, *file.what_else_is_missing(request.system, list(request.flows.all()), on)]


def content(request: DeploymentRequest, on: dt.date | None = None) -> dict[str, Any]:
    """What an approval covers, as canonical data: system, version, flows with their legal outcome, policy,
    assessments, the question."""
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
        "policy": file.policy_in_use(system.pk),
        "assessments": file.also_bound(system, flows, on or timezone.now().date()),
        "request": {
            "kind": request.kind,
            "reinstates": str(request.reinstates_id) if request.reinstates_id else None,
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


def approved_before(request: DeploymentRequest) -> DeploymentRequest | None:
    """The approved request with which this one is compared: of a re-approval the one that it follows."""
    earlier = request.earlier
    return earlier if earlier is not None and earlier.state.startswith("approved") else None


def differences(request: DeploymentRequest) -> list[rules.Difference] | None:
    """What differs from the content approved last, for the flows asked for; None where nothing was approved before."""
    before = approved_before(request)
    if before is None or before.content is None:
        return None
    now = request.content if request.content and request.state != "draft" else content(request)
    asked = {flow["slug"] for flow in now["flows"]}
    old = {**before.content, "flows": [flow for flow in before.content["flows"] if flow["slug"] in asked]}
    return rules.differences(old, now)


def chain(request: DeploymentRequest) -> list[DeploymentRequest]:
    """The requests that this one refers to, the nearest first (at most ten)."""
    found: list[DeploymentRequest] = []
    row = request.earlier
    while row is not None and len(found) < 10:
        found.append(row)
        row = row.earlier
    return found
