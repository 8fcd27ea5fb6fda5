"""Export of a table as CSV or XLSX: the filtered rows, the chosen columns, the filter and the time in the file."""

import csv
import datetime as dt
import io
import uuid
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

import xlsxwriter
from django.utils import timezone, translation
from django.utils.encoding import force_str
from django.utils.translation import gettext

# a spreadsheet runs a cell that begins with one of these, also behind blanks, also in full width
_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n", "|", "%")
_BLANKS = " \u00a0\u200b\u2060\ufeff\u3000"
AT_ONCE = 20_000
"""Rows of a CSV that is made whole before it is sent; a longer one is sent while it is read."""
MAX_XLSX = 100_000
"""Rows of a spreadsheet, which is whole only at its end: it is made in memory, while the person waits."""
LINES = 500
"""Of a CSV that are sent at once."""


def neutral(text: str) -> str:
    """A text cell that no spreadsheet takes for a formula: a quote before what might start one."""
    if text.startswith(_FORMULA_STARTS) or text.lstrip(_BLANKS).startswith(_FORMULA_STARTS):
        return "'" + text
    return text


def plain(value: Any) -> Any:
    """A cell value of a type both formats can write: number, bool, aware time in the person's zone, or safe text."""
    if value is None:
        return ""
    if isinstance(value, (bool, int, float, Decimal)):
        return value
    if isinstance(value, dt.datetime):
        return timezone.localtime(value) if timezone.is_aware(value) else value
    if isinstance(value, (dt.date, dt.time)):
        return value
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, (list, tuple, set)):
        return neutral(", ".join(force_str(item) for item in value))
    return neutral(force_str(value).replace("\x00", ""))


def to_csv(preamble: Sequence[tuple[str, str]], rows: Iterable[Sequence[Any]]) -> bytes:
    """CSV in UTF-8 with a byte order mark (Excel needs it); `rows` begins with the headers."""
    return b"".join(_csv_parts(preamble, rows))


def stream_csv(preamble: Sequence[tuple[str, str]], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The same in parts, in the language and zone of now: who reads them has left the request of the person."""
    language, zone = translation.get_language(), timezone.get_current_timezone()

    def parts() -> Iterator[bytes]:
        with translation.override(language), timezone.override(zone):
            yield from _csv_parts(preamble, rows)

    return parts()


class _Line:
    """What csv writes to: it hands back the line."""

    def write(self, line: str) -> str:
        return line


def _csv_parts(preamble: Sequence[tuple[str, str]], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    writer = csv.writer(_Line())
    yield b"\xef\xbb\xbf"
    yield "".join(writer.writerow([f"# {name}", neutral(text)]) for name, text in preamble).encode()
    lines = (writer.writerow([_csv_cell(plain(cell)) for cell in row]) for row in rows)
    while part := "".join(islice(lines, LINES)):
        yield part.encode()


def _csv_cell(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return value


def to_xlsx(preamble: Sequence[tuple[str, str]], rows: Iterable[Sequence[Any]], title: str) -> bytes:
    """One sheet: the preamble, an empty line, the headers (frozen, with filter buttons), the rows."""
    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "remove_timezone": True,
    }
    book = xlsxwriter.Workbook(out, options)
    sheet = book.add_worksheet(_sheet_name(title))
    bold = book.add_format({"bold": True})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for line, (name, text) in enumerate(preamble):
        sheet.write_string(line, 0, name, bold)
        sheet.write_string(line, 1, neutral(text))
    top, last, width = len(preamble) + 1, len(preamble) + 1, 1
    for last, row in enumerate(rows, start=top):
        width = max(width, len(row))
        for column, cell in enumerate(row):
            _xlsx_cell(sheet, last, column, plain(cell), bold if last == top else None, day, moment)
    sheet.freeze_panes(top + 1, 0)
    sheet.autofilter(top, 0, last, width - 1)
    sheet.autofit()
    book.close()
    return out.getvalue()


def _xlsx_cell(sheet: Any, row: int, column: int, value: Any, look: Any, day: Any, moment: Any) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value, look)
    elif isinstance(value, (int, float, Decimal)):
        sheet.write_number(row, column, float(value), look)
    elif isinstance(value, dt.datetime):
        sheet.write_datetime(row, column, value, moment)
    elif isinstance(value, dt.date):
        sheet.write_datetime(row, column, value, day)
    else:
        sheet.write_string(row, column, str(value), look)


def _sheet_name(title: str) -> str:
    kept = "".join(c for c in title if c not in "[]:*?/\\'")[:31].strip()
    return kept or gettext("Table")
