"""The evidence pack: made by the product, verified by the program that lies in it, as the ledger grows."""

import subprocess
import sys
import time
from typing import Any

from benchmarks.ground import Table, days_ago, measured

ENTRIES = {"small": (1_000,), "medium": (1_000, 10_000), "large": (1_000, 10_000, 100_000)}


def run(size: str) -> Table:
    """Seconds to make and to verify a pack of one system with this many entries of the ledger."""
    from tests import make

    table = Table(
        ("entries of the ledger", "make, s", "CPU s", "verify, s", "MB", "make + verify, ms per entry"),
        "A pack of one system over 30 days, made as the job makes it, and verified by its own `verify.py` in a process "
        "of its own:",
    )  # fmt: skip
    system = make.system()
    make.approved_deployment(system)
    recorded = 0
    for entries in ENTRIES[size]:
        _fill(system, entries - recorded)
        recorded = entries
        table.rows.append(_measure(system, entries))
    return table


def _fill(system: Any, n: int) -> None:
    from django.db import transaction

    from portal.ledger import sequencer
    from portal.ledger.services import record

    with transaction.atomic():
        for number in range(n):
            record(type="benchmark.event", by="system", subject=system.subject, body={"number": number})
    while sequencer.run_once():
        pass


def _measure(system: Any, entries: int) -> tuple[str, ...]:
    from governance.evidence import services, verify
    from portal.jobs.runner import run_job

    pack = services.request_pack(
        systems=[system], date_from=days_ago(29), date_to=days_ago(0), by="system", bell=False
    )
    made = measured(lambda: run_job(pack.job.pk))  # type: ignore[union-attr]
    pack.refresh_from_db()
    path, began = services.path_of(pack), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-I", "-S", verify.__file__, str(path)], capture_output=True, check=False
    )
    verified = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"the pack does not verify: {done.stdout.decode()}")
    return (
        f"{entries:,}", f"{made.wall:,.1f}", f"{made.cpu:,.1f}", f"{verified:,.1f}",
        f"{path.stat().st_size / 1e6:,.1f}", f"{(made.wall + verified) / entries * 1e3:,.2f}",
    )  # fmt: skip
