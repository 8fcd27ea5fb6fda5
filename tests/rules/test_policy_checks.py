"""What is doubtful about a policy: each doubt shown by a policy that has it and one that has not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.consent.policy_checks import DeclaredFlow, Doubt, _inside, doubts, overlap
from governance.consent.rules import DIMENSIONS, LAYERS, OPERATIONS, Situation, policy_rule

CHAT = DeclaredFlow("chat", "customer", "service", "text", "system")
VOICE = DeclaredFlow("voice", "customer", "service", "voice", "operator", high_risk=True)


def permit(name: str = "p", **fields: Any) -> dict[str, Any]:
    return {"id": name, "effect": "permit", "basis": "contract", **fields}


def prohibit(name: str = "no", **fields: Any) -> dict[str, Any]:
    return {"id": name, "effect": "prohibit", **fields}


def found(*rows: dict[str, Any], flows: tuple[DeclaredFlow, ...] = (CHAT,), **more: Any) -> list[Doubt]:
    return doubts([policy_rule(row) for row in rows], flows, privacy_floor=10, **more)


def codes(*rows: dict[str, Any], **more: Any) -> set[tuple[str, str]]:
    return {(doubt.rule, doubt.code) for doubt in found(*rows, **more)}


def test_a_sound_policy_has_no_doubts() -> None:
    assert found(permit(purpose="service"), prohibit(purpose="offers", modality="text")) == [
        Doubt("no", "medium", "idle", "{rule} speaks about no declared data flow.", {"rule": "no"})
    ]
    assert found(permit(purpose="service")) == []


@pytest.mark.parametrize(
    ("rows", "code", "rule"),
    [
        ([permit(purpose="service"), prohibit()], "permit_under_prohibition", "p"),
        (
            [permit(purpose=["service", "offers"]), prohibit(purpose="service")],
            "permit_under_prohibition",
            None,
        ),
        ([permit("a"), permit("b", basis="consent")], "contradiction", "b"),
        ([permit("a"), permit("b", basis="consent", purpose="offers")], "contradiction", None),
        ([permit("a", modality="text"), permit("b", basis="consent", purpose="service")], "overlap", "b"),
        ([permit("a", modality="text"), permit("b", purpose="service")], "overlap", None),  # the same ground
        (
            [permit("a", modality="text"), permit("b", basis="consent")],
            "overlap",
            None,
        ),  # exception, then rule
        ([permit("a", modality="text"), permit("b", basis="consent", modality="voice")], "overlap", None),
        ([permit("a"), permit("b", purpose="service")], "unreachable", "b"),
        ([permit("b", purpose="service"), permit("a")], "unreachable", None),
        ([permit("a"), permit("b", operation="train")], "unreachable", None),
        ([prohibit("a", purpose="service"), prohibit("b")], "unreachable", "a"),
        ([permit("a", operation="decide")], "locked_decision", "a"),
        ([permit("a", operation="decide", subject_role="customer")], "locked_decision", None),
        ([permit("a", operation=["infer", "train"])], "training", "a"),
        ([permit("a")], "training", None),
        ([permit("a", basis="consent")], "weak_consent", "a"),
        ([permit("a", basis="consent", subject_role="customer")], "weak_consent", None),
        ([permit("a", basis="consent", employee_exception="study")], "weak_consent", None),
        ([permit("a", min_group=5)], "below_floor", "a"),
        ([permit("a", min_group=10)], "below_floor", None),
        ([prohibit("a", purpose="offers")], "uncovered", ""),
        ([permit("a", layer="raw")], "uncovered", ""),
        ([prohibit("a")], "uncovered", None),
    ],
)
def test_each_doubt_where_it_belongs(rows: list[dict[str, Any]], code: str, rule: str | None) -> None:
    about = {where for where, what in codes(*rows) if what == code}
    assert about == (set() if rule is None else {rule})


def test_what_the_law_prohibits_is_said_although_the_rule_permits_it() -> None:
    worker = {"subject_role": "employee", "modality": ["voice", "face"]}
    flow = DeclaredFlow("agents", "employee", "service_quality", "voice", "manager")
    assert ("a", "locked_workplace") in codes(permit("a", purpose="service_quality", **worker), flows=(flow,))
    assert ("a", "locked_workplace") not in codes(permit("a", purpose="safety", **worker), flows=(flow,))
    judged = {"subject_role": "employee", "modality": "text", "purpose": "worker_evaluation"}
    assert ("a", "locked_review") in codes(permit("a", **judged))
    assert ("a", "locked_review") not in codes(permit("a", layer="aggregate", **judged))
    assert ("a", "locked_review") not in codes(permit("a", **judged | {"subject_role": "customer"}))


@pytest.mark.parametrize(
    ("days", "rule_days", "short"), [(183, None, True), (184, None, False), (365, 90, True), (90, 365, False)]
)
def test_logs_of_high_risk_flows_are_kept_six_months(days: int, rule_days: int | None, short: bool) -> None:
    rows = [permit("a", **({"retention_days": rule_days} if rule_days else {}))]
    known = codes(*rows, flows=(VOICE,), retention_days=days)
    assert (("a", "retention_below_log_minimum") in known) is short
    assert ("a", "retention_below_log_minimum") not in codes(*rows, flows=(CHAT,), retention_days=days)


VALUES = {
    "subject_role": ["customer", "employee"],
    "purpose": ["service", "offers"],
    "modality": ["text", "voice"],
    "layer": list(LAYERS[:2]),
    "operation": ["infer", "train", "decide"],
    "recipient": ["system", "manager"],
}
rule_rows = st.fixed_dictionaries(
    {"effect": st.sampled_from(["permit", "prohibit"])}
    | {name: st.one_of(st.just("*"), st.lists(st.sampled_from(values), min_size=1, unique=True))
       for name, values in VALUES.items()}
)  # fmt: skip


@given(rule_rows, rule_rows)
def test_inside_means_that_no_situation_is_covered_by_the_one_and_not_the_other(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    """Against the slow way: all 192 situations one by one."""
    from itertools import product

    inner, outer = policy_rule({"id": "a", **one}), policy_rule({"id": "b", **other})
    situations = [Situation(*values) for values in product(*(VALUES[name] for name in DIMENSIONS))]
    escaping = [s for s in situations if inner.covers(s) and not outer.covers(s)]
    if _inside(inner, outer):
        assert not escaping
    assert set(OPERATIONS) >= set(VALUES["operation"])


@given(rule_rows, rule_rows)
def test_two_permits_overlap_where_some_situation_is_one_of_both(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    from itertools import product

    rows = [policy_rule({"id": name, **row, "effect": "permit"}) for name, row in (("a", one), ("b", other))]
    situations = [Situation(*values) for values in product(*(VALUES[name] for name in DIMENSIONS))]
    assert overlap(*rows) is any(rows[0].covers(s) and rows[1].covers(s) for s in situations)
