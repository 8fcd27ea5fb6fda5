"""Consent coverage: the audit's one statement, intervals made beforehand, and a query for every reading."""

from datetime import timedelta
from typing import Any

from benchmarks.decisions import EVENTS, hold, prepared
from benchmarks.ground import Table, measured

READINGS = {"small": 50_000, "medium": 200_000, "large": 1_000_000}
SAMPLE = 2_000
"""Readings that are asked for one by one; the cost of all is worked out from them."""
_READINGS = """
INSERT INTO metrics_interaction (system_id, source_id, occurred_at, batch_id, content, flow_id, basis, reason,
  policy_version, subject, subject_role, modality, purpose)
SELECT %(system)s, 'r-' || n, now() - (n * 7919 %% 300) * interval '1 day' - (n %% 86000) * interval '1 second',
       gen_random_uuid(), gen_random_uuid(), %(flow)s, 'allow', 'consented', 1,
       people.digests[1 + (n * 104729 %% %(people)s)], 'customer', 'text', 'service'
FROM generate_series(1::bigint, %(readings)s) n
CROSS JOIN (SELECT array_agg(digest ORDER BY subject_id) AS digests FROM governance_alias WHERE system_id = %(system)s)
  AS people
"""
_INTERVALS = """
CREATE TABLE bench_valid AS
SELECT subject_id, purpose, modality, tstzrange(effective_at, lead(effective_at) OVER (
         PARTITION BY subject_id, purpose, modality ORDER BY effective_at, recorded_at)) AS valid, action
FROM governance_consentevent WHERE system_id = %s AND action <> 'requested'
"""
_PREBUILT = """
SELECT count(*), count(*) FILTER (WHERE v.action IN ('given', 'renewed'))
FROM metrics_interaction i
LEFT JOIN governance_alias a ON a.system_id = i.system_id AND a.digest = i.subject
LEFT JOIN bench_valid v ON v.subject_id = a.subject_id AND v.purpose = i.purpose AND v.modality = i.modality
                       AND v.valid @> i.occurred_at
WHERE i.system_id = %s AND NOT i.test
"""
_ONE = """
SELECT e.action FROM governance_alias a JOIN governance_consentevent e ON e.subject_id = a.subject_id
WHERE a.system_id = %s AND a.digest = %s AND e.system_id = a.system_id AND e.purpose = %s AND e.modality = %s
  AND e.effective_at <= %s
ORDER BY e.effective_at DESC, e.recorded_at DESC LIMIT 1
"""


def run(size: str) -> Table:
    """Seconds of each way over the same readings, with the counts they come to."""
    from django.db import connection, connections

    events, people = EVENTS[size]
    readings = READINGS[size]
    system, _headers = prepared(events, people)
    with connection.cursor() as cursor:
        values = {"system": system.pk, "flow": system.flows.get().pk, "people": people, "readings": readings}
        cursor.execute(_READINGS, values)
        with connections["owner"].cursor() as owner:  # of the schema: the portal itself may make no tables
            owner.execute(_INTERVALS, [system.pk])
            owner.execute("GRANT SELECT ON bench_valid TO attune_app")
            owner.execute("VACUUM ANALYZE")
        ways = _ways(system, readings, cursor)
    table = Table(
        ("way", "s", "CPU s", "times the intervals", "covered"),
        f"{readings:,} readings against {events:,} consent events of {people:,} people. The audit makes its "
        "intervals on the fly, judges explicitness, expiry and changed notices, and answers twice (now and then):",
    )
    first = ways[0][1]
    for way, wall, used, covered in ways:
        table.rows.append((way, f"{wall:.2f}", f"{used:.2f}", f"{wall / first:.1f}", covered))
    return table


def _ways(system: Any, readings: int, cursor: Any) -> list[tuple[str, float, float, str]]:
    from django.utils import timezone

    from governance.audits.registry import AuditScope
    from metrics.audits import coverage

    today = timezone.now().date()
    scope = AuditScope(
        system=system, targets={}, seed=0, date_from=today - timedelta(days=400), date_to=today
    )
    answers: dict[str, tuple[int, int]] = {}

    def prebuilt() -> None:
        cursor.execute(_PREBUILT, [system.pk])
        answers["prebuilt"] = cursor.fetchone()

    def audit() -> None:
        rows = coverage.counted(coverage.question(scope))
        answers["audit"] = (sum(r.n for r in rows), sum(r.n for r in rows if not r.why_now))

    def one_by_one() -> None:
        cursor.execute(
            "SELECT subject, purpose, modality, occurred_at FROM metrics_interaction WHERE system_id = %s"
            " ORDER BY source_id LIMIT %s",
            [system.pk, SAMPLE],
        )
        good = 0
        for row in cursor.fetchall():
            cursor.execute(_ONE, [system.pk, *row])
            found = cursor.fetchone()
            good += found is not None and found[0] in ("given", "renewed")
        answers["sample"] = (SAMPLE, good)

    found = []
    for cores, work in ((1, prebuilt), (1, audit), (None, prebuilt), (None, audit)):
        # the database divides the simpler statement over its cores: first both on one, where the work is compared
        cursor.execute("RESET max_parallel_workers_per_gather")
        if cores:
            cursor.execute("SET max_parallel_workers_per_gather = 0")
        work()
        cost = min((measured(work) for _ in range(3)), key=lambda one: one.wall)
        found.append((cost.wall, cost.cpu))
    hold(answers["prebuilt"] == answers["audit"], f"the ways disagree: {answers}")
    cost = measured(one_by_one)
    share = readings / SAMPLE
    covered = f"{answers['audit'][1]:,} of {answers['audit'][0]:,}"
    k, n = answers["sample"][1], SAMPLE
    return [
        ("intervals made beforehand, one join, on one core", *found[0], covered),
        ("the audit: one statement, on one core", *found[1], covered),
        ("intervals made beforehand, all cores", *found[2], covered),
        ("the audit, all cores", *found[3], covered),
        (f"a query for every reading (from {n:,})", cost.wall * share, cost.cpu * share, f"{k:,} of {n:,}"),
    ]
