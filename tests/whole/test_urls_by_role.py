"""Every address of the portal, called by everybody: nothing opens that the matrix does not open.

Callers: nobody, a person without a role, every role on the unit of the things, every role on a sibling unit, keys of
the system, of another system, and keys that lack one scope. Who may not act is also tried with every other method.
"""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from portal.access.roles import CODES, PERMISSIONS, SCOPES, Role
from tests import make
from tests.conftest import TestDatabase
from tests.whole.url_matrix import ANYBODY, IN_BODY, ROWS, SIGNED_IN, Row
from tests.whole.world import CANARY, World, build

LOGIN = "/accounts/login/"
ROLES = [role.value for role in Role]
ELSEWHERE = (
    "administrator",
    "system_owner",
    "board_chair",
    "auditor",
    "data_protection_officer",
    "supervisor",
    "works_council",
)
CALLERS = ["nobody", "outsider", *ROLES, *(f"foreign {role}" for role in ELSEWHERE), "own key", "foreign key"]
METHODS = ("get", "post", "put", "patch", "delete")


def patterns(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


def methods_of(name: str) -> list[str]:
    """The methods that the views of a name implement."""
    views = [p.callback for p in patterns() if p.name == name]
    classes = [getattr(v, "view_class", None) or getattr(v, "cls", None) for v in views]
    return [m for m in METHODS if any(c is not None and hasattr(c, m) for c in classes)]


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    names = {pattern.name for pattern in patterns()}
    assert None not in names, "an address without a name cannot be in the matrix"
    assert names - set(ROWS) == set(), "decide who may call these, then write rows in url_matrix.py"
    assert set(ROWS) - names == set(), "these are gone: take their rows away"


def test_the_roles_tried_on_a_sibling_unit_hold_every_permission_together() -> None:
    assert frozenset().union(*(PERMISSIONS[Role(role)] for role in ELSEWHERE)) == set(CODES)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, test_database: TestDatabase) -> Iterator[World]:
    """One of everything, committed (the ledger's sequencer works on its own connection)."""
    from django.conf import settings

    hashers, settings.PASSWORD_HASHERS = (
        settings.PASSWORD_HASHERS,
        ["django.contrib.auth.hashers.MD5PasswordHasher"],
    )
    with django_db_blocker.unblock():
        try:
            yield build()
        finally:
            test_database.renew()
            settings.PASSWORD_HASHERS = hashers


@pytest.fixture
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    logging.disable(logging.WARNING)  # a refusal is no news here
    with django_db_blocker.unblock():
        yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("caller", CALLERS)
def test_what_each_caller_gets(caller: str, world: World, unblocked: None) -> None:
    rows = {
        name: row for name, row in ROWS.items() if not (is_foreign(caller) and told_by_outsider(caller, row))
    }
    wrong = [line for name, row in rows.items() for line in faults(world, caller, name, row)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_a_key_without_the_scope_is_refused(scope: str, world: World, unblocked: None) -> None:
    rows = {name: row for name, row in ROWS.items() if row.scope == scope}
    for name, row in rows.items():
        status, _page, _where = call(world, f"key without {scope}", name, row, row.method)
        assert status == 403, name


def faults(world: World, caller: str, name: str, row: Row) -> list[str]:
    """What is wrong with the answers to one caller, in words."""
    status, page, where = call(world, caller, name, row, row.method)
    allowed = expected(caller, name, row)
    found = []
    if status not in allowed or (
        status == 302 and row.see != ANYBODY and refused_at_door(caller, row) != where.startswith(LOGIN)
    ):
        found.append(f"{caller}: {row.method} {name} -> {status} {where}, not {sorted(allowed)}")
    if status == 500:
        found.append(f"{caller}: {row.method} {name} -> 500")
    if learns_nothing(caller, name, row) and CANARY in page:
        found.append(f"{caller}: {name} tells of what is not theirs")
    if row.see not in (ANYBODY, SIGNED_IN) and not may_write(caller, row):
        for method in methods_of(name):
            if method == row.method or (method in ("get", "head") and may_see(caller, row)):
                continue
            status, page, where = call(world, caller, name, row, method)
            if not (status in (401, 403, 404, 405, 422) or where.startswith(LOGIN)):
                found.append(f"{caller}: {method} {name} -> {status} {where}, not refused")
    return found


def call(world: World, caller: str, name: str, row: Row, method: str) -> tuple[int, str, str]:
    """Status, text and Location; whatever it wrote is rolled back."""
    client = Client(raise_request_exception=False)
    headers: dict[str, Any] = {}
    if caller in world.keys:
        headers = make.bearer(world.keys[caller])
    elif caller != "nobody":
        client.force_login(world.people[caller], backend="portal.accounts.backends.SignInBackend")
    url = reverse(name, kwargs={arg: world.ids[attribute] for arg, attribute in row.args.items()})
    if row.api:
        body: Any = json.loads(json.dumps(row.body).replace("{slug}", world.slug))
        headers |= {"content_type": "application/json"}
    else:
        body = {}
    with transaction.atomic():
        if method == "get":
            response: Any = client.get(url, **{k: v for k, v in headers.items() if k != "content_type"})
        else:
            response = getattr(client, method)(url, body, **headers)
        page = b"".join(response.streaming_content) if response.streaming else response.content
        transaction.set_rollback(True)
    return response.status_code, page.decode("utf-8", "replace"), response.get("Location", "")


# --- what the matrix says --------------------------------------------------------------------------------------


def held(caller: str) -> frozenset[str]:
    role = caller.removeprefix("foreign ")
    return PERMISSIONS[Role(role)] if role in ROLES else frozenset()


def is_machine(caller: str) -> bool:
    return "key" in caller


def is_foreign(caller: str) -> bool:
    return caller.startswith("foreign ")


def may_see(caller: str, row: Row) -> bool:
    """Whether the caller may know that it is there (in own units; rooms open to holders anywhere)."""
    if row.see == ANYBODY:
        return True
    if is_machine(caller):
        return row.api and (caller == "own key" or not row.thing)
    if row.see == SIGNED_IN:
        return caller != "nobody"
    return bool(row.sees & held(caller)) and not (is_foreign(caller) and row.thing)


def may_act(caller: str, row: Row) -> bool:
    if row.see in (ANYBODY, SIGNED_IN) or is_machine(caller):
        return may_see(caller, row)
    return may_see(caller, row) and bool(row.acts & held(caller))


def told_by_outsider(caller: str, row: Row) -> bool:
    """A role elsewhere that holds nothing the address asks for is refused as a person without a role is."""
    wanted = row.sees | set(row.writes.split("|")) | row.acts
    return row.see in (ANYBODY, SIGNED_IN) or not wanted & held(caller)


def may_write(caller: str, row: Row) -> bool:
    """Whether the other methods of the address are open."""
    if not row.writes:
        return may_act(caller, row)
    return not is_machine(caller) and may_see(caller, row) and bool(set(row.writes.split("|")) & held(caller))


def refused_at_door(caller: str, row: Row) -> bool:
    """Pages send whoever did not sign in (a key is no sign-in) to the sign-in page."""
    return not row.api and row.see != ANYBODY and (caller == "nobody" or is_machine(caller))


def learns_nothing(caller: str, name: str, row: Row) -> bool:
    stranger = caller in ("nobody", "outsider", "foreign key") or is_foreign(caller)
    # the name of the organisation stands on its public pages
    told = name in ("person_detail", "role_grant") or name.startswith("public_")
    return stranger and not told


def expected(caller: str, name: str, row: Row) -> set[int]:
    """The statuses that are right."""
    if refused_at_door(caller, row):
        return {302}
    if caller == "nobody" and row.api:
        return {401}
    if name in IN_BODY and is_foreign(caller):
        holds = is_machine(caller) or bool(row.acts & held(caller))
        return {404, 422} if holds else {403, 404}
    if caller == "own key" and row.key:
        return set(row.key)
    if may_act(caller, row):
        return set(row.ok)
    if is_machine(caller):
        return {404}
    if is_foreign(caller) and bool(row.acts & held(caller)):
        return {row.foreign}
    if is_foreign(caller) and row.sees & held(caller):
        return {404, 403}
    return set(row.refused) if may_see(caller, row) else {403, 404}
