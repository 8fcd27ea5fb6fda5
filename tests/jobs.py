"""What the tests of jobs share: work of their own, a bell that only listens, short ways to ask."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import close_old_connections, connections
from django.utils import timezone

from portal.jobs import bell, registry, services
from portal.jobs.context import JobContext
from portal.jobs.models import Job
from tests import make

Work = Callable[[JobContext], dict[str, Any]]


@pytest.fixture
def kind() -> Iterator[Callable[[Work], str]]:
    """Registers the work of a test as a kind of its own, and forgets it afterwards."""
    made: list[str] = []

    def register(work: Work) -> str:
        name = f"test_{make.number()}"
        registry.handler(name, title="Test")(work)
        made.append(name)
        return name

    yield register
    for name in made:
        registry._handlers.pop(name)


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bell without a broker: what was rung for."""
    heard: list[str] = []
    monkeypatch.setattr(bell.current_app, "send_task", lambda name, args, **more: heard.append(args[0]))
    return heard


def enqueue(kind: str, **more: Any) -> Job:
    return services.enqueue(kind=kind, payload={}, by="system", **more)


def again(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def make_due(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(due_at=timezone.now() - timedelta(minutes=5))


def in_threads(work: Callable[[int], Any], count: int) -> list[Any]:
    """Run `work(n)` at the same time in as many threads, each with a connection of its own."""
    results: list[Any] = [None] * count
    start = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            start.wait(10)
            results[number] = work(number)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    close_old_connections()
    return results
