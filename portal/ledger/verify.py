"""Recompute the whole ledger and name the first record that is not what was signed.

Three witnesses are compared: the rows, the signed checkpoints in the database, and what lies outside the database
(the last checkpoint and the leaf hashes below it). Someone who rewrites rows *and* checkpoints *and* the files outside
is caught only by a checkpoint that left the building.
"""

import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime

from portal.ledger import keys, merkle, notes, rules
from portal.ledger.models import Checkpoint, Leaf, LedgerBody, PendingEvent

ROWS = 2000


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: a stable code, the leaf and its record where known, and a sentence."""

    code: str
    message: str
    index: int | None = None
    event: str = ""
    type: str = ""
    subject: str = ""


@dataclass
class Report:
    """What was checked and what was found; `faults` in the order of the tree."""

    size: int = 0
    root: str = ""
    checkpoints: int = 0
    erased: int = 0
    pending: int = 0
    unsigned: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        first = asdict(self.faults[0]) if self.faults else None
        return {**asdict(self), "ok": self.ok, "first_fault": first}


def _place(fault: Fault) -> float:
    return float("inf") if fault.index is None else fault.index


def verify(using: str = "default") -> Report:
    """Check every leaf, body and checkpoint. Stops at nothing: the report lists the faults, the first leaf first."""
    report = Report(pending=PendingEvent.objects.using(using).count())
    erasures = _erasures(using)
    marks = _checkpoints(using, report)
    outside = _outside(report)
    if outside is not None:
        marks.setdefault(outside.size, []).append((outside, "outside"))
    kept = _kept(outside)
    frontier, start = merkle.Frontier(), 0
    _compare(frontier, marks, report, 0)
    for leaf, body in _rows(using):
        if leaf.index != frontier.size:
            report.faults.append(_gap(frontier.size, leaf))
            return _finish(report, frontier, marks)
        fault = _leaf_fault(leaf, body, kept, erasures, report)
        if fault is not None:
            report.faults.append(fault)
        frontier.append(merkle.leaf_hash(bytes(leaf.header)))
        if frontier.size in marks:
            _compare(frontier, marks, report, start)
            start = frontier.size
    report.unsigned = frontier.size - start
    return _finish(report, frontier, marks)


def _rows(using: str) -> Iterator[tuple[Leaf, LedgerBody | None]]:
    """Leaves with their bodies, read by position: each chunk is one query on two keys, however long the log."""
    top = Leaf.objects.using(using).order_by("-index").values_list("index", flat=True).first()
    for start in range(0, -1 if top is None else top + 1, ROWS):
        chunk = list(
            Leaf.objects.using(using).filter(index__gte=start, index__lt=start + ROWS).order_by("index")
        )
        bodies = LedgerBody.objects.using(using).in_bulk([leaf.event for leaf in chunk])
        for leaf in chunk:
            yield leaf, bodies.get(leaf.event)


def _fault(leaf: Leaf, code: str, message: str) -> Fault:
    return Fault(code, message, leaf.index, str(leaf.event), leaf.type, leaf.subject)


def _gap(expected: int, leaf: Leaf) -> Fault:
    message = f"leaf {expected} is missing: the next one there is {leaf.index}"
    return Fault("leaf_missing", message, expected)


def _leaf_fault(
    leaf: Leaf, body: LedgerBody | None, kept: bytes, erasures: set[uuid.UUID], report: Report
) -> Fault | None:
    """The first thing wrong with one leaf: its header, the copies of it in columns, its hash, its body."""
    raw = bytes(leaf.header)
    place = f"leaf {leaf.index} ({leaf.type} of {leaf.subject})"
    header, problem = rules.read_header(raw)
    if problem:
        return _fault(leaf, "header_mismatch", f"{place}: {problem}")
    for name in ("type", "actor", "subject"):
        if header[name] != getattr(leaf, name):
            message = f"{place}: the column {name} does not say what the hashed header says ({header[name]})"
            return _fault(leaf, "header_mismatch", message)
    if parse_datetime(header["ts"]) != leaf.ts:
        return _fault(leaf, "header_mismatch", f"{place}: the column ts is not the time of the hashed header")
    digest = merkle.leaf_hash(raw)
    if bytes(leaf.leaf_hash) != digest:
        return _fault(leaf, "hash_mismatch", f"{place}: the stored hash is not the hash of the header")
    signed = kept[32 * leaf.index : 32 * leaf.index + 32]
    if signed and signed != digest:
        found = kept.find(digest)
        moved = f"; it was signed as leaf {found // 32}: the order was changed" if found % 32 == 0 else ""
        code = "reordered" if moved else "header_changed"
        return _fault(leaf, code, f"{place}: this is not the leaf that was signed at this place{moved}")
    return _body_fault(leaf, body, header, erasures, report, place)


def _body_fault(
    leaf: Leaf,
    body: LedgerBody | None,
    header: dict[str, Any],
    erasures: set[uuid.UUID],
    report: Report,
    place: str,
) -> Fault | None:
    if body is None:
        report.erased += 1
        if leaf.event in erasures:
            return None
        return _fault(leaf, "body_missing", f"{place}: its body is gone and no erasure of it was recorded")
    try:
        same = rules.body_digest(bytes(body.salt), body.body) == header["body_sha256"]
    except ValueError:
        same = False
    return (
        None if same else _fault(leaf, "body_mismatch", f"{place}: its body is not the one that was recorded")
    )


def _erasures(using: str) -> set[uuid.UUID]:
    subjects: list[str] = []
    for model in (Leaf, PendingEvent):
        rows = model.objects.using(using).filter(type="ledger.body_erased")
        subjects += rows.values_list("subject", flat=True)
    return {uuid.UUID(subject.partition(":")[2]) for subject in subjects}


def _checkpoints(using: str, report: Report) -> dict[int, list[tuple[notes.TreeHead, str]]]:
    """The signed checkpoints of the database by size; those that are not validly signed become faults."""
    marks: dict[int, list[tuple[notes.TreeHead, str]]] = {}
    rows = list(Checkpoint.objects.using(using).order_by("size"))
    report.checkpoints = len(rows)
    if not rows:
        return marks
    try:
        public = keys.public_key()
    except keys.KeyMissing as error:
        report.faults.append(Fault("key_missing", str(error)))
        return marks
    for row in rows:
        try:
            head = notes.read(row.note, settings.LEDGER_ORIGIN, public)
        except notes.BadNote as error:
            report.faults.append(
                Fault("checkpoint_invalid", f"the checkpoint over {row.size} leaves: {error}")
            )
            continue
        if head.size != row.size or head.root != bytes(row.root):
            message = f"the checkpoint over {row.size} leaves does not say what its row says"
            report.faults.append(Fault("checkpoint_invalid", message))
        marks.setdefault(head.size, []).append((head, "database"))
    return marks


def _outside(report: Report) -> notes.TreeHead | None:
    note = keys.last_checkpoint()
    if note is None:
        if report.checkpoints:
            message = f"the last checkpoint is not at {settings.LEDGER_CHECKPOINT_FILE}"
            report.faults.append(Fault("outside_missing", message))
        return None
    try:
        return notes.read(note, settings.LEDGER_ORIGIN, keys.public_key())
    except (notes.BadNote, keys.KeyMissing) as error:
        message = f"the last checkpoint outside the database cannot be checked: {error}"
        report.faults.append(Fault("outside_invalid", message))
        return None


def _kept(outside: notes.TreeHead | None) -> bytes:
    """The leaf hashes kept outside, if they lead to the root of the checkpoint outside; else nothing to rely on."""
    if outside is None or keys.leaves_kept() < outside.size:
        return b""
    kept = keys.leaves_file().read_bytes()[: 32 * outside.size]
    frontier = merkle.Frontier()
    frontier.extend(kept[i : i + 32] for i in range(0, len(kept), 32))
    return kept if frontier.root() == outside.root else b""


def _compare(
    frontier: merkle.Frontier, marks: dict[int, list[tuple[notes.TreeHead, str]]], report: Report, start: int
) -> None:
    for head, where in marks.get(frontier.size, []):
        if head.root == frontier.root():
            continue
        if where == "outside":
            message = (
                f"the last checkpoint kept outside the database, over {head.size} leaves, has another root: "
                "history was rebuilt"
            )
            report.faults.append(Fault("history_rebuilt", message))
        elif not any(fault.code == "root_mismatch" for fault in report.faults):  # later ones follow from it
            message = (
                f"the root over {head.size} leaves is not the signed one: a leaf from {start} on was changed"
            )
            report.faults.append(Fault("root_mismatch", message, start if head.size else None))


def _finish(
    report: Report, frontier: merkle.Frontier, marks: dict[int, list[tuple[notes.TreeHead, str]]]
) -> Report:
    report.size, report.root = frontier.size, frontier.root().hex()
    if not any(fault.code == "leaf_missing" for fault in report.faults):
        for size in sorted(marks):
            if size > frontier.size:
                message = (
                    f"{size} leaves were signed, {frontier.size} are there: leaf {frontier.size} is missing"
                )
                report.faults.append(Fault("leaf_missing", message, frontier.size))
                break
    # a leaf that is named says more than a root that differs because of it
    named = {"root_mismatch": 1, "history_rebuilt": 2}
    report.faults.sort(key=lambda fault: (named.get(fault.code, 0), _place(fault)))
    return report
