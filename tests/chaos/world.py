"""The processes under test: a durable installation on a data folder of its own, and which of them may be killed."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from portal.embedded import addresses, processes

ROOT = Path(__file__).resolve().parent.parent.parent
EVERYONE = "web worker scheduler"
KINDS = (
    "web master",
    "web worker",
    "job master",
    "job worker",
    "scheduler",
    "broker",
    "database backend",
    "postmaster",
    "whole database",
    "keeper",
)


@dataclass(frozen=True)
class Process:
    """One line of the process table."""

    pid: int
    parent: int
    command: str


def table() -> list[Process]:
    """Every living process (zombies have no command line and are left out)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            if command:
                found.append(Process(int(entry.name), parent, command))
    return found


@dataclass
class World:
    """One installation: data folder, port, the supervisor's process."""

    data: Path
    port: int
    web_workers: int = 2
    supervisor: "subprocess.Popen[bytes] | None" = None
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """What the supervisor prints."""
        return self.data / "supervisor.log"

    def environment(self) -> dict[str, str]:
        """That of every process of this installation, ours included."""
        theirs = ("ATTUNE_", "DATABASE_", "LEDGER_", "CELERY_", "DJANGO_", "CHAOS_")
        clean = {k: v for k, v in os.environ.items() if not k.startswith(theirs) and k != "CACHE_URL"}
        return {
            **clean,
            "ATTUNE_DATA": str(self.data),
            "ATTUNE_WEB_WORKERS": str(self.web_workers),
            "ATTUNE_ADMIN_EMAIL": "first@example.org",
            "ATTUNE_ADMIN_PASSWORD": "a long enough pass phrase",
            "ATTUNE_LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PORT": str(self.port),
            "CHAOS_WSGI": "portal.wsgi:application",
            "CHAOS_CHILDREN": EVERYONE,
            **self.extra,
        }

    def start(self, **extra: str) -> None:
        """Start everything and wait until it is ready; raises RuntimeError with the log when it is not."""
        self.extra = extra
        self.data.mkdir(parents=True, mode=0o711, exist_ok=True)
        with self.log.open("ab") as log:
            self.supervisor = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.tree"],
                cwd=ROOT, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        if not processes.wait_until(lambda: self.ready() or self.ended(), 240, 0.1) or self.ended():
            raise RuntimeError(f"it does not start:\n{processes.tail(self.log, 40)}")

    def ended(self) -> bool:
        """Whether the supervisor is gone."""
        return self.supervisor is None or self.supervisor.poll() is not None

    def stop(self) -> None:
        """Stop everything."""
        if self.supervisor is not None and self.supervisor.poll() is None:
            self.supervisor.send_signal(signal.SIGTERM)
            try:
                self.supervisor.wait(60)
            except subprocess.TimeoutExpired:
                processes.kill_group(self.supervisor)

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], str]:
        """One GET without a retry: status (0: no answer), headers, body."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request("GET", path, headers=headers or {})
            answer = line.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            return 0, {}, ""
        finally:
            line.close()

    def ready(self) -> bool:
        """Whether the web process reaches database and broker."""
        return self.get("/health/ready")[0] == 200

    # --- who is who -------------------------------------------------------------------------

    def victims(self) -> dict[str, list[int]]:
        """Process ids by kind, as far as they live now."""
        now = table()
        boss = self.supervisor.pid if self.supervisor else -1

        def below(parents: list[int], word: str) -> list[int]:
            return [p.pid for p in now if p.parent in parents and word in p.command]

        master, jobs = below([boss], "gunicorn"), below([boss], " worker ")
        keeper = [self.keeper()]
        postmaster = below(keeper, "bin/postgres")
        found = (
            master,
            below(master, "gunicorn"),
            jobs,
            below(jobs, " worker "),
            below([boss], " beat "),
            below(keeper, "valkey-server"),
            below(postmaster, "attune_app"),
            postmaster,
            postmaster,  # and all that it started: see database_processes
            [pid for pid in keeper if processes.alive(pid)],
        )
        return dict(zip(KINDS, found, strict=True))

    def keeper(self) -> int:
        """The keeper of the embedded servers; -1 when there is none."""
        with contextlib.suppress(OSError, ValueError):
            return int((self.data / "keeper.lock").read_text())
        return -1

    def database_processes(self) -> list[int]:
        """The postmaster first, then all that it started."""
        postmaster = self.victims()["postmaster"]
        return postmaster + [p.pid for p in table() if p.parent in postmaster]


@contextlib.contextmanager
def world(*, keep: bool = False) -> Iterator[World]:
    """An installation that is not started yet; stopped and removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="attune-chaos-"))
    folder.chmod(0o711)  # as root the servers run as somebody who must be able to pass through
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours = World(folder / "data", port)
    try:
        yield ours
    finally:
        ours.stop()
        if keep:
            print(f"  The data folder is kept: {folder}")
        else:
            shutil.rmtree(addresses.runtime_dir(ours.data), ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)


def kill(pid: int, number: int = signal.SIGKILL) -> bool:
    """Send a signal; False when the process is gone already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
