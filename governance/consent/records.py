"""Consent events as DPV records: which there are, in the order in which they arrived, and what surrounds each."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse

from governance.consent import dpv, rules
from governance.consent.models import ConsentEvent, Policy
from governance.consent.selectors import policy_history
from governance.registry import rules as register
from governance.registry.models import DataFlow, System
from portal.accounts.selectors import organisation
from portal.errors import N_, Invalid, RuleBroken


def controller() -> dpv.Controller:
    """The organisation as its settings describe it. Raises RuleBroken naming what is not set."""
    top = organisation()
    found = dpv.Controller(
        name=settings.CONTROLLER_NAME or (top.name if top else ""),
        address=settings.CONTROLLER_ADDRESS,
        contact=settings.CONTROLLER_CONTACT,
        country=settings.CONTROLLER_COUNTRY,
        authority=settings.CONTROLLER_AUTHORITY,
    )
    if missing := found.missing():
        raise RuleBroken(
            N_("A consent record names who is responsible. Set in the environment: {names}."),
            code="controller_unknown",
            names=", ".join(f"ATTUNE_CONTROLLER_{name.upper()}" for name in missing),
        )
    return found


def events_after(system: System, after: str) -> QuerySet[ConsentEvent]:
    """The events of a system behind the one with this id ('' : all), in the order in which they arrived.

    Batches of a system are stored one after another, so no event ever appears before one that was read already.
    Raises Invalid for an id that is no event of this system.
    """
    rows = ConsentEvent.objects.filter(system_id=system.pk, action__in=dpv.STATUS)
    rows = rows.select_related("notice", "subject").order_by("recorded_at", "id")
    if not after:
        return rows
    last = ConsentEvent.objects.filter(system_id=system.pk, pk=_uuid(after)).first()
    if last is None:
        message = N_("This is no event of this system.")
        raise Invalid([{"field": "after", "code": "unknown_event", "message": message}])
    return rows.filter(Q(recorded_at__gt=last.recorded_at) | Q(recorded_at=last.recorded_at, pk__gt=last.pk))


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        message = N_("Give the id of an event.")
        raise Invalid([{"field": "after", "code": "invalid", "message": message}]) from error


class Surroundings:
    """What the records of one system share: its flows and its policies. Two queries."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.recipients: dict[tuple[str, str], list[str]] = {}
        for purpose, modality, recipient in DataFlow.objects.filter(system=system).values_list(
            "purpose", "modality", "recipient"
        ):
            told = _sentence(register.Recipient, recipient)
            known = self.recipients.setdefault((purpose, modality), [])
            if told not in known:
                known.append(told)
        self.policies = policy_history(system.pk)

    def event(self, row: ConsentEvent) -> dpv.Event:
        """A stored event as the records show it."""
        return dpv.Event(
            id=row.pk,
            system=self.system.name,
            subject=str(row.subject_id),
            role=row.subject.role,
            purpose=(row.purpose, _sentence(register.Purpose, row.purpose)),
            modality=(row.modality, _sentence(register.Modality, row.modality)),
            recipients=self.recipients.get((row.purpose, row.modality), [self.system.name]),
            action=row.action,
            explicit=row.explicit,
            actor=row.actor,
            method=row.method,
            effective_at=row.effective_at,
            expires_at=row.expires_at,
            recorded_at=row.recorded_at,
            retention_days=self._retention(row),
            notice=self._notice(row),
            corrects=row.corrects_id,
        )

    def _retention(self, row: ConsentEvent) -> int | None:
        """How long the policy in force at that time keeps what the consent covers."""
        policy = self._policy(row)
        if policy is None:
            return None
        asked = rules.Situation(row.subject.role, row.purpose, row.modality)
        table = map(rules.policy_rule, policy.rules)
        return rules.kept_days(table, asked, policy.retention_days)[0]

    def _policy(self, row: ConsentEvent) -> Policy | None:
        return next((p for p in self.policies if p.effective_at and p.effective_at <= row.effective_at), None)

    def _notice(self, row: ConsentEvent) -> dpv.Shown | None:
        if row.notice is None:
            return None
        path = reverse("notice_detail", args=[self.system.slug, row.notice.pk])
        address = f"{settings.BASE_URL.rstrip('/')}{path}"
        return dpv.Shown(address, row.notice.version, row.notice.language, row.notice.sha256)


def _sentence(words: Any, value: str) -> str:
    """The English sentence of a declared word; a word of no list as it stands."""
    known: dict[str, str] = dict(words.choices())
    return known.get(value, value)


def records(system: System, rows: Sequence[ConsentEvent]) -> list[dict[str, Any]]:
    """The records of these events. Raises RuleBroken while it is not known who is responsible."""
    who, around = controller(), Surroundings(system)
    return [dpv.record(around.event(row), who) for row in rows]


def receipt(system: System, row: ConsentEvent) -> dict[str, Any]:
    """The receipt of one event. Raises RuleBroken for an objection, and while it is not known who is responsible."""
    _consent_only(row)
    return dpv.receipt(Surroundings(system).event(row), controller())


def record(system: System, row: ConsentEvent) -> dict[str, Any]:
    """The record of one event, whole with its context. Raises RuleBroken as `receipt` does."""
    _consent_only(row)
    return {"@context": dpv.CONTEXT, **dpv.record(Surroundings(system).event(row), controller())}


def _consent_only(row: ConsentEvent) -> None:
    if row.action not in dpv.STATUS:
        raise RuleBroken(
            N_("An objection is no consent: ISO/IEC TS 27560 has no record for it."), code="no_consent_record"
        )
