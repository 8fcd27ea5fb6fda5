"""Asking for long work, stopping it, trying it again."""

from datetime import datetime
from typing import Any, TypeAlias

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from portal.accounts.models import ApiKey, MachineUser, Unit, User
from portal.jobs import rules
from portal.jobs.bell import ring
from portal.jobs.clock import database_now
from portal.jobs.models import Job, JobLine, Schedule
from portal.jobs.rules import JobState
from portal.jobs.sweeper import sweep, tick
from portal.ledger.services import actor_text, record

__all__ = [
    "cancel",
    "enqueue",
    "retry",
    "ring",
    "set_schedule",
    "stop_schedule",
    "sweep",
    "tick",
]

Actor: TypeAlias = User | ApiKey | MachineUser | str


def enqueue(
    *,
    kind: str,
    payload: dict[str, Any],
    by: Actor,
    unique_key: str | None = None,
    due_at: datetime | None = None,
    unit: Unit | None = None,
    about: str = "",
    bell: bool = True,
) -> Job:
    """Store a job in the caller's transaction and ring for a worker once it is committed.

    `about` tells people what it is about (a name, no sentence). `bell=False` is for a caller that does the
    work itself right after (the sweeper steps in when it dies). With a `unique_key` an open job of that key
    is returned instead of a second one. `unit` says whose overseers may see the job (its requester always
    may). A broker that is down delays the work, it does not fail the caller.
    """
    with transaction.atomic():
        if unique_key is not None and (known := _open_job(unique_key)):
            return known
        job = Job(
            kind=kind, about=about[:200], payload=payload, unique_key=unique_key, unit=unit, **_asker(by)
        )
        if due_at is not None:
            job.due_at = due_at
        try:
            with transaction.atomic():
                job.save(force_insert=True)
        except IntegrityError:
            if unique_key is None or (known := _open_job(unique_key)) is None:
                raise
            return known  # the other of two at the same time was faster
        if bell:
            transaction.on_commit(lambda: ring(job.pk), robust=True)
    job.refresh_from_db()
    return job


def _open_job(unique_key: str) -> Job | None:
    return Job.objects.filter(unique_key=unique_key, state__in=[state.value for state in rules.OPEN]).first()


def _asker(by: Actor) -> dict[str, Any]:
    return {"requested_by": by} if isinstance(by, User) else {"requested_for": actor_text(by)}


def cancel(*, job: Job, by: User) -> Job:
    """Stop a job: at once while it waits, at its next sign of progress while it runs.

    Raises RuleBroken when it has ended already.
    """
    with transaction.atomic():
        job = Job.objects.select_for_update(of=("self",)).get(pk=job.pk)
        rules.may_cancel(job.state)
        changed: dict[str, Any] = {
            "cancel_requested_at": Now(),
            "cancel_requested_by": by,
        }
        if job.state == JobState.QUEUED.value:
            changed |= {"state": JobState.CANCELLED.value, "finished_at": Now()}
        Job.objects.filter(pk=job.pk).update(**changed)
        JobLine.objects.create(job=job, attempt=job.attempts, text="Cancel requested.")
        record(
            type="job.cancel_requested",
            by=by,
            subject=f"job:{job.pk}",
            body={"kind": job.kind},
        )
    job.refresh_from_db()
    return job


def retry(*, job: Job, by: User) -> Job:
    """Put a failed, cancelled or dead job back in the queue with a fresh allowance of attempts.

    `attempts` goes on counting, since it is the fencing token: a number is never handed out twice. Raises
    RuleBroken while the job is open, or when another open job does the same work.
    """
    with transaction.atomic():
        job = Job.objects.select_for_update(of=("self",)).get(pk=job.pk)
        rules.may_retry(job.state)
        if job.unique_key and _open_job(job.unique_key):
            raise rules.already_open()
        Job.objects.filter(pk=job.pk).update(
            state=JobState.QUEUED.value,
            attempts_limit=F("attempts") + rules.MAX_ATTEMPTS,
            progress=0,
            note="",
            error="",
            due_at=Now(),
            rung_at=None,
            finished_at=None,
            cancel_requested_at=None,
            cancel_requested_by=None,
        )
        JobLine.objects.create(job=job, attempt=job.attempts, text="Put back in the queue.")
        record(type="job.retried", by=by, subject=f"job:{job.pk}", body={"kind": job.kind})
        transaction.on_commit(lambda: ring(job.pk), robust=True)
    job.refresh_from_db()
    return job


def set_schedule(
    *,
    name: str,
    kind: str,
    payload: dict[str, Any],
    every: rules.Every,
    unit: Unit | None = None,
    about: str = "",
    start: datetime | None = None,
) -> Schedule:
    """Make or change a schedule; its first window starts at the border before `start` (default: now).

    A change of rhythm keeps what is covered, so that no window is lost or done twice. Runs in the caller's
    transaction; the caller records the act.
    """
    with transaction.atomic():
        schedule = Schedule.objects.select_for_update(of=("self",)).filter(name=name).first()
        covered = schedule.last_covered_until if schedule else rules.floor(every, start or database_now())
        if schedule and not schedule.active:  # a pause is not caught up: nobody wanted those windows
            covered = max(covered, rules.floor(every, start or database_now()))
        schedule = schedule or Schedule(name=name)
        schedule.about = about[:200]
        schedule.kind, schedule.payload, schedule.every, schedule.unit = (
            kind,
            payload,
            every.value,
            unit,
        )
        schedule.active = True
        schedule.last_covered_until = covered
        schedule.next_due_at = rules.following(every, covered)
        schedule.save()
    return schedule


def stop_schedule(*, name: str) -> None:
    """Stop a schedule; what it covered stays on record."""
    Schedule.objects.filter(name=name).update(active=False)
