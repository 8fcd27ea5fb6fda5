"""May this be processed? One decision, and many at once, against the bare look-up that they cannot do without."""

from benchmarks.ground import Cost, Table, typical

PEOPLE = {"small": 1_000, "medium": 5_000, "large": 5_000}
MANY = 1_000
BARE = """
SELECT e.action FROM governance_alias a JOIN governance_consentevent e ON e.subject_id = a.subject_id
WHERE a.system_id = %s AND a.digest = %s AND e.system_id = a.system_id AND e.purpose = 'service' AND e.modality = 'text'
ORDER BY e.effective_at DESC LIMIT 1
"""


def run(size: str) -> Table:
    """Milliseconds of one decision alone and in a batch."""
    from django.db import connection

    from benchmarks import ingest
    from governance.consent.pseudonyms import pseudonym
    from governance.gate.services import decide

    system = ingest.prepared()
    people = PEOPLE[size]

    def question(n: int) -> dict[str, str]:
        return {
            "subject": f"customer-{n % people}", "subject_role": "customer", "purpose": "service", "modality": "text",
        }  # fmt: skip

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        digest = pseudonym(system.pk, "customer-7")

        def bare() -> None:
            cursor.execute(BARE, [system.pk, digest])
            cursor.fetchall()

        ways: list[tuple[str, Cost, int]] = [
            ("bare SQL look-up of one word", typical(bare, batch=50), 1),
            ("one decision", typical(lambda: decide(system=system, items=[question(7)]), batch=20), 1),
            (
                f"one of {MANY:,} decisions asked at once",
                typical(lambda: decide(system=system, items=[question(n) for n in range(MANY)])),
                MANY,
            ),
        ]
    table = Table(
        ("way", "ms", "CPU ms", "times the look-up"),
        f"One system, {ingest.PEOPLE:,} people who gave consent; a decision reads flows, policy, notices and what the "
        "person said, with no cache that could hide a withdrawal:",
    )  # fmt: skip
    first = ways[0][1].wall
    for way, cost, n in ways:
        each = cost.wall / n
        table.rows.append((way, f"{each * 1e3:.3f}", f"{cost.cpu / n * 1e3:.3f}", f"{each / first:.1f}"))
    return table
