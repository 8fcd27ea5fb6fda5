"""What has to be done before the processes start, each step skipped while its inputs are the same; no Django here."""

import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from portal.embedded import addresses, processes
from portal.embedded.account import EmbeddedError

ROOT = addresses.ROOT
APPS = ("portal", "governance", "metrics")


class Interrupted(Exception):  # noqa: N818 - not an error
    """Somebody asked to stop while something was being prepared; its text says what, for the person."""


@dataclass
class Commands:
    """Runs management commands, one process each; `stop()` ends those that run and lets no other begin."""

    environment: Mapping[str, str]
    running: "set[subprocess.Popen[bytes]]" = field(default_factory=set)
    stopped: bool = False

    def run(self, *arguments: str, doing: str, asks: bool = False) -> None:
        """One command in front of the person; its own words explain what went wrong.

        `asks`: it asks on the terminal, and so stays in the terminal's foreground group, where Ctrl-C reaches it.
        Raises Interrupted, or EmbeddedError where it failed.
        """
        if self.stopped:
            raise Interrupted(doing)
        child = subprocess.Popen(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=dict(self.environment),
            start_new_session=not asks, preexec_fn=processes.die_with_parent(signal.SIGTERM),
        )  # fmt: skip
        self.running.add(child)
        if self.asked_to_stop():  # asked between the look above and now
            self.stop()
        code = child.wait()
        self.running.discard(child)
        if self.asked_to_stop():
            raise Interrupted(doing)
        if code != 0:
            raise EmbeddedError(f"`manage.py {arguments[0]}` failed while {doing}, see above.")

    def asked_to_stop(self) -> bool:
        """Asked anew each time: a signal may come between two lines."""
        return self.stopped

    def stop(self) -> None:
        """Called when the person asks to stop, also from a signal handler. What a command has not stored goes back."""
        self.stopped = True
        for child in list(self.running):
            if child.poll() is None:
                child.terminate()


def make_tables(commands: Commands, *, example: bool) -> None:
    """Tables up to date and, without the example, a first administrator."""
    migrate(commands)
    if not example and not _rows(commands.environment, "portal_user"):
        commands.run("createadmin", doing="making the first administrator", asks=True)


def compile_translations() -> None:
    """A .mo next to every .po that is newer or was never compiled (pure Python, no GNU gettext)."""
    for source in sorted((ROOT / "locale").glob("*/LC_MESSAGES/*.po")):
        stamp = source.with_suffix(".mo.stamp")
        digest = _hash([source])
        if source.with_suffix(".mo").exists() and _read(stamp) == digest:
            continue
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        with source.open("rb") as text:
            catalogue = read_po(text, locale=source.parent.parent.name)
        partial = source.with_suffix(f".mo.{os.getpid()}")
        with partial.open("wb") as compiled:
            write_mo(compiled, catalogue)
        partial.replace(source.with_suffix(".mo"))
        stamp.write_text(digest, encoding="utf-8")


def collect_static(commands: Commands) -> None:
    """Static files with hashed names, when one of ours, of the front-end libraries or of the packages changed."""
    sources = [path for app in APPS for path in (ROOT / app).glob("**/static/**/*") if path.is_file()]
    digest = _hash([*sources, ROOT / "node_modules" / ".attune" / ".stamp", ROOT / "requirements.lock"])
    stamp, manifest = ROOT / "static-root" / ".stamp", ROOT / "static-root" / "staticfiles.json"
    with _alone("static"):  # two starts from one checkout would clear what the other just wrote
        if _read(stamp) != digest or not manifest.exists():
            print("  Collecting the static files", flush=True)
            commands.run(
                "collectstatic",
                "--noinput",
                "--clear",
                "--verbosity",
                "0",
                doing="collecting the static files",
            )
            stamp.write_text(digest, encoding="utf-8")


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """One process of this checkout at a time; the kernel lets go when the process ends, however it ends."""
    folder = ROOT / "build"
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def migrate(commands: Commands) -> None:
    """Bring the tables up to date; asks the database itself, so that a restored or emptied one is seen."""
    here = {(app, path.stem) for app in APPS for path in (ROOT / app / "migrations").glob("[0-9]*.py")}
    versions = f"packages {_hash([ROOT / 'requirements.lock'])[:16]}"
    owner = _owner(commands.environment)
    with psycopg.connect(owner) as connection:
        exists = connection.execute("SELECT to_regclass('django_migrations') IS NOT NULL").fetchone()
        if exists and exists[0]:
            done = {
                (app, name) for app, name in connection.execute("SELECT app, name FROM django_migrations")
            }
            note = connection.execute("SELECT obj_description('django_migrations'::regclass)").fetchone()
            if here <= done and note and note[0] == versions:
                return
    print("  Bringing the database up to date", flush=True)
    commands.run("migrate", "--verbosity", "0", doing="bringing the database up to date")
    with psycopg.connect(owner) as connection:
        connection.execute(f"COMMENT ON TABLE django_migrations IS '{versions}'".encode())


def make_example(data: Path, commands: Commands) -> None:
    """The example organisation, once per database; an interrupted making is taken up again."""
    if not (ROOT / "portal" / "management" / "commands" / "make_example.py").exists():
        return
    stamp = data / "example.made"
    if stamp.exists() and _rows(commands.environment, "governance_system"):
        return
    print("  Making the example organisation", flush=True)
    commands.run("make_example", doing="making the example organisation")
    stamp.write_text("", encoding="utf-8")


def _owner(environment: Mapping[str, str]) -> str:
    """The database as its owner; psycopg reads the same addresses as Django."""
    url = environment.get("DATABASE_OWNER_URL") or environment.get("DATABASE_URL")
    return url or addresses.database_url(addresses.data_dir(), "attune_owner")


def _rows(environment: Mapping[str, str], table: str) -> bool:
    """Whether the table holds anything."""
    with psycopg.connect(_owner(environment)) as connection:
        row = connection.execute(f"SELECT EXISTS (SELECT FROM {table})".encode()).fetchone()  # noqa: S608 - our own names
        return bool(row and row[0])


def _hash(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        content = path.read_bytes() if path.exists() else b""
        digest.update(f"{path.relative_to(ROOT)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":  # before the tests: what they need compiled
    compile_translations()
