"""Consent and policy decided without a database: who said what last, and what a policy makes of a situation."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from portal.errors import N_

ACTIONS = {
    "requested": N_("Consent was asked for"),
    "given": N_("Consent was given"),
    "refused": N_("Consent was refused"),
    "renewed": N_("Consent was renewed"),
    "withdrawn": N_("Consent was withdrawn"),
    "revoked": N_("Consent was revoked by the controller"),
    "invalidated": N_("Consent was found invalid"),
    "expired": N_("Consent expired"),
    "objected": N_("The person objected"),
}
"""Words of a consent event (the consent statuses of the W3C Data Privacy Vocabulary, and objection, GDPR Art 21)."""
AGREEING = frozenset({"given", "renewed"})
ACTORS = ("subject", "guardian", "controller", "authority")
BASES = {
    "consent": N_("Consent (GDPR Art 6(1)(a))"),
    "contract": N_("Contract (GDPR Art 6(1)(b))"),
    "legal_obligation": N_("Legal obligation (GDPR Art 6(1)(c))"),
    "vital_interest": N_("Vital interest (GDPR Art 6(1)(d))"),
    "public_task": N_("Public task (GDPR Art 6(1)(e))"),
    "legitimate_interest": N_("Legitimate interest (GDPR Art 6(1)(f))"),
}
EFFECTS = ("permit", "prohibit", "oblige")
LAYERS = ("raw", "features", "inference", "aggregate")
OPERATIONS = ("collect", "infer", "store", "share", "train", "decide")
BIOMETRIC = frozenset({"voice", "face", "behaviour", "physiology"})
DEPENDENT = frozenset({"employee", "candidate", "student"})
"""People whose consent is weak because of the imbalance of power (and whom AI Act Art 5(1)(f) protects)."""
SKEW = timedelta(minutes=5)
"""How far a client's clock may be ahead; beyond it a time counts as 'in the future'."""


@dataclass(frozen=True)
class Situation:
    """What somebody wants to do with whose emotion."""

    subject_role: str
    purpose: str
    modality: str
    layer: str = "inference"
    operation: str = "infer"
    recipient: str = "system"


@dataclass(frozen=True)
class PolicyRule:
    """One row of a policy; each field of the situation is a set of values, or empty for 'any'.

    'Any operation' never includes training: a permit to train on emotional data must name it.
    """

    id: str
    effect: str
    match: Mapping[str, frozenset[str]]
    basis: str = ""
    explicit: bool | None = None
    employee_exception: str = ""
    retention_days: int | None = None
    min_group: int | None = None
    reference: str = ""

    def covers(self, situation: Situation) -> bool:
        """Whether the row speaks about the situation."""
        if (
            self.effect == "permit"
            and situation.operation == "train"
            and "train" not in self.match["operation"]
        ):
            return False
        return all(not values or getattr(situation, name) in values for name, values in self.match.items())

    def wants_explicit(self, modality: str) -> bool:
        """Whether consent must be explicit: as the row says, else for biometric modalities."""
        return self.explicit if self.explicit is not None else modality in BIOMETRIC


OBJECTABLE = frozenset({"legitimate_interest", "public_task"})
"""Bases against which a person may object (GDPR Art 21(1): Art 6(1)(e) and (f))."""
ASKED = OBJECTABLE | {"consent"}
"""Bases on which the person's last word decides."""


def permits_on(
    policy: Iterable[PolicyRule], subject_role: str, purpose: str, modality: str
) -> list[PolicyRule]:
    """The permits that speak about somebody of this role (unknown: any), a purpose and a modality, in their order."""
    asked = {"purpose": purpose, "modality": modality}
    if subject_role != "unknown":
        asked["subject_role"] = subject_role
    return [
        rule
        for rule in policy
        if rule.effect == "permit"
        and all(not rule.match[name] or value in rule.match[name] for name, value in asked.items())
    ]


def explicit_wanted(policy: Iterable[PolicyRule], subject_role: str, purpose: str, modality: str) -> bool:
    """Whether a permit that rests on consent and speaks about this asks for explicit consent."""
    found = permits_on(policy, subject_role, purpose, modality)
    return any(rule.basis == "consent" and rule.wants_explicit(modality) for rule in found)


def asks_the_person(policy: Sequence[PolicyRule], subject_role: str, purpose: str, modality: str) -> bool:
    """Whether what the person says decides here: consent, or an objection to what may be objected to.

    True as well where no policy says otherwise: a no that was not needed harms nobody.
    """
    found = permits_on(policy, subject_role, purpose, modality)
    return not found or any(rule.basis in ASKED for rule in found)


def kept_days(
    policy: Iterable[PolicyRule], situation: Situation, default: int | None
) -> tuple[int | None, PolicyRule | None]:
    """(days that such readings are kept, None: nobody said; the permit that covers them)."""
    deciding = next((rule for rule in policy if rule.effect == "permit" and rule.covers(situation)), None)
    return (deciding.retention_days if deciding else None) or default, deciding


DIMENSIONS = ("subject_role", "purpose", "modality", "layer", "operation", "recipient")
_FIELDS = {
    "id",
    "effect",
    *DIMENSIONS,
    "basis",
    "explicit",
    "employee_exception",
    "retention_days",
    "min_group",
}
_FIELDS |= {"reference", "condition"}


def policy_rule(row: Mapping[str, Any]) -> PolicyRule:
    """A stored row as a PolicyRule (the row was checked by `faults_in`)."""
    return PolicyRule(
        id=str(row["id"]),
        effect=row["effect"],
        match={name: _values(row.get(name, "*")) for name in DIMENSIONS},
        basis=row.get("basis", ""),
        explicit=row.get("explicit"),
        employee_exception=row.get("employee_exception", ""),
        retention_days=row.get("retention_days"),
        min_group=row.get("min_group"),
        reference=row.get("reference", ""),
    )


def _values(value: Any) -> frozenset[str]:
    if value in ("*", "", None):
        return frozenset()
    return frozenset([value] if isinstance(value, str) else value)


def faults_in(rows: Sequence[Any]) -> list[dict[str, str]]:
    """What is wrong with the rows of a policy, as (field, code, message) rows; empty when nothing is."""
    if not rows:
        return [_fault("rules", "empty", N_("A policy needs at least one rule."))]
    faults: list[dict[str, str]] = []
    seen: set[str] = set()
    for n, row in enumerate(rows, start=1):
        at = f"rules[{n}]"
        if not isinstance(row, Mapping):
            faults.append(_fault(at, "invalid", N_("A rule is an object with fields.")))
            continue
        faults += _faults_of_row(row, at)
        name = str(row.get("id", ""))
        if name in seen:
            faults.append(_fault(f"{at}.id", "duplicate", N_("Another rule has this id.")))
        seen.add(name)
    return faults


def _faults_of_row(row: Mapping[str, Any], at: str) -> list[dict[str, str]]:
    faults = [
        _fault(f"{at}.{name[:100]}", "unknown_field", N_("This field is not known."))
        for name in sorted(set(row) - _FIELDS)
    ]
    if not isinstance(row.get("id"), str) or not row["id"].strip():
        faults.append(_fault(f"{at}.id", "required", N_("Give the rule an id.")))
    if row.get("effect") not in EFFECTS:
        faults.append(_fault(f"{at}.effect", "invalid", N_("The effect is permit, prohibit or oblige.")))
    faults += _faults_of_texts(row, at)
    if row.get("effect") == "permit" and row.get("basis") not in tuple(BASES):
        faults.append(_fault(f"{at}.basis", "required", N_("A permit names its basis under GDPR Art 6.")))
    for name in DIMENSIONS:
        value = row.get(name, "*")
        if not (
            isinstance(value, str) or (isinstance(value, list) and all(isinstance(x, str) for x in value))
        ):
            faults.append(_fault(f"{at}.{name}", "invalid", N_("One value, a list of values, or *.")))
        elif bad := _values(value) - _allowed(name, value):
            message = N_("This value is not known here.")
            faults.append(
                _fault(f"{at}.{name}", "unknown_value", message) | {"value": ", ".join(sorted(bad))}
            )
    faults += _faults_of_numbers(row, at)
    if row.get("explicit") is not None and not isinstance(row["explicit"], bool):
        faults.append(_fault(f"{at}.explicit", "invalid", N_("Yes, no, or left out.")))
    return faults


def _faults_of_numbers(row: Mapping[str, Any], at: str) -> list[dict[str, str]]:
    faults = []
    for name, most in _MOST.items():
        value = row.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            faults.append(_fault(f"{at}.{name}", "invalid", N_("A whole number above zero.")))
        elif value is not None and value > most:
            faults.append(_fault(f"{at}.{name}", "too_large", N_("This number is too large.")))
    return faults


_MOST = {"retention_days": 36_500, "min_group": 10_000}
_LONGEST = {"id": 60, "basis": 60, "employee_exception": 200, "reference": 200, "condition": 200}


def _faults_of_texts(row: Mapping[str, Any], at: str) -> list[dict[str, str]]:
    """Texts that are none, or too long to be read in a table."""
    return [
        _fault(f"{at}.{name}", "invalid", N_("A text of fair length."))
        for name, longest in _LONGEST.items()
        if row.get(name) is not None and not (isinstance(row[name], str) and len(row[name]) <= longest)
    ]


def _allowed(name: str, value: Any) -> frozenset[str]:
    """The closed lists; other dimensions take any word (they are checked against the declared flows elsewhere)."""
    closed = {"layer": LAYERS, "operation": OPERATIONS}
    return frozenset(closed[name]) if name in closed else _values(value)


def _fault(field: str, code: str, message: str) -> dict[str, str]:
    return {"field": field, "code": code, "message": message}


@dataclass(frozen=True)
class Word:
    """One consent event, as far as evaluation needs it."""

    id: UUID
    action: str
    effective_at: datetime
    recorded_at: datetime
    explicit: bool = False
    expires_at: datetime | None = None
    notice_version: int | None = None
    corrects: UUID | None = None


def last_word(words: Iterable[Word], at: datetime, known_at: datetime) -> Word | None:
    """What counted at `at` as known at `known_at`, for one person, purpose and modality: the slow, obvious way.

    A corrected event does not count once its correction is known. Of two at the same instant the later recorded
    wins; recorded together, the one that does not agree wins (the safe reading).
    """
    known = [w for w in words if w.recorded_at <= known_at]
    corrected = {w.corrects for w in known if w.corrects}
    standing = [
        w for w in known if w.id not in corrected and w.effective_at <= at and w.action != "requested"
    ]
    return max(
        standing,
        key=lambda w: (w.effective_at, w.recorded_at, w.action not in AGREEING, w.id.int),
        default=None,
    )


@dataclass(frozen=True)
class MaterialNotice:
    """A notice version with a material change: older consent ends at `due_at`."""

    version: int
    due_at: datetime


def why_not_valid(
    word: Word | None, at: datetime, *, explicit: bool, material: Sequence[MaterialNotice] = ()
) -> str:
    """'' when the word is valid consent at `at`, else a reason code of REASONS."""
    if word is None:
        return "no_consent"
    if word.action not in AGREEING:
        return word.action if word.action in REASONS else "no_consent"
    if word.expires_at is not None and word.expires_at <= at:
        return "expired"
    if explicit and not word.explicit:
        return "not_explicit"
    if any(n.version > (word.notice_version or 0) and n.due_at <= at for n in material):
        return "reconsent_due"
    return ""


REASONS = {
    "no_consent": N_("The policy needs consent, and this person gave none for this purpose and modality."),
    "refused": N_("This person refused."),
    "withdrawn": N_("This person withdrew consent."),
    "revoked": N_("The consent was revoked."),
    "invalidated": N_("The consent was found invalid."),
    "expired": N_("The consent has expired."),
    "objected": N_("This person objected."),
    "not_explicit": N_("The policy needs explicit consent, and this consent is not explicit."),
    "reconsent_due": N_("The notice changed materially since, and consent was not renewed in time."),
}
