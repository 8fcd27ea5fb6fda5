"""The order in which 'may this be processed?' is answered; pure, deny by default, a prohibition always wins."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from governance.consent.rules import (
    AGREEING,
    ASKED,
    BIOMETRIC,
    DEPENDENT,
    OBJECTABLE,
    REASONS,
    PolicyRule,
    Situation,
    Word,
)
from portal.errors import N_

ALLOW, VIOLATION, GAP, DOUBTFUL = "allow", "violation", "gap", "basis_doubtful"
CACHE_SECONDS = 60
"""An answer is never older than this: a suspension is felt within a minute everywhere, at once here."""
_LONGEST = dt.timedelta(seconds=CACHE_SECONDS)
LAWFUL_WORKPLACE = frozenset({"medical", "safety", "own_training"})
"""Purposes that AI Act Art 5(1)(f) leaves open (the first two), or that only a signed screening lets through."""

OBJECTIONS = frozenset({"objected", "withdrawn", "refused"})
"""A person's own no."""

SENTENCES = {
    "undeclared": N_(
        "No data flow of this system declares this combination of person, modality and purpose."
    ),
    "undeclared_recipient": N_("This data flow declares no such recipient."),
    "no_deployment": N_("This data flow has no deployment in force."),
    "suspended": N_("The deployment of this data flow is suspended or has ended."),
    "workplace_biometric": N_(
        "Reading emotion from the body or voice of workers, candidates or students is prohibited."
    ),
    "worker_decision": N_("Emotion is never used in decisions about individual workers."),
    "worker_review": N_("Emotion is never used to judge how an individual worker performs."),
    "distress_sale": N_("Selling on distress is prohibited."),
    "no_policy": N_("No approved data-use policy covers this system at that time."),
    "prohibited": N_("A rule of the data-use policy prohibits this."),
    "no_permit": N_("No rule of the data-use policy permits this."),
    "dependent_consent": N_("Consent of dependent people does not count without a recorded exception."),
    "exception": N_("Consent of a dependent person, under a recorded exception: the basis is doubtful."),
    "permitted": N_("A rule of the data-use policy permits this."),
    "consented": N_("The policy permits this, and the person's consent is valid."),
    **REASONS,
}
"""A sentence for every reason code of a decision."""


@dataclass(frozen=True)
class Stretch:
    """A time in which a flow was in force: start included, end excluded."""

    starts_at: dt.datetime
    ends_at: dt.datetime


@dataclass(frozen=True)
class Flow:
    """A declared data flow, as far as the gate needs it."""

    id: UUID
    slug: str
    modality: str
    subject_role: str
    purpose: str
    recipient: str
    exploits: bool = False
    stretches: tuple[Stretch, ...] = ()

    def stretch_at(self, at: dt.datetime) -> Stretch | None:
        """The stretch in force at `at`, if any."""
        for (
            stretch
        ) in self.stretches:  # a loop: asked for every interaction, and a generator costs twice as much
            if stretch.starts_at <= at < stretch.ends_at:
                return stretch
        return None


@dataclass(frozen=True)
class PolicyVersion:
    """An approved policy from the moment it took effect."""

    version: int
    effective_at: dt.datetime
    rules: tuple[PolicyRule, ...]


@dataclass(slots=True)  # not frozen: one is made for every interaction, and freezing triples the cost
class Answer:
    """What the gate says and why; `wants` names the permit whose consent must still be looked up."""

    outcome: str
    reason: str
    rule: str = ""
    basis: str = ""
    policy_version: int | None = None
    consent_event: UUID | None = None
    wants: PolicyRule | None = field(default=None, compare=False)
    obligations: tuple[str, ...] = ()  # ids of the rules that oblige whoever goes ahead


def derive(
    flows: Sequence[Flow], *, slug: str | None, subject_role: str, modality: str, purpose: str
) -> tuple[Flow | None, str]:
    """(flow, '') for the declared flow of an item, else (None or the named flow, why not).

    Reasons: `unknown_flow` (no such slug), `undeclared` (role or modality outside the declared flows: the one that
    suspends), `ambiguous_flow` (several fit: the client must name one).
    """
    if slug:
        named = next((f for f in flows if f.slug == slug), None)
        if named is None:
            return None, "unknown_flow"
        same = named.subject_role == subject_role and named.modality == modality
        return named, "" if same else "undeclared"
    fitting = [f for f in flows if f.subject_role == subject_role and f.modality == modality]
    if not fitting:
        return None, "undeclared"
    exact = [f for f in fitting if f.purpose == purpose] or fitting
    return (exact[0], "") if len(exact) == 1 else (None, "ambiguous_flow")


def before_consent(
    flow: Flow | None,
    situation: Situation,
    policy: PolicyVersion | None,
    at: dt.datetime,
    *,
    observed: bool = False,
) -> Answer:
    """Everything that is decided without asking what the person said; `wants` is set where that must follow.

    `observed`: the recipient is reported, not asked for. Who received what no flow declares is what the audit 'declared
    against observed' counts, so the policy alone judges it.
    """
    if flow is None or flow.purpose != situation.purpose:
        return Answer(GAP, "undeclared", "gate.flow")
    if flow.stretch_at(at) is None:
        ended = any(s.ends_at <= at for s in flow.stretches)
        return Answer(GAP, "suspended" if ended else "no_deployment", "gate.deployment")
    if locked := locked_prohibition(flow, situation):
        return Answer(VIOLATION, locked, f"locked.{locked}")
    if policy is None:
        return Answer(GAP, "no_policy", "gate.policy")
    answer = by_policy(policy, situation)
    declared = observed or situation.recipient in (flow.recipient, "system")
    return (
        answer
        if declared or answer.outcome == VIOLATION
        else Answer(GAP, "undeclared_recipient", "gate.flow")
    )


def locked_prohibition(flow: Flow, situation: Situation) -> str:
    """The reason code of a prohibition that no policy can lift, or ''."""
    dependent = situation.subject_role in DEPENDENT
    if dependent and situation.modality in BIOMETRIC and situation.purpose not in LAWFUL_WORKPLACE:
        return "workplace_biometric"
    if dependent and situation.operation == "decide":
        return "worker_decision"
    if dependent and situation.purpose == "worker_evaluation" and situation.layer != "aggregate":
        return "worker_review"
    return "distress_sale" if flow.exploits else ""


def by_policy(policy: PolicyVersion, situation: Situation) -> Answer:
    """What a policy makes of a situation in a flow that is in force, before the person was asked."""
    covering = [rule for rule in policy.rules if rule.covers(situation)]
    for rule in covering:
        if rule.effect == "prohibit":
            return Answer(VIOLATION, "prohibited", rule.id, "", policy.version)
    for rule in covering:
        if rule.effect == "permit":
            wants = rule if rule.basis in ASKED else None
            duties = tuple(one.id for one in covering if one.effect == "oblige")
            return Answer(ALLOW, "permitted", rule.id, rule.basis, policy.version, None, wants, duties)
    return Answer(GAP, "no_permit", "gate.default", "", policy.version)


def with_consent(answer: Answer, situation: Situation, word: Word | None, why_not: str) -> Answer:
    """Finish an answer that wanted a look at the person's last word.

    `why_not` is consent.rules.why_not_valid of that word ('' = valid consent).
    """
    rule = answer.wants
    if rule is None:
        return answer
    event = word.id if word else None
    if rule.basis in OBJECTABLE:
        if word is None or word.action in AGREEING:  # only a yes lifts an objection, no other no does
            return _told(answer, ALLOW, "permitted", event)
        return _told(answer, GAP, "objected" if word.action in OBJECTIONS else word.action, event)
    if why_not:
        return _told(answer, GAP, why_not, event)
    if situation.subject_role in DEPENDENT:
        if not rule.employee_exception:
            return _told(answer, GAP, "dependent_consent", event)
        return _told(answer, DOUBTFUL, "exception", event)
    return _told(answer, ALLOW, "consented", event)


def _told(answer: Answer, outcome: str, reason: str, event: UUID | None) -> Answer:
    duties = answer.obligations if outcome in (ALLOW, DOUBTFUL) else ()
    return Answer(
        outcome, reason, answer.rule, answer.basis, answer.policy_version, event, obligations=duties
    )


def cache_seconds(answer: Answer, at: dt.datetime, ends: Sequence[dt.datetime | None]) -> int:
    """How long a client may keep the answer: an allow at most a minute and never beyond its end, a 'no' not at all
    where the person could change it, a violation a minute."""
    if answer.outcome == VIOLATION:
        return CACHE_SECONDS
    if answer.outcome == GAP:
        return 0
    last = min((end for end in ends if end is not None), default=None)
    if last is None or last - at >= _LONGEST:
        return CACHE_SECONDS
    return max(0, int((last - at).total_seconds()))


_SEVERITY = {ALLOW: 0, DOUBTFUL: 1, GAP: 2, VIOLATION: 3}


def worst(answers: Sequence[Answer]) -> Answer:
    """The answer for several recipients at once: one 'no' is a no."""
    return answers[0] if len(answers) == 1 else max(answers, key=lambda a: _SEVERITY[a.outcome])
