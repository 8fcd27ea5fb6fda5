"""Sets of legal rules for tests: the shipped one as text, a newer and a stricter one, and a key that signs."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance.screening.law import LAW_FILE
from portal.ledger import notes

KEY = Ed25519PrivateKey.generate()
NAME = "law.example.org"
TEXT = LAW_FILE.read_text(encoding="utf-8")
NEWER = TEXT.replace('version: "2026.1"', 'version: "2026.2"')
# a set under which written words of customers become high risk
STRICTER = NEWER.replace(
    "id: aia-50-1-talks-to-people\n    outcome: transparency",
    "id: aia-50-1-talks-to-people\n    outcome: high_risk",
)


def signed(text: str, key: Ed25519PrivateKey = KEY, name: str = NAME) -> str:
    """The text with a signature by `key`."""
    return notes.sign_text(text, name, key)


def trusted() -> str:
    """Our key as ATTUNE_LAW_KEYS names one."""
    return notes.verifier_key(NAME, KEY.public_key().public_bytes_raw())
