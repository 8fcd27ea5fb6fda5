"""Stretches of time in which a data flow of a deployment is in force, as the gate reads them: begun, ended, told."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import F, Min, Q

from governance.registry.models import DataFlow
from governance.review import rules, selectors, signatures
from governance.review.models import Deployment, InForce
from governance.stops.services import Order, order


def ends_at(deployment: Deployment) -> dt.datetime:
    """When the deployment stops by itself: at its date, or when its first open condition is overdue."""
    open_conditions = selectors.conditions_of(deployment).filter(met_at=None)
    return rules.in_force_until(
        deployment.valid_until, open_conditions.aggregate(first=Min("due_on"))["first"]
    )


def stops_at(deployment: Deployment) -> dt.datetime:
    """When the gate says no by itself: at the end of the approval or of an assessment that it binds."""
    return rules.in_force_until(ends_at(deployment), selectors.assessed_until(deployment.request))


def begin(deployment: Deployment, flows: Iterable[DataFlow], now: dt.datetime) -> None:
    """Put these flows in force from `now`, until the deployment stops by itself. In a transaction."""
    # a condition may have been overdue before the last vote came in: then nothing is ever in force
    end = max(now, stops_at(deployment))
    InForce.objects.bulk_create(
        InForce(deployment=deployment, system_id=deployment.system_id, flow=flow, starts_at=now, ends_at=end)
        for flow in flows
    )
    signatures.end_with(deployment, now)


def prolong(deployment: Deployment, now: dt.datetime) -> None:
    """Let what runs go on until the next condition is due, after one was met. In a transaction."""
    running = InForce.objects.filter(deployment=deployment, starts_at__lte=now, ends_at__gt=now)
    running.filter(ended_because="").update(ends_at=stops_at(deployment))
    signatures.end_with(deployment, now)


def what_stops(
    deployment: Deployment, flows: Iterable[DataFlow] | None, now: dt.datetime, reason: str
) -> tuple[list[str], dt.datetime]:
    """(short names of the flows that stop now or stopped by themselves unsaid, since when); call it before `cut`."""
    rows = InForce.objects.filter(
        deployment=deployment, starts_at__lte=now, ends_at__gt=F("starts_at"), ended_because=""
    )
    if flows is not None:
        rows = rows.filter(flow__in=list(flows))
    found = list(rows.values_list("flow__slug", "ends_at"))
    rows.filter(ends_at__lte=now).update(ended_because=reason[:400])
    return sorted({slug for slug, _ends in found}), min(
        (min(ends, now) for _slug, ends in found), default=now
    )


def cut(deployment: Deployment, flows: Iterable[DataFlow] | None, now: dt.datetime, reason: str) -> int:
    """End the running stretches (`flows` None: all) at `now`; what never began ends where it started. How many ran."""
    rows = InForce.objects.filter(deployment=deployment, ends_at__gt=now)
    if flows is not None:
        rows = rows.filter(flow__in=list(flows))
    running = rows.filter(starts_at__lte=now).update(ends_at=now, ended_because=reason[:400])
    for row in rows.filter(Q(starts_at__gt=now)):
        row.ends_at, row.ended_because = row.starts_at, reason[:400]
        row.save(update_fields=["ends_at", "ended_because"])
    return running


def stop_unbegun(deployment: Deployment, flows: Iterable[DataFlow], now: dt.datetime, reason: str) -> None:
    """Mark flows that never ran as stopped, by a stretch without length: they no longer wait, and the gate says why."""
    InForce.objects.bulk_create(
        InForce(
            deployment=deployment,
            system_id=deployment.system_id,
            flow=flow,
            starts_at=now,
            ends_at=now,
            ended_because=reason[:400],
        )
        for flow in flows
    )


def tell(
    type: str,
    deployment: Deployment,
    stopping: tuple[Sequence[str], dt.datetime],
    by: Any,
    effective_at: dt.datetime | None,
) -> None:
    """Tell the system what of it must stop, where something ran."""
    flows, since = stopping
    if flows:
        stop = Order(type=type, effective_at=since, flows=flows)
        order(system=deployment.system, orders=[stop], by=by, at=effective_at)
