"""What the consent tables hold about a person, and how they let go of it."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from governance.consent.models import Alias, ConsentEvent, NoticeServed
from governance.consent.selectors import events_of
from governance.holding import holders
from governance.holding.holders import Erasing, Person
from governance.holding.keys import keyed
from governance.holding.rules import NOTHING, WRAP_SQL
from governance.registry.models import System
from portal.errors import N_


def find(person: Person) -> int:
    """Rows about somebody: what they said, and what sources call them."""
    aliases = Alias.objects.filter(system_id=person.system.pk, digest=person.pseudonym).count()
    return aliases + events_of(person.system.pk, person.pseudonym).count() + _served(person).count()


def _served(person: Person) -> QuerySet[NoticeServed]:
    subjects = Alias.objects.filter(system_id=person.system.pk, digest=person.pseudonym).values("subject_id")
    rows = NoticeServed.objects.filter(system_id=person.system.pk, subject_id__in=subjects)
    return rows.order_by("served_at", "pk")


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
    for shown in _served(person).select_related("notice").iterator(chunk_size=500):
        yield {
            "action": "notice_served",
            "notice_version": shown.notice.version,
            "language": shown.notice.language,
            "channel": shown.channel,
            "served_at": shown.served_at.isoformat(),
            "recorded_at": shown.recorded_at.isoformat(),
            "source": shown.source,
            "source_event": shown.source_event,
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


_UNSHOWN = """
WITH stones AS (SELECT * FROM unnest(%(ids)s::uuid[], %(stones)s::text[]) AS s(id, stone))
UPDATE governance_noticeserved n SET
    source_event = s.stone, content = %(nothing)s,
    served_at = date_trunc('day', n.served_at, 'UTC'), recorded_at = date_trunc('day', n.recorded_at, 'UTC')
FROM stones s WHERE n.id = s.id
"""


def _stones(rows: QuerySet[Any], erasing: Erasing) -> dict[uuid.UUID, str]:
    """{row: what takes the place of the source's own id}; the pairs are added to what the erasure replaces."""
    stones = {}
    for pk, source, event in rows.values_list("id", "source", "source_event"):
        stones[pk] = erasing.events[event] = erasing.tombstone("event", f"{source}\x00{event}")
    return stones


def erase(person: Person, erasing: Erasing) -> int:
    """Delete what sources call them, and leave their events as events of a number that nobody has."""
    digests = {person.pseudonym} | erasing.also
    whose = Q(digest__in=digests) | Q(person=person.pseudonym)
    aliases = Alias.objects.filter(whose, system_id=person.system.pk)
    digests |= set(aliases.values_list("digest", flat=True))
    subjects = sorted(set(aliases.values_list("subject_id", flat=True)))
    if not subjects:
        return 0
    of_them = {"system_id": person.system.pk, "subject_id__in": subjects}
    stones = _stones(ConsentEvent.objects.filter(**of_them), erasing)
    shown = _stones(NoticeServed.objects.filter(**of_them), erasing)
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
        cursor.execute(_UNSHOWN, {"ids": list(shown), "stones": list(shown.values()), "nothing": NOTHING})
        changed += int(cursor.rowcount)
        cursor.execute("SELECT set_config('attune.erasure', '', true)")
        cursor.execute(
            "UPDATE governance_subject SET minor = 'unknown', created_at = date_trunc('day', created_at, 'UTC')"
            " WHERE id = ANY(%s)",
            [subjects],
        )
    deleted, _ = aliases.delete()
    refs = {str(name): str(erasing.mark(name)) for name in digests}  # `subject_ref` of a receipt
    _forget_answers(erasing.events | refs)
    return changed + deleted


def keep_owners(system: System, owners: Mapping[str, uuid.UUID]) -> None:
    """{session: whose it was}, before the readings that say so go: what was said under its name stays theirs."""
    names = keyed(system.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE governance_alias a SET person = q.person FROM unnest(%(digests)s::uuid[], %(people)s::uuid[])"
            " AS q(digest, person)"
            " WHERE a.system_id = %(system)s AND a.digest = q.digest AND a.person IS NULL AND a.digest <> q.person",
            {
                "system": system.pk,
                "digests": [names.pseudonym(session) for session in owners],
                "people": list(owners.values()),
            },
        )


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
    digest, whose = (WRAP_SQL.format(use="name", column=column) for column in ("digest", "person"))
    cursor.execute(
        f"UPDATE governance_alias SET digest = {digest}, person = {whose} WHERE system_id = %(system)s",  # noqa: S608
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
    cursor.execute(
        f"UPDATE governance_noticeserved SET content = {content} WHERE system_id = %(system)s"  # noqa: S608
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
