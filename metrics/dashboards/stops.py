"""How long systems take to stop, beside the rollups: read from the stops themselves, which are few."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from governance.stops.selectors import latencies
from metrics.dashboards.rules import STOPS, UNCONFIRMED
from metrics.rollups.rules import BINS_PER_DECADE


def counted(wanted: Sequence[tuple[UUID, date, date]]) -> list[tuple[dict[str, Decimal], int]]:
    """(counters `stop.<bin>` of milliseconds and `stop.unconfirmed`, distinct people) per (system, first, last day).

    One query.
    """
    return [
        (
            {f"{STOPS}.{number}": Decimal(n) for number, n in found.bins.items()}
            | {UNCONFIRMED: Decimal(found.unconfirmed)},
            found.people,
        )
        for found in latencies(wanted, BINS_PER_DECADE)
    ]
