"""Giving and ending roles; permission rows follow from the assignments, never the other way round."""

import uuid
from datetime import datetime
from typing import Any

from allauth.account import app_settings
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.access import selectors
from portal.access.models import RoleAssignment, UnitUserPermission
from portal.access.roles import PERMISSIONS, Role
from portal.accounts import services as accounts
from portal.accounts.models import Unit, User
from portal.errors import N_, NotAllowed, RuleBroken
from portal.ledger.services import actor_text, record


@transaction.atomic
def grant_role(
    *,
    user: User,
    role: Role | str,
    unit: Unit | None = None,
    system: Any = None,
    valid_until: datetime | None = None,
    by: Any,
) -> RoleAssignment:
    """Give a role on a unit (and all below) or on one system, until an aware moment or for good.

    `by` a person: they must hold `manage_people` there. Giving it again with another end
    changes the end; with the same one, nothing.
    """
    role = _known(role)
    if (unit is None) == (system is None):
        raise RuleBroken(N_("A role is given on one unit or on one system."), code="one_place", field="unit")
    place = unit if unit is not None else system
    _may_manage(by, place)
    if valid_until is not None and valid_until <= timezone.now():
        raise RuleBroken(N_("The end lies in the past."), code="in_the_past", field="valid_until")
    if role is Role.EXTERNAL_AUDITOR and valid_until is None and user.valid_until is None:
        raise RuleBroken(
            N_("An external auditor has an end date."), code="end_date_missing", field="valid_until"
        )
    User.objects.select_for_update().get(pk=user.pk)  # one change of a person's roles at a time
    system_id = system.pk if system is not None else None
    where: dict[str, Any] = {"user": user, "role": role.value, "unit": unit, "system_id": system_id}
    held = RoleAssignment.objects.filter(**where, revoked_at=None).first()
    if held is not None and held.valid_until == valid_until:
        return held  # asked twice, given once
    assignment, _new = RoleAssignment.objects.update_or_create(
        **where,
        revoked_at=None,
        defaults={"valid_until": valid_until},
        create_defaults={"valid_until": valid_until, "granted_by": actor_text(by)},
    )
    _sync(user, unit, system_id)
    record(
        type="people.role_granted",
        by=by,
        subject=f"user:{user.pk}",
        body=_body(assignment),
    )
    return assignment


@transaction.atomic
def revoke_role(*, assignment: RoleAssignment, by: Any) -> RoleAssignment:
    """End a role now. The last administrator of the organisation stays. Again: no change."""
    if assignment.unit_id:
        # one at a time per unit, else two administrators could end each other's role and none would stay
        Unit.objects.select_for_update().get(pk=assignment.unit_id)
    user = User.objects.select_for_update().get(pk=assignment.user_id)
    locked = (
        RoleAssignment.objects.select_for_update(of=("self",)).select_related("unit").get(pk=assignment.pk)
    )
    _may_manage(by, locked.unit if locked.unit is not None else _system(locked.system_id))
    if locked.revoked_at is not None:
        return locked
    if _last_administrator(locked):
        raise RuleBroken(
            N_("This is the last administrator of the organisation: give the role to somebody else first."),
            code="last_administrator",
        )
    locked.revoked_at, locked.revoked_by = timezone.now(), actor_text(by)
    locked.save(update_fields=["revoked_at", "revoked_by"])
    _sync(user, locked.unit, locked.system_id)
    selectors.forget(assignment.user)
    record(type="people.role_revoked", by=by, subject=f"user:{user.pk}", body=_body(locked))
    return locked


@transaction.atomic
def add_person(
    *, email: str, name: str, language: str = "en-gb", valid_until: datetime | None = None, by: User
) -> User:
    """An administrator makes an account, without a password (see `password_link`)."""
    selectors.require_anywhere(by, "manage_people")
    return accounts.create_user(email=email, name=name, language=language, valid_until=valid_until, by=by)


@transaction.atomic
def change_person(*, user: User, name: str, is_active: bool, valid_until: datetime | None, by: User) -> User:
    """An administrator changes an account, or switches it off."""
    # one at a time, and by somebody who is still in, else two administrators could switch each other off
    list(Unit.objects.select_for_update().filter(parent__isnull=True))
    by.refresh_from_db(fields=["is_active", "valid_until"])
    _require_manages(by, user)
    return accounts.update_user(user=user, name=name, is_active=is_active, valid_until=valid_until, by=by)


@transaction.atomic
def password_link(*, user: User, by: User) -> dict[str, str]:
    """Parts (`uidb36`, `key`) of an address, good for three days and one use, where this person sets a password."""
    _require_manages(by, user)
    record(type="people.password_link_made", by=by, subject=f"user:{user.pk}", body={})
    return password_key(user)


def password_key(user: User) -> dict[str, str]:
    """The parts of the address themselves; for callers whose right was asked before."""
    tokens = app_settings.PASSWORD_RESET_TOKEN_GENERATOR()
    return {"uidb36": user_pk_to_url_str(user), "key": tokens.make_token(user)}


@transaction.atomic
def add_unit(*, name: str, parent: Unit, slug: str | None = None, by: User) -> Unit:
    """A unit below one that `by` manages."""
    selectors.require(by, "manage_people", parent)
    return accounts.create_unit(name=name, parent=parent, slug=slug, by=by)


@transaction.atomic
def change_unit(*, unit: Unit, name: str, parent: Unit | None, by: User) -> Unit:
    """Rename or move a unit; moving needs `manage_people` at both places."""
    selectors.require(by, "manage_people", unit)
    changed = accounts.rename_unit(unit=unit, name=name, by=by)
    if parent is None or parent.pk == unit.parent_id:
        return changed
    selectors.require(by, "manage_people", parent)
    return accounts.move_unit(unit=changed, parent=parent, by=by)


def _require_manages(by: User, user: User) -> None:
    selectors.require_anywhere(by, "manage_people")
    if not selectors.manages(by, user):
        raise NotAllowed(N_("This person holds roles outside the units that you manage."), code="not_allowed")


def resync(*, user: User) -> None:
    """Make all permission rows of a person again from the assignments (after a change of roles.py)."""
    with transaction.atomic():
        for unit_id, system_id in set(user.roles.values_list("unit_id", "system_id")):
            unit = Unit.objects.get(pk=unit_id) if unit_id else None
            _sync(user, unit, system_id)


def _known(role: Role | str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise RuleBroken(N_("There is no such role."), code="unknown_role", field="role") from None


def _may_manage(by: Any, place: Any) -> None:
    if by != "system":
        selectors.require(by, "manage_people", place)


def _system(system_id: uuid.UUID | None) -> Any:
    return (
        selectors.system_permission_model()
        ._meta.get_field("content_object")
        .related_model._default_manager.get(  # type: ignore[union-attr]
            pk=system_id
        )
    )


def _last_administrator(assignment: RoleAssignment) -> bool:
    """Whether nobody could give roles on the organisation any more."""
    unit = assignment.unit
    if assignment.role != Role.ADMINISTRATOR.value or unit is None or unit.parent_id is not None:
        return False
    others = RoleAssignment.objects.select_related("user").filter(
        role=Role.ADMINISTRATOR.value, unit=unit, revoked_at__isnull=True, user__is_active=True
    )
    now = timezone.now()
    return not any(row.active(now) and not row.user.ended(now) for row in others.exclude(pk=assignment.pk))


def _sync(user: User, unit: Unit | None, system_id: uuid.UUID | None) -> None:
    """Write the permission rows of one person on one place: the union of their roles, the latest end wins."""
    now = timezone.now()
    assignments = RoleAssignment.objects.filter(
        user=user, unit=unit, system_id=system_id, revoked_at__isnull=True
    )
    wanted: dict[str, datetime | None] = {}
    for row in assignments:
        if row.active(now):
            for code in PERMISSIONS[Role(row.role)]:
                wanted[code] = _later(wanted[code], row.valid_until) if code in wanted else row.valid_until
    model: Any = UnitUserPermission if unit is not None else selectors.system_permission_model()
    label = "unit" if unit is not None else "system"
    place = unit.pk if unit is not None else system_id
    rows = model._default_manager.filter(user=user, content_object_id=place)
    rows.delete()
    permissions = Permission.objects.filter(content_type__model=label, codename__in=wanted)
    model._default_manager.bulk_create(
        model(
            user=user,
            permission=permission,
            content_object_id=place,
            valid_until=wanted[permission.codename],
        )
        for permission in permissions
    )
    if len(permissions) != len(wanted):
        raise IntegrityError(f"permissions of {label} are not installed: run migrate")
    selectors.forget(user)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two ends; None is 'for good'."""
    return None if one is None or other is None else max(one, other)


def _body(assignment: RoleAssignment) -> dict[str, Any]:
    until = assignment.valid_until
    return {
        "role": assignment.role,
        "unit": assignment.unit.path if assignment.unit is not None else None,
        "system": str(assignment.system_id) if assignment.system_id else None,
        "valid_until": until.isoformat() if until else None,
    }
