"""The ledger in a real database: who may write what, order under concurrent writers, signing, erasing."""

import datetime as dt
import re
import stat
import threading
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, ProgrammingError, connection, connections, transaction

from portal.errors import RuleBroken
from portal.ledger import (
    keys,
    labels,
    merkle,
    notes,
    selectors,
    sequencer,
    services,
    signer,
    tasks,
    verify,
)
from portal.ledger.models import Checkpoint, Leaf, LedgerBody, PendingEvent
from tests.ledgers import as_attacker, grown, write

pytestmark = pytest.mark.usefixtures("outside")


@pytest.mark.django_db
def test_an_event_is_part_of_its_transaction() -> None:
    def fails_afterwards() -> None:
        with transaction.atomic():
            services.record(type="a.b", by="system", subject="s:1", body={})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails_afterwards()
    assert not PendingEvent.objects.exists()
    assert not LedgerBody.objects.exists()


def test_an_event_outside_a_transaction_is_refused(committed_db: Any) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        services.record(type="a.b", by="system", subject="s:1", body={})


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "nodot"},
        {"type": "A.b"},
        {"type": "a.b\n"},
        {"subject": "nothing"},
        {"subject": "s:a b"},
        {"subject": "s:" + "x" * 300},
        {"body": {"share": 0.5}},
        {"body": {"who": "a\x00b"}},
    ],
)
def test_a_malformed_event_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        services.record(**{"type": "a.b", "by": "system", "subject": "s:1", "body": {}, **wrong})


@pytest.mark.django_db
def test_history_shows_what_waits_and_what_was_imported() -> None:
    past = dt.datetime(2025, 3, 1, 9, tzinfo=dt.UTC)
    services.record(type="a.first_done", by="system", subject="s:1", body={"reason": "because"}, ts=past)
    services.record(type="ledger.body_erased", by="system", subject="s:1", body={})
    services.record(type="a.b", by="system", subject="s:2", body={})
    new, old = selectors.history("s:1")
    assert (old.when, old.imported, old.why, old.index, old.who) == (past, True, "because", None, "Attune")
    assert old.recorded_at.date() != past.date()
    assert old.what == "A: first done"
    assert new.what == labels.LABELS["ledger.body_erased"]
    assert len(selectors.history(["s:1", "s:2"])) == 3


class _Key:
    prefix = "abc"


class _Machine:
    api_key = _Key()


class _Person:
    pk = 7


def test_actors_are_written_without_names() -> None:
    actors = [services.actor_text(by) for by in ("system", _Key(), _Machine(), _Person())]
    assert actors == ["system", "key:abc", "key:abc", "user:7"]


RUNTIME_MAY_NOT = [
    "INSERT INTO portal_leaf (index, event, header, type, ts, actor, subject) "
    "VALUES (99, gen_random_uuid(), 'x', 'a', now(), 'b', 'c')",
    "UPDATE portal_leaf SET type = 'x'",
    "DELETE FROM portal_leaf",
    "TRUNCATE portal_leaf",
    "INSERT INTO portal_checkpoint (size, root, note) VALUES (99, 'x', 'x')",
    "UPDATE portal_checkpoint SET note = 'x'",
    "DELETE FROM portal_checkpoint",
    "UPDATE portal_pendingevent SET type = 'x'",
    "DELETE FROM portal_pendingevent",
    "TRUNCATE portal_pendingevent",
    "UPDATE portal_ledgerbody SET body = '{}'",
    "TRUNCATE portal_ledgerbody",
    "ALTER TABLE portal_leaf DISABLE TRIGGER ALL",
    "SET session_replication_role = replica",
]


@pytest.mark.parametrize("sql", RUNTIME_MAY_NOT)
@pytest.mark.django_db
def test_the_runtime_role_can_only_add(sql: str) -> None:
    assert settings.DATABASES["default"]["USER"] != settings.DATABASES["owner"]["USER"]
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


@pytest.mark.parametrize("statement", ["UPDATE {} SET {}", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", ["leaf SET type='x'", "checkpoint SET note='x'"])
@pytest.mark.parametrize("replica", [False, True])
def test_the_triggers_stop_the_owner_too(
    committed_db: Any, statement: str, table: str, replica: bool
) -> None:
    name, _, change = table.partition(" SET ")
    sql = statement.format(f"portal_{name}", change)
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        if replica:
            try:
                with transaction.atomic("owner"):
                    cursor.execute("SET LOCAL session_replication_role = replica")
            except DatabaseError:
                return  # not even the owner of the tables may
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic("owner"):
            cursor.execute(sql)


def test_the_sequencer_orders_without_gaps(committed_db: Any) -> None:
    events = write(2500)
    assert sequencer.run_once() == 2500
    rows = list(Leaf.objects.order_by("index").values_list("index", "event"))
    assert rows == list(enumerate(events))
    assert sequencer.run_once() == 0
    leaf = Leaf.objects.get(index=7)
    assert bytes(leaf.leaf_hash) == merkle.leaf_hash(bytes(leaf.header))


def test_a_late_commit_is_not_overtaken(committed_db: Any) -> None:
    """The classic loss: a lower id that commits after a higher one was read."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as late:
        late.execute(
            "INSERT INTO portal_pendingevent (event, header, type, ts, actor, subject) "
            "VALUES (gen_random_uuid(), 'x', 'late.event', now(), 'a', 's:1')"
        )
        write(1)
        assert sequencer.run_once() == 1
        late.commit()
    assert sequencer.run_once() == 1
    assert list(Leaf.objects.order_by("index").values_list("type", flat=True)) == [
        "test.thing_done",
        "late.event",
    ]


def test_many_writers_and_sequencers_lose_and_double_nothing(committed_db: Any) -> None:
    written: list[uuid.UUID] = []
    stop = threading.Event()

    def writer(number: int) -> None:
        for _ in range(40):
            written.extend(write(3, subject=f"writer:{number}"))
        connections.close_all()

    def mover() -> None:
        while not stop.is_set():
            sequencer.run_once()
        connections.close_all()

    writers = [threading.Thread(target=writer, args=[number]) for number in range(8)]
    movers = [threading.Thread(target=mover) for _ in range(2)]
    for thread in [*writers, *movers]:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in movers:
        thread.join()
    sequencer.run_once()
    rows = list(Leaf.objects.order_by("index").values_list("index", "event"))
    assert [index for index, _ in rows] == list(range(960))
    assert {event for _, event in rows} == set(written)
    assert not PendingEvent.objects.exists()
    for number in range(8):  # the events of one transaction keep their order
        bodies = dict(LedgerBody.objects.values_list("event", "body"))
        mine = (
            Leaf.objects.filter(subject=f"writer:{number}").order_by("index").values_list("event", flat=True)
        )
        assert [bodies[event]["n"] for event in mine] == [0, 1, 2] * 40


def test_a_second_sequencer_stands_back(committed_db: Any) -> None:
    write(1)
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [sequencer.LOCK])
        assert sequencer.run_once() == 0
    assert sequencer.run_once() == 1


def test_checkpoints_are_signed_and_kept_outside(committed_db: Any, outside: Path) -> None:
    grown(3, 4)
    assert list(Checkpoint.objects.order_by("size").values_list("size", flat=True)) == [3, 7]
    assert stat.S_IMODE((outside / "ledger.pem").stat().st_mode) == 0o600
    note = (outside / "last-checkpoint").read_text()
    head = notes.read(note, settings.LEDGER_ORIGIN, keys.public_key())
    hashes = [bytes(h) for h in Leaf.objects.order_by("index").values_list("leaf_hash", flat=True)]
    assert (head.size, head.root) == (7, merkle.root(hashes))
    assert keys.leaves_file().read_bytes() == b"".join(hashes)
    assert signer.checkpoint() is None  # nothing new
    assert verify.verify().ok


def test_a_checkpoint_is_due_after_a_minute_or_a_thousand_leaves(
    committed_db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(1)
    tasks.sequence()
    assert Checkpoint.objects.count() == 1
    write(1)
    tasks.sequence()
    assert Checkpoint.objects.count() == 1  # the minute is not over
    monkeypatch.setattr(signer, "LEAVES", 1)
    tasks.sequence()
    assert Checkpoint.objects.count() == 2
    write(1)
    monkeypatch.setattr(signer, "LEAVES", 1000)
    monkeypatch.setattr(signer, "EVERY", dt.timedelta(0))
    tasks.sequence()
    assert Checkpoint.objects.count() == 3
    tasks.sequence()
    assert Checkpoint.objects.count() == 3


def test_a_crash_between_file_and_row_is_repaired(committed_db: Any) -> None:
    grown(3)
    as_attacker("DELETE FROM portal_checkpoint")
    signed = signer.checkpoint()
    assert signed is not None
    assert signed.note == keys.last_checkpoint()
    keys.leaves_file().write_bytes(keys.leaves_file().read_bytes()[:40])  # a cut in the middle of a write
    grown(1)
    assert len(keys.leaves_file().read_bytes()) == 4 * 32
    assert verify.verify().ok


def test_the_signer_refuses_a_tree_that_shrank_or_lost_its_key(committed_db: Any, outside: Path) -> None:
    grown(3)
    note = (outside / "last-checkpoint").read_text()
    as_attacker("DELETE FROM portal_leaf WHERE index = 2")
    with pytest.raises(signer.Refused, match="leaves are gone"):
        signer.checkpoint()
    (outside / "last-checkpoint").unlink()
    with pytest.raises(signer.Refused, match="last checkpoint is not at"):
        signer.checkpoint()
    assert {"outside_missing", "leaf_missing"} <= {fault.code for fault in verify.verify().faults}
    (outside / "last-checkpoint").write_text(note.replace("\n3\n", "\n4\n"))
    with pytest.raises(signer.Refused, match="cannot be read"):
        signer.checkpoint()
    assert "outside_invalid" in {fault.code for fault in verify.verify().faults}
    (outside / "last-checkpoint").write_text(note)
    (outside / "ledger.pem").unlink()
    with pytest.raises(signer.Refused, match="signing key"):
        signer.checkpoint()
    assert "key_missing" in {fault.code for fault in verify.verify().faults}
    assert not (outside / "ledger.pem").exists()  # never replaced silently


def test_a_gap_stops_the_signer(committed_db: Any) -> None:
    grown(3)
    write(3)
    sequencer.run_once()
    as_attacker("DELETE FROM portal_leaf WHERE index = 4")
    with pytest.raises(signer.Refused, match="leaf 4 is missing"):
        signer.checkpoint()


def test_only_one_signer_at_a_time(committed_db: Any) -> None:
    write(1)
    sequencer.run_once()
    with keys.one_signer() as first, keys.one_signer() as second:
        assert (first, second) == (True, False)
        assert signer.checkpoint() is None
    assert signer.checkpoint() is not None


def test_erasing_a_body_does_not_break_the_proof(committed_db: Any) -> None:
    event, _ = write(2)
    sequencer.run_once()
    signer.checkpoint()
    with pytest.raises(RuleBroken, match="reason"):
        services.erase_body(event=event, reason=" ", by="system")
    services.erase_body(event=event, reason="request of the person", by="system")
    with pytest.raises(RuleBroken, match="erased before"):
        services.erase_body(event=event, reason="again", by="system")
    report = verify.verify()
    assert report.ok
    assert report.erased == 1
    tasks.sequence()
    assert verify.verify().ok
    line = selectors.history("thing:1")[-1]
    assert line.body is None


def test_a_key_file_that_is_no_key_is_refused(outside: Path) -> None:
    outside.mkdir(parents=True)
    keys.create()
    assert keys.create().public_key() == keys.load().public_key()
    assert [path.name for path in outside.iterdir()] == ["ledger.pem"]


def test_every_type_that_the_code_records_has_words() -> None:
    root = Path(services.__file__).parents[2]
    found = {
        match
        for app in ("portal", "governance", "metrics")
        for path in (root / app).rglob("*.py")
        for match in re.findall(r'\btype="([a-z_]+\.[a-z_.]+)"', path.read_text(encoding="utf-8"))
    }
    assert len(found) > 30
    assert found <= set(labels.LABELS)
