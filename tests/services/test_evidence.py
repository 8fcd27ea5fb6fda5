"""Evidence packs: what is in them, who may ask, and that the pack's own verifier accepts them in a bare Python."""

import base64
import contextlib
import csv
import datetime as dt
import hashlib
import io
import json
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import bagit
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections, transaction

from governance.evidence import bag, build, sections, selectors, services, verify
from governance.evidence.models import EvidencePack
from metrics.ingest import evidence as reconciliation
from portal.errors import NotAllowed, RuleBroken
from portal.jobs.runner import run_job
from portal.ledger import keys, notes, sequencer, signer
from portal.ledger import selectors as ledger
from portal.ledger.models import Leaf
from tests import make
from tests.packs import VERIFIER, Made, bytes_of, governed, pack_of, run, unpacked

pytestmark = pytest.mark.usefixtures("outside")


# --- what is in it --------------------------------------------------------------------------------


def test_a_pack_verifies_as_zip_and_as_folder_and_by_sha256sum_and_bagit(made: Made, tmp_path: Path) -> None:
    (tmp_path / "new.zip").write_bytes(made.new)
    code, answer = run(tmp_path / "new.zip")
    assert (code, answer["verified"], answer["systems"]) == (0, True, ["chatbot"])
    assert [check["check"] for check in answer["checks"]] == [
        "files",
        "signature",
        "log",
        "samples",
        "totals",
    ]
    folder = unpacked(made.new, tmp_path / "x")
    inside = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py"], cwd=folder, capture_output=True, text=True
    )
    assert inside.returncode == 0
    assert inside.stdout.startswith("verified: pack ")
    subprocess.run(["sha256sum", "--quiet", "-c", "manifest-sha256.txt"], cwd=folder, check=True)
    subprocess.run(["sha256sum", "--quiet", "-c", "tagmanifest-sha256.txt"], cwd=folder, check=True)
    assert bagit.Bag(str(folder)).validate()


def test_the_layout_is_the_documented_one(made: Made, tmp_path: Path) -> None:
    folder = unpacked(made.new, tmp_path / "x")
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert set(verify.NEEDED) <= names
    assert {
        "data/report.html",
        "data/controls/mapping.csv",
        "data/population/queries.sql",
        "data/population/source-reconciliation.csv",
        "data/exceptions.csv",
        "data/custody.jsonl",
        "data/population/votes.csv",
    } <= names
    assert not any(name.endswith(".pdf") for name in names)  # not made yet, and not pretended
    assert sum(name.endswith(".tlog-proof") for name in names) == 5
    assert (folder / "verify.py").read_bytes() == VERIFIER.read_bytes()


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "data" / name).read_text().splitlines()))


def test_the_tables_say_what_happened_without_names(made: Made, tmp_path: Path) -> None:
    folder = unpacked(made.new, tmp_path / "x")
    (system,) = rows(folder, "population/systems.csv")
    assert system["name"] == "'=Chatbot"  # a spreadsheet must not run it
    assert [vote["choice"] for vote in rows(folder, "population/votes.csv")] == ["approve"] * 3
    states = sorted(row["state"] for row in rows(folder, "population/requests.csv"))
    assert states == ["approved", "draft"]  # the flow that was described after the approval is asked for
    kinds = [row["kind"] for row in rows(folder, "exceptions.csv")]
    assert kinds == ["finding"]
    controls = {row["article"]: row["result"] for row in rows(folder, "controls/mapping.csv")}
    assert controls["AI Act, Art 26(1)"] == "1 requests decided, 1 approved, 3 votes"
    everything = b"".join(
        path.read_bytes() for path in folder.rglob("*") if path.suffix in (".csv", ".json", ".html")
    )
    assert b"@example.org" not in everything
    assert b"Person " not in everything
    assert b"Owner " not in everything


def test_the_statement_is_a_dsse_envelope_that_another_library_accepts(made: Made, tmp_path: Path) -> None:
    folder = unpacked(made.new, tmp_path / "x")
    envelope = json.loads((folder / "signature/statement.dsse.json").read_text())
    payload = base64.b64decode(envelope["payload"])
    signed = b" ".join(
        [
            b"DSSEv1",
            b"%d" % len(envelope["payloadType"]),
            envelope["payloadType"].encode(),
            b"%d" % len(payload),
            payload,
        ]
    )
    made.key.public_key().verify(base64.b64decode(envelope["signatures"][0]["sig"]), signed)
    statement = json.loads(payload)
    digest = hashlib.sha256((folder / "tagmanifest-sha256.txt").read_bytes()).hexdigest()
    assert statement["subject"] == [{"name": "tagmanifest-sha256.txt", "digest": {"sha256": digest}}]


def test_the_same_pack_made_twice_has_the_same_bytes(committed_db: Any) -> None:
    pack = pack_of(governed())
    first = bytes_of(pack)
    again, _start = build.files(EvidencePack.objects.get(pk=pack.pk))
    assert bag.zipped(again, pack.file_name.removesuffix(".zip"), pack.requested_at) == first
    assert pack.sha256 == hashlib.sha256(first).hexdigest()


def test_what_a_killed_worker_wrote_of_a_pack_is_not_left_behind(committed_db: Any) -> None:
    pack = services.request_pack(
        systems=[governed()], date_from=make.today(), date_to=make.today(), by="system", bell=False
    )
    part = services.path_of(pack).with_name(f"{pack.pk}.zip.4711")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half a pack")
    assert pack.job is not None
    run_job(pack.job.pk)
    pack.refresh_from_db()
    assert services.path_of(pack).is_file()
    assert not part.exists()


def test_every_step_of_a_pack_is_in_the_ledger(committed_db: Any) -> None:
    pack = pack_of(governed())
    services.download(pack=pack, by="system")
    sequencer.run_once()
    types = Leaf.objects.filter(subject=f"pack:{pack.pk}").order_by("index").values_list("type", flat=True)
    assert list(types) == ["evidence.pack_requested", "evidence.pack_made", "evidence.pack_downloaded"]


@pytest.mark.parametrize("busy", ["sequencer", "signer"])
def test_a_pack_ends_after_its_own_request_though_the_ledger_is_just_being_written(
    committed_db: Any, busy: str
) -> None:
    """The beat of the ledger is at work when the pack is made, and has begun before the pack was asked for."""
    system = governed()
    at_work, done = threading.Event(), threading.Event()

    def work() -> None:
        with contextlib.ExitStack() as stack:
            if busy == "signer":
                assert stack.enter_context(keys.one_signer())
            else:
                stack.enter_context(transaction.atomic(using="ledger"))
                cursor = stack.enter_context(connections["ledger"].cursor())
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [sequencer.LOCK])
            at_work.set()
            done.wait(1)
        connections.close_all()

    other = threading.Thread(target=work)
    other.start()
    assert at_work.wait(10)
    pack = pack_of(system)
    other.join()
    assert pack.made_at is not None, pack.job and pack.job.error
    requested = Leaf.objects.get(subject=f"pack:{pack.pk}", type="evidence.pack_requested")
    assert pack.end_size is not None
    assert requested.index < pack.end_size


def test_the_number_of_the_auditor_draws_the_sample(committed_db: Any) -> None:
    system = governed()
    sequencer.run_once()
    signer.checkpoint()
    held = ledger.latest_checkpoint()
    assert held is not None
    make.flow(system)  # goes on, after the auditor's checkpoint
    pack = pack_of(system, auditor_number="271828", end_size=held.size, sample_size=4)
    with zipfile.ZipFile(io.BytesIO(bytes_of(pack))) as archive:
        top = pack.file_name.removesuffix(".zip")
        selection = json.loads(archive.read(f"{top}/data/samples/selection.json"))
    assert selection["seed"] == hashlib.sha256(bytes(held.root) + b"271828").hexdigest()
    assert len(selection["chosen"]) == 4
    assert max(selection["chosen"]) < held.size == pack.end_size
    with pytest.raises(RuleBroken, match="checkpoint that you held"):
        pack_of(system, auditor_number="1", end_size=held.size + 1000)


def test_an_erased_body_is_withheld_and_the_pack_verifies(committed_db: Any, tmp_path: Path) -> None:
    system = governed()
    sequencer.run_once()
    from portal.ledger.services import erase_body

    for event in Leaf.objects.values_list("event", flat=True):
        erase_body(event=event, reason="test", by="system")
    pack = pack_of(system)
    (tmp_path / "x.zip").write_bytes(bytes_of(pack))
    assert run(tmp_path / "x.zip")[0] == 0


def test_a_ledger_that_was_tampered_with_gives_no_pack(committed_db: Any) -> None:
    system = governed()
    pack_of(system)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE portal_leaf DISABLE TRIGGER USER")
        cursor.execute("UPDATE portal_leaf SET header = set_byte(header, 5, 65) WHERE index = 2")
    pack = pack_of(system)
    assert pack.made_at is None
    assert pack.job is not None
    pack.job.refresh_from_db()
    assert "not signed" in pack.job.error


# --- asking ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_only_who_may_export_asks_and_sees() -> None:
    system, other = make.system(), make.system()
    auditor, owner = make.person("auditor", unit=system.unit), make.person("system_owner", unit=system.unit)
    values: dict[str, Any] = {"date_from": make.today(), "date_to": make.today()}
    pack = services.request_pack(systems=[system], by=auditor, **values)
    assert list(selectors.packs(auditor)) == [pack]
    assert not selectors.packs(owner).exists()
    with pytest.raises(NotAllowed):
        services.request_pack(systems=[system], by=owner, **values)
    with pytest.raises(NotAllowed):
        services.request_pack(systems=[system, other], by=auditor, **values)
    both = services.request_pack(systems=[system, other], by="system", **values)
    assert both not in selectors.packs(auditor)  # not even the half that concerns them
    key, _ = make.api_key(system, ("evidence:export",))
    assert services.request_pack(systems=[system], by=key, **values).requested_as == f"key:{key.prefix}"
    silent, _ = make.api_key(system, ("interactions:write",))
    with pytest.raises(NotAllowed):
        services.request_pack(systems=[system], by=silent, **values)
    with pytest.raises(RuleBroken, match="not made yet"):
        services.download(pack=pack, by=auditor)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("date_from", "date_to", "code"),
    [
        (make.today(), make.today() - dt.timedelta(days=1), "period_order"),
        (make.today(), make.today() + dt.timedelta(days=3), "period_future"),
        (make.today() - dt.timedelta(days=3000), make.today(), "period_long"),
    ],
)
def test_a_period_that_cannot_be_is_refused(date_from: dt.date, date_to: dt.date, code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        services.request_pack(systems=[make.system()], date_from=date_from, date_to=date_to, by="system")
    assert refused.value.code == code
    with pytest.raises(RuleBroken, match="at least one"):
        services.request_pack(systems=[], date_from=make.today(), date_to=make.today(), by="system")


def test_the_command_writes_a_pack_that_verifies(committed_db: Any, tmp_path: Path) -> None:
    governed()
    out = tmp_path / "pack.zip"
    period = [
        "--from",
        str(make.today() - dt.timedelta(days=1)),
        "--to",
        str(make.today()),
        "--out",
        str(out),
    ]
    call_command("export_evidence", "--system", "chatbot", *period)
    assert run(out)[0] == 0
    with pytest.raises(CommandError, match="no system"):
        call_command("export_evidence", "--system", "nobody", *period)
    with pytest.raises(CommandError, match="between 1 and 1000"):
        call_command("export_evidence", "--system", "chatbot", "--sample", "0", *period)


def test_a_file_that_was_changed_on_disk_is_not_handed_out(committed_db: Any) -> None:
    pack = pack_of(governed())
    path = services.path_of(pack)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(RuleBroken, match="gone or was changed"):
        services.download(pack=pack, by="system")


def test_small_groups_are_suppressed() -> None:
    small = {"kpi": "accuracy", "n": 9, "value": 0.5, "ci": [0.2, 0.8], "state": "ok"}
    shown = sections.suppress(small, 10)
    assert (shown["value"], shown["ci"], shown["n"], shown["state"]) == (None, None, None, "suppressed")
    assert sections.suppress({**small, "n": 10}, 10)["value"] == 0.5
    assert sections.suppress({**small, "n": 10}, 11)["value"] is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC), "2026-01-02T03:04:00Z"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (0.25, "0.25"),
        (["b", "a"], '["b","a"]'),
        ("=1+1", "'=1+1"),
        ("two\r\nlines", "two ⏎ lines"),
    ],
)
def test_cells_are_plain_and_harmless(value: object, text: str) -> None:
    assert sections.cell(value) == text


def test_a_checkpoint_signed_by_the_portal_is_read_by_the_verifier(made: Made, tmp_path: Path) -> None:
    folder = unpacked(made.new, tmp_path / "x")
    note = notes.sign(notes.TreeHead("o", 3, b"\x03" * 32), made.key)
    (folder / verify.END).write_text(note)
    assert verify.Pack(str(folder)).checkpoint(verify.END) == ("o", 3, b"\x03" * 32)
    (folder / verify.END).write_text(note.replace("\n3\n", "\n4\n"))
    with pytest.raises(verify.Fault, match="not signed"):
        verify.Pack(str(folder)).checkpoint(verify.END)


def test_the_time_in_a_pack_is_that_of_its_request(made: Made) -> None:
    with zipfile.ZipFile(io.BytesIO(made.new)) as archive:
        (stamp,) = {entry.date_time for entry in archive.infolist()}
    assert stamp[0] == make.today().year


@pytest.mark.django_db
def test_gaps_in_the_numbers_of_a_source_are_counted_and_are_exceptions() -> None:
    system, other = make.live_system(), make.live_system()
    for where in (system, other):
        make.receive(
            where, *[make.item(n, source_seq=n) for n in (1, 2, 5)], make.item("x"), client="chat server"
        )
    scope = sections.Scope((system,), dt.date(2026, 3, 1), dt.date(2026, 3, 1))
    (file,) = reconciliation.reconciliation(scope)
    (row,) = csv.DictReader(io.StringIO(file.content.decode()))
    assert row == {
        "system": system.slug, "source": "chat server", "batches": "1", "received": "4", "numbered": "3",
        "first_seq": "1", "last_seq": "5", "missing": "2", "repeated": "0",
    }  # fmt: skip
    assert file.exceptions[0][:3] == (system.slug, "missing interactions", "chat server")
    before = sections.Scope((system,), dt.date(2026, 2, 1), dt.date(2026, 2, 28))
    assert reconciliation.reconciliation(before)[0].rows == 0
