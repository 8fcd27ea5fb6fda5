"""A file of consent events or of notices served: CSV, JSON or NDJSON, read into items for the recorder."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from governance.consent.shapes import ConsentItem, ServedItem
from portal import tabular
from portal.errors import N_, Invalid

EVENTS, SERVED = "events", "served"
KINDS = {EVENTS: N_("Consent events"), SERVED: N_("To whom notices were shown")}
"""What a file may hold."""
CSV, JSON, NDJSON = "csv", "json", "ndjson"
_USUAL = {
    "event_id": "id",
    "customer": "subject",
    "person": "subject",
    "role": "subject_role",
    "status": "action",
    "date": "effective_at",
    "timestamp": "effective_at",
    "shown_at": "served_at",
    "notice": "notice_version",
    "version": "notice_version",
}
LAYOUTS = {
    EVENTS: tabular.Layout(
        tuple(ConsentItem.__struct_fields__),
        ("id", "purpose", "modality", "action", "effective_at"),
        usual=_USUAL,
    ),
    SERVED: tabular.Layout(
        tuple(ServedItem.__struct_fields__),
        ("id", "notice_version", "language", "served_at", "channel"),
        usual=_USUAL,
    ),
}


@dataclass(frozen=True)
class Items:
    """What a file holds: objects to be read, where each stands ("line 3", "item 3"), how strictly to read them (text
    of a CSV file may stand for numbers, yes/no and times), and the places of lines that are no JSON at all."""

    rows: list[Any]
    places: list[str]
    strict: bool
    broken: frozenset[str] = field(default_factory=frozenset)


def form_of(data: bytes) -> str:
    """In which form a file is written, by its first sign: [ is JSON, { is JSON or a line of NDJSON, else CSV."""
    start = data[:4096].decode("utf-8-sig", "ignore").lstrip()[:1]
    if start == "[":
        return JSON
    if start != "{":
        return CSV
    first, _newline, rest = data.partition(b"\n")
    return NDJSON if rest.strip() and _is_whole(first) else JSON if _envelope(data) else NDJSON


def _is_whole(line: bytes) -> bool:
    """Whether one line is an object by itself: then the file has one on each."""
    try:
        return isinstance(msgspec.json.decode(line.removeprefix(b"\xef\xbb\xbf")), dict)
    except (ValueError, RecursionError):
        return False


def _envelope(data: bytes) -> bool:
    return b'"items"' in data[:4096]


def check(
    data: bytes,
    kind: str,
    *,
    mapping: Mapping[str, str] | None = None,
    fixed: Mapping[str, str] | None = None,
) -> None:
    """What can be said at once, without reading the whole file. Raises Invalid."""
    if form_of(data) == CSV:
        tabular.check_columns(data, LAYOUTS[kind], mapping=mapping or {}, fixed=fixed or {})


def read_items(
    data: bytes,
    kind: str,
    *,
    mapping: Mapping[str, str] | None = None,
    fixed: Mapping[str, str] | None = None,
) -> Items:
    """The items of a file. `mapping` column -> field and `fixed` field -> value are for CSV.

    Raises Invalid with (field, code, message) rows where the file as a whole cannot be read.
    """
    form = form_of(data)
    if form == CSV:
        table = tabular.read_table(data, LAYOUTS[kind], mapping=mapping or {}, fixed=fixed or {})
        return Items(table.rows, [f"line {n}" for n in table.lines], strict=False)
    if form == NDJSON:
        return _lines(data)
    return _document(data)


def _document(data: bytes) -> Items:
    try:
        found = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        raise _refusal("malformed", N_("The file is not well-formed JSON."), str(error)[:200]) from error
    rows = found.get("items") if isinstance(found, dict) else found
    if not isinstance(rows, list) or (isinstance(found, dict) and set(found) != {"items"}):
        raise _refusal(
            "invalid", N_('The file is a list of objects, or {"items": [...]} with nothing beside.')
        )
    if not rows:
        raise _refusal("empty", N_("The file is empty."))
    return Items(rows, [f"item {n}" for n in range(1, len(rows) + 1)], strict=True)


def _lines(data: bytes) -> Items:
    rows: list[Any] = []
    places: list[str] = []
    broken: set[str] = set()
    for n, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append(msgspec.json.decode(line))
        except (ValueError, RecursionError):
            rows.append(None)  # refused by the recorder in its place
            broken.add(f"line {n}")
        places.append(f"line {n}")
    return Items(rows, places, strict=True, broken=frozenset(broken))


def _refusal(code: str, message: str, detail: str = "") -> Invalid:
    row = {"field": "file", "code": code, "message": message}
    return Invalid([row | {"detail": detail} if detail else row])
