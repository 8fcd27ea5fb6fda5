"""What the ledger keeps outside the database: its signing key, the last checkpoint, the hashes below it.

Files: LEDGER_KEY_FILE (PEM, 0600), LEDGER_CHECKPOINT_FILE (a signed note), beside it `.leaves` (32 bytes a leaf, so
that a rewritten leaf can be named) and, while the signer refuses to sign, `.refused` (when and why).
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings


class KeyMissing(Exception):  # noqa: N818 - says what is the matter
    """The signing key is gone although something was signed with it: it is never replaced silently."""


def load() -> Ed25519PrivateKey:
    """The signing key. Raises KeyMissing when there is none."""
    path = Path(settings.LEDGER_KEY_FILE)
    if not path.is_file():
        raise KeyMissing(f"the signing key of the ledger is not at {path}: put it back from its safe copy")
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyMissing(f"{path} holds no Ed25519 key")
    return key


def create() -> Ed25519PrivateKey:
    """The signing key, made now if there is none; of several starting processes the first one wins."""
    path = Path(settings.LEDGER_KEY_FILE)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        partial = path.with_name(f"{path.name}.{os.getpid()}")
        _write(partial, pem)
        with contextlib.suppress(FileExistsError):
            os.link(partial, path)
        partial.unlink()
        _sync_folder(path.parent)
    return load()


def public_key() -> bytes:
    """The 32 bytes of the public key. Raises KeyMissing when there is no key yet."""
    return load().public_key().public_bytes_raw()


def last_checkpoint() -> str | None:
    """The last checkpoint that was signed here, as its note; None before the first."""
    path = Path(settings.LEDGER_CHECKPOINT_FILE)
    return path.read_text(encoding="utf-8") if path.is_file() else None


def keep_checkpoint(note: str) -> None:
    """Replace the last checkpoint: afterwards the old or the new one lies there whole, also after a power cut."""
    path = Path(settings.LEDGER_CHECKPOINT_FILE)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    _write(partial, note.encode())
    partial.replace(path)
    _sync_folder(path.parent)


def leaves_file() -> Path:
    """Where the leaf hashes below the last checkpoint are kept."""
    return Path(f"{settings.LEDGER_CHECKPOINT_FILE}.leaves")


def leaves_kept() -> int:
    """How many leaf hashes lie there."""
    path = leaves_file()
    return path.stat().st_size // 32 if path.is_file() else 0


def keep_leaves(hashes: bytes, size: int) -> None:
    """Write the hashes of the leaves from `size` on; what an interrupted run left there is overwritten."""
    path = leaves_file()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.truncate(descriptor, 32 * size)
        os.pwrite(descriptor, hashes, 32 * size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refusal_file() -> Path:
    """Where the signer says that, and why, it refuses to sign."""
    return Path(f"{settings.LEDGER_CHECKPOINT_FILE}.refused")


def refusal() -> str:
    """Why the signer refuses to sign; '' when it does not, or when this process may not read its files."""
    with contextlib.suppress(OSError):
        return refusal_file().read_text(encoding="utf-8")
    return ""


@contextlib.contextmanager
def one_signer() -> Iterator[bool]:
    """Hold the signer's file lock; yields False when another process has it."""
    path = Path(f"{settings.LEDGER_CHECKPOINT_FILE}.lock")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
