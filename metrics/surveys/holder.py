"""What the answers to surveys hold about a person, and how they let go of it."""

# ruff: noqa: S608 - names of our own tables and columns are put into the text, values never

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import Q

from governance.holding import holders
from governance.holding.holders import Cut, Erasing, Gone, Part, Person
from governance.holding.rules import NOTHING, WRAP_SQL
from governance.registry.models import System
from metrics.ingest import holder as ingest
from metrics.surveys.models import SurveyAnswer
from portal.errors import N_


def _rows(person: Person) -> Any:
    return SurveyAnswer.objects.filter(system_id=person.system.pk, subject=person.pseudonym)


def find(person: Person) -> int:
    """Surveys that somebody was sent."""
    return int(_rows(person).count())


def export(person: Person) -> Iterator[dict[str, Any]]:
    """What they were asked and what they answered, oldest first."""
    for row in _rows(person).order_by("asked_at", "source_id"):
        yield {
            "instrument": row.instrument,
            "asked_at": row.asked_at.isoformat(),
            "answered_at": row.answered_at.isoformat() if row.answered_at else None,
            "answers": row.answers,
            "scores": row.scores,
            "source_id": row.source_id,
            "interaction": row.interaction_id,
        }


_UNNAMED = """
UPDATE metrics_surveyanswer a SET
    source_id = s.stone, subject = m.mark, content = %(nothing)s, batch_id = b.fresh,
    interaction_id = CASE WHEN a.interaction_id IS NULL THEN NULL
        ELSE coalesce(%(items)s::jsonb ->> a.interaction_id, %(gone)s) END,
    asked_at = date_trunc('day', a.asked_at, 'UTC'), answered_at = date_trunc('day', a.answered_at, 'UTC'),
    recorded_at = date_trunc('day', a.recorded_at, 'UTC')
FROM unnest(%(instruments)s::text[], %(ids)s::text[], %(stones)s::text[]) AS s(instrument, id, stone),
     unnest(%(old)s::uuid[], %(new)s::uuid[]) AS b(old, fresh),
     unnest(%(who)s::uuid[], %(marks)s::uuid[]) AS m(name, mark)
WHERE a.system_id = %(system)s AND a.instrument = s.instrument AND a.source_id = s.id AND b.old = a.batch_id
  AND m.name = a.subject
"""


def erase(person: Person, erasing: Erasing) -> int:
    """Unname every answer; what is counted of it stays. Answers of others forget the erased interactions as well."""
    who = erasing.everyone(person)
    found = SurveyAnswer.objects.filter(system_id=person.system.pk, subject__in=list(who))
    rows = list(found.values_list("instrument", "source_id", "batch_id"))
    stones = [erasing.tombstone("survey", f"{instrument}\x00{name}") for instrument, name, _batch in rows]
    fresh = ingest.stand_ins(person.system, {batch for _instrument, _name, batch in rows})
    values: dict[str, Any] = {
        "system": person.system.pk,
        "who": list(who),
        "marks": list(who.values()),
        "nothing": NOTHING,
        "gone": erasing.tombstone("item", ""),
        "items": ingest.as_text(erasing.items),
        "instruments": [row[0] for row in rows],
        "ids": [row[1] for row in rows],
        "stones": stones,
        "old": list(fresh),
        "new": list(fresh.values()),
    }
    with connection.cursor() as cursor:
        cursor.execute(_UNNAMED, values)
        cursor.execute(
            "UPDATE metrics_surveyanswer SET interaction_id = %(items)s::jsonb ->> interaction_id"
            " WHERE system_id = %(system)s AND interaction_id = ANY(%(names)s)",
            values | {"names": list(erasing.items)},
        )
    names = {row[1]: stone for row, stone in zip(rows, stones, strict=True)}
    ingest.forget_answers(person.system, names)
    return len(rows)


_PAST = (
    " FROM metrics_surveyanswer WHERE system_id = %(system)s AND coalesce(answered_at, asked_at) < %(before)s"
    " AND (subject IS NULL OR subject <> ALL(%(held)s::uuid[]))"
)


def _asked(cut: Cut) -> dict[str, Any]:
    return {"system": cut.system.pk, "before": cut.before, "held": sorted(cut.held)}


def past(cut: Cut) -> tuple[int, dt.datetime | None]:
    """Answers past a cut: (how many, the oldest)."""
    if cut.part is not Part.ANSWERS:
        return 0, None
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), min(coalesce(answered_at, asked_at))" + _PAST, _asked(cut))
        count, oldest = cursor.fetchone()
        return int(count), oldest


def listed(cut: Cut, after: tuple[dt.datetime, str], limit: int) -> list[tuple[dt.datetime, str]]:
    """(time, instrument and source's id) of answers past a cut, in that order, after the last one seen."""
    if cut.part is not Part.ANSWERS:
        return []
    item = "instrument || ':' || source_id COLLATE \"C\""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT at, item FROM (SELECT coalesce(answered_at, asked_at) AS at, {item} AS item {_PAST}) a"
            " WHERE (at, item) > (%(after_at)s, %(after_id)s) ORDER BY at, item LIMIT %(limit)s",
            _asked(cut) | {"after_at": after[0], "after_id": after[1], "limit": limit},
        )
        return list(cursor.fetchall())


def retain(cut: Cut, limit: int) -> Gone:
    """Delete answers past a cut; what was counted of them stays."""
    if cut.part is not Part.ANSWERS:
        return Gone()
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM metrics_surveyanswer WHERE ctid = ANY(ARRAY(SELECT ctid {_PAST} LIMIT %(limit)s))",
            _asked(cut) | {"limit": limit},
        )
        return Gone(int(cursor.rowcount))


def rekey(cursor: Any, system: System, parameters: dict[str, bytes]) -> int:
    """Wrap people and fingerprints in the next key."""
    cursor.execute(
        f"UPDATE metrics_surveyanswer SET subject = {WRAP_SQL.format(use='name', column='subject')},"
        f" content = CASE WHEN content = %(nothing)s THEN content"
        f" ELSE {WRAP_SQL.format(use='content', column='content')} END WHERE system_id = %(system)s",
        parameters | {"system": system.pk, "nothing": NOTHING},
    )
    return int(cursor.rowcount)


def list_names(system: System) -> Iterator[uuid.UUID]:
    """Everybody who was asked."""
    rows = SurveyAnswer.objects.filter(~Q(source_id__startswith="erased-"), system_id=system.pk)
    names = rows.filter(subject__isnull=False).values_list("subject", flat=True).distinct()
    yield from (name for name in names if name is not None)


def fill() -> None:
    """Put the answers into the register."""
    holders.register(
        holders.Holder(
            "surveys",
            N_("What you answered when you were asked"),
            find,
            export,
            erase,
            retain=retain,
            past=past,
            rekey=rekey,
            list_names=list_names,
            order=20,
        )
    )
