"""Changes to the register. Acts that touch what a board approved are called through `governance.review.changes`."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone

from governance.registry import rules
from governance.registry.models import DataFlow, Goal, System, SystemVersion
from portal.access.selectors import can
from portal.errors import N_, Invalid, NotAllowed, RuleBroken
from portal.ledger.services import record


def person(by: Any) -> Any:
    """`by` if it is a person; raises NotAllowed for keys and the system itself, who may not do this."""
    if not isinstance(by, get_user_model()):
        raise NotAllowed(N_("Only a person can do this."), code="person_needed")
    return by


def lock_system(system_id: uuid.UUID) -> System:
    """Take the row of a system first, before flows, requests or deployments: so that nobody waits in a circle.

    `no_key`: rows that point at the system are still inserted meanwhile.
    """
    return System.objects.select_for_update(no_key=True).get(pk=system_id)


def permitted(by: Any, perm: str, system: System) -> None:
    """Return if `by` has `perm` on the system (the product itself always has); raises NotAllowed otherwise."""
    if by == "system":
        return
    if not can(by, perm, system):
        raise NotAllowed(N_("You do not have the permission for this."), code="not_allowed")


def register_system(
    *,
    by: Any,
    unit: Any,
    name: str,
    slug: str,
    description: str,
    owner: Any,
    provider_role: str,
    labels: Sequence[str],
    label_map: Mapping[str, str],
    languages: Sequence[str],
    dimensions: Mapping[str, Sequence[str]] | None = None,
    link_template: str = "",
    effective_at: dt.datetime | None = None,
) -> System:
    """Put a system into the register; `effective_at` is when that was decided, for systems that are taken over."""
    values = {
        "name": name.strip(),
        "slug": slug,
        "description": description.strip(),
        "provider_role": provider_role,
        "labels": list(labels),
        "label_map": dict(label_map),
        "languages": list(languages),
        "dimensions": {key: list(allowed) for key, allowed in (dimensions or {}).items()},
        "link_template": link_template,
    }
    _refuse(rules.system_errors(values))
    with transaction.atomic():
        system = System(
            **values,
            unit=unit,
            owner=owner,
            sort_key=rules.sort_key(name),
            created_at=effective_at or timezone.now(),
            created_by=person(by),
            imported=effective_at is not None,
        )
        _insert(system, "slug", N_("There is a system with this short name already."))
        record(
            type="register.system_registered",
            by=by,
            subject=system.subject,
            body={**values, "unit": unit.slug, "owner": str(owner.pk)},
            ts=effective_at,
        )
    return system


def update_system(
    *, system: System, by: Any, expected_version: int, reason: str = "", **values: Any
) -> list[rules.Change]:
    """Change fields of a system that nobody changed since `expected_version`; returns what differed."""
    unknown = set(values) - set(rules.SYSTEM_FIELDS)
    if unknown:
        raise TypeError(f"not a field of a system: {sorted(unknown)}")
    with transaction.atomic():
        locked = lock_system(system.pk)
        _refuse_stale(locked.row_version, expected_version)
        before = {name: getattr(locked, name) for name in rules.SYSTEM_FIELDS}
        _refuse(rules.system_errors({**before, **values}))
        changes = rules.diff(before, values, rules.MATERIAL_SYSTEM_FIELDS)
        if not changes:
            return []
        for change in changes:
            setattr(locked, change.field, change.after)
        locked.sort_key = rules.sort_key(locked.name)
        locked.row_version += 1
        locked.save()
        record(
            type="register.system_changed",
            by=by,
            subject=locked.subject,
            body={"changes": _changes(changes), "reason": reason},
        )
    system.refresh_from_db()
    return changes


def add_version(
    *,
    system: System,
    name: str,
    released_on: dt.date,
    by: Any,
    model: str = "",
    notes: str = "",
    effective_at: dt.datetime | None = None,
) -> SystemVersion:
    """Register a version. Doors call `review.changes.add_version`, which also voids what was approved before."""
    if not name.strip():
        _refuse([{"field": "name", "code": "required", "message": N_("This is needed.")}])
    with transaction.atomic():
        locked = lock_system(system.pk)
        version = SystemVersion(
            system=locked,
            name=name.strip(),
            model=model,
            released_on=released_on,
            notes=notes,
            created_at=effective_at or timezone.now(),
            created_by=person(by),
        )
        _insert(version, "name", N_("This system has a version with this name already."))
        record(
            type="register.version_added",
            by=by,
            subject=locked.subject,
            body={"version": version.name, "model": model, "released_on": released_on.isoformat()},
            ts=effective_at,
        )
    return version


def add_flow(
    *,
    system: System,
    slug: str,
    name: str,
    modality: str,
    subject_role: str,
    setting: str,
    purpose: str,
    output: str,
    consequence: str,
    recipient: str,
    by: Any,
    facts: Mapping[str, str | None] | None = None,
    effective_at: dt.datetime | None = None,
) -> DataFlow:
    """Describe a data flow. Doors call `review.changes.add_flow`, which screens it in the same transaction."""
    values = {
        "name": name.strip(),
        "modality": modality,
        "subject_role": subject_role,
        "setting": setting,
        "purpose": purpose,
        "output": output,
        "consequence": consequence,
        "recipient": recipient,
        "facts": _known(facts),
    }
    _refuse(rules.system_errors({"slug": slug, "name": name}) + rules.flow_errors(values))
    with transaction.atomic():
        locked = lock_system(system.pk)
        flow = DataFlow(
            system=locked,
            slug=slug,
            created_at=effective_at or timezone.now(),
            created_by=person(by),
            **values,
        )
        _insert(flow, "slug", N_("This system has a data flow with this short name already."))
        record(
            type="register.flow_added",
            by=by,
            subject=locked.subject,
            body={"flow": slug, **values},
            ts=effective_at,
        )
    return flow


def change_flow(
    *, flow: DataFlow, by: Any, expected_version: int, reason: str = "", **values: Any
) -> list[rules.Change]:
    """Change a data flow. Doors call `review.changes.change_flow`, which screens again and voids approvals."""
    unknown = set(values) - set(rules.FLOW_FIELDS)
    if unknown:
        raise TypeError(f"not a field of a data flow: {sorted(unknown)}")
    if "facts" in values:
        values["facts"] = _known(values["facts"])
    _refuse(rules.flow_errors(values))
    with transaction.atomic():
        lock_system(flow.system_id)
        locked = DataFlow.objects.select_for_update(of=("self",)).select_related("system").get(pk=flow.pk)
        _refuse_stale(locked.row_version, expected_version)
        before = {name: getattr(locked, name) for name in rules.FLOW_FIELDS}
        changes = rules.diff(before, values, rules.MATERIAL_FLOW_FIELDS)
        if not changes:
            return []
        for change in changes:
            setattr(locked, change.field, change.after)
        locked.row_version += 1
        locked.save()
        record(
            type="register.flow_changed",
            by=by,
            subject=locked.system.subject,
            body={"flow": locked.slug, "changes": _changes(changes), "reason": reason},
        )
    flow.refresh_from_db()
    return changes


def add_goal(
    *,
    system: System,
    kpi: str,
    target: Decimal,
    direction: str,
    due_on: dt.date,
    statement: str,
    by: Any,
    effective_at: dt.datetime | None = None,
) -> Goal:
    """Tie a human-centred goal to a KPI with target, direction and date."""
    if direction not in rules.Direction.values():
        _refuse(
            [
                {
                    "field": "direction",
                    "code": "unknown_value",
                    "message": N_("This is not one of the choices."),
                }
            ]
        )
    with transaction.atomic():
        goal = Goal(
            system=system,
            kpi=kpi,
            target=target,
            direction=direction,
            due_on=due_on,
            statement=statement,
            created_at=effective_at or timezone.now(),
            created_by=person(by),
        )
        _insert(goal, "kpi", N_("This system has a goal for this figure and date already."))
        record(
            type="register.goal_added",
            by=by,
            subject=system.subject,
            body={
                "kpi": kpi,
                "target": str(target),
                "direction": direction,
                "due_on": due_on.isoformat(),
                "statement": statement,
            },
            ts=effective_at,
        )
    return goal


def _known(facts: Mapping[str, str | None] | None) -> dict[str, str]:
    return {question: answer for question, answer in (facts or {}).items() if answer is not None}


def _refuse(errors: list[dict[str, str]]) -> None:
    if errors:
        raise Invalid(errors)


def _refuse_stale(actual: int, expected: int) -> None:
    if actual != expected:
        raise RuleBroken(
            N_("Somebody saved a change while you were editing. Look at the new state and save again."),
            code="stale",
        )


def _insert(row: Any, field: str, message: str) -> None:
    """Insert a row; a broken unique constraint becomes a refusal that names the field."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if getattr(error.__cause__, "sqlstate", "") != "23505":
            raise
        raise RuleBroken(message, code="taken", field=field) from error


def _changes(changes: Sequence[rules.Change]) -> list[dict[str, Any]]:
    return [{"field": c.field, "before": c.before, "after": c.after, "material": c.material} for c in changes]
