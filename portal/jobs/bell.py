"""The doorbell: a message that says 'job so-and-so may be waiting'. Losing one, or ringing twice, does no
harm."""

import logging
import uuid

from celery import current_app
from django.db.models.functions import Now

from portal.jobs.models import Job
from portal.jobs.rules import JobState

log = logging.getLogger(__name__)
RUN = "portal.jobs.tasks.run"


def ring(job_id: uuid.UUID) -> bool:
    """Tell the workers that a job waits; False where the broker does not answer (the sweeper rings again)."""
    try:
        current_app.send_task(RUN, args=[str(job_id)], retry=False, ignore_result=True)
    except Exception as error:  # whatever a broker library raises: the row is safe, the caller must not fail
        log.warning(
            "the broker did not take job %s (%s): the sweeper will ring again",
            job_id,
            error,
        )
        return False
    Job.objects.filter(pk=job_id, state=JobState.QUEUED.value).update(rung_at=Now())
    return True
