"""Who may do what, and where: deny by default, nothing leaks about what a person may not see.

Grants sit on a unit (covering all below it) or on one system. A machine client sees its own system, by scope.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import Exists, ExpressionWrapper, F, Model, OuterRef, Q, QuerySet, TextField
from django.http import Http404
from django.utils import timezone

from portal.access.models import RoleAssignment, UnitUserPermission
from portal.access.roles import CODES, SCOPES
from portal.accounts.models import MachineUser, Unit, User
from portal.errors import N_, NotAllowed

_MEMO = "_attune_grants"


@dataclass(frozen=True)
class Grants:
    """Every permission row of one person: code -> (unit path or system id, until when) pairs."""

    units: dict[str, list[tuple[str, datetime | None]]] = field(default_factory=dict)
    systems: dict[str, list[tuple[uuid.UUID, datetime | None]]] = field(default_factory=dict)

    def codes(self, now: datetime) -> set[str]:
        """The permissions held anywhere."""
        return {
            code
            for table in (self.units, self.systems)
            for code, rows in table.items()
            if any(_valid(until, now) for _place, until in rows)
        }


def _valid(until: datetime | None, now: datetime) -> bool:
    return until is None or until > now


def system_permission_model() -> type[Model]:
    """The rows of grants on systems; the slice above owns the table."""
    return apps.get_model("governance", "SystemUserPermission")


def is_person(user: Any) -> bool:
    """A signed-in person whose access is not over (not a machine, not anonymous)."""
    return isinstance(user, User) and user.is_active and not user.ended(timezone.now())


def grants_of(user: User) -> Grants:
    """All rows of a person, read once per user object (two queries); `forget` drops them."""
    known: Grants | None = user.__dict__.get(_MEMO)
    if known is None:
        known = Grants()
        for code, path, until in UnitUserPermission.objects.filter(user=user).values_list(
            "permission__codename", "content_object__path", "valid_until"
        ):
            known.units.setdefault(code, []).append((path, until))
        rows = system_permission_model()._default_manager.filter(user=user)
        for code, system_id, until in rows.values_list(
            "permission__codename", "content_object_id", "valid_until"
        ):
            known.systems.setdefault(code, []).append((system_id, until))
        user.__dict__[_MEMO] = known
    return known


def forget(user: User) -> None:
    """Drop what is remembered of a person's grants on this object, after a change."""
    user.__dict__.pop(_MEMO, None)


def can(user: Any, perm: str, obj: Any) -> bool:
    """Whether `user` holds `perm` on `obj`: a Unit, a System, or anything with `.system` or `.unit`."""
    if perm not in CODES:
        raise ValueError(f"unknown permission: {perm!r}")
    place = _place(obj)
    if isinstance(user, MachineUser):
        return not isinstance(place, Unit) and _machine_can(user, perm, place)
    if not is_person(user):
        return False
    now, grants = timezone.now(), grants_of(user)
    unit = place if isinstance(place, Unit) else place.unit
    if any(unit.path.startswith(path) and _valid(until, now) for path, until in grants.units.get(perm, [])):
        return True
    if isinstance(place, Unit):
        return False
    return any(place.pk == pk and _valid(until, now) for pk, until in grants.systems.get(perm, []))


def _place(obj: Any) -> Any:
    """The Unit or System that decides about `obj`."""
    for _step in range(4):
        if isinstance(obj, Unit) or (isinstance(obj, Model) and obj._meta.label == "governance.System"):
            return obj
        following = getattr(obj, "system", None)
        obj = following if following is not None else getattr(obj, "unit", None)
        if obj is None:
            break
    raise TypeError("permissions are asked for a unit, a system, or something that belongs to one")


def _machine_can(user: MachineUser, perm: str, system: Any) -> bool:
    return user.api_key.system_id == system.pk and perm in machine_permissions(user)


def machine_permissions(user: MachineUser) -> set[str]:
    """What the scopes of a key allow on its own system; that the system exists, every key may know."""
    return {SCOPES[scope][0] for scope in user.api_key.scopes if scope in SCOPES} | {"view_register"}


def require(user: Any, perm: str, obj: Any) -> None:
    """Raise unless `user` holds `perm` on `obj`: Http404 where not even its existence is theirs to know."""
    if can(user, perm, obj):
        return
    if can(user, "view_register", obj):
        raise NotAllowed(N_("You may not do this here: your roles do not cover it."), code="not_allowed")
    raise Http404


def _rows(user: User, perm: str) -> Q:
    now = timezone.now()
    return Q(user=user, permission__codename=perm) & (Q(valid_until__isnull=True) | Q(valid_until__gt=now))


def units_with(user: Any, perm: str) -> QuerySet[Unit]:
    """The units on which `user` holds `perm`, everything below a granted unit included; one query."""
    if not is_person(user):
        return Unit.objects.none()
    grants = UnitUserPermission.objects.filter(_rows(user, perm)).annotate(
        below=ExpressionWrapper(OuterRef("path"), output_field=TextField())
    )
    return Unit.objects.filter(Exists(grants.filter(below__startswith=F("content_object__path"))))


def system_ids_with(user: Any, perm: str) -> Any:
    """Ids (a subquery) of the systems on which `user` holds `perm` directly, or a machine's own system."""
    rows = system_permission_model()._default_manager
    if isinstance(user, MachineUser):
        return [user.api_key.system_id] if perm in machine_permissions(user) else []
    if not is_person(user):
        return []
    return rows.filter(_rows(user, perm)).values("content_object_id")


def people_with(perm: str, obj: Any) -> list[User]:
    """Everybody who holds `perm` on a unit, a system or what belongs to one, in the order of their names."""
    place = _place(obj)
    unit = place if isinstance(place, Unit) else place.unit
    steps = unit.path.strip("/").split("/")
    above = ["/" + "/".join(steps[:n]) + "/" for n in range(1, len(steps) + 1)]
    by_unit = UnitUserPermission.objects.filter(permission__codename=perm, content_object__path__in=above)
    holders = Q(pk__in=by_unit.values("user"))
    if place is not unit:
        direct = system_permission_model()._default_manager.filter(permission__codename=perm)
        holders |= Q(pk__in=direct.filter(content_object=place.pk).values("user"))
    return [user for user in User.objects.filter(holders).order_by("name", "pk") if can(user, perm, place)]


def held_by_somebody(perm: str) -> Q:
    """A condition on systems: that somebody holds `perm` on them, as people_with would find; in the same query."""
    now = timezone.now()
    valid = Q(valid_until__isnull=True) | Q(valid_until__gt=now)
    in_use = Q(user__is_active=True) & (Q(user__valid_until__isnull=True) | Q(user__valid_until__gt=now))
    above = UnitUserPermission.objects.filter(valid & in_use, permission__codename=perm).annotate(
        below=ExpressionWrapper(OuterRef("unit__path"), output_field=TextField())
    )
    direct = system_permission_model()._default_manager.filter(valid & in_use, permission__codename=perm)
    on_unit = Exists(above.filter(below__startswith=F("content_object__path")))
    return Q(on_unit) | Q(Exists(direct.filter(content_object=OuterRef("pk"))))


def has_anywhere(user: Any, perm: str) -> bool:
    """Whether `user` holds `perm` on any unit or system at all: for menus and list pages."""
    if perm not in CODES:
        raise ValueError(f"unknown permission: {perm!r}")
    if isinstance(user, MachineUser):
        return perm in machine_permissions(user)
    return is_person(user) and perm in grants_of(user).codes(timezone.now())


def require_anywhere(user: Any, perm: str) -> None:
    """Raise NotAllowed unless `user` holds `perm` somewhere."""
    if not has_anywhere(user, perm):
        raise NotAllowed(N_("You may not see this page: none of your roles covers it."), code="not_allowed")


def roles_of(user: Any) -> set[str]:
    """The roles that a person holds anywhere, now."""
    if not is_person(user):
        return set()
    return {row.role for row in active_roles(user)}


def active_roles(user: User) -> Iterator[RoleAssignment]:
    """The assignments of a person that count now, with their units."""
    now = timezone.now()
    rows = RoleAssignment.objects.filter(user=user, revoked_at__isnull=True).select_related("unit")
    return (row for row in rows if row.active(now))


def manages(user: Any, person: User) -> bool:
    """Whether `user` may change this person's account: every place where they hold a role must be theirs to manage.

    Somebody without any role may be changed by every administrator.
    """
    if not has_anywhere(user, "manage_people"):
        return False
    managed = set(units_with(user, "manage_people").values_list("pk", flat=True))
    places = RoleAssignment.objects.filter(user=person, revoked_at__isnull=True)
    direct = {row.system_id for row in places if row.system_id}
    if not {row.unit_id for row in places if row.unit_id} <= managed:
        return False
    systems = system_model()._default_manager.filter(pk__in=direct, unit_id__in=managed)
    return bool(systems.count() == len(direct))


def system_model() -> type[Model]:
    """The table of systems; it belongs to a slice above."""
    return apps.get_model("governance", "System")
