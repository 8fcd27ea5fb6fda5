"""What a dashboard costs as rows grow: its figures from daily rollups against one GROUP BY over the raw rows.

    .venv/bin/python benchmarks/dashboard.py [ROWS ...]       default: 10000 100000 1000000

Makes its own data folder, fills one system with a year of interactions, rebuilds the rollups with the product's own
code, and rolls everything back. Prints seconds (median of five) and ratios; ratios carry over to other machines.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

FILL = """
INSERT INTO metrics_interaction (system_id, source_id, occurred_at, batch_id, content, basis, reason, subject,
  subject_role, session, version, channel, modality, purpose, language, predicted, confidence, gold, resolved,
  first_response_ms, handling_s)
SELECT %(system)s, 'b' || i, now() - make_interval(secs => i * 31536000.0 / %(rows)s), %(system)s, %(system)s, 'allow',
  'benchmark', md5((i %% (%(rows)s / 10))::text)::uuid, 'customer', 's' || i, '1.0', 'chat', 'text', 'service',
  (ARRAY['nl', 'en', 'de'])[1 + i %% 3], (ARRAY['anger', 'joy', 'optimism', 'sadness'])[1 + (i * 7) %% 4], 0.8,
  CASE WHEN i %% 2 = 0 THEN (ARRAY['anger', 'joy', 'optimism', 'sadness'])[1 + (i * 7 + (i %% 11) / 10) %% 4] END,
  i %% 3 > 0, 500 + i %% 4000, 30 + i %% 300
FROM generate_series(1, %(rows)s) AS i
"""
RAW = """
SELECT gold, predicted, count(*), count(DISTINCT subject), avg(resolved::int),
  percentile_cont(0.5) WITHIN GROUP (ORDER BY first_response_ms)
FROM metrics_interaction WHERE system_id = %s AND occurred_at >= %s GROUP BY gold, predicted
"""


def seconds(work: Callable[[], object], times: int = 5) -> float:
    """Median time of `work`, after one run to warm up."""
    work()
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def main(sizes: list[int]) -> None:
    """One line per size."""
    os.environ["ATTUNE_DATA"] = folder = tempfile.mkdtemp(prefix="attune-benchmark-")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from portal import embedded

    held = embedded.ensure(forgetful=True)
    try:
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", database="owner", verbosity=0)
        print("        rows   dashboard s   raw GROUP BY s   raw / dashboard   dashboard, times the smallest")
        first = 0.0
        for rows in sizes:
            dashboard, raw = measure(rows)
            first = first or dashboard
            print(
                f"{rows:12,} {dashboard:13.4f} {raw:16.4f} {raw / dashboard:17.1f} {dashboard / first:22.2f}"
            )
    finally:
        from django.db import connections

        connections.close_all()
        if held is not None:
            held.release()
        shutil.rmtree(folder, ignore_errors=True)


def measure(rows: int) -> tuple[float, float]:
    """Seconds of the dashboard of one year and of the raw query, on this many rows; nothing stays."""
    from datetime import timedelta

    from django.db import connection, transaction
    from django.utils import timezone

    from metrics.dashboards import selectors
    from metrics.dashboards.rules import preset_range
    from metrics.rollups.services import rebuild
    from tests import make

    today = timezone.now().date()
    with transaction.atomic():
        system = make.system()
        with connection.cursor() as cursor:
            cursor.execute(FILL, {"system": system.pk, "rows": rows})
            rebuild(system=system)
            cursor.execute(
                "ANALYZE metrics_interaction, metrics_dayrollup, metrics_confusionrollup, metrics_personday"
            )

            def from_rows() -> None:
                cursor.execute(RAW, [system.pk, today - timedelta(days=365)])
                cursor.fetchall()

            span = preset_range("year", today)
            found = seconds(lambda: selectors.boards([system], span)), seconds(from_rows)
        transaction.set_rollback(True)
    return found


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10_000, 100_000, 1_000_000])
