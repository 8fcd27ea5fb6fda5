"""What governance itself shows in a pack: register, screenings, decisions, findings, audits, policies.

As it stood at the end of the period: rows that came later are left out, states are told as of that moment. People are
ids, never names.
"""

from typing import Any

from governance.audits.models import AuditPlan, AuditRun
from governance.consent.models import Notice, Policy
from governance.evidence.sections import PackFile, Scope, document, person, register, suppress, table
from governance.findings.models import CorrectiveAction, Finding
from governance.registry.models import DataFlow, Goal, SystemVersion
from governance.review.models import Condition, Deployment, DeploymentRequest, InForce, Vote
from governance.screening.models import Screening


def systems(scope: Scope) -> list[PackFile]:
    """Systems, versions, flows and goals."""
    theirs: dict[str, Any] = {"system__in": scope.systems, "created_at__lt": scope.until}
    versions = SystemVersion.objects.filter(**theirs).order_by("system__slug", "released_on", "pk")
    flows = DataFlow.objects.filter(**theirs).order_by("system__slug", "slug")
    goals = Goal.objects.filter(**theirs).order_by("system__slug", "due_on", "kpi", "pk")
    facts = ["modality", "subject_role", "setting", "purpose", "output", "consequence", "recipient", "facts"]
    return [
        table(
            "systems.csv",
            [
                "system",
                "name",
                "unit",
                "owner",
                "provider_role",
                "state",
                "labels",
                "languages",
                "created_at",
            ],
            [
                (
                    s.slug,
                    s.name,
                    s.unit.slug,
                    person(s.owner_id),
                    s.provider_role,
                    s.state,
                    s.labels,
                    s.languages,
                    s.created_at,
                )
                for s in scope.systems
            ],
            "systems of the scope, as they are now",
        ),
        table(
            "versions.csv",
            ["system", "version", "model", "released_on", "created_at"],
            versions.values_list("system__slug", "name", "model", "released_on", "created_at"),
            str(versions.query),
        ),
        table(
            "flows.csv",
            ["system", "flow", "name", *facts, "created_at"],
            flows.values_list("system__slug", "slug", "name", *facts, "created_at"),
            str(flows.query),
        ),
        table(
            "goals.csv",
            ["system", "kpi", "target", "direction", "due_on", "statement"],
            goals.values_list("system__slug", "kpi", "target", "direction", "due_on", "statement"),
            str(goals.query),
        ),
    ]


def screenings(scope: Scope) -> list[PackFile]:
    """Every legal outcome with rule, articles and reason; a signature counts if it was given in time."""
    rows = (
        Screening.objects.filter(flow__system__in=scope.systems, made_at__lt=scope.until)
        .select_related("flow__system")
        .order_by("flow__system__slug", "flow__slug", "made_at", "pk")
    )
    columns = [
        "system",
        "flow",
        "outcome",
        "rule",
        "rules_version",
        "articles",
        "reason",
        "assessed_on",
        "made_at",
    ]
    columns += ["signed_at", "signed_by", "valid_until", "superseded_at", "facts_sha256"]
    lines = []
    for row in rows:
        signed = row.signed_at is not None and row.signed_at < scope.until
        over = row.superseded_at is not None and row.superseded_at < scope.until
        lines.append(
            (
                row.flow.system.slug,
                row.flow.slug,
                row.outcome,
                row.rule,
                row.rules_version,
                row.articles,
                row.reason.get("en", ""),
                row.assessed_on,
                row.made_at,
                row.signed_at if signed else None,
                person(row.signed_by_id) if signed else "",
                row.valid_until if signed else None,
                row.superseded_at if over else None,
                row.facts_sha256,
            )
        )
    return [table("screenings.csv", columns, lines, str(rows.query))]


def decisions(scope: Scope) -> list[PackFile]:
    """Requests, votes (of closed requests: open votes are secret), conditions, deployments, times in force."""
    requests = (
        DeploymentRequest.objects.filter(system__in=scope.systems, created_at__lt=scope.until)
        .select_related("system", "version", "board")
        .order_by("created_at", "pk")
    )
    votes = (
        Vote.objects.filter(request__in=requests, request__closed_at__lt=scope.until)
        .select_related("seat")
        .order_by("request__created_at", "request_id", "cast_at", "pk")
    )
    conditions = (
        Condition.objects.filter(request__in=requests, request__closed_at__lt=scope.until)
        .select_related("set_by")
        .order_by("request_id", "due_on", "pk")
    )
    columns = ["request", "system", "version", "flows", "board", "state", "high_risk", "digest", "created_at"]
    columns += ["requested_by", "submitted_at", "closed_at", "decision_reason"]
    return [
        table("requests.csv", columns, [_request(row, scope) for row in requests], str(requests.query)),
        table(
            "votes.csv",
            [
                "request",
                "seat",
                "advisory",
                "choice",
                "reason",
                "conditions",
                "counted",
                "cast_at",
                "cast_by",
            ],
            [
                (
                    v.request_id,
                    v.seat.discipline,
                    v.seat.advisory,
                    v.choice,
                    v.reason,
                    v.conditions,
                    v.counted,
                    v.cast_at,
                    person(v.cast_by_id),
                )
                for v in votes
            ],
            str(votes.query),
        ),
        table(
            "conditions.csv",
            ["request", "text", "owner", "due_on", "set_by", "met_at"],
            [
                (
                    c.request_id,
                    c.text,
                    person(c.owner_id),
                    c.due_on,
                    c.set_by.discipline,
                    _by(scope, c.met_at),
                )
                for c in conditions
            ],
            str(conditions.query),
        ),
        *_deployments(scope),
    ]


def _by(scope: Scope, moment: Any) -> Any:
    """The moment, if it had come by the end of the period."""
    return moment if moment is not None and moment < scope.until else None


def _request(row: DeploymentRequest, scope: Scope) -> tuple[Any, ...]:
    closed, submitted = _by(scope, row.closed_at), _by(scope, row.submitted_at)
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
        suspended = _by(scope, row.suspended_at)
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


def findings(scope: Scope) -> list[PackFile]:
    """Findings as of the end of the period, with what was done about them."""
    rows = (
        Finding.objects.filter(system__in=scope.systems, opened_at__lt=scope.until)
        .select_related("system")
        .order_by("opened_at", "pk")
    )
    actions = CorrectiveAction.objects.filter(finding__in=rows, created_at__lt=scope.until).order_by(
        "created_at", "pk"
    )
    lines, exceptions = [], []
    for row in rows:
        cleared = _by(scope, row.cleared_at)
        state = "cleared" if cleared else "open"
        lines.append(
            (
                row.pk,
                row.system.slug,
                row.check_key,
                row.severity,
                row.title_text,
                state,
                row.opened_at,
                row.due_on,
                cleared,
                row.cleared_reason if cleared else "",
                row.source,
            )
        )
        if not cleared or cleared >= scope.since:
            when = row.opened_at.isoformat()
            exceptions.append(
                (row.system.slug, "finding", str(row.pk), f"{row.severity}: {row.title_text}", when)
            )
    columns = ["finding", "system", "check", "severity", "title", "state", "opened_at", "due_on"]
    return [
        table(
            "findings.csv",
            [*columns, "cleared_at", "cleared_because", "source"],
            lines,
            str(rows.query),
            exceptions=tuple(exceptions),
        ),
        table(
            "corrective-actions.csv",
            ["finding", "text", "owner", "due_on", "done_at"],
            [(a.finding_id, a.text, person(a.owner_id), a.due_on, _by(scope, a.done_at)) for a in actions],
            str(actions.query),
        ),
    ]


def audits(scope: Scope) -> list[PackFile]:
    """Plans, and the runs of the period with verdict, checks, figures and the digest that the ledger holds."""
    plans = AuditPlan.objects.filter(system__in=scope.systems, created_at__lt=scope.until).order_by(
        "system__slug", "kind", "version"
    )
    runs = (
        AuditRun.objects.filter(
            system__in=scope.systems, finished_at__gte=scope.since, finished_at__lt=scope.until
        )
        .select_related("system")
        .order_by("finished_at", "pk")
    )
    columns = [
        "run",
        "system",
        "audit",
        "window_from",
        "window_to",
        "evaluation",
        "targets",
        "verdict",
        "digest",
    ]
    bad = [
        (run.system.slug, "audit", str(run.pk), f"{run.kind}: {run.verdict}", run.finished_at.isoformat())
        for run in runs
        if run.verdict != "met" and run.finished_at
    ]
    return [
        table(
            "audit-plans.csv",
            ["system", "audit", "version", "targets", "every", "created_at"],
            plans.values_list("system__slug", "kind", "version", "targets", "every", "created_at"),
            str(plans.query),
        ),
        table(
            "audit-runs.csv",
            [*columns, "finished_at", "code_version"],
            [
                (
                    r.pk,
                    r.system.slug,
                    r.kind,
                    r.window_from,
                    r.window_to,
                    r.evaluation,
                    r.targets,
                    r.verdict,
                    r.digest,
                    r.finished_at,
                    r.code_version,
                )
                for r in runs
            ],
            str(runs.query),
            exceptions=tuple(bad),
        ),
        document("audit-runs.json", [_run(run) for run in runs]),
    ]


def _run(run: AuditRun) -> dict[str, Any]:
    checks = []
    for check in run.checks:
        figure = check.get("figure")
        checks.append({**check, "figure": suppress(figure)} if isinstance(figure, dict) else check)
    return {
        "run": str(run.pk),
        "system": run.system.slug,
        "audit": run.kind,
        "targets": run.targets,
        "verdict": run.verdict,
        "checks": checks,
        "figures": [suppress(figure) for figure in run.figures],
        "counts": run.counts,
        "digest": run.digest,
        "finished_at": run.finished_at,
    }


def policies(scope: Scope) -> list[PackFile]:
    """Approved data-use policies and published notices; the words of a notice stand in its digest."""
    rows = Policy.objects.filter(system__in=scope.systems, approved_at__lt=scope.until).order_by(
        "system__slug", "version"
    )
    notices = Notice.objects.filter(system__in=scope.systems, published_at__lt=scope.until).order_by(
        "system__slug", "version", "language"
    )
    return [
        table(
            "policies.csv",
            ["system", "version", "rules", "retention_days", "effective_at", "approved_at"],
            rows.values_list(
                "system__slug", "version", "rules", "retention_days", "effective_at", "approved_at"
            ),
            str(rows.query),
        ),
        table(
            "notices.csv",
            ["system", "version", "language", "sha256", "effective_at", "published_at"],
            notices.values_list(
                "system__slug", "version", "language", "sha256", "effective_at", "published_at"
            ),
            str(notices.query),
        ),
    ]


def register_all() -> None:
    """Called once at start."""
    for name, make in {
        "10 register": systems,
        "20 screenings": screenings,
        "30 decisions": decisions,
        "40 findings": findings,
        "50 audits": audits,
        "60 policies": policies,
    }.items():
        register(name, make)
