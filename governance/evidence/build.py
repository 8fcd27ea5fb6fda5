"""What goes into a pack: log, sections, sample, exceptions, custody, keys, totals, report; then the signature."""

import base64
import csv
import io
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import override

from governance.consent.floors import floors
from governance.evidence import bag, controls, sections
from governance.evidence.log import Slice, log_files, sample_files
from governance.evidence.models import EvidencePack
from governance.evidence.sections import POPULATION, PackFile, Scope, cell, pretty
from portal.ledger import keys, notes

VERIFIER = Path(__file__).with_name("verify.py")
STYLE = Path(__file__).with_name("report.css")
RECONCILIATION = f"{POPULATION}/source-reconciliation.csv"


def scope_of(pack: EvidencePack) -> Scope:
    """The scope that was asked for."""
    chosen = pack.systems.select_related("unit").order_by("slug")
    return Scope(tuple(chosen), pack.date_from, pack.date_to)


def files(pack: EvidencePack) -> tuple[dict[str, bytes], int]:
    """Every file of the pack by path, and the leaf with which its log begins.

    The same pack from the same state gives the same bytes: its time is the time of the request.
    """
    if pack.end_size is None:
        raise ValueError("the end of the log is not settled")
    with override("en"):
        scope = scope_of(pack)
        part = Slice(scope, pack.end_size)
        parts, totals = log_files(part)
        gathered = [file for _name, make in sections.all_sections() for file in make(scope)]
        if not any(file.path == RECONCILIATION for file in gathered):
            gathered.append(_no_reconciliation())
        parts += gathered
        parts += sample_files(part, pack.sample_size, pack.auditor_number)
        tables = controls.rows_of(gathered)
        parts += [controls.mapping(tables, totals), _exceptions(gathered), *_about(pack, scope)]
        parts.append(_queries(parts))
        parts.append(PackFile("data/report.css", STYLE.read_bytes()))
        parts.append(_report(pack, scope, parts, tables, totals))
        parts.append(_totals(parts, totals))
    payload = {file.path: file.content for file in parts}
    if len(payload) != len(parts):
        raise ValueError("two sections write one file")
    return _signed(pack, scope, payload, totals), part.start


def _signed(
    pack: EvidencePack, scope: Scope, payload: dict[str, bytes], totals: dict[str, Any]
) -> dict[str, bytes]:
    facts = {
        "Source-Organization": settings.LEDGER_ORIGIN,
        "External-Identifier": str(pack.pk),
        "External-Description": f"Evidence {scope.date_from} to {scope.date_to}",
        "Bagging-Date": f"{pack.requested_at:%Y-%m-%d}",
        "Bag-Software-Agent": f"Attune {software()}",
    }
    everything = bag.bag(payload, {"verify.py": VERIFIER.read_bytes()}, facts)
    predicate = {**_identity(pack, scope), "log": {name: totals[name] for name in ("first", "end", "root")}}
    signature = bag.statement(everything["tagmanifest-sha256.txt"], predicate, keys.load())
    return {**everything, bag.STATEMENT: signature}


def software() -> str:
    """The version of this software."""
    try:
        return version("attune")
    except PackageNotFoundError:
        return "0.1.0"


def _identity(pack: EvidencePack, scope: Scope) -> dict[str, Any]:
    return {
        "pack": str(pack.pk),
        "period": {"from": str(scope.date_from), "to": str(scope.date_to)},
        "systems": [system.slug for system in scope.systems],
    }


def _about(pack: EvidencePack, scope: Scope) -> list[PackFile]:
    public = keys.public_key()
    asked = pack.requested_at
    custody = [
        {"at": asked, "act": "requested", "by": pack.requested_as},
        {"at": asked, "act": "made from the state of the database", "by": f"Attune {software()}"},
    ]
    key = {
        "keyid": bag.sha256(public),
        "algorithm": "Ed25519",
        "use": ["checkpoints of the log", "statement of the pack"],
        "public_key": base64.b64encode(public).decode(),
        "verifier_key": notes.verifier_key(settings.LEDGER_ORIGIN, public),
    }
    smallest = floors(system.pk for system in scope.systems)
    described = {
        **_identity(pack, scope),
        "requested_at": asked,
        "criteria": "rows of these systems as they stood at the end of the period (days in UTC, both included); "
        "audit runs and ledger events of the period; figures under the privacy floor are suppressed",
        "privacy_floor": settings.PRIVACY_FLOOR,
        "privacy_floors": {system.slug: smallest[system.pk] for system in scope.systems},
        "exclusions": [
            "report.pdf is not made in this version: data/report.html takes its place",
            "names of people: they are ids here; the portal shows who they are",
            "bodies of ledger events that are not in the sample, and all bodies of other systems: headers only",
            "single interactions and anything about an affected person",
        ],
    }
    return [
        PackFile("data/scope.json", pretty(described)),
        PackFile(
            "data/custody.jsonl", b"".join(pretty(row, indent=False) for row in custody), rows=len(custody)
        ),
        PackFile("data/keys.json", pretty({"origin": settings.LEDGER_ORIGIN, "keys": [key]})),
    ]


def _exceptions(gathered: list[PackFile]) -> PackFile:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["system", "kind", "id", "what", "since"])
    rows = sorted(row for file in gathered for row in file.exceptions)
    writer.writerows([cell(value) for value in row] for row in rows)
    return PackFile("data/exceptions.csv", out.getvalue().encode(), rows=len(rows))


def _no_reconciliation() -> PackFile:
    columns = ["system", "source", "first_seq", "last_seq", "expected", "received", "missing"]
    return sections.table("source-reconciliation.csv", columns, [], "no source reported sequence numbers")


def _queries(parts: list[PackFile]) -> PackFile:
    text = "".join(f"-- {file.path}\n{file.query}\n\n" for file in parts if file.query)
    return PackFile(f"{POPULATION}/queries.sql", text.encode())


def _totals(parts: list[PackFile], totals: dict[str, Any]) -> PackFile:
    rows = {file.path: file.rows for file in parts if file.rows is not None}
    return PackFile(f"{POPULATION}/control-totals.json", pretty({"log": totals, "rows": rows}))


def _report(
    pack: EvidencePack,
    scope: Scope,
    parts: list[PackFile],
    tables: dict[str, list[dict[str, str]]],
    totals: dict[str, Any],
) -> PackFile:
    text = render_to_string(
        "evidence/report.html",
        {
            "pack": pack,
            "scope": scope,
            "totals": totals,
            "tables": {name.removesuffix(".csv").replace("-", "_"): rows for name, rows in tables.items()},
            "controls": _rows(parts, "data/controls/mapping.csv"),
            "exceptions": _rows(parts, "data/exceptions.csv"),
            "files": sorted(file.path for file in parts),
            "key": bag.sha256(keys.public_key()),
            "software": software(),
        },
    )
    return PackFile("data/report.html", text.encode())


def _rows(parts: list[PackFile], path: str) -> list[dict[str, str]]:
    content = next(file.content for file in parts if file.path == path)
    return list(csv.DictReader(io.StringIO(content.decode())))
