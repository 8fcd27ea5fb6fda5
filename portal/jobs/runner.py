"""Taking a job, doing it, and ending it properly whatever happens."""

import logging
import traceback
import uuid

from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils.translation import override
from psycopg.errors import LockNotAvailable

from portal.errors import N_, Invalid, RuleBroken
from portal.jobs import lock, registry, rules
from portal.jobs.clock import database_now
from portal.jobs.context import Cancelled, Fenced, JobContext, lease
from portal.jobs.models import Job
from portal.jobs.rules import JobState

log = logging.getLogger(__name__)
ROW_PATIENCE_SECONDS = 2
INVALID = N_("What was handed in is not valid; nothing of it was stored.")


def claim(job_id: uuid.UUID) -> Job | None:
    """Take a waiting job, or one whose worker died: state, lease and the next fencing token in one
    transaction.

    None when there is nothing to do: another worker has it, it has ended, it is not due yet, it was
    cancelled, or its attempts are used up (then it is buried here).
    """
    try:
        return _claim(job_id)
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            return None  # whoever holds the row that long is busy with it; the sweeper will ring again
        raise


def _claim(job_id: uuid.UUID) -> Job | None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            # wait for a row that is only being written to: to skip it would leave the job to the next bell
            cursor.execute(f"SET LOCAL lock_timeout = '{ROW_PATIENCE_SECONDS}s'")
        job = Job.objects.select_for_update(of=("self",)).filter(pk=job_id).first()
        if job is None or not _is_free(job):
            return None
        if job.cancel_requested_at is not None:
            bury(job, JobState.CANCELLED, "")
            return None
        if job.attempts >= job.attempts_limit:
            give_up(job)
            return None
        lock.hold(job.pk)
        Job.objects.filter(pk=job.pk).update(
            state=JobState.RUNNING.value,
            attempts=F("attempts") + 1,
            lease_until=lease(),
            started_at=Coalesce("started_at", Now()),
            progress=0,
            note="",
        )
    job.refresh_from_db()
    return job


def _is_free(job: Job) -> bool:
    now = database_now()
    if job.state == JobState.QUEUED.value:
        return job.due_at <= now
    if job.state != JobState.RUNNING.value or job.lease_until is None:
        return False
    return job.lease_until < now or not lock.held([job.pk])


def died(attempts: int) -> str:
    """The error of a job whose workers were killed rather than failing with an error of their own."""
    return (
        f"The worker stopped in the middle of the work, {attempts} times in a row (killed, or out of memory)."
    )


def bury(job: Job, state: JobState, error: str) -> bool:
    """End a job that nobody works on; False when somebody took it meanwhile (the token moved on)."""
    open_states = [item.value for item in rules.OPEN]
    return bool(
        Job.objects.filter(pk=job.pk, attempts=job.attempts, state__in=open_states).update(
            state=state.value, finished_at=Now(), lease_until=None, error=error
        )
    )


def give_up(job: Job) -> bool:
    """Bury a job whose attempts are used up, and let its kind of work say so; False when somebody took it."""
    with transaction.atomic():
        if not bury(job, JobState.DEAD, job.error or died(job.attempts)):
            return False
        _tell(job)
    return True


def _tell(job: Job) -> None:
    found = registry.find(job.kind)
    if found is None or found.gave_up is None:
        return
    job.refresh_from_db()
    try:
        with transaction.atomic():
            found.gave_up(job)
    except Exception:  # else the job could not even be buried
        log.exception("job %s was given up, but %s could not act on it", job.pk, job.kind)


def run_job(job_id: uuid.UUID) -> JobState | None:
    """Do one job if it can be had; the state it ended in, or None when there was nothing to do."""
    job = claim(job_id)
    if job is None:
        return None
    context = JobContext(job)
    try:
        with override("en"):  # what a job stores is the same whatever language the worker started in
            return _work(context)
    except Fenced:
        log.warning(
            "job %s: attempt %s was overtaken, nothing of it is stored",
            job.pk,
            context.attempt,
        )
        return None
    finally:
        lock.release(job.pk)


def _work(context: JobContext) -> JobState:
    try:
        result = registry.get(context.job.kind).work(context)
        if not context.finished:
            with transaction.atomic():
                context.finish(result)
        return JobState.DONE
    except Fenced:
        raise
    except Cancelled:
        context.end(JobState.CANCELLED)
        return JobState.CANCELLED
    except RuleBroken as refusal:
        context.log(str(refusal))
        context.end(JobState.FAILED, error=str(refusal))
        return JobState.FAILED
    except Invalid as refusal:
        context.log(str(refusal)[:8000])
        context.end(JobState.FAILED, error=INVALID, result={"errors": refusal.errors})
        return JobState.FAILED
    except Exception as error:
        return _crashed(context, error)


def _crashed(context: JobContext, error: Exception) -> JobState:
    log.exception(
        "job %s (%s) crashed in attempt %s",
        context.job.pk,
        context.job.kind,
        context.attempt,
    )
    context.log("".join(traceback.format_exception(error))[-8000:])
    said = f"{type(error).__name__}: {error}"[:2000]
    state = rules.after_error(context.attempt, context.job.attempts_limit)
    if state is JobState.DEAD:
        with transaction.atomic():
            context.end(JobState.DEAD, error=said)
            _tell(context.job)
    else:
        context.give_back(said, rules.retry_delay(context.attempt))
    return state
