"""Signs checkpoints of the tree and refuses to sign a tree that does not continue the one it signed last."""

import datetime as dt
import logging
import time
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connections, transaction
from django.utils import timezone

from portal.ledger import keys, merkle, notes, sequencer
from portal.ledger.models import Checkpoint, Leaf, PendingEvent
from portal.ledger.selectors import leaf_hashes

LEAVES: Final = 1000  # a checkpoint after so many new leaves ...
EVERY: Final = dt.timedelta(minutes=1)  # ... or after this long when there is at least one
PATIENCE: Final = dt.timedelta(seconds=60)  # with another sequencer or signer
log = logging.getLogger("portal.ledger")


class Refused(Exception):  # noqa: N818 - a refusal, not an accident
    """The tree in the database does not continue the last signed one, or key or checkpoint file are missing."""


def checkpoint(using: str = "ledger") -> Checkpoint | None:
    """Sign the tree as it is; None when nothing is new or another signer is at work.

    Raises Refused, after writing the reason beside the checkpoint file and into the log.
    """
    with keys.one_signer() as mine:
        if not mine:
            return None
        try:
            signed = _sign(using)
        except (Refused, keys.KeyMissing) as reason:
            keys.refusal_file().write_text(f"{timezone.now().isoformat()} {reason}\n", encoding="utf-8")
            log.critical("the ledger is not signed: %s", reason)
            raise Refused(str(reason)) from reason
        keys.refusal_file().unlink(missing_ok=True)
        return signed


def checkpoint_over_all(using: str = "ledger") -> Checkpoint:
    """The newest checkpoint, once it covers every event that was committed before this call.

    Another sequencer or signer may be at work and may have begun before; it is waited for. Raises Refused like
    `checkpoint`, TimeoutError when it takes longer than PATIENCE.
    """
    last = PendingEvent.objects.using(using).order_by("-pk").values_list("pk", flat=True).first() or 0
    end = time.monotonic() + PATIENCE.total_seconds()
    while time.monotonic() < end:
        sequencer.run_once(using)
        if not PendingEvent.objects.using(using).filter(pk__lte=last).exists():
            size = _size(using)
            checkpoint(using)
            newest = Checkpoint.objects.using(using).order_by("-size").first()
            if newest is not None and newest.size >= size:
                return newest
        time.sleep(0.05)
    raise TimeoutError("another sequencer or signer of the ledger is at work and does not come to an end")


def checkpoint_if_due(using: str = "ledger") -> Checkpoint | None:
    """Sign when a thousand leaves are new, or a minute has gone by and at least one is."""
    last = Checkpoint.objects.using(using).order_by("-size").first()
    size = Leaf.objects.using(using).count() if last is None else _size(using)
    since = 0 if last is None else last.size
    if size == since and last is not None and not keys.refusal():
        return None
    if last is None or size - since >= LEAVES or timezone.now() - last.signed_at >= EVERY:
        return checkpoint(using)
    return None


def _size(using: str) -> int:
    top = Leaf.objects.using(using).order_by("-index").values_list("index", flat=True).first()
    return 0 if top is None else top + 1


def _sign(using: str) -> Checkpoint | None:
    origin, note = settings.LEDGER_ORIGIN, keys.last_checkpoint()
    key = _key(note, using)
    old = notes.TreeHead(origin, 0, merkle.EMPTY_ROOT)
    if note is not None:
        old = _read_last(note, key)
    size = _size(using)
    if size < old.size:
        raise Refused(
            f"the tree has {size} leaves, the last signed checkpoint had {old.size}: leaves are gone"
        )
    known = min(keys.leaves_kept(), old.size)
    frontier, fresh = _grow(using, old, size, known)
    if size == old.size and note is not None:
        return _row(using, old, note)  # after a crash between file and row the row is made now
    keys.keep_leaves(fresh, known)
    head = notes.TreeHead(origin, size, frontier.root())
    signed = notes.sign(head, key)
    keys.keep_checkpoint(signed)  # outside first: what was signed is never forgotten
    return _row(using, head, signed)


def _key(note: str | None, using: str) -> Ed25519PrivateKey:
    if note is not None:
        return keys.load()
    if Checkpoint.objects.using(using).exists():
        raise Refused(
            f"the last checkpoint is not at {settings.LEDGER_CHECKPOINT_FILE} although checkpoints were signed: "
            "put it back from its safe copy (a downloaded checkpoint will do)"
        )
    return keys.create()


def _read_last(note: str, key: Ed25519PrivateKey) -> notes.TreeHead:
    try:
        return notes.read(note, settings.LEDGER_ORIGIN, key.public_key().public_bytes_raw())
    except notes.BadNote as error:
        raise Refused(f"the last checkpoint outside the database cannot be read: {error}") from error


def _grow(using: str, old: notes.TreeHead, size: int, known: int) -> tuple[merkle.Frontier, bytes]:
    """The frontier of the whole tree, recomputed from the first leaf, and the hashes from leaf `known` on."""
    frontier, fresh, checked = merkle.Frontier(), bytearray(), old.size == 0
    for start, hashes in leaf_hashes(0, size, using):
        if start != frontier.size:
            raise Refused(f"leaf {frontier.size} is missing")
        cut = min(max(old.size - start, 0), len(hashes))
        frontier.extend(hashes[:cut])
        if not checked and frontier.size == old.size:
            if frontier.root() != old.root:
                raise Refused(
                    f"the first {old.size} leaves are not those that were signed: history was changed "
                    "(verify_ledger names the first changed leaf)"
                )
            checked = True
        frontier.extend(hashes[cut:])
        fresh += b"".join(hashes[max(known - start, 0) :])
    if frontier.size != size:
        raise Refused(f"leaf {frontier.size} is missing")
    return frontier, bytes(fresh)


def _row(using: str, head: notes.TreeHead, note: str) -> Checkpoint | None:
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(
            "INSERT INTO portal_checkpoint (size, root, note) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [head.size, head.root, note],
        )
        made = cursor.rowcount
    return Checkpoint.objects.using(using).get(size=head.size) if made else None
