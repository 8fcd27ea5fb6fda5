"""Figures per week or month of one system, from rollups: as many queries however many weeks."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_

from django.db.models import Q, Sum
from django.db.models.functions import TruncMonth, TruncWeek

from governance.consent.floors import floors
from governance.registry.models import System
from metrics.catalogue import KPIS
from metrics.dashboards import rules, stops
from metrics.dashboards.selectors import Figures, Floors, matrix_of, people_in
from metrics.rollups.models import ConfusionRollup, DayRollup
from metrics.stats.figure import State
from metrics.stats.suppression import hidden

_TRUNCATE = {"week": TruncWeek, "month": TruncMonth}


@dataclass(frozen=True, slots=True)
class Buckets:
    """Figures per bucket, in order of time; `bucket` is week or month."""

    bucket: str
    starts: tuple[date, ...]
    figures: tuple[Figures, ...]


def series(system: System, date_from: date, date_to: date, kpis: Sequence[str]) -> Buckets:
    """The KPIs per week; per month where fewer than half of the weeks with data hold enough of it."""
    weeks = by_bucket(system, date_from, date_to, "week", kpis)
    judged = [week[kpi].state is State.OK for week in weeks.figures for kpi in kpis if week[kpi].n != 0]
    if judged and 2 * sum(judged) >= len(judged):
        return weeks
    return by_bucket(system, date_from, date_to, "month", kpis)


def by_bucket(system: System, date_from: date, date_to: date, bucket: str, kpis: Sequence[str]) -> Buckets:
    """The figures of these KPIs for each week (from Monday) or month that the window touches."""
    inside = {"system_id": system.pk, "day__gte": date_from, "day__lte": date_to}
    truncate = _TRUNCATE[bucket]("day")
    counters: dict[date, dict[str, Decimal]] = defaultdict(dict)
    keys = {key for kpi in kpis for key in rules.KEYS.get(KPIS[kpi].group, ())}
    needed = reduce(or_, (Q(key__startswith=key) for key in sorted(keys)), Q(key__in=[]))
    rows = DayRollup.objects.filter(needed, **inside).annotate(start=truncate).values_list("start", "key")
    for start, key, total in rows.annotate(total=Sum("value")).order_by():
        counters[start][key] = total
    cells: dict[date, dict[tuple[str, str], int]] = defaultdict(dict)
    pairs = ConfusionRollup.objects.filter(**inside, slice="").annotate(start=truncate)
    for start, gold, said, n in (
        pairs.values_list("start", "gold", "predicted").annotate(total=Sum("n")).order_by()
    ):
        cells[start][gold, said] = n
    starts = _starts(date_from, date_to, bucket)
    ends = [min(_next(start, bucket) - timedelta(days=1), date_to) for start in starts]
    days = list(zip((max(start, date_from) for start in starts), ends, strict=True))
    topics = sorted({rules.TOPICS[kpi] for kpi in kpis if kpi in rules.TOPICS})
    smallest = floors([system.pk])
    people = _people(system, smallest, topics, days)
    if rules.STOPS in topics:
        for start, (bins, _persons) in zip(
            starts, stops.counted([(system.pk, *window) for window in days]), strict=True
        ):
            counters[start].update(bins)
    return Buckets(
        bucket,
        tuple(starts),
        tuple(
            rules.measured(
                counters.get(start, {}),
                *matrix_of(system.labels, cells.get(start, {})),
                behind,
                window,
                smallest[system.pk],
                kpis,
            )
            for start, window, behind in zip(starts, days, people, strict=True)
        ),
    )


def _people(
    system: System, smallest: Floors, topics: Sequence[str], days: Sequence[tuple[date, date]]
) -> list[dict[str, int]]:
    """Distinct people per bucket and topic; nobody where a bucket must hide with another that is too small.

    The card shows the whole window: with one bucket hidden, the whole minus the others would be that bucket.
    """
    rolled = [topic for topic in topics if topic != rules.STOPS]
    counted = iter(people_in([(system.pk, topic, *window) for window in days for topic in rolled], smallest))
    people = [{topic: next(counted) for topic in rolled} for _ in days]
    if rules.STOPS in topics:
        for found, (_bins, persons) in zip(
            people, stops.counted([(system.pk, *window) for window in days]), strict=True
        ):
            found[rules.STOPS] = persons
    for topic in topics:
        shut = hidden({str(n): found[topic] for n, found in enumerate(people)}, smallest[system.pk])
        for n in shut:
            people[int(n)][topic] = 0
    return people


def _next(start: date, bucket: str) -> date:
    return (start + timedelta(days=32)).replace(day=1) if bucket == "month" else start + timedelta(days=7)


def _starts(date_from: date, date_to: date, bucket: str) -> list[date]:
    starts = [rules.bucket_start(date_from, bucket)]
    while (following := _next(starts[-1], bucket)) <= date_to:
        starts.append(following)
    return starts
