"""data/controls/mapping.csv: article -> control -> result -> evidence file, the results counted from the tables."""

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from governance.evidence.sections import POPULATION, PackFile, cell

CATALOGUE = Path(__file__).resolve().parent.parent / "catalogue" / "controls.yaml"
Tables = Mapping[str, list[dict[str, str]]]


def _screened(tables: Tables, totals: Mapping[str, Any]) -> str:
    rows = [row for row in tables["screenings.csv"] if not row["superseded_at"]]
    flows = {(row["system"], row["flow"]) for row in rows}
    signed = sum(1 for row in rows if row["signed_at"])
    return f"{len(flows)} of {len(tables['flows.csv'])} flows screened, {signed} signed"


def _decided(tables: Tables, totals: Mapping[str, Any]) -> str:
    closed = [row for row in tables["requests.csv"] if row["closed_at"]]
    approved = sum(1 for row in closed if row["state"].startswith("approved"))
    return f"{len(closed)} requests decided, {approved} approved, {len(tables['votes.csv'])} votes"


def _audited(tables: Tables, totals: Mapping[str, Any]) -> str:
    runs = tables["audit-runs.csv"]
    words = ("met", "not_met", "not_enough_evidence", "error")
    counts = {word: sum(1 for row in runs if row["verdict"] == word) for word in words}
    return f"{len(runs)} runs: " + ", ".join(f"{count} {word}" for word, count in counts.items())


def _recorded(tables: Tables, totals: Mapping[str, Any]) -> str:
    return f"{totals['events']} events in the log slice"


def _corrected(tables: Tables, totals: Mapping[str, Any]) -> str:
    rows = tables["findings.csv"]
    still = sum(1 for row in rows if row["state"] == "open")
    return f"{len(rows)} findings, {still} open at the end of the period"


def _policed(tables: Tables, totals: Mapping[str, Any]) -> str:
    return f"{len(tables['policies.csv'])} approved policies, {len(tables['notices.csv'])} notices"


RESULTS: dict[str, Callable[[Tables, Mapping[str, Any]], str]] = {
    "screened": _screened,
    "decided": _decided,
    "audited": _audited,
    "recorded": _recorded,
    "corrected": _corrected,
    "policed": _policed,
}


def rows_of(files: list[PackFile]) -> dict[str, list[dict[str, str]]]:
    """The tables of a pack by file name, each row by column."""
    prefix = f"{POPULATION}/"
    return {
        file.path.removeprefix(prefix): list(csv.DictReader(io.StringIO(file.content.decode())))
        for file in files
        if file.path.startswith(prefix) and file.path.endswith(".csv")
    }


def mapping(tables: Tables, totals: Mapping[str, Any]) -> PackFile:
    """The mapping with the results of this pack."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["article", "control", "result", "evidence"])
    controls = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    for row in controls:
        result = RESULTS[row["result"]](tables, totals)
        writer.writerow([cell(text) for text in (row["article"], row["control"], result, row["evidence"])])
    return PackFile("data/controls/mapping.csv", out.getvalue().encode(), rows=len(controls))
