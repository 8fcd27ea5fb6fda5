"""A whole record of the register as plain JSON: what history keeps, what is compared, exported and imported.

`{"schema", "system": {field: value}, "parts": {kind: [{"id", "row_version", field: value}]}}`. Dates are ISO days,
numbers with a fraction strings, units paths, vendors short names, people ids, statements of the mission their text.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import Model

from governance.registry import models
from governance.registry.fields import FIXED, PARTS, SCHEMA, SYSTEM, VENDOR, Field, PartKind
from governance.registry.models import System

MODELS: dict[str, type[Model]] = {
    "version": models.SystemVersion,
    "flow": models.DataFlow,
    "use_case": models.UseCase,
    "hand_over": models.HandOver,
    "unit_use": models.UnitUse,
    "contact": models.Contact,
    "goal": models.Goal,
    "cost": models.PlannedCost,
}
_JOINED = {"unit_use": "unit", "goal": "mission"}


def plain(one: Field, row: Any) -> Any:
    """The value of a field of a row as JSON."""
    if one.kind == "person":  # without reading the account
        found = getattr(row, f"{one.name}_id")
        return str(found) if found else None
    return of_value(one, getattr(row, one.name))


def of_value(one: Field, value: Any) -> Any:
    """A value as forms and services hold it, as JSON; 1.50 and 1.5 are the same number."""
    if isinstance(value, Model):
        names = {"unit": "path", "vendor": "slug", "mission": "text"}
        return getattr(value, names[one.kind]) if one.kind in names else str(value.pk)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, dt.date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def material(named: Iterable[Field], row: Any) -> dict[str, Any]:
    """The material fields of a row as JSON; a unit by its id, because its path moves with the tree."""
    return {
        one.name: str(getattr(row, f"{one.name}_id")) if one.kind == "unit" else plain(one, row)
        for one in named
        if one.material
    }


def rows(systems: System | Iterable[System], part: PartKind) -> list[Any]:
    """The rows of one kind that belong to a system, or to several, now; one query."""
    wanted = [systems] if isinstance(systems, System) else list(systems)
    found = MODELS[part.kind]._default_manager.filter(system__in=wanted)
    if part.removable:
        found = found.filter(removed_at__isnull=True)
    return list(found.select_related(_JOINED[part.kind]) if part.kind in _JOINED else found)


def of_part(part: PartKind, row: Any) -> dict[str, Any]:
    """A row as JSON."""
    known: dict[str, Any] = {"id": str(row.pk), "row_version": row.row_version}
    return known | {one.name: plain(one, row) for one in part.fields}


def of_system(system: System) -> dict[str, Any]:
    """The system's own fields as JSON, with the lock."""
    fields = {**FIXED, **SYSTEM}
    return {"row_version": system.row_version} | {n: plain(one, system) for n, one in fields.items()}


def of_vendor(vendor: models.Vendor) -> dict[str, Any]:
    """A vendor as JSON."""
    known = {"slug": vendor.slug, "unit": vendor.unit.path, "row_version": vendor.row_version}
    return known | {one.name: plain(one, vendor) for one in VENDOR}


def record(system: System) -> dict[str, Any]:
    """The whole record; one query a kind of rows."""
    parts = {kind: [of_part(part, row) for row in rows(system, part)] for kind, part in PARTS.items()}
    return {"schema": SCHEMA, "system": of_system(system), "parts": parts}


def digest(content: dict[str, Any]) -> str:
    """SHA-256 over the canonical form of a record."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
