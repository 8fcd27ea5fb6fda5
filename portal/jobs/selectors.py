"""Questions about jobs: who may see which, and whether anybody is working at all."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from portal.access.selectors import can, is_person, units_with
from portal.accounts.models import Unit
from portal.jobs import lock, rules
from portal.jobs.clock import database_now
from portal.jobs.models import Heartbeat, Job
from portal.jobs.rules import JobState

TICK = "tick"
_BORN = time.monotonic()


def visible(user: Any, perm: str = "view_jobs") -> QuerySet[Job]:
    """The jobs of units on which this person holds `perm`, and (to look at) those they asked for themselves.

    A job of no unit concerns the whole installation: who holds `perm` on the organisation itself sees it.
    """
    if not is_person(user):
        return Job.objects.none()
    units = units_with(user, perm)
    allowed = Q(unit__in=units)
    if Unit.objects.filter(pk__in=units, parent__isnull=True).exists():
        allowed |= Q(unit__isnull=True)
    if perm == "view_jobs":
        allowed |= Q(requested_by=user)
    return Job.objects.filter(allowed)


def uploads_in_use() -> set[str]:
    """The tokens of uploads that a job is going to read."""
    waiting = Job.objects.filter(state__in=[state.value for state in rules.OPEN], payload__has_key="token")
    return set(waiting.values_list("payload__token", flat=True))


def may_manage(user: Any, job: Job) -> bool:
    """Whether this person may stop a job or try it again: their own, or with manage_jobs on its unit."""
    if not is_person(user):
        return False
    if job.requested_by_id == user.pk:
        return True
    if job.unit is not None:
        return can(user, "manage_jobs", job.unit)
    return visible(user, "manage_jobs").filter(pk=job.pk).exists()


@dataclass(frozen=True)
class Health:
    """Whether scheduler, broker and workers were seen working, and what waits.

    `starting`: nothing was ever seen, and this process is too young for that to mean anything; `ok` then, too.
    """

    ok: bool
    starting: bool
    last_tick: datetime | None
    waiting: int
    running: int
    dead: int


def health() -> Health:
    """The dead-man's switch: the tick goes through scheduler, broker and worker, and leaves its time behind.

    Where every worker is busy with a long job the tick waits its turn; that is no alarm as long as a worker
    lives.
    """
    last = Heartbeat.objects.filter(name=TICK).values_list("seen_at", flat=True).first()
    now = database_now()
    running = list(Job.objects.filter(state=JobState.RUNNING.value).values_list("pk", flat=True))
    starting = last is None and timedelta(seconds=time.monotonic() - _BORN) < rules.LATE_TICK
    ok = starting or rules.is_alive(last, now)
    if not ok and last is not None and running:
        longest = timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT) + rules.LATE_TICK
        ok = now - last <= longest and bool(lock.held(running))
    return Health(
        ok=ok,
        starting=starting,
        last_tick=last,
        waiting=Job.objects.filter(state=JobState.QUEUED.value, due_at__lte=now).count(),
        running=len(running),
        dead=Job.objects.filter(state=JobState.DEAD.value).count(),
    )
