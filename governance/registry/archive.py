"""The register as CSV: the systems alone, or everything as a ZIP with one table for each kind of rows.

Rows of a table name their system by its short name. A table that was exported is read back to the same values; reading
gives the document of `exchange`, with `places`: {"systems[0].flows[2]": "flows.csv line 7"}.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from governance.registry.exchange import key_of, limited, wrong
from governance.registry.fields import PARTS, SYSTEM, VENDOR, Field
from governance.registry.forms import group_lines, label_lines, parse_dimensions, parse_labels
from portal.errors import N_
from portal.web import exports

MOST_BYTES = 200 * 1024 * 1024
"""Of all tables of an archive, unpacked: a small file must not fill the memory."""
_TEXT = Field("text", "")
_SYSTEM: dict[str, Field] = {
    **dict.fromkeys(("slug", "unit", "state"), _TEXT),
    **{name: one for name, one in SYSTEM.items() if name != "label_map"},
}
TABLES: dict[str, dict[str, Field]] = {
    "vendors": {"slug": _TEXT, "unit": _TEXT, **{one.name: one for one in VENDOR}},
    "missions": {"unit": _TEXT, "text": _TEXT},
    "systems": _SYSTEM,
    **{key_of(part): {"system": _TEXT, **part.by_name} for part in PARTS.values()},
}
"""The columns of every table by its name, which is that of its file without `.csv`."""
_OWN = ("vendors", "missions", "systems")
_NEEDED = {
    "slug": N_("The first line names the columns; 'slug' is one of them."),
    "system": N_("The first line names the columns; 'system' is one of them."),
    "text": N_("The first line names the columns; 'text' is one of them."),
}


# --- writing ---------------------------------------------------------------------------------------


def to_csv(document: Mapping[str, Any]) -> bytes:
    """The systems of a document, one a line, without the rows that belong to them."""
    return _table("systems", document["systems"])


def to_zip(document: Mapping[str, Any]) -> bytes:
    """Everything of a document: a CSV for each table, also for an empty one, so that all columns are seen."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in TABLES:
            # without the time of writing: the same register is the same file
            info = zipfile.ZipInfo(f"{name}.csv")
            archive.writestr(info, _table(name, _rows(document, name)), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _rows(document: Mapping[str, Any], name: str) -> Iterable[Mapping[str, Any]]:
    if name in _OWN:
        return list(document[name])
    return [{"system": system["slug"], **row} for system in document["systems"] for row in system[name]]


def _table(name: str, rows: Iterable[Mapping[str, Any]]) -> bytes:
    columns = TABLES[name]
    lines = [[_quoted(_cell(one, row, column)) for column, one in columns.items()] for row in rows]
    return exports.to_csv([], [list(columns), *lines])


def _cell(one: Field, row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    if one.kind == "labels":
        return label_lines(value, row["label_map"])
    if one.kind == "groups":
        return group_lines(value)
    if one.kind == "answers":
        return "\n".join(f"{question}: {answer}" for question, answer in value.items())
    if value is None:
        return ""
    return ", ".join(value) if isinstance(value, list) else str(value)


def _quoted(text: str) -> str:
    """A quote before what a spreadsheet would run, and before what looks like such a quote already."""
    return "'" + text if _runs(text.lstrip("'")) else text


def _unquoted(text: str) -> str:
    return text[1:] if text.startswith("'") and _runs(text.lstrip("'")) else text


def _runs(text: str) -> bool:
    return exports.neutral(text) != text


# --- reading ---------------------------------------------------------------------------------------


def read_csv(data: bytes) -> dict[str, Any]:
    """A CSV with one system a line as a document; raises Invalid for what is none."""
    systems, places = [], {}
    for number, (line, row) in enumerate(_read("systems", data, "file")):
        systems.append(row)
        places[f"systems[{number}]"] = f"line {line}"
    return limited({"vendors": [], "missions": [], "systems": systems, "places": places})


def read_zip(data: bytes) -> dict[str, Any]:
    """An archive of tables as a document; any table may be left out. Raises Invalid, naming table and line."""
    document: dict[str, Any] = {"vendors": [], "missions": [], "systems": [], "places": {}}
    places, tables = document["places"], _unpacked(data)
    for name in _OWN:
        for line, row in _read(name, tables.get(name), f"{name}.csv"):
            places[f"{name}[{len(document[name])}]"] = f"{name}.csv line {line}"
            document[name].append(row)
    numbers = {row["slug"]: number for number, row in enumerate(document["systems"])}
    for name in (name for name in TABLES if name not in _OWN):
        for line, row in _read(name, tables.get(name), f"{name}.csv"):
            number = numbers.get(row.pop("system", ""))
            if number is None:
                place = f"{name}.csv line {line}: system"
                raise wrong(place, N_("systems.csv has no system with this short name."))
            held = document["systems"][number].setdefault(name, [])
            places[f"systems[{number}].{name}[{len(held)}]"] = f"{name}.csv line {line}"
            held.append(row)
    return limited(document)


def _unpacked(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            unknown = [info.filename for info in infos if info.filename.removesuffix(".csv") not in TABLES]
            if unknown or len({info.filename for info in infos}) != len(infos):
                name = (unknown or ["file"])[0][:60]
                raise wrong(name, N_("The archive holds tables of a register and nothing else, each once."))
            if sum(info.file_size for info in infos) > MOST_BYTES:
                raise wrong("file", N_("Unpacked, the archive is too large: divide it."))
            return {info.filename.removesuffix(".csv"): archive.read(info) for info in infos}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise wrong("file", N_("This ZIP file cannot be read.")) from error


def _read(name: str, data: bytes | None, file: str) -> list[tuple[int, dict[str, Any]]]:
    """(line, row) of a table; `file` is what faults call it."""
    if data is None:
        return []
    found, columns = _lines(data, file), TABLES[name]
    names = next(iter(found))[1] if found else []
    needed = "text" if name == "missions" else "slug" if name in _OWN else "system"
    if needed not in names:
        raise wrong(file, _NEEDED[needed])
    if (unknown := [column for column in names if column not in columns]) or len(set(names)) != len(names):
        place = (unknown or names)[0][:60] or file
        raise wrong(place, N_("This column is not known, or stands there twice."))
    rows = []
    for line, cells in found[1:]:
        if len(cells) != len(names):
            place = file if file == "file" else f"{file} line {line}"
            raise wrong(place, N_("A line has more or fewer cells than the first."))
        rows.append((line, _from_cells(columns, dict(zip(names, cells, strict=True)))))
    return rows


def _lines(data: bytes, file: str) -> list[tuple[int, list[str]]]:
    try:
        text = data.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        lines = [(reader.line_num, line) for line in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise wrong(file, N_("This is no CSV file in UTF-8.")) from error
    if "\x00" in text:
        raise wrong(file, N_("This is no CSV file in UTF-8."))
    return [(number, line) for number, line in lines if any(cell.strip() for cell in line)]


def _from_cells(columns: Mapping[str, Field], cells: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, raw in cells.items():
        text, kind = _unquoted(raw), columns[name].kind
        if kind == "labels":
            found["labels"], found["label_map"] = parse_labels(text)
        elif kind == "groups":
            found[name] = parse_dimensions(text)
        elif kind in ("codes", "choices"):
            found[name] = _listed(text.split(","))
        elif kind == "answers":
            pairs = (line.partition(":") for line in _listed(text.splitlines()))
            found[name] = {question.strip(): answer.strip() for question, _colon, answer in pairs}
        else:
            found[name] = text.strip()
    return found


def _listed(parts: Sequence[str]) -> list[str]:
    return [part.strip() for part in parts if part.strip()]
