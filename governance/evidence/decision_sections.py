"""What boards decided, for a pack: requests, votes, conditions, deployments and when each flow was in force."""

from typing import Any

from django.db.models import QuerySet

from governance.evidence.sections import PackFile, Scope, person, table
from governance.review.models import (
    Condition,
    CouncilAnswer,
    CouncilRecord,
    Deployment,
    DeploymentRequest,
    Document,
    InForce,
    Minutes,
    Round,
    Vote,
)


def decisions(scope: Scope) -> list[PackFile]:
    """Requests, rounds, votes (of ended rounds: open ones are secret), conditions, deployments, works council."""
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
        *_rounds(scope),
        *_deployments(scope),
        *_councils(scope),
        _documents(scope),
    ]


def _documents(scope: Scope) -> PackFile:
    """Files of works-council records and of evidence, by their hashes only."""
    rows = Document.objects.filter(system__in=scope.systems, added_at__lt=scope.until)
    rows = rows.select_related("system", "answer", "evidence").order_by("added_at", "pk")
    columns = [
        "file",
        "system",
        "belongs_to",
        "of",
        "name",
        "media_type",
        "size",
        "sha256",
        "added_at",
        "added_by",
    ]
    lines = []
    for row in rows:
        kind, of = row.place
        facts = (row.name, row.media_type, row.size, row.sha256, row.added_at, person(row.added_by_id))
        lines.append((row.pk, row.system.slug, kind, of, *facts))
    return table("review_files.csv", columns, lines, str(rows.query))


def _votes(requests: "QuerySet[DeploymentRequest]", scope: Scope) -> PackFile:
    votes = (
        Vote.objects.filter(request__in=requests, round__ended_at__lt=scope.until)
        .select_related("seat", "round")
        .order_by("request__created_at", "request_id", "cast_at", "pk")
    )
    columns = ["request", "round", "seat", "advisory", "choice", "reason", "conditions", "counted"]
    rows = [
        (
            vote.request_id,
            vote.round.number,
            vote.seat.discipline,
            vote.seat.advisory,
            vote.choice,
            vote.reason,
            vote.conditions,
            vote.counts,
            vote.cast_at,
            person(vote.cast_by_id),
        )
        for vote in votes
    ]
    return table("votes.csv", [*columns, "cast_at", "cast_by"], rows, str(votes.query))


def _conditions(requests: "QuerySet[DeploymentRequest]", scope: Scope) -> PackFile:
    conditions = (
        Condition.objects.filter(request__in=requests, request__closed_at__lt=scope.until)
        .select_related("set_by", "accepted_by_seat")
        .prefetch_related("evidence")
        .order_by("request_id", "due_on", "pk")
    )
    columns = ["request", "text", "owner", "due_on", "set_by", "accepted_by_seat", "met_at", "evidence"]
    rows = [
        (
            condition.request_id,
            condition.text,
            person(condition.owner_id),
            condition.due_on,
            condition.set_by.discipline,
            condition.accepted_by_seat.discipline,
            scope.reached(condition.met_at),
            [
                {"text": one.text, "accepted": one.accepted, "answer": one.answer}
                for one in condition.evidence.all()
                if one.handed_in_at < scope.until
            ],
        )
        for condition in conditions
    ]
    return table("conditions.csv", columns, rows, str(conditions.query))


def _rounds(scope: Scope) -> list[PackFile]:
    rows = Round.objects.filter(request__system__in=scope.systems, submitted_at__lt=scope.until)
    rows = rows.order_by("submitted_at", "pk")
    columns = ["request", "round", "digest", "submitted_at", "submitted_by", "vote_closes_at", "answer"]
    takes = ["owner", "quorum", "majority", "required", "casting_vote"]
    lines = []
    for row in rows:
        ended = scope.reached(row.ended_at)
        said = (row.result, row.reason) if ended else ("", "")
        by = person(row.submitted_by_id)
        asked = (row.request_id, row.number, row.digest, row.submitted_at, by, row.vote_closes_at, row.answer)
        rule = (person(row.owner_id), row.quorum, row.majority, row.required, row.casting_vote)
        lines.append((*asked, ended, *said, *rule, row.left_out if ended else []))
    kept = Minutes.objects.filter(request__system__in=scope.systems, written_at__lt=scope.until)
    kept = kept.order_by("written_at", "pk")
    return [
        table(
            "rounds.csv",
            [*columns, "ended_at", "result", "reason", *takes, "left_out"],
            lines,
            str(rows.query),
        ),
        table(
            "minutes.csv",
            ["request", "version", "text", "written_at", "written_by", "closed_at"],
            [
                (
                    m.request_id,
                    m.number,
                    m.text,
                    m.written_at,
                    person(m.written_by_id),
                    scope.reached(m.closed_at),
                )
                for m in kept
            ],
            str(kept.query),
        ),
    ]


def _councils(scope: Scope) -> list[PackFile]:
    rows = CouncilAnswer.objects.filter(record__system__in=scope.systems, recorded_at__lt=scope.until)
    rows = rows.select_related("record__system").order_by("recorded_at", "pk")
    asked = CouncilRecord.objects.filter(system__in=scope.systems, asked_at__lt=scope.until)
    asked = asked.select_related("system").order_by("asked_at", "pk")
    told = ["answered_on", "recorded_at", "recorded_by"]
    return [
        table(
            "works-council.csv",
            ["record", "system", "flows", "question", "documents", "informed_on", "asked_at"],
            [
                (c.pk, c.system.slug, sorted(c.facts), c.question, c.documents, c.informed_on, c.asked_at)
                for c in asked
            ],
            str(asked.query),
        ),
        table(
            "works-council-answers.csv",
            ["record", "system", "answer", "reason", "documents", *told],
            [
                (
                    a.record_id,
                    a.record.system.slug,
                    a.state,
                    a.reason,
                    a.documents,
                    a.answered_on,
                    a.recorded_at,
                    person(a.recorded_by_id),
                )
                for a in rows
            ],
            str(rows.query),
        ),
    ]


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
