"""Changes to the register. Acts that touch what a board approved are called through `governance.review.changes`."""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone

from governance.registry import checks, content, fields, revisions, rules
from governance.registry.models import DataFlow, System, SystemVersion
from governance.registry.selectors import known
from portal.access.selectors import can
from portal.errors import N_, Invalid, NotAllowed, RuleBroken, Stale
from portal.ledger.services import record

REASON_LENGTH = 400
"""Characters of the reason of a change."""
_TOGETHER: ContextVar[set[uuid.UUID] | None] = ContextVar("together", default=None)
"""The systems that changed within `one_state`; None outside of it."""


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
    """Return if `by` has `perm` on the system (the product itself always has); raises NotAllowed otherwise.

    Raises RuleBroken where somebody asks for the deployment of what is not registered (yet, or any more).
    """
    if perm == "request_deployment" and system.state != "registered":
        raise RuleBroken(
            N_("Only a registered system can be put into use. Complete the draft first."), code="draft"
        )
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
    effective_at: dt.datetime | None = None,
    **more: Any,
) -> System:
    """Take a system over into the register as it is, complete or not; people describe one from a draft on.

    `effective_at` is when it was registered elsewhere; `more`: other fields of `fields.SYSTEM`.
    """
    values = {
        "name": name.strip(),
        "slug": slug,
        "description": description.strip(),
        "provider_role": provider_role,
        "labels": list(labels),
        "label_map": dict(label_map),
        "languages": list(languages),
        "dimensions": {key: list(allowed) for key, allowed in (dimensions or {}).items()},
        **more,
    }
    person(by)
    refuse(checks.system_errors(values, known()))
    now = effective_at or timezone.now()
    with transaction.atomic():
        system = System(
            **values,
            unit=unit,
            owner=owner,
            sort_key=rules.sort_key(name),
            created_at=now,
            created_by=by,
            registered_at=now,
            registered_by=by,
            imported=effective_at is not None,
        )
        insert(system, "slug", N_("There is a system with this short name already."))
        kept(system, "register.system_registered", by, content.of_system(system), effective_at=effective_at)
    return system


def update_system(
    *, system: System, by: Any, expected_version: int, reason: str = "", **values: Any
) -> list[rules.Change]:
    """Change fields of a system that nobody changed since `expected_version`; returns what differed.

    Raises Stale with what changed meanwhile; saving once more what is there already is no change.
    """
    unknown = set(values) - set(fields.SYSTEM)
    if unknown:
        raise TypeError(f"not a field of a system: {sorted(unknown)}")
    with transaction.atomic():
        locked = lock_system(system.pk)
        permitted(by, "edit_register", locked)
        draft = locked.state == "draft"
        whole = {
            name: getattr(locked, name) for name in fields.SYSTEM if fields.SYSTEM[name].kind != "person"
        }
        refuse(checks.system_errors(values, known(), draft=draft, whole=whole))
        before = content.of_system(locked)
        for name, value in values.items():
            setattr(locked, name, value)
        changes = rules.diff(before, content.of_system(locked), fields.MATERIAL_SYSTEM_FIELDS)
        if not changes:
            return []
        refuse_stale(locked, before, expected_version, values)
        need_reason(locked, reason, material=rules.is_material(changes))
        locked.sort_key = rules.sort_key(locked.name)
        locked.row_version += 1
        locked.save()
        body = {"changes": of_changes(changes), "reason": reason}
        kept(locked, "register.system_changed", by, body, reason=reason)
    system.refresh_from_db()
    return changes


def add_version(
    *,
    system: System,
    name: str,
    released_on: dt.date,
    by: Any,
    model: str = "",
    training_data: str = "",
    notes: str = "",
    reason: str = "",
    effective_at: dt.datetime | None = None,
    pk: uuid.UUID | None = None,
) -> SystemVersion:
    """Register a version. Doors call `review.changes.add_version`, which also voids what was approved before."""
    values = {
        "name": name.strip(),
        "released_on": released_on,
        "model": model,
        "training_data": training_data,
        "notes": notes,
    }
    refuse(checks.part_errors(fields.VERSION, values, known()))
    with transaction.atomic():
        locked = lock_system(system.pk)
        version = SystemVersion(
            id=pk or uuid.uuid4(),
            system=locked,
            created_at=effective_at or timezone.now(),
            created_by=person(by),
            **values,
        )
        taken = N_("This system has a version with this name already.")
        if not insert(version, "name", taken):
            return SystemVersion.objects.get(pk=version.pk)
        body = {"version": version.name, "model": model, "released_on": released_on.isoformat()}
        why = notes or reason
        kept(locked, "register.version_added", by, body, reason=why, effective_at=effective_at)
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
    name_errors = checks.field_errors(fields.FLOW.by_name["name"], name, known())
    refuse(checks.slug_errors(slug) + name_errors + rules.flow_errors(values))
    with transaction.atomic():
        locked = lock_system(system.pk)
        flow = DataFlow(
            system=locked,
            slug=slug,
            created_at=effective_at or timezone.now(),
            created_by=person(by),
            **values,
        )
        insert(flow, "slug", N_("This system has a data flow with this short name already."))
        kept(locked, "register.flow_added", by, {"flow": slug, **values}, effective_at=effective_at)
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
    refuse(rules.flow_errors(values))
    with transaction.atomic():
        system = lock_system(flow.system_id)
        locked = DataFlow.objects.select_for_update(of=("self",)).select_related("system").get(pk=flow.pk)
        before = content.of_part(fields.FLOW, locked)
        changes = rules.diff(before, values, fields.MATERIAL_FLOW_FIELDS)
        if not changes:
            return []
        refuse_stale(system, before, expected_version, values, part=fields.FLOW)
        for change in changes:
            setattr(locked, change.field, change.after)
        locked.row_version += 1
        locked.save()
        body = {"flow": locked.slug, "changes": of_changes(changes), "reason": reason}
        kept(system, "register.flow_changed", by, body, reason=reason)
    flow.refresh_from_db()
    return changes


# --- what the services of the register share -------------------------------------------------------


def kept(
    system: System,
    act: str,
    by: Any,
    body: dict[str, Any],
    *,
    reason: str = "",
    effective_at: dt.datetime | None = None,
) -> None:
    """Keep the new state of the record, and write the act with its digest to the ledger."""
    together = _TOGETHER.get()
    if together is not None:
        together.add(system.pk)
        record(type=act, by=by, subject=system.subject, body=body, ts=effective_at)
        return
    revision = revisions.keep(system=system, act=act, by=by, reason=reason, effective_at=effective_at)
    body = {**body, "revision": revision.number, "record_sha256": revision.sha256}
    record(type=act, by=by, subject=system.subject, body=body, ts=effective_at)


@contextmanager
def one_state(act: str, *, by: Any, reason: str) -> Iterator[None]:
    """Whatever changes a record within, one state of it is kept, at the end: for many acts that are one to a reader.

    Each act stands in the ledger as always; the digest of the state stands in the event of `act`.
    """
    changed: set[uuid.UUID] = set()
    token = _TOGETHER.set(changed)
    try:
        yield
    finally:
        _TOGETHER.reset(token)
    for pk in sorted(changed):
        kept(lock_system(pk), act, by, {"reason": reason}, reason=reason)


def refuse(errors: list[dict[str, str]]) -> None:
    """Raise Invalid where there is something wrong."""
    if errors:
        raise Invalid(errors)


def refuse_stale(
    system: System,
    now: Mapping[str, Any],
    expected: int,
    yours: Mapping[str, Any],
    *,
    part: fields.PartKind | None = None,
) -> None:
    """Raise Stale where the object was saved since `expected`, naming each field that changed meanwhile."""
    if now["row_version"] == expected:
        return
    named = part.by_name if part else fields.SYSTEM
    before = revisions.meanwhile(system, expected, part=part.kind if part else "", pk=now.get("id", "")) or {}
    rows: list[dict[str, object]] = [
        {
            "field": name,
            "before": before.get(name),
            "theirs": now.get(name),
            "yours": content.of_value(one, yours[name]) if name in yours else None,
        }
        for name, one in named.items()
        if before.get(name) != now.get(name)
    ]
    raise Stale(rows, current=now["row_version"])


def insert(row: Any, field: str, message: str) -> bool:
    """Insert a row; a broken unique constraint becomes a refusal that names the field.

    False where this very row is there already: the same form was sent twice by the same person.
    """
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if getattr(error.__cause__, "sqlstate", "") != "23505":
            raise
        twin = type(row)._default_manager.filter(pk=row.pk, created_by=row.created_by)
        if twin.exists():
            return False
        raise RuleBroken(message, code="taken", field=field) from error
    return True


def of_changes(changes: Sequence[rules.Change]) -> list[dict[str, Any]]:
    """Changes as the ledger writes them."""
    return [{"field": c.field, "before": c.before, "after": c.after, "material": c.material} for c in changes]


def _known(facts: Mapping[str, str | None] | None) -> dict[str, str]:
    return {question: answer for question, answer in (facts or {}).items() if answer is not None}


def need_reason(system: System, reason: str, *, material: bool, field: str = "reason") -> None:
    """A material change of what is registered says why, for those who must approve it again. Raises Invalid."""
    if "\x00" in reason:
        refuse([checks.error(field, "nul", N_("A NUL character cannot be stored."))])
    if len(reason) > REASON_LENGTH:
        refuse([checks.error(field, "too_long", N_("At most 400 characters."))])
    if system.state == "registered" and material and not reason.strip():
        message = N_("Say why: this change takes what was approved out of force.")
        refuse([checks.error(field, "required", message)])
