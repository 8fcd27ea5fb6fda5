"""The Celery application of the tests' workers and schedulers: the product's, with work to watch and clocks to bend.

`celery -A tests.work worker`. ATTUNE_TEST_CLOCK: seconds by which the clock of this process is wrong.
ATTUNE_TEST_TICK: seconds between two ticks instead of the product's thirty. ATTUNE_TEST_NAME: what it writes into the
log of a job.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import time_machine
from django.db import connection, transaction

from portal.celery import app
from portal.jobs.registry import handler

if TYPE_CHECKING:
    from portal.jobs.context import JobContext

__all__ = ["app"]

if wrong := float(os.environ.get("ATTUNE_TEST_CLOCK", "0")):
    time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=wrong)).start()
if pace := os.environ.get("ATTUNE_TEST_TICK"):
    app.conf.beat_schedule["jobs"]["schedule"] = float(pace)


@handler("test_effect", title="An effect")
def effect(context: JobContext) -> dict[str, Any]:
    """Work for a while, then leave a row, in the transaction that ends the job."""
    context.log(os.environ["ATTUNE_TEST_NAME"])
    for step in range(4):
        context.progress(step * 25)
        time.sleep(float(context.payload["seconds"]) / 4)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO test_effect (job, attempt) VALUES (%s, %s)", [context.job.pk, context.attempt]
        )
        context.finish({})
    return {}


@handler("test_poison", title="Poison")
def poison(context: JobContext) -> dict[str, Any]:
    """What the kernel does to a process that takes all memory."""
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


@handler("test_window", title="A window")
def window(context: JobContext) -> dict[str, Any]:
    """Say which stretch of time this is about."""
    covered = context.window
    assert covered is not None
    return {"from": covered.start.isoformat(), "to": covered.end.isoformat()}
