"""The comparison of `make chaos` sees what it is there to see: each fault is planted, and named."""

import uuid
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from metrics.ingest.services import receive
from portal.jobs import runner
from portal.ledger.services import record
from tests import make
from tests.chaos import governed, invariants
from tests.chaos.books import ASKING, PLAIN, Batch, Books, consent, item
from tests.chaos.invariants import Findings
from tests.chaos.scene import reading_system


def systems_of_the_clients() -> dict[str, Any]:
    """The two of them; consent was asked of nobody yet."""
    unit = make.unit()
    rules = {PLAIN: make.PERMIT_BY_CONTRACT, ASKING: make.PERMIT_BY_CONSENT}
    return {slug: reading_system(slug, unit, rule) for slug, rule in rules.items()}


def filled(systems: dict[str, Any]) -> Books:
    """Three batches of ten, the last of which overlaps, and ten consent events; all acknowledged."""
    found = Books()
    for numbers in (range(10), range(10, 20), range(15, 30)):
        send(found, systems[PLAIN], tuple(numbers))
    events = range(100, 110)
    found.consents_sent |= set(events)
    from governance.consent.services import record_consent_events

    answers = record_consent_events(
        system=systems[ASKING], items=[consent(n) for n in events], by="system", source="chaos"
    )
    found.answered_consents(events, answers)
    return found


def send(books: Books, system: Any, numbers: tuple[int, ...]) -> Batch:
    batch = books.batches.setdefault(f"b-{numbers[0]}", Batch(PLAIN, f"b-{numbers[0]}", numbers))
    receipt = receive(system=system, items=[item(n) for n in numbers], by="system", idempotency_key=batch.key)
    books.answered(batch, receipt)
    return batch


@pytest.fixture
def systems(db: None) -> dict[str, Any]:
    return systems_of_the_clients()


@pytest.fixture
def books(systems: dict[str, Any]) -> Books:
    return filled(systems)


def receipt_of(books: Books) -> dict[str, Any]:
    receipt = books.batches["b-0"].receipt
    assert receipt is not None
    return receipt


def change(sql: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def test_nothing_is_found_where_nothing_is_wrong(books: Books, systems: dict[str, Any]) -> None:
    found = invariants.whole(books, systems, ASKING)
    assert (found.ok, found.rows) == (True, 40), found
    assert len(books.known[PLAIN]) == 30
    assert not books.faults


PLANTED: dict[str, tuple[str, str]] = {
    "an item is gone": ("DELETE FROM metrics_interaction WHERE source_id = 'i-3'", "lost"),
    "a batch is there in part": (
        "DELETE FROM metrics_interaction WHERE source_id IN ('i-10', 'i-12')",
        "halves",
    ),
    "a batch has rows but no receipt": ("DELETE FROM metrics_batch WHERE idempotency_key = 'b-10'", "halves"),
    "an item has other content": (
        "UPDATE metrics_interaction SET language = 'de' WHERE source_id = 'i-4'",
        "wrong",
    ),
    "an item was counted to another batch": (
        "UPDATE metrics_interaction SET batch_id = (SELECT id FROM metrics_batch WHERE idempotency_key = 'b-0')"
        " WHERE source_id = 'i-11'",
        "double",
    ),
    "an item nobody sent": (
        "UPDATE metrics_interaction SET source_id = 'i-77' WHERE source_id = 'i-5'",
        "wrong",
    ),
    "a counter of a day": (
        "UPDATE metrics_dayrollup SET value = value + 1 WHERE key = 'interactions'",
        "differing",
    ),
    "a confusion cell": ("UPDATE metrics_confusionrollup SET n = n * 2 WHERE slice = ''", "differing"),
    "a person of a day": ("DELETE FROM metrics_personday WHERE topic = 'interactions'", "differing"),
    "a cell that only a rebuild looks at": (
        "DELETE FROM metrics_dayrollup WHERE key LIKE 'cal.%%'",
        "differing",
    ),
}


def test_every_planted_fault_is_counted(books: Books, systems: dict[str, Any]) -> None:
    for what, (sql, figure) in PLANTED.items():
        with transaction.atomic():
            assert change(sql) > 0, what
            found = invariants.whole(books, systems, ASKING)
            transaction.set_rollback(True)
        assert getattr(found, figure) > 0, (what, found)
        assert not found.ok
    assert invariants.whole(books, systems, ASKING).ok


def test_a_consent_event_under_another_id_and_one_nobody_sent_are_seen(
    books: Books, systems: dict[str, Any]
) -> None:
    books.consents[104] = str(uuid.uuid4())
    books.consents_sent.remove(105)
    found = invariants.consents(books, systems[ASKING])
    assert (found.rows, found.lost, found.wrong) == (10, 1, 1)


def test_a_batch_that_stands_twice_in_the_ledger_is_double(books: Books, systems: dict[str, Any]) -> None:
    batch = receipt_of(books)["receipt"]
    with transaction.atomic():
        record(
            type="ingest.batch_received", by="system", subject=systems[PLAIN].subject, body={"batch": batch}
        )
    assert invariants.whole(books, systems, ASKING).double == 1


def test_receipts_that_differ_and_a_second_acceptance_are_faults(
    books: Books, systems: dict[str, Any]
) -> None:
    send(books, systems[PLAIN], tuple(range(10)))
    assert not books.faults  # a retry with the first receipt
    first = books.batches["b-0"]
    books.answered(first, receipt_of(books) | {"receipt": str(uuid.uuid4())})
    other = Batch(PLAIN, "b-again", (1,))
    books.answered(other, {"receipt": "x", "items": [{"id": "i-1", "status": "accepted"}]})
    books.answered(
        Batch(PLAIN, "b-new", (2,)), {"receipt": "y", "items": [{"id": "i-2", "status": "refused"}]}
    )
    assert sorted(text.split(":")[0].split(" was ")[0] for text in books.faults) == [
        "item i-1",
        "item i-2",
        "the receipt of a retry differs from the first one",
    ]


def _run(systems: dict[str, Any]) -> Any:
    from governance.audits.services import start_run

    run = start_run(system=systems[PLAIN], kind="sentiment_accuracy", by="system", bell=False)
    runner.run_job(run.job_id)
    return run


def _second_event(run: Any) -> None:
    with transaction.atomic():
        record(type="audit.run_finished", by="system", subject=run.system.subject, body={"run": str(run.pk)})


def _reopened(run: Any) -> None:
    change("UPDATE portal_job SET state = 'dead', error = 'gone' WHERE id = %s", run.job_id)


@pytest.mark.parametrize("plant", [_second_event, _reopened])
def test_a_run_with_two_effects_or_none_is_a_fault(
    books: Books, systems: dict[str, Any], plant: Callable[[Any], None]
) -> None:
    run = _run(systems)
    books.runs.add(str(run.pk))
    assert governed.runs(books, final=True) == Findings(rows=1)
    plant(run)
    assert f"audit {run.pk}" in " ".join(governed.runs(books, final=True).faults)
    books.runs.add(str(uuid.uuid4()))
    assert governed.runs(books, final=True).lost == 1


def test_a_pack_whose_file_is_another_one_is_a_fault(committed_db: Any, outside: Any) -> None:
    from governance.evidence.services import path_of
    from tests.packs import pack_of

    systems = systems_of_the_clients()
    books = filled(systems)
    pack = pack_of(systems[PLAIN])
    books.packs.add(str(pack.pk))
    assert governed.packs(books, final=True) == Findings(rows=1)
    path_of(pack).write_bytes(path_of(pack).read_bytes() + b"x")
    assert f"the file of pack {pack.pk} is not the one made" in governed.packs(books, final=False).faults


def test_a_lost_vote_and_an_outcome_that_its_votes_do_not_give_are_faults(
    books: Books, systems: dict[str, Any]
) -> None:
    from governance.review.models import DeploymentRequest, Vote

    request = DeploymentRequest.objects.filter(system=systems[PLAIN]).get()
    books.choices[str(request.pk)] = ["approve"] * 3
    vote = Vote.objects.filter(request=request).first()
    assert vote is not None
    books.votes[str(request.pk), 0] = {"id": str(vote.pk)}
    assert governed.votes(books) == Findings(rows=3)
    books.votes[str(request.pk), 1] = {
        "id": str(uuid4())
    }  # acknowledged, and not there (no vote can be deleted)
    change("UPDATE governance_deploymentrequest SET state = 'rejected' WHERE id = %s", request.pk)
    found = governed.votes(books)
    assert found.lost == 1
    assert any("is rejected after" in text for text in found.faults)
