#!/usr/bin/env python3
"""Check an evidence pack off-line: nothing but this file and Python 3.8 or later is needed.

    python3 verify.py [FOLDER|PACK.zip] [--previous OLD.zip] [--json]

Without a name the folder in which this file lies is checked. Exit code 0: verified. 1: not verified, the first fault
is named. 2: wrong use. What is checked, in this order:

  files      every file is listed with its SHA-256, none is missing, none was added        (BagIt 1.0, RFC 8493)
  signature  the list of files is signed with the key in data/keys.json                    (DSSE, Ed25519)
  log        start frontier + every header in the slice lead to the signed end root        (RFC 9162, C2SP checkpoint)
  samples    the sample is the one that the seed draws; each item is in the log as it is
  totals     the control totals are those of the log slice and the files
  previous   with --previous: the log of the old pack is the beginning of this one

A pack that was made anew from a rewritten history, with the same key, is right in itself. Only something that left
the building earlier shows it: an older pack (--previous) or a checkpoint that you kept. And whoever can change a pack
can change the copy of this file in it: use the published one, and compare the key with the one that you know.
"""

from __future__ import annotations

import argparse
import base64
import csv
import gzip
import hashlib
import io
import json
import sys
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any, Iterator  # noqa: UP035 - also for Python 3.8

# ruff: noqa: T201 - this program speaks to the person at the terminal

PAYLOAD, TAGS, STATEMENT = "manifest-sha256.txt", "tagmanifest-sha256.txt", "signature/statement.dsse.json"
SLICE = "data/population/log-slice.jsonl.gz"
TOTALS = "data/population/control-totals.json"
START, END, FRONTIER = "data/log/checkpoint-start", "data/log/checkpoint-end", "data/log/start-frontier"
EARLIER = "data/log/consistency.jsonl"
SELECTION, ITEMS = "data/samples/selection.json", "data/samples/items.jsonl"
LISTED = ["bagit.txt", "bag-info.txt", PAYLOAD, "verify.py", "data/scope.json", "data/keys.json"]
LISTED += [SLICE, TOTALS, START, END, FRONTIER, EARLIER, SELECTION, ITEMS]
NEEDED = [*LISTED, TAGS, STATEMENT]


class WrongUse(Exception):  # noqa: N818 - not an error of the program
    """There is nothing here that could be checked."""


class Fault(Exception):  # noqa: N818 - of the pack, not of the program
    """Something is not as it was signed: code, file, sentence, line."""

    def __init__(self, code: str, file: str, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.row: dict[str, Any] = {"code": code, "file": file, "line": line, "message": message}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> bytes:
    """RFC 8785 for what headers and bodies hold: ASCII keys, no floats."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


# --- Ed25519 (RFC 8032), verification only: points are (X, Y, Z, T) in extended coordinates ---------

P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a: Any, b: Any) -> Any:
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    w, x, y, z = f - e, h - g, h + g, f + e
    return w * x % P, y * z % P, x * y % P, w * z % P


def times(scalar: int, point: Any) -> Any:
    result: Any = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def point(raw: bytes) -> Any:
    """The point that 32 bytes encode; None when they encode none."""
    y, sign = int.from_bytes(raw, "little") & (2**255 - 1), raw[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether this is the signature of the message by the holder of the key."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r, s = point(public), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    left, right = times(s, BASE), add(r, times(int.from_bytes(digest, "little") % ORDER, a))
    return not any((left[axis] * right[2] - right[axis] * left[2]) % P for axis in (0, 1))


# --- Merkle tree (RFC 9162) -------------------------------------------------------------------------


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the largest complete subtrees from the left: enough to go on appending."""

    def __init__(self, size: int, hashes: list[bytes]) -> None:
        if len(hashes) != bin(size).count("1") or any(len(h) != 32 for h in hashes):
            raise ValueError("no frontier of this size")
        self.size, self.hashes = size, hashes

    def append(self, leaf: bytes) -> None:
        low = self.size
        while low & 1:
            leaf = node(self.hashes.pop(), leaf)
            low >>= 1
        self.hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        top = self.hashes[-1] if self.hashes else hashlib.sha256(b"").digest()
        for left in self.hashes[-2::-1]:
            top = node(left, top)
        return top


def climb(fn: int, sn: int, first: bytes, path: list[bytes]) -> tuple[bytes, bytes] | None:
    """Walk a proof upwards from one node: (root of what lies to its left, root of all); None if it is no proof."""
    second = first
    for other in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            first, second = node(other, first), node(other, second)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node(second, other)
        fn, sn = fn >> 1, sn >> 1
    return (first, second) if sn == 0 else None


def included(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """The root to which an inclusion proof leads; None for a proof of the wrong length."""
    roots = climb(index, size - 1, leaf, path)
    return roots[1] if roots else None


def consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: list[bytes]) -> bool:
    """Whether the tree of `old` leaves is the beginning of the tree of `new` leaves (0 < old <= new)."""
    if old == new:
        return not path and old_root == new_root
    path = ([old_root] if old & (old - 1) == 0 else []) + path
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    return bool(path) and climb(fn, sn, path[0], path[1:]) == (old_root, new_root)


# --- reading ----------------------------------------------------------------------------------------


class Pack:
    """The files of a pack by name, from a folder or a zip, and what its log says."""

    leaves: list[bytes]
    totals: dict[str, Any]

    def __init__(self, path: str) -> None:
        self.path, self.top = Path(path), ""
        self.leaves, self.totals = [], {}
        self.zip: zipfile.ZipFile | None = None
        if self.path.is_dir():
            files = (file for file in self.path.rglob("*") if not file.is_dir())
            self.names = {file.relative_to(self.path).as_posix() for file in files}
        elif self.path.is_file():
            self._open_zip()
        else:
            raise WrongUse(f"there is no {path}")
        if not {"bagit.txt", PAYLOAD, STATEMENT} & self.names:
            raise WrongUse(f"{path} is not an evidence pack: it has no bagit.txt")

    def _open_zip(self) -> None:
        try:
            self.zip = archive = zipfile.ZipFile(self.path)
        except zipfile.BadZipFile:
            raise Fault("unreadable", str(self.path), f"{self.path} is not a readable zip file") from None
        entries = [name for name in archive.namelist() if not name.endswith("/")]
        self.top = entries[0].split("/")[0] + "/" if entries else ""
        self.names = {name[len(self.top) :] if name.startswith(self.top) else f"/{name}" for name in entries}
        if len(self.names) != len(entries):
            raise Fault("added", str(self.path), f"{self.path} contains two files of one name")

    def read(self, name: str) -> bytes:
        if name not in self.names:
            raise Fault("missing", name, f"{name} is missing")
        try:
            return self.zip.read(self.top + name) if self.zip else (self.path / name).read_bytes()
        except Exception as error:  # a damaged zip member fails in many ways
            raise Fault("unreadable", name, f"{name} cannot be read: {error}") from None

    def json(self, name: str) -> Any:
        return json.loads(self.read(name))

    def rows(self, name: str) -> list[Any]:
        return [json.loads(line) for line in self.read(name).splitlines()]

    def key(self) -> bytes:
        """The public key that data/keys.json names."""
        return base64.b64decode(self.json("data/keys.json")["keys"][0]["public_key"])

    def checkpoint(self, name: str) -> tuple[str, int, bytes]:
        """(origin, size, root) of a checkpoint that is signed with the key of this pack."""
        body, _, signatures = self.read(name).decode().rpartition("\n\n")
        (origin, size, root), public = body.split("\n"), self.key()
        key_id = hashlib.sha256(origin.encode() + b"\n\x01" + public).digest()[:4]
        for line in signatures.splitlines():
            blob = base64.b64decode(line.split(" ")[-1]) if line.startswith(f"\u2014 {origin} ") else b""
            if blob[:4] == key_id and ed25519(public, f"{body}\n".encode(), blob[4:]):
                return origin, int(size), base64.b64decode(root)
        raise Fault("signature", name, f"{name} is not signed with the key in data/keys.json")

    def frontier(self) -> Frontier:
        size, *hashes = self.read(FRONTIER).decode().split()
        return Frontier(int(size), [base64.b64decode(h) for h in hashes])

    def slice(self) -> Iterator[tuple[bytes, bytes]]:
        """(leaf hash, header) of every line of the log slice; Fault at the first wrong line."""
        first, where = self.frontier().size, 0
        try:
            with gzip.open(io.BytesIO(self.read(SLICE))) as lines:
                for number, line in enumerate(lines, first):
                    tail, where = b',"index":%d,"leaf":"' % number, number - first + 1
                    cut = len(line) - 67 - len(tail)
                    if (
                        line[:10] != b'{"header":'
                        or line[cut : cut + len(tail)] != tail
                        or line[-3:] != b'"}\n'
                    ):
                        what = f"line {where} of the log slice is not leaf {number}: "
                        what += "a line was dropped, moved or changed"
                        raise Fault("log", SLICE, what, where)
                    leaf = hashlib.sha256(b"\x00" + line[10:cut]).digest()
                    if leaf.hex().encode() != line[-67:-3]:
                        what = f"line {where} of the log slice (leaf {number}) was changed"
                        raise Fault("log", SLICE, what, where)
                    yield leaf, line[10:cut]
        except (OSError, EOFError, zlib.error) as error:
            what = f"the log slice cannot be unpacked beyond line {where}: {error}"
            raise Fault("log", SLICE, what, where + 1) from error


# --- the checks: each yields the faults that do not stop it, and raises the one that does ---------------


def check_files(pack: Pack) -> Iterator[Fault]:
    for name in NEEDED:
        if name not in pack.names:
            raise Fault("missing", name, f"{name} is missing")
    lines = (pack.read(TAGS) + pack.read(PAYLOAD)).decode().splitlines()
    listed = {file: digest for digest, file in (line.split("  ", 1) for line in lines)}
    for name in sorted(pack.names - set(listed) - {TAGS, STATEMENT}):
        yield Fault("added", name, f"{name} was added: no manifest lists it")
    for name, digest in sorted(listed.items()):
        if name not in pack.names:
            yield Fault("missing", name, f"{name} is missing: a manifest lists it")
        elif sha256(pack.read(name)) != digest:
            yield Fault("changed", name, f"{name} was changed: its SHA-256 is not the listed one")


def check_signature(pack: Pack) -> Iterator[Fault]:
    envelope = pack.json(STATEMENT)
    payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"].encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    if not any(ed25519(pack.key(), signed, base64.b64decode(row["sig"])) for row in envelope["signatures"]):
        raise Fault("signature", STATEMENT, "the statement is not signed with the key in data/keys.json")
    statement, scope = json.loads(payload), pack.json("data/scope.json")
    if statement["subject"][0]["digest"]["sha256"] != sha256(pack.read(TAGS)):
        raise Fault("signature", TAGS, f"{TAGS} is not the one that was signed")
    for name in ("pack", "period", "systems"):
        if statement["predicate"][name] != scope[name]:
            yield Fault("signature", "data/scope.json", f"the signed statement has another {name}")


def check_log(pack: Pack) -> Iterator[Fault]:
    start, end, frontier = pack.checkpoint(START), pack.checkpoint(END), pack.frontier()
    if start != (end[0], frontier.size, frontier.root()):
        raise Fault("log", FRONTIER, "the start frontier is not that of the signed start")
    kinds: Counter[str] = Counter()
    days: Counter[str] = Counter()
    pack.leaves = []
    for leaf, header in pack.slice():
        frontier.append(leaf)
        pack.leaves.append(leaf)
        fields = json.loads(header)
        kinds[fields["type"]] += 1
        days[fields["ts"][:10]] += 1
    if (frontier.size, frontier.root()) != end[1:]:
        what = f"leaves {start[1]} to {frontier.size - 1} do not lead to the signed end root over {end[1]} leaves"
        raise Fault("log", SLICE, what)
    pack.totals = {"first": start[1], "end": end[1], "events": len(pack.leaves), "root": end[2].hex()}
    pack.totals.update(by_type=dict(kinds), by_day=dict(days))
    yield from ()


def draw(seed: bytes, places: list[int], size: int) -> list[int]:
    """The sample: SHA-256(seed, counter) modulo the population, repeats skipped."""
    chosen: set[int] = set()
    counter = 0
    while len(chosen) < min(size, len(places)):
        digest = hashlib.sha256(seed + counter.to_bytes(8, "big")).digest()
        chosen.add(places[int.from_bytes(digest, "big") % len(places)])
        counter += 1
    return sorted(chosen)


def check_samples(pack: Pack) -> Iterator[Fault]:
    selection, (_, end, root) = pack.json(SELECTION), pack.checkpoint(END)
    first = end - len(pack.leaves)
    seed = hashlib.sha256(root + selection["auditor_number"].encode()).digest()
    places = [place for low, high in selection["population"] for place in range(low, high + 1)]
    if seed.hex() != selection["seed"] or any(not first <= place < end for place in places):
        raise Fault(
            "samples", SELECTION, "the seed is not SHA-256(end root, number), or the population is elsewhere"
        )
    if draw(seed, places, selection["size"]) != selection["chosen"]:
        raise Fault("samples", SELECTION, "the sample is not the one that the seed draws")
    items = pack.rows(ITEMS)
    if [item["index"] for item in items] != selection["chosen"]:
        raise Fault("samples", ITEMS, "the items are not the drawn ones")
    for line, item in enumerate(items, 1):
        index, name = item["index"], f"data/samples/proofs/{item['index']}.tlog-proof"
        leaf = hashlib.sha256(b"\x00" + canonical(item["header"])).digest()
        if leaf != pack.leaves[index - first]:
            yield Fault("samples", ITEMS, f"item {index} is not in the log", line)
        body = bytes.fromhex(item["salt"] or "") + canonical(item["body"])
        if item["salt"] is not None and sha256(body) != item["header"]["body_sha256"]:
            yield Fault("samples", ITEMS, f"the body of item {index} is not the recorded one", line)
        head, _, note = pack.read(name).decode().partition("\n\n")
        kind, place, *path = head.split("\n")
        known = (kind, place, note) == ("c2sp.org/tlog-proof@v1", f"index {index}", pack.read(END).decode())
        if not known or included(leaf, index, end, [base64.b64decode(h) for h in path]) != root:
            yield Fault("samples", name, f"{name} does not prove item {index}")


def check_totals(pack: Pack) -> Iterator[Fault]:
    totals = pack.json(TOTALS)
    if pack.totals and totals["log"] != pack.totals:  # none: the slice is broken, which is said already
        yield Fault("totals", TOTALS, "the control totals of the log are not those of the slice")
    for name, rows in totals["rows"].items():
        text = pack.read(name).decode()
        found = text.count("\n") if name.endswith("l") else sum(1 for _ in csv.reader(io.StringIO(text))) - 1
        if found != rows:
            yield Fault("totals", name, f"{name} has {found} rows, the control total says {rows}")


def check_previous(pack: Pack, old: Pack) -> Iterator[Fault]:
    for fault in check_files(old):
        raise Fault("previous", fault.row["file"], f"the previous pack is damaged: {fault}")
    if pack.key() != old.key():
        raise Fault(
            "previous", "data/keys.json", "this pack is signed with another key than the previous one"
        )
    (origin, end, root), (old_origin, old_end, old_root) = pack.checkpoint(END), old.checkpoint(END)
    if origin != old_origin:
        raise Fault("previous", END, "this pack is of another log than the previous one")
    newer = continues(pack, old_end, old_root) if old_end <= end else continues(old, end, root)
    if not newer:
        what = f"the logs of the previous pack ({old_end} leaves) and of this one ({end}) do not continue each other"
        raise Fault("previous", END, f"{what}: history was rebuilt")
    yield from ()


def continues(pack: Pack, size: int, root: bytes) -> bool:
    """Whether the first `size` leaves of this pack's log have this root."""
    frontier = pack.frontier()
    if size < frontier.size:
        _, end, end_root = pack.checkpoint(END)
        proofs = [row["proof"] for row in pack.rows(EARLIER) if row["size"] == size]
        return any(consistent(size, end, root, end_root, [base64.b64decode(h) for h in p]) for p in proofs)
    lines = pack.slice()
    while frontier.size < size:
        frontier.append(next(lines)[0])
    return frontier.root() == root


def verify(path: str, previous: str | None = None) -> dict[str, Any]:
    """The whole check as --json answers it; after a fault the later checks are still made."""
    faults: list[Fault] = []
    checks = []
    try:
        pack = Pack(path)
        steps: list[tuple[str, Any]] = [
            ("files", check_files),
            ("signature", check_signature),
            ("log", check_log),
        ]
        steps += [("samples", check_samples), ("totals", check_totals)]
        if previous:
            old = Pack(previous)
            steps.append(("previous", lambda pack: check_previous(pack, old)))
    except Fault as fault:
        faults, steps = [fault], []
    for name, step in steps:
        before = len(faults)
        try:
            for found in step(pack):  # not extend: what was found before a raise counts too
                faults.append(found)
        except Fault as fault:
            faults.append(fault)
        except Exception as error:  # a file of the wrong shape is a fault, never a crash
            faults.append(Fault(name, "", f"{name} cannot be checked: {type(error).__name__}: {error}"))
        checks.append({"check": name, "ok": len(faults) == before})
    report = {
        "verified": not faults,
        "path": path,
        "checks": checks,
        "faults": [fault.row for fault in faults],
    }
    report["first_fault"] = faults[0].row if faults else None
    if not faults:
        scope = {name: pack.json("data/scope.json")[name] for name in ("pack", "period", "systems")}
        report.update(scope, files=len(pack.names), log=pack.totals, key=sha256(pack.key()))
    return report


def main() -> int:
    """Print the report; the exit code says the result."""
    parser = argparse.ArgumentParser(description="Check an evidence pack off-line.")
    parser.add_argument("pack", nargs="?", default=str(Path(__file__).resolve().parent), help="folder or zip")
    parser.add_argument("--previous", metavar="OLD.zip", help="an older pack of the same log, folder or zip")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    options = parser.parse_args()
    try:
        report = verify(options.pack, options.previous)
    except WrongUse as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(report, indent=2))
    elif report["verified"]:
        log, period = report["log"], report["period"]
        print(
            f"verified: pack {report['pack']}, {period['from']} to {period['to']}, {', '.join(report['systems'])}"
        )
        print(
            f"  {report['files']} files; log leaves {log['first']} to {log['end'] - 1}; end root {log['root']}"
        )
        print(
            f"  signed with the key whose SHA-256 is {report['key']}: compare it with the one that you know"
        )
    else:
        print(f"NOT verified: {report['first_fault']['message']}")
        for fault in report["faults"][1:20]:
            print(f"  also: {fault['message']}")
    return 0 if report["verified"] else 1


if __name__ == "__main__":
    sys.exit(main())
