"""`manage.py up` as a person meets it: started, stopped, killed, started again; on a data folder of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from portal.embedded import addresses, processes

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = [pytest.mark.real, pytest.mark.xdist_group("supervisor")]


@dataclass
class Installation:
    """One data folder, one port."""

    data: Path
    port: int

    def environment(self, **more: str) -> dict[str, str]:
        """What a person would have set."""
        clean = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("ATTUNE_", "DATABASE_", "CELERY_", "DJANGO_")) and key not in {"CACHE_URL"}
        }
        return {
            **clean,
            "ATTUNE_DATA": str(self.data),
            "PORT": str(self.port),
            "ATTUNE_ADMIN_EMAIL": "first@example.org",
            "ATTUNE_ADMIN_PASSWORD": "a long enough pass phrase",
            **more,
        }

    def up(self, *options: str, **more: str) -> "subprocess.Popen[str]":
        """Start in the background."""
        return subprocess.Popen(
            [sys.executable, "manage.py", "up", *options], cwd=ROOT, env=self.environment(**more), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def answers(self) -> bool:
        """Whether the site answers."""
        try:
            return bool(urlopen(f"http://127.0.0.1:{self.port}/health/live", timeout=2).status == 200)
        except (URLError, OSError):
            return False

    def ready(self) -> bool:
        """Whether the site reaches its database."""
        try:
            return bool(urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5).status == 200)
        except (URLError, OSError):
            return False

    def processes(self) -> list[str]:
        """Everything that still works for this installation, by its environment or its command line."""
        marks = [str(self.data).encode(), str(addresses.runtime_dir(self.data)).encode()]
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                line = (entry / "cmdline").read_bytes()
                whole = line + (entry / "environ").read_bytes()
            except OSError:
                continue
            if line and any(mark in whole for mark in marks):
                found.append(f"{entry.name} {line.replace(bytes(1), b' ').decode(errors='replace')}")
        return found

    def gone(self) -> bool:
        """Whether nothing is left."""
        return not self.processes()

    def pid_of(self, word: str) -> int:
        """The oldest process whose command line holds this word; 0 when there is none."""
        return min(
            (int(line.split()[0]) for line in self.processes() if word in line.split(" ", 1)[1]), default=0
        )

    def end(self, process: "subprocess.Popen[str]") -> None:
        """SIGTERM, and nothing may be left."""
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert processes.wait_until(self.gone, 30, 0.2), self.processes()

    def wait_up(self, process: "subprocess.Popen[str]", seconds: float = 240) -> None:
        """Wait for the first page; fails with what was printed."""
        if not processes.wait_until(lambda: self.answers() or process.poll() is not None, seconds, 0.1):
            process.kill()
        if process.poll() is not None:
            output, _ = process.communicate()
            pytest.fail(f"it did not start:\n{output}")


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """One folder for all tests here: the first start is the slow one."""
    folder = Path(tempfile.mkdtemp(prefix="attune-up-"))
    folder.chmod(0o711)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    yield Installation(folder / "data", port)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def started(installation: Installation) -> Iterator[list["subprocess.Popen[str]"]]:
    """Every supervisor that `running` started; ended when the module is done."""
    all_of_them: list[subprocess.Popen[str]] = []
    yield all_of_them
    for process in reversed(all_of_them):
        installation.end(process)


@pytest.fixture
def running(installation: Installation, started: list["subprocess.Popen[str]"]) -> "subprocess.Popen[str]":
    """A running installation: the one of the test before where that left it running."""
    if not started or started[-1].poll() is not None:
        started.append(installation.up())
        installation.wait_up(started[-1])
    return started[-1]


def test_a_busy_port_is_explained(installation: Installation) -> None:
    data = {"ATTUNE_DATA": f"{installation.data}-other"}  # the usual one may be running
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        output, _ = installation.up(PORT=str(port), **data).communicate(timeout=60)
    assert f"port {port} is in use" in output
    assert "PORT=" in output


@pytest.mark.parametrize("port", ["none", "70000", "-1"])
def test_a_wrong_port_is_explained(installation: Installation, port: str) -> None:
    process = installation.up(PORT=port)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"PORT is '{port}'" in output


def test_a_folder_that_cannot_be_made_is_explained(installation: Installation) -> None:
    process = installation.up(ATTUNE_DATA="/proc/attune")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "ATTUNE_DATA" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("victim", ["bin/postgres", "valkey-server", "portal.embedded.keeper", "gunicorn"])
def test_what_is_killed_comes_back(
    installation: Installation, running: "subprocess.Popen[str]", victim: str
) -> None:
    pid = installation.pid_of(victim)
    os.kill(pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not processes.alive(pid), 10)
    assert processes.wait_until(lambda: installation.pid_of(victim) not in {0, pid}, 30, 0.2)
    assert processes.wait_until(installation.ready, 60, 0.2)
    assert running.poll() is None


def test_a_second_supervisor_says_where_the_first_one_is(
    installation: Installation, running: "subprocess.Popen[str]"
) -> None:
    second = installation.up()
    output, _ = second.communicate(timeout=60)
    assert second.returncode == 0
    assert f"http://127.0.0.1:{installation.port}" in output
    assert processes.wait_until(installation.answers, 60, 0.2)


def test_ctrl_c_while_the_example_is_made_ends_with_one_line(installation: Installation) -> None:
    other = Installation(installation.data.with_name("interrupted"), installation.port + 1)
    process = other.up("--example")
    assert process.stdout is not None
    before = iter(process.stdout.readline, "")
    assert any("Making the example organisation" in line for line in before)
    assert processes.wait_until(lambda: other.pid_of("make_example") != 0, 10)
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal sends it: to all of the foreground group
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert output.split("\n") == [
        "", "Stopped while making the example organisation. Start again: it goes on where it stopped.", "",
    ]  # fmt: skip
    assert processes.wait_until(other.gone, 10, 0.2), other.processes()
    shutil.rmtree(other.data)


def test_stopped_killed_and_started_again(
    installation: Installation, running: "subprocess.Popen[str]"
) -> None:
    """One story, since every start costs seconds: Ctrl-C, a quick second start, SIGKILL, a start with a stale pid."""
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == 0
    assert installation.gone(), installation.processes()

    began = time.monotonic()
    again = installation.up()
    installation.wait_up(again)
    taken = time.monotonic() - began
    shared = "PYTEST_XDIST_WORKER" in os.environ or os.getloadavg()[0] > (os.cpu_count() or 1)
    assert taken < (20 if shared else 5)  # 1.6 s on two free cores

    again.kill()
    again.communicate(timeout=10)
    assert processes.wait_until(installation.gone, 30, 0.2), installation.processes()

    pid_file = (installation.data / "postgres").resolve() / "postmaster.pid"
    pid_file.write_text(
        f"{os.getpid()}\n{pid_file.parent}\n1\n5432\n/tmp\n\n0 0\nready   \n", encoding="utf-8"
    )
    last = installation.up()
    installation.wait_up(last)
    installation.end(last)
    assert last.returncode == 0
