"""Questions about boards, requests and deployments."""

import datetime as dt
import uuid

from django.db.models import QuerySet

from governance.registry.models import DataFlow
from governance.review.models import InForce


def in_force(system_id: uuid.UUID, at: dt.datetime) -> QuerySet[DataFlow]:
    """The data flows of a system that were approved and neither suspended, voided nor lapsed at `at`: one query."""
    stretches = InForce.objects.filter(system_id=system_id, starts_at__lte=at, ends_at__gt=at)
    return DataFlow.objects.filter(pk__in=stretches.values("flow_id"))


def stretches(
    system_id: uuid.UUID, date_from: dt.datetime, date_to: dt.datetime
) -> list[tuple[uuid.UUID, dt.datetime, dt.datetime]]:
    """(flow id, from, until) of every stretch in force that touches the window; for batches, one query."""
    rows = InForce.objects.filter(system_id=system_id, starts_at__lte=date_to, ends_at__gt=date_from)
    return list(rows.values_list("flow_id", "starts_at", "ends_at"))
