"""`manage.py up`: everything as one tree under one small supervisor; Ctrl-C stops the whole tree.

Children sit in process groups of their own and are told by the kernel when the supervisor dies, so nothing stays
behind however it ends. A child that dies is started again. No Django here: it starts in a blink and stays small.
"""

import argparse
import contextlib
import errno
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from portal import embedded
from portal.embedded import addresses, preparation, processes
from portal.embedded.account import EmbeddedError

ROOT = addresses.ROOT
READY_SECONDS = 90
STOP_SECONDS = 10  # then a child is killed: its work is leased and done again
LONGEST_PAUSE = 30
LOG_BYTES = 10_000_000


@dataclass
class Child:
    """One process of the tree and how often it had to be started."""

    name: str
    command: list[str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0
    failures: int = 0
    again_at: float = 0

    def start(self, environment: dict[str, str]) -> None:
        """Start it; its output goes to its log."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self.process = processes.spawn(self.command, log=log, cwd=ROOT, environment=environment)
        self.started = time.monotonic()

    def dead(self) -> bool:
        """Whether it was started and is gone."""
        return self.process is not None and self.process.poll() is not None


@dataclass
class Tree:
    """The children, and whether somebody asked to stop."""

    environment: dict[str, str]
    children: list[Child] = field(default_factory=list)
    asked: int = 0

    def __post_init__(self) -> None:
        """What prepares works in the same environment."""
        self.commands = preparation.Commands(self.environment)

    def listen(self) -> None:
        """Ctrl-C, SIGTERM and a closed terminal all mean: stop; a second time: at once."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked += 1
        self.commands.stop()

    def start(self, name: str) -> Child:
        """Start the child of this name."""
        child = next(one for one in self.children if one.name == name)
        child.start(self.environment)
        return child

    def watch(self, held: embedded.Held | None) -> None:
        """Until asked to stop: start again what died, each time after a longer pause."""
        while not self.asked:
            time.sleep(0.2)
            if held is not None and not held.kept():
                print("  The embedded servers ended and start again", flush=True)
                held.have()
            processes.bury_orphans([child.process.pid for child in self.children if child.process])
            for child in self.children:
                if child.dead():
                    self._revive(child)

    def _revive(self, child: Child) -> None:
        assert child.process is not None  # noqa: S101 - a dead child was started
        now = time.monotonic()
        if not child.again_at:
            processes.kill_group(child.process)  # what it may have left of its own children
            child.failures = 1 if now - child.started > 60 else child.failures + 1
            pause = min(2 ** (child.failures - 1), LONGEST_PAUSE)
            child.again_at = now + pause
            code = child.process.returncode
            print(f"  {child.name} ended ({code}) and starts again in {pause} s; see {child.log}", flush=True)
        elif now >= child.again_at:
            child.again_at = 0
            child.start(self.environment)

    def stop(self) -> None:
        """Ask all, wait a little, kill what is left."""
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        end, asked = time.monotonic() + STOP_SECONDS, self.asked
        while (
            time.monotonic() < end
            and self.asked == asked
            and any(process.poll() is None for process in running)
        ):
            time.sleep(0.05)
        for process in running:
            processes.kill_group(process)


EXAMPLE_CONTROLLER = {
    "ADDRESS": "Voorbeeldstraat 1, 1000 AA Amsterdam",
    "CONTACT": "privacy@example.org",
    "COUNTRY": "NL",
    "AUTHORITY": "Autoriteit Persoonsgegevens",
}
"""Who answers for the processing in the example organisation."""


def main(arguments: list[str]) -> int:
    """Run until stopped; 0 when stopped by a person, 1 with a reason when it cannot start."""
    parser = argparse.ArgumentParser(
        prog="manage.py up", description="Start Attune: web, worker, scheduler, servers."
    )
    parser.add_argument(
        "--example", action="store_true", help="with the example organisation and its live scorer"
    )
    parser.add_argument(
        "--with-parent", action="store_true", help="stop when the program that started it ends"
    )
    options = parser.parse_args(arguments)
    tree = Tree(environment=dict(os.environ))
    tree.listen()
    processes.adopt_orphans()
    if options.with_parent:
        processes.die_with_parent(signal.SIGTERM, os.getppid())()
    try:
        return run(tree, example=options.example)
    except preparation.Interrupted as stopped:
        print(f"\nStopped while {stopped}. Start again: it goes on where it stopped.", flush=True)
        return 0
    except EmbeddedError as error:
        print(f"\nAttune cannot start: {error}", file=sys.stderr)
        return 1


def run(tree: Tree, *, example: bool) -> int:
    """Prepare, start, tell the person, watch, stop."""
    data, host, port = addresses.data_dir(), os.environ.get("ATTUNE_BIND") or "127.0.0.1", _port()
    url = f"http://{'127.0.0.1' if host in {'0.0.0.0', '::'} else host}:{port}"  # noqa: S104 - only compared
    embedded.make_data_dir(data)
    with (data / "supervisor.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            print(f"Attune already runs from {data}: {lock.read().strip() or 'it is just starting'}")
            return 0
        _port_is_free(host, port)
        lock.truncate(0)
        lock.write(f"{url} (process {os.getpid()})\n")  # before it answers: who comes second is told where
        lock.flush()
        tree.environment |= {"PYTHONUNBUFFERED": "1", "PORT": str(port)}
        if example:
            tree.environment.setdefault("ATTUNE_SCORER_URL", f"http://127.0.0.1:{_free_port(port + 1)}/score")
            for name, value in EXAMPLE_CONTROLLER.items():
                tree.environment.setdefault(f"ATTUNE_CONTROLLER_{name}", value)
        held = None
        try:
            preparation.compile_translations()
            with ThreadPoolExecutor(max_workers=1) as side:
                collected = side.submit(preparation.collect_static, tree.commands)  # needs no database
                held = embedded.ensure(data)
                preparation.make_tables(tree.commands, example=example)
                collected.result()
            tree.children = _children(data, host, port, tree.environment, example=example)
            if not tree.asked:
                tree.start("web")
                if example:
                    preparation.make_example(data, tree.commands)  # the web comes up meanwhile
                _serve(tree, host, port)
                if not tree.asked:
                    _tell(url, data, example=example)
                tree.watch(held)
            print("\nStopping", flush=True)
        finally:
            tree.stop()
            lock.truncate(0)
            if held is not None:
                held.release(wait=60)
            processes.wait_until(_alone, 2)
    return 0


def _alone() -> bool:
    """Whether every process below us, adopted ones included, is gone and buried."""
    with contextlib.suppress(ChildProcessError):
        while True:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                return False
    return True


def _serve(tree: Tree, host: str, port: int) -> None:
    """When the web answers, start the rest: the first page is not kept waiting."""
    web = next(child for child in tree.children if child.name == "web")
    processes.wait_until(lambda: bool(tree.asked) or web.dead() or _answers(host, port), READY_SECONDS, 0.05)
    if web.dead() or not (tree.asked or _answers(host, port)):
        raise EmbeddedError(
            f"the web process does not answer. The end of {web.log}:\n{processes.tail(web.log)}"
        )
    for child in tree.children:
        if child is not web and not tree.asked:
            child.start(tree.environment)


def _children(data: Path, host: str, port: int, environment: dict[str, str], *, example: bool) -> list[Child]:
    """What the tree consists of."""
    python, logs = [sys.executable, "-m"], data / "logs"
    logs.mkdir(exist_ok=True, mode=0o700)
    commands: dict[str, list[str]] = {
        "web": [
            *python, "gunicorn", "portal.wsgi:application", "--bind", _bind(host, port), "--no-control-socket",
            "--workers", environment.get("ATTUNE_WEB_WORKERS") or "2", "--threads", "4", "--preload",
            "--timeout", "60", "--graceful-timeout", "8", "--max-requests", "5000", "--max-requests-jitter", "500",
            "--access-logfile", "-", "--logger-class", "portal.embedded.access_log.AccessLog",
        ],
        "worker": [
            *python, "celery", "-A", "portal", "worker", "--without-gossip", "--without-mingle", "--loglevel", "INFO",
            "--concurrency", environment.get("ATTUNE_WORKERS") or "2",
        ],
        "scheduler": [
            *python, "celery", "-A", "portal", "beat", "--loglevel", "INFO", "--pidfile", "",
        ],
    }  # fmt: skip
    if example:
        address = environment["ATTUNE_SCORER_URL"]
        commands["scorer"] = [*python, "portal.example.scorer", address]
        key = str(data / "keys" / "example-api-key")
        commands["traffic"] = [*python, "portal.example.traffic", f"http://{_bind(host, port)}", address, key]
    return [Child(name, command, logs / f"{name}.log") for name, command in commands.items()]


def _bind(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise EmbeddedError(f"PORT is '{text}': give a number from 1 to 65535, for instance PORT=8001.")
    return int(text)


def _try_bind(host: str, port: int) -> OSError | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            return error
    return None


def _port_is_free(host: str, port: int) -> None:
    error = _try_bind(host, port)
    if error is None:
        return
    if error.errno == errno.EADDRINUSE:
        raise EmbeddedError(
            f"port {port} is in use by another program. Choose another one, for instance: PORT={port + 1} make demo"
        )
    if error.errno == errno.EACCES:
        raise EmbeddedError(
            f"port {port} is not open to this user: choose one above 1023, for instance PORT=8001."
        )
    raise EmbeddedError(f"cannot listen on {host}:{port}: {error.strerror}. Check ATTUNE_BIND and PORT.")


def _free_port(first: int) -> int:
    """The first free port of the next twenty."""
    for port in range(first, first + 20):
        if port < 65536 and _try_bind("127.0.0.1", port) is None:
            return port
    raise EmbeddedError(f"no free port from {first} on for the example's scorer: choose another PORT.")


def _answers(host: str, port: int) -> bool:
    """Whether the web answers anything but an error of its own."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - only compared
    connection = http.client.HTTPConnection(target, port, timeout=5)
    try:
        connection.request("GET", "/health/live", headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tell(url: str, data: Path, *, example: bool) -> None:
    """The address and, for the example, a sign-in per role."""
    lines = ["", f"  Attune runs at {url}", ""]
    if example:
        lines += _sign_ins()
        page = data / "keys" / "example-personal-page"
        if page.is_file():
            lines += [f"  A customer's own page, without signing in: {page.read_text(encoding='utf-8')}", ""]
    lines += [f"  Data and logs: {data}", "  Stop with Ctrl-C", ""]
    print("\n".join(lines), flush=True)


def _sign_ins() -> list[str]:
    with contextlib.suppress(ImportError):
        from portal.example import people

        width = max(len(role) for role, _ in people.SIGN_INS)
        rows = [f"    {role:<{width}}  {email}" for role, email in people.SIGN_INS]
        return [f"  Sign in with the password {people.PASSWORD} as", *rows, ""]
    return []
