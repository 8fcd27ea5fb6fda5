"""Describing a system step by step: start a draft, register it when it is complete, or discard it."""

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.registry import checks, content, fields, rules
from governance.registry.models import System, UnfinishedForm, UnlistedReport
from governance.registry.selectors import gaps, known
from governance.registry.services import insert, kept, lock_system, permitted, person, refuse
from portal.access.selectors import can
from portal.errors import N_, Invalid, NotAllowed, RuleBroken
from portal.notify.models import Message
from portal.notify.rules import key
from portal.notify.services import tell


def start_draft(
    *, by: Any, unit: Any, name: str, slug: str, owner: Any = None, pk: uuid.UUID | None = None, **values: Any
) -> System:
    """Start a draft in a unit whose register `by` edits; everything but the name may follow later.

    `pk` given (by a form) makes sending it twice harmless. Raises Invalid, NotAllowed, RuleBroken.
    """
    if not can(person(by), "edit_register", unit):
        raise NotAllowed(N_("You do not have the permission for this."), code="not_allowed")
    unknown = set(values) - set(fields.SYSTEM)
    if unknown:
        raise TypeError(f"not a field of a system: {sorted(unknown)}")
    values = {"provider_role": "", **values, "name": name.strip()}
    refuse(checks.system_errors({**values, "slug": slug}, known(), draft=True))
    with transaction.atomic():
        system = System(
            **values,
            id=pk or uuid.uuid4(),
            slug=slug,
            unit=unit,
            owner=owner or by,
            state="draft",
            sort_key=rules.sort_key(name),
            created_at=timezone.now(),
            created_by=by,
        )
        if not insert(system, "slug", N_("There is a system with this short name already.")):
            return System.objects.get(pk=system.pk)
        kept(system, "register.draft_started", by, content.of_system(system))
    return system


def register_draft(*, system: System, by: Any) -> System:
    """Put a complete draft into the register. Raises Invalid naming each gap by its field.

    Registering what is registered already changes nothing: the button was pressed twice.
    """
    with transaction.atomic():
        locked = lock_system(system.pk)
        permitted(by, "edit_register", locked)
        if locked.state == "registered":
            return locked
        _refuse_unless_draft(locked)
        missing = gaps(locked)
        if missing:
            raise Invalid([checks.error(gap.field, "missing", gap.message) for gap in missing])
        locked.state = "registered"
        locked.registered_at, locked.registered_by = timezone.now(), person(by)
        locked.row_version += 1
        locked.save()
        kept(locked, "register.system_registered", by, content.of_system(locked))
        _tell_reporters(locked, N_("What you reported is in the register now"))
    system.refresh_from_db()
    return system


def discard_draft(*, system: System, by: Any, reason: str = "") -> System:
    """Put a draft aside for good; nobody sees it any more, its history and its short name stay."""
    with transaction.atomic():
        locked = lock_system(system.pk)
        permitted(by, "edit_register", locked)
        if locked.state == "discarded":
            return locked
        _refuse_unless_draft(locked)
        locked.state = "discarded"
        UnfinishedForm.objects.filter(system=locked).delete()  # nobody can go on with it
        locked.row_version += 1
        locked.save()
        kept(locked, "register.draft_discarded", by, {"reason": reason}, reason=reason)
        _tell_reporters(locked, N_("The draft of what you reported was put aside"))
    return locked


def _tell_reporters(system: System, kind: str) -> None:
    """Whoever reported the AI from which the draft was made reads what became of it."""
    reports = UnlistedReport.objects.filter(system=system, state="draft_made").select_related("created_by")
    tell(
        [
            Message(
                user=report.created_by,
                key=key("ai_report", report.pk, system.state),
                kind=kind,
                title=report.name,
                url=report.get_absolute_url(),
            )
            for report in reports
        ]
    )


def _refuse_unless_draft(system: System) -> None:
    if system.state != "draft":
        raise RuleBroken(N_("This is no draft any more."), code="not_a_draft")
