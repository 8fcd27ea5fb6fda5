"""Every class of tampering with a pack is found and named; an untouched pack never is."""

import base64
import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connections

from governance.evidence import bag, verify
from portal.ledger import merkle, rules, sequencer, signer
from tests import make
from tests.packs import VERIFIER, Made, bytes_of, governed, pack_of, run, unpacked

pytestmark = pytest.mark.usefixtures("outside")


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
    assert "AttributeError" not in str(answer["faults"])  # what follows from it is not a crash
    if line:
        assert answer["first_fault"]["line"] == line
        assert f"line {line} of the log slice" in answer["first_fault"]["message"]


@pytest.mark.parametrize(
    "broken",
    [
        lambda packed: b"\x1e" + packed[1:],
        lambda packed: packed[:-20],
        lambda packed: packed[:40] + bytes(byte ^ 0xFF for byte in packed[40:60]) + packed[60:],
    ],
    ids=["no gzip", "cut off", "bent inside"],
)
def test_a_log_that_cannot_be_unpacked_is_named(
    made: Made, tmp_path: Path, broken: Callable[[bytes], bytes]
) -> None:
    folder = unpacked(made.new, tmp_path / "x")
    (folder / SLICE).write_bytes(broken((folder / SLICE).read_bytes()))
    resign(folder, made.key)
    fault = verify.verify(str(folder))["first_fault"]
    assert (fault["code"], fault["file"]) == ("log", SLICE)


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
    new = pack_of(system, date_from=make.today())
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
