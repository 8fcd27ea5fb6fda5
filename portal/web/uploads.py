"""Files between upload and import: kept outside the web root under a random name.

They are gone after the import, or after a day; not before a job that waits for one has ended.
"""

import re
import secrets
import time
from collections.abc import Collection
from pathlib import Path

from django.conf import settings

TOKEN = re.compile(r"[0-9a-f]{32}\Z")
KEPT_SECONDS = 24 * 3600


def _folder() -> Path:
    folder = Path(settings.MEDIA_ROOT) / "imports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def keep(data: bytes, owner: str, *, in_use: Collection[str]) -> str:
    """Keep the bytes for their owner; the token by which they are found again. `in_use`: see `sweep`."""
    sweep(in_use)
    token = secrets.token_hex(16)
    path = _folder() / f"{owner}.{token}"
    path.touch(mode=0o600)
    path.write_bytes(data)
    return token


def find(token: str, owner: str) -> bytes | None:
    """The bytes of this owner's upload; None when it is gone or somebody else's."""
    if not TOKEN.match(token):
        return None
    path = _folder() / f"{owner}.{token}"
    return path.read_bytes() if path.is_file() else None


def drop(token: str, owner: str) -> None:
    """Forget an upload."""
    if TOKEN.match(token):
        (_folder() / f"{owner}.{token}").unlink(missing_ok=True)


def sweep(in_use: Collection[str]) -> None:
    """Forget uploads that nobody finished within a day, but none whose token a job still needs."""
    limit = time.time() - KEPT_SECONDS
    for path in _folder().iterdir():
        if path.stat().st_mtime < limit and path.suffix.removeprefix(".") not in in_use:
            path.unlink(missing_ok=True)
