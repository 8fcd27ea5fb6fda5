"""SIGKILL by a seeded plan: every kind of process at least once, those that hold transactions more often."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from portal.embedded import processes
from tests.chaos.world import KINDS, World, kill

WEIGHTS = (2, 5, 2, 3, 1, 3, 5, 2, 2, 1)
"""In the order of KINDS."""
RECOVERY_SECONDS = 60
"""Within which something must be acknowledged again after any of them was killed."""


def plan(rng: random.Random, kills: int) -> list[str]:
    """Which kinds to kill, in order."""
    first = list(KINDS)
    rng.shuffle(first)
    return (first + rng.choices(KINDS, WEIGHTS, k=max(0, kills - len(first))))[:kills]


@dataclass
class Killer:
    """Kills; counts what it really killed."""

    world: World
    rng: random.Random
    killed: Counter[str] = field(default_factory=Counter)
    slowest: float = 0

    def strike(self, kind: str) -> bool:
        """Kill one process of this kind as soon as one lives (of the whole database: all); False when none does."""
        if not processes.wait_until(lambda: bool(self.world.victims()[kind]), RECOVERY_SECONDS, 0.1):
            return False
        chosen = self.world.victims()[kind]
        if kind == "whole database":
            chosen = self.world.database_processes()
            struck = [kill(pid) for pid in chosen]
        else:
            struck = [kill(self.rng.choice(sorted(chosen)))] if chosen else []
        if not any(struck):
            return self.strike(kind)
        self.killed[kind] += 1
        return True

    def round(self, kinds: list[str], acknowledged: Callable[[], int], fault: Callable[[str], None]) -> None:
        """Kill one after the other; each time something new must be acknowledged before the next."""
        for kind in kinds:
            time.sleep(self.rng.uniform(0.2, 1.5))
            if not self.strike(kind):
                fault(f"no {kind} came up within {RECOVERY_SECONDS} s")
                continue
            began = time.monotonic()
            if not self._goes_on(acknowledged):
                fault(f"nothing was acknowledged within {RECOVERY_SECONDS} s after a {kind} was killed")
            self.slowest = max(self.slowest, time.monotonic() - began)

    def _goes_on(self, acknowledged: Callable[[], int]) -> bool:
        before = acknowledged()
        return processes.wait_until(lambda: acknowledged() > before, RECOVERY_SECONDS, 0.02)
