"""Names of people leave here as keyed digests; the keys lie outside the database.

A ring of keys: the first, and those added since (settings.PSEUDONYM_KEYS). A pseudonym of generation g is the digest
under the first key, digested again under each of the keys 2 to g+1: a rotation can so re-key every stored row without
knowing anybody's name (docs/decisions/pseudonyms-wrapped-in-a-later-key.md).
"""

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from functools import cache, cached_property

from django.conf import settings

from governance.holding import rules
from governance.holding.models import PseudonymKey


class KeyRingBroken(Exception):  # noqa: N818 - says what is the matter
    """The ring lacks a key that stands over stored pseudonyms: going on would make strangers of everybody."""


@dataclass(frozen=True)
class Keyed:
    """The digests of one system, as its rows have them now."""

    system_id: uuid.UUID
    names: tuple[bytes, ...]  # keys over pseudonyms: the first, then the wrapping ones
    contents: tuple[bytes, ...]  # likewise over fingerprints

    def pseudonym(self, external: str) -> uuid.UUID:
        """First 128 bits of HMAC-SHA256(first key, system id ‖ 0 ‖ external id), wrapped in the later keys."""
        digest = hmac.digest(self.names[0], self._prefix + external.encode(), "sha256")
        return rules.wrapped(rules.first(digest), self.names[1:])

    @cached_property
    def _prefix(self) -> bytes:
        return self.system_id.bytes + b"\x00"

    def fingerprint(self, content: bytes) -> uuid.UUID:
        """128 bits that tell the same content from another; keyed, so that nobody can guess the content from it."""
        digest = hashlib.blake2b(content, digest_size=16, key=self.contents[0]).digest()
        return rules.wrapped(uuid.UUID(bytes=digest), self.contents[1:])


def ring() -> tuple[str, ...]:
    """The secrets, oldest first."""
    return (settings.PSEUDONYM_KEY, *settings.PSEUDONYM_KEYS)


@cache
def _derived(secrets: tuple[str, ...]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """(keys of pseudonyms, keys of fingerprints) of a ring."""
    head = secrets[0].encode()
    names = (head, *(rules.subkey(secret, "pseudonym") for secret in secrets[1:]))
    contents = (
        hashlib.sha256(b"content" + head).digest(),
        *(rules.subkey(secret, "content") for secret in secrets[1:]),
    )
    return names, contents


def wrapping(generation: int) -> dict[str, bytes]:
    """The parameters of rules.WRAP_SQL for the step to a generation: uses `name` and `content`."""
    names, contents = _derived(ring())
    found = {}
    for use, keys in (("name", names), ("content", contents)):
        found[f"inner_{use}"], found[f"outer_{use}"] = rules.pads(keys[generation])
    return found


def keyed(system_id: uuid.UUID) -> Keyed:
    """The digests of a system as of now: one query. Call it with the locks held that a rotation waits for."""
    generation = generation_of(system_id)
    names, contents = _derived(ring())
    return Keyed(system_id, names[: generation + 1], contents[: generation + 1])


def keyed_at(system_id: uuid.UUID, generation: int) -> Keyed:
    """The digests as a generation had them."""
    names, contents = _derived(ring())
    return Keyed(system_id, names[: generation + 1], contents[: generation + 1])


def generation_of(system_id: uuid.UUID) -> int:
    """How many keys stand over the first. Raises KeyRingBroken where the ring does not hold them."""
    row = PseudonymKey.objects.filter(system_id=system_id).values_list("generation", "key_id").first()
    return _in_place(*row) if row else 0


def _in_place(generation: int, known: str) -> int:
    secrets = ring()
    if generation >= len(secrets) or rules.key_id(secrets[generation]) != known:
        raise KeyRingBroken(
            f"the pseudonyms of this system stand under key {known}, which is not in its place in"
            " ATTUNE_PSEUDONYM_KEYS: put the key back before anything is taken in"
        )
    return int(generation)


def keyed_under(system_id: uuid.UUID, key: str) -> Keyed:
    """The digests of a system whose row says `key`: "generation key_id", or "" for the first key alone."""
    generation, _space, known = key.partition(" ")
    return keyed_at(system_id, _in_place(int(generation), known) if key else 0)


def erasure_key() -> bytes:
    """The key of tombstones and of the list of erasures; it is never rotated."""
    return rules.subkey(settings.ERASURE_KEY, "erasure")
