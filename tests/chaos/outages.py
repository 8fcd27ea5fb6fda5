"""Longer troubles: the database is away for a while, the broker forgets everything, a job can never succeed."""

import random
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connections
from django.urls import reverse

from portal.embedded import processes
from tests.chaos import poison
from tests.chaos.books import PLAIN, Books
from tests.chaos.clients import ask
from tests.chaos.line import Line
from tests.chaos.scene import Scene, session
from tests.chaos.world import World, kill

AWAY_SECONDS = 4
JOBS_SECONDS = 300
WAITING = 20


# --- the database stops ---------------------------------------------------------------------


def database_stopped(world: World, scene: Scene, books: Books) -> None:
    """An operator stops PostgreSQL: everybody says so properly, and goes on by itself when it is back."""
    need = _Needs(books, "database stopped")
    lasting = ("web master", "job master", "scheduler")
    # one that was killed last may still be on its way
    processes.wait_until(lambda: all(world.victims()[kind] for kind in lasting), 30, 0.1)
    before = {kind: set(world.victims()[kind]) for kind in lasting}
    keeper = world.keeper()
    kill(keeper, signal.SIGSTOP)  # else it starts the server again at once
    try:
        for pid in world.victims()["postmaster"]:
            kill(pid, signal.SIGINT)  # as `pg_ctl stop -m fast`
        need(processes.wait_until(lambda: not world.victims()["postmaster"], 30), "it does not stop")
        began = time.monotonic()
        _refused(world, scene, need)
        time.sleep(max(0, AWAY_SECONDS - (time.monotonic() - began)))
        need(world.get("/health/live")[0] == 200, "the web process itself does not live on")
    finally:
        kill(keeper, signal.SIGCONT)
    count = books.acknowledged
    need(
        processes.wait_until(lambda: books.acknowledged > count, 30, 0.05),
        "nothing is acknowledged after it came back",
    )
    need(processes.wait_until(world.ready, 30, 0.1), "not ready after it came back")
    for kind, pids in before.items():
        need(set(world.victims()[kind]) == pids, f"the {kind} was started again: it should have lived on")


def _refused(world: World, scene: Scene, need: "_Needs") -> None:
    """What clients and people get meanwhile."""
    status, headers, body = world.get(f"/api/v1/systems/{PLAIN}/flows", scene.headers(PLAIN))
    kind = {k.lower(): v for k, v in headers.items()}
    need(
        status == 503 and kind.get("content-type") == "application/problem+json",
        f"API: {status} {kind} {body[:200]}",
    )
    need(kind.get("retry-after", "").isdigit(), f"API: Retry-After {kind.get('retry-after')!r}")
    for path in ("/accounts/login/", "/"):
        status, headers, body = world.get(path, {"Cookie": "attune=" + "a" * 32})
        kind = {k.lower(): v for k, v in headers.items()}
        right = status == 503 and "text/html" in kind.get("content-type", "") and "<h1" in body
        need(right and kind.get("retry-after", "").isdigit(), f"page {path}: {status} {kind} {body[:200]}")
    need(world.get("/health/ready")[0] == 503, "the readiness check does not say 503")


@dataclass
class _Needs:
    """Takes down what does not hold."""

    books: Books
    what: str

    def __call__(self, holds: bool, text: str) -> None:
        if not holds:
            self.books.fault(f"{self.what}: {text}")


# --- the broker forgets ---------------------------------------------------------------------


def broker_wiped(world: World, scene: Scene, books: Books, rng: random.Random) -> None:
    """Jobs wait in the queue, nobody fetches them, the broker is emptied, then a worker comes: the rows know all."""
    from portal.embedded import addresses

    need = _Needs(books, "broker wiped")
    workers = [*world.victims()["job master"], *world.victims()["job worker"]]
    for pid in workers:
        kill(pid, signal.SIGSTOP)
    line = Line(world.port, books, rng, scene.headers(PLAIN))
    asked = [ask(line, rng, books, "audit") for _number in range(WAITING)] + [ask(line, rng, books, "pack")]
    line.close()
    need(None not in asked, "a job was not taken although only the workers were away")
    import redis

    with redis.Redis(unix_socket_path=str(addresses.runtime_dir(world.data) / "valkey.sock")) as broker:
        need(int(broker.llen("attune")) >= WAITING // 2, "no job waited in the queue")
        broker.flushall()
    for pid in workers:
        kill(pid, signal.SIGKILL)


def all_jobs_end(books: Books) -> None:
    """Wait until no job is open; which one still is afterwards is a fault."""
    from portal.jobs.models import Job

    connections.close_all()
    open_jobs = Job.objects.filter(state__in=["queued", "running"])
    began = time.monotonic()
    if not processes.wait_until(lambda: not open_jobs.exists(), JOBS_SECONDS, 0.5):
        rows = list(open_jobs.values("kind", "state", "attempts", "error", "due_at", "rung_at")[:5])
        books.fault(f"jobs are still open after {JOBS_SECONDS} s: {rows}")
    books.count("seconds until every job had ended", round(time.monotonic() - began))


# --- jobs that cannot succeed ---------------------------------------------------------------


@dataclass
class Poison:
    """One job that kills its worker each time and one that raises each time, from the beginning of the run."""

    world: World
    scene: Scene
    books: Books
    jobs: dict[str, Any] = field(default_factory=dict)

    @property
    def cure(self) -> Path:
        """The file that lets the raising job succeed."""
        return self.world.data / "cure"

    def give(self) -> None:
        """Put both in the queue."""
        from portal.jobs import services

        for kind in (poison.KILLS, poison.RAISES):
            self.jobs[kind] = services.enqueue(
                kind=kind,
                payload={"cure": str(self.cure)},
                by=self.scene.overseer,
                unit=self.scene.unit,
                about=kind,
            )

    def check(self) -> None:
        """Both are dead after five attempts and say why on their page; trying again gives five new attempts."""
        need = _Needs(self.books, "poison")
        for kind, job in self.jobs.items():
            job.refresh_from_db()
            need(
                (job.state, job.attempts) == ("dead", 5),
                f"{kind} is {job.state} after {job.attempts} attempts",
            )
            page = self._page(job)
            need(
                job.error != "" and _as_html(job.error) in page,
                f"{kind}: its page does not show '{job.error}'",
            )
            need(reverse("job_retry", args=[job.pk]) in page, f"{kind}: its page offers no second try")
        self.cure.write_text("", encoding="utf-8")
        self.cure.chmod(0o644)
        for job in self.jobs.values():
            need(self._try_again(job) == 302, f"{job.kind} cannot be tried again")
        all_jobs_end(self.books)
        for kind, wanted in ((poison.KILLS, ("dead", 10)), (poison.RAISES, ("done", 6))):
            job = self.jobs[kind]
            job.refresh_from_db()
            need(
                (job.state, job.attempts) == wanted,
                f"{kind} is {job.state} after {job.attempts} attempts, not {wanted}",
            )

    def _page(self, job: Any) -> str:
        status, _headers, body = self.world.get(job.get_absolute_url(), session(self.scene.overseer))
        listed = self.world.get(reverse("job_list") + "?state=dead", session(self.scene.overseer))[2]
        return body if status == 200 and str(job.pk) in listed else ""

    def _try_again(self, job: Any) -> int:
        import http.client

        line = http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=30)
        line.request("POST", reverse("job_retry", args=[job.pk]), b"", session(self.scene.overseer))
        status = line.getresponse().status
        line.close()
        return status


def _as_html(text: str) -> str:
    from django.utils.html import escape

    return escape(text)
