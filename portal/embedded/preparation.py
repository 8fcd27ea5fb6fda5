"""What has to be done before the processes start, each step skipped while its inputs are the same; no Django here."""

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from portal.embedded import addresses
from portal.embedded.account import EmbeddedError

ROOT = addresses.ROOT
APPS = ("portal", "governance", "metrics")


def prepare(environment: Mapping[str, str], *, example: bool) -> None:
    """Translations, migrations, without the example a first administrator; the static files beside these."""
    compile_translations()
    with ThreadPoolExecutor(max_workers=1) as side:
        collected = side.submit(collect_static, environment)
        migrate(environment)
        if not example and not _rows(environment, "portal_user"):
            _manage(environment, "createadmin", why="there is no administrator yet")
        collected.result()


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


def collect_static(environment: Mapping[str, str]) -> None:
    """Static files with hashed names, when one of ours, of the front-end libraries or of the packages changed."""
    sources = [path for app in APPS for path in (ROOT / app).glob("**/static/**/*") if path.is_file()]
    digest = _hash([*sources, ROOT / "node_modules" / ".attune" / ".stamp", ROOT / "requirements.lock"])
    stamp, manifest = ROOT / "static-root" / ".stamp", ROOT / "static-root" / "staticfiles.json"
    with _alone("static"):  # two starts from one checkout would clear what the other just wrote
        if _read(stamp) != digest or not manifest.exists():
            print("  Collecting the static files", flush=True)
            _manage(environment, "collectstatic", "--noinput", "--clear", "--verbosity", "0")
            stamp.write_text(digest, encoding="utf-8")


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """One process of this checkout at a time; the kernel lets go when the process ends, however it ends."""
    folder = ROOT / "build"
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def migrate(environment: Mapping[str, str]) -> None:
    """Bring the tables up to date; asks the database itself, so that a restored or emptied one is seen."""
    here = {(app, path.stem) for app in APPS for path in (ROOT / app / "migrations").glob("[0-9]*.py")}
    versions = f"packages {_hash([ROOT / 'requirements.lock'])[:16]}"
    with psycopg.connect(_owner(environment)) as connection:
        exists = connection.execute("SELECT to_regclass('django_migrations') IS NOT NULL").fetchone()
        if exists and exists[0]:
            done = {
                (app, name) for app, name in connection.execute("SELECT app, name FROM django_migrations")
            }
            note = connection.execute("SELECT obj_description('django_migrations'::regclass)").fetchone()
            if here <= done and note and note[0] == versions:
                return
    print("  Bringing the database up to date", flush=True)
    _manage(environment, "migrate", "--verbosity", "0")
    with psycopg.connect(_owner(environment)) as connection:
        connection.execute(f"COMMENT ON TABLE django_migrations IS '{versions}'".encode())


def make_example(data: Path, environment: Mapping[str, str]) -> None:
    """The example organisation, once per database; an interrupted making is taken up again."""
    if not (ROOT / "portal" / "management" / "commands" / "make_example.py").exists():
        return
    stamp = data / "example.made"
    if stamp.exists() and _rows(environment, "governance_system"):
        return
    print("  Making the example organisation", flush=True)
    _manage(environment, "make_example")
    stamp.write_text("", encoding="utf-8")


def _manage(environment: Mapping[str, str], *arguments: str, why: str = "") -> None:
    """One management command in front of the person; its own words explain what went wrong."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=dict(environment), check=False
    )
    if done.returncode != 0:
        raise EmbeddedError(f"`manage.py {arguments[0]}` failed, see above{f' ({why})' if why else ''}.")


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
