"""Verbs about people, units and API keys; each writes to the ledger in its own transaction."""

import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Length, Substr
from django.utils import timezone
from django.utils.text import slugify

from portal.accounts.authentication import digest_of
from portal.accounts.codes import SCOPES
from portal.accounts.models import ApiKey, Unit, User
from portal.errors import N_, Invalid, RuleBroken
from portal.ledger.services import actor_text, record

LANGUAGES = ("en-gb", "nl")
THEMES = ("auto", "light", "dark")


@transaction.atomic
def create_user(
    *,
    email: str,
    name: str,
    password: str | None = None,
    language: str = "en-gb",
    time_zone: str = "Europe/Amsterdam",
    valid_until: datetime | None = None,
    by: Any,
) -> User:
    """A person's account; without a password they set one through 'forgot password'.

    `valid_until` (aware) ends the whole account: for external auditors. Raises RuleBroken for a known address,
    Invalid for a malformed one or a weak password.
    """
    email = _clean_email(email)
    if User.objects.filter(email=email).exists():
        raise RuleBroken(
            N_("Somebody with this e-mail address exists already."), code="email_taken", field="email"
        )
    user = User(email=email, name=_clean_name(name), language=language, valid_until=valid_until)
    user.time_zone = time_zone
    _check_preferences(user)
    if password is not None:
        _check_password(password, user)
    user.set_password(password)
    user.save()
    record(
        type="people.user_created",
        by=by,
        subject=f"user:{user.pk}",
        body={"valid_until": _moment(valid_until), "language": language},
    )
    return user


@transaction.atomic
def update_user(*, user: User, name: str, is_active: bool, valid_until: datetime | None, by: Any) -> User:
    """Change name, end date, or whether the person may sign in; nobody locks themselves out."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    if not is_active and locked == by:
        raise RuleBroken(N_("You cannot switch off your own account."), code="own_account", field="is_active")
    if locked == by and valid_until is not None and valid_until <= timezone.now():
        raise RuleBroken(
            N_("The end of your own account cannot lie in the past."), code="own_account", field="valid_until"
        )
    changed = {
        field: (getattr(locked, field), new)
        for field, new in (("is_active", is_active), ("valid_until", valid_until))
        if getattr(locked, field) != new
    }
    renamed = locked.name != _clean_name(name)
    locked.name, locked.is_active, locked.valid_until = _clean_name(name), is_active, valid_until
    locked.save(update_fields=["name", "is_active", "valid_until"])
    if changed or renamed:
        body = {field: {"from": _moment(old), "to": _moment(new)} for field, (old, new) in changed.items()}
        record(type="people.user_changed", by=by, subject=f"user:{user.pk}", body=body | {"renamed": renamed})
    return locked


@transaction.atomic
def change_profile(*, user: User, name: str, language: str, time_zone: str, theme: str, mail: str) -> User:
    """A person's own preferences; not a governed act, so not in the ledger."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    locked.name, locked.language = _clean_name(name), language
    locked.time_zone, locked.theme, locked.mail = time_zone, theme, mail
    _check_preferences(locked)
    locked.save(update_fields=["name", "language", "time_zone", "theme", "mail"])
    return locked


@transaction.atomic
def create_unit(*, name: str, parent: Unit | None = None, slug: str | None = None, by: Any) -> Unit:
    """A unit below `parent`, or the organisation itself without one."""
    name = _clean_name(name)
    slug = slug or slugify(name)[:50].strip("-") or uuid.uuid4().hex[:8]
    if slugify(slug) != slug:
        raise RuleBroken(
            N_("A short name has lower-case letters, digits and hyphens only."), code="bad_slug", field="slug"
        )
    if parent is not None:
        parent = Unit.objects.select_for_update().get(pk=parent.pk)  # its path must not move meanwhile
    path = f"{parent.path if parent else '/'}{slug}/"
    if Unit.objects.filter(path=path).exists():
        raise RuleBroken(
            N_("There is a unit with this short name here already."), code="unit_exists", field="slug"
        )
    unit = Unit.objects.create(name=name, slug=slug, parent=parent, path=path)
    record(
        type="people.unit_created", by=by, subject=f"unit:{unit.pk}", body={"name": name, "path": unit.path}
    )
    return unit


@transaction.atomic
def rename_unit(*, unit: Unit, name: str, by: Any) -> Unit:
    """Another name; the short name and the path stay, so links and grants do too."""
    locked = Unit.objects.select_for_update().get(pk=unit.pk)
    before, locked.name = locked.name, _clean_name(name)
    if before != locked.name:
        locked.save(update_fields=["name"])
        body = {"from": before, "to": locked.name}
        record(type="people.unit_renamed", by=by, subject=f"unit:{unit.pk}", body=body)
    return locked


@transaction.atomic
def move_unit(*, unit: Unit, parent: Unit, by: Any) -> Unit:
    """Hang a unit, with all below it, under another parent; grants from above follow the new place."""
    rows = {row.pk: row for row in Unit.objects.select_for_update().order_by("pk")}
    locked, target = rows[unit.pk], rows[parent.pk]
    if target.path.startswith(locked.path):
        raise RuleBroken(N_("A unit cannot become part of itself."), code="unit_cycle", field="parent")
    before, after = locked.path, f"{target.path}{locked.slug}/"
    if before == after:
        return locked
    if any(row.path == after for row in rows.values()):
        raise RuleBroken(
            N_("There is a unit with this short name here already."), code="unit_exists", field="parent"
        )
    Unit.objects.filter(path__startswith=before).update(
        path=Concat(Value(after), Substr(F("path"), Length(Value(before)) + 1))
    )
    locked.refresh_from_db()
    locked.parent = target
    locked.save(update_fields=["parent"])
    record(type="people.unit_moved", by=by, subject=f"unit:{unit.pk}", body={"from": before, "to": after})
    return locked


@transaction.atomic
def create_api_key(
    *,
    name: str,
    system_id: uuid.UUID,
    scopes: Sequence[str],
    sandbox: bool = False,
    expires_at: datetime | None = None,
    by: Any,
) -> tuple[ApiKey, str]:
    """A key for one system and its plain text, which exists only in this answer."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        message = N_("Choose at least one of the scopes that exist.")
        raise RuleBroken(message, code="unknown_scope", field="scopes")
    if expires_at is not None and expires_at <= timezone.now():
        raise RuleBroken(N_("The key would be expired already."), code="in_the_past", field="expires_at")
    prefix, secret = secrets.token_hex(5), secrets.token_hex(24)
    key = ApiKey.objects.create(
        name=_clean_name(name),
        prefix=prefix,
        digest=digest_of(secret),
        system_id=system_id,
        scopes=sorted(set(scopes)),
        sandbox=sandbox,
        expires_at=expires_at,
        created_by=actor_text(by),
    )
    record(
        type="people.api_key_created",
        by=by,
        subject=f"key:{prefix}",
        body={
            "system": str(system_id),
            "scopes": key.scopes,
            "sandbox": sandbox,
            "expires_at": _moment(expires_at),
        },
    )
    return key, f"att_{'test_' if sandbox else ''}{prefix}_{secret}"


@transaction.atomic
def revoke_api_key(*, key: ApiKey, by: Any) -> ApiKey:
    """End a key now; the next call with it is refused. Again: no change."""
    locked = ApiKey.objects.select_for_update().get(pk=key.pk)
    if locked.revoked_at is None:
        locked.revoked_at, locked.revoked_by = timezone.now(), actor_text(by)
        locked.save(update_fields=["revoked_at", "revoked_by"])
        record(type="people.api_key_revoked", by=by, subject=f"key:{locked.prefix}", body={})
    return locked


def _clean_email(email: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        row = {"field": "email", "code": "invalid", "message": N_("This is not an e-mail address.")}
        raise Invalid([row]) from None
    return email


def _clean_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or "\x00" in name or len(name) > 120:
        row = {"field": "name", "code": "invalid", "message": N_("Give a name of at most 120 characters.")}
        raise Invalid([row])
    return name


def _check_preferences(user: User) -> None:
    rows = [
        {"field": field, "code": "invalid", "message": N_("Choose one of the values that exist.")}
        for field, allowed in (
            ("language", LANGUAGES),
            ("theme", THEMES),
            ("time_zone", available_timezones()),
        )
        if getattr(user, field) not in allowed
    ]
    if rows:
        raise Invalid(rows)


def _check_password(password: str, user: User) -> None:
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        rows = [{"field": "password", "code": "weak", "message": message} for message in error.messages]
        raise Invalid(rows) from None


def _moment(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
