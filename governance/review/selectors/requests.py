"""Requests: who sees them, which wait for a vote, how a file differs from what was approved."""

import datetime as dt
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from governance.registry.selectors import visible
from governance.review import rules
from governance.review.models import DeploymentRequest, Membership, Round
from governance.review.selectors.boards import standing
from governance.review.selectors.file import content


def visible_requests(user: Any) -> QuerySet[DeploymentRequest]:
    """The requests on systems whose reviews `user` may see; drafts only where they made it or may ask themselves."""
    rows = DeploymentRequest.objects.filter(system__in=visible(user, "view_review"))
    own = Q(requested_by_id=getattr(user, "pk", None))
    return rows.filter(~Q(state="draft") | own | Q(system__in=visible(user, "request_deployment")))


def open_for(user: Any, on: dt.date) -> list[DeploymentRequest]:
    """The requests that wait for the vote of `user`: a seat gives the vote, a role that reaches the system opens it."""
    seats = Membership.objects.filter(user=user).values("seat__board")
    rows = visible_requests(user).filter(state="in_review", board__in=seats)
    rows = rows.select_related("system", "board", "version")
    rows = rows.exclude(rounds__in=Round.objects.filter(ended_at=None, votes__cast_by=user))
    at = dt.datetime.combine(on, dt.time.min, dt.UTC)
    return [request for request in rows if not standing(request, user, at).why_not]


def approved_before(request: DeploymentRequest) -> DeploymentRequest | None:
    """The approved request with which this one is compared: of a re-approval the one that it follows."""
    earlier = request.earlier
    return earlier if earlier is not None and earlier.state.startswith("approved") else None


def compared(request: DeploymentRequest) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The content approved last and that of now, for the flows asked for; None where nothing was approved before."""
    before = approved_before(request)
    if before is None or before.content is None:
        return None
    now = (
        request.content
        if request.content and request.state not in ("draft", "returned")  # what it would be submitted as
        else content(request, timezone.now().date())
    )
    asked = {flow["slug"] for flow in now["flows"]}
    old = {**before.content, "flows": [flow for flow in before.content["flows"] if flow["slug"] in asked]}
    return old, now


def differences(request: DeploymentRequest) -> list[rules.Difference] | None:
    """What differs from the content approved last, value by value; None where nothing was approved before."""
    pair = compared(request)
    return None if pair is None else rules.differences(*pair)


def difference_rows(request: DeploymentRequest) -> list[dict[str, Any]] | None:
    """The same as plain data: path, before and after."""
    found = differences(request)
    if found is None:
        return None
    return [{"path": "/".join(row.path), "before": row.before, "after": row.after} for row in found]


def chain(request: DeploymentRequest) -> list[DeploymentRequest]:
    """The requests that this one refers to, the nearest first (at most ten)."""
    found: list[DeploymentRequest] = []
    row = request.earlier
    while row is not None and len(found) < 10:
        found.append(row)
        row = row.earlier
    return found
