"""History of a record: keep each state of it, and say in which fields two states differ."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Max
from django.utils import timezone

from governance.registry import content
from governance.registry.fields import FIXED, PARTS, SYSTEM, Field, PartKind
from governance.registry.models import System, SystemRevision
from portal.ledger.services import actor_text

NOT_RECORDED = object()
"""In place of a value of a record from before the field existed."""


@dataclass(frozen=True)
class Difference:
    """One field (or whole row) that differs. `part`: the kind of row and `row` its name; both empty: the system.

    `field` None: the row as a whole came or went. Values are plain JSON, NOT_RECORDED, or None.
    """

    field: Field | None
    before: Any
    after: Any
    part: PartKind | None = None
    row: Any = ""

    @property
    def material(self) -> bool:
        """Whether this takes an approval out of force."""
        if self.field is not None:
            return self.field.material
        return self.part is not None and self.part.material


def keep(
    *, system: System, act: str, by: Any, reason: str = "", effective_at: dt.datetime | None = None
) -> SystemRevision:
    """Keep the record as it is now; belongs in the transaction of the change, which holds the system's lock."""
    found = content.record(system)
    last = SystemRevision.objects.filter(system=system).aggregate(n=Max("number"))["n"] or 0
    return SystemRevision.objects.create(
        system=system,
        number=last + 1,
        content=found,
        sha256=content.digest(found),
        act=act,
        reason=reason[:1000],
        made_at=effective_at or timezone.now(),
        made_by=actor_text(by),
    )


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Field by field, what differs between two contents of a record, in the order of the steps."""
    fields = {**FIXED, **SYSTEM}
    found = fields_that_differ(fields, before.get("system", {}), after.get("system", {}))
    for kind, part in PARTS.items():
        found += _rows(part, before.get("parts", {}).get(kind), after.get("parts", {}).get(kind))
    return found


def fields_that_differ(
    fields: Mapping[str, Field],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    part: PartKind | None = None,
    row: Any = "",
) -> list[Difference]:
    """The fields in which two sets of values differ."""
    return [
        Difference(one, before.get(name, NOT_RECORDED), after.get(name, NOT_RECORDED), part, row)
        for name, one in fields.items()
        if before.get(name, NOT_RECORDED) != after.get(name, NOT_RECORDED)
    ]


def _rows(part: PartKind, before: Any, after: Any) -> list[Difference]:
    """Rows are the same row by their id; a kind that was not recorded yet shows as such, row by row."""
    old = {row["id"]: row for row in before or []}
    new = {row["id"]: row for row in after or []}
    found: list[Difference] = []
    for pk in [*old, *(pk for pk in new if pk not in old)]:
        if pk in old and pk in new:
            found += fields_that_differ(part.by_name, old[pk], new[pk], part, new[pk].get(part.lead))
        elif pk in old:
            gone = None if after is not None else NOT_RECORDED
            found.append(Difference(None, old[pk].get(part.lead), gone, part, old[pk].get(part.lead)))
        else:
            came = None if before is not None else NOT_RECORDED
            found.append(Difference(None, came, new[pk].get(part.lead), part, new[pk].get(part.lead)))
    return found


def meanwhile(system: System, since: int, *, part: str = "", pk: str = "") -> Mapping[str, Any] | None:
    """The fields as somebody saw them who has lock number `since`; None where no state with it was kept."""
    rows = SystemRevision.objects.filter(system=system)
    if not part:
        kept = rows.filter(content__system__row_version=since).order_by("-number").first()
        return kept.content["system"] if kept else None
    wanted = {"parts": {part: [{"id": pk, "row_version": since}]}}
    kept = rows.filter(content__contains=wanted).order_by("-number").first()
    return next((row for row in kept.content["parts"][part] if row["id"] == pk), None) if kept else None
