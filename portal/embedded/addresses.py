"""Where the embedded services listen, and the secrets of a first start: pure paths, nothing is started here."""

import hashlib
import os
import secrets
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent.parent


def data_dir() -> Path:
    """The data folder: ATTUNE_DATA, else `var` in the checkout."""
    return Path(os.environ.get("ATTUNE_DATA") or ROOT / "var").resolve()


def runtime_dir(data_dir: Path) -> Path:
    """The folder of the sockets: short (a Unix socket path ends at 107 bytes) and one per data folder.

    Not the person's TMPDIR: every process of one installation must arrive at the same path.
    """
    tag = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    owner = data_dir.stat().st_uid if data_dir.is_dir() else os.getuid()
    return Path(os.environ.get("ATTUNE_RUNTIME") or "/tmp") / f"attune-{owner}-{tag}"  # noqa: S108 - 0700, owner checked


def database_url(data_dir: Path, role: str, name: str = "attune") -> str:
    """The address of the embedded PostgreSQL for one of its roles (no port: a Unix socket)."""
    return f"postgresql://{role}@/{name}?host={quote(str(runtime_dir(data_dir)), safe='')}"


def broker_url(data_dir: Path) -> str:
    """The address of the embedded Valkey as a Celery broker."""
    return f"redis+socket://{runtime_dir(data_dir) / 'valkey.sock'}?virtual_host=0"


def cache_url(data_dir: Path) -> str:
    """The address of the embedded Valkey as a cache."""
    return f"unix://{runtime_dir(data_dir) / 'valkey.sock'}?db=1"


def parse_database_url(url: str) -> dict[str, object]:
    """A postgresql:// address as Django's settings; a socket folder goes in `?host=`.

    Raises ImproperlyConfigured for any other scheme: PostgreSQL is the only database.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"the database address starts with '{parts.scheme}://': Attune runs on PostgreSQL only "
            "(postgresql://user:password@host:port/name)."
        )
    query = parse_qs(parts.query)
    host = query.pop("host", [parts.hostname or ""])[0]
    settings: dict[str, object] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
    }
    if query:
        settings["OPTIONS"] = {key: values[0] for key, values in query.items()}
    return settings


def secret(value: str, name: str, data_dir: Path, production: bool) -> str:
    """The secret from the environment; outside production one made at first start and kept in the data folder."""
    if value:
        if len(value) < 32:
            raise ImproperlyConfigured(
                f"ATTUNE_{name.upper()} is too short: give at least 32 random characters."
            )
        return value
    if production:
        raise ImproperlyConfigured(
            f"ATTUNE_{name.upper()} is not set: in production secrets come from the environment only."
        )
    path = data_dir / "keys" / name
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_name(f"{name}.{os.getpid()}")
        partial.write_text(secrets.token_urlsafe(48), encoding="utf-8")
        partial.chmod(0o600)
        try:
            os.link(partial, path)  # the first of several starting processes wins
        except FileExistsError:
            pass
        finally:
            partial.unlink()
    return path.read_text(encoding="utf-8")
