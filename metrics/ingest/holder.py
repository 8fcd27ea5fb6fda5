"""What the tables of interactions hold about a person: readings, labels, receipts; and how they let go of it."""

# ruff: noqa: S608 - names of our own tables and columns are put into the text, values never

import datetime as dt
import hashlib
import secrets
import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import orjson
from django.db import connection
from django.db.models import Count, Min, Q
from django.utils import timezone

from governance.holding import holders
from governance.holding.holders import Aged, Cut, Erasing, Gone, Page, Part, Person, Reading
from governance.holding.keys import erasure_key
from governance.holding.rules import MARK, NOTHING, WRAP_SQL, mark, tombstone
from governance.registry.models import System
from metrics.ingest.models import Batch, EvaluationItem, Interaction, Label
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
    return Interaction.objects.filter(system_id=person.system.pk, subject=person.pseudonym)


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
    _unname(person.system, erasing, who, fresh)
    return len(rows)


_RENAMED = """
UPDATE metrics_evaluationitem e SET source_id = s.stone
FROM unnest(%(ids)s::text[], %(stones)s::text[]) AS s(id, stone), metrics_evaluationset v
WHERE e.evaluation_id = v.id AND v.system_id = %(system)s AND e.source_id = s.id
"""


def _unname(
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
        cursor.execute(_RENAMED, names | items)
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


# --- age and keys -----------------------------------------------------------------------------


_PAST = """
system_id = %(system)s AND occurred_at < %(before)s AND (subject IS NULL OR subject <> ALL(%(held)s::uuid[]))
"""
_OF = {
    Part.READINGS: """AND basis IN ('allow', 'basis_doubtful') AND coalesce(subject_role, '') = %(role)s
AND coalesce(purpose, '') = %(purpose)s AND coalesce(modality, '') = %(modality)s""",
    Part.BARE: "AND basis NOT IN ('allow', 'basis_doubtful')",
}
_IS_LOG = "coalesce(flow_id = ANY(%(logs)s::uuid[]) AND occurred_at >= %(log_before)s, false)"
_NAMED = f"source_id NOT LIKE '{MARK}%%'"


def _asked(cut: Cut) -> tuple[str, dict[str, Any]]:
    """The condition and the parameters of what is past a cut."""
    return _PAST + _OF[cut.part], {
        "system": cut.system.pk,
        "before": cut.before,
        "held": sorted(cut.held),
        "logs": sorted(cut.logs),
        "log_before": cut.log_before,
        "role": cut.of.subject_role,
        "purpose": cut.of.purpose,
        "modality": cut.of.modality,
    }


def aged(system: System, before: dt.datetime) -> list[Aged]:
    """Whose readings there are from before that moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT coalesce(subject_role, ''), coalesce(purpose, ''), coalesce(modality, '')"
            " FROM metrics_interaction WHERE system_id = %s AND occurred_at < %s"
            " AND basis IN ('allow', 'basis_doubtful') ORDER BY 1, 2, 3",
            [system.pk, before],
        )
        return [Aged(*row) for row in cursor.fetchall()]


def past(cut: Cut) -> tuple[int, dt.datetime | None]:
    """Interactions past a cut that are still there with what is personal: (how many, the oldest)."""
    if cut.part is Part.RECEIPTS:
        found = _receipts(cut).aggregate(n=Count("pk"), oldest=Min("received_at"))
        return int(found["n"]), found["oldest"]
    if cut.part not in _OF:
        return 0, None
    where, values = _asked(cut)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), min(occurred_at) FROM metrics_interaction WHERE {where}"
            f" AND NOT ({_IS_LOG} AND NOT {_NAMED})",
            values,
        )
        count, oldest = cursor.fetchone()
        return int(count), oldest


def listed(
    cut: Cut, after: tuple[dt.datetime, str], limit: int
) -> list[tuple[dt.datetime, str, uuid.UUID | None]]:
    """(time, source's id, flow) of interactions past a cut, in that order, after the last one seen."""
    if cut.part not in _OF:
        return []
    where, values = _asked(cut)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT occurred_at, source_id, flow_id FROM metrics_interaction WHERE {where}"
            f" AND NOT ({_IS_LOG} AND NOT {_NAMED})"
            ' AND (occurred_at, source_id COLLATE "C") > (%(after_at)s, %(after_id)s)'
            ' ORDER BY occurred_at, source_id COLLATE "C" LIMIT %(limit)s',
            values | {"after_at": after[0], "after_id": after[1], "limit": limit},
        )
        return list(cursor.fetchall())


def retain(cut: Cut, limit: int) -> Gone:
    """Delete interactions past a cut, with their labels; what stays as a log loses what is personal.

    The sums stay: a rebuild of rollups begins after the days from which something is gone.
    """
    if cut.part is Part.RECEIPTS:
        old = list(_receipts(cut).values_list("pk", flat=True)[:limit])
        return Gone(unnamed=Batch.objects.filter(pk__in=old).update(answer=b""))
    if cut.part not in _OF:
        return Gone()
    where, values = _asked(cut)
    with connection.cursor() as cursor:
        # by their place: whatever the planner thinks of a table that was just filled, nothing is looked up one by one
        cursor.execute(
            "DELETE FROM metrics_interaction WHERE ctid = ANY(ARRAY(SELECT ctid FROM metrics_interaction"
            f" WHERE {where} AND NOT {_IS_LOG} LIMIT %(limit)s)) RETURNING source_id",
            values | {"limit": limit},
        )
        names = [name for (name,) in cursor.fetchall()]
        deleted = len(names)
        Label.objects.filter(system_id=cut.system.pk, source_id__in=names).delete()
        _unname_evaluations(cut.system, names)
        if not cut.logs or deleted >= limit:
            return Gone(deleted)
        cursor.execute(
            "SELECT source_id, session, batch_id, subject FROM metrics_interaction"
            f" WHERE {where} AND {_IS_LOG} AND {_NAMED} LIMIT %(limit)s",
            values | {"limit": limit - deleted},
        )
        rows = cursor.fetchall()
    if rows:
        _keep_as_log(cut.system, rows)
    return Gone(deleted, len(rows))


def _keep_as_log(system: System, rows: Sequence[tuple[str, str | None, uuid.UUID, uuid.UUID | None]]) -> None:
    """Unname rows as an erasure does; the marks are of one batch, so nothing leads from one to the next."""
    key, once = erasure_key(), secrets.token_bytes(32)
    erasing = Erasing(
        id=uuid.uuid4(),
        mark=partial(mark, once),
        tombstone=partial(tombstone, key, system.pk),
        pseudonym=lambda name: NOTHING,
    )
    erasing.items |= {row[0]: erasing.tombstone("item", row[0]) for row in rows}
    erasing.sessions |= {row[1]: erasing.tombstone("session", row[1]) for row in rows if row[1]}
    labels = Label.objects.filter(system_id=system.pk, source_id__in=list(erasing.items))
    fresh = stand_ins(system, {row[2] for row in rows} | set(labels.values_list("batch_id", flat=True)))
    people = {row[3] for row in rows}
    marks = {name: erasing.mark(name) if name else None for name in people}
    _unname(system, erasing, marks, fresh, everywhere=False)


def _unname_evaluations(system: System, names: list[str]) -> None:
    """An evaluation set may name items that went: a later erasure could no longer find them by their person."""
    known = EvaluationItem.objects.filter(evaluation__system=system, source_id__in=names)
    found, key = known.values_list("source_id", flat=True), erasure_key()
    stones = {name: tombstone(key, system.pk, "item", name) for name in found}
    with connection.cursor() as cursor:
        cursor.execute(_RENAMED, {"system": system.pk, "ids": list(stones), "stones": list(stones.values())})


def _receipts(cut: Cut) -> Any:
    """Batches past a cut whose receipt still lists ids; while somebody is under a hold, none."""
    if cut.held:
        return Batch.objects.none()
    rows = Batch.objects.filter(system_id=cut.system.pk, received_at__lt=cut.before, answer__gt=b"")
    return rows.exclude(kind="values").order_by("received_at")


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
    holders.register(
        holders.Holder(
            "interactions",
            N_("What the AI read of you"),
            find,
            export,
            erase,
            retain=retain,
            past=past,
            aged=aged,
            rekey=rekey,
            readings=readings,
            reading=reading,
            list_names=list_names,
            order=10,
        )
    )
