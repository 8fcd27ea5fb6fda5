"""The servers that the tests use where `ATTUNE_TEST_SERVICES=real`: found, marked as ours, left as they were.

PostgreSQL: databases whose names begin with the run's, dropped afterwards, and the three roles of deploy/roles.sql,
dropped where this run made them. Redis: two databases found empty, marked, emptied. RabbitMQ: a virtual host of its
own where `rabbitmqctl` may be used, else queues that carry the name of the run. The next run removes what a killed one
left.
"""

import contextlib
import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import kombu
import kombu.exceptions
import psycopg
import psycopg.conninfo
import redis
from psycopg import sql

from portal.embedded.postgres import DEPLOY

MARK = "attune-test-run"
ROLES = ("attune_owner", "attune_app", "attune_ledger")
POSTGRES = (
    "postgresql://postgres@127.0.0.1:5432/postgres",
    "postgresql:///postgres?host=/var/run/postgresql",
)
REDIS = "redis://127.0.0.1:6379"
RABBITMQ = "amqp://guest:guest@127.0.0.1:5672//"
KEPT_SECONDS = 3 * 3600  # a mark on a Redis database; no run lasts as long
SECONDS = 3  # to answer


def real() -> bool:
    """Whether this session of tests works on servers of the machine instead of embedded ones."""
    return os.environ.get("ATTUNE_TEST_SERVICES") == "real"


def prefix() -> str:
    """What the databases and queues of this run begin with; nothing on embedded servers, which are ours alone."""
    run = os.environ.get("ATTUNE_TEST_RUN", "")
    return f"{run}_" if run else ""


@dataclass
class Run:
    """One run on real servers: what it takes, in the environment of its tests, and how it gives it back."""

    name: str = field(default_factory=lambda: f"attune_test_{os.getpid()}_{secrets.token_hex(3)}")
    environment: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    _after: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __enter__(self) -> "Run":
        self.environment = {"ATTUNE_TEST_SERVICES": "real", "ATTUNE_TEST_RUN": self.name}
        try:
            for server, take in (
                ("PostgreSQL", self._postgres),
                ("Redis", self._redis),
                ("RabbitMQ", self._rabbitmq),
            ):
                if not take():
                    self.missing.append(server)
        except BaseException:
            self._after.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._after.close()

    # --- PostgreSQL ---------------------------------------------------------------------------

    def _postgres(self) -> bool:
        url = next(filter(_postgres_answers, _candidates("ATTUNE_TEST_POSTGRES", POSTGRES)), None)
        if url is None:
            return False
        password = os.environ.get("ATTUNE_TEST_ROLE_PASSWORD") or secrets.token_urlsafe(16)
        # the session's name tells other runs that this one lives
        admin = psycopg.connect(url, autocommit=True, application_name=self.name)
        self._after.callback(admin.close)
        forget_databases(admin)
        before = _roles(admin)
        admin.execute((DEPLOY / "roles.sql").read_bytes())
        for role in set(ROLES) - before:
            admin.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(sql.Identifier(role), sql.Literal(MARK)))
            admin.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
            )
        self._after.callback(_drop_roles, admin)
        self._after.callback(drop_databases, admin, self.name)
        self.environment |= {"ATTUNE_TEST_POSTGRES": url, "ATTUNE_TEST_ROLE_PASSWORD": password}
        if not _postgres_answers(role_address(url, ROLES[1], password, "postgres")):
            raise RuntimeError(
                "PostgreSQL does not let attune_app in: give the password of the three roles in "
                "ATTUNE_TEST_ROLE_PASSWORD, or drop the roles so that the tests make their own"
            )
        return True

    # --- Redis --------------------------------------------------------------------------------

    def _redis(self) -> bool:
        url = _candidates("ATTUNE_TEST_REDIS", [REDIS])[0].rstrip("/")
        try:
            with redis.Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS) as client:
                count = int(client.config_get("databases")["databases"])
        except redis.RedisError:
            return False
        broker, cache = self._empty_database(url, count), self._empty_database(url, count)
        self.environment |= {"ATTUNE_TEST_REDIS": broker, "CELERY_BROKER_URL": broker, "CACHE_URL": cache}
        return True

    def _empty_database(self, url: str, count: int) -> str:
        for number in range(count - 1, 0, -1):
            client = redis.Redis.from_url(f"{url}/{number}")
            if client.dbsize() == 0 and client.set(MARK, self.name, nx=True, ex=KEPT_SECONDS):
                self._after.callback(client.flushdb)
                return f"{url}/{number}"
            client.close()
        raise RuntimeError(
            f"none of the {count} databases of {url} is empty: name another server in ATTUNE_TEST_REDIS"
        )

    # --- RabbitMQ -----------------------------------------------------------------------------

    def _rabbitmq(self) -> bool:
        url = _candidates("ATTUNE_TEST_RABBITMQ", [RABBITMQ])[0]
        try:
            with kombu.Connection(url, connect_timeout=SECONDS) as line:
                line.ensure_connection(max_retries=1, timeout=SECONDS)
                user = line.userid
        except (OSError, kombu.exceptions.OperationalError):
            return False
        if "ATTUNE_TEST_RABBITMQ" not in os.environ and self._virtual_host(str(user)):
            url = f"{url.rstrip('/')}/{self.name}"
        else:
            self._after.callback(forget_queues, url, self.name)
        self.environment |= {"ATTUNE_TEST_RABBITMQ": url, "CELERY_BROKER_URL": url}
        return True

    def _virtual_host(self, user: str) -> bool:
        for name in _control("list_vhosts", "name", "--no-table-headers").split():
            if name.startswith("attune_test_") and not _lives(name):
                _control("delete_vhost", name)
        _control("add_vhost", self.name)
        if self.name not in _control("list_vhosts", "name", "--no-table-headers").split():
            return False
        _control("set_permissions", "-p", self.name, user, ".*", ".*", ".*")
        self._after.callback(_control, "delete_vhost", self.name)
        return True


def role_address(admin_url: str, role: str, password: str, name: str) -> str:
    """Where a role reaches a database: by TCP, since a socket usually asks who the person is, not for a password."""
    server = psycopg.conninfo.conninfo_to_dict(admin_url)
    host = str(server.get("host") or "127.0.0.1")
    host = "127.0.0.1" if host.startswith("/") else host
    return f"postgresql://{role}:{quote(password, safe='')}@{host}:{server.get('port') or 5432}/{name}"


def _candidates(variable: str, usual: "tuple[str, ...] | list[str]") -> list[str]:
    named = os.environ.get(variable)
    return [named] if named else list(usual)


def _postgres_answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=SECONDS).close()
    except psycopg.OperationalError:
        return False
    return True


def _roles(admin: "psycopg.Connection[tuple[object, ...]]") -> set[object]:
    return {row[0] for row in admin.execute("SELECT rolname FROM pg_roles").fetchall()}


def _drop_roles(admin: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Drop the roles that a run of tests made; of several at once the last one does."""
    others = (
        "SELECT 1 FROM pg_stat_activity WHERE application_name ~ '^attune_test_' AND pid <> pg_backend_pid()"
    )
    if admin.execute(others).fetchone():
        return
    marked = "SELECT rolname FROM pg_roles WHERE shobj_description(oid, 'pg_authid') = %s"
    for role in [str(row[0]) for row in admin.execute(marked, [MARK]).fetchall()]:
        with contextlib.suppress(psycopg.errors.DependentObjectsStillExist):  # somebody else uses them by now
            admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def drop_databases(admin: "psycopg.Connection[tuple[object, ...]]", run: str) -> None:
    """Drop every database of a run with its sessions."""
    rows = admin.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [run]).fetchall()
    for (name,) in rows:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(str(name))))


def forget_databases(admin: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Drop the databases of runs that were killed: whose session is gone."""
    rows = admin.execute(
        "SELECT DISTINCT substring(datname FROM '^attune_test_[0-9]+_[0-9a-f]{6}') AS run FROM pg_database"
        " WHERE datname ~ '^attune_test_[0-9]+_[0-9a-f]{6}'"
        " EXCEPT SELECT application_name FROM pg_stat_activity"
    ).fetchall()
    for (run,) in rows:
        drop_databases(admin, str(run))


def forget_queues(url: str, run: str) -> None:
    """Delete the queues of a run from a virtual host that it shares with others."""
    for session in ("main", *(f"gw{number}" for number in range(16))):
        with kombu.Connection(url) as line, line.channel() as channel:
            channel.queue_delete(f"{run}_{session}")
            channel.exchange_delete(f"{run}_{session}")


def _control(*arguments: str) -> str:
    """What `rabbitmqctl` says; nothing where it is not ours to use."""
    program = shutil.which("rabbitmqctl")
    if program is None:
        return ""
    done = subprocess.run(
        [program, "--quiet", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout if done.returncode == 0 else ""


def _lives(run: str) -> bool:
    """Whether the process that this virtual host is named after still runs (it is on this machine: so is the host)."""
    pid = run.removeprefix("attune_test_").partition("_")[0]
    return pid.isdigit() and Path(f"/proc/{pid}").exists()
