"""What the sums hold about a person: that a pseudonym took part on a day. The sums themselves name nobody."""

# ruff: noqa: S608 - names of our own tables and columns are put into the text, values never

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db import connection

from governance.holding import holders
from governance.holding.holders import Erasing, Person
from governance.holding.rules import WRAP_SQL, Layer
from governance.registry.models import System
from metrics.rollups.models import PersonDay
from metrics.rollups.services import TABLES
from portal.errors import N_


def _rows(person: Person) -> Any:
    return PersonDay.objects.filter(system_id=person.system.pk, subject=person.pseudonym)


def find(person: Person) -> int:
    """Days and topics of somebody."""
    return int(_rows(person).count())


def export(person: Person) -> Iterator[dict[str, Any]]:
    """On which days they took part in what."""
    for row in _rows(person).order_by("day", "topic"):
        yield {"day": row.day.isoformat(), "topic": row.topic, "n": row.n}


def erase(person: Person, erasing: Erasing) -> int:
    """A mark takes the place of each pseudonym, as in the rows that are counted: as many people as before."""
    who = erasing.everyone(person)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE metrics_personday p SET subject = m.mark"
            " FROM unnest(%(who)s::uuid[], %(marks)s::uuid[]) AS m(name, mark)"
            " WHERE p.system_id = %(system)s AND p.subject = m.name",
            {"system": person.system.pk, "who": list(who), "marks": list(who.values())},
        )
        return int(cursor.rowcount)


def retain(system: System, layer: str, before: dt.datetime, limit: int) -> int:
    """Delete sums of whole days before that moment."""
    if layer != Layer.AGGREGATE.value:
        return 0
    deleted = 0
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(
                f"DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM {table} WHERE system_id = %s AND day < %s"
                " LIMIT %s)",
                [system.pk, before.astimezone(dt.UTC).date(), max(limit - deleted, 0)],
            )
            deleted += int(cursor.rowcount)
    return deleted


def rekey(cursor: Any, system: System, parameters: dict[str, bytes]) -> int:
    """Wrap everybody in the next key."""
    cursor.execute(
        f"UPDATE metrics_personday SET subject = {WRAP_SQL.format(use='name', column='subject')}"
        " WHERE system_id = %(system)s",
        parameters | {"system": system.pk},
    )
    return int(cursor.rowcount)


def fill() -> None:
    """Put the sums into the register; they follow the rows that they count."""
    holders.register(
        holders.Holder(
            "rollups",
            N_("The days on which you were counted"),
            find,
            export,
            erase,
            retain=retain,
            rekey=rekey,
            order=30,
        )
    )
