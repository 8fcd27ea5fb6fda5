"""The rules of review as tables: states, who speaks for a seat, when a vote decides and how."""

import datetime as dt
import random

import pytest

from governance.review import models, rules

DAY = dt.date(2026, 11, 23)


def test_the_table_knows_only_states_that_exist_and_reaches_each() -> None:
    for machine, states in (("request", rules.RequestState), ("deployment", rules.DeploymentState)):
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
