"""Storing what people answered."""

import uuid
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Any

import msgspec
from django.db import connection
from django.utils import timezone
from psycopg.types.json import Jsonb

from governance.consent.pseudonyms import Keyed, keyed
from governance.holding.holders import Aged, Part
from governance.holding.rules import is_tombstone
from governance.holding.selectors import buried, taken_from
from governance.registry.models import System
from metrics.ingest import batch
from metrics.ingest.rules import (
    AHEAD,
    CONFLICT,
    EARLIEST,
    ITEMS_AT_ONCE,
    PAST_RETENTION,
    RESERVED_ID,
    Status,
    nul_fault,
    time_fault,
)
from metrics.rollups.services import add_surveys, drop_zeros, lock
from metrics.surveys import rules
from metrics.surveys.models import SurveyAnswer
from metrics.surveys.shapes import SurveyItem
from portal.errors import N_
from portal.shapes import Fault, Read, read

_ENCODER = msgspec.json.Encoder(order="deterministic")
Answer = dict[str, Any]
One = Read[SurveyItem]


def record_answers(
    *,
    system: System,
    items: list[Any] | bytes,
    by: object,
    client: str = "",
    idempotency_key: str | None = None,
    ndjson: bool = False,
    sandbox: bool = False,
) -> dict[str, Any]:
    """Validate, score and store survey answers and count them in the rollups, in one transaction.

    Items: metrics.surveys.shapes.SurveyItem (without `answers`: somebody who was asked). Returns a receipt
    {"receipt", "counts", "items": [{"id", "status", "errors"}]} like that of interactions. Somebody asked first and
    answering later sends the same id again: that is `corrected`, once; any other change is a conflict.
    """
    found = read(items, SurveyItem, limit=ITEMS_AT_ONCE, ndjson=ndjson)
    return batch.run(
        system=system,
        kind="surveys",
        body=items,
        by=by,
        client=client,
        idempotency_key=idempotency_key,
        sandbox=sandbox,
        work=lambda batch_id: _take(system, found, batch_id),
    )


def _take(system: System, found: list[One], batch_id: uuid.UUID) -> list[Answer]:
    now = timezone.now()
    with connection.cursor() as cursor:
        lock(cursor, system.pk, alone=True)
    since = taken_from(system.pk, Part.ANSWERS).get(Aged())
    names = keyed(system.pk)  # under the lock: a rotation of keys waits for it
    for one in found:
        if one.value is not None:
            one.faults = _faults(one.value, now)
            if since and (one.value.answered_at or one.value.asked_at) < since:
                one.faults.append(replace(PAST_RETENTION, field="asked_at"))
    good = [one.value for one in found if one.value is not None and not one.faults]
    stored = {(row.instrument, row.source_id): row for row in _stored(system, good)}
    gone = _buried(system, good)
    new: dict[tuple[str, str], SurveyAnswer] = {}
    completed: dict[tuple[str, str], SurveyAnswer] = {}
    result = []
    for one in found:
        if one.value is None or one.faults:
            result.append(_answer(one, Status.REFUSED))
            continue
        key, row = (one.value.instrument, one.value.id), _row(system, one.value, batch_id, names)
        if key in gone:  # of somebody who was erased: known, and nobody is made anew from it
            result.append(_answer(one, Status.DUPLICATE))
            continue
        known = completed.get(key) or new.get(key) or stored.get(key)
        status = _status(known, row)
        if status is Status.ACCEPTED:
            new[key] = row
        elif status is Status.CORRECTED:
            (new if key in new else completed)[key] = row
        elif status is Status.CONFLICT:
            one.faults.append(CONFLICT)
        result.append(_answer(one, status))
    _write(system, list(new.values()), [(stored[key], row) for key, row in completed.items()])
    return result


def _status(known: SurveyAnswer | None, row: SurveyAnswer) -> Status:
    if known is None:
        return Status.ACCEPTED
    if known.content == row.content:
        return Status.DUPLICATE
    answers_now = known.answered_at is None and row.answered_at is not None and known.subject == row.subject
    return Status.CORRECTED if answers_now else Status.CONFLICT


def _faults(item: SurveyItem, now: datetime) -> list[Fault]:
    faults = [RESERVED_ID] if is_tombstone(item.id) else []
    if b"\\u0000" in _ENCODER.encode(item):
        faults.append(nul_fault(item))
    if not (item.subject or item.session):
        faults.append(Fault("subject", "required", N_("Name the subject or the session.")))
    for name in ("asked_at", "answered_at"):
        at = getattr(item, name)
        if at is not None and not EARLIEST <= at <= now + AHEAD:
            faults.append(time_fault(name, at))
    instrument = rules.instruments().get(item.instrument)
    if instrument is None:
        faults.append(Fault("instrument", "unknown_instrument", N_("This instrument is not known.")))
    elif item.answers is not None:
        faults += rules.faults_in(instrument, item.answers)
    if (item.answers is None) != (item.answered_at is None):
        faults.append(Fault("answered_at", "required", N_("Answers and their time come together.")))
    return faults


def _row(system: System, item: SurveyItem, batch_id: uuid.UUID, names: Keyed) -> SurveyAnswer:
    instrument, answers = rules.instruments()[item.instrument], item.answers
    return SurveyAnswer(
        system_id=system.pk,
        instrument=item.instrument,
        source_id=item.id,
        asked_at=item.asked_at,
        answered_at=item.answered_at,
        subject=names.pseudonym(item.subject or item.session or ""),
        interaction_id=item.interaction,
        version=item.version,
        answers=None if answers is None else rules.normalised(instrument, answers),
        scores=None if answers is None else rules.scores(instrument, answers),
        content=names.fingerprint(_ENCODER.encode(item)),
        batch_id=batch_id,
    )


def _stored(system: System, items: list[SurveyItem]) -> list[SurveyAnswer]:
    rows = SurveyAnswer.objects.filter(
        system_id=system.pk, instrument__in={i.instrument for i in items}, source_id__in={i.id for i in items}
    )
    return list(rows)


def _buried(system: System, items: list[SurveyItem]) -> set[tuple[str, str]]:
    """(instrument, id) of the answers that stand in the table as tombstones."""
    keys = {f"{item.instrument}\x00{item.id}": (item.instrument, item.id) for item in items}
    stones = buried(system.pk, "survey", list(keys))
    if not stones:
        return set()
    rows = SurveyAnswer.objects.filter(system_id=system.pk, source_id__in=list(stones.values()))
    standing = set(rows.values_list("source_id", flat=True))
    return {keys[name] for name, stone in stones.items() if stone in standing}


def _write(
    system: System, new: list[SurveyAnswer], completed: list[tuple[SurveyAnswer, SurveyAnswer]]
) -> None:
    """Insert and replace, with the rollups following; the lock of the system is held."""
    olds = [(old.instrument, old.source_id) for old, _row in completed]
    with connection.cursor() as cursor:
        if olds:
            _count(cursor, system, olds, sign=-1)
            for old, row in completed:
                row.pk = old.pk
                row.save(force_update=True)
        _copy(cursor, new)
        _count(cursor, system, [(row.instrument, row.source_id) for row in new] + olds, sign=1)
        if olds:
            drop_zeros(cursor, system.pk, sorted({old.asked_at.date() for old, _row in completed}))


_COPIED = {
    "system_id": "uuid", "instrument": "varchar", "source_id": "varchar", "asked_at": "timestamptz",
    "answered_at": "timestamptz", "subject": "uuid", "interaction_id": "varchar", "version": "varchar",
    "answers": "jsonb", "scores": "jsonb", "content": "uuid", "batch_id": "uuid",
}  # fmt: skip


def _copy(cursor: Any, new: list[SurveyAnswer]) -> None:
    """Insert rows by COPY, as interactions are; a key that is there already is refused as by INSERT."""
    if not new:
        return
    values = attrgetter(*_COPIED)
    with cursor.copy(f"COPY metrics_surveyanswer ({', '.join(_COPIED)}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(list(_COPIED.values()))
        for row in new:
            copy.write_row([Jsonb(value) if isinstance(value, dict) else value for value in values(row)])


def _count(cursor: Any, system: System, keys: list[tuple[str, str]], *, sign: int) -> None:
    if not keys:
        return
    instruments, names = zip(*keys, strict=True)
    cursor.execute("DROP TABLE IF EXISTS pg_temp.surveyed")
    cursor.execute(
        "CREATE TEMP TABLE surveyed ON COMMIT DROP AS SELECT a.* FROM metrics_surveyanswer a"
        " JOIN unnest(%s::text[], %s::text[]) AS u(instrument, source_id) USING (instrument, source_id)"
        " WHERE a.system_id = %s",
        [list(instruments), list(names), system.pk],
    )
    add_surveys(cursor, system, "surveyed", sign=sign)


def _answer(one: One, status: Status) -> Answer:
    return {"id": one.id, "status": status.value, "errors": [fault.to_dict() for fault in one.faults]}
