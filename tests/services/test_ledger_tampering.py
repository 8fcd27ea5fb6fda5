"""Every change of the ledger's rows is found and the first bad record named; no false alarm before."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from portal.ledger import (
    keys,
    merkle,
    notes,
    rules,
    sequencer,
    signer,
    tasks,
    verify,
)
from portal.ledger.models import Checkpoint, Leaf, LedgerBody
from tests.ledgers import as_attacker, grown, write

pytestmark = pytest.mark.usefixtures("outside")


def swap(first: int, second: int) -> None:
    """Exchange what two leaves say, keeping everything else right."""
    names = "event, header, type, ts, actor, subject"
    sets = ", ".join(f"{name.strip()} = other.{name.strip()}" for name in names.split(","))
    as_attacker("ALTER TABLE portal_leaf DROP CONSTRAINT portal_leaf_event_key")
    as_attacker(
        f"UPDATE portal_leaf leaf SET {sets} FROM (SELECT index, {names} FROM portal_leaf) other "
        f"WHERE (leaf.index, other.index) IN (({first}, {second}), ({second}, {first}))"
    )


def close_gap() -> None:
    """Remove a leaf and move the later ones up, so that no index is missing."""
    as_attacker("DELETE FROM portal_leaf WHERE index = 4")
    for index in range(5, 9):
        as_attacker("UPDATE portal_leaf SET index = index - 1 WHERE index = %s", index)


def rewrite(index: int) -> None:
    """The clever change: body, digest and header rewritten together, so that each leaf is right by itself."""
    leaf = Leaf.objects.get(index=index)
    body = LedgerBody.objects.get(event=leaf.event)
    forged = {"n": "forged"}
    digest = rules.body_digest(bytes(body.salt), forged)
    header = json.loads(bytes(leaf.header)) | {"body_sha256": digest}
    as_attacker(
        "WITH b AS (UPDATE portal_ledgerbody SET body = %s WHERE event = %s) "
        "UPDATE portal_leaf SET header = %s WHERE index = %s",
        json.dumps(forged),
        leaf.event,
        rules.canonical(header),
        index,
    )


BODY_OF_4 = "event = (SELECT event FROM portal_leaf WHERE index = 4)"
BYTE_OF_4 = "UPDATE portal_leaf SET header = set_byte(header, 5, 65) WHERE index = 4"
NOTE_OF_6 = "UPDATE portal_checkpoint SET note = replace(note, '6', '7') WHERE size = 6"
TAMPERING: list[tuple[str, Any, str, int | None]] = [
    ("a body", f"UPDATE portal_ledgerbody SET body = '{{\"n\": 9}}' WHERE {BODY_OF_4}", "body_mismatch", 4),
    ("a float in a body", f"UPDATE portal_ledgerbody SET body = '0.5' WHERE {BODY_OF_4}", "body_mismatch", 4),
    ("a salt", f"UPDATE portal_ledgerbody SET salt = 'x' WHERE {BODY_OF_4}", "body_mismatch", 4),
    ("a body gone", f"DELETE FROM portal_ledgerbody WHERE {BODY_OF_4}", "body_missing", 4),
    ("a byte of a header", BYTE_OF_4, "header_mismatch", 4),
    ("a column", "UPDATE portal_leaf SET subject = 'thing:2' WHERE index = 4", "header_mismatch", 4),
    ("a time", "UPDATE portal_leaf SET ts = ts - interval '1 hour' WHERE index = 4", "header_mismatch", 4),
    ("a leaf in the middle", "DELETE FROM portal_leaf WHERE index = 4", "leaf_missing", 4),
    ("the last leaf", "DELETE FROM portal_leaf WHERE index = 8", "leaf_missing", 8),
    ("a gap closed", close_gap, "reordered", 4),
    ("the order", lambda: swap(4, 6), "reordered", 4),
    ("a leaf rewritten with its body", lambda: rewrite(4), "header_changed", 4),
    ("the root of a checkpoint", "UPDATE portal_checkpoint SET root = 'x' WHERE size = 6", "checkpoint_invalid", None),
    ("the note of a checkpoint", NOTE_OF_6, "checkpoint_invalid", None),
]  # fmt: skip


@pytest.mark.parametrize(("what", "how", "code", "index"), TAMPERING, ids=[row[0] for row in TAMPERING])
def test_every_change_is_found_and_the_first_bad_record_named(
    committed_db: Any, what: str, how: Any, code: str, index: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    grown(3, 3, 3)
    assert verify.verify().ok  # no false alarm before
    if callable(how):
        how()
    else:
        as_attacker(how)
    with pytest.raises(SystemExit):
        call_command("verify_ledger", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert not answer["ok"]
    assert (answer["first_fault"]["code"], answer["first_fault"]["index"]) == (code, index)
    if index is not None and code != "leaf_missing":
        assert answer["first_fault"]["event"]
    with pytest.raises(CommandError, match="NOT verified"):
        call_command("verify_ledger")


def rebuild_history(key: Any = None) -> None:
    """The owner of the database forges a leaf and every checkpoint with the stolen key; the files outside stay."""
    rewrite(4)
    key = key or keys.load()
    hashes = [bytes(h) for h in Leaf.objects.order_by("index").values_list("leaf_hash", flat=True)]
    for size in Checkpoint.objects.values_list("size", flat=True):
        head = notes.TreeHead(settings.LEDGER_ORIGIN, size, merkle.root(hashes[:size]))
        as_attacker(
            "UPDATE portal_checkpoint SET root = %s, note = %s WHERE size = %s",
            head.root,
            notes.sign(head, key),
            size,
        )


def test_a_rebuilt_history_differs_from_the_checkpoint_outside(committed_db: Any) -> None:
    grown(3, 3, 3)
    rebuild_history()
    assert {fault.code for fault in verify.verify().faults} == {"header_changed", "history_rebuilt"}
    keys.leaves_file().unlink()  # without the leaf hashes outside the root alone still tells
    assert [fault.code for fault in verify.verify().faults] == ["history_rebuilt"]
    write(1)
    sequencer.run_once()
    with pytest.raises(signer.Refused, match="history was changed"):
        signer.checkpoint()
    assert "history was changed" in keys.refusal()
    tasks.sequence()  # refuses again, does not crash the worker
    assert Checkpoint.objects.count() == 3


def test_without_the_hashes_outside_the_span_between_two_checkpoints_is_named(committed_db: Any) -> None:
    grown(3, 3, 3)
    rewrite(4)
    keys.leaves_file().unlink()
    first = verify.verify().faults[0]
    assert (first.code, first.index) == ("root_mismatch", 3)
