"""The service desk: somebody on the phone or at the counter says yes or no, and a colleague writes it down.

The reference that the colleague types is turned into a pseudonym on arrival: it is neither stored nor shown again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance.consent import rules
from governance.consent.models import Alias, ConsentEvent, Notice, NoticeServed
from governance.consent.pseudonyms import pseudonym
from governance.consent.record import in_turn
from governance.consent.selectors import last_words, material_notices, policy_history
from governance.consent.services import record_consent_events
from governance.registry.models import DataFlow, System
from governance.registry.services import permitted
from portal.errors import N_, Invalid, RuleBroken

MOST_SHOWN = 50
SOURCE = "service desk"
"""The source of what is recorded here; the id of an event is that of the form, the purpose and the modality."""
ACTIONS = ("given", "refused", "withdrawn", "objected")
METHODS = {
    "telephone": N_("On the telephone"),
    "counter": N_("At the counter"),
    "letter": N_("By letter"),
    "email": N_("By e-mail"),
    "chat": N_("In a chat with a colleague"),
}
"""How the person said it."""


@dataclass(frozen=True)
class Said:
    """One word about one purpose × modality; each is an event of its own, never bundled."""

    purpose: str
    modality: str
    action: str


@dataclass(frozen=True)
class Standing:
    """What counts now for one person about one purpose × modality; `why_not`: '' when consent is valid."""

    purpose: str
    modality: str
    word: rules.Word | None
    why_not: str

    @property
    def sentence(self) -> str:
        """Why consent is not valid, in English, for translation where it is shown."""
        return rules.REASONS.get(self.why_not, "")


def topics(system: System) -> list[tuple[str, str]]:
    """Each (purpose, modality) of the declared data flows, once."""
    rows = DataFlow.objects.filter(system=system).values_list("purpose", "modality")
    return sorted(set(rows))


def record_at_desk(
    *,
    system: System,
    form_id: UUID,
    reference: str,
    said: Sequence[Said],
    by: object,
    subject_role: str,
    method: str,
    notice: Notice | None = None,
    actor: str = "subject",
    minor: str = "unknown",
    explicit: bool = False,
) -> int:
    """Record what a person said, all of it or nothing; the number of events. A form that is sent twice counts once.

    Raises NotAllowed; Invalid naming what is wrong; RuleBroken where the same form was sent before with other words.
    """
    permitted(by, "record_consent", system)
    if not said:
        raise Invalid(
            [
                {
                    "field": "said",
                    "code": "required",
                    "message": N_("Choose what the person said, for at least one row."),
                }
            ]
        )
    with transaction.atomic():
        in_turn(system)  # the second click waits for the first and finds its events
        shared = {
            "subject": reference,
            "subject_role": subject_role,
            "effective_at": _moment(system, form_id),
            "method": method,
            "actor": actor,
            "minor": minor,
        }
        agreed = {"explicit": explicit} | _names(notice)
        items = [
            _item(one, form_id, shared | (agreed if one.action in rules.AGREEING else {})) for one in said
        ]
        answers = record_consent_events(system=system, items=items, by=by, source=SOURCE)
        if faults := [fault for answer in answers for fault in answer["errors"]]:
            raise Invalid(_once(faults))
        if any(answer["status"] == "conflict" for answer in answers):
            raise RuleBroken(
                N_("This form was sent before with other words. Open a new form to record something else."),
                code="sent_before",
            )
    return len(answers)


def _names(notice: Notice | None) -> dict[str, Any]:
    return {} if notice is None else {"notice_version": notice.version, "language": notice.language}


def _item(one: Said, form_id: UUID, shared: dict[str, Any]) -> dict[str, Any]:
    """One row of the form as a consent event of its own."""
    return {
        "id": f"{form_id}:{one.purpose}:{one.modality}",
        "purpose": one.purpose,
        "modality": one.modality,
        "action": one.action,
        **shared,
    }


def _moment(system: System, form_id: UUID) -> datetime:
    """Now, or when this form was first sent: a repetition is the same event, not a later one."""
    first = ConsentEvent.objects.filter(
        system_id=system.pk, source=SOURCE, source_event__startswith=f"{form_id}:"
    )
    return first.values_list("effective_at", flat=True).first() or timezone.now()


def _once(faults: list[dict[str, str]]) -> list[dict[str, str]]:
    """The same fault of several rows is said once."""
    return list({(fault["field"], fault["code"]): fault for fault in faults}.values())


def standing_of(*, system: System, reference: str, by: object) -> list[Standing]:
    """What stands now for the person of this reference, for each declared purpose × modality. Raises NotAllowed."""
    permitted(by, "record_consent", system)
    now, asked = timezone.now(), topics(system)
    person = pseudonym(system.pk, reference)
    words = last_words(system.pk, [(person, purpose, modality, now) for purpose, modality in asked], now)
    material = material_notices(system.pk)
    history = [
        policy for policy in policy_history(system.pk) if policy.effective_at and policy.effective_at <= now
    ]
    policy = [rules.policy_rule(row) for row in history[0].rules] if history else []
    return [
        Standing(
            purpose,
            modality,
            word,
            rules.why_not_valid(
                word,
                now,
                explicit=rules.explicit_wanted(policy, "unknown", purpose, modality),
                material=material,
            ),
        )
        for (purpose, modality), word in zip(asked, words, strict=True)
    ]


def shown_to(*, system: System, reference: str, by: object) -> list[NoticeServed]:
    """Which notices the person of this reference was shown, where and when, the newest first. Raises NotAllowed."""
    permitted(by, "record_consent", system)
    subjects = Alias.objects.filter(system_id=system.pk, digest=pseudonym(system.pk, reference)).values(
        "subject_id"
    )
    rows = NoticeServed.objects.filter(system_id=system.pk, subject_id__in=subjects).select_related("notice")
    return list(rows.order_by("-served_at", "-pk")[:MOST_SHOWN])
