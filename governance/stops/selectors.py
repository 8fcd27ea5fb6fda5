"""Questions about stops and endpoints."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from governance.registry.models import System
from governance.stops import rules
from governance.stops.models import Endpoint, Stop
from portal.access.selectors import can

MANAGE = ("edit_register", "manage_keys")
"""Who may say where stops are sent: whoever describes the system, or hands out its keys."""


def may_manage(user: Any, system: System) -> bool:
    """Whether `user` may add, change and end endpoints of a system."""
    return any(can(user, perm, system) for perm in MANAGE)


def stops_of(system: System) -> QuerySet[Stop]:
    """Every stop of a system, the newest first."""
    return Stop.objects.filter(system=system).order_by("-number")


def feed(system: System, after: int) -> QuerySet[Stop]:
    """The stops after a number, in their order."""
    return Stop.objects.filter(system=system, number__gt=after).select_related("system").order_by("number")


def endpoints_of(system: System) -> QuerySet[Endpoint]:
    """The endpoints of a system with what waits for them and what was given up."""
    waiting = Count("deliveries", filter=Q(deliveries__state=rules.WAITING))
    dead = Count("deliveries", filter=Q(deliveries__state=rules.DEAD))
    rows = Endpoint.objects.filter(system=system)
    return rows.annotate(waiting=waiting, dead=dead).order_by("added_at", "pk")


def overdue(now: dt.datetime | None = None) -> QuerySet[Stop]:
    """Stops that no system confirmed in time."""
    return Stop.objects.filter(acknowledged_at__isnull=True, due_at__lt=now or timezone.now())


@dataclass(frozen=True)
class Summary:
    """How the stops of a system stand now."""

    asked: int
    overdue: int
    confirmed: int


def summary(system: System) -> Summary:
    """Counts in one query."""
    now = timezone.now()
    unconfirmed = Q(acknowledged_at__isnull=True)
    found = Stop.objects.filter(system=system).aggregate(
        asked=Count("pk", filter=unconfirmed & Q(due_at__gte=now)),
        overdue=Count("pk", filter=unconfirmed & Q(due_at__lt=now)),
        confirmed=Count("pk", filter=~unconfirmed),
    )
    return Summary(**found)


@dataclass(frozen=True)
class Latency:
    """Confirmed stops about persons per log bin of milliseconds, how many are not confirmed, and the distinct persons
    behind both."""

    bins: dict[int, int]
    unconfirmed: int
    people: int


_UNCONFIRMED = -1  # no bin: a stop takes a millisecond at least


_LATENCY = """
SELECT w.place, found.bin, found.n, found.people
FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[]) WITH ORDINALITY AS w(system, first, last, place)
CROSS JOIN LATERAL (
  SELECT b.bin, count(*) AS n, count(DISTINCT b.subject_ref) AS people, grouping(b.bin) AS whole FROM (
    SELECT CASE WHEN stopped_at IS NULL THEN -1 ELSE
             floor(%s * log(greatest(1, extract(epoch FROM stopped_at - effective_at) * 1000)::float8))::int END AS bin,
           subject_ref
    FROM governance_stop
    WHERE system_id = w.system AND effective_at >= w.first AND effective_at < w.last AND type LIKE 'consent.%%'
  ) AS b GROUP BY ROLLUP (b.bin)
) AS found
ORDER BY w.place, found.whole, found.bin
"""


def latencies(wanted: Sequence[tuple[uuid.UUID, dt.date, dt.date]], bins_per_decade: int) -> list[Latency]:
    """From a person's word to the stop, per (system, first day, last day), of words that took effect then (UTC).

    Bins are of milliseconds: the n-th begins at 10 ** (n / bins_per_decade). One query.
    """
    if not wanted:
        return []
    firsts = [dt.datetime.combine(first, dt.time(), tzinfo=dt.UTC) for _pk, first, _last in wanted]
    day = dt.timedelta(days=1)
    lasts = [dt.datetime.combine(last, dt.time(), tzinfo=dt.UTC) + day for _pk, _first, last in wanted]
    bins: list[dict[int, int]] = [{} for _ in wanted]
    people = [0] * len(wanted)
    with connection.cursor() as cursor:
        cursor.execute(_LATENCY, [[pk for pk, _f, _l in wanted], firsts, lasts, bins_per_decade])
        for place, number, count, persons in cursor.fetchall():
            if number is None:
                people[place - 1] = persons
            else:
                bins[place - 1][number] = count
    return [
        Latency(found, found.pop(_UNCONFIRMED, 0), persons)
        for found, persons in zip(bins, people, strict=True)
    ]
