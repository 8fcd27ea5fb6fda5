"""The completeness of what was received, for an evidence pack: counts and gaps per source."""

from typing import Any

from django.db import connection

from governance.evidence.sections import PackFile, Scope, register, table

COLUMNS = (
    "system",
    "source",
    "batches",
    "received",
    "numbered",
    "first_seq",
    "last_seq",
    "missing",
    "repeated",
)

# a source numbers what it sends (source_seq); between its first and last number none should lack or come twice
QUERY = """
SELECT i.system_id, b.client, count(DISTINCT i.batch_id), count(*), count(i.source_seq), min(i.source_seq),
       max(i.source_seq), max(i.source_seq) - min(i.source_seq) + 1 - count(DISTINCT i.source_seq),
       count(i.source_seq) - count(DISTINCT i.source_seq)
FROM metrics_interaction i JOIN metrics_batch b ON b.id = i.batch_id
WHERE i.system_id = ANY(%s) AND i.occurred_at >= %s AND i.occurred_at < %s
GROUP BY i.system_id, b.client ORDER BY i.system_id, b.client
"""


def reconciliation(scope: Scope) -> list[PackFile]:
    """source-reconciliation.csv, to be compared with what the sources themselves have counted."""
    slugs = {system.pk: system.slug for system in scope.systems}
    with connection.cursor() as cursor:
        cursor.execute(QUERY, [list(slugs), scope.since, scope.until])
        found: list[tuple[Any, ...]] = sorted((slugs[row[0]], *row[1:]) for row in cursor.fetchall())
    exceptions = tuple(
        (row[0], "missing interactions", row[1], _lacking(row), "") for row in found if _lacks(row)
    )
    return [table("source-reconciliation.csv", COLUMNS, found, QUERY.strip(), exceptions=exceptions)]


def _lacks(row: tuple[Any, ...]) -> int:
    """How many numbers never came for certain: of what is kept without a basis the number is not kept either."""
    _, _, _, received, numbered, _, _, missing, _ = row
    lacking: int = max((missing or 0) - (received - numbered), 0)
    return lacking


def _lacking(row: tuple[Any, ...]) -> str:
    return f"at least {_lacks(row)} of the numbers {row[5]} to {row[6]} never came"


def fill() -> None:
    """Put the section into governance's register."""
    register("metrics_reconciliation", reconciliation)
