"""Questions about audits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from governance.audits import registry, rules
from governance.audits.models import AuditPlan, AuditRun
from governance.audits.registry import AuditKind
from governance.findings.models import Finding
from governance.registry.models import System
from governance.registry.selectors import visible
from portal.accounts.models import MachineUser
from portal.jobs.models import Schedule
from portal.jobs.rules import answered_state


def plan_in_force(system: System, kind: str) -> AuditPlan | None:
    """The newest version of the plan, or None where nobody set targets (then the defaults of the kind
    hold)."""
    return AuditPlan.objects.filter(system=system, kind=kind).order_by("-version").first()


def reading(user: Any) -> str:
    """The permission that opens audits: a machine's scope to run them includes reading what came of it."""
    return "run_audits" if isinstance(user, MachineUser) else "view_audits"


def visible_runs(user: Any) -> QuerySet[AuditRun]:
    """The runs of the systems whose audits this person or key may see."""
    return AuditRun.objects.filter(system__in=visible(user, reading(user))).select_related(
        "system", "job", "plan"
    )


def finished(system: System, kind: str) -> QuerySet[AuditRun]:
    """The finished runs of one audit, newest first."""
    return AuditRun.objects.filter(system=system, kind=kind).exclude(verdict="").order_by("-finished_at")


def source(run: AuditRun) -> str:
    """How a finding names the run that opened it."""
    return f"audit:{run.pk}"


def findings_of(run: AuditRun) -> QuerySet[Finding]:
    """The findings that this run opened or saw again last, and the open ones of the same checks."""
    keys = [key for check in run.checks for key in finding_keys(run, check["key"])]
    return Finding.objects.filter(system_id=run.system_id, check_key__in=keys).order_by("state", "-opened_at")


def finding_keys(run: AuditRun, check: str) -> tuple[str, str]:
    """The checks under which a run files findings: the target missed, and the check itself broken.

    An evaluation set speaks for itself only: what it shows neither opens nor clears what live use showed.
    """
    mark = rules.short_mark(run.evaluation)
    return f"{run.kind}.{check}{mark}", f"{run.kind}.{check}.crashed{mark}"


@dataclass(frozen=True)
class Standing:
    """How one audit of one system stands: for the overview."""

    system: System
    kind: AuditKind
    plan: AuditPlan | None
    last: AuditRun | None
    next_due_at: datetime | None


def standings(systems: QuerySet[System]) -> list[Standing]:
    """Every audit kind of every given system: plan, last finished run (of live use or a set), next due; 4
    queries."""
    found = list(systems.order_by("sort_key", "slug"))
    ids = [system.pk for system in found]
    plans = _newest(AuditPlan.objects.filter(system__in=ids).order_by("system_id", "kind", "-version"))
    runs = _newest(
        AuditRun.objects.filter(system__in=ids)
        .exclude(verdict="")
        .order_by("system_id", "kind", "-finished_at")
        .select_related("job")
    )
    names = [f"audit:{system.slug}:{kind.kind}" for system in found for kind in registry.all_kinds()]
    due = dict(Schedule.objects.filter(name__in=names, active=True).values_list("name", "next_due_at"))
    return [
        Standing(
            system=system,
            kind=kind,
            plan=plans.get((system.pk, kind.kind)),
            last=runs.get((system.pk, kind.kind)),
            next_due_at=due.get(f"audit:{system.slug}:{kind.kind}"),
        )
        for system in found
        for kind in registry.all_kinds()
    ]


def _newest(rows: Any) -> dict[tuple[Any, str], Any]:
    return {(row.system_id, row.kind): row for row in rows.distinct("system_id", "kind")}


def run_shape(run: AuditRun) -> dict[str, Any]:
    """The run as API and commands print it."""
    job = run.job
    return {
        "id": str(run.pk),
        "system": run.system.slug,
        "kind": run.kind,
        "state": answered_state(job.state),
        "progress": job.progress,
        "note": job.note,
        "error": job.error,
        "verdict": run.verdict or None,
        "checks": run.checks,
        "figures": run.figures,
        "tables": run.tables,
        "counts": run.counts,
        "targets": run.targets,
        "plan_version": run.plan.version if run.plan else None,
        "window": {"from": run.window_from.isoformat(), "to": run.window_to.isoformat()}
        if run.window_from and run.window_to
        else None,
        "evaluation": run.evaluation or None,
        "seed": run.seed,
        "code_version": run.code_version,
        "requested_at": run.requested_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "digest": run.digest or None,
    }


def plan_shape(system: System, kind: str) -> dict[str, Any]:
    """The plan in force as the API prints it; version 0 are the defaults of the kind."""
    plan = plan_in_force(system, kind)
    known = registry.find(kind)
    due = Schedule.objects.filter(name=f"audit:{system.slug}:{kind}", active=True).first()
    return {
        "system": system.slug,
        "kind": kind,
        "version": plan.version if plan else 0,
        "targets": plan.targets if plan else rules.targets_from({}, known.targets if known else ()),
        "every": plan.every if plan else "",
        "next_due_at": due.next_due_at.isoformat() if due else None,
    }
