"""Rows that belong to a system: add, change, remove. Doors call `governance.review.changes`, which also voids."""

import datetime as dt
import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.registry import checks, content, fields, rules
from governance.registry.fields import PartKind
from governance.registry.models import Goal, System
from governance.registry.selectors import has_mission, known
from governance.registry.services import (
    insert,
    kept,
    lock_system,
    need_reason,
    of_changes,
    permitted,
    person,
    refuse,
    refuse_stale,
)
from portal.errors import N_, RuleBroken

TAKEN = N_("There is such a row already.")


def kind_of(kind: str) -> PartKind:
    """The kind of that code whose rows are kept here; raises KeyError for flows, which have a service of their own."""
    if kind == "flow":
        raise KeyError(kind)
    return fields.PARTS[kind]


def add_part(
    *,
    system: System,
    kind: str,
    by: Any,
    reason: str = "",
    pk: uuid.UUID | None = None,
    effective_at: dt.datetime | None = None,
    **values: Any,
) -> Any:
    """Add a row; `pk` given (by a form) makes sending it twice harmless. Raises Invalid, RuleBroken."""
    part = kind_of(kind)
    full = {
        one.name: values.get(one.name, "" if one.kind in ("text", "long") else None) for one in part.fields
    }
    refuse(checks.part_errors(part, full, known()))
    with transaction.atomic():
        locked = lock_system(system.pk)
        permitted(by, "edit_register", locked)
        row = content.MODELS[kind](
            id=pk or uuid.uuid4(),
            system=locked,
            created_at=effective_at or timezone.now(),
            created_by=person(by),
            **_stripped(full),
        )
        _refuse_without_mission(locked, row)
        if not insert(row, part.key[0], TAKEN):
            return content.MODELS[kind]._default_manager.get(pk=row.pk)
        said = {one.name: content.plain(one, row) for one in part.fields}
        body = {**said, "row": str(row.pk), "reason": reason}
        kept(locked, f"register.{kind}_added", by, body, reason=reason, effective_at=effective_at)
    return row


def change_part(
    *, row: Any, kind: str, by: Any, expected_version: int, reason: str = "", **values: Any
) -> list[rules.Change]:
    """Change fields of a row that nobody changed since `expected_version`; returns what differed."""
    part = kind_of(kind)
    refuse(checks.part_errors(part, values, known()))
    with transaction.atomic():
        system = lock_system(row.system_id)
        permitted(by, "edit_register", system)
        locked = content.MODELS[kind]._default_manager.select_for_update(of=("self",)).get(pk=row.pk)
        _refuse_removed(locked)
        before = content.of_part(part, locked)
        for name, value in _stripped(values).items():
            setattr(locked, name, value)
        changes = rules.diff(before, content.of_part(part, locked), part.material_fields)
        if not changes:
            return []
        refuse_stale(system, before, expected_version, values, part=part)
        _refuse_without_mission(system, locked)
        _save(locked, part)
        body = {"row": str(locked.pk), "changes": of_changes(changes), "reason": reason}
        kept(system, f"register.{kind}_changed", by, body, reason=reason)
    row.refresh_from_db()
    return changes


def remove_part(*, row: Any, kind: str, by: Any, reason: str = "") -> bool:
    """Take a row out of the record; it stays in history. False where it was removed before.

    Raises Invalid without the reason of a material change.
    """
    part = kind_of(kind)
    if not part.removable:
        raise RuleBroken(N_("A version stays in the register: decisions refer to it."), code="not_removable")
    with transaction.atomic():
        system = lock_system(row.system_id)
        permitted(by, "edit_register", system)
        locked: Any = content.MODELS[kind]._default_manager.select_for_update(of=("self",)).get(pk=row.pk)
        if locked.removed_at is not None:
            return False
        need_reason(system, reason, material=part.material)
        locked.removed_at, locked.removed_by = timezone.now(), person(by)
        locked.save(update_fields=["removed_at", "removed_by"])
        said = {one.name: content.plain(one, locked) for one in part.fields}
        body = {**said, "row": str(locked.pk), "reason": reason}
        kept(system, f"register.{kind}_removed", by, body, reason=reason)
    row.refresh_from_db()
    return True


def _save(row: Any, part: PartKind) -> None:
    """Save a changed row under its next lock; another row with the same key is a refusal."""
    row.row_version += 1
    twin = {name: getattr(row, name) for name in part.key}
    rows = type(row)._default_manager.filter(system=row.system_id, **twin).exclude(pk=row.pk)
    if part.removable:
        rows = rows.filter(removed_at__isnull=True)
    if rows.exists():  # the system is locked: nobody adds one between this and the save
        raise RuleBroken(TAKEN, code="taken", field=part.key[0])
    row.save()


def _refuse_without_mission(system: System, row: Any) -> None:
    """A goal of what is registered serves a statement of the mission, where there are statements; a draft may wait."""
    waits = system.state != "registered" or not isinstance(row, Goal) or row.mission is not None
    if not waits and has_mission(system):
        refuse([checks.error("mission", "required", checks.NO_MISSION)])


def _refuse_removed(row: Any) -> None:
    if getattr(row, "removed_at", None) is not None:
        raise RuleBroken(N_("This row was removed meanwhile."), code="removed")


def _stripped(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
