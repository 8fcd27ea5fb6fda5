"""Two at once, over real connections: nothing lost, nothing twice, one receipt, no deadlock."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

from django.db import connection

from governance.consent.models import Alias, ConsentEvent, Subject
from governance.consent.services import record_consent_events
from metrics.ingest.models import Batch, Interaction
from metrics.ingest.services import receive, receive_labels
from metrics.rollups import selectors
from metrics.rollups.services import rebuild
from tests import make

YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def at_once(work: Any, arguments: list[Any]) -> list[Any]:
    """Run the calls in as many threads, each with its own connection."""

    def one(argument: Any) -> Any:
        try:
            return work(argument)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(one, arguments))


def test_overlapping_batches_in_any_order_store_each_item_once(committed_db: object) -> None:
    system = make.live_system()
    numbers = list(range(60))
    orders = [numbers, numbers[::-1], numbers[30:] + numbers[:30], numbers[::2] + numbers[1::2]]

    def send(order: list[int]) -> dict[str, int]:
        items = [make.item(n, gold="joy", occurred_at=f"2026-03-{1 + n % 20:02}T10:00:00Z") for n in order]
        return dict(receive(system=system, items=items, by="system")["counts"])

    counts: Counter[str] = Counter()
    for found in at_once(send, orders):
        counts.update(found)
    assert counts == {"accepted": 60, "duplicate": 180}
    assert Interaction.objects.filter(system_id=system.pk).count() == 60
    assert selectors.totals(system, *YEAR)["interactions"] == 60
    assert rebuild(system=system)["differing"] == 0


def test_the_same_key_at_the_same_moment_gives_one_receipt(committed_db: object) -> None:
    system = make.live_system()

    def send(_n: int) -> Any:
        return receive(system=system, items=[make.item(1)], by="system", idempotency_key="k")

    first, *others = at_once(send, [1, 2, 3, 4])
    assert all(other == first for other in others)
    assert Batch.objects.filter(system_id=system.pk).count() == 1


def test_corrections_labels_and_batches_at_once_leave_the_rollups_right(committed_db: object) -> None:
    system = make.live_system()
    make.receive(system, *[make.item(n, predicted="joy") for n in range(20)])

    def work(n: int) -> Any:
        if n % 3 == 0:
            items = [make.item(k, predicted="anger", gold="joy", correction=True) for k in range(20)]
            return receive(system=system, items=items, by="system")
        if n % 3 == 1:
            labels = [{"id": f"i-{k}", "rater": f"r{n}", "label": "joy"} for k in range(20)]
            return receive_labels(system=system, items=labels, by="system")
        return receive(system=system, items=[make.item(f"{n}-{k}") for k in range(20)], by="system")

    at_once(work, list(range(6)))
    assert rebuild(system=system)["differing"] == 0
    assert selectors.totals(system, *YEAR)["interactions"] == 60


def test_two_withdrawals_at_once_are_one_event_and_one_person(committed_db: object) -> None:
    system = make.live_system(make.PERMIT_BY_CONSENT)
    said = make.consent(1, action="withdrawn", notice_version=None)
    answers = at_once(
        lambda _n: record_consent_events(system=system, items=[said], by="system"), [1, 2, 3, 4]
    )
    assert sorted(a[0]["status"] for a in answers) == ["accepted", "duplicate", "duplicate", "duplicate"]
    assert (ConsentEvent.objects.count(), Alias.objects.count(), Subject.objects.count()) == (1, 1, 1)
