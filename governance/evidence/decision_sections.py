"""What boards decided, for a pack: requests, votes, conditions, deployments and when each flow was in force."""

from typing import Any

from django.db.models import QuerySet

from governance.evidence.sections import PackFile, Scope, person, table
from governance.review.models import Condition, Deployment, DeploymentRequest, InForce, Vote


def decisions(scope: Scope) -> list[PackFile]:
    """Requests, votes (of closed requests: open votes are secret), conditions, deployments, times in force."""
    requests = (
        DeploymentRequest.objects.filter(system__in=scope.systems, created_at__lt=scope.until)
        .select_related("system", "version", "board")
        .order_by("created_at", "pk")
    )
    columns = ["request", "system", "version", "flows", "board", "state", "high_risk", "digest", "created_at"]
    columns += ["requested_by", "submitted_at", "closed_at", "decision_reason"]
    return [
        table("requests.csv", columns, [_request(row, scope) for row in requests], str(requests.query)),
        _votes(requests, scope),
        _conditions(requests, scope),
        *_deployments(scope),
    ]


def _votes(requests: "QuerySet[DeploymentRequest]", scope: Scope) -> PackFile:
    votes = (
        Vote.objects.filter(request__in=requests, request__closed_at__lt=scope.until)
        .select_related("seat")
        .order_by("request__created_at", "request_id", "cast_at", "pk")
    )
    columns = [
        "request",
        "seat",
        "advisory",
        "choice",
        "reason",
        "conditions",
        "counted",
        "cast_at",
        "cast_by",
    ]
    rows = [
        (
            vote.request_id,
            vote.seat.discipline,
            vote.seat.advisory,
            vote.choice,
            vote.reason,
            vote.conditions,
            vote.counted,
            vote.cast_at,
            person(vote.cast_by_id),
        )
        for vote in votes
    ]
    return table("votes.csv", columns, rows, str(votes.query))


def _conditions(requests: "QuerySet[DeploymentRequest]", scope: Scope) -> PackFile:
    conditions = (
        Condition.objects.filter(request__in=requests, request__closed_at__lt=scope.until)
        .select_related("set_by")
        .order_by("request_id", "due_on", "pk")
    )
    rows = [
        (
            condition.request_id,
            condition.text,
            person(condition.owner_id),
            condition.due_on,
            condition.set_by.discipline,
            scope.reached(condition.met_at),
        )
        for condition in conditions
    ]
    columns = ["request", "text", "owner", "due_on", "set_by", "met_at"]
    return table("conditions.csv", columns, rows, str(conditions.query))


def _request(row: DeploymentRequest, scope: Scope) -> tuple[Any, ...]:
    closed, submitted = scope.reached(row.closed_at), scope.reached(row.submitted_at)
    state = row.state if closed else ("in_review" if submitted else "draft")
    flows = list(row.flows.order_by("slug").values_list("slug", flat=True))
    return (
        row.pk,
        row.system.slug,
        row.version.name,
        flows,
        row.board.name,
        state,
        row.high_risk,
        row.digest,
        row.created_at,
        person(row.requested_by_id),
        submitted,
        closed,
        row.decision_reason if closed else "",
    )


def _deployments(scope: Scope) -> list[PackFile]:
    deployments = (
        Deployment.objects.filter(system__in=scope.systems, valid_from__lt=scope.until)
        .select_related("system", "version")
        .order_by("valid_from", "pk")
    )
    stretches = InForce.objects.filter(system__in=scope.systems, starts_at__lt=scope.until).order_by(
        "starts_at", "pk"
    )
    lines, exceptions = [], []
    for row in deployments:
        suspended = scope.reached(row.suspended_at)
        lines.append(
            (
                row.pk,
                row.system.slug,
                row.version.name,
                row.request_id,
                row.valid_from,
                row.valid_until,
                suspended,
                row.reason if suspended else "",
                row.digest,
            )
        )
        if suspended and suspended >= scope.since:
            exceptions.append((row.system.slug, "suspension", str(row.pk), row.reason, suspended.isoformat()))
    columns = ["deployment", "system", "version", "request", "valid_from", "valid_until", "suspended_at"]
    return [
        table(
            "deployments.csv",
            [*columns, "suspended_because", "digest"],
            lines,
            str(deployments.query),
            exceptions=tuple(exceptions),
        ),
        table(
            "in-force.csv",
            ["deployment", "system", "flow", "starts_at", "ends_at", "ended_because"],
            stretches.values_list(
                "deployment_id", "system__slug", "flow__slug", "starts_at", "ends_at", "ended_because"
            ),
            str(stretches.query),
        ),
    ]
