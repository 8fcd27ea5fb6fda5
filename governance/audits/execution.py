"""Doing a run: measure, judge, store, open and clear findings; everything a worker may be killed in."""

import logging
from dataclasses import replace
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models.functions import Now
from django.urls import reverse

from governance.audits import registry, rules
from governance.audits.models import AuditRun
from governance.audits.registry import AuditKind, AuditResult, Check
from governance.audits.rules import Verdict
from governance.audits.selectors import finding_keys, plan_in_force, source
from governance.audits.services import JOB, _new_run, _scope, kind_of
from governance.findings.models import Finding
from governance.findings.services import clear_finding, open_finding
from governance.registry.models import System
from portal.errors import N_, RuleBroken
from portal.jobs.context import Cancelled, Fenced, JobContext
from portal.jobs.models import Job
from portal.jobs.registry import handler
from portal.ledger.services import record

log = logging.getLogger(__name__)
# not the check's fault: the job is tried again
PASS_ON = (Cancelled, Fenced, RuleBroken, OperationalError, InterfaceError, MemoryError)


def _page(job: Job) -> str:
    run = (job.result or {}).get("run")
    return reverse("audit_run", args=[run]) if run else ""


def _gave_up(job: Job) -> None:
    """A run that cannot be finished leaves the system unaudited: a finding until a later run ends."""
    run = AuditRun.objects.select_related("system").filter(job=job).first()
    system = run.system if run else System.objects.get(pk=job.payload["system"])
    open_finding(
        system=system,
        check=f"{job.payload['kind']}.unfinished",
        severity="high",
        title=N_("An audit could not be finished."),
        detail=N_("The audit '{kind}' was given up after {attempts} attempts: {error}"),
        params={"kind": job.payload["kind"], "attempts": str(job.attempts), "error": job.error[:500]},
        source=f"job:{job.pk}",
    )


@handler(JOB, title=N_("Audit"), page=_page, gave_up=_gave_up)
def audit_job(context: JobContext) -> dict[str, Any]:
    """The work of jobs of kind 'audit': a run that somebody asked for, or the window of a schedule."""
    return execute(_run_of(context), context)


def _run_of(context: JobContext) -> AuditRun:
    """The run of this job; a schedule's job makes it here, once (the job is its unique key)."""
    known = AuditRun.objects.select_related("system", "plan").filter(job=context.job).first()
    if known is not None:
        return known
    window = context.window
    if window is None:
        raise LookupError("an audit job without a run and without a window")
    system = System.objects.select_related("unit").get(pk=context.payload["system"])
    kind = kind_of(context.payload["kind"])
    first, last = window.days()
    run = _new_run(kind, system, plan_in_force(system, kind.kind), first, last, "")
    run.job = context.job
    run.save(force_insert=True)
    return run


def execute(run: AuditRun, context: JobContext) -> dict[str, Any]:
    """Measure, then store result, findings and ledger event in the transaction that ends the job.

    A worker killed before that leaves nothing behind, and the next attempt starts over; one that was only
    thought dead finds its token used up, and its transaction goes back.
    """
    kind = kind_of(run.kind)
    context.progress(5, N_("Reading"))
    checks, result = _measure(kind, run, context)
    context.progress(90, N_("Storing"))
    content = _content(run, checks, result)
    digest = rules.result_digest(content)
    verdict = rules.overall(check["verdict"] for check in checks)
    outcome = {"run": str(run.pk), "verdict": verdict.value, "digest": digest}
    with transaction.atomic():
        AuditRun.objects.filter(pk=run.pk).update(
            checks=checks,
            figures=content["figures"],
            tables=content["tables"],
            counts=content["counts"],
            code_version=content["code_version"],
            verdict=verdict.value,
            digest=digest,
            finished_at=Now(),
        )
        _move_findings(run, kind, checks)
        record(
            type="audit.run_finished",
            by="system",
            subject=run.system.subject,
            body=_event(run, content, outcome),
        )
        context.finish(outcome)
    return outcome


def _measure(kind: AuditKind, run: AuditRun, context: JobContext) -> tuple[list[dict[str, Any]], AuditResult]:
    scope = replace(
        _scope(run, kind), progress=lambda percent, note: context.progress(5 + percent * 80 // 100, note)
    )
    try:
        result = kind.measure(scope)
    except PASS_ON:
        raise
    except Exception as error:  # the crash of an audit is its result
        context.log(f"The audit crashed: {type(error).__name__}: {error}")
        log.exception("audit %s crashed", run.pk)
        return [_broken(kind, run, target.key, error) for target in kind.targets], AuditResult(checks=[])
    return [_judge(kind, run, check, context) for check in result.checks], result


def _judge(kind: AuditKind, run: AuditRun, check: Check, context: JobContext) -> dict[str, Any]:
    context.check()
    try:
        judged = check.measure()
    except PASS_ON:
        raise
    except Exception as error:
        context.log(f"The check {check.key} crashed: {type(error).__name__}: {error}")
        log.exception("check %s of audit %s crashed", check.key, run.pk)
        return _broken(kind, run, check.key, error)
    figure = judged.figure.to_dict()
    return _line(kind, run, check.key) | {
        "figure": figure,
        "verdict": Verdict(judged.verdict).value,
        "reason": judged.reason or figure.get("reason", ""),
    }


def _line(kind: AuditKind, run: AuditRun, key: str) -> dict[str, Any]:
    target = kind.target(key)
    return {
        "key": key,
        "title": target.title if target else key,
        "target": run.targets.get(key),
        "direction": target.direction if target else "at_least",
    }


def _broken(kind: AuditKind, run: AuditRun, key: str, error: Exception) -> dict[str, Any]:
    return _line(kind, run, key) | {
        "figure": None,
        "verdict": Verdict.ERROR.value,
        "reason": f"{type(error).__name__}: {error}"[:500],
    }


def _content(run: AuditRun, checks: list[dict[str, Any]], result: AuditResult) -> dict[str, Any]:
    """What the digest is over: everything that went in and came out, no times and no ids of this run."""
    return {
        "system": run.system.slug,
        "kind": run.kind,
        "looks_at": rules.looked_at(run.window_from, run.window_to, run.evaluation),
        "targets": run.targets,
        "seed": run.seed,
        "code_version": registry.code_version(run.kind),
        "checks": checks,
        "figures": [figure.to_dict() for figure in result.figures],
        "tables": [table.to_dict() for table in result.tables],
        "counts": dict(result.counts),
    }


def _event(run: AuditRun, content: dict[str, Any], outcome: dict[str, Any]) -> dict[str, Any]:
    return {name: content[name] for name in ("kind", "looks_at", "targets", "code_version")} | {
        "run": outcome["run"],
        "seed": str(run.seed),
        "verdict": outcome["verdict"],
        "verdicts": {check["key"]: check["verdict"] for check in content["checks"]},
        "digest": outcome["digest"],
    }


def _move_findings(run: AuditRun, kind: AuditKind, checks: list[dict[str, Any]]) -> None:
    newer = AuditRun.objects.filter(system=run.system, kind=run.kind, evaluation=run.evaluation).exclude(
        verdict=""
    )
    newest = newer.exclude(pk=run.pk).order_by("-window_to").values_list("window_to", flat=True).first()
    if not rules.may_move_findings(run.window_to, newest):
        return
    _clear(run, f"{run.kind}.unfinished", N_("A later run of this audit was finished."))
    for check in checks:
        missed, crashed = finding_keys(run, check["key"])
        if check["verdict"] == Verdict.ERROR.value:
            _open_crash(run, kind, check, crashed)
            continue
        _clear(run, crashed, N_("The check ran again without an error."))
        if check["verdict"] == Verdict.NOT_MET.value:
            _open_miss(run, kind, check, missed)
        elif check["verdict"] == Verdict.MET.value:
            _clear(run, missed, N_("The target was met in a later audit."))


def _open_miss(run: AuditRun, kind: AuditKind, check: dict[str, Any], key: str) -> None:
    target = kind.target(check["key"])
    figure = check["figure"] or {}
    interval = figure.get("ci") or [figure.get("value")] * 2
    open_finding(
        system=run.system,
        check=key,
        severity=target.severity if target else "high",
        title=target.missed if target else N_("An audit missed its target."),
        detail=N_(
            "Measured {value} (95 % interval {low} to {high}, n = {n}), target {target}. Looked at: {where}."
        ),
        params={
            "value": _short(figure.get("value")),
            "low": _short(interval[0]),
            "high": _short(interval[1]),
            "n": str(figure.get("n")),
            "target": str(check["target"]),
            "where": run.evaluation or f"{run.window_from} - {run.window_to}",
        },
        source=source(run),
    )


def _short(value: float | None) -> str:
    """Four decimals; more where rounding would make nearly all into all, or something into nothing."""
    if value is None:
        return "-"
    text = f"{value:.4f}"
    return repr(value) if float(text) in (0, 1) and value not in (0, 1) else text


def _open_crash(run: AuditRun, kind: AuditKind, check: dict[str, Any], key: str) -> None:
    open_finding(
        system=run.system,
        check=key,
        severity="high",
        title=N_("An audit check failed with an error."),
        detail=N_("The check '{check}' of the audit '{kind}' could not be computed: {error}"),
        params={"check": check["key"], "kind": kind.kind, "error": check["reason"]},
        source=source(run),
    )


def _clear(run: AuditRun, key: str, reason: str) -> None:
    for finding in Finding.objects.filter(system=run.system, check_key=key, state="open"):
        try:
            clear_finding(finding=finding, reason=reason, by="system")
        except RuleBroken as refusal:  # a corrective action is still open: people close this one
            log.info("finding %s stays open: %s", finding.pk, refusal)
