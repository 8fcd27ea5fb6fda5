"""Two controls that must fail: else a comparison that sees nothing would look like a product that loses nothing.

1. `tests.chaos.broken`: rollups counted outside the transaction of their batch; web workers are killed under load.
2. `synchronous_commit=off` for the connections of the web process: the whole server is killed right after an answer
   of 200, while nothing else writes the log (no worker, a WAL writer that sleeps ten seconds).
"""

import random
import time
from collections.abc import Iterator

from django.db import connections

from portal.embedded import addresses, processes
from portal.embedded.postgres import ADMIN
from tests.chaos import invariants
from tests.chaos.books import ASKING, PLAIN, Batch, Books
from tests.chaos.clients import Crowd
from tests.chaos.invariants import Findings
from tests.chaos.killer import Killer
from tests.chaos.line import Line
from tests.chaos.scene import Scene, key_of, reading_system
from tests.chaos.world import World, kill

TRIES = 12
Outcome = tuple[str, bool, str]


def all_of(world: World, scene: Scene, rng: random.Random) -> Iterator[Outcome]:
    """(name, whether it was seen to fail, what was seen) of each control."""
    from tests import make

    world.stop()
    world.start(CHAOS_WSGI="tests.chaos.broken:application", CHAOS_CHILDREN="web")
    connections.close_all()
    yield _rollup_outside(world, _fresh(scene, make.PERMIT_BY_CONTRACT, "outside"), rng)
    world.stop()
    world.start(PGOPTIONS="-c synchronous_commit=off", CHAOS_CHILDREN="web")
    connections.close_all()
    yield _commit_not_awaited(world, _fresh(scene, make.PERMIT_BY_CONTRACT, "hasty"), rng)


def _fresh(scene: Scene, rule: dict[str, str], slug: str) -> Scene:
    """A system of the control's own, under the name that the clients know."""
    system = reading_system(slug, scene.unit, rule)
    return Scene(
        scene.unit, {PLAIN: system, ASKING: scene.systems[ASKING]}, {PLAIN: key_of(system)}, [], None
    )


def _findings(books: Books, system: object) -> Findings:
    found = Findings()
    for one in (
        invariants.interactions(books, PLAIN, system),
        invariants.batches(books, PLAIN, system),
        invariants.rollups(system),
    ):
        found.add(one)
    return found


def _rollup_outside(world: World, scene: Scene, rng: random.Random) -> Outcome:
    name = "rollup outside the transaction"
    killer, books = Killer(world, rng), Books()
    for number in range(TRIES):
        crowd = Crowd(world.port, scene, books, f"outside {number}", quota=10**9)
        crowd.only_sources(PLAIN)
        if number:
            victims = ["web worker", "database backend", "web worker"]
            killer.round(victims, lambda: books.acknowledged, books.fault)
        else:  # as long as nothing is killed the fault must not show: it is the kills that bring it out
            processes.wait_until(lambda: books.acknowledged > 10_000, 60, 0.1)
        crowd.finish()
        connections.close_all()
        found = _findings(books, scene.systems[PLAIN])
        kills = killer.killed.total()
        if found.differing or books.faults:
            seen = bool(kills and found.differing and not books.faults and not found.lost)
            text = f"{found.differing} cells differ after {kills} kills and {books.acknowledged:,} items"
            return name, seen, f"{text}; {dict(books.faults)}" if books.faults else text
    return name, False, f"no cell differs after {killer.killed.total()} kills"


def _commit_not_awaited(world: World, scene: Scene, rng: random.Random) -> Outcome:
    name = "synchronous_commit=off"
    _sleepy_log(world)
    books = Books()
    line = Line(world.port, books, rng, scene.headers(PLAIN))
    for number in range(1, TRIES + 1):
        for _batch in range(3):
            _send(line, books, scene)
        for pid in world.database_processes():
            kill(pid)
        processes.wait_until(lambda: not world.ready(), 5, 0.02)
        if not processes.wait_until(world.ready, 60, 0.1):
            return name, False, "the server did not come back"
        connections.close_all()
        lost = _findings(books, scene.systems[PLAIN]).lost
        if lost:
            return (
                name,
                True,
                f"{lost} of {books.acknowledged} acknowledged items are lost after {number} kills of the server",
            )
        time.sleep(0.2)
    return name, False, f"none of {books.acknowledged} acknowledged items is lost after {TRIES} kills"


def _send(line: Line, books: Books, scene: Scene) -> None:
    batch = Batch(PLAIN, f"hasty-{line.rng.getrandbits(64):x}", tuple(books.take(20)))
    books.batches[batch.key] = batch
    answer = line.post(f"systems/{scene.systems[PLAIN].slug}/interactions", batch.body(), batch.key)
    if answer is not None and answer.status == 200:
        books.answered(batch, answer.body)


def _sleepy_log(world: World) -> None:
    import psycopg

    folder = addresses.runtime_dir(world.data)
    with psycopg.connect(f"host={folder} user={ADMIN} dbname=postgres", autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
        admin.execute("ALTER SYSTEM SET wal_writer_flush_after = '1GB'")
        admin.execute("SELECT pg_reload_conf()")
