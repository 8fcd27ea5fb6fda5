"""From the facts of a data flow and dated rules to a legal outcome; pure, with three-valued logic.

A fact that is not known makes a condition neither true nor false. A prohibition that is certainly true always wins;
otherwise whatever a missing fact could still turn worse puts the flow on hold. Source of the rules: the law catalogue.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from governance.registry.rules import FLOW_FACTS, Described
from portal.datafile import Text
from portal.errors import N_

Conditions = Mapping[str, frozenset[str]]


class Outcome(Described):
    """What the law makes of a data flow."""

    PROHIBITED = "prohibited", N_("Prohibited")
    HOLD = "hold", N_("On hold: facts are missing")
    HIGH_RISK = "high_risk", N_("High risk")
    NOT_EMOTION_RECOGNITION = "not_emotion_recognition", N_("Not emotion recognition")
    TRANSPARENCY = "transparency", N_("Transparency duty")
    MINIMAL = "minimal", N_("Minimal risk")


class Signature(Described):
    """Where the signature under a screening stands."""

    UNSIGNED = "unsigned", N_("Not signed")
    SIGNED = "signed", N_("Signed")
    ENDS_SOON = "signature_ends_soon", N_("Signature ends soon")
    EXPIRED = "screening_expired", N_("Screening expired")


RENEW_DAYS = 90
"""Days before its end from which a signature waits to be renewed; the first reminder goes out on the same day."""
GRACE_DAYS = 30
"""Days that a flow in force goes on after its signature ended, where the law does not rest on that signature."""

# the order in which rules are asked; the first that is true decides
ORDER = tuple(Outcome.values())
# how bad an outcome is when two screenings of a flow are compared
BADNESS = {
    "minimal": 0,
    "not_emotion_recognition": 0,
    "transparency": 1,
    "high_risk": 2,
    "hold": 3,
    "prohibited": 4,
}
UNKNOWN_FACT: Text = {
    "en": "Describe the flow completely: a fact is not known yet.",
    "nl": "Beschrijf de stroom volledig: een feit is nog niet bekend.",
}
NO_RULE: Text = {
    "en": "No rule covers this flow. Ask a lawyer.",
    "nl": "Geen regel dekt deze stroom. Vraag het een jurist.",
}
OPEN: Text = {
    "en": "The outcome depends on questions that are still open.",
    "nl": "De uitkomst hangt af van vragen die nog openstaan.",
}


@dataclass(frozen=True)
class Duty:
    """What must be done, from which day and by whom; `other_from` is the date of a second reading of unsettled law."""

    id: str
    article: str
    role: str
    applies_from: dt.date
    text: Text
    other_from: dt.date | None = None
    other_text: Text = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """One row of the law: true when one of `when` is true and none of `unless` is."""

    id: str
    outcome: str
    article: str
    source: str
    valid_from: dt.date
    valid_to: dt.date | None
    applies_from: dt.date | None
    when: tuple[Conditions, ...]
    unless: tuple[Conditions, ...]
    reason: Text
    would_change: tuple[Text, ...]
    duties: tuple[str, ...]

    def valid(self, on: dt.date) -> bool:
        """True on the days on which this rule is law; both ends inclusive."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True)
class Law:
    """A version of the catalogue: rules in order, duties and questions by id."""

    version: str
    source: str
    rules: tuple[Rule, ...]
    duties: Mapping[str, Duty]
    questions: Mapping[str, Text]


@dataclass(frozen=True)
class Result:
    """What `evaluate` found; the texts are in all languages of the catalogue."""

    outcome: str
    rule: str
    articles: tuple[str, ...]
    reason: Text
    duties: tuple[dict[str, Any], ...]
    would_change: tuple[Text, ...]
    open_questions: tuple[dict[str, Any], ...]


def evaluate(facts: Mapping[str, str | None], law: Law, on: dt.date) -> Result:
    """The outcome of a flow with these facts on this day."""
    rules = sorted((r for r in law.rules if r.valid(on)), key=lambda r: ORDER.index(r.outcome))
    for rule in rules:
        if rule.outcome == "prohibited" and _truth(rule, facts) is True:
            return _result(rule, facts, law, on)
    missing = [name for name in FLOW_FACTS if _value(facts, name) is None]
    if missing:
        return _hold(UNKNOWN_FACT, missing, law)
    asked: list[str] = []
    undecided: list[Rule] = []
    for rule in rules:
        truth = _truth(rule, facts)
        if truth is None:
            undecided.append(rule)
            asked += [name for name in _missing(rule, facts) if name not in asked]
        elif truth and undecided:
            return _hold(OPEN, asked, law, undecided)
        elif truth:
            return _result(rule, facts, law, on)
    return _hold(OPEN, asked, law, undecided) if undecided else _hold(NO_RULE, [], law)


def worse(after: str, before: str) -> bool:
    """True where the outcome `after` is worse than `before`."""
    return BADNESS[after] > BADNESS[before]


def digest(facts: Mapping[str, Any]) -> str:
    """SHA-256 over the facts, to see that a screening is about the flow as it is now."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _value(facts: Mapping[str, str | None], name: str) -> str | None:
    value = facts.get(name)
    return None if value in (None, "", "unknown") else value


def _holds(conditions: Conditions, facts: Mapping[str, str | None]) -> bool | None:
    truth: bool | None = True
    for name, allowed in conditions.items():
        value = _value(facts, name)
        if value is None:
            truth = None
        elif value not in allowed:
            return False
    return truth


def _any(alternatives: Iterable[Conditions], facts: Mapping[str, str | None]) -> bool | None:
    truths = [_holds(conditions, facts) for conditions in alternatives]
    return True if True in truths else None if None in truths else False


def _truth(rule: Rule, facts: Mapping[str, str | None]) -> bool | None:
    when, unless = _any(rule.when, facts), _any(rule.unless, facts)
    if when is False or unless is True:
        return False
    return None if when is None or unless is None else True


def _missing(rule: Rule, facts: Mapping[str, str | None]) -> list[str]:
    open_ones = [c for c in (*rule.when, *rule.unless) if _holds(c, facts) is None]
    return list(dict.fromkeys(n for c in open_ones for n in c if _value(facts, n) is None))


def _result(rule: Rule, facts: Mapping[str, str | None], law: Law, on: dt.date) -> Result:
    role = facts.get("provider_role") or "both"
    duties = [law.duties[name] for name in rule.duties]
    owed = [duty for duty in duties if "both" in (duty.role, role) or duty.role == role]
    return Result(
        outcome=rule.outcome,
        rule=rule.id,
        articles=(rule.article,),
        reason=rule.reason,
        duties=tuple(_dated(duty, on) for duty in owed),
        would_change=rule.would_change,
        open_questions=(),
    )


def _dated(duty: Duty, on: dt.date) -> dict[str, Any]:
    """A duty as data: since when or from when, and both readings where the law is unsettled."""
    row: dict[str, Any] = {
        "id": duty.id,
        "article": duty.article,
        "role": duty.role,
        "text": dict(duty.text),
        "applies_from": duty.applies_from.isoformat(),
        "in_effect": duty.applies_from <= on,
    }
    if duty.other_from is not None:
        row["other_reading"] = {"applies_from": duty.other_from.isoformat(), "text": dict(duty.other_text)}
    return row


def _hold(reason: Text, missing: Sequence[str], law: Law, undecided: Sequence[Rule] = ()) -> Result:
    return Result(
        outcome="hold",
        rule="",
        articles=tuple(dict.fromkeys(rule.article for rule in undecided)),
        reason=reason,
        duties=(),
        would_change=tuple(text for rule in undecided for text in rule.would_change),
        open_questions=tuple(
            {"fact": name, "text": dict(law.questions.get(name, UNKNOWN_FACT))} for name in missing
        ),
    )


def why_not_sign(*, outcome: str, superseded: bool, current: bool) -> str:
    """Why this screening cannot be signed; empty where it can."""
    if superseded or not current:
        return N_("The flow or the law changed since. Screen it again and sign the newer screening.")
    if outcome == "hold":
        return N_("Facts are missing. Answer the open questions first.")
    return ""


def signature(valid_until: dt.date | None, on: dt.date) -> Signature:
    """Where a signature that is valid until that day (included; None: nobody signed) stands."""
    if valid_until is None:
        return Signature.UNSIGNED
    if valid_until < on:
        return Signature.EXPIRED
    return Signature.ENDS_SOON if (valid_until - on).days <= RENEW_DAYS else Signature.SIGNED


def rests_on_signature(facts: Mapping[str, str | None], law: Law, on: dt.date) -> bool:
    """True where the law allows the flow only because a lawyer signed it off: without that it would be worse."""
    if facts.get("legal_sign_off") != "yes":
        return False
    without = evaluate({**facts, "legal_sign_off": "no"}, law, on)
    return worse(without.outcome, evaluate(facts, law, on).outcome)


def last_day(valid_until: dt.date, rests: bool) -> dt.date:
    """The last day on which a flow that is in force may run under a signature that is valid until `valid_until`."""
    return valid_until if rests else valid_until + dt.timedelta(days=GRACE_DAYS)


def a_year_later(day: dt.date) -> dt.date:
    """The last day on which something signed on `day` is valid: the same date a year later, 28 for 29 February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)
