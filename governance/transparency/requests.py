"""Answering what people ask: taking up, extending once, answering, refusing; copies and erasures by a job."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.holding import services as holding
from governance.holding.holders import Person
from governance.holding.models import LegalHold
from governance.holding.selectors import hold_on
from governance.registry.services import permitted
from governance.transparency import rules, selectors
from governance.transparency.models import PersonRequest
from portal.errors import N_, RuleBroken
from portal.jobs.services import enqueue
from portal.ledger.services import actor_text, record

COPY, ERASE = "personal_copy", "erase_person"
_JOBS = {rules.RequestKind.ACCESS.value: COPY, rules.RequestKind.ERASURE.value: ERASE}


def person_of(request: PersonRequest) -> Person:
    """Who asks. Raises RuleBroken after an erasure, when nobody is left."""
    if request.pseudonym is None:
        raise RuleBroken(N_("This person was erased; nothing leads back to them."), code="erased")
    return Person(request.system, request.pseudonym)


def _locked(request: PersonRequest, by: Any) -> PersonRequest:
    locked = PersonRequest.objects.select_for_update(of=("self",)).select_related("system").get(pk=request.pk)
    permitted(by, selectors.needed(locked.kind, locked.system), locked.system)
    return locked


def start(*, request: PersonRequest, by: Any) -> PersonRequest:
    """Take a request up: the person sees that somebody is at it."""
    with transaction.atomic():
        locked = _locked(request, by)
        locked.state = rules.after(locked.state, "start")
        locked.save()
        record(type="people.request_started", by=by, subject=locked.subject, body={"kind": locked.kind})
    return locked


def extend(*, request: PersonRequest, reason: str, by: Any) -> PersonRequest:
    """Two months more, once, within the first month, with a reason that the person is told (GDPR 12(3))."""
    if not reason.strip():
        raise RuleBroken(N_("Tell the person why it takes longer."), code="reason_missing", field="reason")
    with transaction.atomic():
        locked = _locked(request, by)
        rules.after(locked.state, "extend")
        now, received = timezone.now(), locked.received_at.date()
        rules.check_extension(extended=locked.extended_at is not None, today=now.date(), received=received)
        locked.due_on = rules.extended_due(received)
        locked.extended_at, locked.extended_by = now, actor_text(by)
        locked.extension_reason = reason.strip()
        locked.save()
        body = {"due_on": locked.due_on.isoformat(), "kind": locked.kind}
        record(type="people.request_extended", by=by, subject=locked.subject, body=body)
    return locked


def refuse(*, request: PersonRequest, reason: str, by: Any) -> PersonRequest:
    """Refuse with a reason that the person is told, with where they can complain (GDPR 12(4))."""
    if not reason.strip():
        raise RuleBroken(N_("Tell the person why."), code="reason_missing", field="reason")
    with transaction.atomic():
        locked = _locked(request, by)
        _close(locked, "refuse", by, answer=reason.strip())
        record(type="people.request_refused", by=by, subject=locked.subject, body={"kind": locked.kind})
    return locked


def answer(*, request: PersonRequest, decision: str, text: str, by: Any) -> PersonRequest:
    """Answer a contested reading or an objection in words; a copy and an erasure are answered by being done."""
    if decision not in rules.Decision.values():
        raise RuleBroken(N_("Say whether the person is right."), code="unknown", field="decision")
    if not text.strip():
        raise RuleBroken(N_("Write what the person is told."), code="required", field="text")
    with transaction.atomic():
        locked = _locked(request, by)
        if locked.kind in _JOBS:
            raise RuleBroken(N_("This request is answered by doing what it asks."), code="done_by_a_job")
        _close(locked, "answer", by, answer=text.strip(), decision=decision)
        body = {"kind": locked.kind, "decision": decision}
        record(type="people.request_answered", by=by, subject=locked.subject, body=body)
    return locked


def _close(request: PersonRequest, act: str, by: Any, **fields: str) -> None:
    request.state = rules.after(request.state, act)
    request.closed_at, request.closed_by = timezone.now(), actor_text(by)
    for name, value in fields.items():
        setattr(request, name, value)
    request.save()


def carry_out(*, request: PersonRequest, by: Any, bell: bool = True) -> PersonRequest:
    """Have a worker make the copy, or erase. Raises RuleBroken while a legal hold stands, with its reason."""
    with transaction.atomic():
        locked = _locked(request, by)
        if locked.kind not in _JOBS:
            raise RuleBroken(N_("This request is answered in words."), code="in_words")
        rules.after(locked.state, "answer")
        if locked.state == rules.RequestState.RECEIVED.value:
            locked.state = rules.after(locked.state, "start")
            locked.save()
            record(type="people.request_started", by=by, subject=locked.subject, body={"kind": locked.kind})
        _enqueue(locked, by, bell)
    hold = hold_on(person_of(locked)) if locked.kind == rules.RequestKind.ERASURE.value else None
    if hold is not None:
        raise RuleBroken(
            N_("A legal hold stops this; it goes on by itself when the hold ends: {reason}"),
            code="legal_hold",
            reason=hold.reason,
        )
    return locked


def _enqueue(request: PersonRequest, by: Any, bell: bool = True) -> None:
    person = person_of(request)
    if request.kind == rules.RequestKind.ERASURE.value and hold_on(person) is not None:
        return  # `release_hold` goes on from here
    # the job names the request, never the person: its row outlives an erasure
    enqueue(
        kind=_JOBS[request.kind],
        payload={"request": str(request.pk)},
        by=by,
        unique_key=f"{_JOBS[request.kind]}:{request.pk}",
        unit=request.system.unit,
        about=request.system.name,
        bell=bell,
    )


def erase_for(request: PersonRequest) -> dict[str, int]:
    """Erase who asked for it, and answer the request; counts of rows by holder. Harmless to repeat."""
    with transaction.atomic():
        locked = (
            PersonRequest.objects.select_for_update(of=("self",)).select_related("system").get(pk=request.pk)
        )
        if locked.state not in rules.OPEN:
            return {}
        erasure = holding.erase(person=person_of(locked), by="system", reference=str(locked.pk))
        locked.refresh_from_db()
        _close(locked, "answer", "system", decision=rules.Decision.GRANTED.value)
        body = {"kind": locked.kind, "decision": locked.decision}
        record(type="people.request_answered", by="system", subject=locked.subject, body=body)
    return dict(erasure.counts)


# --- legal holds ------------------------------------------------------------------------------


def place_hold(*, system: Any, reason: str, by: Any, subject: str = "") -> LegalHold:
    """Keep everything of a system or of one person in it; for whoever answers affected people."""
    permitted(by, "answer_people", system)
    return holding.place_hold(system=system, reason=reason, subject=subject, by=by)


def release_hold(*, hold: LegalHold, reason: str, by: Any) -> LegalHold:
    """End a hold; erasures that waited for it go on."""
    permitted(by, "answer_people", hold.system)
    with transaction.atomic():
        released = holding.release_hold(hold=hold, reason=reason, by=by)
        for request in selectors.held_requests(released.system).select_related("system__unit"):
            if request.pseudonym is not None:
                _enqueue(request, by)
    return released
