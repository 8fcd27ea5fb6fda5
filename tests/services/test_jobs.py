"""Jobs: rung on commit, fenced, swept, given up, cancelled, tried again; schedules handed out once."""
# ruff: noqa: F811 - a fixture is imported and asked for by the same name

import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.errors import RuleBroken
from portal.jobs import bell, registry, rules, runner, selectors, services, sweeper
from portal.jobs.context import Fenced, JobContext
from portal.jobs.models import Heartbeat, Job, Schedule
from portal.jobs.rules import Every, JobState
from portal.ledger.models import PendingEvent
from tests import make
from tests.jobs import Work, again, enqueue, kind, make_due, rings  # noqa: F401 - fixtures are found by name


@pytest.mark.django_db
class TestRunning:
    def test_a_job_is_done_once_and_keeps_its_result(self, kind: Any, rings: list[str]) -> None:
        calls: list[int] = []

        def work(context: JobContext) -> dict[str, Any]:
            context.progress(40, "halfway")
            calls.append(context.attempt)
            return {"answer": 42}

        job = enqueue(kind(work))
        assert runner.run_job(job.pk) is JobState.DONE
        assert runner.run_job(job.pk) is None  # the bell rang twice
        job = again(job)
        assert (job.state, job.result, job.progress, calls) == ("done", {"answer": 42}, 100, [1])
        assert job.lease_until is None
        assert [line.text for line in job.lines.all()] == ["halfway"]

    def test_an_error_is_kept_and_tried_again_later_until_the_job_is_dead(
        self, kind: Any, rings: list[str]
    ) -> None:
        def work(context: JobContext) -> dict[str, Any]:
            raise ZeroDivisionError("poison")

        job = enqueue(kind(work))
        states = []
        for _attempt in range(7):
            states.append(runner.run_job(job.pk))
            make_due(job)
        assert states == [JobState.QUEUED] * 4 + [JobState.DEAD, None, None]
        job = again(job)
        assert (job.state, job.attempts, job.error) == ("dead", 5, "ZeroDivisionError: poison")
        assert "Traceback" in job.lines.first().text  # type: ignore[union-attr]

    def test_after_an_error_it_waits_before_the_next_attempt(self, kind: Any, rings: list[str]) -> None:
        job = enqueue(kind(lambda context: 1 / 0))  # type: ignore[arg-type,return-value]
        runner.run_job(job.pk)
        assert runner.run_job(job.pk) is None
        assert again(job).due_at > timezone.now()

    def test_a_refusal_is_not_tried_again(self, kind: Any, rings: list[str]) -> None:
        def work(context: JobContext) -> dict[str, Any]:
            raise RuleBroken("There is no such set.", code="x")

        job = enqueue(kind(work))
        assert runner.run_job(job.pk) is JobState.FAILED
        assert again(job).error == "There is no such set."

    def test_a_kind_that_this_version_does_not_know_goes_back_to_the_queue(self, rings: list[str]) -> None:
        job = enqueue("from_the_future")
        assert runner.run_job(job.pk) is JobState.QUEUED
        assert "no handler" in again(job).error

    def test_the_effect_of_a_worker_that_was_overtaken_is_rolled_back(
        self, kind: Any, rings: list[str]
    ) -> None:
        def work(context: JobContext) -> dict[str, Any]:
            Job.objects.filter(pk=context.job.pk).update(
                attempts=context.attempt + 1
            )  # somebody else took it
            with transaction.atomic():
                Heartbeat.objects.create(name="effect")
                context.finish({})
            return {}

        job = enqueue(kind(work))
        assert runner.run_job(job.pk) is None
        assert not Heartbeat.objects.filter(name="effect").exists()
        assert again(job).state == "running"  # the other one is still at it

    def test_an_overtaken_worker_learns_it_at_its_next_progress(self, kind: Any, rings: list[str]) -> None:
        def work(context: JobContext) -> dict[str, Any]:
            Job.objects.filter(pk=context.job.pk).update(attempts=context.attempt + 1)
            with pytest.raises(Fenced):
                context.progress(50)
            context.progress(60)
            raise AssertionError("never here")

        job = enqueue(kind(work))
        assert runner.run_job(job.pk) is None
        assert again(job).progress == 0


@pytest.mark.django_db
class TestAsking:
    def test_the_same_open_work_is_one_job_and_can_be_asked_for_again_afterwards(
        self, kind: Any, rings: list[str]
    ) -> None:
        name = kind(lambda context: {})
        first = enqueue(name, unique_key="pack:1")
        assert enqueue(name, unique_key="pack:1") == first
        runner.run_job(first.pk)
        assert enqueue(name, unique_key="pack:1") != first

    def test_a_job_that_is_not_due_yet_is_left_alone(self, kind: Any, rings: list[str]) -> None:
        job = enqueue(kind(lambda context: {}), due_at=timezone.now() + timedelta(hours=1))
        assert runner.run_job(job.pk) is None
        assert sweeper.sweep()["rung"] == 0

    def test_it_rings_after_commit_only(
        self, kind: Any, rings: list[str], django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            job = enqueue(kind(lambda context: {}))
            assert rings == []
        assert rings == [str(job.pk)]
        assert again(job).rung_at is not None

    def test_a_broker_that_is_down_fails_nobody_and_the_sweeper_rings_again(
        self, kind: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
    ) -> None:
        def refuse(*args: Any, **more: Any) -> None:
            raise ConnectionRefusedError("broker")

        monkeypatch.setattr(bell.current_app, "send_task", refuse)
        with django_capture_on_commit_callbacks(execute=True):
            job = enqueue(kind(lambda context: {}))
        assert again(job).rung_at is None
        assert sweeper.sweep() == {"rung": 0, "left_behind": 0, "buried": 0}
        heard: list[str] = []
        monkeypatch.setattr(bell.current_app, "send_task", lambda name, args, **more: heard.append(args[0]))
        assert sweeper.sweep()["rung"] == 1
        assert heard == [str(job.pk)]
        assert sweeper.sweep()["rung"] == 0  # not at every tick: it waits its turn in the queue

    def test_a_wiped_broker_loses_nothing(self, kind: Any, rings: list[str]) -> None:
        jobs = [enqueue(kind(lambda context: {})) for _ in range(20)]
        for job in jobs:
            bell.ring(job.pk)
        rings.clear()  # wiped
        Job.objects.update(rung_at=timezone.now() - rules.RING_AGAIN - timedelta(seconds=1))
        sweeper.sweep()
        assert sorted(rings) == sorted(str(job.pk) for job in jobs)


@pytest.mark.django_db
class TestPeople:
    def test_cancel_while_it_waits(self, kind: Any, rings: list[str]) -> None:
        job, person = enqueue(kind(lambda context: {})), make.user()
        services.cancel(job=job, by=person)
        assert again(job).state == "cancelled"
        assert runner.run_job(job.pk) is None
        with pytest.raises(RuleBroken, match="already ended"):
            services.cancel(job=job, by=person)
        assert PendingEvent.objects.filter(type="job.cancel_requested", subject=f"job:{job.pk}").count() == 1

    def test_cancel_while_it_runs_stops_it_at_its_next_sign_of_progress(
        self, kind: Any, rings: list[str]
    ) -> None:
        person = make.user()

        def work(context: JobContext) -> dict[str, Any]:
            services.cancel(job=context.job, by=person)
            context.progress(50, "too late")
            raise AssertionError("never here")

        job = enqueue(kind(work))
        assert runner.run_job(job.pk) is JobState.CANCELLED
        assert again(job).result is None

    def test_retry_gives_new_attempts_but_never_an_old_token(self, kind: Any, rings: list[str]) -> None:
        seen: list[int] = []

        def work(context: JobContext) -> dict[str, Any]:
            seen.append(context.attempt)
            if context.attempt < 7:
                raise OSError("disk full")
            return {"ok": True}

        job = enqueue(kind(work))
        for _attempt in range(5):
            runner.run_job(job.pk)
            make_due(job)
        assert again(job).state == "dead"
        services.retry(job=job, by=make.user())
        assert (again(job).state, again(job).error, again(job).finished_at) == ("queued", "", None)
        runner.run_job(job.pk)
        make_due(job)
        assert runner.run_job(job.pk) is JobState.DONE
        assert seen == [1, 2, 3, 4, 5, 6, 7]

    def test_a_done_job_is_not_tried_again_nor_one_whose_work_another_does(
        self, kind: Any, rings: list[str]
    ) -> None:
        name, person = kind(lambda context: {}), make.user()
        done = enqueue(name, unique_key="x")
        runner.run_job(done.pk)
        with pytest.raises(RuleBroken, match="tried again"):
            services.retry(job=done, by=person)
        stopped = services.cancel(job=enqueue(name, unique_key="x"), by=person)
        enqueue(name, unique_key="x")
        with pytest.raises(RuleBroken, match="already doing"):
            services.retry(job=stopped, by=person)

    def test_who_sees_a_job(self, kind: Any, rings: list[str]) -> None:
        name = kind(lambda context: {})
        house = make.unit("House")
        claims, sales = make.unit("Claims", parent=house), make.unit("Sales", parent=house)
        asker, stranger = make.user(), make.user()
        auditor, everywhere = make.person("auditor", unit=claims), make.person("auditor", unit=house)
        own = services.enqueue(kind=name, payload={}, by=asker, unit=claims)
        other = enqueue(name, unit=sales)
        nobodys = enqueue(name)

        def seen(person: Any) -> set[Job]:
            return set(selectors.visible(person))

        assert seen(asker) == {own}
        assert seen(stranger) == set()
        assert seen(auditor) == {own}
        assert seen(everywhere) == {own, other, nobodys}
        assert selectors.may_manage(asker, own)
        assert not selectors.may_manage(auditor, own)
        boss = make.person("administrator", unit=house)
        assert all(selectors.may_manage(boss, job) for job in (own, other, nobodys))


@pytest.mark.django_db
class TestSchedules:
    def plan(self, **more: Any) -> Schedule:
        return services.set_schedule(
            name="nightly", kind="test", payload={"a": 1}, every=Every.HOURLY, **more
        )

    def test_a_scheduler_down_for_three_hours_catches_up_window_by_window(self, rings: list[str]) -> None:
        now = timezone.now()
        schedule = self.plan(start=now - timedelta(hours=3))
        assert sweeper.tick()["planned"] == 3
        assert sweeper.tick()["planned"] == 0
        jobs = list(Job.objects.filter(schedule=schedule).order_by("window_from"))
        assert jobs[0].window_from == rules.floor(Every.HOURLY, now - timedelta(hours=3))
        assert [job.window_to for job in jobs[:-1]] == [job.window_from for job in jobs[1:]]
        schedule.refresh_from_db()
        assert schedule.last_covered_until == jobs[-1].window_to

    def test_a_long_standstill_is_caught_up_in_several_ticks(self, rings: list[str]) -> None:
        self.plan(start=timezone.now() - timedelta(hours=70))
        assert [sweeper.tick()["planned"] for _tick in range(4)] == [31, 31, 8, 0]

    def test_a_schedule_that_was_set_back_makes_no_window_twice(self, rings: list[str]) -> None:
        schedule = self.plan(start=timezone.now() - timedelta(hours=3))
        sweeper.tick()
        Schedule.objects.filter(pk=schedule.pk).update(
            last_covered_until=timezone.now() - timedelta(hours=6),
            next_due_at=timezone.now() - timedelta(hours=5),
        )
        sweeper.tick()
        starts = list(Job.objects.filter(schedule=schedule).values_list("window_from", flat=True))
        assert len(starts) == len(set(starts))

    def test_a_change_of_rhythm_keeps_what_is_covered_and_a_pause_is_not_caught_up(
        self, rings: list[str]
    ) -> None:
        schedule = self.plan(start=datetime(2026, 1, 1, tzinfo=UTC))
        services.set_schedule(name="nightly", kind="test", payload={}, every=Every.DAILY)
        schedule.refresh_from_db()
        assert schedule.last_covered_until == datetime(2026, 1, 1, tzinfo=UTC)
        services.stop_schedule(name="nightly")
        assert sweeper.tick()["planned"] == 0
        services.set_schedule(name="nightly", kind="test", payload={}, every=Every.DAILY)
        schedule.refresh_from_db()
        assert schedule.last_covered_until == rules.floor(Every.DAILY, timezone.now())

    def test_the_same_window_twice_is_refused_by_the_database(self) -> None:
        schedule = self.plan()
        start = timezone.now()
        values = {
            "kind": "x",
            "schedule": schedule,
            "window_from": start,
            "window_to": start + timedelta(hours=1),
        }
        Job.objects.create(**values)
        with pytest.raises(IntegrityError, match="job_one_per_window"):
            Job.objects.create(**values)

    def test_health_follows_the_tick(self, rings: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(selectors, "_BORN", time.monotonic())
        assert selectors.health().starting  # no tick could have been there yet: no alarm
        assert selectors.health().ok
        monkeypatch.setattr(selectors, "_BORN", time.monotonic() - 121)
        assert not selectors.health().starting
        assert not selectors.health().ok
        sweeper.tick()
        assert selectors.health().ok
        monkeypatch.setattr(selectors, "_BORN", time.monotonic())
        assert not selectors.health().starting
        Heartbeat.objects.update(seen_at=timezone.now() - timedelta(minutes=3))
        assert not selectors.health().ok


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"state": "asleep"}, "job_state_known|job_finished_when_ended"),
        ({"progress": 101}, "job_progress_percent"),
        ({"state": "running"}, "job_lease_while_running"),
        ({"state": "done"}, "job_finished_when_ended"),
        ({"cancel_requested_at": datetime(2026, 1, 1, tzinfo=UTC)}, "job_cancel_at_by"),
        ({"window_from": datetime(2026, 1, 1, tzinfo=UTC)}, "job_window_whole"),
    ],
)
def test_what_must_hold_of_a_job_is_held_by_the_database(
    change: dict[str, Any], constraint: str, rings: list[str]
) -> None:
    job = enqueue("x")
    with pytest.raises(IntegrityError, match=constraint):
        Job.objects.filter(pk=job.pk).update(**change)


@pytest.mark.django_db
def test_a_broker_that_hangs_does_not_keep_the_caller_waiting(
    kind: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """It takes the connection and never answers: a stopped process, a full disk, a network that swallows packets."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        monkeypatch.setattr(bell.current_app.conf, "broker_write_url", address)
        monkeypatch.setattr(bell, "PATIENCE_SECONDS", 0.2)
        monkeypatch.setitem(bell._HURRY, "redis", {"socket_timeout": 0.2, "socket_connect_timeout": 0.2})
        start = time.monotonic()
        with django_capture_on_commit_callbacks(execute=True):
            job = enqueue(kind(lambda context: {}))
        assert time.monotonic() - start < 5
    assert again(job).rung_at is None


def test_every_kind_of_work_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "jobs.md").read_text(encoding="utf-8")
    kinds = [item.kind for item in registry.all_handlers() if not item.kind.startswith("test_")]
    assert len(kinds) >= 6
    assert [name for name in kinds if f"`{name}`" not in text] == []
