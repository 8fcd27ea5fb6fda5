"""The database and the broker that start by themselves when none is configured.

`ensure()` is all that the rest of the project needs: afterwards the addresses of `addresses.py` answer, for as long
as this process lives or until `release()`. Who starts first and who leaves last does not matter (see keeper.py).
"""

import fcntl
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from portal.embedded import addresses, processes
from portal.embedded.account import EmbeddedError

__all__ = ["EmbeddedError", "Held", "ensure"]

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 150  # a first start takes two; a long recovery of a killed server may take more
_held: dict[Path, "Held"] = {}


@dataclass
class Held:
    """Our share in the embedded services of one data folder."""

    data_dir: Path
    lock: IO[str]
    forgetful: bool = False

    def have(self) -> None:
        """Have the services run; a keeper that was killed took them with it and is replaced."""
        database, broker = wanted()
        if not (_kept(self.data_dir) and (self.data_dir / "embedded.ready").exists()):
            _start(self.data_dir, database, broker, self.forgetful)
        try:
            running = (self.data_dir / "embedded.ready").read_text(encoding="utf-8").split()
        except FileNotFoundError:
            raise EmbeddedError("the embedded servers were stopped while we started: start again.") from None
        if (database and "Postgres" not in running) or (broker and "Valkey" not in running):
            raise EmbeddedError(
                f"somebody uses {self.data_dir} with other addresses (DATABASE_URL, CELERY_BROKER_URL, CACHE_URL) "
                "than we do: stop that first, or give both the same."
            )

    def kept(self) -> bool:
        """Whether the keeper lives; cheap enough to ask every second."""
        return _kept(self.data_dir)

    def release(self, wait: float = 0) -> bool:
        """Give up our share; `wait` seconds for the servers to stop. False when somebody else still uses them."""
        _held.pop(self.data_dir, None)
        self.lock.close()
        if not wait:
            return True
        return processes.wait_until(lambda: not _kept(self.data_dir), wait, 0.05)


def wanted() -> tuple[bool, bool]:
    """(database, broker): which of the services the environment leaves to us."""
    broker = not os.environ.get("CELERY_BROKER_URL") or not os.environ.get("CACHE_URL")
    return not os.environ.get("DATABASE_URL"), broker


def ensure(data_dir: Path | None = None, *, forgetful: bool = False) -> Held | None:
    """Have the embedded services run while this process needs them; None where the environment names others.

    `forgetful` is for tests: fast, and lost when the machine stops. Raises EmbeddedError with a reason that a person
    can act on.
    """
    data = (data_dir or addresses.data_dir()).resolve()
    if not any(wanted()):
        return None
    if data in _held:
        return _held[data]
    make_data_dir(data)
    held = Held(data, _share(data), forgetful)
    try:
        held.have()
    except BaseException:
        held.lock.close()
        raise
    _held[data] = held
    return held


def make_data_dir(data: Path) -> None:
    """Make the data folder, closed to others; raises EmbeddedError where it cannot be ours."""
    if not data.is_dir():
        # root's servers run as another user, who must be able to pass through
        try:
            data.mkdir(parents=True, mode=0o711 if os.getuid() == 0 else 0o700, exist_ok=True)
        except OSError as error:
            raise EmbeddedError(
                f"the data folder {data} cannot be made ({error.strerror}): set ATTUNE_DATA to another folder."
            ) from error
    if not os.access(data, os.W_OK | os.X_OK):
        raise EmbeddedError(
            f"the data folder {data} is not ours to write: set ATTUNE_DATA to another folder."
        )


def _share(data: Path) -> IO[str]:
    """Take the shared lock; a keeper that is just stopping is waited for."""
    try:
        lock = (data / "embedded.lock").open("a")
    except PermissionError as error:
        raise EmbeddedError(
            f"the data folder {data} was made by another user: start as that user, or set another ATTUNE_DATA."
        ) from error
    end = time.monotonic() + 60
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() > end:
                lock.close()
                raise EmbeddedError(f"the embedded services in {data} do not finish stopping.") from None
            time.sleep(0.05)


def _kept(data: Path) -> bool:
    """Whether a keeper lives."""
    try:
        with (data / "keeper.lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _start(data: Path, database: bool, broker: bool, forgetful: bool) -> None:
    (data / "embedded.failed").unlink(missing_ok=True)
    (data / "logs").mkdir(exist_ok=True, mode=0o700)
    options = [
        *["--no-database"] * (not database),
        *["--no-broker"] * (not broker),
        *["--forgetful"] * forgetful,
    ]
    with (data / "logs" / "keeper.log").open("ab") as log:
        subprocess.run(  # it goes into the background by itself
            [sys.executable, "-m", "portal.embedded.keeper", str(data), *options],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False,
        )  # fmt: skip

    def settled() -> bool:
        return (data / "embedded.ready").exists() or not _kept(data)

    processes.wait_until(settled, START_SECONDS)
    if not (data / "embedded.ready").exists():
        failed = data / "embedded.failed"
        reason = failed.read_text(encoding="utf-8") if failed.exists() else ""
        raise EmbeddedError(
            reason or f"the keeper does not start:\n{processes.tail(data / 'logs' / 'keeper.log')}"
        )
