"""What becomes of interactions whose time is over: deleted, or kept as a log without what was personal."""

# ruff: noqa: S608 - names of our own tables and columns are put into the text, values never

import datetime as dt
import secrets
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import connection
from django.db.models import Count, Min

from governance.consent.holder import keep_owners
from governance.holding.holders import Aged, Cut, Erasing, Gone, Part
from governance.holding.keys import erasure_key
from governance.holding.rules import MARK, NOTHING, mark, tombstone
from governance.registry.models import System
from metrics.ingest.holder import RENAMED, stand_ins, unname
from metrics.ingest.models import Batch, EvaluationItem, Label

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
            f" WHERE {where} AND NOT {_IS_LOG} LIMIT %(limit)s)) RETURNING source_id, session, subject",
            values | {"limit": limit},
        )
        went = cursor.fetchall()
        names = [row[0] for row in went]
        keep_owners(cut.system, {row[1]: row[2] for row in went if row[1] and row[2]})
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
    keep_owners(system, {row[1]: row[3] for row in rows if row[1] and row[3]})
    erasing.items |= {row[0]: erasing.tombstone("item", row[0]) for row in rows}
    erasing.sessions |= {row[1]: erasing.tombstone("session", row[1]) for row in rows if row[1]}
    labels = Label.objects.filter(system_id=system.pk, source_id__in=list(erasing.items))
    fresh = stand_ins(system, {row[2] for row in rows} | set(labels.values_list("batch_id", flat=True)))
    people = {row[3] for row in rows}
    marks = {name: erasing.mark(name) if name else None for name in people}
    unname(system, erasing, marks, fresh, everywhere=False)


def _unname_evaluations(system: System, names: list[str]) -> None:
    """An evaluation set may name items that went: a later erasure could no longer find them by their person."""
    known = EvaluationItem.objects.filter(evaluation__system=system, source_id__in=names)
    found, key = known.values_list("source_id", flat=True), erasure_key()
    stones = {name: tombstone(key, system.pk, "item", name) for name in found}
    with connection.cursor() as cursor:
        cursor.execute(RENAMED, {"system": system.pk, "ids": list(stones), "stones": list(stones.values())})


def _receipts(cut: Cut) -> Any:
    """Batches past a cut whose receipt still lists ids; while somebody is under a hold, none."""
    if cut.held:
        return Batch.objects.none()
    rows = Batch.objects.filter(system_id=cut.system.pk, received_at__lt=cut.before, answer__gt=b"")
    return rows.exclude(kind="values").order_by("received_at")
