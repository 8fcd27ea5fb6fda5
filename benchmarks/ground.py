"""What every benchmark stands on: a data folder of its own, CPU time, medians, tables in Markdown."""

import contextlib
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("DATABASE_URL", "DATABASE_OWNER_URL", "LEDGER_DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL")
SIZES = ("small", "medium", "large", "huge")  # `huge`: decisions only, the others run `large`


@dataclass
class Table:
    """One table of results; `note` says what was compared with what, `aims` whether what was wanted was met."""

    head: Sequence[str]
    note: str
    rows: list[Sequence[str]] = field(default_factory=list)
    aims: list[str] = field(default_factory=list)

    def aim(self, what: str, found: float, wanted: float, *, at_least: bool = False) -> None:
        """A ratio that was wanted, and whether it was met."""
        met = found >= wanted if at_least else found <= wanted
        sign = "≥" if at_least else "≤"
        self.aims.append(f"* {what}: {found:.2f}, wanted {sign} {wanted:g}: **{'met' if met else 'missed'}**")

    def markdown(self) -> str:
        """As it stands in docs/performance.md: the first column is text, the others are numbers."""
        lines = [
            self.note,
            "",
            "| " + " | ".join(self.head) + " |",
            "|---|" + "---:|" * (len(self.head) - 1),
            *("| " + " | ".join(row) + " |" for row in self.rows),
            *(["", *self.aims] if self.aims else []),
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, and CPU seconds of this process and of its database session."""

    wall: float
    cpu: float

    def per(self, n: int) -> str:
        """CPU microseconds for each of n."""
        return f"{self.cpu / n * 1e6:,.1f}"


@contextlib.contextmanager
def services() -> Iterator[None]:
    """Embedded servers in a folder that is removed afterwards, migrated; Django is set up."""
    for variable in SERVICES:
        os.environ.pop(variable, None)
    os.environ["ATTUNE_DATA"] = folder = tempfile.mkdtemp(prefix="attune-benchmark-")
    os.environ["ATTUNE_PLAIN_STATIC"] = "1"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from portal import embedded

    held = embedded.ensure(forgetful=True)  # no fsync: the disk of the machine is not what is measured
    try:
        import django

        django.setup()
        from django.core.management import call_command
        from django.test.utils import setup_test_environment

        setup_test_environment()
        call_command("migrate", database="owner", verbosity=0)
        yield
    finally:
        from django.db import connections

        connections.close_all()
        if held is not None:
            held.release(wait=60)
        shutil.rmtree(folder, ignore_errors=True)


def cpu(using: str = "default") -> float:
    """CPU seconds so far of this process and of its database session (Linux; elsewhere of this process)."""
    from django.db import connections

    used = resource.getrusage(resource.RUSAGE_SELF)
    ours = used.ru_utime + used.ru_stime
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    if not stat.exists():
        return ours
    fields = stat.read_text().rpartition(")")[2].split()
    return ours + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(work: Callable[[], object], using: str = "default") -> Cost:
    """What it costs once."""
    used, clock = cpu(using), time.perf_counter()
    work()
    return Cost(time.perf_counter() - clock, cpu(using) - used)


def typical(work: Callable[[], object], times: int = 5, batch: int = 1) -> Cost:
    """The median of several runs after one to warm up, each of `batch` calls; the cost of one call."""
    work()
    costs = [measured(lambda: [work() for _ in range(batch)]) for _ in range(times)]
    return Cost(
        statistics.median(cost.wall for cost in costs) / batch,
        statistics.median(cost.cpu for cost in costs) / batch,
    )


def queries(work: Callable[[], Any]) -> int:
    """How many statements the second of two calls sends (the first fills what is kept in memory)."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    work()
    with CaptureQueriesContext(connection) as context:
        work()
    return len(context)


@contextlib.contextmanager
def taken_back() -> Iterator[Any]:
    """A cursor in a transaction of which nothing stays."""
    from django.db import connection, transaction

    with transaction.atomic():
        with connection.cursor() as cursor:
            yield cursor
        transaction.set_rollback(True)


def days_ago(days: int) -> Any:
    """A date before today (UTC)."""
    from django.utils import timezone

    return timezone.now().date() - timedelta(days=days)
