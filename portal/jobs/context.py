"""What the code of a job holds in its hand: its parameters, its progress, and the right to finish."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.db.models import F, Value
from django.db.models.functions import Now

from portal.jobs.models import Job, JobLine
from portal.jobs.rules import JobState, Window


class Cancelled(Exception):  # noqa: N818 - not an error
    """Somebody asked to stop this job; raised from `progress()` and `check()`, left to the runner to
    catch."""


class Fenced(Exception):  # noqa: N818 - not an error
    """Another worker took this job over meanwhile: whatever this one still wants to write must not be
    stored."""


def lease() -> Any:
    """The end of a lease that begins now, by the clock of the database."""
    return Now() + Value(timedelta(seconds=settings.JOB_LEASE_SECONDS))


class JobContext:
    """One attempt at one job; `attempt` is its fencing token."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.attempt = job.attempts
        self.payload: dict[str, Any] = job.payload
        self.finished = False

    @property
    def window(self) -> Window | None:
        """The stretch of time this job covers, for work that a schedule handed out."""
        if self.job.window_from is None or self.job.window_to is None:
            return None
        return Window(self.job.window_from, self.job.window_to)

    def _mine(self) -> Any:
        return Job.objects.filter(pk=self.job.pk, state=JobState.RUNNING.value, attempts=self.attempt)

    def progress(self, percent: int, note: str = "", *, so_far: dict[str, Any] | None = None) -> None:
        """Show how far the work is (0-100) and renew the lease; call it outside the effect's transaction.

        `note` stays until the next one. `so_far` is the result of work that is stored in parts: it says what was
        kept, however the job ends. Raises Cancelled when somebody asked to stop, Fenced when another worker took over.
        """
        shown: dict[str, Any] = {"progress": min(max(percent, 0), 100), "lease_until": lease()}
        if note:
            shown["note"] = note[:300]
        if so_far is not None:
            shown["result"] = so_far
        if not self._mine().update(**shown):
            raise Fenced
        if note:
            self.log(note)
        self.check()

    @contextmanager
    def beside(self) -> Iterator[Callable[[int], None]]:
        """`progress` for work that is one long transaction: said on a connection of its own, so that it is seen, and a
        wish to stop is heard, while nothing is committed yet. What it raises takes the transaction back.
        """
        with ThreadPoolExecutor(max_workers=1) as other:

            def say(percent: int) -> None:
                other.submit(self.progress, percent).result()

            try:
                yield say
            finally:
                other.submit(connections.close_all).result()

    def check(self) -> None:
        """Raise Cancelled when somebody asked to stop."""
        if self._mine().filter(cancel_requested_at__isnull=False).exists():
            raise Cancelled

    def log(self, text: str) -> None:
        """Add a line to the log of this job."""
        JobLine.objects.create(job_id=self.job.pk, attempt=self.attempt, text=text)

    def finish(self, result: dict[str, Any]) -> None:
        """End the job with this result; belongs into the transaction that writes the effect.

        The update asks for 'attempts = mine': a worker that was thought dead finds no row, Fenced is raised,
        and its whole transaction goes back. Raises TransactionManagementError outside a transaction.
        """
        if not transaction.get_connection().in_atomic_block:
            raise transaction.TransactionManagementError(
                "finish() belongs into the transaction of the effect"
            )
        self._end(JobState.DONE, result=result, progress=100, note="", error="")
        self.finished = True

    def _end(self, state: JobState, **fields: Any) -> None:
        changed = self._mine().update(state=state.value, finished_at=Now(), lease_until=None, **fields)
        if not changed:
            raise Fenced

    def give_back(self, error: str, delay: timedelta) -> None:
        """Put the job back in the queue after an error, to be tried again after `delay`."""
        changed = self._mine().update(
            state=JobState.QUEUED.value,
            lease_until=None,
            error=error,
            due_at=Now() + Value(delay),
            rung_at=None,
            attempts=F("attempts"),
        )
        if not changed:
            raise Fenced

    def end(self, state: JobState, *, error: str = "", **more: Any) -> None:
        """End the job unfinished: cancelled, failed or dead."""
        self._end(state, error=error, **more)
