"""A ledger to test with, and what somebody who owns its database could do to it."""

import uuid
from typing import Any

from django.db import connections, transaction

from portal.ledger import (
    sequencer,
    services,
    signer,
)


def write(count: int = 1, **changes: Any) -> list[uuid.UUID]:
    event = {"type": "test.thing_done", "by": "system", "subject": "thing:1", **changes}
    with transaction.atomic():
        return [services.record(**{"body": {"n": n}, **event}) for n in range(count)]


def grown(*sizes: int) -> None:
    """A ledger with a signed checkpoint after each of these numbers of further events."""
    for size in sizes:
        write(size)
        sequencer.run_once()
        signer.checkpoint()


def as_attacker(sql: str, *params: Any) -> None:
    """What somebody who owns the database can do: switch the triggers off, then write."""
    with connections["owner"].cursor() as cursor:
        for table in ("leaf", "checkpoint", "ledgerbody", "pendingevent"):
            cursor.execute(f"ALTER TABLE portal_{table} DISABLE TRIGGER USER")
        cursor.execute(sql, list(params))
        for table in ("leaf", "checkpoint", "ledgerbody", "pendingevent"):
            cursor.execute(f"ALTER TABLE portal_{table} ENABLE ALWAYS TRIGGER ledger_append_only")
