"""The register of sections: who has something to show puts a function here, and every later pack holds its files."""

import csv
import datetime as dt
import io
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson

from governance.registry.models import System
from portal.web.exports import neutral

POPULATION = "data/population"


@dataclass(frozen=True)
class Scope:
    """What a pack is about: systems and a period of whole days (UTC), both ends included."""

    systems: tuple[System, ...]
    date_from: dt.date
    date_to: dt.date

    @property
    def since(self) -> dt.datetime:
        """The first moment of the period."""
        return dt.datetime.combine(self.date_from, dt.time(), dt.UTC)

    @property
    def until(self) -> dt.datetime:
        """The first moment after the period."""
        return dt.datetime.combine(self.date_to + dt.timedelta(days=1), dt.time(), dt.UTC)

    def reached(self, moment: dt.datetime | None) -> dt.datetime | None:
        """The moment, if it had come by the end of the period."""
        return moment if moment is not None and moment < self.until else None


@dataclass(frozen=True)
class PackFile:
    """One file of a pack: its path below the pack, its bytes, and how they were asked for (for queries.sql)."""

    path: str
    content: bytes
    query: str = ""
    rows: int | None = None  # the control total of a table
    exceptions: tuple[tuple[str, ...], ...] = field(default=())  # lines for data/exceptions.csv


Section = Callable[[Scope], list[PackFile]]
_sections: dict[str, Section] = {}


def register(name: str, make: Section) -> None:
    """Add a section; packs hold sections in the order of their names. The same name twice replaces (reload)."""
    _sections[name] = make


def all_sections() -> list[tuple[str, Section]]:
    """Every section by name."""
    return sorted(_sections.items())


# --- helpers for those who write sections ----------------------------------------------------------


def table(
    path: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], query: str = "", **more: Any
) -> PackFile:
    """A CSV file below data/population: one header line, then the rows; the same rows give the same bytes."""
    out, count = io.StringIO(newline=""), 0
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(value) for value in row])
        count += 1
    return PackFile(f"{POPULATION}/{path}", out.getvalue().encode(), query, count, **more)


def cell(value: Any) -> str:
    """A value as text: times in UTC, lists and objects as JSON, text that a spreadsheet cannot run."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, (dt.date, uuid.UUID)):
        return str(value)
    if isinstance(value, (int, float, Decimal)):
        return format(value, "f") if isinstance(value, Decimal) else repr(value)
    if isinstance(value, (list, tuple, dict)):
        return pretty(value, indent=False).decode().strip()
    # one line a cell: a line break inside would let a line-wise count go wrong
    return neutral(str(value).replace("\r", "").replace("\n", " ⏎ ").replace("\x00", ""))


def document(path: str, value: Any, query: str = "") -> PackFile:
    """A JSON file below data/population, sorted and indented."""
    return PackFile(f"{POPULATION}/{path}", pretty(value), query)


def pretty(value: Any, indent: bool = True) -> bytes:
    """JSON bytes that repeat: sorted keys; times in UTC, decimals as text."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(value, default=str, option=options | (orjson.OPT_INDENT_2 if indent else 0))


def person(user_id: object) -> str:
    """A person as the ledger writes them: an id, never a name."""
    return f"user:{user_id}" if user_id else ""


def suppress(figure: dict[str, Any], floor: int) -> dict[str, Any]:
    """The figure without its numbers where fewer people or interactions than the privacy floor stand behind it."""
    n = figure.get("n")
    if n is None or n >= floor:
        return figure
    hidden = dict.fromkeys(("value", "ci", "n", "numerator", "denominator"))
    kept = {name: value for name, value in figure.items() if name not in hidden}
    return {**kept, **{name: None for name in hidden if name in figure}, "state": "suppressed"}
