"""`make chaos`: kill everything under load and compare what was acknowledged with what is there.

    .venv/bin/python -m tests.chaos [--seed N] [--kills 45] [--items 200000] [--rounds N] [--keep]

Makes its own data folder and removes it. Ends with 1 when anything was lost, doubled or differs, when something was
answered that must not be, when a part did not come back, or when a control was not seen to fail.
"""

import argparse
import os
import random
import secrets
import signal
import sys
import time

from tests.chaos.world import World, world


def main() -> int:
    """Run; 0 when everything holds."""
    parser = argparse.ArgumentParser(
        prog="make chaos", description="Faults under load, and what must hold afterwards."
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--kills", type=int, default=45)
    parser.add_argument("--items", type=int, default=200_000)
    parser.add_argument(
        "--rounds", type=int, help="comparisons on the way (default: one for seven kills or so)"
    )
    parser.add_argument("--keep", action="store_true", help="keep the data folder, with all logs")
    options = parser.parse_args()
    rounds = options.rounds or max(2, options.kills // 7)
    if not sys.platform.startswith("linux"):
        print("make chaos finds its victims in /proc: it runs on Linux.")
        return 2
    signal.signal(
        signal.SIGTERM, lambda number, frame: sys.exit(128 + number)
    )  # so that nothing is left behind
    print(f"Chaos with seed {options.seed}: {options.kills} kills, {options.items:,} items, {rounds} rounds")
    with world(keep=options.keep) as ours:
        ours.start()
        _our_django(ours)
        from tests.chaos.trial import Trial

        trial = Trial(ours, random.Random(options.seed), options.seed)
        began = time.monotonic()
        ok = trial.run(kills=options.kills, items=options.items, rounds=rounds)
        print(
            f"{'Everything held' if ok else 'FAILED'}: seed {options.seed}, {time.monotonic() - began:.0f} s"
        )
    return 0 if ok else 1


def _our_django(ours: World) -> None:
    """Django in this process, on the installation's database: to set the scene and to compare."""
    environment = ours.environment()
    os.environ.clear()
    os.environ.update(environment)
    import django

    django.setup()


if __name__ == "__main__":
    sys.exit(main())
