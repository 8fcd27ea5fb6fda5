"""Vendors and statements of the mission: add, change. Doors call `review.changes.update_vendor`, which also voids."""

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.registry import checks, content, fields, revisions, rules
from governance.registry.models import MissionStatement, System, Vendor
from governance.registry.services import insert, lock_system, of_changes, person, refuse
from portal.access.selectors import can
from portal.errors import N_, NotAllowed, RuleBroken, Stale
from portal.ledger.services import record


def add_vendor(*, by: Any, unit: Any, slug: str, pk: uuid.UUID | None = None, **values: Any) -> Vendor:
    """Put a vendor into the register of a unit; `pk` given (by a form) makes sending it twice harmless."""
    _permitted(by, unit)
    refuse(checks.slug_errors(slug) + checks.vendor_errors({"name": "", **values}))
    with transaction.atomic():
        vendor = Vendor(
            id=pk or uuid.uuid4(),
            slug=slug,
            unit=unit,
            created_at=timezone.now(),
            created_by=person(by),
            **values,
        )
        if not insert(vendor, "slug", N_("There is a vendor with this short name already.")):
            return Vendor.objects.get(pk=vendor.pk)
        record(type="register.vendor_added", by=by, subject=vendor.subject, body=content.of_vendor(vendor))
    return vendor


def update_vendor(
    *, vendor: Vendor, by: Any, expected_version: int, reason: str = "", **values: Any
) -> list[rules.Change]:
    """Change a vendor that nobody changed since `expected_version`; returns what differed."""
    _permitted(by, vendor.unit)
    with transaction.atomic():
        # systems first, in one order: changes of a system take its row before anything else
        for pk in sorted(System.objects.filter(vendor=vendor).values_list("pk", flat=True)):
            lock_system(pk)
        locked = Vendor.objects.select_for_update(of=("self",)).select_related("unit").get(pk=vendor.pk)
        before = content.of_vendor(locked)
        for name, value in values.items():
            setattr(locked, name, value)
        after = content.of_vendor(locked)
        refuse(checks.vendor_errors({one.name: getattr(locked, one.name) for one in fields.VENDOR}))
        changes = rules.diff(before, after, fields.MATERIAL_VENDOR_FIELDS)
        if not changes:
            return []
        if locked.row_version != expected_version:
            raise _stale(before, after)
        locked.row_version += 1
        locked.save()
        body = {"changes": of_changes(changes), "reason": reason}
        record(type="register.vendor_changed", by=by, subject=locked.subject, body=body)
    vendor.refresh_from_db()
    return changes


def add_mission(*, by: Any, unit: Any, text: str, pk: uuid.UUID | None = None) -> MissionStatement:
    """Write down a statement of the mission of a unit (and all below it)."""
    _permitted(by, unit)
    refuse(_text_errors(text))
    with transaction.atomic():
        row = MissionStatement(
            id=pk or uuid.uuid4(),
            unit=unit,
            text=text.strip(),
            created_at=timezone.now(),
            created_by=person(by),
        )
        if not insert(row, "text", N_("This statement is there already.")):
            return MissionStatement.objects.get(pk=row.pk)
        body = {"text": row.text, "unit": unit.path}
        record(type="register.mission_added", by=by, subject=row.subject, body=body)
    return row


def change_mission(*, mission: MissionStatement, by: Any, expected_version: int, text: str) -> bool:
    """Change the words of a statement; False where they are the same."""
    _permitted(by, mission.unit)
    refuse(_text_errors(text))
    with transaction.atomic():
        locked = MissionStatement.objects.select_for_update().get(pk=mission.pk)
        before = locked.text
        if before == text.strip():
            return False
        if locked.row_version != expected_version:
            typed = text.strip()
            row: dict[str, object] = {"field": "text", "before": None, "theirs": before, "yours": typed}
            raise Stale([row], current=locked.row_version)
        if MissionStatement.objects.filter(unit=locked.unit_id, text=text.strip()).exists():
            raise RuleBroken(N_("This statement is there already."), code="taken", field="text")
        locked.text = text.strip()
        locked.row_version += 1
        locked.save()
        body = {"changes": [{"field": "text", "before": before, "after": locked.text, "material": False}]}
        record(type="register.mission_changed", by=by, subject=locked.subject, body=body)
    mission.refresh_from_db()
    return True


def _permitted(by: Any, unit: Any) -> None:
    if not can(person(by), "edit_register", unit):
        raise NotAllowed(N_("You do not have the permission for this."), code="not_allowed")


def _text_errors(text: str) -> list[dict[str, str]]:
    if not text.strip():
        return [checks.error("text", "required", N_("This is needed."))]
    return [checks.error("text", "too_long", N_("This is too long."))] if len(text) > 400 else []


def _stale(now: dict[str, Any], yours: dict[str, Any]) -> Stale:
    """A vendor has no kept states of its own: what it is now stands against what was typed."""
    rows: list[dict[str, object]] = [
        {"field": d.field.name, "before": None, "theirs": d.before, "yours": d.after}
        for d in revisions.fields_that_differ({one.name: one for one in fields.VENDOR}, now, yours)
        if d.field is not None
    ]
    return Stale(rows, current=now["row_version"])
