"""Signed texts, checkpoints and proofs: C2SP signed-note, tlog-checkpoint and tlog-proof, with Ed25519. Pure."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

_ED25519 = b"\x01"  # signature type of the signed-note specification
PROOF_HEADER = "c2sp.org/tlog-proof@v1"


class BadNote(ValueError):  # noqa: N818 - says what is the matter
    """A note that is malformed or not signed by the key that it should be signed by."""


@dataclass(frozen=True)
class TreeHead:
    """What a checkpoint states: the log's name, the number of leaves and their root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def key_id(origin: str, public: bytes) -> bytes:
    """Four bytes by which a signature line names its key."""
    return hashlib.sha256(origin.encode() + b"\n" + _ED25519 + public).digest()[:4]


def verifier_key(origin: str, public: bytes) -> str:
    """The public key in the text form that note verifiers read: name+id+key."""
    return f"{origin}+{key_id(origin, public).hex()}+{base64.b64encode(_ED25519 + public).decode()}"


def read_verifier_key(text: str) -> tuple[str, bytes]:
    """(name, 32 bytes of the public key) of what `verifier_key` wrote; BadNote for anything else."""
    parts = text.strip().split("+", 2)
    try:
        raw = base64.b64decode(parts[2], validate=True)
    except (IndexError, binascii.Error) as error:
        raise BadNote("not a verifier key (name+id+key)") from error
    name, public = parts[0], raw[1:]
    if len(public) != 32 or raw[:1] != _ED25519 or key_id(name, public).hex() != parts[1]:
        raise BadNote("not an Ed25519 verifier key (name+id+key)")
    return name, public


def sign_text(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """A text that ends with a line break, with the signature of `name` under it."""
    public = key.public_key().public_bytes_raw()
    blob = base64.b64encode(key_id(name, public) + key.sign(text.encode())).decode()
    return f"{text}\n— {name} {blob}\n"


def open_text(note: str, name: str, public: bytes) -> str:
    """The text of a note that this key signed under this name; BadNote for anything else."""
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    if not any(_signed(line, text, name, public) for line in signatures.splitlines()):
        raise BadNote(f"not signed by the key {name}")
    return text


def sign(head: TreeHead, key: Ed25519PrivateKey) -> str:
    """The signed checkpoint."""
    return sign_text(head.text(), head.origin, key)


def read(note: str, origin: str, public: bytes) -> TreeHead:
    """The tree head of a checkpoint signed by this key; BadNote for anything else."""
    lines = open_text(note, origin, public).split("\n")
    if len(lines) != 4 or lines[0] != origin:
        raise BadNote("not a checkpoint of this log")
    try:
        size, root = int(lines[1]), base64.b64decode(lines[2], validate=True)
    except ValueError as error:
        raise BadNote("not a checkpoint") from error
    if str(size) != lines[1] or len(root) != 32:
        raise BadNote("not a checkpoint")
    return TreeHead(origin, size, root)


def _signed(line: str, text: str, origin: str, public: bytes) -> bool:
    prefix = f"— {origin} "
    if not line.startswith(prefix):
        return False
    try:
        blob = base64.b64decode(line[len(prefix) :], validate=True)
    except binascii.Error:
        return False
    if blob[:4] != key_id(origin, public):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(blob[4:], text.encode())
    except InvalidSignature:
        return False
    return True


def proof(index: int, path: Sequence[bytes], checkpoint: str) -> str:
    """An inclusion proof that stands by itself (tlog-proof)."""
    hashes = "".join(f"{base64.b64encode(node).decode()}\n" for node in path)
    return f"{PROOF_HEADER}\nindex {index}\n{hashes}\n{checkpoint}"
