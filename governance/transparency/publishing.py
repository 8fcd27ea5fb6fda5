"""Publishing what the public reads about a system, and taking it away; every version of the words is kept."""

from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from governance.registry.models import System
from governance.registry.services import lock_system, permitted
from governance.transparency.models import TEXTS, Publication
from portal.errors import N_, Invalid, RuleBroken
from portal.ledger.services import actor_text, record

REGISTER = "public-register-entries"
"""Where the entries of the public register lie for a while, until the next publication."""
FIELDS = (
    *(f"{name}_{language}" for name in TEXTS for language in ("en", "nl")),
    "contact_name",
    "contact_email",
)


def checked(system: System, values: dict[str, str]) -> Publication:
    """The words as a publication that is not stored: for the preview. Raises Invalid, or RuleBroken for a draft."""
    if system.state not in ("registered", "retired"):
        raise RuleBroken(N_("Only what is registered can be published."), code="draft")
    kept = {name: str(values.get(name, "")).strip() for name in FIELDS}
    errors = [
        {
            "field": name,
            "code": "required",
            "message": N_("The public reads this: write it in both languages."),
        }
        for name, value in kept.items()
        if not value or "\x00" in value
    ]
    if errors:
        raise Invalid(errors)
    return Publication(system=system, published_at=timezone.now(), **kept)


def _forget() -> None:
    cache.delete(REGISTER)


def publish(*, system: System, values: dict[str, str], by: Any) -> Publication:
    """Put a system's public page up, or other words in place of the present ones."""
    permitted(by, "manage_consent", system)
    fresh = checked(system, values)
    with transaction.atomic():
        lock_system(system.pk)
        now = timezone.now()
        before = Publication.objects.filter(system=system, ended_at__isnull=True).first()
        if before is not None and all(getattr(before, name) == getattr(fresh, name) for name in FIELDS):
            return before  # the same words again are no new publication
        if before is not None:
            before.ended_at, before.ended_by = now, actor_text(by)
            before.save()
        fresh.published_at, fresh.published_by = now, actor_text(by)
        fresh.save(force_insert=True)
        body = {name: getattr(fresh, name) for name in FIELDS if name != "contact_email"}
        record(type="people.page_published", by=by, subject=system.subject, body=body)
        transaction.on_commit(_forget, robust=True)
    return fresh


def take_away(*, system: System, reason: str, by: Any) -> Publication:
    """End the public page of a system, with the reason."""
    permitted(by, "manage_consent", system)
    if not reason.strip():
        raise RuleBroken(N_("Say why it is taken away."), code="reason_missing", field="reason")
    with transaction.atomic():
        lock_system(system.pk)
        row = Publication.objects.filter(system=system, ended_at__isnull=True).first()
        if row is None:
            raise RuleBroken(N_("This system has no public page."), code="not_published")
        row.ended_at, row.ended_by = timezone.now(), actor_text(by)
        row.save()
        body = {"publication": str(row.pk), "reason": reason.strip()}
        record(type="people.page_ended", by=by, subject=system.subject, body=body)
        transaction.on_commit(_forget, robust=True)
    return row
