"""What a person does on their own page: say yes or no, object, ask, contest, take back. No account, no session."""

import hashlib
import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.consent.models import Notice
from governance.consent.services import record_consent_events, record_notices_served
from governance.holding import holders
from governance.holding.holders import Person
from governance.transparency import rules
from governance.transparency.models import PersonalLink, PersonRequest
from governance.transparency.selectors import Line, lines_of, subject_of
from portal.errors import N_, Invalid, RuleBroken
from portal.ledger.services import record

SAID = ("given", "withdrawn", "refused")
ME = "the person of this page"


def by_link(link: PersonalLink) -> str:
    """How the ledger names somebody who acts by a link."""
    return f"link:{link.pk}"


def line(person: Person, purpose: str, modality: str, language: str) -> Line:
    """The line of this purpose and modality. Raises RuleBroken where the system has no such one."""
    for one in lines_of(person, language):
        if (one.purpose, one.modality) == (purpose, modality):
            return one
    raise RuleBroken(N_("This system does not do that with your data."), code="unknown", field="purpose")


def say(
    *, link: PersonalLink, person: Person, action: str, purpose: str, modality: str, once: uuid.UUID
) -> None:
    """Record a yes or a no; `once` makes a second click, or a page sent again, the same act.

    A yes is to the newest notice. Raises RuleBroken where there is none, or a rule of consent refuses.
    """
    if action not in SAID:
        raise RuleBroken(N_("Say yes or no."), code="unknown", field="action")
    wanted = line(person, purpose, modality, link.language)
    if action == "given" and wanted.newest is None:
        raise RuleBroken(
            N_("The organisation has not explained this to you yet, so you cannot agree to it."),
            code="no_notice",
        )
    if action == "withdrawn" and not wanted.agrees:
        if wanted.word is not None:
            return  # the no stands
        action = "refused"  # a no where nothing was said yet
    with transaction.atomic():
        if action == "given" and wanted.newest is not None:
            _shown(link, person, wanted.newest, once)
        _record(link, person, [_event(link, person, action, wanted, once)])
    said = line(person, purpose, modality, link.language)
    if said.agrees != (action == "given"):  # an old page sent again: the person means it now
        _record(link, person, [_event(link, person, action, wanted, uuid.uuid4())])


def _event(link: PersonalLink, person: Person, action: str, about: Line, once: uuid.UUID) -> dict[str, Any]:
    subject = subject_of(person)
    event: dict[str, Any] = {
        "id": f"{once}:{_short(action, about)}",
        "subject": ME,
        "subject_role": subject.role if subject else "unknown",
        "minor": subject.minor if subject else "unknown",
        "purpose": about.purpose,
        "modality": about.modality,
        "action": action,
        "effective_at": timezone.now(),
        "method": rules.SOURCE,
        "explicit": action == "given",
    }
    if action == "given" and about.newest is not None:
        event |= {"notice_version": about.newest.version, "language": about.newest.language}
    return event


def _shown(link: PersonalLink, person: Person, notice: Notice, once: uuid.UUID) -> None:
    """The text to which they say yes stood on their page."""
    subject = subject_of(person)
    item = {
        "id": f"{once}:shown",
        "subject": ME,
        "subject_role": subject.role if subject else "unknown",
        "notice_version": notice.version,
        "language": notice.language,
        "served_at": timezone.now(),
        "channel": rules.SOURCE,
    }
    record_notices_served(
        system=person.system,
        items=[item],
        by=by_link(link),
        source=rules.SOURCE,
        known={ME: person.pseudonym},
    )


def _short(action: str, about: Line) -> str:
    """The act of one form, in few letters."""
    text = f"{action}\x00{about.purpose}\x00{about.modality}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _record(link: PersonalLink, person: Person, events: list[dict[str, Any]]) -> None:
    """Through the one door for consent events. Raises Invalid with the reasons of the first that is refused.

    'Conflict' is the same click again: its id is known, only the moment differs.
    """
    answers = record_consent_events(
        system=person.system,
        items=events,
        by=by_link(link),
        source=rules.SOURCE,
        known={ME: person.pseudonym},
    )
    for answer in answers:
        if answer["status"] == "refused":
            raise Invalid(answer["errors"])


def ask(
    *,
    link: PersonalLink,
    person: Person,
    kind: str,
    text: str = "",
    ref: str = "",
    once: uuid.UUID | None = None,
) -> PersonRequest:
    """Hand in a request with its clock; one that is open already is returned, not doubled.

    `ref`: the reading that is contested; another person's is unknown here (LookupError). An objection is a consent
    event for everything the system declares as well, so that the gate says no from now on.
    """
    if kind not in rules.ANSWERED_BY:
        raise RuleBroken(N_("This cannot be asked."), code="unknown", field="kind")
    text = text.strip()
    if len(text) > 2000 or "\x00" in text:
        raise RuleBroken(N_("Use at most 2000 characters."), code="too_long", field="text")
    reading: dict[str, Any] = {}
    if kind == rules.RequestKind.CONTEST.value:
        found = holders.reading(person, ref)
        if found is None:
            raise LookupError(ref)
        reading = {"at": found.at.isoformat(), "emotion": found.emotion, "channel": found.channel}
    with transaction.atomic():
        PersonalLink.objects.select_for_update().get(
            pk=link.pk
        )  # two clicks of one person, one after the other
        open_one = PersonRequest.objects.filter(
            system=person.system, pseudonym=person.pseudonym, kind=kind, ref=ref, state__in=rules.OPEN
        ).first()
        if open_one is not None:
            return open_one
        if kind == rules.RequestKind.OBJECTION.value:
            lines = lines_of(person, link.language)
            number = once or uuid.uuid4()
            _record(link, person, [_event(link, person, "objected", one, number) for one in lines])
        now = timezone.now()
        made = PersonRequest.objects.create(
            system=person.system,
            link=link,
            pseudonym=person.pseudonym,
            kind=kind,
            language=link.language,
            ref=ref,
            reading=reading,
            text=text,
            received_at=now,
            received_by=by_link(link),
            due_on=rules.due_on(kind, now.date()),
        )
        body = {"kind": kind, "system": person.system.slug, "due_on": made.due_on.isoformat()}
        record(type="people.request_received", by=by_link(link), subject=made.subject, body=body)
    return made


def take_back(*, link: PersonalLink, request: PersonRequest) -> PersonRequest:
    """Withdraw one's own request while it is open; an objection that was recorded stays until a new yes."""
    with transaction.atomic():
        locked = PersonRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        locked.state = rules.after(locked.state, "withdraw")
        locked.closed_at, locked.closed_by = timezone.now(), by_link(link)
        locked.save()
        record(type="people.request_withdrawn", by=by_link(link), subject=locked.subject, body={})
    return locked
