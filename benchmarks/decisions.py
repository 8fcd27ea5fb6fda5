"""Decisions over HTTP: one and a thousand at once, against an empty call and the bare look-up of the fact."""

import importlib
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from benchmarks.gate import BARE
from benchmarks.ground import Table, cpu

EVENTS = {
    "small": (50_000, 10_000),
    "medium": (200_000, 40_000),
    "large": (1_000_000, 200_000),
    "huge": (10_000_000, 200_000),
}
"""Consent events and people; `huge` only on demand, for the comparison with `large`."""
MANY = 1_000
CALLS = {"small": 300, "medium": 1_000, "large": 2_000, "huge": 2_000}
BATCHES = 20
_PEOPLE = """
WITH made AS (
  INSERT INTO governance_subject (role, minor) SELECT 'customer', 'no' FROM generate_series(1, %(people)s) RETURNING id
), numbered AS (SELECT id, row_number() OVER () AS n FROM made)
INSERT INTO governance_alias (system_id, digest, subject_id)
SELECT %(system)s, d.digest, numbered.id FROM numbered
JOIN unnest(%(digests)s::uuid[]) WITH ORDINALITY AS d(digest, n) ON d.n = numbered.n
"""
_EVENTS = """
INSERT INTO governance_consentevent (id, system_id, subject_id, purpose, modality, action, explicit, minor,
  effective_at, recorded_at, notice_id, method, actor, evidence_hash, source, source_event, content)
SELECT gen_random_uuid(), %(system)s, p.id, 'service', 'text',
       CASE WHEN g = %(each)s AND p.n %% 20 = 0 THEN 'withdrawn' WHEN g = 1 THEN 'given' ELSE 'renewed' END,
       true, 'no', t.at, t.at, %(notice)s, 'app', 'subject', '', 'bench', p.n || '-' || g, gen_random_uuid()
FROM (SELECT subject_id AS id, row_number() OVER () AS n FROM governance_alias WHERE system_id = %(system)s) p
CROSS JOIN generate_series(1, %(each)s) g
CROSS JOIN LATERAL (SELECT now() - interval '300 days' + g * interval '1 day' AS at) t
"""


def run(size: str) -> Table:
    """Milliseconds at the median and the 99th percentile, and decisions per CPU second."""
    from django.db import connections

    events, people = EVENTS[size]
    system, headers = prepared(events, people)
    with connections["owner"].cursor() as owner:  # what the server does by itself after a while
        owner.execute("VACUUM ANALYZE")
    from django.test import override_settings

    importlib.import_module("portal.wsgi")  # as the web server begins: what was loaded is left to itself
    with override_settings(ROOT_URLCONF="benchmarks.empty"):
        return _table(events, people, CALLS[size], _ways(system, headers, people))


def _table(events: int, people: int, calls: int, ways: tuple[Callable[[int], object], ...]) -> Table:
    bare, empty, single, batch = ways
    found: list[tuple[str, list[float], float, int, float]] = [
        ("bare SQL look-up of one word", *timed(bare, calls), 1, together(bare, calls)),
        ("empty call with a key", *timed(empty, calls), 1, together(empty, calls)),
        ("`POST decisions`, one", *timed(single, calls), 1, together(single, calls)),
        (f"`POST decisions`, {MANY:,} at once", *timed(batch, BATCHES), MANY, together(batch, BATCHES)),
    ]
    head = (
        "way", "p50 ms", "p99 ms", "per second", "per second, two processes", "per CPU second", "p50 / look-up",
        "p99 / look-up", "p50 / empty call",
    )  # fmt: skip
    table = Table(
        head,
        f"{events:,} consent events of {people:,} people; another person each time. Calls go through all of the "
        "portal (middleware, key, parsing, gate, answer) in the process of the test client, so without a socket; CPU "
        "is that of the process and of its database session. The ratios are for one decision:",
    )
    medians = [statistics.median(walls) for _way, walls, _used, _n, _both in found]
    look, slow = medians[0], percentile(found[0][1], 99)
    rates = []
    for median, (way, walls, used, n, both) in zip(medians, found, strict=True):
        rates.append(n * len(walls) / used if used else 0.0)
        table.rows.append(
            (
                way,
                f"{median * 1e3:.2f}",
                f"{percentile(walls, 99) * 1e3:.2f}",
                f"{n / statistics.mean(walls):,.0f}",
                f"{n * both:,.0f}",
                f"{rates[-1]:,.0f}",
                f"{median / n / look:.2f}",
                f"{percentile(walls, 99) / n / slow:.2f}",
                f"{median / n / medians[1]:.3f}",
            )
        )
    table.aim("one decision / an empty call, p50", medians[2] / medians[1], 2)
    table.aim("one decision / the look-up, p50", medians[2] / look, 25)
    table.aim("decisions per CPU second, in batches / one by one", rates[3] / rates[2], 50, at_least=True)
    return table


def together(work: Callable[[int], object], times: int) -> float:
    """Calls per second of two processes at once, each with a connection of its own."""
    from django.db import connections

    connections.close_all()  # a process that is forked must not share the session
    start = time.perf_counter()
    fork = multiprocessing.get_context("fork")
    both = [fork.Process(target=_calls, args=(work, n * times, times)) for n in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    hold(all(one.exitcode == 0 for one in both), "a process failed")
    return 2 * times / (time.perf_counter() - start)


def _calls(work: Callable[[int], object], first: int, times: int) -> None:
    for n in range(first, first + times):
        work(n)


def _ways(system: Any, headers: dict[str, str], people: int) -> tuple[Callable[[int], object], ...]:
    from django.db import connection
    from django.test import Client
    from django.urls import reverse

    from governance.consent.pseudonyms import pseudonym

    client = Client()
    decisions = reverse("api_decisions")

    def person(n: int) -> str:
        return f"customer-{n * 7919 % people}"

    def question(n: int) -> dict[str, str]:
        return {"subject": person(n), "subject_role": "customer", "purpose": "service", "modality": "text"}

    def post(address: str, body: Any) -> Any:
        answer = client.post(address, json.dumps(body), content_type="application/json", **headers)  # type: ignore[arg-type]
        hold(answer.status_code == 200, f"{address} answered {answer.status_code}: {answer.content[:300]!r}")
        return answer

    def bare(n: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(BARE, [system.pk, pseudonym(system.pk, person(n))])
            cursor.fetchall()

    def empty(_n: int) -> None:
        post("/api/v1/empty", {})

    def single(n: int) -> None:
        post(decisions, question(n))

    def batch(n: int) -> None:
        post(decisions, {"items": [question(n * MANY + k) for k in range(MANY)]})

    asked = post(decisions, {"items": [question(n) for n in range(MANY)]}).json()["items"]
    outcomes = {one["reason"] for one in asked}
    hold(outcomes == {"consented", "withdrawn"}, f"the gate answered {outcomes}")
    return bare, empty, single, batch


def hold(fine: bool, why: str) -> None:
    """Stop where a benchmark would measure something else than it says. Raises SystemExit."""
    if not fine:
        raise SystemExit(why)


def timed(work: Callable[[int], object], times: int) -> tuple[list[float], float]:
    """(seconds of each call, CPU seconds of all), after some to warm up."""
    for n in range(max(3, times // 20)):
        work(n + times)
    walls, used = [], cpu()
    for n in range(times):
        clock = time.perf_counter()
        work(n)
        walls.append(time.perf_counter() - clock)
    return walls, cpu() - used


def percentile(values: list[float], share: int) -> float:
    """The value below which `share` per cent of the values lie."""
    return sorted(values)[min(len(values) - 1, len(values) * share // 100)]


def prepared(events: int, people: int) -> tuple[Any, dict[str, str]]:
    """A system in force whose policy asks consent, `people` who gave it in `events` words, and a key that may ask."""
    from django.db import connection
    from django.utils import timezone

    from governance.consent.models import Notice
    from governance.consent.pseudonyms import pseudonym
    from tests import make

    system = make.live_system(make.PERMIT_BY_CONSENT)
    notice = Notice.objects.get(system=system)
    hold(
        notice.effective_at < timezone.now() - timedelta(days=300), "the notice must be older than the events"
    )
    values = {"system": system.pk, "people": people, "each": events // people, "notice": notice.pk}
    digests = [pseudonym(system.pk, f"customer-{n}") for n in range(people)]
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, values | {"digests": digests})
        cursor.execute(_EVENTS, values)
    _key, plain = make.api_key(system, scopes=("decisions:read",))
    return system, make.bearer(plain)
