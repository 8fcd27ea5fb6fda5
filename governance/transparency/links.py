"""Personal links: made for somebody by the organisation, ended by it, or by time."""

import datetime as dt
import secrets
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.consent.pseudonyms import keyed
from governance.registry.models import System
from governance.registry.services import permitted
from governance.transparency import rules
from governance.transparency.models import LinkedPerson, PersonalLink
from governance.transparency.selectors import token_digest
from portal.accounts.models import ApiKey, MachineUser
from portal.errors import N_, Invalid, RuleBroken
from portal.ledger.services import actor_text, record

MOST_SYSTEMS = 20


def make_link(
    *,
    people: Sequence[tuple[System, str]],
    by: Any,
    language: str = "nl",
    days: int = rules.LINK_DAYS,
    idempotency_key: str | None = None,
) -> tuple[PersonalLink, str]:
    """(link, its token) for one person, who goes by these names in these systems; the token is shown this once.

    The names are pseudonymised here. The same `idempotency_key` of the same caller gives the same link a new token: the
    answer to the first call can be lost, and a token is stored nowhere.
    """
    _check(people, language, days)
    for system, _name in people:
        permitted(_caller(by), "make_links", system)
    now, token = timezone.now(), secrets.token_urlsafe(rules.TOKEN_BYTES)
    values = {
        "token_sha256": token_digest(token),
        "language": language,
        "created_at": now,
        "expires_at": now + dt.timedelta(days=days),
    }
    with transaction.atomic():
        known = _known(by, idempotency_key)
        names = {(system.pk, keyed(system.pk).pseudonym(name)) for system, name in people}
        if known is None:
            link = PersonalLink.objects.create(
                created_by=actor_text(by), idempotency_key=idempotency_key, **values
            )
            LinkedPerson.objects.bulk_create(
                LinkedPerson(link=link, system_id=system, pseudonym=name) for system, name in sorted(names)
            )
        else:
            if names != set(known.people.values_list("system_id", "pseudonym")):
                raise RuleBroken(
                    N_("This Idempotency-Key was used for another request."), code="idempotency_key_reused"
                )
            PersonalLink.objects.filter(pk=known.pk).update(**values)
            link = PersonalLink.objects.get(pk=known.pk)
        for system in {system.pk: system for system, _name in people}.values():
            body = {"link": str(link.pk), "days": days}
            record(type="people.link_made", by=by, subject=system.subject, body=body)
    return link, token


def _caller(by: Any) -> Any:
    """Whose permissions are asked: of a key, those of its scopes."""
    return MachineUser(by) if isinstance(by, ApiKey) else by


def _known(by: Any, key: str | None) -> PersonalLink | None:
    if key is None:
        return None
    rows = PersonalLink.objects.select_for_update().filter(revoked_at__isnull=True)
    return rows.filter(created_by=actor_text(by), idempotency_key=key).first()


def _check(people: Sequence[tuple[System, str]], language: str, days: int) -> None:
    errors = []
    if not 1 <= len(people) <= MOST_SYSTEMS:
        message = N_("Name the person in at least one system, and in at most twenty.")
        errors.append({"field": "people", "code": "invalid", "message": message})
    for n, (_system, name) in enumerate(people):
        if not name.strip() or len(name) > 128 or "\x00" in name:
            message = N_("Give the name by which the system knows the person, of at most 128 characters.")
            errors.append({"field": f"people[{n}].subject", "code": "invalid", "message": message})
    if language not in ("en", "nl"):
        message = N_("Choose nl or en.")
        errors.append({"field": "language", "code": "invalid", "message": message})
    if not 1 <= days <= rules.MOST_LINK_DAYS:
        message = N_("A link works for 1 to 30 days.")
        errors.append({"field": "days", "code": "invalid", "message": message})
    if errors:
        raise Invalid(errors)


def revoke_link(*, link: PersonalLink, by: Any) -> PersonalLink:
    """End a link at once; ending it again changes nothing."""
    with transaction.atomic():
        locked = PersonalLink.objects.select_for_update().get(pk=link.pk)
        rows = list(LinkedPerson.objects.filter(link=locked).select_related("system"))
        for row in rows:
            permitted(_caller(by), "make_links", row.system)
        if locked.revoked_at is None:
            locked.revoked_at, locked.revoked_by = timezone.now(), actor_text(by)
            locked.save()
            for system in {row.system_id: row.system for row in rows}.values():
                body = {"link": str(locked.pk)}
                record(type="people.link_revoked", by=by, subject=system.subject, body=body)
    return locked
