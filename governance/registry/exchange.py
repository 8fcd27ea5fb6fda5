"""The register as a document: written whole as JSON, and read back into the values that services take.

A system in it is its record (see `content`) with people by their e-mail address. As tables it is written by `archive`.
Reading changes nothing: `governance.review.imports` does, all or nothing.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from governance.registry import content, selectors
from governance.registry.fields import PARTS, SCHEMA, Field, PartKind
from governance.registry.models import System
from portal.access.selectors import units_with
from portal.errors import N_, Invalid

FORMAT = "attune-register"
MOST_SYSTEMS = 3_000
"""Of one file: what one job does well within its time, see docs/performance.md."""
_BESIDE = ("id", "row_version")


# --- writing ---------------------------------------------------------------------------------------


def export(user: Any) -> dict[str, Any]:
    """Everything of the register that `user` sees, own drafts included, as one document."""
    found = list(
        selectors.visible(user, drafts=True).select_related("unit", "owner", "vendor").order_by("slug")
    )
    rows = {kind: _by_system(part, found) for kind, part in PARTS.items()}
    emails = _emails(found, rows)
    vendors = selectors.vendors(user).select_related("unit").order_by("slug")
    missions = selectors.missions(user).select_related("unit").order_by("text")
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "exported_at": timezone.now().isoformat(timespec="seconds"),
        "vendors": [_without(content.of_vendor(v), ("row_version",)) for v in vendors],
        "missions": [{"unit": m.unit.path, "text": m.text} for m in missions],
        "systems": [_system(system, rows, emails) for system in found],
    }


def _by_system(part: PartKind, systems: list[System]) -> dict[Any, list[Any]]:
    """The rows of a kind by system; one query for all systems."""
    found: dict[Any, list[Any]] = {system.pk: [] for system in systems}
    for row in content.rows(systems, part):
        found[row.system_id].append(row)
    return found


def _emails(systems: Iterable[System], rows: Mapping[str, Mapping[Any, list[Any]]]) -> dict[str, str]:
    wanted = {system.owner_id for system in systems}
    wanted |= {row.person_id for lines in rows["contact"].values() for row in lines}
    accounts = get_user_model().objects.filter(pk__in=wanted)
    return {str(account.pk): account.email for account in accounts}


def _system(system: System, rows: Mapping[str, Any], emails: Mapping[str, str]) -> dict[str, Any]:
    said = _without(content.of_system(system), ("row_version",))
    said["owner"] = emails.get(said["owner"], "")
    for kind, part in PARTS.items():
        lines = [_without(content.of_part(part, row), _BESIDE) for row in rows[kind][system.pk]]
        for line in lines if kind == "contact" else ():
            line["person"] = emails.get(line["person"], "")
        said[key_of(part)] = lines
    return said


def key_of(part: PartKind) -> str:
    """How a document calls the rows of a kind."""
    return part.plural.replace("-", "_")


def _without(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


# --- reading ---------------------------------------------------------------------------------------


def read_json(data: Any) -> dict[str, Any]:
    """A document as exported here; raises Invalid where it is none, or larger than can be done at once."""
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise wrong("format", N_("This is no register as Attune exports it: 'format' is missing or another."))
    if data.get("schema") != SCHEMA:
        raise wrong("schema", N_("This file was written by another version of the product."))
    document: dict[str, Any] = {}
    for name in ("vendors", "missions", "systems"):
        rows = data.get(name, [])
        if not isinstance(rows, list) or any(not isinstance(row, Mapping) for row in rows):
            raise wrong(name, N_("A list of objects is expected here."))
        document[name] = rows
    unknown = sorted(set(data) - {"format", "schema", "exported_at", *document})
    if unknown:
        message = N_("This field is not known.")
        raise Invalid(
            [{"field": str(name)[:60], "code": "unknown_field", "message": message} for name in unknown]
        )
    return limited(document)


def limited(document: dict[str, Any]) -> dict[str, Any]:
    """The document, unless it holds more than can be done at once: then Invalid is raised."""
    if len(document["systems"]) > MOST_SYSTEMS:
        raise wrong("systems", N_("More than 3,000 systems: divide the file."))
    return document


def wrong(field: str, message: str) -> Invalid:
    """A refusal of a file, or of one place in it."""
    return Invalid([{"field": field, "code": "invalid", "message": message}])


class Fault(Exception):  # noqa: N818 - the word of the reports
    """A value of a file that cannot be used."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)


Finder = Callable[[str, str], Any]
"""(kind of field, name in the file) -> the object, or None."""


def finder(by: Any) -> Finder:
    """Finds what a file or a call names, as far as this person sees it."""
    units = {unit.path: unit for unit in units_with(by, "view_register")}

    def find(kind: str, name: str) -> Any:
        if kind == "unit":
            return units.get(name)
        if kind == "vendor":
            return selectors.vendors(by).filter(slug=name).first()
        if kind == "mission":
            return selectors.missions(by).filter(text=name).first()
        return get_user_model().objects.filter(email__iexact=name, is_active=True).first()

    return find


def value_of(one: Field, raw: Any, find: Finder) -> Any:
    """The value of a file as services take it. Raises Fault; what is shaped right is checked by the service."""
    if one.kind in ("person", "unit", "vendor", "mission"):
        if raw in (None, ""):
            return None
        found = find(one.kind, raw) if isinstance(raw, str) else None
        if found is None:
            raise Fault("unknown", N_("There is no such entry, or it is not yours to see."))
        return found
    if raw in (None, ""):
        return None if one.kind in ("date", "number", "decimal") else _nothing(one)
    reader: Callable[[Any], Any] = _READERS.get(one.kind, _text)
    try:
        return reader(raw)
    except (TypeError, ValueError, InvalidOperation) as error:
        raise Fault("invalid", N_("This value has another form than is expected here.")) from error


def _nothing(one: Field) -> Any:
    if one.kind in ("labels", "codes", "choices"):
        return []
    return {} if one.kind in ("mapping", "groups", "answers") else ""


def _text(raw: Any) -> str:
    if not isinstance(raw, str) or "\x00" in raw:
        raise TypeError
    return raw


def _day(raw: Any) -> dt.date:
    return dt.date.fromisoformat(_text(raw))


def _number(raw: Any) -> int:
    if isinstance(raw, bool | float):
        raise TypeError
    return int(raw)


def _amount(raw: Any) -> Decimal:
    return Decimal(_text(raw))


def _strings(raw: Any) -> list[str]:
    if not isinstance(raw, list):
        raise TypeError
    return [_text(one) for one in raw]


def _mapping(raw: Any) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise TypeError
    return {_text(name): _strings(v) if isinstance(v, list) else _text(v) for name, v in raw.items()}


_READERS: dict[str, Callable[[Any], Any]] = {
    "date": _day,
    "number": _number,
    "decimal": _amount,
    "labels": _strings,
    "codes": _strings,
    "choices": _strings,
    "mapping": _mapping,
    "groups": _mapping,
    "answers": _mapping,
}
