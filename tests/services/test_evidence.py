"""Evidence packs: made for real, verified by the pack's own verifier in a bare Python, found out when tampered with."""

import base64
import csv
import datetime as dt
import gzip
import hashlib
import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bagit
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from governance.evidence import bag, build, sections, selectors, services, verify
from governance.evidence.models import EvidencePack
from governance.findings.services import open_finding
from metrics.ingest import evidence as reconciliation
from portal.errors import NotAllowed, RuleBroken
from portal.jobs.runner import run_job
from portal.ledger import keys, merkle, notes, rules, sequencer, signer
from portal.ledger import selectors as ledger
from portal.ledger.models import Leaf, LedgerBody
from tests import make

TODAY = dt.datetime.now(dt.UTC).date()
VERIFIER = Path(verify.__file__)


@dataclass
class Made:
    """Packs as bytes, made once for all tests of this module: two of one history, one of a rebuilt history."""

    old: bytes
    new: bytes
    rebuilt: bytes
    key: Ed25519PrivateKey


_made: list[Made] = []


@pytest.fixture
def made(request: pytest.FixtureRequest) -> Made:
    if not _made:
        request.getfixturevalue("committed_db")
        _made.append(_make_all())
    return _made[0]


@pytest.fixture(autouse=True)
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "LEDGER_KEY_FILE", tmp_path / "keys" / "ledger.pem")
    monkeypatch.setattr(settings, "LEDGER_CHECKPOINT_FILE", tmp_path / "keys" / "last-checkpoint")
    monkeypatch.setattr(settings, "PACKS_DIR", tmp_path / "packs")


def governed() -> Any:
    """A system with screening, votes, deployment and a finding in its history."""
    system = make.system(slug="chatbot", name="=Chatbot", unit=make.unit("Claims"))
    make.approved_deployment(system)
    open_finding(
        system=system,
        check="a.b",
        severity="high",
        title="Too few\nlabels",
        detail="x",
        source="test",
        by="system",
    )
    return system


def pack_of(system: Any, **fields: Any) -> EvidencePack:
    values: dict[str, Any] = {
        "date_from": TODAY - dt.timedelta(days=30),
        "date_to": TODAY,
        "sample_size": 5,
        "by": "system",
    }
    pack = services.request_pack(systems=[system], bell=False, **(values | fields))
    assert pack.job is not None
    run_job(pack.job.pk)
    pack.refresh_from_db()
    return pack


def bytes_of(pack: EvidencePack) -> bytes:
    assert pack.made_at is not None, pack.job and pack.job.error
    return services.path_of(pack).read_bytes()


def _make_all() -> Made:
    system = governed()
    old = bytes_of(pack_of(system))
    make.flow(system)
    new = bytes_of(pack_of(system))
    key = keys.load()
    _rebuild_history()
    return Made(old, new, bytes_of(pack_of(system)), key)


def _rebuild_history() -> None:
    """The owner of database, key and machine writes another history and signs all of it anew."""
    leaf = Leaf.objects.get(index=3)
    body = LedgerBody.objects.get(event=leaf.event)
    forged = {**body.body, "forged": True}
    header = json.loads(bytes(leaf.header)) | {"body_sha256": rules.body_digest(bytes(body.salt), forged)}
    with connections["owner"].cursor() as cursor:
        for table in ("leaf", "ledgerbody", "checkpoint"):
            cursor.execute(f"ALTER TABLE portal_{table} DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE portal_ledgerbody SET body = %s WHERE event = %s", [json.dumps(forged), leaf.event]
        )
        cursor.execute("UPDATE portal_leaf SET header = %s WHERE index = 3", [rules.canonical(header)])
        cursor.execute("DELETE FROM portal_checkpoint")
    keys.leaves_file().unlink()
    Path(settings.LEDGER_CHECKPOINT_FILE).unlink()
    signer.checkpoint()


def run(*arguments: object, cwd: Path | None = None) -> tuple[int, dict[str, Any]]:
    """The verifier as an auditor runs it: another process, isolated from every installed package."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(VERIFIER), *map(str, arguments), "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )
    assert done.returncode in (0, 1), done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, answer


def unpacked(content: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    (inner,) = folder.iterdir()
    return inner


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
    (request,) = rows(folder, "population/requests.csv")
    assert request["state"] == "approved"
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


def test_every_step_of_a_pack_is_in_the_ledger(committed_db: Any) -> None:
    pack = pack_of(governed())
    services.download(pack=pack, by="system")
    sequencer.run_once()
    types = Leaf.objects.filter(subject=f"pack:{pack.pk}").order_by("index").values_list("type", flat=True)
    assert list(types) == ["evidence.pack_requested", "evidence.pack_made", "evidence.pack_downloaded"]


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
    values: dict[str, Any] = {"date_from": TODAY, "date_to": TODAY}
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
        (TODAY, TODAY - dt.timedelta(days=1), "period_order"),
        (TODAY, TODAY + dt.timedelta(days=2), "period_future"),
        (TODAY - dt.timedelta(days=3000), TODAY, "period_long"),
    ],
)
def test_a_period_that_cannot_be_is_refused(date_from: dt.date, date_to: dt.date, code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        services.request_pack(systems=[make.system()], date_from=date_from, date_to=date_to, by="system")
    assert refused.value.code == code
    with pytest.raises(RuleBroken, match="at least one"):
        services.request_pack(systems=[], date_from=TODAY, date_to=TODAY, by="system")


def test_the_command_writes_a_pack_that_verifies(committed_db: Any, tmp_path: Path) -> None:
    governed()
    out = tmp_path / "pack.zip"
    period = ["--from", str(TODAY - dt.timedelta(days=1)), "--to", str(TODAY), "--out", str(out)]
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
    shown = sections.suppress(small)
    assert (shown["value"], shown["ci"], shown["n"], shown["state"]) == (None, None, None, "suppressed")
    assert sections.suppress({**small, "n": 10})["value"] == 0.5


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


# --- tampering ------------------------------------------------------------------------------------

SLICE = verify.SLICE
Folder = Path


def change(name: str) -> Callable[[Folder], None]:
    """One byte of a file."""

    def tamper(folder: Folder) -> None:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(bytes(content))

    return tamper


def lines(name: str, edit: Callable[[list[bytes]], list[bytes]]) -> Callable[[Folder], None]:
    def tamper(folder: Folder) -> None:
        path, packed = folder / name, name.endswith(".gz")
        content = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
        content = b"".join(edit(content.splitlines(keepends=True)))
        path.write_bytes(gzip.compress(content, mtime=0) if packed else content)

    return tamper


def drop(rows: list[bytes]) -> list[bytes]:
    return rows[:1] + rows[2:]


def swap(rows: list[bytes]) -> list[bytes]:
    return [rows[0], rows[2], rows[1], *rows[3:]]


def remanifest(folder: Folder) -> None:
    """Manifests made to fit again, as somebody without the key would do."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    payload = {name: content for name, content in files.items() if name.startswith("data/")}
    (folder / "manifest-sha256.txt").write_bytes(bag.manifest(payload))
    tags = {name: (folder / name).read_bytes() for name in ("bagit.txt", "bag-info.txt", "verify.py")}
    tags["manifest-sha256.txt"] = bag.manifest(payload)
    (folder / "tagmanifest-sha256.txt").write_bytes(bag.manifest(tags))


def resign(folder: Folder, key: Ed25519PrivateKey) -> None:
    """... and the statement signed again, as somebody with the key would do."""
    remanifest(folder)
    path = folder / "signature/statement.dsse.json"
    predicate = json.loads(base64.b64decode(json.loads(path.read_text())["payload"]))["predicate"]
    path.write_bytes(bag.statement((folder / "tagmanifest-sha256.txt").read_bytes(), predicate, key))


VOTES = "data/population/votes.csv"
CLASSES: dict[str, tuple[Callable[[Folder], None], str]] = {
    "changed byte in a table": (change(VOTES), VOTES),
    "changed byte in the log": (change(SLICE), SLICE),
    "changed byte in a proof": (lambda f: change(_proof(f))(f), "data/samples/proofs/"),
    "changed byte in the report": (change("data/report.html"), "data/report.html"),
    "changed byte in the verifier": (change("verify.py"), "verify.py"),
    "changed byte in the bag's label": (change("bag-info.txt"), "bag-info.txt"),
    "changed byte in the manifest": (change("manifest-sha256.txt"), ""),
    "changed byte in the signature": (change("signature/statement.dsse.json"), ""),
    "changed byte in the end checkpoint": (change("data/log/checkpoint-end"), "data/log/checkpoint-end"),
    "changed byte in the start frontier": (change("data/log/start-frontier"), "data/log/start-frontier"),
    "changed byte in the keys": (change("data/keys.json"), "data/keys.json"),
    "dropped line of a table": (lines(VOTES, drop), VOTES),
    "dropped line of the log": (lines(SLICE, drop), SLICE),
    "reordered lines of a table": (lines(VOTES, swap), VOTES),
    "reordered lines of the log": (lines(SLICE, swap), SLICE),
    "dropped line of the manifest": (lines("manifest-sha256.txt", drop), ""),
    "removed file": (lambda f: (f / VOTES).unlink(), VOTES),
    "removed signature": (lambda f: (f / "signature/statement.dsse.json").unlink(), "signature/"),
    "removed log": (lambda f: (f / SLICE).unlink(), SLICE),
    "added file": (lambda f: _add(f / "data/extra.csv"), "data/extra.csv"),
    "added file outside data": (lambda f: _add(f / "notes.txt"), "notes.txt"),
}


def _proof(folder: Folder) -> str:
    return str(min((folder / "data/samples/proofs").iterdir()).relative_to(folder))


def _add(path: Path) -> None:
    path.write_text("planted")


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_of_tampering_is_found_and_the_file_named(made: Made, tmp_path: Path, name: str) -> None:
    tamper, file = CLASSES[name]
    folder = unpacked(made.new, tmp_path / "x")
    assert verify.verify(str(folder))["verified"]  # no false alarm before
    tamper(folder)
    code, answer = run(folder)
    assert code == 1
    assert answer["first_fault"]["file"].startswith(file)
    zipped = shutil.make_archive(str(tmp_path / "tampered"), "zip", folder.parent)
    assert not verify.verify(zipped)["verified"]


@pytest.mark.parametrize("name", CLASSES)
def test_fitting_manifests_do_not_hide_it(made: Made, tmp_path: Path, name: str) -> None:
    folder = unpacked(made.new, tmp_path / "x")
    CLASSES[name][0](folder)
    remanifest(folder)
    answer = verify.verify(str(folder))
    code = int(not answer["verified"])
    if name == "changed byte in the manifest" or name == "dropped line of the manifest":
        assert code == 0  # made to fit again it is the pack that was signed
    else:
        assert code == 1
        assert answer["first_fault"]["code"] in ("signature", "missing", "added", "unlisted")


@pytest.mark.parametrize(
    ("name", "line"),
    [("dropped line of the log", 2), ("reordered lines of the log", 2), ("changed byte in the log", None)],
)
def test_even_with_the_key_the_log_cannot_be_bent(
    made: Made, tmp_path: Path, name: str, line: int | None
) -> None:
    folder = unpacked(made.new, tmp_path / "x")
    CLASSES[name][0](folder)
    resign(folder, made.key)
    answer = verify.verify(str(folder))
    assert answer["first_fault"]["file"] == SLICE
    if line:
        assert answer["first_fault"]["line"] == line
        assert f"line {line} of the log slice" in answer["first_fault"]["message"]


def renumber(forge: Callable[[bytes], bytes]) -> Callable[[list[bytes]], list[bytes]]:
    """Lines that fit again: a header replaced, its leaf hash and number recomputed."""

    def edit(rows: list[bytes]) -> list[bytes]:
        first = json.loads(rows[0])["index"]
        out = []
        for number, row in enumerate(drop(rows), first):
            header = forge(rules.canonical(json.loads(row)["header"]))
            leaf = merkle.leaf_hash(header).hex().encode()
            out.append(b'{"header":%s,"index":%d,"leaf":"%s"}\n' % (header, number, leaf))
        return out

    return edit


@pytest.mark.parametrize("forge", [lambda h: h, lambda h: h.replace(b"system", b"sistem")])
def test_a_log_rewritten_to_fit_does_not_lead_to_the_signed_root(
    made: Made, tmp_path: Path, forge: Callable[[bytes], bytes]
) -> None:
    folder = unpacked(made.new, tmp_path / "x")
    lines(SLICE, renumber(forge))(folder)
    resign(folder, made.key)
    answer = verify.verify(str(folder))
    assert "do not lead to the signed end root" in answer["first_fault"]["message"]


@pytest.mark.parametrize(
    ("file", "edit", "code"),
    [
        ("data/samples/selection.json", lambda t: t.replace('"size": 5', '"size": 4'), "samples"),
        (
            "data/samples/selection.json",
            lambda t: t.replace('"auditor_number": ""', '"auditor_number": "7"'),
            "samples",
        ),
        ("data/samples/items.jsonl", lambda t: "\n".join(t.splitlines()[1:]) + "\n", "samples"),
        ("data/samples/items.jsonl", lambda t: t.replace('"body":{', '"body":{"forged":1,', 1), "samples"),
        ("data/samples/items.jsonl", lambda t: t.replace('"actor":"', '"actor":"x', 1), "samples"),
        ("data/population/control-totals.json", lambda t: t.replace('"events": ', '"events": 1'), "totals"),
        (VOTES, lambda t: "\n".join(t.splitlines()[:-1]) + "\n", "totals"),
        ("data/scope.json", lambda t: t.replace("chatbot", "chatbox"), "signature"),
        ("data/scope.json", lambda t: t[:-3], "signature"),
    ],
)
def test_with_the_key_the_rest_must_still_agree_with_the_log(
    made: Made, tmp_path: Path, file: str, edit: Callable[[str], str], code: str
) -> None:
    folder = unpacked(made.new, tmp_path / "x")
    before = (folder / file).read_text()
    (folder / file).write_text(edit(before))
    assert (folder / file).read_text() != before
    resign(folder, made.key)
    answer = verify.verify(str(folder))
    assert answer["first_fault"]["code"] == code


def test_a_rebuilt_history_is_found_by_the_previous_pack_only(made: Made, tmp_path: Path) -> None:
    for name in ("old", "new", "rebuilt"):
        (tmp_path / f"{name}.zip").write_bytes(getattr(made, name))
    assert run(tmp_path / "rebuilt.zip")[0] == 0  # right in itself: this is the proviso
    code, answer = run(tmp_path / "rebuilt.zip", "--previous", tmp_path / "old.zip")
    assert (code, answer["first_fault"]["code"]) == (1, "previous")
    assert "history was rebuilt" in answer["first_fault"]["message"]
    for newer, older in (("new", "old"), ("old", "new"), ("new", "new")):  # no false alarm, in either order
        assert run(tmp_path / f"{newer}.zip", "--previous", tmp_path / f"{older}.zip")[0] == 0


def test_a_previous_pack_with_another_key_or_damage_is_named(made: Made, tmp_path: Path) -> None:
    (tmp_path / "new.zip").write_bytes(made.new)
    folder = unpacked(made.old, tmp_path / "x")
    change(VOTES)(folder)
    _, answer = run(tmp_path / "new.zip", "--previous", folder)
    assert "the previous pack is damaged" in answer["first_fault"]["message"]
    other = unpacked(made.old, tmp_path / "y")
    listed = json.loads((other / "data/keys.json").read_text())
    stranger = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
    listed["keys"][0]["public_key"] = base64.b64encode(stranger.public_key().public_bytes_raw()).decode()
    (other / "data/keys.json").write_text(json.dumps(listed))
    resign(other, stranger)
    _, answer = run(tmp_path / "new.zip", "--previous", other)
    assert "another key" in answer["first_fault"]["message"]


def test_packs_of_periods_far_apart_are_connected_by_a_consistency_proof(
    committed_db: Any, tmp_path: Path
) -> None:
    system = governed()
    old = bytes_of(pack_of(system))
    sequencer.run_once()
    signer.checkpoint()
    with connections["owner"].cursor() as cursor:  # as if all that had happened last year
        cursor.execute("ALTER TABLE portal_leaf DISABLE TRIGGER USER")
        cursor.execute("UPDATE portal_leaf SET ts = ts - interval '400 days'")
    make.flow(system)
    new = pack_of(system, date_from=TODAY)
    assert new.start_size
    (tmp_path / "old.zip").write_bytes(old)
    (tmp_path / "new.zip").write_bytes(bytes_of(new))
    code, answer = run(tmp_path / "new.zip", "--previous", tmp_path / "old.zip")
    assert (code, answer["first_fault"]) == (0, None)
    assert answer["log"]["first"] == new.start_size


def test_wrong_use_has_exit_code_two(made: Made, tmp_path: Path) -> None:
    def code(*arguments: object) -> int:
        command = [sys.executable, "-I", "-S", str(VERIFIER), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    (tmp_path / "empty").mkdir()
    assert [code(tmp_path / "nothing.zip"), code(tmp_path / "empty"), code("--what"), code()] == [2, 2, 2, 2]
    (tmp_path / "broken.zip").write_bytes(made.new[:500])
    assert code(tmp_path / "broken.zip") == 1
    (tmp_path / "new.zip").write_bytes(made.new)
    assert code(tmp_path / "new.zip", "--previous", tmp_path / "nothing.zip") == 2


# --- the verifier's own mathematics -----------------------------------------------------------------


def test_ed25519_agrees_with_the_test_vectors_of_rfc_8032() -> None:
    """Section 7.1, tests 1 to 3."""
    vectors = [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ]
    for public, message, signature in vectors:
        arguments = [bytes.fromhex(text) for text in (public, message, signature)]
        assert verify.ed25519(*arguments)
        assert not verify.ed25519(arguments[0], arguments[1] + b"x", arguments[2])
        longer = (
            int.from_bytes(arguments[2][32:], "little") + verify.ORDER
        )  # the same point, another spelling
        assert not verify.ed25519(
            arguments[0], arguments[1], arguments[2][:32] + longer.to_bytes(32, "little")
        )
    assert not verify.ed25519(b"", b"", b"")
    assert not verify.ed25519(b"\xff" * 32, b"", b"\x00" * 64)


def test_both_implementations_of_the_tree_agree() -> None:
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(40)]

    def subtree(start: int, end: int) -> bytes:
        return merkle.root(leaves[start:end])

    theirs = verify.Frontier(0, [])
    for size in range(1, 41):
        theirs.append(leaves[size - 1])
        assert theirs.root() == subtree(0, size)
        for index in range(size):
            path = merkle.inclusion_proof(index, size, subtree)
            assert verify.included(leaves[index], index, size, path) == subtree(0, size)
            assert verify.included(leaves[index], index, size, path[:-1]) is None or size == 1
        for old in range(1, size + 1):
            path = merkle.consistency_proof(old, size, subtree)
            assert verify.consistent(old, size, subtree(0, old), subtree(0, size), path)
            assert not verify.consistent(old, size, b"\x00" * 32, subtree(0, size), path)
    with pytest.raises(ValueError, match="no frontier"):
        verify.Frontier(3, [])


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
    assert stamp[0] == TODAY.year


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
