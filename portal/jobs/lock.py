"""Is the worker of a job still there? Its database session holds a lock that ends with the session.

A lease alone would have to be longer than the longest job, and a killed worker's job would wait as long.
PostgreSQL drops a session's advisory locks the moment the session dies, so a job left behind is seen at once;
the lease stays as the net for a worker that hangs or lost its network. Neither decides who may write: that is
the fencing token.
"""

import uuid
from collections.abc import Iterable

from django.db import connection


def _key(job_id: uuid.UUID) -> int:
    """The first 64 (random) bits of the id, as the signed number PostgreSQL wants."""
    return int.from_bytes(job_id.bytes[:8], "big", signed=True)


def hold(job_id: uuid.UUID) -> None:
    """Take the lock of a job for this database session (where it is free; a taken one is left alone)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_key(job_id)])


def release(job_id: uuid.UUID) -> None:
    """Give the lock back; harmless when it is not held."""
    if held([job_id], mine=True):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_key(job_id)])


def held(job_ids: Iterable[uuid.UUID], *, mine: bool = False) -> set[uuid.UUID]:
    """Those of the jobs whose lock some session (or only this one) holds now."""
    keys = {_key(job_id): job_id for job_id in job_ids}
    if not keys:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks"
            " WHERE locktype = 'advisory' AND objsubid = 1 AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND (pid = pg_backend_pid() OR NOT %s)"
            " AND ((classid::bigint << 32) | objid::bigint) = ANY(%s)",
            [mine, list(keys)],
        )
        return {keys[row[0]] for row in cursor.fetchall()}
