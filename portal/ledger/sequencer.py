"""Gives committed events their places in the tree: the only writer of leaves.

Events are taken out of the queue by deleting them, never by 'id > last seen': an id is given out before its
transaction commits, so a reader that remembers an id overtakes a late commit and loses it.
"""

from typing import Final

from django.db import connections, transaction

BATCH: Final = 1000
LOCK: Final = 0x41545455_4C454447  # 'ATTULEDG': one sequencer at a time, over all processes and hosts

MOVE: Final = """
WITH taken AS (
    DELETE FROM portal_pendingevent WHERE id IN (SELECT id FROM portal_pendingevent ORDER BY id LIMIT %s)
    RETURNING id, event, header, type, ts, actor, subject
)
INSERT INTO portal_leaf (index, event, header, type, ts, actor, subject)
SELECT %s + row_number() OVER (ORDER BY id) - 1, event, header, type, ts, actor, subject FROM taken
"""


def run_once(using: str = "ledger") -> int:
    """Move everything that waits into the tree, in batches of one transaction each; returns how many.

    Returns 0 at once when another sequencer is at work: it will take these events too.
    """
    moved = 0
    while True:
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return moved
            cursor.execute("SELECT coalesce(max(index) + 1, 0) FROM portal_leaf")
            cursor.execute(MOVE, [BATCH, cursor.fetchone()[0]])
            count: int = cursor.rowcount
            moved += count
            if count < BATCH:
                return moved
