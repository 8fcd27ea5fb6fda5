"""The whole run: rounds of kills, the database stopped, the broker wiped, poison jobs, then the two controls."""

import random
import time
from dataclasses import dataclass, field

from django.db import connections

from portal.embedded import processes
from tests.chaos import controls, governed, invariants, outages, scene
from tests.chaos.books import ASKING, Books
from tests.chaos.clients import Crowd
from tests.chaos.invariants import Findings
from tests.chaos.killer import Killer, plan
from tests.chaos.world import World

HEAD = ("round", "kills", "acknowledged", "lost", "double", "wrong", "halves", "cells", "faults", "seconds")


@dataclass
class Trial:
    """One run on one installation."""

    world: World
    rng: random.Random
    seed: int
    books: Books = field(default_factory=Books)
    ok: bool = True
    began: float = field(default_factory=time.monotonic)

    def run(self, *, kills: int, items: int, rounds: int) -> bool:
        """Everything in order; prints as it goes."""
        self.scene = scene.build(self.rng, requests=8 * rounds)
        self.killer = Killer(self.world, random.Random(f"{self.seed} killer"))
        victims = plan(self.killer.rng, kills)
        poison = outages.Poison(self.world, self.scene, self.books)
        poison.give()
        print("".join(f"{name:>13}" for name in HEAD))
        for number in range(1, rounds + 1):
            mine = victims[(number - 1) * kills // rounds : number * kills // rounds]
            stopped = number == (rounds + 1) // 2
            self._round(number, mine, items * number // rounds, database_stops=stopped)
        self._row("wiped", self._after_all(poison))
        self._summary(kills, items)
        for name, seen, text in controls.all_of(self.world, self.scene, self.rng):
            self._say(
                seen, f"control '{name}' fails as it must: {text}", f"control '{name}' was not seen: {text}"
            )
        return self.ok

    def _round(self, number: int, kinds: list[str], quota: int, *, database_stops: bool) -> None:
        crowd = Crowd(self.world.port, self.scene, self.books, f"{self.seed} {number}", quota)
        crowd.start()
        self.killer.round(kinds, lambda: self.books.acknowledged, self.books.fault)
        if database_stops:
            outages.database_stopped(self.world, self.scene, self.books)
        if not processes.wait_until(lambda: self.books.acknowledged >= quota, 300, 0.1):
            self.books.fault(f"{self.books.acknowledged} of {quota} items in 300 s")
        crowd.finish()
        found = self._compare(final=False)
        self._row(str(number), found)

    def _compare(self, *, final: bool) -> Findings:
        if not processes.wait_until(self.world.ready, 60, 0.2):
            self.books.fault("not ready within 60 s after the last call")
        connections.close_all()  # their other ends were killed
        found = invariants.whole(self.books, self.scene.systems, ASKING)
        found.add(governed.all_of(self.books, final=final))
        return found

    def _after_all(self, poison: outages.Poison) -> Findings:
        """The broker loses everything while jobs wait; then all that was promised must come to its end, once."""
        outages.broker_wiped(self.world, self.scene, self.books, self.rng)
        outages.all_jobs_end(self.books)
        poison.check()
        return self._compare(final=True)

    # --- what is printed --------------------------------------------------------------------

    def _row(self, name: str, found: Findings) -> None:
        figures = (found.lost, found.double, found.wrong, found.halves, found.differing)
        faults = [*found.faults, *(f"{text} ({n} times)" for text, n in self.books.faults.items())]
        self.books.faults.clear()
        cells = (name, self.killer.killed.total(), f"{self.books.acknowledged:,}", *figures, len(faults))
        self.ok = self.ok and found.ok and not faults
        print(
            "".join(f"{cell!s:>13}" for cell in cells) + f"{time.monotonic() - self.began:>13.0f}", flush=True
        )
        for text in faults:
            print(f"  FAULT: {text}", flush=True)

    def _summary(self, kills: int, items: int) -> None:
        killed, counts = self.killer.killed, self.books.counts
        print("  Killed: " + ", ".join(f"{kind} {n}" for kind, n in sorted(killed.items())))
        print(f"  Calls: {', '.join(f'{what} {n:,}' for what, n in sorted(counts.items()))}")
        promised = (
            f"{len(self.books.votes)} votes, {len(self.books.runs)} audits, {len(self.books.packs)} packs"
        )
        print(f"  Promised and kept: {promised}; slowest return after a kill: {self.killer.slowest:.1f} s")
        enough = killed.total() >= kills and self.books.acknowledged >= items
        self._say(
            enough,
            f"{killed.total()} kills, {self.books.acknowledged:,} items acknowledged",
            "too little was tried",
        )

    def _say(self, good: bool, yes: str, no: str) -> None:
        self.ok = self.ok and good
        print(f"  {yes}" if good else f"  FAULT: {no}", flush=True)
