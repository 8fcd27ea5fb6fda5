"""Questions: what is past its time in a system, what waits under a hold, what went."""

import datetime as dt
import uuid
from dataclasses import dataclass, replace

from django.db.models import QuerySet

from governance.consent.floors import floor_of
from governance.consent.rules import policy_rule
from governance.consent.selectors import policy_history
from governance.holding import holders
from governance.holding.holders import Aged, Cut, Part
from governance.holding.models import Retained
from governance.holding.selectors import held_people, held_systems
from governance.registry.models import System
from governance.retention import rules
from governance.screening.models import Screening


def limits_on(system: System, day: dt.date) -> rules.Limits | None:
    """What the policy in force at the end of a day (UTC) says; None without one."""
    end = rules.first_kept(day, -1)
    for policy in policy_history(system.pk):
        if policy.effective_at and policy.effective_at <= end:
            return rules.Limits(policy.version, tuple(map(policy_rule, policy.rules)), policy.retention_days)
    return None


def high_risk_flows(system: System) -> frozenset[uuid.UUID]:
    """The data flows of a system that are at high risk, by their screening of today."""
    found = Screening.objects.filter(flow__system=system, superseded_at__isnull=True, outcome="high_risk")
    return frozenset(found.values_list("flow_id", flat=True))


@dataclass(frozen=True)
class Plan:
    """What is past its time on a day, as cuts, and for whose readings nobody said how long.

    `floor`: the smallest group of which the system shows a number.
    """

    policy_version: int | None
    cuts: tuple[Cut, ...]
    unlimited: tuple[Aged, ...]
    held: bool
    floor: int


def plan(system: System, day: dt.date, *, grace: int = 0) -> Plan:
    """The cuts of a system on a day (UTC); with `grace` what is later than that by so many days.

    Without a policy, or without any limit in it, nothing has an end: every kind of reading is then `unlimited`.
    """
    limits, end = limits_on(system, day), rules.first_kept(day, -1)
    held, personal = bool(held_systems([system])), limits.personal if limits else []
    logs_from = rules.logs_kept_from(day)
    base = Cut(
        system=system,
        part=Part.READINGS,
        days=0,
        before=end,
        held=frozenset(held_people(system)),
        logs=high_risk_flows(system) if logs_from else frozenset(),
        log_before=logs_from,
    )

    def cut(part: Part, days: int, of: Aged = base.of) -> Cut:
        return replace(base, part=part, days=days, before=rules.first_kept(day, days + grace), of=of)

    cuts, unlimited = [], []
    for aged in _aged(system, rules.first_kept(day, personal[0] + grace) if personal else end):
        days = limits.readings(aged.subject_role, aged.purpose, aged.modality) if limits else None
        if days is None:
            unlimited.append(aged)
        else:
            cuts.append(cut(Part.READINGS, days, aged))
    if limits is not None and personal:
        shortest, longest = personal[0], personal[-1]
        cuts += [
            cut(Part.BARE, longest),
            cut(Part.RECEIPTS, shortest),
            cut(Part.ANSWERS, limits.default or longest),
            cut(Part.COUNTED, shortest),
        ]
    if limits is not None and limits.sums is not None:
        cuts.append(cut(Part.SUMS, limits.sums))
    return Plan(limits.version if limits else None, tuple(cuts), tuple(unlimited), held, floor_of(system))


def _aged(system: System, before: dt.datetime) -> list[Aged]:
    return [aged for holder in holders.all_holders() for aged in holder.aged(system, before)]


def past(cut: Cut) -> tuple[int, dt.datetime | None]:
    """What is past a cut in all holders: (rows, the oldest)."""
    found = [holder.past(cut) for holder in holders.all_holders()]
    return sum(count for count, _oldest in found), min((at for _n, at in found if at), default=None)


@dataclass(frozen=True)
class Standing:
    """One limit of a system, what is past it now, and since when.

    `is_few`: so few rows may be one person's, so neither their number nor their age is shown.
    """

    part: str
    of: Aged
    days: int
    rows: int
    oldest: dt.datetime | None
    is_few: bool = False


def standing(found: Plan) -> list[Standing]:
    """Every limit of a plan with what is past it."""
    return [
        Standing(cut.part.value, cut.of, cut.days, rows, oldest, 0 < rows < found.floor)
        for cut in found.cuts
        for rows, oldest in [past(cut)]
    ]


def retained(system: System) -> QuerySet[Retained]:
    """What went, the newest first."""
    return Retained.objects.filter(system=system).order_by(
        "-before", "part", "subject_role", "purpose", "modality"
    )
