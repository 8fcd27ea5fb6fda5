"""The keeper: one small process per data folder that runs the embedded servers as long as someone uses them.

Everyone who needs the servers holds a shared lock on `embedded.lock`; the kernel lets go of it however they end.
When the keeper gets that lock alone nobody is left, and it stops the servers. A server that dies is started again.
The servers in turn end when the keeper is killed. Run as: python -m portal.embedded.keeper DATA [--no-broker]
[--no-database] [--forgetful]
"""

import argparse
import contextlib
import fcntl
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import IO

from portal.embedded import addresses
from portal.embedded.account import Account, EmbeddedError, account_for
from portal.embedded.postgres import Postgres
from portal.embedded.valkey import Valkey

PAUSE = 0.25  # seconds between two looks at the servers and the lock
LONGEST_SOCKET = 107  # bytes of a Unix socket path


def main() -> int:
    """Keep the servers until nobody uses them; 0 also where another keeper already does."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--no-database", action="store_true")
    parser.add_argument("--no-broker", action="store_true")
    parser.add_argument("--forgetful", action="store_true")
    arguments = parser.parse_args()
    data: Path = arguments.data
    with (data / "keeper.lock").open("a") as mine, (data / "embedded.lock").open("w") as users:
        try:
            fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        (data / "embedded.ready").unlink(missing_ok=True)  # left by a killed keeper
        # into the background with the lock in hand: who started us finds it taken, and has no zombie to bury
        if os.fork():
            os._exit(0)
        os.setsid()
        mine.truncate(0)
        mine.write(f"{os.getpid()}\n")
        mine.flush()
        stop = _Stop()
        runtime = addresses.runtime_dir(data)
        try:
            account = account_for(data)
            _own_runtime(runtime, account)
            (data / "logs").mkdir(exist_ok=True, mode=0o700)
            servers: list[Postgres | Valkey] = []
            if not arguments.no_database:
                servers.append(Postgres(data, runtime, account, arguments.forgetful))
            if not arguments.no_broker:
                servers.append(Valkey(data, runtime, account))
            _keep(servers, data, users, stop)
        except (EmbeddedError, OSError) as error:
            (data / "embedded.failed").write_text(str(error), encoding="utf-8")
            return 1
        finally:
            (data / "embedded.ready").unlink(missing_ok=True)
    return 0


class _Stop:
    """Set by SIGTERM, SIGINT or SIGHUP."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def _own_runtime(runtime: Path, account: Account) -> None:
    """Make the folder of the sockets, or refuse one that somebody else put there."""
    if len(os.fsencode(runtime / ".s.PGSQL.5432")) > LONGEST_SOCKET:
        raise EmbeddedError(
            f"the folder of the sockets is too long a path: {runtime}. Set ATTUNE_RUNTIME to a short one."
        )
    runtime.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        runtime.mkdir(mode=0o700)
    if runtime.is_symlink() or runtime.stat().st_uid not in {os.getuid(), account.uid}:
        raise EmbeddedError(
            f"{runtime} belongs to somebody else: set ATTUNE_RUNTIME to a folder of your own."
        )
    account.own(runtime)


def _keep(servers: list[Postgres | Valkey], data: Path, users: IO[str], stop: _Stop) -> None:
    try:
        for server in servers:
            server.start()
        for server in servers:
            if isinstance(server, Postgres):
                server.prepare()
        (data / "embedded.failed").unlink(missing_ok=True)
        names = " ".join(type(server).__name__ for server in servers)
        partial = data / "embedded.ready.partial"
        partial.write_text(names, encoding="utf-8")
        partial.replace(data / "embedded.ready")  # never seen half written
        while not stop.asked:
            time.sleep(PAUSE)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            for server in servers:
                if not server.running():
                    print(
                        f"{time.strftime('%FT%TZ', time.gmtime())} {type(server).__name__} died: started again"
                    )
                    sys.stdout.flush()
                    server.start()
    finally:
        (data / "embedded.ready").unlink(missing_ok=True)
        for server in reversed(servers):
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
