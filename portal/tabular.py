"""Reading a CSV file into items: what its columns mean, and what is wrong, named by line and field; pure."""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as kept
from typing import Any

from portal.errors import N_, Invalid

LONGEST_CELL = 4_000
MOST_COLUMNS = 500


@dataclass(frozen=True)
class Layout:
    """What the columns of one kind of file may be.

    `fields`: the names of the API; `required`: those without which no line is an item; `lists`: fields whose cells
    hold several values, divided by |; `open_ended`: a prefix below which any name is a field ('' for none);
    `usual`: names that such columns often have, and the field that is then guessed.
    """

    fields: tuple[str, ...]
    required: tuple[str, ...]
    lists: frozenset[str] = frozenset()
    open_ended: str = ""
    usual: Mapping[str, str] = kept(default_factory=dict)

    def knows(self, name: str) -> bool:
        """Whether a column may be mapped to this."""
        below = bool(self.open_ended) and name.startswith(self.open_ended) and name != self.open_ended
        return name in self.fields or below

    def guess(self, columns: list[str]) -> dict[str, str]:
        """A first mapping of columns to fields: the same name, or a usual one."""
        found: dict[str, str] = {}
        for name in columns:
            plain = name.strip().lower()
            meant = plain if self.knows(plain) else self.usual.get(plain, "")
            if meant and meant not in found.values() and self.knows(meant):
                found[name] = meant
        return found


@dataclass(frozen=True)
class Table:
    """The rows of a file as items, with the line on which each stands."""

    rows: list[dict[str, Any]]
    lines: list[int]


def header(data: bytes) -> list[str]:
    """The column names of a file, for the page that maps them. Raises Invalid."""
    _sep, names, _reader = _open(data)
    return names


def read_table(data: bytes, layout: Layout, *, mapping: Mapping[str, str], fixed: Mapping[str, str]) -> Table:
    """The rows of a file: `mapping` column -> field ('' leaves a column out), `fixed` field -> value for all rows.

    A column that is not mapped goes to the field of its own name. Raises Invalid with (field, code, message) rows
    whose field is like 'line 3: gold'.
    """
    _separator, names, reader = _open(data)
    fields = _fields(names, mapping, fixed, layout)
    rows, lines, errors = [], [], []
    try:
        for cells in reader:
            line = reader.line_num
            if not any(cells):
                continue
            fault = _fault_of_line(cells, names, line)
            if fault is not None:
                errors.append(fault)
                continue
            rows.append(_item(cells, fields, fixed, layout))
            lines.append(line)
    except csv.Error as error:
        errors.append(
            _error(f"line {reader.line_num}", "malformed", N_("This line cannot be read as CSV."), str(error))
        )
    if errors:
        raise Invalid(errors[:100])
    if not rows:
        raise Invalid([_error("file", "empty", N_("The file has no rows below its header."))])
    return Table(rows, lines)


def check_columns(
    data: bytes, layout: Layout, *, mapping: Mapping[str, str], fixed: Mapping[str, str]
) -> None:
    """Look at the header alone, for an answer at once. Raises Invalid as `read_table` would."""
    _separator, names, _reader = _open(data)
    _fields(names, mapping, fixed, layout)


def _open(data: bytes) -> tuple[str, list[str], Any]:
    text = _text(data)
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)  # spreadsheets in Dutch write semicolons
    _hold_columns(first.count(separator))  # before a million of them become a million texts
    # not StringIO: it keeps four bytes for every character
    lines = io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline="")
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise Invalid(
            [_error("line 1", "malformed", N_("This line cannot be read as CSV."), str(error))]
        ) from error
    if not any(names):
        raise Invalid([_error("file", "empty", N_("The file is empty."))])
    _hold_columns(len(names))
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise Invalid([_error(f"line 1: {twice[0]}", "duplicate_column", N_("This column occurs twice."))])
    return separator, names, reader


def _hold_columns(number: int) -> None:
    if number > MOST_COLUMNS:
        raise Invalid([_error("line 1", "too_many_columns", N_("The file has more than 500 columns."))])


def _text(data: bytes) -> str:
    if not data.strip():
        raise Invalid([_error("file", "empty", N_("The file is empty."))])
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Invalid([_error("file", "encoding", N_("The file is UTF-16: save it as CSV in UTF-8."))])
    if b"\x00" in data:
        line = data[: data.index(b"\x00")].count(b"\n") + 1
        raise Invalid([_error(f"line {line}", "nul", N_("A NUL character cannot be stored."))])
    try:
        return data.decode("utf-8-sig")  # a byte order mark of a spreadsheet is no part of the first column
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = N_("This line is not UTF-8: save the file as CSV in UTF-8.")
        raise Invalid([_error(f"line {line}", "encoding", message)]) from error


def _fields(
    names: list[str], mapping: Mapping[str, str], fixed: Mapping[str, str], layout: Layout
) -> list[str]:
    """The field of each column ('' = left out). Raises Invalid for unknown, doubled or missing ones."""
    errors = [
        _error(f"map {column}", "unknown_column", N_("The file has no such column."))
        for column in mapping
        if column not in names
    ]
    fields = [mapping.get(name, name) for name in names]
    for name, field in zip(names, fields, strict=True):
        if field and not layout.knows(field):
            message = N_("This column is no field: map it to one, or leave it out.")
            errors.append(_error(f"line 1: {name}", "unknown_column", message))
    errors += [
        _error(f"set {f}", "unknown_field", N_("This field is not known."))
        for f in fixed
        if not layout.knows(f)
    ]
    taken = [f for f in [*fields, *fixed] if f]
    errors += [
        _error(f"map {f}", "duplicate_field", N_("Two columns are mapped to this field."))
        for f in sorted({f for f in taken if taken.count(f) > 1})
    ]
    errors += [
        _error(f"line 1: {f}", "missing_column", N_("No column is mapped to this field."))
        for f in layout.required
        if f not in taken
    ]
    if errors:
        raise Invalid(errors)
    return fields


def _fault_of_line(cells: list[str], names: list[str], line: int) -> dict[str, str] | None:
    if len(cells) != len(names):
        message = N_("This line has another number of columns than the header.")
        return _error(f"line {line}", "columns", message, f"{len(cells)} / {len(names)}")
    for name, cell in zip(names, cells, strict=True):
        if len(cell) > LONGEST_CELL:
            return _error(f"line {line}: {name}", "too_long", N_("This cell is too long."))
    return None


def _item(cells: list[str], fields: list[str], fixed: Mapping[str, str], layout: Layout) -> dict[str, Any]:
    item: dict[str, Any] = {}
    for field, text in [*zip(fields, cells, strict=True), *fixed.items()]:
        value = text.strip()
        if not field or not value:
            continue
        outer, _dot, inner = field.partition(".")
        if inner:
            item.setdefault(outer, {})[inner] = value
        else:
            item[field] = value.split("|") if field in layout.lists else value
    return item


def _error(field: str, code: str, message: str, detail: str = "") -> dict[str, str]:
    row = {"field": field, "code": code, "message": message}
    return row | {"detail": detail} if detail else row
