"""What must hold after every round: the database compared with the clients' books, by plain SQL and by the product.

Nothing here trusts a counter of the product: rows are compared one by one with what was sent and acknowledged.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from django.db import connection

from tests.chaos.books import Books, stored


@dataclass
class Findings:
    """Figures of one comparison, and a sentence for everything that is not as it must be."""

    rows: int = 0
    lost: int = 0  # acknowledged, not there
    double: int = 0  # counted or accepted more than once
    wrong: int = 0  # there with other content, or never sent
    halves: int = 0  # batches that are there in part
    differing: int = 0  # rollup cells that are not what the rows say
    faults: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not (self.lost or self.double or self.wrong or self.halves or self.differing or self.faults)

    def add(self, other: "Findings") -> None:
        """Take another comparison's findings into these."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    def need(self, holds: bool, text: str) -> None:
        """A fault unless it holds; the first ten are enough to see what is the matter."""
        if not holds and len(self.faults) < 10:
            self.faults.append(text)


def select(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """All rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def interactions(books: Books, slug: str, system: Any) -> Findings:
    """Every acknowledged item is there once, with its content, under the batch whose receipt says so."""
    found = Findings()
    rows = select(
        "SELECT source_id, batch_id::text, revision, occurred_at, basis, predicted, gold, language, channel, confidence"
        " FROM metrics_interaction WHERE system_id = %s",
        system.pk,
    )
    sent = {n for one in books.batches.values() if one.system == slug for n in one.numbers}
    accepted = books.accepted[slug]
    present: set[int] = set()
    for name, batch, revision, *content in rows:
        n = int(name.removeprefix("i-"))
        found.double += n in present
        present.add(n)
        found.wrong += n not in sent or revision != 0 or tuple(content) != stored(slug, n)
        found.double += accepted.get(n, batch) != batch  # accepted there, counted here
    found.rows, found.lost = len(rows), len(books.known[slug] - present)
    return found


def batches(books: Books, slug: str, system: Any) -> Findings:
    """A batch is whole or absent, one per key, and an acknowledged one is there under the id of its receipt."""
    found = Findings()
    written = dict(
        select(
            "SELECT batch_id, count(*) FROM metrics_interaction WHERE system_id = %s GROUP BY 1", system.pk
        )
    )
    known = select("SELECT id, idempotency_key, counts FROM metrics_batch WHERE system_id = %s", system.pk)
    for batch_id, key, raw in known:
        counts = _counts(raw)
        sent = books.batches.get(key)
        found.need(sent is not None, f"a batch under the key {key} that nobody sent")
        whole = sent is not None and sum(counts.values()) == len(sent.numbers)
        found.halves += not whole or written.pop(batch_id, 0) != counts.get("accepted", 0)
    found.halves += len(written)  # rows of a batch that does not exist
    ids = {key: str(batch_id) for batch_id, key, _counts in known}
    for one in books.batches.values():
        if one.system == slug and one.receipt is not None:
            found.need(
                ids.get(one.key) == one.receipt["receipt"], f"the batch of key {one.key} is not its receipt's"
            )
    return found


def _counts(raw: Any) -> dict[str, int]:
    import orjson

    return dict(orjson.loads(raw) if isinstance(raw, str | bytes) else raw)


_CELLS = {
    "interactions of a day": """
        SELECT count(*) FROM (
            SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, count(*) AS n
            FROM metrics_interaction WHERE system_id = %(system)s GROUP BY 1) raw
        FULL JOIN (SELECT day, value FROM metrics_dayrollup WHERE system_id = %(system)s AND key = 'interactions') up
        USING (day) WHERE raw.n IS DISTINCT FROM up.value""",
    "readings per label": """
        SELECT count(*) FROM (
            SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, 'predicted.' || predicted AS key, count(*) AS n
            FROM metrics_interaction WHERE system_id = %(system)s AND predicted IS NOT NULL GROUP BY 1, 2) raw
        FULL JOIN (SELECT day, key, value FROM metrics_dayrollup
                   WHERE system_id = %(system)s AND key LIKE 'predicted.%%') up
        USING (day, key) WHERE raw.n IS DISTINCT FROM up.value""",
    "confusion": """
        SELECT count(*) FROM (
            SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, gold, predicted, count(*) AS n
            FROM metrics_interaction WHERE system_id = %(system)s AND gold IS NOT NULL AND predicted IS NOT NULL
            GROUP BY 1, 2, 3) raw
        FULL JOIN (SELECT day, gold, predicted, sum(n) AS n FROM metrics_confusionrollup
                   WHERE system_id = %(system)s AND slice = '' GROUP BY 1, 2, 3) up
        USING (day, gold, predicted) WHERE raw.n IS DISTINCT FROM up.n""",
    "people of a day": """
        SELECT count(*) FROM (
            SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, subject, count(*) AS n
            FROM metrics_interaction WHERE system_id = %(system)s AND subject IS NOT NULL GROUP BY 1, 2) raw
        FULL JOIN (SELECT day, subject, n FROM metrics_personday
                   WHERE system_id = %(system)s AND topic = 'interactions') up
        USING (day, subject) WHERE raw.n IS DISTINCT FROM up.n""",
}
"""How many cells differ, by a GROUP BY of our own over the rows."""


def rollups(system: Any) -> Findings:
    """Rollups equal rows: by the statements above, then by the product's own rebuild of every cell."""
    from metrics.rollups.services import rebuild

    found = Findings()
    with connection.cursor() as cursor:
        for sql in _CELLS.values():
            cursor.execute(sql, {"system": system.pk})
            found.differing += cursor.fetchone()[0]
    rebuilt = rebuild(system=system)["differing"]
    found.differing = max(found.differing, rebuilt)
    return found


def consents(books: Books, system: Any) -> Findings:
    """Every acknowledged consent event is there once, under the id that was acknowledged."""
    found = Findings()
    rows = select(
        "SELECT source_event, id::text, recorded_at FROM governance_consentevent WHERE system_id = %s AND source = %s",
        system.pk,
        "chaos",
    )
    present = {int(name.removeprefix("c-")): event for name, event, _at in rows}
    found.rows, found.double = len(rows), len(rows) - len(present)
    found.lost = sum(present.get(n) != event for n, event in books.consents.items())
    found.wrong = len(set(present) - books.consents_sent)
    recorded = [
        body["counts"]["accepted"] for _subject, body in events("consent.events_recorded", system.subject)
    ]
    setup = select(
        "SELECT count(*) FROM governance_consentevent WHERE system_id = %s AND source <> 'chaos'", system.pk
    )[0][0]
    found.need(
        sum(recorded) == len(rows) + setup,
        f"the ledger knows {sum(recorded)} consent events, {len(rows)} are there",
    )
    return found


def events(type: str, subject: str = "") -> list[tuple[str, dict[str, Any]]]:
    """(subject, body) of every event of a type, in the tree or still before it; one that is in both counts twice."""
    rows = select(
        "SELECT e.subject, b.body FROM (SELECT event, type, subject FROM portal_leaf UNION ALL"
        " SELECT event, type, subject FROM portal_pendingevent) e JOIN portal_ledgerbody b USING (event)"
        " WHERE e.type = %s AND (%s = '' OR e.subject = %s)",
        type,
        subject,
        subject,
    )
    return [(subject, _counts(body)) for subject, body in rows]


def ledger(systems: Iterable[Any]) -> Findings:
    """The ledger verifies, and every batch stands in it exactly once."""
    from portal.ledger.verify import verify

    found = Findings()
    report = verify()
    found.need(report.ok, f"the ledger does not verify: {[fault.message for fault in report.faults[:3]]}")
    for system in systems:
        written = Counter(body["batch"] for _subject, body in events("ingest.batch_received", system.subject))
        there = {
            str(row[0]) for row in select("SELECT id FROM metrics_batch WHERE system_id = %s", system.pk)
        }
        found.need(
            set(written) == there,
            f"{len(there)} batches, {len(written)} of them in the ledger ({system.slug})",
        )
        found.double += sum(n - 1 for n in written.values())
    return found


def whole(books: Books, systems: dict[str, Any], asking: str) -> Findings:
    """Everything about what came in, after all clients have ended their calls."""
    found = Findings()
    for slug in books.known:
        for one in (
            interactions(books, slug, systems[slug]),
            batches(books, slug, systems[slug]),
            rollups(systems[slug]),
        ):
            found.add(one)
    found.add(consents(books, systems[asking]))
    found.add(ledger(systems[slug] for slug in books.known))
    return found
