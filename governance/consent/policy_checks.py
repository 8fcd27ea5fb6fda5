"""What is doubtful about a data-use policy although it can be stored: rules that contradict each other, never apply or
promise what the law forbids. Pure; run while a policy is drafted and again before it is approved."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from governance.consent.rules import BIOMETRIC, DEPENDENT, DIMENSIONS, PolicyRule, Situation, kept_days
from portal.errors import N_

LOG_MINIMUM_DAYS = 184
"""The longest six months there are: logs of high-risk systems are kept at least that long (AI Act Arts 19, 26(6))."""
LOG_MINIMUM_FROM = dt.date(2027, 12, 2)
"""From when that counts for the systems of Annex III."""
LAWFUL_FOR_DEPENDENT = frozenset({"medical", "safety", "own_training"})


@dataclass(frozen=True)
class DeclaredFlow:
    """A data flow, as far as a policy is held against it."""

    slug: str
    subject_role: str
    purpose: str
    modality: str
    recipient: str
    high_risk: bool = False

    def situation(self) -> Situation:
        """The question that the gate asks for each interaction of this flow."""
        return Situation(self.subject_role, self.purpose, self.modality, recipient=self.recipient)


@dataclass(frozen=True)
class Doubt:
    """One remark: about which rule ('' : the policy as a whole), how grave, and what it says."""

    rule: str
    severity: str  # "high": it will not do what it says; "medium": look at it
    code: str
    message: str
    params: dict[str, object] = field(default_factory=dict)


def doubts(
    rules: Sequence[PolicyRule],
    flows: Sequence[DeclaredFlow],
    *,
    privacy_floor: int,
    retention_days: int | None = None,
) -> list[Doubt]:
    """Every remark on these rules for a system with these flows, the grave ones first."""
    found = [
        *_contradictions(rules),
        *_unreachable(rules),
        *_locked(rules),
        *_weak_consent(rules),
        *_idle(rules, flows),
        *_uncovered(rules, flows),
        *_too_short(rules, flows, retention_days),
        *_small_groups(rules, privacy_floor),
    ]
    return sorted(found, key=lambda doubt: doubt.severity != "high")


def _inside(inner: PolicyRule, outer: PolicyRule) -> bool:
    """Whether every situation that `inner` speaks about is one that `outer` speaks about too."""
    for name in DIMENSIONS:
        wide, narrow = outer.match[name], inner.match[name]
        if wide and not (narrow and narrow <= wide):
            return False
    if outer.effect == "permit":  # 'any operation' of a permit leaves training out
        trains = "train" in inner.match["operation"] or (
            inner.effect != "permit" and not inner.match["operation"]
        )
        return not trains or "train" in outer.match["operation"]
    return True


def _contradictions(rules: Sequence[PolicyRule]) -> Iterator[Doubt]:
    permits = [rule for rule in rules if rule.effect == "permit"]
    for permit, other in product(permits, rules):
        if other.effect == "prohibit" and _inside(permit, other):
            message = N_("The permit {rule} never counts: the prohibition {other} covers all of it.")
            yield Doubt(
                permit.id, "high", "permit_under_prohibition", message, {"rule": permit.id, "other": other.id}
            )
    for n, one in enumerate(permits):
        for other in permits[n + 1 :]:
            same = one.match == other.match
            if same and (one.basis, one.explicit) != (other.basis, other.explicit):
                message = N_("{rule} and {other} permit the same on different grounds; the first counts.")
                yield Doubt(other.id, "high", "contradiction", message, {"rule": one.id, "other": other.id})
            elif one.basis != other.basis and _cross(one, other):
                message = N_(
                    "{rule} and {other} overlap on different grounds; where both speak, the first counts."
                )
                yield Doubt(other.id, "medium", "overlap", message, {"rule": one.id, "other": other.id})


def _cross(one: PolicyRule, other: PolicyRule) -> bool:
    """Whether both permits speak about some situation and neither about all of the other's.

    One inside the other is an exception before its rule, or never decides.
    """
    return overlap(one, other) and not _inside(one, other) and not _inside(other, one)


def overlap(one: PolicyRule, other: PolicyRule) -> bool:
    """Whether some situation is one that both permits speak about."""
    training = [rule for rule in (one, other) if rule.match["operation"] == frozenset({"train"})]
    if len(training) == 1:  # 'any operation' of the other leaves training out
        rest = other if training[0] is one else one
        if "train" not in rest.match["operation"]:
            return False
    return all(
        not one.match[name] or not other.match[name] or one.match[name] & other.match[name]
        for name in DIMENSIONS
    )


def _unreachable(rules: Sequence[PolicyRule]) -> Iterator[Doubt]:
    """The first permit that covers a situation decides; a prohibition inside a wider one adds nothing."""
    for n, rule in enumerate(rules):
        earlier = rules[:n] if rule.effect == "permit" else [one for one in rules if one is not rule]
        for other in earlier:
            twin = other.match == rule.match and rules.index(other) > n
            if other.effect == rule.effect and _inside(rule, other) and not twin:
                message = N_("{rule} never decides: {other} covers all of it.")
                yield Doubt(rule.id, "medium", "unreachable", message, {"rule": rule.id, "other": other.id})
                break


def _touches(rule: PolicyRule, name: str, values: frozenset[str]) -> bool:
    return not rule.match[name] or bool(rule.match[name] & values)


def _locked(rules: Sequence[PolicyRule]) -> Iterator[Doubt]:
    """Permits that a prohibition of the law takes back, whatever the policy says."""
    for rule in rules:
        if rule.effect != "permit":
            continue
        names: dict[str, object] = {"rule": rule.id}
        roles, purposes = rule.match["subject_role"], rule.match["purpose"]
        if (
            roles
            and roles <= DEPENDENT
            and rule.match["modality"]
            and rule.match["modality"] <= BIOMETRIC
            and purposes
            and not purposes & LAWFUL_FOR_DEPENDENT
        ):
            message = N_("{rule} permits what AI Act Art 5(1)(f) prohibits: the gate says no all the same.")
            yield Doubt(rule.id, "high", "locked_workplace", message, names)
        if _touches(rule, "subject_role", DEPENDENT) and "decide" in rule.match["operation"]:
            message = N_("{rule} permits decisions about individual workers: the gate says no all the same.")
            yield Doubt(rule.id, "high", "locked_decision", message, names)
        layers = rule.match["layer"]
        if (
            purposes == frozenset({"worker_evaluation"})
            and roles
            and roles <= DEPENDENT
            and layers != frozenset({"aggregate"})
        ):
            message = N_("{rule} permits judging individual workers: the gate says no all the same.")
            yield Doubt(rule.id, "high", "locked_review", message, names)
        if "train" in rule.match["operation"] and rule.basis not in ("consent", "legitimate_interest"):
            message = N_("{rule} permits training on emotional data: check that its basis reaches that far.")
            yield Doubt(rule.id, "medium", "training", message, names)


def _weak_consent(rules: Sequence[PolicyRule]) -> Iterator[Doubt]:
    for rule in rules:
        dependent = _touches(rule, "subject_role", DEPENDENT)
        if rule.effect == "permit" and rule.basis == "consent" and dependent and not rule.employee_exception:
            message = N_(
                "{rule} rests on consent of people who depend on you: it does not count without an exception."
            )
            yield Doubt(rule.id, "medium", "weak_consent", message, {"rule": rule.id})


def _idle(rules: Sequence[PolicyRule], flows: Sequence[DeclaredFlow]) -> Iterator[Doubt]:
    names = ("subject_role", "purpose", "modality")
    for rule in rules:
        if flows and not any(
            all(_touches(rule, name, frozenset([getattr(flow, name)])) for name in names) for flow in flows
        ):
            message = N_("{rule} speaks about no declared data flow.")
            yield Doubt(rule.id, "medium", "idle", message, {"rule": rule.id})


def _uncovered(rules: Sequence[PolicyRule], flows: Sequence[DeclaredFlow]) -> Iterator[Doubt]:
    for flow in flows:
        covering = [rule for rule in rules if rule.covers(flow.situation())]
        if not any(rule.effect in ("permit", "prohibit") for rule in covering):
            message = N_("No rule speaks about the data flow {flow}: the gate answers no.")
            yield Doubt("", "medium", "uncovered", message, {"flow": flow.slug})


def _too_short(
    rules: Sequence[PolicyRule], flows: Sequence[DeclaredFlow], retention_days: int | None
) -> Iterator[Doubt]:
    for flow in flows:
        if not flow.high_risk:
            continue
        days, deciding = kept_days(rules, flow.situation(), retention_days)
        if days is not None and days < LOG_MINIMUM_DAYS:
            message = N_(
                "The high-risk flow {flow} keeps data {days} days; from {day} on logs are kept at least six months."
            )
            params = {"flow": flow.slug, "days": days, "day": LOG_MINIMUM_FROM.isoformat()}
            yield Doubt(
                deciding.id if deciding else "", "medium", "retention_below_log_minimum", message, params
            )


def _small_groups(rules: Sequence[PolicyRule], privacy_floor: int) -> Iterator[Doubt]:
    for rule in rules:
        if rule.min_group is not None and rule.min_group < privacy_floor:
            message = N_("{rule} allows groups of {n}; the installation shows none below {floor}.")
            params = {"rule": rule.id, "n": rule.min_group, "floor": privacy_floor}
            yield Doubt(rule.id, "medium", "below_floor", message, params)
