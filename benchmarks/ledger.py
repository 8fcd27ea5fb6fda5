"""The ledger: what it adds to a transaction to record an event, to put it into the tree, to verify the tree."""

from typing import Any

from benchmarks.ground import Table, measured

EVENTS = {"small": 2_000, "medium": 10_000, "large": 100_000}


def run(size: str) -> Table:
    """Append, sequence, verify; against a bare INSERT of the same bytes."""
    from django.db import connection, transaction

    from portal.ledger import sequencer, signer, verify
    from portal.ledger.services import record

    n = EVENTS[size]
    body = {"batch": "0" * 36, "kind": "benchmark", "body_sha256": "0" * 64, "counts": {"accepted": 5000}}

    def bare() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMP TABLE bare_event (id bigserial PRIMARY KEY, body jsonb) ON COMMIT DROP"
            )
            for _ in range(n):
                cursor.execute(
                    "INSERT INTO bare_event (body) VALUES (%s::jsonb)", [str(body).replace("'", '"')]
                )

    def append() -> None:
        with transaction.atomic():
            for number in range(n):
                record(type="benchmark.event", by="system", subject=f"benchmark:{number}", body=body)

    def sequence() -> None:
        while sequencer.run_once():
            pass

    def check() -> None:
        report = verify.verify()
        if not report.ok or report.size < n:
            raise SystemExit(f"the ledger does not verify: {report.to_dict()}")

    costs: list[tuple[str, Any]] = [
        ("bare INSERT of the same JSON", measured(bare)),
        ("append an event", measured(append)),
    ]
    costs.append(("put it into the tree", measured(sequence, using="ledger")))
    signer.checkpoint()
    costs.append(("verify it (and every checkpoint)", measured(check)))
    table = Table(
        ("step", "events/s", "CPU µs per event", "times the bare INSERT"),
        f"{n:,} events, against the same number of bare INSERTs of the same JSON into a table with a key:",
    )
    first = costs[0][1].cpu
    for step, cost in costs:
        table.rows.append((step, f"{n / cost.wall:,.0f}", cost.per(n), f"{cost.cpu / first:.1f}"))
    return table
