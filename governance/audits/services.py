"""Setting targets, asking for runs, running them and acting on what they find."""

from collections.abc import Mapping
from datetime import date

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from governance.audits import registry, rules
from governance.audits.models import AuditPlan, AuditRun
from governance.audits.registry import AuditKind, AuditScope
from governance.audits.selectors import plan_in_force
from governance.registry.models import System
from portal.access.selectors import require
from portal.accounts.models import ApiKey, MachineUser, User
from portal.errors import N_, NotAllowed, RuleBroken
from portal.jobs import services as jobs
from portal.jobs.rules import Every
from portal.jobs.services import Actor
from portal.ledger.services import record

JOB = "audit"


def kind_of(kind: str) -> AuditKind:
    """The audit of that kind. Raises RuleBroken where this version has none."""
    known = registry.find(kind)
    if known is None:
        raise RuleBroken(
            N_("There is no audit of kind '{kind}'."), code="unknown_audit", field="kind", kind=kind
        )
    return known


def allow(by: Actor, perm: str, system: System) -> None:
    """Ask the permissions; 'system' (schedules, commands on the machine itself) may."""
    if by != "system":
        require(MachineUser(by) if isinstance(by, ApiKey) else by, perm, system)


def plan_audit(
    *,
    system: System,
    kind: str,
    targets: Mapping[str, object],
    every: str = "",
    by: Actor,
    note: str = "",
) -> AuditPlan:
    """Set the targets of an audit before it runs, and how often it runs by itself ('' = only when asked).

    A change is a new version; runs keep the version they were started under. `targets` names checks of the
    kind, those left out get the kind's default. Raises Invalid for an unknown check or a target out of range.
    """
    known = kind_of(kind)
    if by != "system" and not isinstance(by, User):
        raise NotAllowed(N_("Targets are set by people, not by machines."), code="people_only")
    allow(by, "run_audits", system)
    exact = rules.targets_from(targets, known.targets)
    if every and every not in {item.value for item in Every if item is not Every.HOURLY}:
        raise RuleBroken(
            N_("An audit runs daily, weekly, monthly, or only when asked."), code="every", field="every"
        )
    with transaction.atomic():
        System.objects.select_for_update(of=("self",)).get(pk=system.pk)
        earlier = (
            AuditPlan.objects.filter(system=system, kind=kind).aggregate(last=Max("version"))["last"] or 0
        )
        plan = AuditPlan.objects.create(
            system=system,
            kind=kind,
            version=earlier + 1,
            targets=exact,
            every=every,
            note=note.strip(),
            created_by=by if isinstance(by, User) else None,
        )
        _schedule(plan)
        body = {"kind": kind, "version": plan.version, "targets": exact, "every": every, "note": plan.note}
        record(type="audit.planned", by=by, subject=system.subject, body=body)
    plan.refresh_from_db()
    return plan


def _schedule(plan: AuditPlan) -> None:
    name = f"audit:{plan.system.slug}:{plan.kind}"
    if not plan.every:
        jobs.stop_schedule(name=name)
        return
    payload = {"system": str(plan.system_id), "kind": plan.kind}
    jobs.set_schedule(
        name=name,
        kind=JOB,
        payload=payload,
        every=Every(plan.every),
        unit=plan.system.unit,
        about=f"{plan.system.name}: {plan.kind}",
    )


def start_run(
    *,
    system: System,
    kind: str,
    date_from: date | None = None,
    date_to: date | None = None,
    evaluation: str | None = None,
    by: Actor,
    bell: bool = True,
) -> AuditRun:
    """Ask for a run over whole days (both included) or over an evaluation set; it is done by a worker.

    Without dates and set: all the days that have data. The same run asked for twice while it is open is one
    run. Raises RuleBroken for an unknown kind or set, or a window that is no window.
    """
    known = kind_of(kind)
    allow(by, "run_audits", system)
    chosen = evaluation or ""
    if not chosen and date_from is None and date_to is None:
        date_from, date_to = known.looks_at(system) or (None, None)
        if date_from is None:
            raise RuleBroken(
                N_("This system has no data yet: nothing to audit."), code="no_data", field="from"
            )
    if chosen and not known.takes_evaluation:
        raise RuleBroken(
            N_("This audit does not take an evaluation set."), code="no_evaluation", field="evaluation"
        )
    rules.check_window(date_from, date_to, chosen, timezone.now().date())
    plan = plan_in_force(system, kind)
    looked_at = rules.looked_at(date_from, date_to, chosen)
    run = _new_run(known, system, plan, date_from, date_to, chosen)
    known.validate(_scope(run, known))
    with transaction.atomic():
        run.job = jobs.enqueue(
            kind=JOB,
            payload={"system": str(system.pk), "kind": kind, "run": str(run.pk)},
            by=by,
            unit=system.unit,
            about=f"{system.name}: {kind}",
            bell=bell,
            # the same question under the same targets: two clicks are one run
            unique_key=f"audit:{system.pk}:{kind}:{plan.version if plan else 0}:{looked_at}"[:200],
        )
        asked_before = AuditRun.objects.filter(job=run.job).first()
        if asked_before is not None:
            return asked_before
        run.save(force_insert=True)
        record(
            type="audit.run_requested",
            by=by,
            subject=system.subject,
            body={"run": str(run.pk), "kind": kind, "looks_at": looked_at, "targets": run.targets},
        )
    run.refresh_from_db()
    return run


def _new_run(
    known: AuditKind,
    system: System,
    plan: AuditPlan | None,
    date_from: date | None,
    date_to: date | None,
    evaluation: str,
) -> AuditRun:
    targets = plan.targets if plan else rules.targets_from({}, known.targets)
    return AuditRun(
        system=system,
        kind=known.kind,
        plan=plan,
        targets=targets,
        window_from=date_from,
        window_to=date_to,
        evaluation=evaluation,
        seed=rules.seed_for(system.slug, known.kind, rules.looked_at(date_from, date_to, evaluation)),
        code_version=registry.code_version(known.kind),
    )


def _scope(run: AuditRun, known: AuditKind) -> AuditScope:
    return AuditScope(
        system=run.system,
        targets=run.targets,
        seed=run.seed,
        date_from=run.window_from,
        date_to=run.window_to,
        evaluation=run.evaluation,
    )
