"""Questions about the ledger."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from django.apps import apps
from django.contrib.auth import get_user_model
from django.utils.dateparse import parse_datetime

from portal.ledger import labels, merkle, notes
from portal.ledger.models import Checkpoint, Leaf, LedgerBody, PendingEvent

CHUNK: Final = 65_536  # leaves read at once: two megabytes of hashes


@dataclass(frozen=True)
class HistoryLine:
    """One line of a timeline: when, who, what, why, and the event's place in the tree (None: still in the queue)."""

    when: dt.datetime
    who: str
    what: str
    why: str
    index: int | None
    type: str
    subject: str
    recorded_at: dt.datetime
    imported: bool
    body: dict[str, Any] | None


def history(subject: str | Sequence[str], limit: int = 200) -> list[HistoryLine]:
    """What happened to these subjects, newest first; events that wait for their place in the tree included."""
    subjects = [subject] if isinstance(subject, str) else list(subject)
    pending = PendingEvent.objects.filter(subject__in=subjects).order_by("-id")[:limit]
    leaves = Leaf.objects.filter(subject__in=subjects).order_by("-index")[:limit]
    rows: list[PendingEvent | Leaf] = [*pending, *leaves]
    bodies = dict(
        LedgerBody.objects.filter(event__in=[row.event for row in rows]).values_list("event", "body")
    )
    names = actor_names({row.actor for row in rows})
    lines = [_line(row, bodies.get(row.event), names) for row in rows]
    return sorted(lines, key=lambda line: (line.when, line.recorded_at), reverse=True)[:limit]


def _line(row: PendingEvent | Leaf, body: dict[str, Any] | None, names: dict[str, str]) -> HistoryLine:
    effective = parse_datetime(str((body or {}).get("effective_at", "")) or "-")
    return HistoryLine(
        when=effective or row.ts,
        who=names.get(row.actor, row.actor),
        what=labels.label(row.type),
        why=str((body or {}).get("reason", "")),
        index=row.index if isinstance(row, Leaf) else None,
        type=row.type,
        subject=row.subject,
        recorded_at=row.ts,
        imported=effective is not None,
        body=body,
    )


def actor_names(actors: Iterable[str]) -> dict[str, str]:
    """The names to show for actors: people by their account, keys by the name given to them."""
    users, keys = set(), set()
    for actor in actors:
        kind, _, rest = actor.partition(":")
        if kind == "user":
            users.add(rest)
        elif kind == "key":
            keys.add(rest)
    names = {"system": "Attune"}
    if users:
        for user in get_user_model().objects.filter(pk__in=users):
            names[f"user:{user.pk}"] = str(getattr(user, "display", user))
    if keys:
        model = apps.get_model("portal", "ApiKey")
        for prefix, name in model._default_manager.filter(prefix__in=keys).values_list("prefix", "name"):
            names[f"key:{prefix}"] = name
    return names


def header_of(row: PendingEvent | Leaf) -> dict[str, Any]:
    """The header as an object."""
    parsed: dict[str, Any] = orjson.loads(bytes(row.header))
    return parsed


def leaf_hashes(start: int, end: int, using: str = "default") -> Iterator[tuple[int, list[bytes]]]:
    """The hashes of leaves start..end-1 in chunks of (index of the first, hashes); a chunk ends before a gap."""
    for low in range(start, end, CHUNK):
        rows = list(
            Leaf.objects.using(using)
            .filter(index__gte=low, index__lt=min(low + CHUNK, end))
            .order_by("index")
            .values_list("index", "leaf_hash")
        )
        if not rows:
            return
        run = [bytes(digest) for _, digest in rows]
        if rows[-1][0] - rows[0][0] + 1 == len(rows):
            yield rows[0][0], run
            continue
        for place, (index, _) in enumerate(rows):  # a gap: hand out what comes before it and what comes after
            if index != rows[0][0] + place:
                yield rows[0][0], run[:place]
                yield index, run[place:]
                return


@dataclass(frozen=True)
class Inclusion:
    """That a leaf is in the signed tree: the checkpoint, the proof as a file, and whether it leads to the root."""

    checkpoint: Checkpoint
    text: str
    holds: bool


def inclusion(leaf: Leaf) -> Inclusion | None:
    """The proof of a leaf against the first checkpoint that covers it; None until one does."""
    checkpoint = Checkpoint.objects.filter(size__gt=leaf.index).order_by("size").first()
    if checkpoint is None:
        return None
    hashes = [digest for _, chunk in leaf_hashes(0, checkpoint.size) for digest in chunk]
    if len(hashes) != checkpoint.size:
        return Inclusion(checkpoint, "", holds=False)
    path = merkle.inclusion_proof(leaf.index, checkpoint.size, lambda a, b: merkle.root(hashes[a:b]))
    found = merkle.root_from_inclusion(
        merkle.leaf_hash(bytes(leaf.header)), leaf.index, checkpoint.size, path
    )
    text = notes.proof(leaf.index, path, checkpoint.note)
    return Inclusion(checkpoint, text, holds=found == bytes(checkpoint.root))


def latest_checkpoint() -> Checkpoint | None:
    """The newest signed checkpoint."""
    return Checkpoint.objects.order_by("-size").first()
