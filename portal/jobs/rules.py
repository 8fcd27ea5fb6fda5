"""When a job may be run, cancelled or tried again, and which windows of a schedule are due: pure, time is
passed in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from portal.errors import N_, RuleBroken

MAX_ATTEMPTS = 5
"""Starts of one job before it is given up for dead (a poison job must not take the workers with it)."""
RING_AGAIN = timedelta(seconds=60)
"""How long the sweeper waits before it rings again for a job that nobody fetched."""
LATE_TICK = timedelta(seconds=120)
"""Without a tick for so long (four are missed) the scheduler, the broker or the last worker is down."""


class JobState(StrEnum):
    """Where a piece of long work stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DEAD = "dead"

    @property
    def sentence(self) -> str:
        """What the state means, in English, for translation where it is shown."""
        return _SENTENCES[self]


_SENTENCES = {
    JobState.QUEUED: N_("Waiting for a worker."),
    JobState.RUNNING: N_("A worker is at it."),
    JobState.DONE: N_("Finished; its result is stored."),
    JobState.FAILED: N_("Refused by a rule: trying again helps only once the reason is taken away."),
    JobState.CANCELLED: N_("Stopped at somebody's request; of it only what its result shows was stored."),
    JobState.DEAD: N_("Given up after several attempts: somebody has to look at the error."),
}
ANSWERED_STATES = [state.value for state in JobState if state is not JobState.DEAD]
"""The states as the API says them."""


def answered_state(state: str) -> str:
    """The state of long work as the API says it: a job that was given up has failed."""
    return JobState.FAILED.value if state == JobState.DEAD else state


OPEN = frozenset({JobState.QUEUED, JobState.RUNNING})
UNFINISHED = frozenset({JobState.FAILED, JobState.CANCELLED, JobState.DEAD})
"""Ended, but not done: these may be tried again."""
TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    # queued -> dead and running -> running: a worker died; running -> queued: an error, to be tried again
    # later
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED, JobState.DEAD}),
    JobState.RUNNING: frozenset(
        {
            JobState.RUNNING,
            JobState.QUEUED,
            JobState.DONE,
            JobState.FAILED,
            JobState.CANCELLED,
            JobState.DEAD,
        }
    ),
    JobState.DONE: frozenset(),
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
    JobState.DEAD: frozenset({JobState.QUEUED}),
}


class Every(StrEnum):
    """How often a schedule runs; its windows lie on these borders, in UTC."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"

    @property
    def sentence(self) -> str:
        """The rhythm in English, for translation where it is shown."""
        return _EVERY[self]


_EVERY = {
    Every.HOURLY: N_("Every hour"),
    Every.DAILY: N_("Every day"),
    Every.WEEKLY: N_("Every week, Monday to Sunday"),
    Every.MONTHLY: N_("Every calendar month"),
}


@dataclass(frozen=True)
class Window:
    """A stretch of time, start included and end excluded, both in UTC."""

    start: datetime
    end: datetime

    def days(self) -> tuple[date, date]:
        """The first and the last whole day inside, both included."""
        return self.start.date(), (self.end - timedelta(microseconds=1)).date()


def floor(every: Every, at: datetime) -> datetime:
    """The last border of the rhythm at or before `at` (UTC)."""
    at = at.astimezone(UTC)
    if every is Every.HOURLY:
        return at.replace(minute=0, second=0, microsecond=0)
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if every is Every.WEEKLY:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if every is Every.MONTHLY else day


def following(every: Every, border: datetime) -> datetime:
    """The first border of the rhythm after `border`."""
    if every is Every.HOURLY:
        step = timedelta(hours=1)
    elif every is Every.DAILY:
        step = timedelta(days=1)
    elif every is Every.WEEKLY:
        step = timedelta(days=7)
    else:
        step = timedelta(days=32)  # always in the next month when counted from a month's first day
    return floor(every, floor(every, border) + step)


def windows(every: Every, covered: datetime, now: datetime) -> Iterator[Window]:
    """The closed windows from `covered` up to `now`, oldest first, without gap or overlap.

    A schedule that was down for three hours finds three hourly windows; one that is on time finds one; the
    night the clocks change is a night like another, because nothing here knows local time.
    """
    start = covered.astimezone(UTC)
    while (end := following(every, start)) <= now:
        yield Window(start, end)
        start = end


def retry_delay(attempt: int) -> timedelta:
    """How long to wait after the given failed attempt (1, 2, ...): 10 s, doubled each time, at most ten
    minutes."""
    return timedelta(seconds=min(600, 10 * 2 ** (max(attempt, 1) - 1)))


def may_cancel(state: str) -> None:
    """Raise RuleBroken unless a job in this state can still be stopped."""
    if JobState(state) not in OPEN:
        raise RuleBroken(
            N_("This job has already ended: there is nothing to cancel."),
            code="job_ended",
        )


def may_retry(state: str) -> None:
    """Raise RuleBroken unless a job in this state may be tried again."""
    if JobState.QUEUED not in TRANSITIONS[JobState(state)] or JobState(state) in OPEN:
        raise RuleBroken(
            N_("Only a job that failed, was cancelled or was given up can be tried again."),
            code="job_not_ended",
        )


def after_error(attempts: int, attempts_limit: int) -> JobState:
    """Where a job goes when its handler crashed in attempt number `attempts`."""
    return JobState.DEAD if attempts >= attempts_limit else JobState.QUEUED


def is_alive(last_tick: datetime | None, now: datetime) -> bool:
    """Whether scheduler, broker and a worker were all seen working lately (the dead-man's switch)."""
    return last_tick is not None and now - last_tick <= LATE_TICK


def already_open() -> RuleBroken:
    """The refusal of a second job for work that an open job is doing."""
    return RuleBroken(N_("Another job is already doing this work."), code="job_already_open")
