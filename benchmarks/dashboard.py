"""Does a dashboard cost the same at 10 million rows as at 10 thousand? SQL fills the rows, the product the rollups."""

from benchmarks.ground import Cost, Table, days_ago, taken_back, typical

ROWS = {"small": (10_000, 100_000), "medium": (10_000, 1_000_000), "large": (10_000, 1_000_000, 10_000_000)}
FILL = """
INSERT INTO metrics_interaction (system_id, source_id, occurred_at, batch_id, content, basis, reason, subject,
  subject_role, session, version, channel, modality, purpose, language, predicted, confidence, gold, resolved,
  first_response_ms, handling_s)
SELECT %(system)s, 'b' || i, now() - make_interval(secs => i * 31536000.0 / %(rows)s), %(system)s, %(system)s, 'allow',
  'benchmark', md5((i %% (%(rows)s / 10))::text)::uuid, 'customer', 's' || i, '1.0', 'chat', 'text', 'service',
  (ARRAY['nl', 'en', 'de'])[1 + i %% 3], (ARRAY['anger', 'joy', 'optimism', 'sadness'])[1 + (i * 7) %% 4], 0.8,
  CASE WHEN i %% 2 = 0 THEN (ARRAY['anger', 'joy', 'optimism', 'sadness'])[1 + (i * 7 + (i %% 11) / 10) %% 4] END,
  i %% 3 > 0, 500 + i %% 4000, 30 + i %% 300
FROM generate_series(1::bigint, %(rows)s) AS i
"""
RAW = """
SELECT gold, predicted, count(*), count(DISTINCT subject), avg(resolved::int),
  percentile_cont(0.5) WITHIN GROUP (ORDER BY first_response_ms)
FROM metrics_interaction WHERE system_id = %s AND occurred_at >= %s GROUP BY gold, predicted
"""


def run(size: str) -> Table:
    """All figures of one system over a year from daily rollups, against one GROUP BY over the rows of that year."""
    table = Table(
        ("interactions", "dashboard, ms", "CPU ms", "times the smallest", "raw GROUP BY, ms", "raw / dashboard"),
        "All figures of one system over a year, from daily rollups, against one GROUP BY over the rows of that year:",
    )  # fmt: skip
    first = 0.0
    for rows in ROWS[size]:
        page, raw = _measure(rows)
        first = first or page.wall
        table.rows.append((
            f"{rows:,}", f"{page.wall * 1e3:,.0f}", f"{page.cpu * 1e3:,.0f}", f"{page.wall / first:.1f}",
            f"{raw.wall * 1e3:,.0f}", f"{raw.wall / page.wall:,.1f}",
        ))  # fmt: skip
    return table


def _measure(rows: int) -> tuple[Cost, Cost]:
    from metrics.dashboards import selectors
    from metrics.dashboards.rules import preset_range
    from metrics.rollups.services import TABLES, rebuild
    from tests import make

    with taken_back() as cursor:
        system = make.system()
        cursor.execute(FILL, {"system": system.pk, "rows": rows})
        rebuild(system=system)
        cursor.execute(f"ANALYZE metrics_interaction, {', '.join(TABLES)}")

        def from_rows() -> None:
            cursor.execute(RAW, [system.pk, days_ago(365)])
            cursor.fetchall()

        span = preset_range("year", days_ago(0))
        page = typical(lambda: selectors.boards([system], span))
        return page, typical(from_rows, times=3 if rows > 1_000_000 else 5)
