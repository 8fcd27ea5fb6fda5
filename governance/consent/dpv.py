"""A consent event as a record or receipt of ISO/IEC TS 27560, in JSON-LD with terms of the Data Privacy Vocabulary.

Profile: dpv-27560:record-eu-gdpr and :receipt-eu-gdpr of the W3C community group DPVCG; which field holds what follows
the table 'ISO 27560:2023, EU GDPR, and DPV' of its guide. Pure. The schema in the catalogue holds the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

RECORD = "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"
RECEIPT = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"
CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "loc": "https://w3id.org/dpv/loc#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "dct": "http://purl.org/dc/terms/",
    "schema": "https://schema.org/",
}
STATUS = {
    "requested": "dpv:ConsentRequested",
    "given": "dpv:ConsentGiven",
    "refused": "dpv:ConsentRefused",
    "renewed": "dpv:RenewedConsentGiven",
    "withdrawn": "dpv:ConsentWithdrawn",
    "revoked": "dpv:ConsentRevoked",
    "invalidated": "dpv:ConsentInvalidated",
    "expired": "dpv:ConsentExpired",
}
"""An objection is no consent, and DPV has no status for it: it gets no record."""
SUBJECT = {
    "customer": "dpv:Customer",
    "employee": "dpv:Employee",
    "candidate": "dpv:JobApplicant",
    "student": "dpv:Student",
}
"""Roles for which DPV has a class; everybody else is a dpv:DataSubject."""
ACTOR = {
    "subject": "dpv:DataSubject",
    "guardian": "dpv:GuardianOfDataSubject",
    "controller": "dpv:DataController",
    "authority": "dpv:Authority",
}
RIGHTS = (
    "GDPR Art 7(3): withdraw consent",
    "GDPR Art 15-18, 20: access, rectification, erasure, restriction, portability",
    "GDPR Art 77: lodge a complaint",
)


@dataclass(frozen=True)
class Controller:
    """Who answers for the processing: what the profile asks of the organisation."""

    name: str
    address: str
    contact: str
    country: str  # ISO 3166-1 alpha-2: where the data is stored and processed
    authority: str

    def missing(self) -> list[str]:
        """The names of what is not known."""
        return [name for name, value in vars(self).items() if not value]


@dataclass(frozen=True)
class Shown:
    """The notice to which an event refers."""

    address: str
    version: int
    language: str
    sha256: str


@dataclass(frozen=True)
class Event:
    """One consent event with what was declared and told about its processing."""

    id: UUID
    system: str
    subject: str
    role: str
    purpose: tuple[str, str]  # (word, sentence)
    modality: tuple[str, str]
    recipients: Sequence[str]
    action: str
    explicit: bool
    actor: str
    method: str
    effective_at: datetime
    expires_at: datetime | None
    recorded_at: datetime
    retention_days: int | None
    notice: Shown | None
    corrects: UUID | None = None


def record(event: Event, controller: Controller) -> dict[str, Any]:
    """The consent record, without @context. Raises KeyError for an action that is no consent (an objection)."""
    made: dict[str, Any] = {
        "@id": f"urn:uuid:{event.id}",
        "@type": "dpv:ConsentRecord",
        "dct:identifier": str(event.id),
        "dct:conformsTo": RECORD,
        "dct:created": _time(event.recorded_at),
        "dpv:hasDataSubject": {
            "@type": SUBJECT.get(event.role, "dpv:DataSubject"),
            "dct:identifier": event.subject,
        },
        "dpv:hasDataController": _party(controller),
        "dpv:hasAuthority": {"@type": "dpv:Authority", "dpv:hasName": controller.authority},
        "dpv:hasJurisdiction": f"loc:{controller.country}",
        "dpv:hasLegalBasis": "eu-gdpr:A6-1-a",
        "dpv:hasProcess": _process(event, controller),
        "dpv:hasConsentControl": {"@type": "dpv:WithdrawConsent", "dpv:isExercisedAt": controller.contact},
        "dpv:hasRight": [{"@type": "dpv:DataSubjectRight", "dct:title": title} for title in RIGHTS],
        "dpv:hasConsentStatus": [_status(event)],
    }
    if event.notice is not None:
        made["dpv:hasNotice"] = _notice(event.notice)
    if event.corrects is not None:
        made["dct:replaces"] = f"urn:uuid:{event.corrects}"
    return made


def receipt(event: Event, controller: Controller) -> dict[str, Any]:
    """The receipt for the person: the record, wrapped; the same event always has the same receipt id."""
    number = uuid5(NAMESPACE_URL, f"urn:uuid:{event.id}#receipt")
    return {
        "@context": CONTEXT,
        "@id": f"urn:uuid:{number}",
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": str(number),
        "dct:conformsTo": RECEIPT,
        "dct:created": _time(event.recorded_at),
        "dct:publisher": controller.name,
        "schema:recipient": "dpv:DataSubject",
        "dpv:hasRecordOfActivity": record(event, controller),
    }


def _party(controller: Controller) -> dict[str, Any]:
    return {
        "@type": "dpv:DataController",
        "dct:identifier": controller.name,
        "dpv:hasName": controller.name,
        "dpv:hasAddress": controller.address,
        "dpv:hasContact": controller.contact,
    }


def _process(event: Event, controller: Controller) -> dict[str, Any]:
    place = f"loc:{controller.country}"
    kept: dict[str, Any] = {"@type": "dpv:StorageDuration"}
    if event.retention_days is None:
        kept["dct:description"] = "Until the purpose ends: the policy sets no number of days."
    else:
        kept["dpv:hasDuration"] = f"P{event.retention_days}D"
    return {
        "@type": "dpv:Process",
        "dpv:hasService": event.system,
        "dpv:hasPurpose": {
            "@type": "dpv:Purpose",
            "dct:identifier": event.purpose[0],
            "dct:title": event.purpose[1],
        },
        "dpv:hasPersonalData": {
            "@type": "dpv:PersonalData",
            "dct:identifier": event.modality[0],
            "dct:title": f"Emotion read from: {event.modality[1]}",
            "dpv:hasNecessity": "dpv:Optional",
            "dpv:hasDataSource": "dpv:DataSubject",
        },
        "dpv:hasProcessing": [
            "dpv:Collect",
            {"@type": "dpv:Processing", "dct:title": "An AI system infers an emotion"},
        ],
        "dpv:hasLocation": place,
        "dpv:hasStorageCondition": [{"@type": "dpv:StorageLocation", "dpv:hasLocation": place}, kept],
        "dpv:hasRecipient": [{"@type": "dpv:Recipient", "dct:title": title} for title in event.recipients],
    }


def _status(event: Event) -> dict[str, Any]:
    end = _time(event.expires_at) if event.expires_at else ".."
    made = {
        "@type": STATUS[event.action],
        "dct:date": _time(event.effective_at),
        "dct:valid": f"{_time(event.effective_at)}/{end}",
        "dpv:hasLegalBasis": "dpv:ExplicitlyExpressedConsent" if event.explicit else "dpv:ExpressedConsent",
        "dpv:isImplementedByEntity": ACTOR[event.actor],
        "dpv:isIndicatedBy": ACTOR[event.actor],
    }
    return made | ({"dpv:hasIndicationMethod": event.method} if event.method else {})


def _notice(notice: Shown) -> dict[str, Any]:
    return {
        "@id": notice.address,
        "@type": "dpv:ConsentNotice",
        "dct:identifier": f"sha256:{notice.sha256}",
        "dct:title": f"version {notice.version}",
        "dct:language": notice.language,
    }


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
