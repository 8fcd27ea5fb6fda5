"""The public key of the ledger as people compare it."""

import hashlib

from django.conf import settings

from portal.ledger import keys, notes


def fingerprint() -> str:
    """SHA-256 of the public key in hex; '' while there is no key, or where this process may not read it."""
    try:
        return hashlib.sha256(keys.public_key()).hexdigest()
    except (keys.KeyMissing, OSError):
        return ""


def verifier_key() -> str:
    """The key as note verifiers read it; '' likewise."""
    try:
        return notes.verifier_key(settings.LEDGER_ORIGIN, keys.public_key())
    except (keys.KeyMissing, OSError):
        return ""
