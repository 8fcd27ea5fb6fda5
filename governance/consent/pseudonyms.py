"""Names of people leave here as keyed digests; the key lies outside the database."""

import hashlib
import hmac
import uuid
from functools import cache

from django.conf import settings


@cache
def _keys(secret: str) -> tuple[bytes, bytes]:
    """(key of pseudonyms, key of fingerprints), both from the installation's one secret."""
    key = secret.encode()
    return key, hashlib.sha256(b"content" + key).digest()


def pseudonym(system_id: uuid.UUID, external: str) -> uuid.UUID:
    """First 128 bits of HMAC-SHA256(installation key, system id ‖ 0 ‖ external id), as a UUID."""
    key, _other = _keys(settings.PSEUDONYM_KEY)
    digest = hmac.digest(key, system_id.bytes + b"\x00" + external.encode(), "sha256")
    return uuid.UUID(bytes=digest[:16])


def fingerprint(content: bytes) -> uuid.UUID:
    """128 bits that tell the same content from another; keyed, so that nobody can guess the content from it."""
    _other, key = _keys(settings.PSEUDONYM_KEY)
    return uuid.UUID(bytes=hashlib.blake2b(content, digest_size=16, key=key).digest())
