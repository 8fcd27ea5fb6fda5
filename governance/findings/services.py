"""Opening, seeing again and clearing findings; corrective actions."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.findings import rules
from governance.findings.models import CorrectiveAction, Finding
from governance.registry.models import System
from governance.registry.services import lock_system, person
from portal.errors import N_, RuleBroken
from portal.ledger.services import actor_text, record


def open_finding(
    *,
    system: System,
    check: str,
    severity: str,
    title: str,
    detail: str,
    source: str,
    due_on: dt.date | None = None,
    by: Any = "system",
    params: Mapping[str, str] | None = None,
    effective_at: dt.datetime | None = None,
) -> Finding:
    """Open a finding, or see the open one of this system and check again (then `seen_count` rises).

    `title` and `detail` are English sentences marked with N_, their `{names}` filled from `params`; `source` names
    what found it, such as `audit:UUID`. The worse of two severities stays.
    """
    if severity not in rules.Severity.values():
        raise ValueError(f"unknown severity {severity!r}")
    now = effective_at or timezone.now()
    with transaction.atomic():
        # the row of the system orders two that find the same at once
        lock_system(system.pk)
        finding = Finding.objects.filter(system=system, check_key=check, state="open").first()
        if finding is not None:
            return _seen_again(finding, severity, title, detail, params, source, now, by)
        finding = Finding.objects.create(
            system=system,
            check_key=check,
            severity=severity,
            title=title,
            detail=detail,
            params=dict(params or {}),
            source=source,
            due_on=due_on or now.date() + dt.timedelta(days=rules.DUE_DAYS[severity]),
            opened_at=now,
            opened_by=actor_text(by),
            last_seen_at=now,
        )
        body = {"system": system.slug, "check": check, "severity": severity, "source": source, "title": title}
        record(type="finding.opened", by=by, subject=finding.subject, body=body, ts=effective_at)
    return finding


def _seen_again(
    finding: Finding,
    severity: str,
    title: str,
    detail: str,
    params: Mapping[str, str] | None,
    source: str,
    now: dt.datetime,
    by: Any,
) -> Finding:
    finding.seen_count += 1
    finding.last_seen_at = max(now, finding.last_seen_at)
    finding.severity = rules.worse(finding.severity, severity)
    finding.title, finding.detail, finding.params = title, detail, dict(params or {})
    finding.save()
    # one event for each new source, not for each of ten thousand items of one batch
    if finding.source != source:
        finding.source = source
        finding.save(update_fields=["source"])
        record(
            type="finding.seen_again",
            by=by,
            subject=finding.subject,
            body={"source": source, "seen": finding.seen_count, "severity": finding.severity},
        )
    return finding


def clear_finding(
    *, finding: Finding, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> Finding:
    """Close a finding with the reason why its cause is gone; open actions must be done first."""
    if not reason.strip():
        raise RuleBroken(N_("Say why the cause is gone."), code="reason_missing", field="reason")
    with transaction.atomic():
        locked = Finding.objects.select_for_update(of=("self",)).select_related("system").get(pk=finding.pk)
        if locked.state != "open":
            raise RuleBroken(N_("This finding was cleared before."), code="not_open")
        if locked.actions.filter(done_at__isnull=True).exists():
            raise RuleBroken(N_("A corrective action is still open. Complete it first."), code="actions_open")
        locked.state = "cleared"
        locked.cleared_at = effective_at or timezone.now()
        locked.cleared_by = actor_text(by)
        locked.cleared_reason = reason.strip()
        locked.save()
        body = {"system": locked.system.slug, "check": locked.check_key, "reason": reason.strip()}
        record(type="finding.cleared", by=by, subject=locked.subject, body=body, ts=effective_at)
    finding.refresh_from_db()
    return finding


def add_action(*, finding: Finding, text: str, owner: Any, due_on: dt.date, by: Any) -> CorrectiveAction:
    """Agree what somebody does about a finding and by when."""
    if not text.strip():
        raise RuleBroken(N_("Say what will be done."), code="required", field="text")
    with transaction.atomic():
        locked = Finding.objects.select_for_update().get(pk=finding.pk)
        if locked.state != "open":
            raise RuleBroken(N_("This finding was cleared before."), code="not_open")
        action = CorrectiveAction.objects.create(
            finding=locked,
            text=text.strip(),
            owner=owner,
            due_on=due_on,
            created_at=timezone.now(),
            created_by=person(by),
        )
        record(
            type="finding.action_added",
            by=by,
            subject=locked.subject,
            body={"action": str(action.pk), "text": action.text, "due_on": due_on.isoformat()},
        )
    return action


def complete_action(*, action: CorrectiveAction, evidence: str, by: Any) -> CorrectiveAction:
    """Say that a corrective action is done, with the evidence."""
    if not evidence.strip():
        raise RuleBroken(N_("Say what shows that it is done."), code="required", field="evidence")
    with transaction.atomic():
        locked = CorrectiveAction.objects.select_for_update(of=("self",)).get(pk=action.pk)
        if locked.done_at is not None:
            raise RuleBroken(N_("This action was completed before."), code="done_before")
        locked.done_at = timezone.now()
        locked.done_by = person(by)
        locked.evidence = evidence.strip()
        locked.save()
        record(
            type="finding.action_completed",
            by=by,
            subject=f"finding:{locked.finding_id}",
            body={"action": str(locked.pk), "evidence": locked.evidence},
        )
    action.refresh_from_db()
    return action
