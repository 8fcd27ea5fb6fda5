"""What the sums hold about a person: that a pseudonym took part on a day. The sums themselves name nobody."""

# ruff: noqa: S608 - names of our own tables and columns are put into the text, values never

import datetime as dt
import secrets
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import Count, Min, QuerySet

from governance.holding import holders
from governance.holding.holders import Cut, Erasing, Gone, Part, Person
from governance.holding.rules import WRAP_SQL
from governance.registry.models import System
from metrics.rollups.models import ConfusionRollup, DayRollup, PersonDay
from metrics.rollups.rules import FIRST_PERSON
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


_FOLDED = """
WITH days AS MATERIALIZED (
    SELECT DISTINCT day FROM metrics_personday
    WHERE system_id = %(system)s AND day < %(before)s AND subject >= %(first)s AND subject <> ALL(%(held)s::uuid[])
    ORDER BY day LIMIT %(limit)s),
rows AS MATERIALIZED (
    SELECT day, subject FROM metrics_personday
    WHERE system_id = %(system)s AND day BETWEEN (SELECT min(day) FROM days) AND (SELECT max(day) FROM days)
    GROUP BY day, subject),
taken AS MATERIALIZED (
    SELECT day, ('x' || right(replace(max(subject::text), '-', ''), 15))::bit(60)::bigint AS highest
    FROM rows WHERE subject < %(first)s GROUP BY day),
numbered AS MATERIALIZED (
    SELECT r.day, r.subject, coalesce(t.highest, 0) + row_number() OVER (
        PARTITION BY r.day ORDER BY sha256(%(salt)s::bytea || uuid_send(r.subject))) AS number
    FROM rows r LEFT JOIN taken t USING (day)
    WHERE r.subject >= %(first)s AND r.subject <> ALL(%(held)s::uuid[]))
UPDATE metrics_personday p SET subject = lpad(to_hex(n.number), 32, '0')::uuid FROM numbered n
WHERE p.system_id = %(system)s AND p.day = n.day AND p.subject = n.subject
"""
PEOPLE = "metrics_personday"
DAYS_AT_ONCE = 7


def past(cut: Cut) -> tuple[int, dt.datetime | None]:
    """Sums of whole days, or people counted on such days, that are past a cut: (rows, the oldest day)."""
    day = cut.before.astimezone(dt.UTC).date()
    people = PersonDay.objects.filter(system_id=cut.system.pk, day__lt=day).exclude(subject__in=cut.held)
    sources: list[QuerySet[Any]] = []
    if cut.part is Part.COUNTED:
        sources = [people.filter(subject__gte=FIRST_PERSON)]
    elif cut.part is Part.SUMS:
        sums = (DayRollup.objects, ConfusionRollup.objects)
        sources = [people, *(rows.filter(system_id=cut.system.pk, day__lt=day) for rows in sums)]
    found = [rows.aggregate(n=Count("*"), oldest=Min("day")) for rows in sources]
    count = sum(one["n"] for one in found)
    oldest = min((one["oldest"] for one in found if one["oldest"]), default=None)
    return count, dt.datetime.combine(oldest, dt.time(), tzinfo=dt.UTC) if oldest else None


def retain(cut: Cut, limit: int) -> Gone:
    """Put numbers in the place of the people counted on days past a cut; delete sums that are past theirs.

    The numbers of a day begin with 1 and mean nobody: the same number on two days is not the same person.
    """
    day = cut.before.astimezone(dt.UTC).date()
    with connection.cursor() as cursor:
        if cut.part is Part.COUNTED:
            # the planner thinks a fresh table small, and would look up each person in turn
            cursor.execute("SET LOCAL enable_nestloop = off")
            cursor.execute(
                _FOLDED,
                {
                    "system": cut.system.pk,
                    "before": day,
                    "first": FIRST_PERSON,
                    "held": sorted(cut.held),
                    "salt": secrets.token_bytes(32),
                    "limit": DAYS_AT_ONCE,
                },
            )
            folded = int(cursor.rowcount)
            cursor.execute("SET LOCAL enable_nestloop = on")
            return Gone(unnamed=folded)
        deleted = 0
        for table in TABLES if cut.part is Part.SUMS else ():
            cursor.execute(
                f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE system_id = %s AND day < %s"
                f"{' AND subject <> ALL(%s::uuid[])' if table == PEOPLE else ''} LIMIT %s))",
                [
                    cut.system.pk,
                    day,
                    *([sorted(cut.held)] if table == PEOPLE else []),
                    max(limit - deleted, 0),
                ],
            )
            deleted += int(cursor.rowcount)
    return Gone(deleted)


def rekey(cursor: Any, system: System, parameters: dict[str, bytes]) -> int:
    """Wrap everybody in the next key."""
    cursor.execute(
        f"UPDATE metrics_personday SET subject = {WRAP_SQL.format(use='name', column='subject')}"
        " WHERE system_id = %(system)s AND subject >= %(first)s",  # numbers are nobody's pseudonym
        parameters | {"system": system.pk, "first": FIRST_PERSON},
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
            past=past,
            rekey=rekey,
            order=30,
        )
    )
