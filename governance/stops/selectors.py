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
    """Confirmed stops about persons per log bin of milliseconds, and the distinct persons behind them."""

    bins: dict[int, int]
    people: int


_LATENCY = """
SELECT system_id, greatest(0, floor(%(per_decade)s * log(greatest(1,
         extract(epoch FROM stopped_at - effective_at) * 1000)))::int) AS bin, count(*)
FROM governance_stop
WHERE system_id = ANY(%(systems)s) AND stopped_at IS NOT NULL AND event IS NOT NULL
  AND effective_at >= %(first)s AND effective_at < %(last)s
GROUP BY 1, 2
"""
_PEOPLE = """
SELECT system_id, count(DISTINCT subject_ref) FROM governance_stop
WHERE system_id = ANY(%(systems)s) AND stopped_at IS NOT NULL AND event IS NOT NULL
  AND effective_at >= %(first)s AND effective_at < %(last)s
GROUP BY 1
"""


def latencies(
    systems: Sequence[System], first: dt.date, last: dt.date, per_decade: int
) -> dict[uuid.UUID, Latency]:
    """From a person's word to the stop, of words that took effect in these days (UTC); two queries."""
    values: dict[str, Any] = {
        "systems": [system.pk for system in systems],
        "first": dt.datetime.combine(first, dt.time(), tzinfo=dt.UTC),
        "last": dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC),
        "per_decade": per_decade,
    }
    bins: dict[uuid.UUID, dict[int, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_LATENCY, values)
        for system_id, number, count in cursor.fetchall():
            bins.setdefault(system_id, {})[number] = count
        cursor.execute(_PEOPLE, values)
        people = dict(cursor.fetchall())
    return {pk: Latency(dict(sorted(found.items())), people.get(pk, 0)) for pk, found in bins.items()}
