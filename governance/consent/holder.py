"""What the consent tables hold about a person, and how they let go of it."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.db import connection

from governance.consent.models import Alias, ConsentEvent
from governance.consent.selectors import events_of
from governance.holding import holders
from governance.holding.holders import Erasing, Person
from governance.holding.rules import NOTHING, WRAP_SQL
from governance.registry.models import System
from portal.errors import N_


def find(person: Person) -> int:
    """Rows about somebody: what they said, and what sources call them."""
    aliases = Alias.objects.filter(system_id=person.system.pk, digest=person.pseudonym).count()
    return aliases + events_of(person.system.pk, person.pseudonym).count()


def export(person: Person) -> Iterator[dict[str, Any]]:
    """What they said, oldest first."""
    rows = events_of(person.system.pk, person.pseudonym).select_related("notice")
    for row in rows.iterator(chunk_size=500):
        yield {
            "action": row.action,
            "purpose": row.purpose,
            "modality": row.modality,
            "explicit": row.explicit,
            "effective_at": row.effective_at.isoformat(),
            "recorded_at": row.recorded_at.isoformat(),
            "expires_at": row.expires_at.isoformat() if row.expires_at else None,
            "notice_version": row.notice.version if row.notice else None,
            "method": row.method,
            "actor": row.actor,
            "minor": row.minor,
            "source": row.source,
            "source_event": row.source_event,
        }


# within a day the order of what one person said stays, by microseconds: who counts as agreeing must not change
_UNNAMED = """
WITH placed AS (
    SELECT id, row_number() OVER (
        PARTITION BY subject_id ORDER BY effective_at, recorded_at, action NOT IN ('given', 'renewed'), id) AS place
    FROM governance_consentevent WHERE system_id = %(system)s AND subject_id = ANY(%(subjects)s)
), stones AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(stones)s::text[]) AS s(id, stone)
)
UPDATE governance_consentevent e SET
    source_event = s.stone, content = %(nothing)s, evidence_hash = '', method = '', minor = 'unknown',
    effective_at = date_trunc('day', e.effective_at, 'UTC') + p.place * interval '1 microsecond',
    recorded_at = date_trunc('day', e.recorded_at, 'UTC') + p.place * interval '1 microsecond',
    expires_at = date_trunc('day', e.expires_at, 'UTC') + interval '1 day'
FROM placed p JOIN stones s USING (id) WHERE e.id = p.id
"""


def erase(person: Person, erasing: Erasing) -> int:
    """Delete what sources call them, and leave their events as events of a number that nobody has."""
    digests = {person.pseudonym} | erasing.also
    aliases = Alias.objects.filter(system_id=person.system.pk, digest__in=digests)
    subjects = sorted(set(aliases.values_list("subject_id", flat=True)))
    if not subjects:
        return 0
    rows = ConsentEvent.objects.filter(system_id=person.system.pk, subject_id__in=subjects)
    names = {pk: (source, event) for pk, source, event in rows.values_list("id", "source", "source_event")}
    stones = {pk: erasing.tombstone("event", f"{source}\x00{event}") for pk, (source, event) in names.items()}
    erasing.events |= {event: stones[pk] for pk, (_source, event) in names.items()}
    with connection.cursor() as cursor:
        _open(cursor, erasing.id, subjects)
        cursor.execute(
            _UNNAMED,
            {
                "system": person.system.pk,
                "subjects": subjects,
                "ids": list(stones),
                "stones": list(stones.values()),
                "nothing": NOTHING,
            },
        )
        changed = int(cursor.rowcount)
        cursor.execute("SELECT set_config('attune.erasure', '', true)")
        cursor.execute(
            "UPDATE governance_subject SET minor = 'unknown', created_at = date_trunc('day', created_at, 'UTC')"
            " WHERE id = ANY(%s)",
            [subjects],
        )
    deleted, _ = aliases.delete()
    _forget_answers(erasing.events)
    return changed + deleted


def _open(cursor: Any, erasure: uuid.UUID, subjects: list[int]) -> None:
    """The one way through the guard of the table: these subjects, this transaction, these columns."""
    cursor.execute("UPDATE governance_erasure SET subjects = %s WHERE id = %s", [subjects, erasure])
    cursor.execute("SELECT set_config('attune.erasure', %s, true)", [str(erasure)])


def _forget_answers(names: dict[str, str]) -> None:
    """Stored answers to calls name events too: there the tombstone takes the place of the id."""
    with connection.cursor() as cursor:
        for name, stone in names.items():
            cursor.execute(
                "UPDATE portal_idempotencyrecord SET response = replace(response::text, to_json(%(a)s::text)::text,"
                " to_json(%(b)s::text)::text)::jsonb WHERE position(to_json(%(a)s::text)::text in response::text) > 0",
                {"a": name, "b": stone},
            )


def rekey(cursor: Any, system: System, parameters: dict[str, bytes]) -> int:
    """Wrap aliases and fingerprints in the next key."""
    digest = WRAP_SQL.format(use="name", column="digest")
    cursor.execute(
        f"UPDATE governance_alias SET digest = {digest} WHERE system_id = %(system)s",  # noqa: S608
        parameters | {"system": system.pk},
    )
    changed = int(cursor.rowcount)
    content = WRAP_SQL.format(use="content", column="content")
    cursor.execute("SELECT set_config('attune.rekeying', %s, true)", [str(system.pk)])
    cursor.execute(
        f"UPDATE governance_consentevent SET content = {content} WHERE system_id = %(system)s"  # noqa: S608
        " AND content <> %(nothing)s",
        parameters | {"system": system.pk, "nothing": NOTHING},
    )
    cursor.execute("SELECT set_config('attune.rekeying', '', true)")
    return changed


def list_names(system: System) -> Iterator[uuid.UUID]:
    """Every pseudonym that has an alias."""
    yield from Alias.objects.filter(system_id=system.pk).values_list("digest", flat=True)


def fill() -> None:
    """Put the consent tables into the register."""
    holders.register(
        holders.Holder(
            "consent",
            N_("What you agreed to and what you refused"),
            find,
            export,
            erase,
            rekey=rekey,
            list_names=list_names,
            order=60,
        )
    )
