"""The keeper: several users of the same servers, whoever comes first and leaves last."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal import embedded
from portal.embedded import addresses, processes
from tests.conftest import SERVICES

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.real
USE = """
import sys
from portal import embedded
held = embedded.ensure()
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def _nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in SERVICES:
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="attune-keeper-"))
    folder.chmod(0o711)
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


def user(data: Path) -> "subprocess.Popen[str]":
    """Another process that uses the servers until it is told to end."""
    return subprocess.Popen(
        [sys.executable, "-c", USE], cwd=ROOT, env={**os.environ, "ATTUNE_DATA": str(data)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def answers(data: Path) -> bool:
    try:
        psycopg.connect(addresses.database_url(data, "attune_app")).close()
    except psycopg.OperationalError:
        return False
    return True


def test_the_last_one_to_leave_stops_the_servers(data: Path) -> None:
    """Two start at the same time; one is killed, the other goes on; then nothing is left."""
    first, second = user(data), user(data)
    assert [one.stdout.readline() for one in (first, second) if one.stdout] == ["ready\n", "ready\n"]
    pid = int((data / "keeper.lock").read_text())
    first.kill()
    first.communicate()
    assert not processes.wait_until(lambda: not answers(data), 1, 0.1)
    second.communicate("end\n")
    assert processes.wait_until(lambda: not processes.alive(pid), 20, 0.1)
    assert not answers(data)


def test_what_was_committed_survives_and_roles_are_as_they_should_be(data: Path) -> None:
    held = embedded.ensure(data)
    assert held is not None
    with psycopg.connect(addresses.database_url(data, "attune_owner")) as owner:
        owner.execute("CREATE TABLE kept (n int)")
        owner.execute("INSERT INTO kept VALUES (7)")
    assert held.release(wait=30)
    again = embedded.ensure(data)
    assert again is not None
    try:
        with psycopg.connect(addresses.database_url(data, "attune_app")) as app:
            assert app.execute("UPDATE kept SET n = n + 1 RETURNING n").fetchone() == (8,)
            app.commit()
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("CREATE TABLE mine (n int)")
        with psycopg.connect(addresses.database_url(data, "attune_ledger")) as ledger:
            assert ledger.execute("SELECT n FROM kept").fetchone() == (8,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                ledger.execute("DELETE FROM kept")
    finally:
        again.release(wait=30)


def test_a_folder_full_of_something_else_is_left_alone(data: Path) -> None:
    strange = data / "postgres"
    strange.mkdir(parents=True)
    (strange / "holiday.jpg").write_bytes(b"")
    with pytest.raises(embedded.EmbeddedError, match="is not empty and holds no database"):
        embedded.ensure(data)
    assert (strange / "holiday.jpg").exists()


def test_a_broken_queue_file_is_moved_aside(data: Path) -> None:
    held = embedded.ensure(data)
    assert held is not None
    held.release(wait=30)
    kept = data / "valkey" / "appendonlydir"
    manifest = next(kept.glob("*.manifest"))
    manifest.write_text("file nonsense\n", encoding="utf-8")
    again = embedded.ensure(data)
    assert again is not None
    again.release(wait=30)
    assert list((data / "valkey").glob("appendonlydir.broken-*"))
