"""Screening a data flow and signing the outcome."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.findings.services import open_finding
from governance.registry.models import DataFlow
from governance.registry.selectors import flow_facts
from governance.registry.services import lock_system, permitted, person
from governance.screening import rules, rulesets
from governance.screening.models import Screening
from governance.screening.rules import Outcome
from portal.errors import N_, RuleBroken
from portal.ledger.services import actor_text, record


def screen(*, flow: DataFlow, by: Any, effective_at: dt.datetime | None = None) -> Screening:
    """The current screening of a flow, made anew where facts or rules changed since the last one.

    An outcome that got worse opens a finding; `review.changes.rescreen` also suspends what is in force.
    """
    now = effective_at or timezone.now()
    with transaction.atomic():
        rulesets.ensure_first(by, now)
        current_law = rulesets.in_force()
        lock_system(flow.system_id)
        locked = DataFlow.objects.select_for_update(of=("self",)).select_related("system").get(pk=flow.pk)
        facts = flow_facts(locked)
        result = rules.evaluate(facts, current_law, now.date())
        before = locked.screenings.filter(superseded_at__isnull=True).first()
        sha256 = rules.digest(facts)
        if before and _same(before, result, sha256, current_law.version):
            return before
        if before:
            before.superseded_at = max(now, before.made_at)
            before.save(update_fields=["superseded_at"])
        screening = Screening.objects.create(
            flow=locked,
            outcome=result.outcome,
            rule=result.rule,
            rules_version=current_law.version,
            articles=list(result.articles),
            reason=dict(result.reason),
            duties=list(result.duties),
            would_change=[dict(text) for text in result.would_change],
            open_questions=list(result.open_questions),
            facts=facts,
            facts_sha256=sha256,
            assessed_on=now.date(),
            made_at=now,
            made_by=actor_text(by),
        )
        record(
            type="screening.made",
            by=by,
            subject=locked.system.subject,
            body={
                "flow": locked.slug,
                "outcome": result.outcome,
                "rule": result.rule,
                "rules_version": current_law.version,
                "facts_sha256": sha256,
                "reason": result.reason["en"],
            },
            ts=effective_at,
        )
        if before and rules.worse(result.outcome, before.outcome):
            _finding(locked, screening, before, by, effective_at)
    return screening


def _same(before: Screening, result: rules.Result, sha256: str, version: str) -> bool:
    now = (sha256, version, result.outcome, result.rule)
    return (before.facts_sha256, before.rules_version, before.outcome, before.rule) == now


def _finding(
    flow: DataFlow, screening: Screening, before: Screening, by: Any, effective_at: dt.datetime | None
) -> None:
    prohibited = screening.outcome == Outcome.PROHIBITED.value
    open_finding(
        system=flow.system,
        check=f"screening:{flow.slug}",
        severity="critical" if prohibited else "high",
        title=N_("The legal outcome of the data flow {flow} got worse"),
        detail=N_("It was '{before}' and is now '{after}'. Look at the flow and at what is in use."),
        params={"flow": flow.slug, "before": before.outcome, "after": screening.outcome},
        source=f"screening:{screening.pk}",
        by=by,
        effective_at=effective_at,
    )


def sign(*, screening: Screening, by: Any, effective_at: dt.datetime | None = None) -> Screening:
    """Sign an outcome as a person; it is then valid for twelve months. Again on the same day: no change."""
    now = effective_at or timezone.now()
    with transaction.atomic():
        locked = (
            Screening.objects.select_for_update(of=("self",))
            .select_related("flow__system")
            .get(pk=screening.pk)
        )
        system = locked.flow.system
        permitted(by, "sign_screening", system)
        facts = flow_facts(locked.flow)
        known = rulesets.in_force()
        result = rules.evaluate(facts, known, now.date())
        why = rules.why_not_sign(
            outcome=locked.outcome,
            superseded=locked.superseded_at is not None,
            current=_same(locked, result, rules.digest(facts), known.version),
        )
        if why:
            raise RuleBroken(why, code="cannot_sign")
        valid_until = rules.a_year_later(now.date())
        if locked.signed_by_id == person(by).pk and locked.valid_until == valid_until:
            return locked  # the same signature once more on the same day
        locked.signed_at = now
        locked.signed_by = person(by)
        locked.valid_until = valid_until
        locked.save()
        record(
            type="screening.signed",
            by=by,
            subject=system.subject,
            body={
                "flow": locked.flow.slug,
                "screening": str(locked.pk),
                "outcome": locked.outcome,
                "valid_until": locked.valid_until.isoformat(),
            },
            ts=effective_at,
        )
    screening.refresh_from_db()
    return screening
