"""What the tick does: hand out the windows that are due, ring again for jobs that nobody fetched, bury the
hopeless."""

import uuid

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from portal.jobs import follower, lock, registry, rules
from portal.jobs.bell import ring
from portal.jobs.clock import database_now
from portal.jobs.models import Heartbeat, Job, Schedule
from portal.jobs.rules import Every, JobState
from portal.jobs.runner import give_up
from portal.jobs.selectors import TICK

SWEEP_LIMIT = 500
WINDOWS_PER_TICK = 31
"""Of one schedule: after a long standstill it catches up over several ticks instead of flooding the queue."""


def beat(name: str) -> None:
    """Leave a sign of life under a name."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, seen_at=database_now())],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["seen_at"],
    )


def tick() -> dict[str, int]:
    """One round: sign of life, standing and due schedules, acts that work follows, sweep.

    Harmless to run twice or by two schedulers at once. Returns how many jobs were planned, how many follow acts, how
    many were rung for, found left behind by a dead worker, and given up.
    """
    beat(TICK)
    _stand()
    planned = sum(_hand_out(schedule_id) for schedule_id in _due_schedules())
    return {"planned": planned, "following": follower.follow(), **sweep()}


def _stand() -> None:
    """Set the schedules that every installation needs; one that is there stays as it is, stopped ones too."""
    wanted = {item.kind: item.standing for item in registry.all_handlers() if item.standing}
    there = set(Schedule.objects.filter(name__in=wanted).values_list("name", flat=True))
    if there == wanted.keys():
        return
    now = database_now()
    rows = []
    for kind, every in wanted.items():
        covered = rules.floor(every, now)
        values = {
            "every": every.value,
            "last_covered_until": covered,
            "next_due_at": rules.following(every, covered),
        }
        rows.append(Schedule(name=kind, kind=kind, **values))
    Schedule.objects.bulk_create(rows, ignore_conflicts=True)  # two schedulers may both find it missing


def _due_schedules() -> list[uuid.UUID]:
    due = Schedule.objects.filter(active=True, next_due_at__lte=Now()).order_by("next_due_at")
    return list(due.values_list("pk", flat=True)[:SWEEP_LIMIT])


def _hand_out(schedule_id: uuid.UUID) -> int:
    """Make a job for each closed window of one schedule; the row's lock makes two ticks take turns."""
    with transaction.atomic():
        schedule = (
            Schedule.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk=schedule_id, active=True, next_due_at__lte=Now())
            .first()
        )
        if schedule is None:
            return 0
        every = Every(schedule.every)
        due = list(rules.windows(every, schedule.last_covered_until, database_now()))[:WINDOWS_PER_TICK]
        jobs = [_job_of(schedule, window) for window in due]
        Job.objects.bulk_create(jobs, ignore_conflicts=True)
        covered = due[-1].end if due else schedule.last_covered_until
        Schedule.objects.filter(pk=schedule.pk).update(
            last_covered_until=covered, next_due_at=rules.following(every, covered)
        )
        transaction.on_commit(lambda: _ring_all([job.pk for job in jobs]), robust=True)
    return len(jobs)


def _job_of(schedule: Schedule, window: rules.Window) -> Job:
    return Job(
        kind=schedule.kind,
        about=schedule.about,
        payload=schedule.payload,
        unit_id=schedule.unit_id,
        schedule=schedule,
        requested_for="schedule",
        window_from=window.start,
        window_to=window.end,
    )


def _ring_all(job_ids: list[uuid.UUID]) -> int:
    """Ring for each; stop at the first that the broker does not take (the others would only wait for it
    too)."""
    for rung, job_id in enumerate(job_ids):
        if not ring(job_id):
            return rung
    return len(job_ids)


def sweep() -> dict[str, int]:
    """Ring for what waits and was not rung for lately, and for what a dead worker left behind; bury the
    hopeless."""
    not_lately = Q(rung_at__isnull=True) | Q(rung_at__lt=Now() - rules.RING_AGAIN)
    waiting = Job.objects.filter(not_lately, state=JobState.QUEUED.value, due_at__lte=Now()).order_by(
        "due_at"
    )
    left, buried = _left_behind()
    rung = _ring_all([*waiting.values_list("pk", flat=True)[:SWEEP_LIMIT], *left])
    return {"rung": rung, "left_behind": len(left), "buried": buried}


def _left_behind() -> tuple[list[uuid.UUID], int]:
    """Running jobs without a living worker: those to ring for, and how many were given up for good."""
    running = list(Job.objects.filter(state=JobState.RUNNING.value).order_by("lease_until")[:SWEEP_LIMIT])
    alive = lock.held([job.pk for job in running])
    now = database_now()
    left = [job for job in running if job.pk not in alive or (job.lease_until and job.lease_until < now)]
    hopeless = [job for job in left if job.attempts >= job.attempts_limit]
    buried = sum(give_up(job) for job in hopeless)
    return [job.pk for job in left if job not in hopeless], buried
