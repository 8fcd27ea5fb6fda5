"""Questions about screenings."""

import datetime as dt
import uuid
from collections.abc import Iterable

from governance.registry.models import DataFlow
from governance.registry.selectors import flow_facts
from governance.screening import rules
from governance.screening.models import Screening


def current(flow: DataFlow) -> Screening | None:
    """The screening of the flow as it is now, if there is one."""
    return flow.screenings.filter(superseded_at__isnull=True).select_related("signed_by").first()


def current_of(flows: Iterable[DataFlow]) -> dict[uuid.UUID, Screening]:
    """The current screening by flow id; one query."""
    rows = Screening.objects.filter(flow__in=list(flows), superseded_at__isnull=True)
    return {row.flow_id: row for row in rows.select_related("signed_by")}


def is_signed(screening: Screening | None, flow: DataFlow, on: dt.date) -> bool:
    """True where a person signed this screening, it is not too old, and the facts are still those it was about."""
    return (
        screening is not None
        and screening.valid_until is not None
        and screening.valid_until >= on
        and screening.facts_sha256 == rules.digest(flow_facts(flow))
    )
