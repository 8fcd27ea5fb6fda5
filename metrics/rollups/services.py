"""Keeping the rollups equal to the rows behind them."""

# ruff: noqa: S608 - names of our own tables and columns are put into the text, values never

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from django.db import connection, transaction

from governance.holding.selectors import folded_before, kept_from
from governance.registry.models import System
from metrics.rollups import sql
from metrics.rollups.rules import negative_labels
from portal.jobs.models import Job
from portal.jobs.services import enqueue
from portal.ledger.services import record

REBUILD = "rebuild_rollups"
"""The kind of job that computes the rollups anew."""
TABLES = {
    "metrics_dayrollup": ("system_id, day, key", "value"),
    "metrics_confusionrollup": ("system_id, day, version, slice, gold, predicted", "n"),
    "metrics_personday": ("system_id, topic, day, subject", "n"),
}
"""Rollup tables: their key, and the column that adds up."""


def lock(cursor: Any, system_id: uuid.UUID, *, alone: bool) -> None:
    """Queue up for the rollups of a system until the end of the transaction.

    Plain batches share it (their upserts go in the order of the keys); a change of what is stored, or a rebuild,
    wants to be alone, because it reads before it writes.
    """
    way = "" if alone else "_shared"
    cursor.execute(f"SELECT pg_advisory_xact_lock{way}(hashtextextended(%s, 7))", [str(system_id)])


def _parameters(systems: Sequence[System]) -> dict[str, Any]:
    return {
        "systems": [s.pk for s in systems],
        "negatives": ["\n".join(negative_labels(s.labels, s.label_map or {})) for s in systems],
    }


def _upsert(cursor: Any, table: str, select: str, parameters: dict[str, Any]) -> int:
    key, value = TABLES[table]
    cursor.execute(
        f"INSERT INTO {table} ({key}, {value}) SELECT {key}, {value} FROM ({select}) new ORDER BY {key}"
        f" ON CONFLICT ({key}) DO UPDATE SET {value} = {table}.{value} + excluded.{value}",
        parameters,
    )
    return int(cursor.rowcount)


def add_interactions(
    cursor: Any, system: System, relation: str, *, sign: int = 1, labelled: bool = True
) -> None:
    """Count the rows of `relation` (columns of metrics_interaction) in, or with sign -1 out.

    `labelled` False spares the look at labels of raters where there cannot be any.
    """
    source = (sql.GOLD_OR_LABELS if labelled else sql.GOLD_ONLY).format(relation=relation, sign=sign)
    parameters = _parameters([system]) | {"folded": folded_before(system.pk)}
    _upsert(cursor, "metrics_dayrollup", sql.DAY.format(source=source), parameters)
    _upsert(cursor, "metrics_confusionrollup", sql.CONFUSION.format(source=source), parameters)
    _upsert(cursor, "metrics_personday", _named(sql.PEOPLE.format(source=source)), parameters)


def _named(people: str) -> str:
    """Of people on days that have numbers in their place nothing changes: one more would be counted twice."""
    return f"SELECT * FROM ({people}) named WHERE day >= %(folded)s"


def add_surveys(cursor: Any, system: System, relation: str, *, sign: int = 1) -> None:
    """Count the rows of `relation` (columns of metrics_surveyanswer) in, or with sign -1 out."""
    source = f"SELECT *, {sign} AS sign FROM {relation}"
    _upsert(cursor, "metrics_dayrollup", sql.SURVEY_DAY.format(source=source), {})
    folded = {"folded": folded_before(system.pk)}
    _upsert(cursor, "metrics_personday", _named(sql.SURVEY_PEOPLE.format(source=source)), folded)


def drop_zeros(cursor: Any, system_id: uuid.UUID, days: Sequence[date]) -> None:
    """Remove counters that came back to nothing, so that a rebuild finds the very same rows."""
    for table, (_key, value) in TABLES.items():
        cursor.execute(
            f"DELETE FROM {table} WHERE system_id = %s AND day = ANY(%s) AND {value} = 0",
            [system_id, list(days)],
        )


def rebuild(*, system: System | None = None, by: object = "system") -> dict[str, int]:
    """Compute every rollup row anew from the raw rows (of one system, or of all), in one transaction.

    Days from which rows were deleted because their time was over stay as they are.

    Returns {"rows": rollup rows now, "differing": rows that were not what they should have been}; differing rows
    are put right and recorded in the ledger.
    """
    totals = {"rows": 0, "differing": 0}
    for one in [system] if system else System.objects.order_by("pk"):
        with transaction.atomic(), connection.cursor() as cursor:
            lock(cursor, one.pk, alone=True)
            found = _rebuild_one(cursor, one)
            if found["differing"]:
                record(type="rollups.put_right", by=by, subject=one.subject, body=found)
        totals = {key: totals[key] + found[key] for key in totals}
    return totals


def request_rebuild(*, system: System | None, bell: bool = True) -> Job:
    """Have the rollups of one system, or of all, computed anew by a worker; `bell` False: the caller does the job."""
    return enqueue(
        kind=REBUILD,
        payload={"system": str(system.pk) if system else None},
        by="system",
        unique_key=f"{REBUILD}:{system.pk if system else ''}",
        unit=system.unit if system else None,
        about=system.name if system else "",
        bell=bell,
    )


def _rebuild_one(cursor: Any, system: System) -> dict[str, int]:
    for table in TABLES:
        cursor.execute(f"CREATE TEMP TABLE fresh_{table} (LIKE {table} INCLUDING ALL) ON COMMIT DROP")
    parameters = _parameters([system]) | {"system": system.pk}
    first = kept_from(system.pk) or date.min  # of days before, rows are gone: their sums are all there is
    parameters["since"] = datetime.combine(first, time(), tzinfo=UTC)
    source = sql.WHOLE.format(
        where="WHERE system_id = %(system)s",
        also="AND i.system_id = %(system)s AND i.occurred_at >= %(since)s",
    )
    answers = (
        "SELECT *, 1 AS sign FROM metrics_surveyanswer"
        " WHERE system_id = %(system)s AND coalesce(answered_at, asked_at) >= %(since)s"
    )
    for table, select in (
        ("metrics_dayrollup", sql.DAY.format(source=source)),
        ("metrics_confusionrollup", sql.CONFUSION.format(source=source)),
        ("metrics_personday", sql.PEOPLE.format(source=source)),
        ("metrics_dayrollup", sql.SURVEY_DAY.format(source=answers)),
        ("metrics_personday", sql.SURVEY_PEOPLE.format(source=answers)),
    ):
        key, value = TABLES[table]
        cursor.execute(f"INSERT INTO fresh_{table} ({key}, {value}) {select}", parameters)
    found = {"rows": 0, "differing": 0}
    for table, (key, value) in TABLES.items():
        rows, differing = _replace(cursor, table, f"{key}, {value}", system.pk, first)
        found = {"rows": found["rows"] + rows, "differing": found["differing"] + differing}
        cursor.execute(f"DROP TABLE fresh_{table}")
    return found


def _replace(cursor: Any, table: str, columns: str, system_id: uuid.UUID, first: date) -> tuple[int, int]:
    of = {"s": system_id, "first": first}
    ours = f"SELECT * FROM {table} WHERE system_id = %(s)s AND day >= %(first)s"
    cursor.execute(
        f"SELECT count(*) FROM ((TABLE fresh_{table} EXCEPT {ours}) UNION ALL ({ours} EXCEPT TABLE fresh_{table})) d",
        of,
    )
    differing = int(cursor.fetchone()[0])
    if differing:
        cursor.execute(f"DELETE FROM {table} WHERE system_id = %(s)s AND day >= %(first)s", of)
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM fresh_{table}")
    cursor.execute(f"SELECT count(*) FROM {table} WHERE system_id = %s", [system_id])
    return int(cursor.fetchone()[0]), differing
