"""What stops hold about a person: the pseudonym under which a system is told to stop."""

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from governance.holding import holders
from governance.holding.holders import Erasing, Person
from governance.holding.rules import WRAP_SQL
from governance.registry.models import System
from governance.stops.models import Stop
from portal.errors import N_


def _of(person: Person) -> QuerySet[Stop]:
    return Stop.objects.filter(system=person.system, subject_ref=person.pseudonym).order_by("number")


def find(person: Person) -> int:
    """How many stops name somebody."""
    return _of(person).count()


def export(person: Person) -> Iterator[dict[str, Any]]:
    """What the system was told, and when it said that it stopped."""
    for row in _of(person):
        yield {
            "type": row.type,
            "purpose": row.purpose,
            "modality": row.modality,
            "effective_at": row.effective_at.isoformat(),
            "told_at": row.ordered_at.isoformat(),
            "stopped_at": row.stopped_at.isoformat() if row.stopped_at else None,
        }


_DAY = "date_trunc('day', {0}, 'UTC')"
# all times of a stop move by the same part of a day: how long it took stays what it was
_MOVED = ", ".join(
    f"{column} = s.{column} - (s.effective_at - {_DAY.format('s.effective_at')})"
    for column in ("effective_at", "ordered_at", "stopped_at", "acknowledged_at")
)
_UNNAMED = f"""
WITH gone AS (
    UPDATE governance_stop s SET subject_ref = NULL, event = NULL, {_MOVED}, due_at = CASE
        WHEN s.acknowledged_at IS NULL THEN {_DAY.format("s.due_at")} + interval '1 day'
        ELSE s.due_at - (s.effective_at - {_DAY.format("s.effective_at")}) END
    WHERE s.system_id = %s AND s.subject_ref = ANY(%s) RETURNING s.id),
told AS (
    UPDATE governance_delivery d SET since = {_DAY.format("d.since")}, tried_at = {_DAY.format("d.tried_at")},
        delivered_at = {_DAY.format("d.delivered_at")} FROM gone WHERE d.stop_id = gone.id AND d.state <> 'waiting')
SELECT count(*) FROM gone
"""  # noqa: S608 - our own texts


def erase(person: Person, erasing: Erasing) -> int:
    """Take out the pseudonym, the event and the exact times; what was not delivered yet goes out without them."""
    with connection.cursor() as cursor:
        cursor.execute(_UNNAMED, [person.system.pk, list(erasing.everyone(person))])
        return int(cursor.fetchone()[0])


def rekey(cursor: Any, system: System, parameters: dict[str, bytes]) -> int:
    """Wrap the pseudonyms in the next key."""
    column = WRAP_SQL.format(use="name", column="subject_ref")
    cursor.execute(
        f"UPDATE governance_stop SET subject_ref = {column}"  # noqa: S608 - our own texts
        " WHERE system_id = %(system)s AND subject_ref IS NOT NULL",
        parameters | {"system": system.pk},
    )
    return int(cursor.rowcount)


def stops(person: Person) -> list[holders.Stop]:
    """What the person sees of it."""
    return [holders.Stop(row.purpose, row.modality, row.ordered_at, row.stopped_at) for row in _of(person)]


def fill() -> None:
    """Put the stops into the register."""
    holders.register(
        holders.Holder(
            "stops",
            N_("When we told the system to stop"),
            find,
            export,
            erase,
            rekey=rekey,
            stops=stops,
            order=70,
        )
    )
