"""Ingest against the raw limit: rows per second and per CPU-second of the whole path over a raw binary COPY.

    .venv/bin/python benchmarks/ingest.py [--rows 50000] [--batch 5000] [--people 5000]

Makes its own data folder. One process, the embedded database. The whole path is: validate, pseudonymise, ask the gate
(consent of every person), store, roll up, receipt and ledger event. The raw limit is one binary COPY of 15 columns into
a table without an index. Trust the ratios of one run, not the numbers of two.
"""

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
LABELS = ("anger", "joy", "optimism", "sadness")
RAW = ["uuid", "text", "timestamptz", "uuid", "uuid", *["text"] * 7, "float8", "int8", "bool"]


def body(start: int, count: int, people: int) -> bytes:
    """One batch as a client sends it."""
    import orjson

    begin = datetime(2026, 1, 5, tzinfo=UTC)
    items = [
        {
            "id": f"turn-{n}",
            "occurred_at": (begin + timedelta(seconds=37 * n % 20_000_000)).isoformat(),
            "modality": "text",
            "purpose": "service",
            "subject_role": "customer",
            "subject": f"customer-{n // 8 % people}",  # conversations of eight turns
            "session": f"session-{n // 8}",
            "channel": "chat",
            "language": "nl" if n % 3 else "en",
            "predicted": LABELS[n % 4],
            "confidence": 0.5 + (n % 50) / 100,
            "gold": LABELS[(n + (n % 7 == 0)) % 4] if n % 10 == 0 else None,
            "disclosed_at": begin.isoformat(),
            "first_response_ms": 200 + n % 4000,
            "resolved": n % 5 > 0,
        }
        for n in range(start, start + count)
    ]
    return orjson.dumps({"items": items})


def cpu() -> float:
    """CPU seconds of this process and of its database backend (Linux)."""
    from django.db import connection

    used = resource.getrusage(resource.RUSAGE_SELF)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        fields = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text().rpartition(")")[2].split()
    return used.ru_utime + used.ru_stime + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(work: Callable[[], None]) -> tuple[float, float]:
    """(seconds, CPU seconds of this process and its database backend)."""
    clock, used = time.perf_counter(), cpu()
    work()
    return time.perf_counter() - clock, cpu() - used


def raw_copy(rows: int) -> None:
    """The limit: one binary COPY of 15 columns, no index, no check."""
    import uuid

    from django.db import connection, transaction

    one, moment = uuid.uuid4(), datetime(2026, 1, 5, tzinfo=UTC)
    row = (one, "turn-1", moment, one, one, *["text"] * 7, 0.5, 1, True)
    with transaction.atomic(), connection.cursor() as cursor:
        columns = ", ".join(f"c{n} {kind}" for n, kind in enumerate(RAW))
        cursor.execute(f"CREATE TEMP TABLE raw_limit ({columns}) ON COMMIT DROP")
        with cursor.copy("COPY raw_limit FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(RAW)
            for _ in range(rows):
                copy.write_row(row)


def prepared(people: int) -> Any:
    """A system with a flow in force, a policy that needs consent, and the consent of everybody."""
    from governance.consent.services import record_consent_events
    from tests import make

    system = make.live_system(make.PERMIT_BY_CONSENT)
    events = [
        make.consent(n, subject=f"customer-{n}", effective_at="2026-01-02T00:00:00Z") for n in range(people)
    ]
    for start in range(0, people, 5000):
        record_consent_events(system=system, items=events[start : start + 5000], by="system")
    return system


def main() -> None:
    """Prepare, measure, print."""
    options = argparse.ArgumentParser(description=__doc__)
    for name, value in (("--rows", 50_000), ("--batch", 5_000), ("--people", 5_000)):
        options.add_argument(name, type=int, default=value)
    args = options.parse_args()
    os.environ["ATTUNE_DATA"] = folder = tempfile.mkdtemp(prefix="attune-benchmark-")
    from portal import embedded

    held = embedded.ensure()
    try:
        compare(args)
    finally:
        if held is not None:
            held.release()
        shutil.rmtree(folder, ignore_errors=True)


def compare(args: argparse.Namespace) -> None:
    """Both ways, in one run."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from metrics.ingest.services import receive

    system = prepared(args.people)
    bodies = [body(start, args.batch, args.people) for start in range(0, args.rows, args.batch)]

    def ingest() -> None:
        for one in bodies:
            receipt = receive(system=system, items=one, by="system")
            if receipt["counts"] != {"accepted": args.batch} or receipt["items"][0]["basis"] != "allow":
                raise SystemExit(f"not what was sent: {receipt['counts']}, {receipt['items'][0]}")

    limit, limit_cpu = measured(lambda: raw_copy(args.rows))
    whole, whole_cpu = measured(ingest)
    print(f"raw COPY      {args.rows / limit:>10,.0f} rows/s  {limit_cpu / args.rows * 1e6:6.1f} CPU µs/row")
    print(f"whole ingest  {args.rows / whole:>10,.0f} rows/s  {whole_cpu / args.rows * 1e6:6.1f} CPU µs/row")
    print(
        f"ratio         {limit / whole:>10.1%} of raw COPY by the clock, {limit_cpu / whole_cpu:.1%} by CPU"
    )


if __name__ == "__main__":
    main()
