"""What the tables of interactions hold about a person: readings, labels, receipts; and how they let go of it."""

# ruff: noqa: S608 - names of our own tables and columns are put into the text, values never

import datetime as dt
import hashlib
import uuid
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from governance.holding import holders
from governance.holding.holders import Erasing, Page, Person, Reading
from governance.holding.keys import keyed
from governance.holding.rules import NOTHING, WRAP_SQL
from governance.registry.models import System
from metrics.ingest.models import Batch, Interaction, Label
from portal.errors import N_

ERASED = "erased"
"""The kind of the batch that stands for the batches of erased items, one per system and client."""
_SHOWN = (
    "source_id", "occurred_at", "predicted", "channel", "modality", "purpose", "confidence",
)  # fmt: skip
_EXPORTED = (
    "source_id", "occurred_at", "received_at", "basis", "reason", "subject_role", "session", "turn", "version",
    "channel", "modality", "purpose", "recipients", "language", "attributes", "predicted", "confidence", "scores",
    "gold", "strategy", "notice_version", "disclosed_at", "emotion_notice_at", "sensitive", "escalated_at", "human_at",
    "overridden", "offer_kind", "offer_accepted", "intent", "resolved", "first_response_ms", "handling_s",
)  # fmt: skip


def _rows(person: Person) -> Any:
    return Interaction.objects.filter(system_id=person.system.pk, subject__in=_names(person))


def _names(person: Person) -> set[uuid.UUID]:
    """Under what somebody is known: their pseudonym, and those of their sessions that came without a name.

    Not of a session in which somebody else was named: what was read there may be of the other.
    """
    of_system = Interaction.objects.filter(system_id=person.system.pk)
    own = of_system.filter(subject=person.pseudonym, session__isnull=False)
    keys = keyed(person.system.pk)
    called = {keys.pseudonym(name): name for name in own.values_list("session", flat=True).distinct() if name}
    found = of_system.filter(subject__in=called).values_list("subject", flat=True).distinct()
    unnamed = {digest: called[digest] for digest in found if digest}
    if unnamed:
        others = of_system.filter(session__in=unnamed.values()).exclude(
            subject__in=[person.pseudonym, *called]
        )
        shared = set(others.values_list("session", flat=True))
        unnamed = {digest: name for digest, name in unnamed.items() if name not in shared}
    return {person.pseudonym, *unnamed}


def find(person: Person) -> int:
    """Interactions of somebody."""
    return int(_rows(person).count())


def export(person: Person) -> Iterator[dict[str, Any]]:
    """Every interaction, oldest first, with everything that was inferred."""
    for row in _rows(person).order_by("occurred_at", "source_id").values(*_EXPORTED).iterator(chunk_size=500):
        yield {
            name: value.isoformat() if isinstance(value, dt.datetime) else value
            for name, value in row.items()
            if value is not None
        }


# --- one by one, for the person ---------------------------------------------------------------


def _ref(person: Person, source_id: str) -> str:
    """How a page names a reading: nothing of the source's own id can be read from it."""
    return hashlib.sha256(person.system.pk.bytes + person.pseudonym.bytes + source_id.encode()).hexdigest()[
        :32
    ]


def _reading(person: Person, row: dict[str, Any]) -> Reading:
    shown = {name: row[name] for name in ("channel", "modality", "purpose")}
    return Reading(
        ref=_ref(person, row["source_id"]),
        at=row["occurred_at"],
        emotion=row["predicted"],
        confidence=row["confidence"],
        **{name: value or "" for name, value in shown.items()},
    )


def _readings_of(person: Person) -> Any:
    return _rows(person).filter(predicted__isnull=False).order_by("-occurred_at", "source_id")


def readings(person: Person, page: Page) -> tuple[int, list[Reading]]:
    """(how many readings of somebody's emotion there are, those of one page), newest first."""
    rows, (skip, many) = _readings_of(person), page
    return rows.count(), [_reading(person, row) for row in rows.values(*_SHOWN)[skip : skip + many]]


def reading(person: Person, ref: str) -> Reading | None:
    """The reading of that name, where it is one of this person's."""
    rows = _readings_of(person).values(*_SHOWN).iterator(chunk_size=500)
    return next((_reading(person, row) for row in rows if _ref(person, row["source_id"]) == ref), None)


# --- erasure ----------------------------------------------------------------------------------

_DAY = "date_trunc('day', {0}, 'UTC')"
# a bin of the histogram is all that is counted of a duration: its middle takes the place of the exact value
# (greatest() leaves unknown out, so that an unknown duration would become one of a millisecond)
_BIN = "CASE WHEN {0} IS NOT NULL THEN 10 ^ ((floor(20 * log(greatest({0}, 1)::float8)) + 0.5) / 20) END"


def _told(column: str) -> str:
    """Told in time stays in time, too late stays too late: the counters ask for no more."""
    occurred = _DAY.format("i.occurred_at")
    return (
        f"CASE WHEN i.{column} <= i.occurred_at THEN least({_DAY.format('i.' + column)}, {occurred})"
        f" WHEN i.{column} IS NOT NULL THEN {occurred} + interval '1 day' END"
    )


_UNNAMED = f"""
UPDATE metrics_interaction i SET
    source_id = s.stone, subject = m.mark, batch_id = b.fresh, content = %(nothing)s, consent_event_id = NULL,
    decision_id = NULL, source_seq = NULL, scores = NULL, session = (%(sessions)s::jsonb ->> i.session),
    confidence = CASE WHEN i.gold IS NOT NULL OR EXISTS (
        SELECT 1 FROM metrics_label l WHERE l.system_id = i.system_id AND l.source_id = i.source_id)
        THEN round(i.confidence::numeric, 6)::float8 END,
    first_response_ms = round({_BIN.format("i.first_response_ms")}),
    handling_s = {_BIN.format("i.handling_s * 1000")} / 1000,
    disclosed_at = {_told("disclosed_at")}, emotion_notice_at = {_told("emotion_notice_at")},
    escalated_at = {_DAY.format("i.escalated_at")}, human_at = {_DAY.format("i.human_at")},
    received_at = {_DAY.format("i.received_at")}, occurred_at = {_DAY.format("i.occurred_at")}
FROM unnest(%(ids)s::text[], %(stones)s::text[]) AS s(id, stone),
     unnest(%(batches)s::uuid[], %(fresh)s::uuid[]) AS b(old, fresh),
     unnest(%(who)s::uuid[], %(marks)s::uuid[]) AS m(name, mark)
WHERE i.system_id = %(system)s AND i.source_id = s.id AND b.old = i.batch_id AND m.name IS NOT DISTINCT FROM i.subject
"""


def erase(person: Person, erasing: Erasing) -> int:
    """Unname every interaction: own ids to tombstones, times to days, durations to bins; what is counted stays."""
    system = person.system.pk
    sessions = _rows(person).filter(session__isnull=False).values_list("session", flat=True)
    erasing.also |= {erasing.pseudonym(name) for name in sessions.distinct()}
    found = Interaction.objects.filter(system_id=system, subject__in={person.pseudonym} | erasing.also)
    rows = list(found.values_list("source_id", "session", "batch_id"))
    erasing.items |= {name: erasing.tombstone("item", name) for name, _session, _batch in rows}
    erasing.sessions |= {name: erasing.tombstone("session", name) for _id, name, _batch in rows if name}
    labels = Label.objects.filter(system_id=system, source_id__in=list(erasing.items))
    batches = {batch for _id, _session, batch in rows} | set(labels.values_list("batch_id", flat=True))
    fresh, who = stand_ins(person.system, batches), erasing.everyone(person)
    unname(person.system, erasing, who, fresh)
    return len(rows)


RENAMED = """
UPDATE metrics_evaluationitem e SET source_id = s.stone
FROM unnest(%(ids)s::text[], %(stones)s::text[]) AS s(id, stone), metrics_evaluationset v
WHERE e.evaluation_id = v.id AND v.system_id = %(system)s AND e.source_id = s.id
"""


def unname(
    system: System,
    erasing: Erasing,
    who: Mapping[Any, uuid.UUID | None],
    fresh: dict[uuid.UUID, uuid.UUID],
    *,
    everywhere: bool = True,
) -> None:
    """Put tombstones, marks and stand-ins where the ids, people and batches of `erasing` stood.

    `everywhere` False: only in these rows; younger ones of the same session, and those under a hold, keep its name.
    """
    names: dict[str, Any] = {"system": system.pk, "who": list(who), "marks": list(who.values())}
    items = {"ids": list(erasing.items), "stones": list(erasing.items.values())}
    batches = {"batches": list(fresh), "fresh": list(fresh.values())}
    with connection.cursor() as cursor:
        cursor.execute(
            _UNNAMED,
            names | items | batches | {"nothing": NOTHING, "sessions": as_text(erasing.sessions)},
        )
        cursor.execute(
            "UPDATE metrics_label l SET source_id = s.stone, recorded_at = date_trunc('day', l.recorded_at, 'UTC'),"
            " batch_id = b.fresh FROM unnest(%(ids)s::text[], %(stones)s::text[]) AS s(id, stone),"
            " unnest(%(batches)s::uuid[], %(fresh)s::uuid[]) AS b(old, fresh)"
            " WHERE l.system_id = %(system)s AND l.source_id = s.id AND l.batch_id = b.old",
            names | items | batches,
        )
        cursor.execute(
            "UPDATE metrics_label l SET rater = m.mark"
            " FROM unnest(%(who)s::uuid[], %(marks)s::uuid[]) AS m(name, mark)"
            " WHERE l.system_id = %(system)s AND l.rater = m.name",
            names,
        )
        cursor.execute(RENAMED, names | items)
        if everywhere and erasing.sessions:  # the other side of a session
            cursor.execute(
                "UPDATE metrics_interaction SET session = %(stones)s::jsonb ->> session"
                " WHERE system_id = %(system)s AND session = ANY(%(ids)s)",
                {"system": system.pk, "ids": list(erasing.sessions), "stones": as_text(erasing.sessions)},
            )
    forget_answers(system, erasing.items)


def as_text(names: dict[str, str]) -> str:
    """{id: tombstone} as JSON, for a statement."""
    return orjson.dumps(names).decode()


def stand_ins(system: System, batches: set[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """{batch: the one that stands for it}: counted under the same client, of no moment and no body."""
    clients = dict(Batch.objects.filter(pk__in=batches).values_list("pk", "client"))
    known = dict(Batch.objects.filter(system_id=system.pk, kind=ERASED).values_list("client", "pk"))
    day = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for client in sorted({clients.get(batch, "") for batch in batches} - set(known)):
        known[client] = Batch.objects.create(
            system_id=system.pk, kind=ERASED, client=client, body_sha256="", received_at=day
        ).pk
    return {batch: known[clients.get(batch, "")] for batch in batches}


def forget_answers(system: System, items: dict[str, str]) -> None:
    """Kept receipts name items: there the tombstone takes the place of the id."""
    if not items:
        return
    kept = Batch.objects.filter(system_id=system.pk, answer__isnull=False).exclude(
        Q(kind="values") | Q(answer=b"")
    )
    for pk, answer in kept.values_list("pk", "answer").iterator(chunk_size=50):
        receipt = orjson.loads(zlib.decompress(bytes(answer or b"")))
        named = [row for row in receipt["items"] if row.get("id") in items]
        if named:
            for row in named:
                row["id"] = items[row["id"]]
            Batch.objects.filter(pk=pk).update(answer=zlib.compress(orjson.dumps(receipt), 1))


# --- keys -------------------------------------------------------------------------------------


def rekey(cursor: Any, system: System, parameters: dict[str, bytes]) -> int:
    """Wrap people, raters and fingerprints in the next key."""
    values = parameters | {"system": system.pk, "nothing": NOTHING}
    cursor.execute(
        f"UPDATE metrics_interaction SET subject = {WRAP_SQL.format(use='name', column='subject')},"
        f" content = CASE WHEN content = %(nothing)s THEN content"
        f" ELSE {WRAP_SQL.format(use='content', column='content')} END WHERE system_id = %(system)s",
        values,
    )
    changed = int(cursor.rowcount)
    cursor.execute(
        f"UPDATE metrics_label SET rater = {WRAP_SQL.format(use='name', column='rater')}"
        " WHERE system_id = %(system)s",
        values,
    )
    return changed + int(cursor.rowcount)


def list_names(system: System) -> Iterator[uuid.UUID]:
    """Everybody of whom something was read."""
    rows = Interaction.objects.filter(system_id=system.pk, subject__isnull=False)
    names = rows.exclude(source_id__startswith="erased-").values_list("subject", flat=True).distinct()
    yield from (name for name in names if name is not None)


def fill() -> None:
    """Put the interactions into the register."""
    from metrics.ingest import ageing  # which builds on this

    holders.register(
        holders.Holder(
            "interactions",
            N_("What the AI read of you"),
            find,
            export,
            erase,
            retain=ageing.retain,
            past=ageing.past,
            aged=ageing.aged,
            rekey=rekey,
            readings=readings,
            reading=reading,
            list_names=list_names,
            order=10,
        )
    )
