"""Digests that stand for people and for what was erased; pure, keys are passed in."""

import hashlib
import hmac
import uuid
from collections.abc import Sequence

MARK = "erased-"
"""What stands where a source's own id was: MARK and the first 128 bits of its keyed digest, in hex."""
KINDS = ("item", "session", "event", "survey")
NOTHING = uuid.UUID(int=0)
"""The fingerprint of content that is gone."""


def key_id(secret: str) -> str:
    """How a key is named where it may not be shown: 8 hex digits of its SHA-256."""
    return hashlib.sha256(b"key id" + secret.encode()).hexdigest()[:8]


def subkey(secret: str, use: str) -> bytes:
    """A 32-byte key for one use, from one secret."""
    return hashlib.sha256(f"{use}\x00".encode() + secret.encode()).digest()


def first(digest: bytes) -> uuid.UUID:
    """The first 128 bits of a digest."""
    return uuid.UUID(bytes=digest[:16])


def wrapped(value: uuid.UUID, keys: Sequence[bytes]) -> uuid.UUID:
    """The digest of a digest, once for each later key: HMAC-SHA256 cut to 128 bits, in the order of the ring."""
    for key in keys:
        value = first(hmac.digest(key, value.bytes, "sha256"))
    return value


def pads(key: bytes) -> tuple[bytes, bytes]:
    """(inner, outer) of HMAC-SHA256 (RFC 2104), so that SQL can compute it with `sha256` alone. Keys of ≤ 64 bytes."""
    filled = key.ljust(64, b"\x00")
    return bytes(x ^ 0x36 for x in filled), bytes(x ^ 0x5C for x in filled)


WRAP_SQL = (
    "encode(substring(sha256(%(outer_{use})s::bytea || sha256(%(inner_{use})s::bytea || uuid_send({column})))"
    " FROM 1 FOR 16), 'hex')::uuid"
)
"""`wrapped` with one key, for a column of a table; parameters from `pads`. A test compares the two."""


def tombstone(key: bytes, system_id: uuid.UUID, kind: str, name: str) -> str:
    """What replaces a source's own id. Keyed: who has the key and the id can tell that it was there, nobody else."""
    digest = hmac.digest(key, system_id.bytes + f"{kind}\x00{name}".encode(), "sha256")
    return f"{MARK}{digest[:16].hex()}"


def is_tombstone(name: str) -> bool:
    """Whether an id stands for one that was erased."""
    return name.startswith(MARK)


def mark(key: bytes, pseudonym: uuid.UUID) -> uuid.UUID:
    """What takes the place of a pseudonym; nothing leads back once the random key is forgotten."""
    return first(hmac.digest(key, pseudonym.bytes, "sha256"))


def person_digest(key: bytes, system_id: uuid.UUID, pseudonym: uuid.UUID) -> str:
    """How the list of erasures remembers somebody: to find them again after a restore, not to name them."""
    return hmac.digest(key, b"person" + system_id.bytes + pseudonym.bytes, "sha256").hex()
