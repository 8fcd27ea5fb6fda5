"""A control: the product's WSGI application with the rollups counted after the commit instead of inside it.

This is the fault that the harness must be able to see. It exists in this test module alone.
"""

import os
from functools import partial
from typing import Any

from django.db import connection, transaction

from portal.wsgi import application

__all__ = ["application"]


def _patch() -> None:
    from metrics.ingest import store

    inside = store.rollups.add_interactions

    def later(system: Any, batch_id: str, options: dict[str, Any]) -> None:
        rows = f"(SELECT * FROM metrics_interaction WHERE batch_id = '{batch_id}')"
        with transaction.atomic(), connection.cursor() as cursor:
            inside(cursor, system, rows, **options)

    def outside(cursor: Any, system: Any, relation: str, **options: Any) -> None:
        cursor.execute(f"SELECT DISTINCT batch_id::text FROM {relation}")
        for (batch_id,) in cursor.fetchall():
            transaction.on_commit(partial(later, system, batch_id, options))

    store.rollups.add_interactions = outside  # type: ignore[assignment]


if os.environ.get("CHAOS_WSGI", "").startswith("tests.chaos.broken"):
    _patch()
