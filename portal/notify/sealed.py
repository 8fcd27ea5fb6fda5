"""Secrets that the product must use again, encrypted in the database; the key comes from the installation's secret.

AES-256-GCM with a key of its own, derived (HKDF-SHA256) from ATTUNE_SECRET_KEY, which lies outside the database.
"""

import base64
import secrets
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE_BYTES = 12


class Unreadable(Exception):  # noqa: N818 - says what is the matter
    """Encrypted with another key, or changed since."""


@cache
def _cipher(secret: str) -> AESGCM:
    key = HKDF(hashes.SHA256(), 32, salt=None, info=b"attune sealed secrets 1").derive(secret.encode())
    return AESGCM(key)


def seal(secret: bytes, owner: str) -> str:
    """The secret, encrypted; it can be read for this `owner` (the id of its row) only."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = _cipher(settings.SECRET_KEY).encrypt(nonce, secret, owner.encode())
    return base64.b64encode(nonce + sealed).decode()


def unseal(text: str, owner: str) -> bytes:
    """The secret again. Raises Unreadable."""
    try:
        raw = base64.b64decode(text, validate=True)
        return _cipher(settings.SECRET_KEY).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], owner.encode())
    except (ValueError, InvalidTag) as error:
        raise Unreadable from error
