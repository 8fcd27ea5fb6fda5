"""Builders: small functions that make what a test needs, through the product's own services."""

import itertools
import uuid
from datetime import datetime
from typing import Any

from portal.access.services import grant_role
from portal.accounts.models import ApiKey, Unit, User
from portal.accounts.services import create_api_key, create_unit, create_user

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


def number() -> int:
    """A number that no other object of this process has."""
    return next(_numbers)


# --- people ------------------------------------------------------------------------------------------------


def user(name: str = "", *, email: str = "", **fields: Any) -> User:
    """A person who can sign in with `PASSWORD`, without any role."""
    n = number()
    email = email or f"person{n}@example.org"
    return create_user(email=email, name=name or f"Person {n}", password=PASSWORD, by="system", **fields)


def unit(name: str = "", *, parent: Unit | None = None) -> Unit:
    """A unit; without a parent an organisation of its own."""
    n = number()
    return create_unit(name=name or f"Unit {n}", slug=f"unit-{n}", parent=parent, by="system")


def person(
    role: str, *, unit: Unit | None = None, system: Any = None, until: datetime | None = None, **fields: Any
) -> User:
    """A person with one role on a unit or system; an external auditor's ends next year unless `until` says so."""
    made = user(**fields)
    if role == "external_auditor" and until is None:
        until = datetime.fromisoformat("2099-01-01T00:00:00+00:00")
    grant_role(user=made, role=role, unit=unit, system=system, valid_until=until, by="system")
    return made


def api_key(
    system: Any = None, scopes: tuple[str, ...] = ("interactions:write",), **fields: Any
) -> tuple[ApiKey, str]:
    """A key of a system (or of an id that no system has) and its plain text."""
    system_id = system.pk if system is not None else uuid.uuid4()
    return create_api_key(name=f"key {number()}", system_id=system_id, scopes=scopes, by="system", **fields)


def bearer(plaintext: str) -> dict[str, str]:
    """The header of a call with a key, for Django's test client."""
    return {"HTTP_AUTHORIZATION": f"Bearer {plaintext}"}
