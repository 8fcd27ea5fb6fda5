"""Files between upload and import: kept outside the web root under a random name, gone after the import or a day."""

import re
import secrets
import time
from pathlib import Path

from django.conf import settings

TOKEN = re.compile(r"[0-9a-f]{32}\Z")
KEPT_SECONDS = 24 * 3600


def _folder() -> Path:
    folder = Path(settings.MEDIA_ROOT) / "imports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def keep(data: bytes, owner: str) -> str:
    """Keep the bytes for their owner; the token by which they are found again."""
    sweep()
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


def sweep() -> None:
    """Forget uploads that nobody finished within a day."""
    limit = time.time() - KEPT_SECONDS
    for path in _folder().iterdir():
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
