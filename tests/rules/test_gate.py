"""The order of the gate and the matching of policies: no database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from governance.consent.rules import (
    MaterialNotice,
    Situation,
    Word,
    asks_the_person,
    explicit_wanted,
    faults_in,
    last_word,
    policy_rule,
    why_not_valid,
)
from governance.gate import rules

AT = datetime(2026, 3, 1, tzinfo=UTC)
OPEN = (rules.Stretch(AT - timedelta(days=10), AT + timedelta(days=10)),)


def flow(**fields: object) -> rules.Flow:
    values = {"id": UUID(int=1), "slug": "chat", "modality": "text", "subject_role": "customer"}
    values |= {"purpose": "service", "recipient": "system", "stretches": OPEN}
    return rules.Flow(**(values | fields))  # type: ignore[arg-type]


def situation(**fields: str) -> Situation:
    return Situation(**({"subject_role": "customer", "purpose": "service", "modality": "text"} | fields))


def policy(*rows: dict) -> rules.PolicyVersion:
    return rules.PolicyVersion(1, AT - timedelta(days=5), tuple(policy_rule(row) for row in rows))


PERMIT = {"id": "p", "effect": "permit", "basis": "contract"}
CONSENT = {"id": "c", "effect": "permit", "basis": "consent"}
FORBID = {"id": "f", "effect": "prohibit", "recipient": "manager"}


@pytest.mark.parametrize(
    ("declared", "asked", "rows", "outcome", "reason"),
    [
        (None, situation(), (PERMIT,), "gap", "undeclared"),
        (flow(purpose="offers"), situation(), (PERMIT,), "gap", "undeclared"),
        (flow(stretches=()), situation(), (PERMIT,), "gap", "no_deployment"),
        (flow(stretches=(rules.Stretch(AT - timedelta(2), AT),)), situation(), (PERMIT,), "gap", "suspended"),
        (flow(exploits=True), situation(), (PERMIT,), "violation", "distress_sale"),
        (
            flow(),
            situation(subject_role="employee", modality="voice"),
            (PERMIT,),
            "violation",
            "workplace_biometric",
        ),
        (
            flow(),
            situation(subject_role="candidate", operation="decide"),
            (PERMIT,),
            "violation",
            "worker_decision",
        ),
        (
            flow(purpose="worker_evaluation"),
            situation(subject_role="employee", purpose="worker_evaluation"),
            (PERMIT,),
            "violation",
            "worker_review",
        ),
        (
            flow(purpose="worker_evaluation"),
            situation(subject_role="employee", purpose="worker_evaluation", layer="aggregate"),
            (PERMIT,),
            "allow",
            "permitted",
        ),
        (
            flow(purpose="worker_evaluation"),
            situation(purpose="worker_evaluation"),  # of a customer, about their call
            (PERMIT,),
            "allow",
            "permitted",
        ),
        (flow(), situation(), (), "gap", "no_permit"),
        (flow(), situation(), (PERMIT,), "allow", "permitted"),
        (flow(), situation(recipient="manager"), (PERMIT, FORBID), "violation", "prohibited"),
        (flow(), situation(recipient="manager"), (PERMIT,), "gap", "undeclared_recipient"),
        (flow(recipient="manager"), situation(recipient="manager"), (PERMIT,), "allow", "permitted"),
        (flow(recipient="manager"), situation(recipient="system"), (PERMIT,), "allow", "permitted"),
        (flow(recipient="manager"), situation(recipient="hr"), (PERMIT,), "gap", "undeclared_recipient"),
        (flow(), situation(operation="train"), (PERMIT,), "gap", "no_permit"),
        (flow(), situation(operation="train"), (PERMIT | {"operation": "train"},), "allow", "permitted"),
    ],
)
def test_the_order_of_evaluation(
    declared: rules.Flow | None, asked: Situation, rows: tuple[dict, ...], outcome: str, reason: str
) -> None:
    answer = rules.before_consent(declared, asked, policy(*rows), AT)
    assert (answer.outcome, answer.reason) == (outcome, reason)
    assert reason in rules.SENTENCES


def test_who_may_go_ahead_is_told_what_obliges_them() -> None:
    tell = {"id": "tell-them", "effect": "oblige", "purpose": "service"}
    other = {"id": "other", "effect": "oblige", "purpose": "offers"}
    told = rules.before_consent(flow(), situation(), policy(PERMIT, tell, other), AT)
    assert (told.outcome, told.obligations) == ("allow", ("tell-them",))
    by_consent = PERMIT | {"basis": "consent"}
    asked = rules.before_consent(flow(), situation(), policy(by_consent, tell), AT)
    assert rules.with_consent(asked, situation(), word(), "").obligations == ("tell-them",)
    assert rules.with_consent(asked, situation(), None, "no_consent").obligations == ()


def test_without_an_approved_policy_nothing_is_permitted() -> None:
    assert rules.before_consent(flow(), situation(), None, AT).reason == "no_policy"


@pytest.mark.parametrize("purpose", ["medical", "safety"])
def test_medical_and_safety_reasons_are_not_locked(purpose: str) -> None:
    asked = situation(subject_role="employee", modality="voice", purpose=purpose)
    assert rules.before_consent(flow(purpose=purpose), asked, policy(PERMIT), AT).outcome == "allow"


def word(action: str = "given", **fields: object) -> Word:
    values = {
        "id": uuid4(),
        "action": action,
        "effective_at": AT - timedelta(1),
        "recorded_at": AT - timedelta(1),
    }
    return Word(**(values | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "explicit", "material", "why"),
    [
        (None, False, (), "no_consent"),
        (word(), False, (), ""),
        (word("renewed"), False, (), ""),
        (word("refused"), False, (), "refused"),
        (word("withdrawn"), False, (), "withdrawn"),
        (word(expires_at=AT), False, (), "expired"),
        (word(expires_at=AT + timedelta(1)), False, (), ""),
        (word(), True, (), "not_explicit"),
        (word(explicit=True), True, (), ""),
        (word(notice_version=1), False, (MaterialNotice(2, AT),), "reconsent_due"),
        (word(notice_version=1), False, (MaterialNotice(2, AT + timedelta(1)),), ""),
        (word(notice_version=2), False, (MaterialNotice(2, AT),), ""),
    ],
)
def test_when_consent_is_valid(said: Word | None, explicit: bool, material: tuple, why: str) -> None:
    assert why_not_valid(said, AT, explicit=explicit, material=material) == why


def test_consent_of_dependent_people_is_never_plainly_valid() -> None:
    asked = situation(subject_role="employee")
    plain = rules.before_consent(flow(), asked, policy(CONSENT), AT)
    assert rules.with_consent(plain, asked, word(), "").reason == "dependent_consent"
    excepted = rules.before_consent(
        flow(), asked, policy(CONSENT | {"employee_exception": "works council 12"}), AT
    )
    assert rules.with_consent(excepted, asked, word(), "").outcome == "basis_doubtful"


@pytest.mark.parametrize("basis", ["legitimate_interest", "public_task"])
@pytest.mark.parametrize(
    ("said", "outcome", "reason"),
    [
        (None, "allow", "permitted"),
        ("given", "allow", "permitted"),
        ("renewed", "allow", "permitted"),
        ("objected", "gap", "objected"),
        ("withdrawn", "gap", "objected"),
        ("refused", "gap", "objected"),  # a second no is no yes
        ("revoked", "gap", "revoked"),
        ("invalidated", "gap", "invalidated"),
        ("expired", "gap", "expired"),
    ],
)
def test_an_objection_ends_what_may_be_objected_to(
    basis: str, said: str | None, outcome: str, reason: str
) -> None:
    answer = rules.before_consent(flow(), situation(), policy(PERMIT | {"basis": basis}), AT)
    found = rules.with_consent(answer, situation(), word(said) if said else None, "")
    assert (found.outcome, found.reason) == (outcome, reason)
    assert found.reason in rules.SENTENCES


@pytest.mark.parametrize("basis", ["contract", "legal_obligation", "vital_interests"])
def test_where_the_law_knows_no_objection_nobody_is_asked(basis: str) -> None:
    rows = policy(PERMIT | {"basis": basis})
    answer = rules.before_consent(flow(), situation(), rows, AT)
    assert (answer.outcome, answer.wants) == ("allow", None)
    assert not asks_the_person(rows.rules, "customer", "service", "text")


@pytest.mark.parametrize(
    ("rows", "role", "asks"),
    [
        ((), "customer", True),
        ((PERMIT,), "customer", False),
        ((PERMIT, CONSENT), "customer", True),
        ((PERMIT | {"subject_role": "employee"},), "customer", True),  # no permit at all: a no harms nobody
        ((PERMIT, CONSENT | {"subject_role": "employee"}), "customer", False),
        ((PERMIT, CONSENT | {"subject_role": "employee"}), "unknown", True),
        ((PERMIT, CONSENT | {"modality": "voice"}), "customer", False),
        ((PERMIT, CONSENT | {"purpose": "offers"}), "customer", False),
    ],
)
def test_whether_the_word_of_a_person_decides(rows: tuple[dict, ...], role: str, asks: bool) -> None:
    assert asks_the_person(policy(*rows).rules, role, "service", "text") is asks


def test_explicit_consent_is_asked_of_those_whom_the_rule_names() -> None:
    rows = policy(CONSENT, CONSENT | {"id": "e", "subject_role": "employee", "explicit": True}).rules
    assert explicit_wanted(rows, "employee", "service", "text")
    assert not explicit_wanted(rows, "customer", "service", "text")
    assert explicit_wanted(rows, "unknown", "service", "text")


def test_knowing_later_differs_from_knowing_then() -> None:
    given = word(effective_at=AT - timedelta(9), recorded_at=AT - timedelta(9))
    late = word("withdrawn", effective_at=AT - timedelta(3), recorded_at=AT + timedelta(3))
    assert last_word([given, late], AT, AT) == given
    assert last_word([given, late], AT, AT + timedelta(4)) == late
    correction = word(
        "given", effective_at=AT - timedelta(1), recorded_at=AT + timedelta(5), corrects=late.id
    )
    assert last_word([given, late, correction], AT - timedelta(2), AT + timedelta(6)) == given


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"effect": "permit", "basis": "consent"}, "rules[1].id"),
        ({"id": "x", "effect": "allow"}, "rules[1].effect"),
        ({"id": "x", "effect": "permit"}, "rules[1].basis"),
        (PERMIT | {"layer": "thoughts"}, "rules[1].layer"),
        (PERMIT | {"modality": 3}, "rules[1].modality"),
        (PERMIT | {"retention_days": 0}, "rules[1].retention_days"),
        (PERMIT | {"mood": 1}, "rules[1].mood"),
        ("text", "rules[1]"),
    ],
)
def test_faulty_rules_are_named(row: object, field: str) -> None:
    assert field in [fault["field"] for fault in faults_in([row])]


def test_rules_need_rows_and_distinct_ids() -> None:
    assert faults_in([])[0]["code"] == "empty"
    assert faults_in([PERMIT, PERMIT])[0]["code"] == "duplicate"
    assert faults_in([PERMIT, CONSENT, FORBID]) == []


@pytest.mark.parametrize(
    ("answer", "ends", "seconds"),
    [
        (rules.Answer("allow", "permitted"), [], 60),
        (rules.Answer("allow", "permitted"), [AT + timedelta(seconds=5), None], 5),
        (rules.Answer("gap", "no_consent"), [], 0),
        (rules.Answer("violation", "prohibited"), [], 60),
    ],
)
def test_how_long_an_answer_may_be_kept(answer: rules.Answer, ends: list, seconds: int) -> None:
    assert rules.cache_seconds(answer, AT, ends) == seconds


def test_a_flow_is_derived_from_its_facts() -> None:
    flows = [flow(), flow(slug="two", purpose="offers"), flow(slug="voice", modality="voice")]
    facts = {"subject_role": "customer", "modality": "text", "purpose": "service"}
    assert rules.derive(flows, slug=None, **facts)[0] == flows[0]
    assert rules.derive(flows, slug=None, **(facts | {"purpose": "none"}))[1] == "ambiguous_flow"
    assert rules.derive(flows, slug=None, **(facts | {"modality": "face"}))[1] == "undeclared"
    assert rules.derive(flows, slug="voice", **facts) == (flows[2], "undeclared")
    assert rules.derive(flows, slug="nowhere", **facts)[1] == "unknown_flow"
