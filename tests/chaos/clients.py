"""The load: what careful, hasty and confused clients send, each drawn from a seed of its own."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from tests.chaos.books import ASKING, BEGIN, DAYS, PLAIN, Batch, Books, consent, item
from tests.chaos.line import Line
from tests.chaos.scene import Scene, session

SIZES = (200, 1000, 2500, 5000)
"""Of a batch, until the round has its items; afterwards batches are small, so that kills still meet some."""
WAYS = {"new": 10, "overlap": 3, "replay": 3, "twins": 2, "another body": 1, "give up": 2}
PACKS_AT_MOST = 12
Work = Callable[[random.Random], None]


@dataclass
class Crowd:
    """All clients of one round."""

    port: int
    scene: Scene
    books: Books
    seed: str
    quota: int  # acknowledged items at the end of the round, as far as batches are large
    stop: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    sessions: list[dict[str, str]] = field(default_factory=list)

    def start(self) -> None:
        """Everyone begins."""
        self.sessions = [session(member) for member in self.scene.members]
        others = {"consent": self._consents, "board": self._board, "auditor": self._auditor}
        self._begin({**self._sources(PLAIN, PLAIN, ASKING), **others})

    def only_sources(self, *systems: str) -> None:
        """Two sources of each of these systems begin, and nobody else."""
        self._begin(self._sources(*systems, *systems))

    def _sources(self, *systems: str) -> dict[str, Work]:
        return {f"source {n}": partial(self._source, system=system) for n, system in enumerate(systems)}

    def _begin(self, people: dict[str, Work]) -> None:
        for name, work in people.items():
            rng = random.Random(f"{self.seed} {name}")
            self.threads.append(
                threading.Thread(target=self._safely, args=(name, work, rng), name=name, daemon=True)
            )
        for thread in self.threads:
            thread.start()

    def finish(self) -> None:
        """Everyone ends what they began: a call that was sent is repeated until it is answered."""
        self.stop.set()
        for thread in self.threads:
            thread.join(300)
            if thread.is_alive():
                self.books.fault(f"the client '{thread.name}' does not come to an end")

    def _safely(self, name: str, work: Work, rng: random.Random) -> None:
        try:
            work(rng)
        except Exception as error:  # a client that fell over has proved nothing
            self.books.fault(f"the client '{name}' fell over: {type(error).__name__}: {error}")

    def _line(self, rng: random.Random, headers: dict[str, str]) -> Line:
        return Line(self.port, self.books, rng, headers)

    # --- interactions -----------------------------------------------------------------------

    def _source(self, rng: random.Random, system: str) -> None:
        address = f"systems/{self.scene.systems[system].slug}/interactions"
        source = Source(self, self._line(rng, self.scene.headers(system)), rng, system, address)
        while not self.stop.is_set():
            source.send(rng.choices(list(WAYS), list(WAYS.values()))[0])
            if self.books.acknowledged >= self.quota:
                self.stop.wait(0.1)

    # --- consent ----------------------------------------------------------------------------

    def _consents(self, rng: random.Random) -> None:
        line = self._line(rng, self.scene.headers(ASKING))
        sent: list[range] = []
        while not self.stop.is_set():
            numbers = (
                rng.choice(sent) if sent and rng.random() < 0.3 else self.books.take(rng.choice((1, 50, 500)))
            )
            body = {"source": "chaos", "items": [consent(n) for n in numbers]}
            with self.books.lock:
                self.books.consents_sent |= set(numbers)
            answer = line.post("consent-events", body, f"c-{numbers.start}" if rng.random() < 0.5 else None)
            sent.append(numbers)
            if answer is not None and answer.status == 200:
                self.books.answered_consents(numbers, answer.body["items"])
            elif answer is not None:
                self.books.fault(f"consent events: {answer.status} {answer.body}")
            self.stop.wait(rng.uniform(0.05, 0.4))

    # --- votes ------------------------------------------------------------------------------

    def _board(self, rng: random.Random) -> None:
        while not self.stop.is_set():
            with self.books.lock:
                waiting = [name for name in self.scene.requests if name not in self.books.choices]
                if not waiting:
                    return
                chosen = self.scene.requests[waiting[0]]
                self.books.choices[waiting[0]] = chosen
            voters = [
                threading.Thread(
                    target=self._vote, args=(random.Random(f"{waiting[0]} {n}"), waiting[0], n, choice)
                )
                for n, choice in enumerate(chosen)
            ]  # the seats vote at the same time
            for voter in voters:
                voter.start()
            for voter in voters:
                voter.join()
            self.stop.wait(rng.uniform(0.3, 1.5))

    def _vote(self, rng: random.Random, request: str, member: int, choice: str) -> None:
        line, key = (
            self._line(rng, self.sessions[member]),
            f"v-{request}-{member}" if rng.random() < 0.5 else None,
        )
        body = {"choice": choice, "reason": "As the file says."}
        for _again in range(2):  # the second time is the confused client: it must not become a second vote
            answer = line.post(f"requests/{request}/votes", body, key)
            if answer is None:
                continue
            if answer.status == 201:
                self._voted(request, member, answer.body)
            elif answer.status != 409 or answer.body["type"] not in (
                "urn:attune:problem:cannot_vote",
                "urn:attune:problem:wrong_state",
            ):
                self.books.fault(f"a vote: {answer.status} {answer.body}")
        line.close()

    def _voted(self, request: str, member: int, receipt: dict[str, Any]) -> None:
        with self.books.lock:
            if self.books.votes.setdefault((request, member), receipt) != receipt:
                self.books.fault(f"a vote of seat {member} was acknowledged twice with different receipts")

    # --- audits and packs -------------------------------------------------------------------

    def _auditor(self, rng: random.Random) -> None:
        line = self._line(rng, self.scene.headers(PLAIN))
        while not self.stop.is_set():
            ask(line, rng, self.books, "audit")
            if rng.random() < 0.15 and len(self.books.packs) < PACKS_AT_MOST:
                ask(line, rng, self.books, "pack")
            self.stop.wait(rng.uniform(0.3, 1.2))


def ask(line: Line, rng: random.Random, books: Books, what: str) -> str | None:
    """Ask for an audit or a pack, twice under one key; its id once it was promised (202)."""
    first = BEGIN.date() + timedelta(days=rng.randrange(DAYS))
    body: dict[str, Any] = {"from": str(first), "to": str(first + timedelta(days=rng.randrange(5)))}
    path = f"systems/{PLAIN}/audits/sentiment_accuracy/runs"
    if what == "pack":
        body, path = body | {"systems": [PLAIN], "sample_size": 5}, "evidence-packs"
    key = f"{what}-{rng.getrandbits(64):x}"
    promised = [line.post(path, body, key) for _again in range(2)]
    ids = {answer.body["id"] for answer in promised if answer is not None and answer.status == 202}
    for answer in promised:
        if answer is not None and answer.status != 202:
            books.fault(f"{what}: {answer.status} {answer.body}")
    if len(ids) > 1:
        books.fault(f"one key, two {what}s")
    with books.lock:
        (books.packs if what == "pack" else books.runs).update(ids)
    return next(iter(ids), None)


class Source:
    """One source of interactions and the ways it has of sending them."""

    def __init__(self, crowd: Crowd, line: Line, rng: random.Random, system: str, path: str) -> None:
        self.crowd, self.books, self.line, self.rng = crowd, crowd.books, line, rng
        self.system, self.path = system, path

    def send(self, way: str) -> None:
        """One call (or two at once) in one of the ways of WAYS."""
        known = [one for one in self._mine() if one.receipt is not None]
        if way in ("replay", "another body") and not known:
            way = "new"
        if way == "replay":
            self._call(self.line, self.rng.choice(known))
        elif way == "another body":
            self._another_body(self.rng.choice(known))
        elif way == "give up":
            self._call(self.line, self._batch(), once=True)
        elif way == "twins":
            self._twins(self._batch())
        else:
            self._call(self.line, self._batch(overlap=way == "overlap"))

    def _mine(self) -> list[Batch]:
        with self.books.lock:
            return [one for one in self.books.batches.values() if one.system == self.system]

    def _batch(self, overlap: bool = False) -> Batch:
        """New numbers; with `overlap` half of them were sent before, perhaps by another source at this moment."""
        large = self.books.acknowledged < self.crowd.quota
        numbers = tuple(self.books.take(self.rng.choice(SIZES) if large else self.rng.randint(1, 20)))
        earlier = self._mine()
        if overlap and earlier:
            numbers += tuple(n for n in self.rng.choice(earlier).numbers[: len(numbers)] if n not in numbers)
        batch = Batch(self.system, f"b-{self.rng.getrandbits(64):x}", numbers)
        with self.books.lock:
            self.books.batches[batch.key] = batch
        return batch

    def _call(self, line: Line, batch: Batch, *, once: bool = False) -> None:
        answer = line.post(self.path, batch.body(), batch.key, once=once)
        if answer is None:
            return
        if answer.status == 200:
            self.books.answered(batch, answer.body)
        else:
            self.books.fault(f"a batch: {answer.status} {str(answer.body)[:300]}")

    def _another_body(self, batch: Batch) -> None:
        body = {"items": [item(n) for n in (*batch.numbers, batch.numbers[0])]}
        answer = self.line.post(self.path, body, batch.key)
        if answer is not None and answer.status != 422:
            self.books.fault(f"another body under a used key: {answer.status}")

    def _twins(self, batch: Batch) -> None:
        """The same call twice at the same moment, as after a time-out of the client."""
        rng = random.Random(self.rng.getrandbits(64))
        other = Line(self.crowd.port, self.books, rng, self.line.headers)
        twin = threading.Thread(target=self._call, args=(other, batch))
        twin.start()
        self._call(self.line, batch)
        twin.join()
        other.close()
