"""May this be processed? One answer from deployment, flow, policy and consent.

Asking changes nothing; the module is called services because every door (API, ingest) comes in here.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from django.utils import timezone

from governance.consent.pseudonyms import Keyed
from governance.consent.rules import Situation, Word, why_not_valid
from governance.consent.selectors import Key, last_words
from governance.gate import rules
from governance.gate.selectors import Scope, policy_of_version, scope
from governance.gate.shapes import Question
from governance.holding.keys import keyed_under, ring
from governance.registry.models import System
from portal.errors import N_, Invalid
from portal.shapes import fault_of


@dataclass(slots=True)  # not frozen: one is made for every interaction, and freezing triples the cost
class Decision:
    """The gate's answer: `outcome` is allow, violation, gap or basis_doubtful; the rest says why."""

    outcome: str
    reason: str
    rule: str
    consent_event: uuid.UUID | None
    policy_version: int | None
    basis: str
    cache_seconds: int
    person: uuid.UUID | None = None
    obligations: tuple[str, ...] = ()


@dataclass(slots=True)
class Case:
    """One question with its flow derived and its person pseudonymised; `recipients` empty = the flow's own."""

    flow: rules.Flow | None
    situation: Situation
    person: uuid.UUID | None
    at: dt.datetime
    recipients: tuple[str, ...] = ()


def decide(*, system: System, items: Sequence[Any], known: Scope | None = None) -> list[Decision]:
    """Answer every item in order, with one set-based question to the database about what people said.

    Items: gate.shapes.Question or dicts like it: subject (or session), subject_role, purpose, modality, and maybe
    flow, layer, operation, recipient, at (a datetime; default now). `known`: its scope, where this call read it.
    """
    now = timezone.now()
    asked = [
        item if isinstance(item, Question) else checked(item, f"items[{n}].") for n, item in enumerate(items)
    ]
    while True:
        known = known or scope(system.pk)
        names = keyed_under(system.pk, known.key)
        alike: Alike = {}
        cases = [_case(known, names, one, now, alike) for one in asked]
        found = answers(known, cases, now)
        if not _turned(known, found):
            return [decision for decision, _word in found]
        known = None


def _turned(known: Scope, found: Sequence[tuple[Decision, Word | None]]) -> bool:
    """Whether the key of pseudonyms was turned meanwhile: who was not found may then be known under another name."""
    if len(ring()) == 1 or all(word is not None for _decision, word in found):
        return False
    return scope(known.system_id).key != known.key


def try_out(
    *, system: System, question: dict[str, Any], version: int | None = None
) -> tuple[Decision, Word | None]:
    """The answer to one question and the word behind it; `version`: as if that policy (a draft too) were in force."""
    now = timezone.now()
    known = scope(system.pk)
    if version is not None:
        known = replace(known, policies=(policy_of_version(system.pk, version),))
    case = _case(known, keyed_under(system.pk, known.key), checked(question), now, {})
    return answers(known, [case], now)[0]


def checked(item: Any, at: str = "") -> Question:
    """One question, checked. Raises Invalid; `at` is where it stands in the call ("items[3]."), for the fields."""
    try:
        asked = item if isinstance(item, Question) else msgspec.convert(item, Question)
    except (msgspec.ValidationError, ValueError) as error:
        fault = fault_of(error).to_dict()
        raise Invalid([fault | {"field": f"{at}{fault['field']}".rstrip(".")}]) from error
    # a question that leaves the person out would pass by that person's objection
    if not (asked.subject or asked.session) and asked.layer != "aggregate":
        message = N_("Name the person or the session; only figures about groups go without.")
        raise Invalid([{"field": f"{at}subject", "code": "required", "message": message}])
    return asked


Alike = dict[tuple[str | None, ...], tuple[rules.Flow | None, Situation]]
"""The flow and the situation of questions that say the same, apart from whom and when: derived once."""


def _case(known: Scope, names: Keyed, asked: Question, now: dt.datetime, alike: Alike) -> Case:
    kind = (
        asked.flow,
        asked.subject_role,
        asked.purpose,
        asked.modality,
        asked.layer,
        asked.operation,
        asked.recipient,
    )
    flow, situation = alike.get(kind) or alike.setdefault(kind, _derived(known, asked))
    external = asked.subject or asked.session
    return Case(flow, situation, names.pseudonym(external) if external else None, asked.at or now)


def _derived(known: Scope, asked: Question) -> tuple[rules.Flow | None, Situation]:
    flow, why = rules.derive(
        known.flows,
        slug=asked.flow,
        subject_role=asked.subject_role,
        modality=asked.modality,
        purpose=asked.purpose,
    )
    flow = None if why else flow
    situation = Situation(
        asked.subject_role,
        asked.purpose,
        asked.modality,
        asked.layer,
        asked.operation,
        asked.recipient or (flow.recipient if flow else "system"),
    )
    return flow, situation


def answers(known: Scope, cases: Sequence[Case], now: dt.datetime) -> list[tuple[Decision, Word | None]]:
    """The decision of every case, as known `now`, with the person's word behind it where one was asked."""
    memo: Memo = {}
    first = [_before_consent(known, case, memo) for case in cases]
    words = _words(known, cases, first, now)
    return [
        (_decision(known, case, candidates, word), word)
        for case, candidates, word in zip(cases, first, words, strict=True)
    ]


Candidates = tuple[rules.Answer, ...]
Memo = dict[tuple[Any, ...], Candidates]


def _before_consent(known: Scope, case: Case, memo: Memo) -> Candidates:
    """One answer per recipient. Most items of a batch ask the same: kept per situation, policy and stretch.

    By identity: these objects outlive the memo, a stretch belongs to one flow, and an equal situation that was made
    anew is only answered anew. Hashing what is in them took as long as the answer.
    """
    flow, at = case.flow, case.at
    policy = known.policy_at(at)
    stretch = flow.stretch_at(at) if flow else None
    key = (id(case.situation), id(policy), id(stretch), case.recipients)
    if stretch is not None and (kept := memo.get(key)):
        return kept
    answer = tuple(
        rules.before_consent(
            flow, replace(case.situation, recipient=recipient), policy, at, observed=bool(case.recipients)
        )
        for recipient in case.recipients or (case.situation.recipient,)
    )
    memo[key] = answer
    return answer


def _words(
    known: Scope, cases: Sequence[Case], first: Sequence[Candidates], now: dt.datetime
) -> list[Word | None]:
    """What the person of each case said last, where the answer hangs on it."""
    keys: dict[int, Key] = {}
    for place, (case, candidates) in enumerate(zip(cases, first, strict=True)):
        if case.person is not None and (candidates[0].wants or any(answer.wants for answer in candidates)):
            keys[place] = (case.person, case.situation.purpose, case.situation.modality, case.at)
    words: list[Word | None] = [None] * len(cases)
    for place, word in zip(keys, last_words(known.system_id, list(keys.values()), now), strict=True):
        words[place] = word
    return words


def _finish(known: Scope, case: Case, answer: rules.Answer, word: Word | None) -> rules.Answer:
    if answer.wants is None:
        return answer
    explicit = answer.wants.wants_explicit(case.situation.modality)
    why_not = why_not_valid(word, case.at, explicit=explicit, material=known.material)
    return rules.with_consent(answer, case.situation, word, why_not)


def _decision(known: Scope, case: Case, candidates: Candidates, word: Word | None) -> Decision:
    if len(candidates) == 1:
        answer = _finish(known, case, candidates[0], word)
        duties = answer.obligations
    else:
        finished = [_finish(known, case, one, word) for one in candidates]
        answer = rules.worst(finished)
        duties = tuple(dict.fromkeys(duty for one in finished for duty in one.obligations))
    stretch = case.flow.stretch_at(case.at) if case.flow else None
    ends = (
        stretch.ends_at if stretch else None,
        word.expires_at if word else None,
        known.next_turn(case.at),
    )
    return Decision(
        outcome=answer.outcome,
        reason=answer.reason,
        rule=answer.rule,
        consent_event=answer.consent_event,
        policy_version=answer.policy_version,
        basis=answer.basis,
        cache_seconds=rules.cache_seconds(answer, case.at, ends),
        person=case.person,
        obligations=duties if answer.outcome in (rules.ALLOW, rules.DOUBTFUL) else (),
    )
