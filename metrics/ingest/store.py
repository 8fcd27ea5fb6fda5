"""From checked items to rows: binary COPY into a staging table, INSERT what is new, roll up what was inserted."""

# ruff: noqa: S608 - names of our own tables and columns are put into the text, values never

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import psycopg.types.json
from django.db import connection

from governance.registry.models import System
from metrics.ingest.rules import Status
from metrics.rollups import services as rollups

COLUMNS: dict[str, str] = {
    "system_id": "uuid",
    "source_id": "text",
    "occurred_at": "timestamptz",
    "batch_id": "uuid",
    "content": "uuid",
    "flow_id": "uuid",
    "basis": "text",
    "reason": "text",
    "consent_event_id": "uuid",
    "policy_version": "int4",
    "subject": "uuid",
    "subject_role": "text",
    "session": "text",
    "turn": "int4",
    "source_seq": "int8",
    "version": "text",
    "channel": "text",
    "modality": "text",
    "purpose": "text",
    "recipients": "text[]",
    "language": "text",
    "attributes": "jsonb",
    "predicted": "text",
    "confidence": "float8",
    "scores": "jsonb",
    "gold": "text",
    "strategy": "text",
    "decision_id": "uuid",
    "notice_version": "int4",
    "disclosed_at": "timestamptz",
    "emotion_notice_at": "timestamptz",
    "sensitive": "bool",
    "escalated_at": "timestamptz",
    "human_at": "timestamptz",
    "overridden": "bool",
    "offer_kind": "text",
    "offer_accepted": "bool",
    "intent": "text",
    "resolved": "bool",
    "first_response_ms": "int8",
    "handling_s": "float8",
    "test": "bool",
}
"""The columns that are written, with their types, in the order of a row; the database fills the others."""
_STAGED = {**COLUMNS, "correction": "bool"}
_LIST = ", ".join(COLUMNS)
_CHANGED = ", ".join(
    f"{name} = s.{name}" for name in COLUMNS if name not in ("system_id", "source_id", "batch_id")
)

Row = tuple[Any, ...]
"""Values of COLUMNS, then correction. `content` is the fingerprint of what is kept: the item, or its bare part."""
Rebased = Callable[[str], uuid.UUID]
"""The fingerprint that an item would have had with the other answer of the gate: so that a retry is a duplicate even
where consent came in between."""


def as_jsonb(value: Any) -> Any:
    """A value for a jsonb column of a COPY."""
    return None if value is None else psycopg.types.json.Jsonb(value)


def _stage(cursor: Any, rows: Iterable[Row]) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in _STAGED.items())
    cursor.execute("DROP TABLE IF EXISTS pg_temp.staging, pg_temp.replaced")
    cursor.execute(f"CREATE TEMP TABLE staging ({columns}) ON COMMIT DROP")
    with cursor.copy(f"COPY staging ({', '.join(_STAGED)}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(list(_STAGED.values()))
        for row in rows:
            copy.write_row(row)


def store(
    system: System,
    rows: Sequence[Row],
    labels: dict[str, list[tuple[uuid.UUID, str]]],
    batch_id: uuid.UUID,
    rebased: Rebased,
) -> dict[str, Status]:
    """Store rows with distinct source ids, with their raters' labels; the status of each by source id.

    Call inside the transaction of the batch, with the rollups' lock held (alone when a row corrects another).
    """
    if not rows:
        return {}
    with connection.cursor() as cursor:
        _stage(cursor, rows)
        cursor.execute(
            f"INSERT INTO metrics_interaction ({_LIST}) SELECT {_LIST} FROM staging ORDER BY source_id"
            " ON CONFLICT (system_id, source_id) DO NOTHING RETURNING source_id"
        )
        inserted = {row[0] for row in cursor.fetchall()}
        statuses = dict.fromkeys(inserted, Status.ACCEPTED)
        days: list[date] = []
        if len(inserted) < len(rows):
            statuses |= _settle_known(cursor, inserted, rebased)
            cursor.execute("DELETE FROM staging WHERE source_id = ANY(%s)", [_not_written(statuses)])
            days = _replace(cursor, system, [k for k, s in statuses.items() if s is Status.CORRECTED])
        written = {k for k, s in statuses.items() if s in (Status.ACCEPTED, Status.CORRECTED)}
        new_labels = [(k, rater, label) for k in written for rater, label in labels.get(k, ())]
        write_labels(cursor, system.pk, new_labels, batch_id)
        rollups.add_interactions(cursor, system, "staging", labelled=bool(new_labels or days))
        if days:
            rollups.drop_zeros(cursor, system.pk, days)
    return statuses


def _not_written(statuses: dict[str, Status]) -> list[str]:
    return [k for k, s in statuses.items() if s not in (Status.ACCEPTED, Status.CORRECTED)]


def _settle_known(cursor: Any, inserted: set[str], rebased: Rebased) -> dict[str, Status]:
    """Duplicate, conflict or correction, for the ids that were there; their rows are locked, in order."""
    cursor.execute(
        "SELECT s.source_id, i.content, s.content, s.correction"
        " FROM staging s JOIN metrics_interaction i USING (system_id, source_id)"
        " WHERE s.source_id <> ALL(%s) ORDER BY s.source_id FOR UPDATE OF i",
        [list(inserted)],
    )
    return {
        name: _status(stored, sent, correction, rebased(name))
        for name, stored, sent, correction in cursor.fetchall()
    }


def _status(stored: uuid.UUID, sent: uuid.UUID, correction: bool, rebased: uuid.UUID) -> Status:
    """Another answer of the gate to the same content is no conflict; a correction applies it."""
    if stored == sent or (stored == rebased and not correction):
        return Status.DUPLICATE
    return Status.CORRECTED if correction else Status.CONFLICT


def _replace(cursor: Any, system: System, names: list[str]) -> list[date]:
    """Take the rows out of the rollups and put the staged content in their place; the days they were counted on."""
    if not names:
        return []
    cursor.execute(
        "CREATE TEMP TABLE replaced ON COMMIT DROP AS"
        " SELECT * FROM metrics_interaction WHERE system_id = %s AND source_id = ANY(%s)",
        [system.pk, names],
    )
    rollups.add_interactions(cursor, system, "replaced", sign=-1)
    cursor.execute(
        f"UPDATE metrics_interaction i SET {_CHANGED}, revision = i.revision + 1 FROM staging s"
        " WHERE i.system_id = s.system_id AND i.source_id = s.source_id AND s.source_id = ANY(%s)",
        [names],
    )
    # what raters said about a reading that lost its basis goes with it
    cursor.execute(
        "DELETE FROM metrics_label l USING staging s WHERE l.system_id = s.system_id AND l.source_id = s.source_id"
        " AND s.basis NOT IN ('allow', 'basis_doubtful')"
    )
    cursor.execute("SELECT DISTINCT (occurred_at AT TIME ZONE 'UTC')::date FROM replaced")
    return [row[0] for row in cursor.fetchall()]


def write_labels(
    cursor: Any, system_id: uuid.UUID, labels: Sequence[tuple[str, uuid.UUID, str]], batch_id: uuid.UUID
) -> None:
    """Store what raters said; the same rater again replaces what they said before."""
    if not labels:
        return
    names, raters, words = zip(*sorted(labels), strict=True)
    cursor.execute(
        "INSERT INTO metrics_label (system_id, source_id, rater, label, batch_id)"
        " SELECT %s, n, r, w, %s FROM unnest(%s::text[], %s::uuid[], %s::text[]) AS u(n, r, w)"
        " ON CONFLICT (system_id, source_id, rater) DO UPDATE SET label = excluded.label, batch_id = excluded.batch_id",
        [system_id, batch_id, list(names), list(raters), list(words)],
    )


def relabel(system: System, labels: Sequence[tuple[str, uuid.UUID, str]], batch_id: uuid.UUID) -> None:
    """Late labels: the rows leave the rollups as they were and come back as they are now."""
    names = sorted({name for name, _rater, _label in labels})
    if not names:
        return
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.relabelled")
        cursor.execute(
            "CREATE TEMP TABLE relabelled ON COMMIT DROP AS"
            " SELECT * FROM metrics_interaction WHERE system_id = %s AND source_id = ANY(%s)",
            [system.pk, names],
        )
        rollups.add_interactions(cursor, system, "relabelled", sign=-1)
        write_labels(cursor, system.pk, labels, batch_id)
        rollups.add_interactions(cursor, system, "relabelled", sign=1)
        cursor.execute("SELECT DISTINCT (occurred_at AT TIME ZONE 'UTC')::date FROM relabelled")
        rollups.drop_zeros(cursor, system.pk, [row[0] for row in cursor.fetchall()])


def known_labels(system_id: uuid.UUID, names: Sequence[str]) -> dict[tuple[str, uuid.UUID], str]:
    """(source id, rater) -> label, for what raters said before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT source_id, rater, label FROM metrics_label WHERE system_id = %s AND source_id = ANY(%s)",
            [system_id, list(names)],
        )
        return {(name, rater): label for name, rater, label in cursor.fetchall()}
