"""Jobs on a real broker with real workers and schedulers: SIGKILL, a wiped broker, poison, wrong clocks.

`make test` runs this on the embedded Valkey, `make test-real` on RabbitMQ (quorum queues) and on Redis.
"""

import random
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import kombu
import pytest
import redis
from celery import current_app
from django.conf import settings
from django.db import connections
from django.db.models import F

from portal.embedded import addresses
from portal.jobs import rules, services
from portal.jobs.clock import database_now
from portal.jobs.models import Heartbeat, Job, JobLine
from portal.jobs.rules import Every
from tests import make, servers
from tests.conftest import Background, TestDatabase, background_environment

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("broker")]
REDELIVERY_SECONDS = 60
PATIENCE = 4  # with a machine that does other work; what has to be quick is asserted by itself
EFFECTS = "CREATE TABLE test_effect (job uuid NOT NULL, attempt int NOT NULL, at timestamptz DEFAULT clock_timestamp())"
"""One row per effect, without a key: an effect that happens twice is seen twice."""


@dataclass
class Broker:
    """The broker of this session, and how to wipe it."""

    url: str

    def _redis(self) -> "redis.Redis":
        if self.url.startswith("redis+socket"):
            socket = addresses.runtime_dir(addresses.data_dir()) / "valkey.sock"
            return redis.Redis(unix_socket_path=str(socket), db=2)
        return redis.Redis.from_url(self.url)

    def wipe(self) -> None:
        """Everything it was told is gone, queues included."""
        if self.url.startswith("amqp"):
            with kombu.Connection(self.url) as line, line.channel() as channel:
                channel.queue_delete(settings.CELERY_TASK_DEFAULT_QUEUE)
            return
        with self._redis() as client:
            keys = [key for key in client.scan_iter() if key != servers.MARK.encode()]
            if keys:
                client.delete(*keys)

    def waiting(self) -> int:
        """Messages that no worker has fetched."""
        name = settings.CELERY_TASK_DEFAULT_QUEUE
        if self.url.startswith("amqp"):
            with kombu.Connection(self.url) as line, line.channel() as channel:
                return int(channel.queue_declare(name, passive=True).message_count)
        with self._redis() as client:
            return int(client.llen(name))


@dataclass
class Crew:
    """Workers and schedulers of one test."""

    environment: dict[str, str]
    folder: Path
    members: list[Background] = field(default_factory=list)

    def add(self, name: str, role: str = "worker", **environment: str) -> Background:
        """One more, started without waiting for it."""
        member = Background(
            self.environment | environment | {"ATTUNE_TEST_NAME": name},
            self.folder / f"{name}.log",
            application="tests.work",
            role=role,
        )
        self.members.append(member)
        member.launch()
        return member

    def ready(self) -> None:
        """Wait for all."""
        for member in self.members:
            member.ready()

    def wait_for(self, true: Callable[[], bool], seconds: float) -> None:
        """Wait until it holds; fails with what everybody wrote."""
        end = time.monotonic() + seconds * PATIENCE
        while not true():
            if time.monotonic() > end:
                logs = "\n".join(f"== {one.log.name}\n{one.log.read_text()[-2500:]}" for one in self.members)
                states = list(Job.objects.values_list("state", "attempts", "kind", "error"))
                pytest.fail(f"too late\n{states}\n{logs}")
            time.sleep(0.05)


@pytest.fixture
def broker(committed_db: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    """The session's; of the embedded Valkey a database that other sessions do not use."""
    url = settings.CELERY_BROKER_URL.replace("virtual_host=0", "virtual_host=2")
    monkeypatch.setattr(current_app.conf, "broker_write_url", url)
    ours = Broker(url)
    yield ours
    ours.wipe()


@pytest.fixture
def crew(committed_db: TestDatabase, broker: Broker, tmp_path: Path) -> Iterator[Crew]:
    """Workers and schedulers on this test's database, queue and broker."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(EFFECTS)
    shared = {"CELERY_BROKER_URL": broker.url, "PYTHONWARNINGS": "default"}
    ours = Crew(background_environment(committed_db) | shared, tmp_path)
    yield ours
    for member in ours.members:
        member.kill()


def enqueue(count: int, seconds: float = 0.2, kind: str = "test_effect") -> list[Job]:
    return [services.enqueue(kind=kind, payload={"seconds": seconds}, by="system") for _ in range(count)]


def open_jobs() -> int:
    return Job.objects.filter(state__in=["queued", "running"]).count()


def effects() -> list[uuid.UUID]:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT job FROM test_effect")
        return [row[0] for row in cursor.fetchall()]


def each_has_one_effect(jobs: list[Job]) -> None:
    assert sorted(effects()) == sorted(job.pk for job in jobs)
    assert set(Job.objects.filter(pk__in=[job.pk for job in jobs]).values_list("state", flat=True)) == {
        "done"
    }


def test_jobs_of_killed_workers_are_done_elsewhere_within_a_minute_and_take_effect_once(crew: Crew) -> None:
    """Two workers, a scheduler at the product's pace, four times SIGKILL in the middle of a job."""
    dice = random.Random(20261125)
    crew.add("beat", "beat")
    workers = [crew.add("one"), crew.add("two")]
    crew.ready()
    jobs: list[Job] = []
    left: dict[uuid.UUID, tuple[int, float]] = {}
    waited: list[float] = []

    def taken_over() -> bool:
        for pk, (attempt, since) in list(left.items()):
            if Job.objects.filter(pk=pk, attempts__gt=attempt).exists():
                waited.append(time.monotonic() - since)
                del left[pk]
        return not left

    for kill in range(4):
        victim = workers[kill % 2]
        victim.ready()
        jobs += enqueue(8, seconds=2)
        mine = JobLine.objects.filter(text=victim.log.stem, attempt=F("job__attempts"), job__state="running")
        crew.wait_for(mine.exists, 60)
        time.sleep(dice.uniform(0, 0.5))
        at_hand = dict(mine.values_list("job", "attempt"))
        victim.kill()
        now = time.monotonic()
        for job in Job.objects.filter(pk__in=at_hand):
            if job.attempts > at_hand[job.pk] or job.state == "running":
                left[job.pk] = (at_hand[job.pk], now)
        victim.launch()
        taken_over()
    crew.wait_for(lambda: taken_over() and not open_jobs(), 120)
    each_has_one_effect(jobs)
    again = sum(Job.objects.values_list("attempts", flat=True)) - len(jobs)
    assert again >= 1  # else nobody was killed in the middle of anything
    assert max(waited, default=0) < REDELIVERY_SECONDS
    print(f"\n  {len(jobs)} jobs, taken over {again} times, the slowest after {max(waited, default=0):.1f} s")


def test_a_worker_comes_back_under_its_name_while_the_broker_still_knows_the_killed_one(crew: Crew) -> None:
    """RabbitMQ may not yet have let go of what the killed one held: seen from there, both are alive at once."""
    crew.add("one")
    crew.ready()
    (crew.folder / "again").mkdir()
    crew.add("again/one")
    crew.ready()
    (job,) = enqueue(1)
    crew.wait_for(lambda: not open_jobs(), 60)
    each_has_one_effect([job])


def test_a_wiped_broker_loses_no_job_and_a_poisoned_one_is_dead_after_five_attempts(
    crew: Crew, broker: Broker
) -> None:
    crew.add("beat", "beat", ATTUNE_TEST_TICK="2")
    crew.add("one")
    crew.add("two")
    crew.ready()
    jobs = enqueue(30, seconds=1)
    crew.wait_for(lambda: bool(effects()), 60)
    broker.wipe()
    lost = open_jobs()
    assert lost > 5
    # a minute later the sweeper rings again for whatever nobody fetched
    Job.objects.filter(state="queued").update(rung_at=F("rung_at") - rules.RING_AGAIN)
    crew.wait_for(lambda: not open_jobs(), 60)
    each_has_one_effect(jobs)

    (poison,) = enqueue(1, kind="test_poison")
    others = enqueue(5)
    crew.wait_for(lambda: not open_jobs(), 60)
    poison.refresh_from_db()
    assert (poison.state, poison.attempts) == ("dead", rules.MAX_ATTEMPTS)
    assert "5 times in a row" in poison.error
    each_has_one_effect([*jobs, *others])
    services.retry(job=poison, by=make.user())
    crew.wait_for(lambda: not open_jobs(), 60)
    poison.refresh_from_db()
    assert (poison.state, poison.attempts) == ("dead", 2 * rules.MAX_ATTEMPTS)


def test_two_schedulers_and_wrong_clocks_cover_every_window_once(crew: Crew) -> None:
    """Nothing ticked for three hours; then two schedulers, a worker five hours fast and one five hours slow."""
    now = database_now()
    hourly = services.set_schedule(
        name="hourly", kind="test_window", payload={}, every=Every.HOURLY, start=now - timedelta(hours=3)
    )
    daily = services.set_schedule(
        name="daily", kind="test_window", payload={}, every=Every.DAILY, start=now - timedelta(days=20)
    )
    five_hours = 5 * 3600
    crew.add("fast", ATTUNE_TEST_CLOCK=str(five_hours))
    crew.add("slow", ATTUNE_TEST_CLOCK=str(-five_hours))
    for name, wrong in (("first", -five_hours), ("second", five_hours)):
        crew.add(name, "beat", ATTUNE_TEST_TICK="1", ATTUNE_TEST_CLOCK=str(wrong))
    crew.ready()
    crew.wait_for(lambda: Job.objects.count() >= 23 and not open_jobs(), 60)
    seen = Heartbeat.objects.get(name="tick").seen_at
    crew.wait_for(lambda: Heartbeat.objects.get(name="tick").seen_at > seen + timedelta(seconds=3), 30)
    assert abs(Heartbeat.objects.get(name="tick").seen_at - database_now()) < timedelta(seconds=30)
    for schedule, count in ((hourly, 3), (daily, 20)):
        done = list(Job.objects.filter(schedule=schedule).order_by("window_from"))
        assert len(done) - count in (0, 1)  # the hour may have turned meanwhile
        assert {job.state for job in done} == {"done"}
        assert {job.attempts for job in done} == {1}
        every = Every(schedule.every)
        borders = [
            rules.floor(every, now) - timedelta(hours=1 if every is Every.HOURLY else 24) * n
            for n in range(count + 1)
        ]
        assert [job.window_from for job in done][:count] == sorted(borders)[:-1]
        assert [job.window_to for job in done][:count] == sorted(borders)[1:]
        said = [[datetime.fromisoformat((job.result or {})[end]) for end in ("from", "to")] for job in done]
        assert said == [[job.window_from, job.window_to] for job in done]
    assert complaints(crew) == []


def complaints(crew: Crew) -> list[str]:
    """What workers and schedulers have against our settings, or against what they do to the broker."""
    written = "".join(one.log.read_text() for one in crew.members)
    found = re.compile(r"CELERY_|Warning:|WARNING/|ERROR/|CRITICAL/|Traceback")
    expected = re.compile(r"superuser privileges")  # workers of a container often run as root
    return [line for line in written.splitlines() if found.search(line) and not expected.search(line)]
