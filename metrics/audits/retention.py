"""Is anything kept too long, or gone too early? A complete count against the limits of the data-use policy.

Sources: Regulation (EU) 2016/679, Art. 5(1)(e) (no longer than needed); Regulation (EU) 2024/1689, Arts. 19(1) and
26(6) (logs of systems at high risk for at least six months).
"""

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from django.db.models import Count, Q, Sum

from governance.audits import registry
from governance.audits.registry import AuditResult, AuditScope, Miss, Table
from governance.audits.rules import Target
from governance.holding.holders import Aged, Cut, Part
from governance.retention import rules, selectors
from governance.retention.selectors import Plan, Standing
from metrics.audits import counting
from metrics.audits.counting import START, Mark, checks, days_of, is_small, missed
from metrics.ingest import ageing as interactions
from metrics.ingest.models import Interaction
from metrics.rollups import selectors as rollups
from metrics.rollups.models import DayRollup
from metrics.surveys import holder as answers
from metrics.surveys.models import SurveyAnswer
from portal.errors import N_

TARGETS = (
    Target(
        key="in_time",
        title=N_("Nothing past its time"),
        missed=N_("What is personal is kept longer than the policy says."),
        default=Decimal(1),
        severity="critical",
    ),
    Target(
        key="limited",
        title=N_("Every reading has a limit"),
        missed=N_("Nobody said how long some readings are kept."),
        default=Decimal(1),
    ),
    Target(
        key="log_minimum",
        title=N_("Logs at high risk kept long enough"),
        missed=N_("Logs of the last six months are missing, and no certificate says why."),
        default=Decimal(1),
    ),
)
WORDS = {
    "past_limit": N_("Kept longer than the policy says."),
    "no_limit": N_("Nobody said how long it is kept."),
}
PERSONAL = (Part.READINGS, Part.BARE, Part.ANSWERS)
"""Parts whose rows the figures count; what is late of the others stands in the table."""


@dataclass(frozen=True)
class Found:
    """What a system holds on a day, against its limits with a day's grace for the nightly round."""

    scope: AuditScope

    @cached_property
    def day(self) -> dt.date:
        """The day on which it is looked at: the last of the window."""
        return days_of(self.scope)[1]

    @cached_property
    def plan(self) -> Plan:
        """The limits, a night later; under a hold on the system nothing is past its time."""
        found = selectors.plan(self.scope.system, self.day, grace=rules.GRACE_DAYS)
        return replace(found, cuts=()) if found.held else found

    @cached_property
    def standing(self) -> list[Standing]:
        """Every limit with what is past it."""
        return selectors.standing(self.plan)

    @cached_property
    def held(self) -> dict[Aged | None, int]:
        """How many rows about people there are, by whose readings; None: without a basis, and answers."""
        kept = Q(basis__in=("allow", "basis_doubtful"))
        rows = Interaction.objects.filter(system_id=self.scope.system.pk)
        grouped = rows.filter(kept).values_list("subject_role", "purpose", "modality").annotate(n=Count("*"))
        found: dict[Aged | None, int] = {
            Aged(role or "", purpose or "", modality or ""): n for role, purpose, modality, n in grouped
        }
        answered = SurveyAnswer.objects.filter(system_id=self.scope.system.pk).count()
        return found | {None: rows.exclude(kept).count() + answered}

    @cached_property
    def past(self) -> int:
        """Rows about people that should be gone."""
        return sum(row.rows for row in self.standing if row.part in PERSONAL)

    @cached_property
    def unlimited(self) -> list[Aged]:
        """Whose readings have no limit."""
        limits = selectors.limits_on(self.scope.system, self.day)
        kinds = [one for one in self.held if one is not None]
        return [
            one
            for one in kinds
            if limits is None or limits.readings(one.subject_role, one.purpose, one.modality) is None
        ]

    @cached_property
    def logs(self) -> tuple[int, int]:
        """(readings of the months owed that are there or went lawfully, all counted); (0, 0): none owed yet."""
        owed_from = rules.logs_kept_from(self.day)
        if owed_from is None or not selectors.high_risk_flows(self.scope.system):
            return 0, 0
        days = DayRollup.objects.filter(system_id=self.scope.system.pk, key="interactions")
        counted = (
            days.filter(day__gte=owed_from.date(), day__lte=self.day).aggregate(n=Sum("value"))["n"] or 0
        )
        rows = Interaction.objects.filter(
            system_id=self.scope.system.pk, test=False, occurred_at__gte=owed_from
        )
        there = rows.filter(occurred_at__lt=rules.first_kept(self.day, -1)).count()
        certified = selectors.retained(self.scope.system).filter(
            before__gt=owed_from, part__in=(Part.READINGS.value, Part.BARE.value)
        )
        went = sum(row.deleted for row in certified if rules.was_lawful(row.before, row.days, row.log_before))
        return min(there + went, int(counted)), int(counted)

    @cached_property
    def small(self) -> bool:
        """Whether fewer people stand behind all that is held than the privacy floor."""
        people = rollups.people(self.scope.system, dt.date.min, self.day)
        return is_small(self.scope) or 0 < people < self.plan.floor


def misses(scope: AuditScope, after: Mark | None, limit: int) -> list[Miss]:
    """What is past its time, and readings without a limit; the oldest first."""
    found, mark = Found(scope), after or START
    rows: list[tuple[dt.datetime, str, UUID | None, str, float | None]] = [
        (at, item, flow, "past_limit", None)
        for cut in found.plan.cuts
        for at, item, flow in interactions.listed(cut, mark, limit)
    ]
    rows += [
        (at, item, None, "past_limit", None)
        for cut in found.plan.cuts
        for at, item in answers.listed(cut, mark, limit)
    ]
    end = rules.first_kept(found.day, -1)
    rows += [
        (at, item, flow, "no_limit", None)
        for of in found.unlimited
        for at, item, flow in interactions.listed(Cut(scope.system, Part.READINGS, 1, end, of), mark, limit)
    ]
    return missed(sorted(rows, key=lambda row: row[:2])[:limit], scope.system)


@registry.audit(
    kind="retention",
    title=N_("Retention"),
    question=N_("Is anything kept longer than the policy says, or deleted too early?"),
    targets=TARGETS,
    looks_at=rollups.window,
    misses=misses,
    words=WORDS,
    sources=(counting, rules),
)
def retention(scope: AuditScope) -> AuditResult:
    """Rows in time / rows about people; those with a limit / readings; flows with whole logs / flows that owe them."""
    found = Found(scope)
    total = sum(found.held.values())
    readings = sum(n for kind, n in found.held.items() if kind is not None)
    without = sum(found.held[one] for one in found.unlimited)
    good = {
        "in_time": (total - found.past, total),
        "limited": (readings - without, readings),
        "log_minimum": found.logs,
    }
    small = found.small
    owed = [target for target in TARGETS if target.key != "log_minimum" or found.logs[1]]
    return AuditResult(
        checks=checks(
            scope,
            owed,
            good,
            source=N_("rows about people held by the portal"),
            kpis={target.key: f"retention_{target.key}" for target in TARGETS},
        ),
        tables=[] if small else [_limits(found)],
        counts={} if small else {"rows": total, "past_their_time": found.past, "held": int(found.plan.held)},
    )


def _limits(found: Found) -> Table:
    rows: list[list[str | int | float | None]] = []
    for row in found.standing:
        oldest = (found.day - row.oldest.date()).days if row.oldest and not row.is_few else None
        of = " × ".join(filter(None, (row.of.subject_role, row.of.purpose, row.of.modality)))
        rows.append([row.part, of, row.days, None if row.is_few else row.rows, oldest])
    return Table(
        key="limits",
        title=N_("Limits, and what is past them"),
        columns=[N_("What"), N_("Of whom"), N_("Kept (days)"), N_("Past it"), N_("Age of the oldest (days)")],
        rows=rows,
        note=N_(
            "A day more than the limit counts as in time: the round runs at night. People under a hold are left out."
        ),
        words=(0,),
    )
