"""Taking in interactions: the whole path against the raw limit of PostgreSQL, and against the customary ways in DRF."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks import drf
from benchmarks.ground import Cost, Table, measured

ROWS = {"small": 10_000, "medium": 50_000, "large": 200_000}
BATCH, PEOPLE = 5_000, 5_000
BY_HAND = 2_000  # rows for the ways that go row by row
LABELS = ("anger", "joy", "optimism", "sadness")
RAW = ["uuid", "text", "timestamptz", "uuid", "uuid", *["text"] * 7, "float8", "int8", "bool"]
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)


def items(start: int, count: int) -> list[dict[str, Any]]:
    """Interactions as a client sends them: conversations of eight turns, a tenth with a true label."""
    return [
        {
            "id": f"turn-{n}",
            "occurred_at": (BEGIN + timedelta(seconds=37 * n % 20_000_000)).isoformat(),
            "modality": "text",
            "purpose": "service",
            "subject_role": "customer",
            "subject": f"customer-{n // 8 % PEOPLE}",
            "session": f"session-{n // 8}",
            "channel": "chat",
            "language": "nl" if n % 3 else "en",
            "predicted": LABELS[n % 4],
            "confidence": 0.5 + (n % 50) / 100,
            "gold": LABELS[(n + (n % 7 == 0)) % 4] if n % 10 == 0 else None,
            "disclosed_at": BEGIN.isoformat(),
            "first_response_ms": 200 + n % 4000,
            "resolved": n % 5 > 0,
        }
        for n in range(start, start + count)
    ]


def run(size: str) -> Table:
    """Rows per second and CPU per row of each way, in one run."""
    import orjson
    from django.db import connection

    rows, system = ROWS[size], prepared()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    bodies = [orjson.dumps({"items": items(start, BATCH)}) for start in range(0, rows, BATCH)]
    table = Table(
        ("way", "rows/s", "CPU µs per row", "share of raw COPY by CPU", "rows per CPU second, times the last"),
        f"{rows:,} interactions in batches of {BATCH:,}, everything on (validation, pseudonyms, consent of every "
        "person, storing, rollups, receipt, ledger event in one transaction), against one binary COPY of 15 columns "
        f"into a table without an index, and against two ways in DRF ({BY_HAND:,} rows): a serializer with "
        "`bulk_create` that asks nobody and counts nothing, and a model serializer that asks consent, saves and counts "
        "item by item:",
    )  # fmt: skip
    small = items(900_000_000, BY_HAND)
    costs: list[tuple[str, int, Cost]] = [
        ("raw COPY", rows * 4, measured(lambda: raw_copy(rows * 4))),
        ("whole ingest", rows, measured(lambda: take_in(system, bodies))),
        ("DRF, validate and bulk_create only", BY_HAND, measured(lambda: drf.in_bulk(system, small))),
        ("DRF, the same work item by item", BY_HAND, measured(lambda: drf.item_by_item(system, small))),
    ]
    limit, slowest = costs[0][2].cpu / costs[0][1], costs[-1][2].cpu / costs[-1][1]
    for way, n, cost in costs:
        each = cost.cpu / n
        table.rows.append(
            (way, f"{n / cost.wall:,.0f}", cost.per(n), f"{limit / each:.1%}", f"{slowest / each:,.1f}")
        )
    return table


def take_in(system: Any, bodies: list[bytes]) -> None:
    """Every body through the service that the API calls."""
    from metrics.ingest.services import receive

    for body in bodies:
        receipt = receive(system=system, items=body, by="system")
        if receipt["counts"] != {"accepted": BATCH} or receipt["items"][0]["basis"] != "allow":
            raise SystemExit(f"not what was sent: {receipt['counts']}, {receipt['items'][0]}")


def raw_copy(rows: int) -> None:
    """The limit: one binary COPY of 15 columns, no index, no check."""
    from django.db import connection, transaction

    one = uuid.uuid4()
    row = (one, "turn-1", BEGIN, one, one, *["text"] * 7, 0.5, 1, True)
    with transaction.atomic(), connection.cursor() as cursor:
        columns = ", ".join(f"c{n} {kind}" for n, kind in enumerate(RAW))
        cursor.execute(f"CREATE TEMP TABLE raw_limit ({columns}) ON COMMIT DROP")
        with cursor.copy("COPY raw_limit FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(RAW)
            for _ in range(rows):
                copy.write_row(row)


def prepared() -> Any:
    """A system with a flow in force, a policy that needs consent, and the consent of everybody."""
    from governance.consent.services import record_consent_events
    from tests import make

    system = make.live_system(make.PERMIT_BY_CONSENT)
    at = "2026-01-02T00:00:00Z"
    events = [make.consent(n, subject=f"customer-{n}", effective_at=at) for n in range(PEOPLE)]
    for start in range(0, PEOPLE, 5000):
        record_consent_events(system=system, items=events[start : start + 5000], by="system")
    return system
