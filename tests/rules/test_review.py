"""The rules of review as tables: states, who speaks for a seat, when a vote decides and how."""

import datetime as dt
import random

import pytest

from governance.review import models, rules

DAY = dt.date(2026, 11, 23)


def test_the_table_knows_only_states_that_exist_and_reaches_each() -> None:
    for machine, (_title, states) in rules.MACHINES.items():
        rows = [row for row in rules.TRANSITIONS if row.machine == machine]
        used = {row.source for row in rows} | {row.target for row in rows}
        assert used == set(states.values())


def test_the_constraints_of_the_database_name_the_same_values() -> None:
    def values(model: type, name: str, field: str) -> set[str]:
        constraint = next(c for c in model._meta.constraints if c.name == name)  # type: ignore[attr-defined]
        return set(dict(constraint.condition.children)[f"{field}__in"])

    assert values(models.DeploymentRequest, "request_state_known", "state") == set(
        rules.RequestState.values()
    )
    assert values(models.Deployment, "deployment_state_known", "state") == set(rules.DeploymentState.values())
    assert values(models.Condition, "condition_state_known", "state") == set(rules.ConditionState.values())
    assert values(models.CouncilRecord, "council_state_known", "state") == set(rules.CouncilState.values())
    assert values(models.BoardRule, "board_rule_risk_known", "risk") == set(rules.Risk.values())
    assert values(models.DeploymentRequest, "request_kind_known", "kind") == set(rules.RequestKind.values())
    assert values(models.DeploymentRequest, "request_risk_known", "risk") == {"", *rules.Risk.values()}
    assert values(models.Vote, "vote_choice_known", "choice") == set(rules.Choice.values())


OUTCOMES = [
    # for, against, abstained, quorum, majority, decision
    (3, 0, 0, 3, "simple", "approved"),
    (2, 1, 0, 3, "simple", "approved"),
    (1, 1, 1, 3, "simple", "rejected"),
    (1, 2, 0, 3, "simple", "rejected"),
    (0, 0, 3, 3, "simple", "rejected"),
    (1, 0, 2, 3, "simple", "approved"),
    (2, 0, 0, 3, "simple", None),
    (3, 0, 0, 4, "simple", None),
    (2, 1, 0, 3, "two_thirds", "approved"),
    (3, 2, 0, 3, "two_thirds", "rejected"),
    (4, 2, 0, 3, "two_thirds", "approved"),
    (0, 0, 4, 3, "two_thirds", "rejected"),
    (2, 0, 0, 1, "simple", None),  # never fewer than three, whatever the quorum says
]


@pytest.mark.parametrize(("yes", "no", "silent", "quorum", "majority", "decision"), OUTCOMES)
def test_outcome(yes: int, no: int, silent: int, quorum: int, majority: str, decision: str | None) -> None:
    votes = (
        [rules.Cast("legal", "approve")] * yes
        + [rules.Cast("hr", "reject")] * no
        + [rules.Cast("ethics", "abstain")] * silent
    )
    tally = rules.outcome(votes, quorum=quorum, majority=majority)
    assert tally.decision == decision
    assert (tally.votes_for, tally.votes_against, tally.abstained) == (yes, no, silent)


def test_outcome_does_not_depend_on_the_order_of_votes() -> None:
    votes = [rules.Cast("legal", c) for c in ("approve", "conditions", "reject", "abstain", "approve")]
    first = rules.outcome(votes, quorum=3, majority="simple")
    for seed in range(20):
        random.Random(seed).shuffle(votes)
        assert rules.outcome(votes, quorum=3, majority="simple") == first
    assert first.decision == "approved_with_conditions"


def test_advice_never_counts() -> None:
    votes = [rules.Cast("legal", "approve")] * 2 + [
        rules.Cast("affected_business", "approve", counted=False)
    ] * 9
    assert rules.outcome(votes, quorum=3, majority="simple").decision is None


def test_open_votes_and_required_disciplines_wait() -> None:
    votes = [rules.Cast(d, "approve") for d in ("legal", "ethics", "hr")]
    assert rules.outcome(votes, quorum=3, majority="simple", all_in=False).decision is None
    assert rules.outcome(votes, quorum=3, majority="simple", required=["data_protection"]).decision is None
    assert rules.outcome(votes, quorum=3, majority="simple", required=["legal"]).decision == "approved"


TERMS = [
    rules.Term("member", False, dt.date(2026, 1, 1), None),
    rules.Term("deputy", True, dt.date(2026, 1, 1), dt.date(2026, 12, 31)),
    rules.Term("former", False, dt.date(2025, 1, 1), dt.date(2025, 12, 31)),
]


@pytest.mark.parametrize(
    ("day", "excluded", "who"),
    [
        (DAY, [], "member"),
        (DAY, ["member"], "deputy"),
        (DAY, ["member", "deputy"], None),
        (dt.date(2025, 12, 31), [], "former"),
        (dt.date(2024, 12, 31), [], None),
        (dt.date(2026, 12, 31), ["member"], "deputy"),
        (dt.date(2027, 1, 1), ["member"], None),
    ],
)
def test_who_speaks_for_a_seat(day: dt.date, excluded: list[str], who: str | None) -> None:
    assert rules.holder(TERMS, day, excluded) == who


MAY = {
    "state": "in_review",
    "is_requester": False,
    "is_owner": False,
    "has_seat": True,
    "recused": False,
    "speaks": True,
    "seat_voted": False,
    "person_voted": False,
}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, ""),
        ({"is_requester": True}, "own request"),
        ({"is_owner": True}, "owner"),
        ({"has_seat": False}, "no seat"),
        ({"state": "draft"}, "not in review"),
        ({"state": "approved"}, "not in review"),
        ({"recused": True}, "conflict"),
        ({"person_voted": True}, "once"),
        ({"seat_voted": True}, "seat has voted"),
        ({"speaks": False}, "deputy"),
        ({"is_requester": True, "speaks": True, "state": "draft"}, "own request"),
    ],
)
def test_why_not_vote(change: dict[str, object], word: str) -> None:
    why = rules.why_not_vote(**(MAY | change))  # type: ignore[arg-type]
    assert (why == "") if not word else (word in why)


FLOWS = [
    (None, False, "not_screened"),
    ("prohibited", True, "prohibited"),
    ("hold", False, "hold"),
    ("high_risk", False, "not_signed"),
    ("high_risk", True, None),
    ("minimal", True, None),
]


@pytest.mark.parametrize(("outcome", "signed", "code"), FLOWS)
def test_problems_of_a_file(outcome: str | None, signed: bool, code: str | None) -> None:
    found = rules.problems([rules.FlowFile("x", outcome, signed)], summary="May we?", voting_seats=3)
    assert [p.code for p in found] == ([code] if code else [])


def test_a_file_needs_flows_a_question_and_a_board() -> None:
    found = rules.problems([], summary=" ", voting_seats=2)
    assert [p.code for p in found] == ["no_flows", "no_summary", "too_few_seats"]


def test_a_file_needs_a_data_use_policy() -> None:
    (found,) = rules.problems(
        [rules.FlowFile("x", "minimal", True)], summary="May we?", voting_seats=3, has_policy=False
    )
    assert (found.code, found.field) == ("no_policy", "policy")


@pytest.mark.parametrize(
    ("seats", "quorum", "unspoken", "codes"),
    [
        (3, 3, (), []),
        (4, 5, (), ["quorum_unreachable"]),
        (2, 5, (), ["too_few_seats"]),
        (3, 3, ("Ethics", "Law"), ["required_seat_empty", "required_seat_empty"]),
    ],
)
def test_a_vote_must_be_able_to_end(
    seats: int, quorum: int, unspoken: tuple[str, ...], codes: list[str]
) -> None:
    found = rules.problems(
        [rules.FlowFile("x", "minimal", True)],
        summary="May we?",
        voting_seats=seats,
        quorum=quorum,
        unspoken=unspoken,
    )
    assert [p.code for p in found] == codes
    assert all(p.message.format(**p.params) for p in found)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-11-23", 12, "2027-11-23"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-08-31", 6, "2027-02-28"),
    ],
)
def test_months_later(start: str, months: int, end: str) -> None:
    moment = dt.datetime.fromisoformat(f"{start}T10:00:00+00:00")
    assert rules.months_later(moment, months) == dt.datetime.fromisoformat(f"{end}T10:00:00+00:00")


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert rules.digest({"a": 1, "b": "é"}) == rules.digest({"b": "é", "a": 1})
    assert rules.digest({"a": 1}) != rules.digest({"a": 2})


def _casts(chair: str, *others: str) -> list[rules.Cast]:
    return [rules.Cast("ethics", chair, chair=True), *(rules.Cast("legal", choice) for choice in others)]


@pytest.mark.parametrize(
    ("votes", "majority", "casting", "decision"),
    [
        (("approve", "approve", "reject", "reject"), "simple", True, "approved"),
        (("conditions", "approve", "reject", "reject"), "simple", True, "approved_with_conditions"),
        (("reject", "approve", "approve", "reject"), "simple", True, "rejected"),
        (("abstain", "approve", "reject"), "simple", True, "rejected"),  # the chair said neither
        (("approve", "approve", "reject", "reject"), "simple", False, "rejected"),
        (("approve", "approve", "reject", "reject"), "two_thirds", True, "rejected"),  # no tie to break
        (("approve", "reject", "reject"), "simple", True, "rejected"),  # no tie
        (("abstain", "abstain", "abstain"), "simple", True, "rejected"),
    ],
)
def test_the_chairs_vote_breaks_a_tie_only_where_the_board_says_so(
    votes: tuple[str, ...], majority: str, casting: bool, decision: str
) -> None:
    tally = rules.outcome(_casts(*votes), quorum=3, majority=majority, casting_vote=casting)
    assert tally.decision == decision
    assert ("tie" in tally.why) == (
        casting and majority == "simple" and votes[0] != "abstain" and len(votes) == 4
    )


@pytest.mark.parametrize(
    ("votes", "decision"),
    [
        (("approve", "approve"), "approved"),
        (("approve",), None),
        (("approve", "reject"), None),
        (("approve", "abstain"), None),
        (("approve", "conditions"), None),
        (("approve", "approve", "approve"), None),
    ],
)
def test_two_approve_together_what_the_board_delegated(votes: tuple[str, ...], decision: str | None) -> None:
    found = rules.delegated_outcome([rules.Cast("ethics", choice) for choice in votes])
    assert (found.decision, found.needed) == (decision, 2)


@pytest.mark.parametrize(
    ("choice", "counted", "decision", "dissent"),
    [
        ("reject", True, "approved", True),
        ("reject", True, "approved_with_conditions", True),
        ("reject", False, "approved", False),
        ("approve", True, "approved", False),
        ("conditions", True, "rejected", True),
        ("approve", True, "rejected", True),
        ("reject", True, "rejected", False),
        ("abstain", True, "rejected", False),
        ("reject", True, "returned", False),
    ],
)
def test_dissent_is_a_counted_vote_on_the_other_side(
    choice: str, counted: bool, decision: str, dissent: bool
) -> None:
    assert rules.dissents(choice, counted, decision) is dissent


@pytest.mark.parametrize(
    ("facts", "touches"),
    [
        ({"subject_role": "employee", "setting": "contact_centre", "purpose": "service"}, True),
        ({"subject_role": "customer", "setting": "workplace", "purpose": "service"}, True),
        ({"subject_role": "customer", "setting": "contact_centre", "purpose": "worker_evaluation"}, True),
        ({"subject_role": "unknown", "setting": "unknown", "purpose": "wellbeing"}, True),
        ({"subject_role": "customer", "setting": "contact_centre", "purpose": "service"}, False),
        ({"subject_role": "candidate", "setting": "recruitment", "purpose": "safety"}, False),
        ({}, False),
    ],
)
def test_which_flows_touch_workers(facts: dict[str, str], touches: bool) -> None:
    assert rules.touches_workers(facts) is touches


def test_what_the_works_council_record_allows() -> None:
    allowed = {state for state in rules.CouncilState.values() if rules.allows(state)}
    assert allowed == {"consented", "conditions", "court_substitute", "not_owed"}
    assert rules.nullity_until(dt.date(2026, 1, 31)) == dt.date(2026, 2, 28)
    acts = {row.act for row in rules.TRANSITIONS if row.machine == "council"}
    assert acts == set(rules.ANSWERS)


@pytest.mark.parametrize(
    ("outcomes", "risk"),
    [
        (["minimal", "high_risk", "transparency"], "high_risk"),
        (["minimal", "transparency"], "transparency"),
        (["not_emotion_recognition"], "minimal"),
        ([], "minimal"),
    ],
)
def test_the_risk_of_a_file_is_that_of_its_heaviest_flow(outcomes: list[str], risk: str) -> None:
    assert rules.risk_of(outcomes) == risk


def test_only_what_differs_is_shown_and_a_field_that_was_not_there_counts_as_nothing() -> None:
    flow = {"slug": "chat", "name": "Chat", "facts": {"purpose": "service"}, "outcome": "minimal"}
    before = {"version": {"name": "1.0"}, "flows": [flow], "request": {"summary": "May we?"}}
    changed = flow | {"facts": {"purpose": "offers"}, "outcome": "prohibited"}
    after = {
        "version": {"name": "1.0"},
        "flows": [flow | {"slug": "mail"}, changed],
        "policy": {"version": 2},
        "request": {"summary": "And now?"},
    }
    found = {d.path: (d.before, d.after) for d in rules.differences(before, after)}
    assert found == {
        ("flows", "chat", "facts", "purpose"): ("service", "offers"),
        ("flows", "chat", "outcome"): ("minimal", "prohibited"),
        ("flows", "mail", "name"): (None, "Chat"),
        ("flows", "mail", "facts", "purpose"): (None, "service"),
        ("flows", "mail", "outcome"): (None, "minimal"),
        ("policy", "version"): (None, 2),
    }
    assert rules.differences(after, after) == []
