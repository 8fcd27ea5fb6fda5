"""Clocks that are wrong: what is due, whose lease is over and which windows are closed, the database says."""
# ruff: noqa: F811 - a fixture is imported and asked for by the same name

import datetime as dt
import time
from itertools import pairwise
from typing import Any

import pytest
import time_machine

from portal.celery import app
from portal.jobs import rules, runner, selectors, services, sweeper
from portal.jobs.beat import Ticker
from portal.jobs.clock import database_now
from portal.jobs.models import Heartbeat, Job, Schedule
from portal.jobs.rules import Every, JobState
from portal.jobs.tasks import tick
from portal.ledger.tasks import sequence
from tests.jobs import enqueue, kind, make_due, rings  # noqa: F401 - fixtures are found by name

WRONG = [dt.timedelta(hours=5), dt.timedelta(hours=-5)]


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", WRONG)
def test_a_process_whose_clock_is_wrong_by_hours_plans_rings_and_runs_the_same(
    wrong: dt.timedelta, kind: Any, rings: list[str]
) -> None:
    now = database_now()
    crashing = enqueue(kind(lambda context: 1 / 0))  # type: ignore[arg-type,return-value]
    with time_machine.travel(now + wrong):
        services.set_schedule(name="new", kind="x", payload={}, every=Every.HOURLY)
        schedule = services.set_schedule(
            name="old", kind="x", payload={}, every=Every.HOURLY, start=now - dt.timedelta(hours=3)
        )
        assert sweeper.tick()["planned"] == 3
        assert sweeper.tick()["planned"] == 0
        assert selectors.health().ok
        assert runner.run_job(crashing.pk) is JobState.QUEUED
        assert runner.run_job(crashing.pk) is None  # ten seconds later, not five hours, and not at once
        later = enqueue(kind(lambda context: {}), due_at=now + dt.timedelta(hours=1))
        assert runner.run_job(later.pk) is None
    assert abs(Heartbeat.objects.get(name="tick").seen_at - now) < dt.timedelta(minutes=1)
    crashing.refresh_from_db()
    assert dt.timedelta(0) < crashing.due_at - now < dt.timedelta(minutes=1)
    planned = Job.objects.filter(schedule=schedule).order_by("window_from")
    start = rules.floor(Every.HOURLY, now - dt.timedelta(hours=3))
    hours = [start + dt.timedelta(hours=n) for n in range(4)]
    assert [(job.window_from, job.window_to) for job in planned] == list(pairwise(hours))
    assert Schedule.objects.get(name="new").last_covered_until == rules.floor(Every.HOURLY, now)


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", WRONG)
def test_the_lease_of_a_living_worker_does_not_end_by_the_clock_of_another(
    wrong: dt.timedelta, kind: Any, rings: list[str]
) -> None:
    job = enqueue(kind(lambda context: {}))
    with time_machine.travel(database_now() + wrong):
        claimed = runner.claim(job.pk)
        assert claimed is not None
        assert sweeper.sweep() == {"rung": 0, "left_behind": 0, "buried": 0}
    assert claimed.lease_until is not None
    assert dt.timedelta(seconds=900) < claimed.lease_until - database_now() < dt.timedelta(seconds=970)
    assert runner.claim(job.pk) is None


class Sent(Ticker):
    """Notes what it would send."""

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        self.sent.append(entry.name)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.sent: list[str] = []
        super().__init__(*args, **kwargs)

    @property
    def producer(self) -> None:
        return None


def test_the_scheduler_ticks_at_once_and_goes_on_when_its_clock_is_set_back() -> None:
    ticker = Sent(app=app)
    with time_machine.travel(dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)):
        assert 0 < ticker.tick() <= 2
    assert sorted(ticker.sent) == ["jobs", "ledger"]
    ticker.sent.clear()
    with time_machine.travel(dt.datetime(2026, 11, 25, 7, tzinfo=dt.UTC)):
        ticker._due = dict.fromkeys(ticker._due, time.monotonic() - 1)
        ticker.tick()
        assert sorted(ticker.sent) == ["jobs", "ledger"]
        ticker.sent.clear()
        ticker.tick()
        assert ticker.sent == []


def test_no_message_of_the_scheduler_is_judged_by_the_clock_of_a_worker() -> None:
    """`expires` is compared with the worker's own clock: half a minute fast, it would drop every tick."""
    for entry in app.conf.beat_schedule.values():
        assert "expires" not in entry["options"]
    assert [task.expires for task in (tick, sequence)] == [None, None]
