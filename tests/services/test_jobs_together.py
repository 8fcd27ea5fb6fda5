"""Jobs over several connections with real commits: one claim, one window, a dead worker, a hanging one."""
# ruff: noqa: F811 - a fixture is imported and asked for by the same name

import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from portal.jobs import lock, rules, runner, services, sweeper
from portal.jobs.context import Fenced, JobContext
from portal.jobs.models import Job
from portal.jobs.rules import Every, JobState
from tests.jobs import Work, again, enqueue, in_threads, kind, make_due, rings  # noqa: F401 - fixtures are found by name


class TestTogether:
    """With real commits over several connections."""

    def test_eight_bells_one_worker(self, committed_db: Any, kind: Any, rings: list[str]) -> None:
        calls: list[int] = []
        job = enqueue(kind(lambda context: calls.append(context.attempt) or {}))
        states = in_threads(lambda number: runner.run_job(job.pk), 8)
        assert sorted(map(str, states)) == ["None"] * 7 + ["done"]
        assert calls == [1]

    def test_a_job_whose_row_is_just_being_written_to_is_waited_for_and_not_left_to_the_next_bell(
        self, committed_db: Any, kind: Any, rings: list[str]
    ) -> None:
        job = enqueue(kind(lambda context: {}))
        written, go = threading.Event(), threading.Event()

        def write() -> None:
            with transaction.atomic():
                Job.objects.filter(pk=job.pk).update(note="rung")
                written.set()
                go.wait(10)
            connections.close_all()

        thread = threading.Thread(target=write)
        thread.start()
        written.wait(10)
        threading.Timer(0.3, go.set).start()
        assert runner.run_job(job.pk) is JobState.DONE
        thread.join(10)

    def test_a_row_that_stays_locked_keeps_no_worker(
        self, committed_db: Any, kind: Any, rings: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runner, "ROW_PATIENCE_SECONDS", 1)
        job = enqueue(kind(lambda context: {}))
        with transaction.atomic():
            Job.objects.filter(pk=job.pk).update(note="held")
            assert in_threads(lambda number: runner.run_job(job.pk), 2) == [None, None]
        assert runner.run_job(job.pk) is JobState.DONE

    def test_two_ticks_at_once_hand_out_each_window_once(self, committed_db: Any, rings: list[str]) -> None:
        for number in range(5):
            services.set_schedule(
                name=f"plan {number}",
                kind="x",
                payload={},
                every=Every.HOURLY,
                start=timezone.now() - timedelta(hours=4),
            )
        in_threads(lambda number: sweeper.tick(), 4)
        sweeper.tick()
        assert Job.objects.count() == 20
        assert Job.objects.values("schedule", "window_from").distinct().count() == 20

    def test_a_living_worker_keeps_its_job_and_a_dead_one_loses_it_at_once(
        self, committed_db: Any, kind: Any, rings: list[str]
    ) -> None:
        claimed, die = threading.Event(), threading.Event()
        job = enqueue(kind(lambda context: {}))

        def worker() -> None:
            runner.claim(job.pk)
            claimed.set()
            die.wait(20)
            connections.close_all()  # what the kernel does for a killed process

        thread = threading.Thread(target=worker)
        thread.start()
        claimed.wait(10)
        assert runner.run_job(job.pk) is None
        assert sweeper.sweep() == {"rung": 0, "left_behind": 0, "buried": 0}
        die.set()
        thread.join(10)
        assert wait_until(lambda: not lock.held([job.pk]))
        assert sweeper.sweep() == {"rung": 1, "left_behind": 1, "buried": 0}
        assert runner.run_job(job.pk) is JobState.DONE
        assert again(job).attempts == 2

    def test_a_hanging_worker_loses_its_job_when_the_lease_ends(
        self, committed_db: Any, kind: Any, rings: list[str]
    ) -> None:
        job = enqueue(kind(lambda context: {}))
        in_threads(lambda number: None, 1)
        assert runner.claim(job.pk) is not None
        assert lock.held([job.pk])
        old = JobContext(again(job))
        assert runner.claim(job.pk) is None
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        assert in_threads(lambda number: runner.run_job(job.pk), 1) == [JobState.DONE]
        with pytest.raises(Fenced), transaction.atomic():
            old.finish({"too": "late"})
        assert again(job).result == {}
        lock.release(job.pk)

    def test_a_job_that_kills_its_workers_is_given_up(
        self, committed_db: Any, kind: Any, rings: list[str]
    ) -> None:
        job = enqueue(kind(lambda context: {}))
        for _attempt in range(rules.MAX_ATTEMPTS):
            in_threads(lambda number: runner.claim(job.pk), 1)  # its connection closes: killed in mid-work
            assert wait_until(lambda: not lock.held([job.pk]))
        assert sweeper.sweep() == {"rung": 0, "left_behind": 0, "buried": 1} or again(job).state == "dead"
        job = again(job)
        assert (job.state, job.attempts) == ("dead", 5)
        assert "5 times in a row" in job.error

    def test_of_two_who_ask_at_once_both_get_the_one_job(
        self, committed_db: Any, kind: Any, rings: list[str]
    ) -> None:
        name = kind(lambda context: {})
        jobs = in_threads(lambda number: enqueue(name, unique_key="only"), 6)
        assert len({job.pk for job in jobs}) == 1

    def test_finish_outside_a_transaction_is_a_mistake_of_the_author(
        self, committed_db: Any, kind: Any, rings: list[str]
    ) -> None:
        job = enqueue(kind(lambda context: context.finish({}) or {}))
        assert runner.run_job(job.pk) is JobState.QUEUED
        assert "transaction of the effect" in again(job).error

    def test_the_lock_is_given_back_when_the_work_is_over(
        self, committed_db: Any, kind: Any, rings: list[str]
    ) -> None:
        job = enqueue(kind(lambda context: {}))
        runner.run_job(job.pk)
        assert not lock.held([job.pk])
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            )
            assert cursor.fetchone() == (0,)


def wait_until(true: Callable[[], bool], seconds: float = 10) -> bool:
    """Wait for another process or session to notice."""
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def test_ids_of_jobs_make_locks_of_both_signs() -> None:
    assert lock._key(uuid.UUID(int=1 << 127)) == -(2**63)
    assert lock._key(uuid.UUID(int=1 << 64)) == 1
