"""Databases of the tests: one template migrated once per state of the migrations, one copy per session and worker.

Restoring a copy from the template stands in for Django's flush, which the ledger's guards refuse. The server is the
tests' embedded one, or with ATTUNE_TEST_SERVICES=real one of the machine (tests/servers.py).
"""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
from psycopg import sql

from portal.embedded import addresses
from portal.embedded.postgres import ADMIN, DEPLOY
from tests import servers

ROOT = Path(__file__).resolve().parent.parent
KEEP_TEMPLATES = 3


def admin(name: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
    """A connection of the server's administrator; tests use it only to make and drop databases."""
    if servers.real():
        return psycopg.connect(os.environ["ATTUNE_TEST_POSTGRES"], dbname=name, autocommit=True)
    folder = addresses.runtime_dir(addresses.data_dir())
    return psycopg.connect(f"host={folder} user={ADMIN} dbname={name}", autocommit=True)


def environment(name: str) -> dict[str, str]:
    """The addresses of a database for each of the three roles."""
    roles = {
        "DATABASE_URL": "attune_app",
        "DATABASE_OWNER_URL": "attune_owner",
        "LEDGER_DATABASE_URL": "attune_ledger",
    }
    return {variable: _address(role, name) for variable, role in roles.items()}


def _address(role: str, name: str) -> str:
    if not servers.real():
        return addresses.database_url(addresses.data_dir(), role, name)
    admin_url, password = os.environ["ATTUNE_TEST_POSTGRES"], os.environ["ATTUNE_TEST_ROLE_PASSWORD"]
    return servers.role_address(admin_url, role, password, name)


def migrations_hash() -> str:
    """A hash over every migration of ours, the installed packages and the rights given at first start."""
    digest = hashlib.sha256()
    files = [
        path
        for app in ("portal", "governance", "metrics")
        for path in (ROOT / app / "migrations").glob("*.py")
    ]
    for path in sorted([*files, *DEPLOY.glob("*.sql"), ROOT / "requirements.lock"]):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def template() -> str:
    """The name of the migrated template; made now where it is missing, by one process of all that ask."""
    name = f"{servers.prefix()}template_{migrations_hash()}"
    with (addresses.data_dir() / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with admin() as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return name
            partial = f"{name}_{os.getpid()}"
            _create(connection, partial)
            try:
                with admin(partial) as inside:
                    inside.execute((DEPLOY / "database.sql").read_bytes())
                _migrate(partial)
            except BaseException:
                drop(partial)
                raise
            connection.execute(_sql("ALTER DATABASE {} RENAME TO {}", partial, name))
            connection.execute(_sql("ALTER DATABASE {} ALLOW_CONNECTIONS false", name))
            _forget_old_templates(connection)
    return name


def copy(template_name: str, name: str) -> None:
    """Make `name` a fresh copy of the template; what was there is gone, sessions included."""
    # copying files is quickest where nothing is made durable, and needs two checkpoints where everything is
    how = "wal_log" if servers.real() else "file_copy"
    with admin() as connection:
        connection.execute(_sql("DROP DATABASE IF EXISTS {} WITH (FORCE)", name))
        connection.execute(
            _sql(f"CREATE DATABASE {{}} TEMPLATE {{}} OWNER attune_owner STRATEGY {how}", name, template_name)
        )


def drop(name: str) -> None:
    """Drop a database with its sessions."""
    with admin() as connection:
        connection.execute(_sql("DROP DATABASE IF EXISTS {} WITH (FORCE)", name))


def drop_left_behind() -> None:
    """Drop the copies of test sessions whose process is gone (on real servers the next run does so)."""
    if servers.real():
        return
    with admin() as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'").fetchall()
        for (name,) in rows:
            match = re.match(r"test_(\d+)_", str(name))
            if match and not Path(f"/proc/{match[1]}").exists() and Path("/proc/self").exists():
                connection.execute(_sql("DROP DATABASE IF EXISTS {} WITH (FORCE)", str(name)))


def _create(connection: "psycopg.Connection[tuple[object, ...]]", name: str) -> None:
    connection.execute(_sql("DROP DATABASE IF EXISTS {} WITH (FORCE)", name))
    connection.execute(_sql("CREATE DATABASE {} OWNER attune_owner", name))


def _migrate(name: str) -> None:
    """In a process of its own: the test's connections stay untouched."""
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT, env={**os.environ, **environment(name)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"the migrations fail on an empty database:\n{done.stdout}{done.stderr}")


def _forget_old_templates(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    rows = connection.execute(
        "SELECT datname FROM pg_database WHERE datname ~ '^template_[0-9a-f]{16}$' ORDER BY oid DESC"
    ).fetchall()
    for (name,) in rows[KEEP_TEMPLATES:]:
        connection.execute(_sql("DROP DATABASE IF EXISTS {}", str(name)))


def _sql(text: str, *names: str) -> sql.Composed:
    return sql.SQL(text).format(*[sql.Identifier(name) for name in names])
