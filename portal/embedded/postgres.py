"""The embedded PostgreSQL: made once, started as our own child, roles and database prepared."""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg

from portal.embedded import processes
from portal.embedded.account import Account, EmbeddedError, home_of, postgres_programs

ADMIN = "attune_admin"  # the first role of the embedded server; no part of the product signs in with it
DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy"
# a test server may forget everything when the machine stops: it is made again from the migrations
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300"}


class Postgres:
    """One server on one data folder, listening on a Unix socket only."""

    def __init__(self, data_dir: Path, runtime: Path, account: Account, forgetful: bool) -> None:
        self.account = account
        self.runtime = runtime
        self.programs = postgres_programs(account)
        self.home = home_of("postgres", data_dir, account)
        self.log_path = data_dir / "logs" / "postgres.log"
        self.options = {
            "listen_addresses": "",
            "unix_socket_directories": str(runtime),
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **(FORGETFUL if forgetful else {}),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def address(self, name: str) -> str:
        """Where the server's administrator reaches this database."""
        return f"host={self.runtime} user={ADMIN} dbname={name} connect_timeout=10"

    def start(self) -> None:
        """Start the server and wait until it answers; a crash before is recovered from by PostgreSQL itself.

        Raises EmbeddedError with the last lines of its log.
        """
        if not (self.home / "PG_VERSION").is_file():
            self._create()
        self._clear_the_way()
        for attempt in range(20):  # processes of a killed server may still hold its memory for a moment
            with self.log_path.open("ab") as log:
                mark = log.tell()
                options = [part for key, value in self.options.items() for part in ("-c", f"{key}={value}")]
                self.process = processes.spawn(
                    [self.programs / "postgres", "-D", self.home, *options],
                    log=log, account=self.account, death_signal=signal.SIGINT,
                )  # fmt: skip
            if processes.wait_until(lambda: self._answers() or not self.running(), 120) and self.running():
                return
            processes.kill_group(self.process)
            if "still in use" not in self._log_since(mark) and "Is another postmaster" not in self._log_since(
                mark
            ):
                break
            time.sleep(0.1 * (attempt + 1))
        raise EmbeddedError(f"the embedded PostgreSQL does not start:\n{processes.tail(self.log_path)}")

    def running(self) -> bool:
        """Whether our child still lives."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Stop fast: sessions are ended, everything committed is kept."""
        if self.process is not None:
            processes.stop(self.process, signal.SIGINT, 30)

    def prepare(self) -> None:
        """Make the roles and the database, once per content of deploy/*.sql."""
        roles, database = (
            (DEPLOY / name).read_text(encoding="utf-8") for name in ("roles.sql", "database.sql")
        )
        stamp = f"-- prepared {hashlib.sha256((roles + database).encode()).hexdigest()}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            known = connection.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'attune'"
            ).fetchone()
            if known and known[0] == stamp:
                return
            connection.execute(roles.encode())
            if not known:
                connection.execute("CREATE DATABASE attune OWNER attune_owner")
        with psycopg.connect(self.address("attune"), autocommit=True) as connection:
            connection.execute(database.encode())
            connection.execute(f"COMMENT ON DATABASE attune IS '{stamp}'".encode())

    def _create(self) -> None:
        """initdb into a folder beside, moved into place when it is whole: an interrupted start begins again."""
        if self.home.is_dir() and any(self.home.iterdir()):
            raise EmbeddedError(
                f"{self.home} is not empty and holds no database: move it away and start again."
            )
        partial = self.home.with_name(f"{self.home.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        self.account.own(partial)
        made = self.account.run(
            [
                self.programs / "initdb", "-D", partial, "-U", ADMIN, "--encoding=UTF8", "--locale=C",
                "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--auth-local=trust", "--auth-host=reject",
                "--no-instructions", "--no-sync",
            ]
        )  # fmt: skip
        if made.returncode != 0:
            raise EmbeddedError(f"the embedded PostgreSQL cannot make its data folder: {made.stderr.strip()}")
        if self.home.is_dir():
            self.home.rmdir()
        partial.rename(self.home)

    def _clear_the_way(self) -> None:
        """Stop a server left by a killed keeper; drop a pid file whose number now belongs to another program."""
        pid_file = self.home / "postmaster.pid"
        try:
            pid = abs(int(pid_file.read_text(encoding="utf-8").splitlines()[0]))
        except (OSError, ValueError, IndexError):
            return
        if not processes.alive(pid):
            return
        if "postgres" in processes.command_of(pid):
            self.account.run([self.programs / "pg_ctl", "stop", "-D", self.home, "-m", "fast", "-t", "60"])
            processes.wait_until(lambda: not processes.alive(pid), 10)
            if processes.alive(pid) and str(self.home) in processes.command_of(pid):
                raise EmbeddedError(f"process {pid} already serves {self.home} and does not stop.")
        else:
            with contextlib.suppress(FileNotFoundError):
                pid_file.unlink()

    def _answers(self) -> bool:
        if not (self.runtime / ".s.PGSQL.5432").exists():
            return False
        try:
            psycopg.connect(self.address("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def _log_since(self, mark: int) -> str:
        with self.log_path.open("rb") as log:
            log.seek(mark, os.SEEK_SET)
            return log.read().decode(errors="replace")
