"""The log part of a pack: the slice of the ledger, what anchors it at both ends, the sample and its proofs."""

import base64
import gzip
import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson
from django.conf import settings
from django.db.models import Q

from governance.evidence import verify
from governance.evidence.sections import POPULATION, PackFile, Scope, pretty
from governance.evidence.selectors import subjects_in_scope
from portal.errors import N_, RuleBroken
from portal.ledger import keys, merkle, notes, rules
from portal.ledger.models import Checkpoint, Leaf, LedgerBody
from portal.ledger.selectors import leaf_hashes


class Slice:
    """Leaves `start` to `end`-1: from the last checkpoint before the period to the pack's end checkpoint."""

    def __init__(self, scope: Scope, end: int) -> None:
        self.scope, self.end = scope, Checkpoint.objects.get(size=end)
        first = (
            Leaf.objects.filter(ts__gte=scope.since).order_by("index").values_list("index", flat=True).first()
        )
        first = end if first is None else min(first, end)
        before = Checkpoint.objects.filter(size__lte=first).order_by("-size").first()
        self.start = before.size if before else 0
        self.start_note = before.note if before else empty_checkpoint()
        self.hashes = [digest for _, chunk in leaf_hashes(0, end) for digest in chunk]
        self.root = bytes(self.end.root)
        if len(self.hashes) != end or merkle.root(self.hashes) != self.root:
            raise RuleBroken(
                N_(
                    "The ledger does not lead to its signed checkpoint: no pack is made. Run verify_ledger: it "
                    "names the first bad record."
                ),
                code="ledger_not_verified",
            )

    def subtree(self, start: int, end: int) -> bytes:
        """The root over some leaves."""
        return merkle.root(self.hashes[start:end])

    def rows(self) -> Iterator[Leaf]:
        """The leaves of the slice in order."""
        span = Leaf.objects.filter(index__gte=self.start, index__lt=self.end.size).order_by("index")
        return iter(span.iterator(chunk_size=5000))


def empty_checkpoint() -> str:
    """The checkpoint of a log in which nothing was written yet."""
    return notes.sign(notes.TreeHead(settings.LEDGER_ORIGIN, 0, merkle.EMPTY_ROOT), keys.load())


def log_files(part: Slice) -> tuple[list[PackFile], dict[str, Any]]:
    """data/log/* and the log slice, and the control totals of the slice."""
    frontier = merkle.Frontier()
    frontier.extend(part.hashes[: part.start])
    lines = "".join(f"{base64.b64encode(node).decode()}\n" for node in frontier.hashes)
    content, totals = _slice(part)
    files = [
        PackFile("data/log/checkpoint-start", part.start_note.encode()),
        PackFile("data/log/checkpoint-end", part.end.note.encode()),
        PackFile("data/log/start-frontier", f"{frontier.size}\n{lines}".encode()),
        PackFile("data/log/consistency.jsonl", _earlier(part)),
        PackFile(
            f"{POPULATION}/log-slice.jsonl.gz",
            content,
            f"SELECT index, header, leaf_hash FROM portal_leaf WHERE index >= {part.start} "  # noqa: S608 - only shown
            f"AND index < {part.end.size} ORDER BY index",
        ),
    ]
    return files, totals


def _slice(part: Slice) -> tuple[bytes, dict[str, Any]]:
    out = io.BytesIO()
    types: Counter[str] = Counter()
    days: Counter[str] = Counter()
    with gzip.GzipFile("", "wb", 6, out, mtime=0) as packed:
        for leaf in part.rows():
            header = bytes(leaf.header)
            packed.write(b'{"header":%s,"index":%d,"leaf":"%s"}\n' % (
                header, leaf.index, merkle.leaf_hash(header).hex().encode(),
            ))  # fmt: skip
            fields = orjson.loads(header)
            types[fields["type"]] += 1
            days[fields["ts"][:10]] += 1
    totals = {
        "first": part.start,
        "end": part.end.size,
        "events": part.end.size - part.start,
        "root": part.root.hex(),
        "by_type": dict(types),
        "by_day": dict(days),
    }
    return out.getvalue(), totals


def _earlier(part: Slice) -> bytes:
    """Proofs that the ends of earlier packs are beginnings of this log, where the slice itself does not show it."""
    from governance.evidence.models import EvidencePack

    sizes = EvidencePack.objects.filter(made_at__isnull=False, end_size__lt=part.start, end_size__gt=0)
    rows = []
    for size in sorted({size for size in sizes.values_list("end_size", flat=True) if size}):
        path = merkle.consistency_proof(size, part.end.size, part.subtree)
        rows.append({"size": size, "proof": [base64.b64encode(node).decode() for node in path]})
    return b"".join(pretty(row, indent=False) for row in rows)


def sample_files(part: Slice, size: int, number: str) -> list[PackFile]:
    """data/samples/*: what the seed draws from the events in scope, with bodies, salts and proofs."""
    places = _in_scope(part)
    seed = hashlib.sha256(part.root + number.encode()).digest()
    chosen = verify.draw(seed, places, size)
    selection = {
        "method": "SHA-256(seed, counter as 8 bytes) modulo the population, repeats skipped; "
        "seed = SHA-256(root of checkpoint-end, auditor_number)",
        "size": size,
        "auditor_number": number,
        "note": "the auditor gave the number after receiving checkpoint-end"
        if number
        else "no number of an auditor: whoever ended the log could have chosen the end",
        "seed": seed.hex(),
        "population": _ranges(places),
        "chosen": chosen,
    }
    leaves = Leaf.objects.in_bulk(chosen)
    bodies = LedgerBody.objects.in_bulk([leaf.event for leaf in leaves.values()])
    items, files = [], []
    for index in chosen:
        leaf = leaves[index]
        body = bodies.get(leaf.event)
        items.append(
            {
                "index": index,
                "header": orjson.loads(bytes(leaf.header)),
                "salt": bytes(body.salt).hex() if body else None,
                "body": body.body if body else None,
                "withheld": "" if body else "erased",
            }
        )
        path = merkle.inclusion_proof(index, part.end.size, part.subtree)
        proof = notes.proof(index, path, part.end.note)
        files.append(PackFile(f"data/samples/proofs/{index}.tlog-proof", proof.encode()))
    lines = b"".join(rules.canonical(item) + b"\n" for item in items)
    return [
        PackFile("data/samples/selection.json", pretty(selection)),
        PackFile("data/samples/items.jsonl", lines, rows=len(items)),
        *files,
    ]


def _in_scope(part: Slice) -> list[int]:
    """The places of the events of the period that concern the systems in scope."""
    events = Leaf.objects.filter(
        Q(subject__in=subjects_in_scope(part.scope.systems)),
        index__gte=part.start,
        index__lt=part.end.size,
        ts__gte=part.scope.since,
        ts__lt=part.scope.until,
    )
    return list(events.order_by("index").values_list("index", flat=True))


def _ranges(places: list[int]) -> list[list[int]]:
    ranges: list[list[int]] = []
    for place in places:
        if ranges and ranges[-1][1] == place - 1:
            ranges[-1][1] = place
        else:
            ranges.append([place, place])
    return ranges
