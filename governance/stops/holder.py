"""What stops hold about a person: the pseudonym under which a system is told to stop."""

from collections.abc import Iterator
from typing import Any

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


def erase(person: Person, erasing: Erasing) -> int:
    """Take the pseudonym out; what was not delivered yet goes out without it from then on."""
    names = erasing.everyone(person)
    return Stop.objects.filter(system=person.system, subject_ref__in=list(names)).update(subject_ref=None)


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
