"""AI that is not in the register: anybody reports it, whoever edits the register answers."""

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from governance.registry import checks, drafts
from governance.registry.models import System, UnlistedReport
from governance.registry.services import insert, person, refuse
from portal.access.selectors import can
from portal.accounts.selectors import organisation
from portal.errors import N_, NotAllowed, RuleBroken
from portal.ledger.services import record
from portal.notify.models import Message
from portal.notify.rules import key
from portal.notify.services import tell

_LONGEST = {"name": 120, "what": 2000, "where_used": 200, "used_by": 200}


def report_ai(
    *,
    by: Any,
    unit: Any = None,
    name: str,
    what: str,
    where_used: str = "",
    used_by: str = "",
    reads_emotion: str = "unknown",
    pk: uuid.UUID | None = None,
) -> UnlistedReport:
    """Report an AI; any person with an account may. Without a unit it goes to the whole organisation's.

    `pk` given (by a form) makes sending it twice harmless."""
    texts = {"name": name, "what": what, "where_used": where_used, "used_by": used_by}
    values = {field: text.strip() for field, text in texts.items()}
    found = [
        checks.error(field, "required", N_("This is needed."))
        for field in ("name", "what")
        if not values[field]
    ] + [
        checks.error(field, "too_long", N_("This is too long."))
        for field, longest in _LONGEST.items()
        if len(values[field]) > longest
    ]
    if reads_emotion not in ("yes", "no", "unknown"):
        found.append(checks.error("reads_emotion", "unknown_value", N_("This is not one of the choices.")))
    refuse(found)
    unit = unit or organisation()
    if unit is None:
        raise RuleBroken(N_("There is no organisation yet."), code="no_unit")
    with transaction.atomic():
        report = UnlistedReport(
            id=pk or uuid.uuid4(),
            unit=unit,
            reads_emotion=reads_emotion,
            created_at=timezone.now(),
            created_by=person(by),
            **values,
        )
        if not insert(report, "name", N_("There is such a row already.")):
            return UnlistedReport.objects.get(pk=report.pk)
        body = {**values, "unit": unit.path, "reads_emotion": reads_emotion}
        record(type="register.ai_reported", by=by, subject=report.subject, body=body)
    return report


def make_draft(*, report: UnlistedReport, by: Any, answer: str = "", slug: str = "") -> System:
    """Open a draft that is filled from the report; twice gives the same draft."""
    with transaction.atomic():
        locked = _locked(report, by)
        if locked.state == "draft_made" and locked.system is not None:
            return locked.system
        _refuse_answered(locked)
        system = drafts.start_draft(
            by=by,
            unit=locked.unit,
            name=locked.name,
            slug=slug or _free(slugify(locked.name)[:50] or "system"),
            description=locked.what,
        )
        _answer(locked, "draft_made", answer, system, by)
    report.refresh_from_db()
    return system


def answer_report(
    *, report: UnlistedReport, outcome: str, answer: str, by: Any, system: System | None = None
) -> UnlistedReport:
    """Answer that it is no AI that reads emotion (`not_ai`), or which system it is (`already_registered`)."""
    if outcome not in ("not_ai", "already_registered"):
        refuse([checks.error("outcome", "unknown_value", N_("This is not one of the choices."))])
    if not answer.strip():
        refuse([checks.error("answer", "required", N_("Say why: the person who reported it reads this."))])
    if outcome == "already_registered" and system is None:
        refuse([checks.error("system", "required", N_("Say which system it is."))])
    with transaction.atomic():
        locked = _locked(report, by)
        if locked.created_by_id == person(by).pk:
            raise NotAllowed(N_("Somebody else answers what you reported."), code="own")
        _refuse_answered(locked)
        _answer(locked, outcome, answer, system if outcome == "already_registered" else None, by)
    report.refresh_from_db()
    return report


def _locked(report: UnlistedReport, by: Any) -> UnlistedReport:
    rows = UnlistedReport.objects.select_for_update(of=("self",)).select_related(
        "unit", "system", "created_by"
    )
    locked = rows.get(pk=report.pk)
    if not any(can(person(by), perm, locked.unit) for perm in ("edit_register", "sign_screening")):
        raise NotAllowed(N_("You do not have the permission for this."), code="not_allowed")
    return locked


def _refuse_answered(report: UnlistedReport) -> None:
    if report.state != "open":
        raise RuleBroken(N_("This report was answered before."), code="answered")


def _answer(report: UnlistedReport, state: str, answer: str, system: System | None, by: Any) -> None:
    report.state, report.answer, report.system = state, answer.strip(), system
    report.answered_at, report.answered_by = timezone.now(), by
    report.save()
    body = {"outcome": state, "answer": report.answer, "system": system.slug if system else ""}
    record(type="register.ai_report_answered", by=by, subject=report.subject, body=body)
    told = Message(
        user=report.created_by,
        key=key("ai_report", report.pk),
        kind=N_("Your report was answered"),
        title=report.name,
        url=report.get_absolute_url(),
    )
    tell([told])


def _free(slug: str) -> str:
    """The first short name like this that no system has."""
    taken = set(System.objects.filter(slug__startswith=slug).values_list("slug", flat=True))
    numbers = (slug if n == 1 else f"{slug}-{n}" for n in range(1, len(taken) + 2))
    return next(name for name in numbers if name not in taken)
