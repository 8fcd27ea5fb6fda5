"""What governance itself shows in a pack: register, screenings, decisions, findings, audits, policies.

As it stood at the end of the period: rows that came later are left out, states are told as of that moment. People are
ids, never names.
"""

from typing import Any

from django.db.models import Q

from governance.audits.models import AuditPlan, AuditRun
from governance.consent.floors import floors
from governance.consent.models import Notice, Policy
from governance.evidence.assessment_sections import assessments
from governance.evidence.decision_sections import decisions
from governance.evidence.register_sections import described
from governance.evidence.sections import PackFile, Scope, document, person, register, suppress, table
from governance.findings.models import CorrectiveAction, Finding
from governance.registry.models import DataFlow, Goal, SystemVersion
from governance.screening.models import Screening


def systems(scope: Scope) -> list[PackFile]:
    """Systems, versions, flows, goals, and what else their records say."""
    theirs: dict[str, Any] = {"system__in": scope.systems, "created_at__lt": scope.until}
    versions = SystemVersion.objects.filter(**theirs).order_by("system__slug", "released_on", "pk")
    flows = DataFlow.objects.filter(**theirs).order_by("system__slug", "slug")
    held = Q(removed_at__isnull=True) | Q(removed_at__gte=scope.until)
    goals = Goal.objects.filter(held, **theirs).order_by("system__slug", "due_on", "kpi", "pk")
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
        *described(scope),
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
        cleared = scope.reached(row.cleared_at)
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
            [(a.finding_id, a.text, person(a.owner_id), a.due_on, scope.reached(a.done_at)) for a in actions],
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
    smallest = floors(system.pk for system in scope.systems)
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
        document("audit-runs.json", [_run(run, smallest[run.system_id]) for run in runs]),
    ]


def _run(run: AuditRun, floor: int) -> dict[str, Any]:
    checks = []
    for check in run.checks:
        figure = check.get("figure")
        checks.append({**check, "figure": suppress(figure, floor)} if isinstance(figure, dict) else check)
    return {
        "run": str(run.pk),
        "system": run.system.slug,
        "audit": run.kind,
        "targets": run.targets,
        "verdict": run.verdict,
        "checks": checks,
        "figures": [suppress(figure, floor) for figure in run.figures],
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
        "70 assessments": assessments,
    }.items():
        register(name, make)
