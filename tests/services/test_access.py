"""Roles on units and systems: inherited by path, limited in time, denied by default."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser, Permission
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone

from portal.access import selectors, services
from portal.access.models import RoleAssignment, UnitUserPermission
from portal.access.roles import CODES, PERMISSIONS, Role
from portal.accounts.models import Unit, User
from portal.errors import NotAllowed, RuleBroken
from portal.ledger.models import PendingEvent
from tests import make

pytestmark = pytest.mark.django_db


def fresh(user: User) -> User:
    """The same person as another request sees them."""
    return User.objects.get(pk=user.pk)


def test_units_and_systems_declare_every_permission_of_the_table() -> None:
    for model in ("unit", "system"):
        installed = Permission.objects.filter(content_type__model=model).values_list("codename", flat=True)
        assert set(installed) == set(CODES), model


@pytest.mark.parametrize("role", list(Role))
def test_a_role_gives_exactly_its_permissions_and_ends_with_it(role: Role) -> None:
    unit = make.unit()
    holder = make.person(role.value, unit=unit)
    assert {code for code in CODES if selectors.can(holder, code, unit)} == PERMISSIONS[role]
    make.person("administrator", unit=unit)  # so that the first one may go
    services.revoke_role(assignment=RoleAssignment.objects.get(user=holder), by="system")
    assert not [code for code in CODES if selectors.can(fresh(holder), code, unit)]


def test_a_grant_covers_all_below_and_nothing_beside_or_above() -> None:
    top = make.unit()
    claims, sales = make.unit(parent=top), make.unit(parent=top)
    desk = make.unit(parent=claims)
    holder = make.person("manager", unit=claims)
    assert selectors.can(holder, "view_kpis", claims)
    assert selectors.can(holder, "view_kpis", desk)
    assert not selectors.can(holder, "view_kpis", top)
    assert not selectors.can(holder, "view_kpis", sales)
    assert set(selectors.units_with(holder, "view_kpis")) == {claims, desk}


def test_a_unit_whose_name_begins_alike_is_not_below() -> None:
    top = make.unit()
    one = services_unit("claims", top)
    other = services_unit("claims-b", top)
    holder = make.person("manager", unit=one)
    assert not selectors.can(holder, "view_kpis", other)
    assert list(selectors.units_with(holder, "view_kpis")) == [one]


def services_unit(slug: str, parent: Unit) -> Unit:
    from portal.accounts.services import create_unit

    return create_unit(name=slug, slug=slug, parent=parent, by="system")


def test_units_with_is_one_query(django_assert_num_queries: object) -> None:
    top = make.unit()
    holder = make.person("manager", unit=top)
    with django_assert_num_queries(1):  # type: ignore[operator]
        list(selectors.units_with(holder, "view_kpis"))


def test_asking_often_costs_two_queries(django_assert_num_queries: object) -> None:
    unit = make.unit()
    holder = fresh(make.person("manager", unit=unit))
    with django_assert_num_queries(2):  # type: ignore[operator]
        for code in CODES:
            selectors.can(holder, code, unit)
            selectors.has_anywhere(holder, code)


def test_outsiders_and_strangers_get_nothing() -> None:
    unit = make.unit()
    for nobody in (make.user(), AnonymousUser(), None):
        assert not [code for code in CODES if selectors.can(nobody, code, unit)]
        assert not [code for code in CODES if selectors.has_anywhere(nobody, code)]
        assert not selectors.units_with(nobody, "view_register").exists()


def test_a_grant_ends_by_itself() -> None:
    unit = make.unit()
    end = timezone.now() + timedelta(days=30)
    auditor = make.person("external_auditor", unit=unit, until=end)
    with time_machine.travel(end - timedelta(seconds=1), tick=False):
        assert selectors.can(fresh(auditor), "export_evidence", unit)
        assert selectors.units_with(auditor, "export_evidence").exists()
    with time_machine.travel(end, tick=False):
        assert not selectors.can(auditor, "export_evidence", unit)
        assert not selectors.can(fresh(auditor), "export_evidence", unit)
        assert not selectors.units_with(auditor, "export_evidence").exists()
        assert not selectors.has_anywhere(fresh(auditor), "export_evidence")
        assert selectors.roles_of(auditor) == set()


def test_the_end_of_an_account_ends_every_grant() -> None:
    unit = make.unit()
    end = timezone.now() + timedelta(days=1)
    holder = make.person("auditor", unit=unit, valid_until=end)
    with time_machine.travel(end, tick=False):
        assert not selectors.can(fresh(holder), "view_audits", unit)


def test_an_external_auditor_has_an_end_date() -> None:
    with pytest.raises(RuleBroken) as refused:
        services.grant_role(user=make.user(), role="external_auditor", unit=make.unit(), by="system")
    assert refused.value.code == "end_date_missing"


def test_two_roles_on_one_unit_leave_the_later_end() -> None:
    unit = make.unit()
    soon = timezone.now() + timedelta(days=1)
    holder = make.person("manager", unit=unit, until=soon)
    services.grant_role(user=holder, role="auditor", unit=unit, by="system")
    rows = dict(
        UnitUserPermission.objects.filter(user=holder).values_list("permission__codename", "valid_until")
    )
    assert rows["view_kpis"] is None  # the auditor's, for good
    services.revoke_role(assignment=RoleAssignment.objects.get(user=holder, role="auditor"), by="system")
    rows = dict(
        UnitUserPermission.objects.filter(user=holder).values_list("permission__codename", "valid_until")
    )
    assert set(rows) == PERMISSIONS[Role.MANAGER]
    assert rows["view_kpis"] == soon


def test_giving_a_role_again_moves_its_end_and_makes_no_second_row() -> None:
    unit, holder = make.unit(), make.user()
    for days in (1, 2):
        end = timezone.now() + timedelta(days=days)
        services.grant_role(user=holder, role="manager", unit=unit, valid_until=end, by="system")
    assert RoleAssignment.objects.get(user=holder).valid_until == end
    assert PendingEvent.objects.filter(type="people.role_granted", subject=f"user:{holder.pk}").count() == 2


def test_an_administrator_gives_roles_only_within_own_units() -> None:
    top = make.unit()
    claims, sales = make.unit(parent=top), make.unit(parent=top)
    admin, other = make.person("administrator", unit=claims), make.user()
    services.grant_role(user=other, role="manager", unit=claims, by=admin)
    for foreign in (sales, top):
        with pytest.raises(Http404):
            services.grant_role(user=other, role="manager", unit=foreign, by=admin)
        with pytest.raises(Http404):
            services.grant_role(user=admin, role="administrator", unit=foreign, by=admin)


def test_who_may_see_but_not_manage_is_refused_with_a_reason() -> None:
    unit = make.unit()
    with pytest.raises(NotAllowed):
        services.grant_role(user=make.user(), role="manager", unit=unit, by=make.person("auditor", unit=unit))


def test_the_last_administrator_of_the_organisation_stays() -> None:
    top = make.unit()
    first = make.person("administrator", unit=top)
    row = RoleAssignment.objects.get(user=first)
    with pytest.raises(RuleBroken) as refused:
        services.revoke_role(assignment=row, by=first)
    assert refused.value.code == "last_administrator"
    make.person("administrator", unit=top)
    services.revoke_role(assignment=row, by="system")
    assert not selectors.can(fresh(first), "manage_people", top)


@pytest.mark.parametrize("role", ["king", "", "ADMINISTRATOR"])
def test_unknown_roles_are_refused(role: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        services.grant_role(user=make.user(), role=role, unit=make.unit(), by="system")
    assert refused.value.code == "unknown_role"


def test_a_role_needs_exactly_one_place() -> None:
    with pytest.raises(RuleBroken) as refused:
        services.grant_role(user=make.user(), role="manager", by="system")
    assert refused.value.code == "one_place"
    with pytest.raises(IntegrityError, match="role_on_a_unit_or_a_system"), transaction.atomic():
        RoleAssignment.objects.create(user=make.user(), role="manager", granted_by="system")


def test_django_has_perm_answers_as_we_do() -> None:
    top = make.unit()
    below = make.unit(parent=top)
    end = timezone.now() + timedelta(days=1)
    holder = make.person("manager", unit=top, until=end)
    assert holder.has_perm("portal.view_kpis", below)
    assert not holder.has_perm("portal.view_kpis")
    assert not holder.has_perm("portal.comment_assessments", below)
    with time_machine.travel(end, tick=False):
        assert not fresh(holder).has_perm("portal.view_kpis", below)


def test_a_machine_has_no_say_about_units() -> None:
    from portal.accounts.models import MachineUser

    key, _text = make.api_key()
    assert not [code for code in CODES if selectors.can(MachineUser(key), code, make.unit())]


def test_an_unknown_permission_is_a_mistake_of_the_programmer() -> None:
    with pytest.raises(ValueError, match="unknown permission"):
        selectors.can(make.user(), "fly", make.unit())


def test_resync_repairs_rows_from_the_assignments() -> None:
    unit = make.unit()
    holder = make.person("manager", unit=unit)
    UnitUserPermission.objects.filter(user=holder).delete()
    services.resync(user=holder)
    assert selectors.can(fresh(holder), "view_kpis", unit)


# --- systems ------------------------------------------------------------------------------------------------


def test_a_grant_on_one_system_opens_that_system_only() -> None:
    from governance.registry.selectors import visible

    top = make.unit()
    one, other = make.system(unit=top), make.system(unit=top)
    holder = make.person("manager", system=one)
    assert selectors.can(holder, "view_kpis", one)
    assert not selectors.can(holder, "view_kpis", other)
    assert not selectors.can(holder, "view_kpis", top)
    assert selectors.has_anywhere(holder, "view_kpis")
    assert list(visible(holder, "view_kpis")) == [one]
    services.revoke_role(assignment=RoleAssignment.objects.get(user=holder), by="system")
    assert not visible(fresh(holder), "view_kpis").exists()


def test_a_grant_on_a_unit_opens_the_systems_below_and_ends_for_all() -> None:
    from governance.registry.selectors import visible

    top = make.unit()
    below = make.unit(parent=top)
    system, foreign = make.system(unit=below), make.system(unit=make.unit())
    end = timezone.now() + timedelta(days=1)
    holder = make.person("auditor", unit=top, until=end)
    assert list(visible(holder)) == [system]
    assert selectors.can(holder, "view_audits", system)
    assert not selectors.can(holder, "view_audits", foreign)
    with time_machine.travel(end, tick=False):
        assert not visible(holder).exists()


def test_things_of_a_system_are_judged_by_it() -> None:
    system = make.system()
    version = system.versions.first() or system.flows.first() or make.flow(system)
    holder = make.person("auditor", system=system)
    assert selectors.can(holder, "view_audits", version)
    assert not selectors.can(make.user(), "view_audits", version)


def test_require_tells_nothing_about_what_is_foreign() -> None:
    system = make.system()
    with pytest.raises(Http404):
        selectors.require(make.user(), "edit_register", system)
    with pytest.raises(NotAllowed):
        selectors.require(make.person("auditor", system=system), "edit_register", system)
    selectors.require(make.person("system_owner", system=system), "edit_register", system)


def test_a_key_reaches_its_own_system_by_scope() -> None:
    from governance.registry.selectors import visible
    from portal.accounts.models import MachineUser

    system, other = make.system(), make.system()
    machine = MachineUser(make.api_key(system, ("kpis:read",))[0])
    assert selectors.can(machine, "view_kpis", system)
    assert not selectors.can(machine, "run_audits", system)
    assert not selectors.can(machine, "view_kpis", other)
    assert list(visible(machine)) == [system]
    with pytest.raises(NotAllowed):
        selectors.require(machine, "run_audits", system)
    with pytest.raises(Http404):
        selectors.require(machine, "view_kpis", other)


def test_an_administrator_of_the_unit_manages_roles_on_its_systems() -> None:
    system = make.system()
    admin, foreign = (
        make.person("administrator", unit=system.unit),
        make.person("administrator", unit=make.unit()),
    )
    person = make.user()
    services.grant_role(user=person, role="manager", system=system, by=admin)
    assert selectors.manages(admin, person)
    assert not selectors.manages(foreign, person)
    with pytest.raises(Http404):
        services.grant_role(user=person, role="auditor", system=system, by=foreign)
    with pytest.raises(NotAllowed):
        services.change_person(user=person, name="X", is_active=False, valid_until=None, by=foreign)
    services.change_person(user=person, name="X", is_active=False, valid_until=None, by=admin)
    assert not selectors.has_anywhere(fresh(person), "view_kpis")


def test_somebody_without_roles_may_be_changed_by_every_administrator_only() -> None:
    person = make.user()
    assert selectors.manages(make.person("administrator", unit=make.unit()), person)
    assert not selectors.manages(make.person("auditor", unit=make.unit()), person)
