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
import collections
import csv
import gzip
import hashlib
import io
import json
import os
import sys
import zipfile

PAYLOAD, TAGS = "manifest-sha256.txt", "tagmanifest-sha256.txt"
STATEMENT = "signature/statement.dsse.json"
SLICE = "data/population/log-slice.jsonl.gz"
NEEDED = [
    "bagit.txt", "bag-info.txt", PAYLOAD, TAGS, STATEMENT, "verify.py", SLICE, "data/scope.json", "data/keys.json",
    "data/log/checkpoint-start", "data/log/checkpoint-end", "data/log/start-frontier",
    "data/population/control-totals.json", "data/samples/selection.json", "data/samples/items.jsonl",
]  # fmt: skip


class WrongUse(Exception):
    """There is nothing here that could be checked."""


class Fault(Exception):
    """Something is not as it was signed: code, file, line and a sentence."""

    def __init__(self, code, file, message, line=None):
        super().__init__(message)
        self.code, self.file, self.line = code, file, line

    def as_dict(self):
        return {"code": self.code, "file": self.file, "line": self.line, "message": str(self)}


# --- Ed25519 (RFC 8032), verification only -------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def point_add(a, b):
    """Addition in extended coordinates (X, Y, Z, T)."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    w, x, y, z = f - e, h - g, h + g, f + e
    return w * x % P, y * z % P, x * y % P, w * z % P


def point_times(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = point_add(result, point)
        point = point_add(point, point)
        scalar >>= 1
    return result


def point_read(raw):
    """The point that 32 bytes encode; None when they encode none."""
    y, sign = int.from_bytes(raw, "little") & (2**255 - 1), raw[31] >> 7
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = point_read((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519(public, message, signature):
    """Whether this is the signature of the message by the holder of the key."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r, s = point_read(public), point_read(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    left = point_times(s, BASE)
    right = point_add(r, point_times(int.from_bytes(digest, "little") % ORDER, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 == (left[1] * right[2] - right[1] * left[2]) % P


# --- Merkle tree (RFC 9162) ----------------------------------------------------------------------


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the largest complete subtrees from the left: enough to go on appending."""

    def __init__(self, size, hashes):
        if len(hashes) != bin(size).count("1") or any(len(h) != 32 for h in hashes):
            raise ValueError("no frontier of this size")
        self.size, self.hashes = size, hashes

    def append(self, leaf):
        low = self.size
        while low & 1:
            leaf = node(self.hashes.pop(), leaf)
            low >>= 1
        self.hashes.append(leaf)
        self.size += 1

    def root(self):
        if not self.hashes:
            return hashlib.sha256(b"").digest()
        top = self.hashes[-1]
        for left in self.hashes[-2::-1]:
            top = node(left, top)
        return top


def included(leaf, index, size, path):
    """The root to which an inclusion proof leads; None for a proof of the wrong length."""
    fn, sn = index, size - 1
    for other in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            leaf = node(other, leaf)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            leaf = node(leaf, other)
        fn, sn = fn >> 1, sn >> 1
    return leaf if sn == 0 else None


def consistent(old, new, old_root, new_root, path):
    """Whether the tree of `old` leaves is the beginning of the tree of `new` leaves."""
    if old == new or old == 0:
        return not path and (old_root == new_root if old == new else old_root == hashlib.sha256(b"").digest())
    path = ([old_root] if old & (old - 1) == 0 else []) + path
    if not path or old > new:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = path[0]
    for other in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            first, second = node(other, first), node(other, second)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node(second, other)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and first == old_root and second == new_root


# --- reading -------------------------------------------------------------------------------------


class Pack:
    """The files of a pack by name, from a folder or a zip."""

    def __init__(self, path):
        self.path, self.zip = path, None
        if os.path.isdir(path):
            self.names = {
                os.path.relpath(os.path.join(top, name), path).replace(os.sep, "/")
                for top, _folders, names in os.walk(path) for name in names
            }  # fmt: skip
        elif os.path.isfile(path):
            try:
                self.zip = zipfile.ZipFile(path)
            except zipfile.BadZipFile:
                raise Fault("unreadable", path, "%s is not a readable zip file" % path) from None
            entries = [name for name in self.zip.namelist() if not name.endswith("/")]
            self.top = entries[0].split("/")[0] + "/" if entries else ""
            self.names = {
                name[len(self.top) :] if name.startswith(self.top) else "/" + name for name in entries
            }
            if len(self.names) != len(entries):
                raise Fault("added", path, "%s contains two files of one name" % path)
        else:
            raise WrongUse("there is no %s" % path)
        if "bagit.txt" not in self.names and PAYLOAD not in self.names:
            raise WrongUse("%s is not an evidence pack: it has no bagit.txt" % path)

    def read(self, name):
        if name not in self.names:
            raise Fault("missing", name, "%s is missing" % name)
        try:
            if self.zip:
                return self.zip.read(self.top + name)
            with open(os.path.join(self.path, *name.split("/")), "rb") as handle:
                return handle.read()
        except Exception as error:  # a damaged zip member fails in many ways
            raise Fault("unreadable", name, "%s cannot be read: %s" % (name, error)) from None

    def json(self, name):
        return json.loads(self.read(name))

    def lines(self, name):
        return [json.loads(line) for line in self.read(name).splitlines()]

    def key(self):
        """The public key that data/keys.json names."""
        return base64.b64decode(self.json("data/keys.json")["keys"][0]["public_key"])

    def checkpoint(self, name, text=None):
        """(origin, size, root) of a checkpoint that is signed with the key of this pack."""
        text = self.read(name).decode() if text is None else text
        body, _, signatures = text.rpartition("\n\n")
        origin, size, root = body.split("\n")
        public, body = self.key(), body + "\n"
        key_id = hashlib.sha256(origin.encode() + b"\n\x01" + public).digest()[:4]
        for line in signatures.splitlines():
            if line.startswith("\u2014 %s " % origin):
                blob = base64.b64decode(line.split(" ")[2])
                if blob[:4] == key_id and ed25519(public, body.encode(), blob[4:]):
                    return origin, int(size), base64.b64decode(root)
        raise Fault("signature", name, "%s is not signed with the key in data/keys.json" % name)

    def slice(self):
        """(leaf number, leaf hash, header) of every line of the log slice; Fault at the first wrong line."""
        frontier = self.frontier()
        with gzip.open(io.BytesIO(self.read(SLICE))) as lines:
            for number, line in enumerate(lines, frontier.size):
                tail = b',"index":%d,"leaf":"' % number
                cut = len(line) - 67 - len(tail)
                where = number - frontier.size + 1
                if line[:10] != b'{"header":' or line[cut : cut + len(tail)] != tail or line[-3:] != b'"}\n':
                    what = "line %d of the log slice is not leaf %d: a line was dropped, moved or changed"
                    raise Fault("log", SLICE, what % (where, number), where)
                leaf = hashlib.sha256(b"\x00" + line[10:cut]).digest()
                if leaf.hex().encode() != line[-67:-3]:
                    what = "line %d of the log slice (leaf %d) was changed"
                    raise Fault("log", SLICE, what % (where, number), where)
                yield number, leaf, line[10:cut]

    def frontier(self):
        size, *hashes = self.read("data/log/start-frontier").decode().split()
        return Frontier(int(size), [base64.b64decode(h) for h in hashes])


# --- the checks ----------------------------------------------------------------------------------


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def manifest(pack, name):
    """{file: digest} of a manifest."""
    rows = (line.split(None, 1) for line in pack.read(name).decode().splitlines())
    return {file.strip(): digest for digest, file in rows}


def check_files(pack):
    listed = {PAYLOAD: manifest(pack, PAYLOAD), TAGS: manifest(pack, TAGS)}
    everything = {**listed[PAYLOAD], **listed[TAGS]}
    for name in NEEDED:
        if name not in pack.names:
            raise Fault("missing", name, "%s is missing" % name)
    for name in sorted(pack.names - set(everything) - {TAGS, STATEMENT}):
        yield Fault("added", name, "%s was added: no manifest lists it" % name)
    for name, digest in sorted(everything.items()):
        if name not in pack.names:
            yield Fault("missing", name, "%s is missing: a manifest lists it" % name)
        elif sha256(pack.read(name)) != digest:
            yield Fault("changed", name, "%s was changed: its SHA-256 is not the listed one" % name)
    for name in NEEDED:
        if name not in everything and name not in (TAGS, STATEMENT):
            yield Fault("unlisted", name, "%s is in no manifest" % name)


def check_signature(pack):
    envelope = pack.json(STATEMENT)
    payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"].encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    signatures = [base64.b64decode(row["sig"]) for row in envelope["signatures"]]
    if not any(ed25519(pack.key(), signed, signature) for signature in signatures):
        raise Fault("signature", STATEMENT, "the statement is not signed with the key in data/keys.json")
    statement = json.loads(payload)
    if statement["subject"][0]["digest"]["sha256"] != sha256(pack.read(TAGS)):
        raise Fault("signature", TAGS, "%s is not the one that was signed" % TAGS)
    scope = pack.json("data/scope.json")
    for name in ("pack", "period", "systems"):
        if statement["predicate"][name] != scope[name]:
            yield Fault("signature", "data/scope.json", "the signed statement has another %s" % name)


def check_log(pack):
    start, end = pack.checkpoint("data/log/checkpoint-start"), pack.checkpoint("data/log/checkpoint-end")
    frontier = pack.frontier()
    if start[0] != end[0] or (start[1], start[2]) != (frontier.size, frontier.root()):
        raise Fault("log", "data/log/start-frontier", "the start frontier is not that of the signed start")
    pack.leaves, types, days = [], collections.Counter(), collections.Counter()
    for _number, leaf, header in pack.slice():
        frontier.append(leaf)
        pack.leaves.append(leaf)
        fields = json.loads(header)
        types[fields["type"]] += 1
        days[fields["ts"][:10]] += 1
    if (frontier.size, frontier.root()) != (end[1], end[2]):
        what = "leaves %d to %d do not lead to the signed end root over %d leaves"
        raise Fault("log", SLICE, what % (start[1], frontier.size - 1, end[1]))
    pack.totals = {
        "first": start[1], "end": end[1], "events": len(pack.leaves), "root": end[2].hex(),
        "by_type": dict(sorted(types.items())), "by_day": dict(sorted(days.items())),
    }  # fmt: skip
    yield from ()


def draw(seed, places, size):
    """The sample: SHA-256(seed, counter) modulo the population, repeats skipped."""
    chosen, counter = [], 0
    while len(chosen) < min(size, len(places)):
        digest = hashlib.sha256(seed + counter.to_bytes(8, "big")).digest()
        place = places[int.from_bytes(digest, "big") % len(places)]
        counter += 1
        if place not in chosen:
            chosen.append(place)
    return sorted(chosen)


def check_samples(pack):
    file, selection = "data/samples/selection.json", pack.json("data/samples/selection.json")
    _, end, root = pack.checkpoint("data/log/checkpoint-end")
    first = end - len(pack.leaves)
    seed = hashlib.sha256(root + selection["auditor_number"].encode()).digest()
    places = [place for low, high in selection["population"] for place in range(low, high + 1)]
    if seed.hex() != selection["seed"] or any(not first <= place < end for place in places):
        raise Fault(
            "samples", file, "the seed is not SHA-256(end root, number), or the population is not in the log"
        )
    if draw(seed, places, selection["size"]) != selection["chosen"]:
        raise Fault("samples", file, "the sample is not the one that the seed draws")
    items = pack.lines("data/samples/items.jsonl")
    if [item["index"] for item in items] != selection["chosen"]:
        raise Fault("samples", "data/samples/items.jsonl", "the items are not the drawn ones")
    checkpoint = pack.read("data/log/checkpoint-end").decode()
    for line, item in enumerate(items, 1):
        name = "data/samples/proofs/%d.tlog-proof" % item["index"]
        leaf = hashlib.sha256(b"\x00" + canonical(item["header"])).digest()
        if leaf != pack.leaves[item["index"] - first]:
            yield Fault(
                "samples", "data/samples/items.jsonl", "item %d is not in the log" % item["index"], line
            )
        if item["salt"] is not None:
            body = bytes.fromhex(item["salt"]) + canonical(item["body"])
            if sha256(body) != item["header"]["body_sha256"]:
                what = "the body of item %d is not the recorded one"
                yield Fault("samples", "data/samples/items.jsonl", what % item["index"], line)
        head, _, note = pack.read(name).decode().partition("\n\n")
        kind, place, *path = head.split("\n")
        known = (
            kind == "c2sp.org/tlog-proof@v1" and place == "index %d" % item["index"] and note == checkpoint
        )
        if not known or included(leaf, item["index"], end, [base64.b64decode(h) for h in path]) != root:
            yield Fault("samples", name, "%s does not prove item %d" % (name, item["index"]))


def canonical(value):
    """RFC 8785 for what headers and bodies hold: ASCII keys, no floats."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def check_totals(pack):
    file = "data/population/control-totals.json"
    totals = pack.json(file)
    if totals["log"] != pack.totals:
        yield Fault("totals", file, "the control totals of the log are not those of the slice")
    for name, rows in totals["rows"].items():
        text = pack.read(name).decode()
        found = (
            len(text.splitlines())
            if name.endswith("l")
            else sum(1 for _ in csv.reader(io.StringIO(text))) - 1
        )
        if found != rows:
            yield Fault("totals", name, "%s has %d rows, the control total says %d" % (name, found, rows))


def check_previous(pack, old):
    end_file = "data/log/checkpoint-end"
    for fault in check_files(old):
        raise Fault("previous", fault.file, "the previous pack is damaged: %s" % fault)
    if pack.key() != old.key():
        raise Fault(
            "previous", "data/keys.json", "this pack is signed with another key than the previous one"
        )
    (origin, end, root), (old_origin, old_end, old_root) = pack.checkpoint(end_file), old.checkpoint(end_file)
    if origin != old_origin:
        raise Fault("previous", end_file, "this pack is of another log than the previous one")
    longer, (size, wanted) = (pack, (old_end, old_root)) if old_end <= end else (old, (end, root))
    if not continues(longer, size, wanted):
        what = "the log of %d leaves in the previous pack is not the beginning of this one (%d leaves): history was rebuilt"
        raise Fault("previous", end_file, what % (old_end, end))
    yield from ()


def continues(pack, size, root):
    """Whether the first `size` leaves of this pack's log have this root."""
    frontier = pack.frontier()
    if size >= frontier.size:
        for _number, leaf, _header in pack.slice():
            if frontier.size == size:
                break
            frontier.append(leaf)
        return (frontier.size, frontier.root()) == (size, root)
    _, end, end_root = pack.checkpoint("data/log/checkpoint-end")
    for row in pack.lines("data/log/consistency.jsonl") if "data/log/consistency.jsonl" in pack.names else []:
        if row["size"] == size:
            return consistent(size, end, root, end_root, [base64.b64decode(h) for h in row["proof"]])
    return False


def verify(path, previous=None):
    """The whole check: a dict for --json. Later checks are made only where earlier ones let them make sense."""
    faults, checks, pack = [], [], None
    try:
        pack = Pack(path)
        old = Pack(previous) if previous else None
    except Fault as fault:
        faults.append(fault)
    steps = [check_files, check_signature, check_log, check_samples, check_totals]
    if previous:
        steps.append(lambda pack: check_previous(pack, old))
    for step in steps if pack and not faults else []:
        name = step.__name__.replace("check_", "").replace("<lambda>", "previous")
        try:
            found = list(step(pack))
        except Fault as fault:
            found = [fault]
        except Exception as error:  # a file of the wrong shape is a fault, never a crash
            found = [Fault(name, "", "%s cannot be checked: %s: %s" % (name, type(error).__name__, error))]
        faults += found
        checks.append({"check": name, "ok": not found})
    report = {"verified": not faults, "path": path, "checks": checks, "faults": [f.as_dict() for f in faults]}
    report["first_fault"] = report["faults"][0] if faults else None
    if pack and not faults:
        scope = pack.json("data/scope.json")
        report.update(
            pack=scope["pack"], period=scope["period"], systems=scope["systems"], files=len(pack.names)
        )
        report.update(log=pack.totals, key=sha256(pack.key()))
    return report


def main(arguments=None):
    """Print the report; the exit code says the result."""
    parser = argparse.ArgumentParser(description="Check an evidence pack off-line.")
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("pack", nargs="?", default=here, help="folder or zip (default: where this file lies)")
    parser.add_argument("--previous", metavar="OLD.zip", help="an older pack of the same log, folder or zip")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    options = parser.parse_args(arguments)
    try:
        report = verify(options.pack, options.previous)
    except WrongUse as error:
        print(json.dumps({"error": str(error)}) if options.json else str(error), file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(report, indent=2))
    elif report["verified"]:
        log = report["log"]
        print(
            "verified: pack %s, %s to %s" % (report["pack"], report["period"]["from"], report["period"]["to"])
        )
        print("  %d files; log leaves %d to %d" % (report["files"], log["first"], log["end"] - 1))
        print("  end root %s" % log["root"])
        print(
            "  signed with the key whose SHA-256 is %s: compare it with the one that you know" % report["key"]
        )
    else:
        print("NOT verified: %s" % report["first_fault"]["message"])
        for fault in report["faults"][1:20]:
            print("  also: %s" % fault["message"])
    return 0 if report["verified"] else 1


if __name__ == "__main__":
    sys.exit(main())
