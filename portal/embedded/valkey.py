"""The embedded Valkey: broker and cache on a Unix socket; what it acknowledged is in its append-only file."""

import signal
import socket
import subprocess
import time
from pathlib import Path

from portal.embedded import processes
from portal.embedded.account import Account, EmbeddedError, home_of, valkey_program


class Valkey:
    """One server on one data folder."""

    def __init__(self, data_dir: Path, runtime: Path, account: Account) -> None:
        self.account = account
        self.program = valkey_program(account)
        self.home = account.own(home_of("valkey", data_dir, account))
        self.socket = runtime / "valkey.sock"
        self.log_path = data_dir / "logs" / "valkey.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers.

        A broken append-only file is moved aside: the queue is only a doorbell, the jobs stand in the database.
        """
        if self._try():
            return
        kept = self.home / "appendonlydir"
        if kept.is_dir():
            kept.rename(self.home / f"appendonlydir.broken-{int(time.time())}")
            if self._try():
                return
        raise EmbeddedError(f"the embedded Valkey does not start:\n{processes.tail(self.log_path)}")

    def running(self) -> bool:
        """Whether our child still lives."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Stop; the append-only file is complete."""
        if self.process is not None:
            processes.stop(self.process, signal.SIGTERM, 10)

    def _try(self) -> bool:
        if not processes.wait_until(
            lambda: not self._answers(), 10
        ):  # one left by a killed keeper is stopping
            raise EmbeddedError(f"another Valkey already listens on {self.socket}.")
        with self.log_path.open("ab") as log:
            self.process = processes.spawn(
                [
                    self.program, "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700",
                    "--dir", self.home, "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
                    "--maxmemory-policy", "noeviction", "--databases", "4", "--daemonize", "no",
                ],
                log=log, account=self.account,
            )  # fmt: skip
        if processes.wait_until(lambda: self._answers() or not self.running(), 30) and self.running():
            return True
        processes.kill_group(self.process)
        return False

    def _answers(self) -> bool:
        """True when it answers PING and has loaded its file."""
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(2)
                line.connect(str(self.socket))
                line.sendall(b"PING\r\n")
                return line.recv(64).startswith(b"+PONG")
        except OSError:
            return False
