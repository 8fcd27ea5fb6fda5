"""A goal is tied to a figure and to a statement of the organisation's mission, where that is written down."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from governance.registry import checks, drafts, parts, selectors, vendors
from governance.review import selectors as reviews
from governance.review import services as review
from portal.errors import Invalid, RuleBroken
from tests import make

pytestmark = pytest.mark.django_db
GOAL = {
    "kind": "goal", "kpi": "nps", "target": Decimal(10), "direction": "at_least", "due_on": dt.date(2027, 6, 1),
    "statement": "Recommended.",
}  # fmt: skip


def says(system: Any, unit: Any = None) -> Any:
    owner = system.owner
    place = unit or system.unit
    if unit is not None:
        owner = make.person("system_owner", unit=unit)
    return vendors.add_mission(by=owner, unit=place, text="People first.")


def test_without_a_mission_no_goal_has_to_serve_one() -> None:
    system = make.described(make.draft())
    drafts.register_draft(system=system, by=system.owner)
    parts.add_part(system=system, by=system.owner, **GOAL)
    assert not selectors.has_mission(system)


def test_a_draft_may_wait_but_is_not_registered_before_each_goal_serves_a_statement() -> None:
    system = make.described(make.draft())
    mission = says(system)
    parts.add_part(system=system, by=system.owner, **GOAL)
    with pytest.raises(Invalid) as refused:
        drafts.register_draft(system=system, by=system.owner)
    assert [(row["field"], row["code"]) for row in refused.value.errors] == [("goal", "missing")]
    for goal in system.goals.all():
        parts.change_part(
            row=goal, kind="goal", by=system.owner, expected_version=goal.row_version, mission=mission
        )
    assert drafts.register_draft(system=system, by=system.owner).state == "registered"


def test_a_goal_of_what_is_registered_is_refused_without_its_statement_by_field() -> None:
    system = make.described(make.draft())
    drafts.register_draft(system=system, by=system.owner)
    (older,) = system.goals.all()
    mission = says(system)
    for act in (
        lambda: parts.add_part(system=system, by=system.owner, **GOAL),
        lambda: parts.change_part(
            row=older, kind="goal", by=system.owner, expected_version=older.row_version, statement="More."
        ),
    ):
        with pytest.raises(Invalid) as refused:
            act()
        assert [(row["field"], row["code"]) for row in refused.value.errors] == [("mission", "required")]
    parts.add_part(system=system, by=system.owner, mission=mission, **GOAL)


def test_only_statements_of_its_unit_and_those_above_count() -> None:
    top = make.unit()
    system = make.system(unit=make.unit(parent=top))
    says(system, make.unit(parent=top))
    assert not selectors.has_mission(system)
    says(system, top)
    assert selectors.has_mission(system)


def test_a_request_is_submitted_only_once_its_goals_serve_the_mission() -> None:
    system = make.described(make.system())
    flow = make.flow(system)
    board, _members = make.board_with_members(system.unit)
    request = review.create_request(
        system=system, flows=[flow], version=system.versions.first(), summary="May we?", board=board,
        by=system.owner,
    )  # fmt: skip
    make.complete(system, [flow])
    mission = says(system)
    problems = reviews.problems(request, make.today())
    assert [(p.code, p.goal) for p in problems] == [("goal_without_mission", "Heard.")]
    with pytest.raises(RuleBroken, match="serves no statement") as refused:
        review.submit(request=request, by=system.owner)
    assert refused.value.code == "goal_without_mission"
    goal = system.goals.get()
    parts.change_part(
        row=goal, kind="goal", by=system.owner, expected_version=goal.row_version, mission=mission
    )
    assert review.submit(request=request, by=system.owner).state == "in_review"


def test_what_runs_can_be_put_back_whatever_the_mission_says_since() -> None:
    system = make.described(make.system())
    deployment = make.approved_deployment(system, [make.flow(system)])
    says(system)
    review.suspend(deployment=deployment, reason="A fault.", by=make.person("supervisor", unit=system.unit))
    make.reinstated(deployment)
    assert deployment.state == "in_force"


@pytest.mark.parametrize(
    ("mission", "goals", "lacks"),
    [
        (False, [{"mission": None}], False),
        (True, [{"mission": "People first."}], False),
        (True, [{"mission": None}, {"mission": "People first."}], True),
        (True, [{}], True),
    ],
)
def test_the_gap_of_a_record(mission: bool, goals: list[dict[str, Any]], lacks: bool) -> None:
    found = checks.gaps({}, {"goal": goals}, mission=mission)
    assert ("goal" in {gap.field for gap in found}) is lacks
