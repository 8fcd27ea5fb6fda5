"""What audits by complete count share: the window's moments, names of flows, the privacy floor, checks, misses."""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection

from governance.audits.registry import AuditScope, Check, Judged, Miss
from governance.audits.rules import Target
from governance.consent.floors import floor_of
from governance.holding.selectors import items_from
from governance.registry.models import DataFlow, System
from metrics.rollups import selectors as rollups
from metrics.stats import figure as figures
from metrics.stats import share, verdict
from portal.errors import N_, RuleBroken

Mark = tuple[dt.datetime, str]
"""Where a list of misses goes on: the time and the source's id of the last one shown."""
START: Mark = (dt.datetime(1970, 1, 1, tzinfo=dt.UTC), "")


def days_of(scope: AuditScope) -> tuple[dt.date, dt.date]:
    """First and last day of the run, both included. Raises ValueError for a run without a window."""
    if scope.date_from is None or scope.date_to is None:
        raise ValueError("a run over live use needs a window")
    return scope.date_from, scope.date_to


def moments(scope: AuditScope) -> tuple[dt.datetime, dt.datetime]:
    """Start (included) and end (excluded) of the window, in UTC."""
    first, last = days_of(scope)
    midnight = dt.time(tzinfo=dt.UTC)
    return dt.datetime.combine(first, midnight), dt.datetime.combine(last + dt.timedelta(days=1), midnight)


def rows_are_there(scope: AuditScope) -> None:
    """Refuse a window of which single items were deleted by age: a complete count of the rest would be none."""
    first = items_from(scope.system.pk)
    if first is not None and scope.date_from is not None and scope.date_from < first:
        raise RuleBroken(
            N_(
                "Single items of before {day} were deleted, because their time is over: begin the window there."
            ),
            code="past_retention",
            field="date_from",
            day=first,
        )


def flow_names(system: System) -> dict[UUID | None, str]:
    """{id of a flow: its slug}, removed flows included; None (no flow) is a dash."""
    return {None: "–", **dict(DataFlow.objects.filter(system=system).values_list("pk", "slug"))}


def is_small(scope: AuditScope) -> bool:
    """Whether fewer people stand behind the window than the system's privacy floor."""
    return 0 < rollups.people(scope.system, *days_of(scope)) < floor_of(scope.system)


def checks(
    scope: AuditScope,
    targets: Sequence[Target],
    good: Mapping[str, tuple[int, int]],
    *,
    source: str,
    kpis: Mapping[str, str] | None = None,
    left_out: Mapping[str, Mapping[str, int]] | None = None,
) -> list[Check]:
    """One check for each target: k of n, counted completely, behind the privacy floor.

    `good`: key of the target -> (k, n). `kpis`: the name of a figure where it is not the key. `left_out`: what a
    figure does not count, by key.
    """
    small, floor = is_small(scope), floor_of(scope.system)

    def measure(target: Target) -> Judged:
        k, n = good[target.key]
        found = share.share_figure(
            (kpis or {}).get(target.key, target.key),
            k,
            n,
            method="complete",
            exclusions=(left_out or {}).get(target.key),
            source=source,
            window=days_of(scope),
        )
        if small:
            found = figures.suppressed(found, floor)
        bar = float(scope.targets[target.key])
        return Judged(found, verdict.against_target(found, bar, target.direction).value)

    return [Check(target.key, partial(measure, target)) for target in targets]


def small_flows(scope: AuditScope) -> set[UUID | None]:
    """The flows behind which stand too few people to show a number of their own."""
    since, until = moments(scope)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT flow_id FROM metrics_interaction WHERE system_id = %s AND occurred_at >= %s AND occurred_at < %s"
            " AND subject IS NOT NULL AND NOT test GROUP BY 1 HAVING count(DISTINCT subject) < %s",
            [scope.system.pk, since, until, floor_of(scope.system)],
        )
        return {row[0] for row in cursor.fetchall()}


Row = tuple[dt.datetime, str, UUID | None, str, float | None]
"""(time, source's id, flow, reason, seconds after a stop)."""


def listed(statement: str, question: Mapping[str, Any], after: Mark | None, limit: int) -> list[Row]:
    """The next rows of a statement that lists misses after a mark, `limit` at most."""
    at, item = after or START
    with connection.cursor() as cursor:
        cursor.execute(statement, {**question, "after_at": at, "after_id": item, "limit": limit})
        return list(cursor.fetchall())


def missed(rows: list[Row], system: System) -> list[Miss]:
    """Rows of (time, source's id, flow, reason, seconds after a stop) as misses."""
    names = flow_names(system)
    return [Miss(at, item, names.get(flow, "–"), reason, lag) for at, item, flow, reason, lag in rows]
