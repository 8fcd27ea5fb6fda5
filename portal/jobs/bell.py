"""The doorbell: a message that says 'job so-and-so may be waiting'. Losing one, or ringing twice, does no harm."""

import logging
import uuid
from typing import Any

from celery import current_app
from django.db.models.functions import Now

from portal.jobs.models import Job
from portal.jobs.rules import JobState

log = logging.getLogger(__name__)
RUN = "portal.jobs.tasks.run"
PATIENCE_SECONDS = 2
"""For one answer of the broker; a person waits for the page meanwhile, and the sweeper rings again anyway."""
_HURRY: dict[str, dict[str, Any]] = {
    "redis": {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS},
    "amqp": {
        "read_timeout": PATIENCE_SECONDS,
        "write_timeout": PATIENCE_SECONDS,
        "confirm_timeout": PATIENCE_SECONDS,
    },
}


def ring(job_id: uuid.UUID) -> bool:
    """Tell the workers that a job waits; False where the broker does not answer (the sweeper rings again)."""
    waiting = Job.objects.filter(pk=job_id, state=JobState.QUEUED.value)
    waiting.update(rung_at=Now())  # before: a worker may fetch the job before we could write behind
    try:
        with _line() as line:
            current_app.send_task(RUN, args=[str(job_id)], connection=line, retry=False, ignore_result=True)
    except Exception as error:  # whatever a broker library raises: the row is safe, the caller must not fail
        log.warning("the broker did not take job %s (%s): the sweeper will ring again", job_id, error)
        waiting.update(rung_at=None)
        return False
    return True


def _line() -> Any:
    """A connection that gives up soon: one from the pool would wait for a hanging broker as long as it hangs."""
    line = current_app.connection_for_write()
    line.connect_timeout = PATIENCE_SECONDS
    line.transport_options = {**line.transport_options, **_HURRY.get(line.transport.driver_type, {})}
    return line
