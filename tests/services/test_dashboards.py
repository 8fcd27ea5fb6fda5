"""Figures of systems from rollups: values, floor, goals, change, evaluation sets, withheld returns."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.audits.models import AuditRun
from governance.registry.models import Goal, System
from metrics.dashboards import selectors
from metrics.dashboards.rules import Range
from metrics.dashboards.series import series
from metrics.ingest.models import EvaluationSet
from metrics.roi.services import record_values
from metrics.stats.figure import State
from metrics.stats.verdict import Verdict
from portal.jobs.models import Job
from tests import make
from tests.rules.test_stats_core import LABELS, TWEETEVAL
from tests.services.test_roi import HOURS, LICENCE

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 4, 1, tzinfo=UTC)
DAY = date(2026, 3, 2)  # a Monday
SPAN = Range(date(2026, 3, 1), date(2026, 3, 31))
ANSWERS = {"csat.1": 5, "csat.2": 5, "csat.3": 10, "csat.4": 30, "csat.5": 50, "survey.csat.asked": 400}


def board(system: System, span: Range = SPAN) -> selectors.Board:
    return selectors.boards([system], span)[0]


def test_figures_of_a_window_come_from_the_counters_of_its_days() -> None:
    system = make.system(labels=LABELS)
    make.counters(system, DAY, ANSWERS, people={"survey.csat": 40})
    make.counters(system, DAY + timedelta(days=60), {"csat.1": 500})
    make.confusion(system, DAY, LABELS, TWEETEVAL, people=200)
    found = selectors.figures(system, *SPAN.window)
    assert (found["csat"].value, found["csat"].n) == (0.8, 100)
    assert found["csat_mean"].value == pytest.approx(4.15)
    assert found["csat_response"].value == 0.25
    assert found["accuracy"].value == pytest.approx(0.8339, abs=5e-5)
    assert found["accuracy"].ci == pytest.approx((0.8137, 0.8524), abs=5e-5)
    assert found["macro_f1"].value == pytest.approx(0.7983, abs=5e-5)
    assert found["nps"].state is State.NOT_ENOUGH_DATA
    assert found["nps"].value is None


def test_scores_of_a_questionnaire_bring_their_alpha() -> None:
    system = make.system()
    # thirty people answer 50, thirty 70, on all items alike: alpha is 1, the mean 60
    sums = {"score.pets_ut.n": 60, "score.pets_ut.sum": 3600, "score.pets_ut.sumsq": 30 * 2500 + 30 * 4900}
    for item in ("U1", "U2", "U3", "U4"):
        sums |= {f"item.pets.{item}.sum": 3600, f"item.pets.{item}.sumsq": 222_000}
    make.counters(system, DAY, sums, people={"survey.pets": 60})
    figure = board(system).figures["pets_ut"]
    assert figure.value == 60
    assert figure.extra["cronbach_alpha"] == 1.0


def test_a_hundred_answers_of_nine_people_are_hidden() -> None:
    system = make.system(labels=LABELS)
    make.counters(system, DAY, ANSWERS, people={"survey.csat": 9})
    make.confusion(system, DAY, LABELS, TWEETEVAL, people=9)
    found = board(system).figures
    assert {found[kpi].state for kpi in ("csat", "csat_mean", "accuracy", "macro_f1")} == {State.SUPPRESSED}
    assert found["csat"].to_dict()["n"] is None
    assert selectors.matrix(system, *SPAN.window) == ([], [])


def test_people_are_counted_over_the_window_not_summed_over_days() -> None:
    system = make.system()
    for days in range(5):  # the same six people on five days
        make.counters(system, DAY + timedelta(days=days), {"csat.5": 10}, people={"survey.csat": 6})
    assert board(system).figures["csat"].state is State.SUPPRESSED


def test_slices_hide_a_small_group_and_the_one_that_would_give_it_away() -> None:
    system = make.system(labels=LABELS)
    for value, people in (("nl", 300), ("en", 40), ("tr", 4)):
        make.confusion(system, DAY, LABELS, TWEETEVAL, people=people, part=f"language={value}")
    found = {
        part.value: part.figures["accuracy"].state
        for part in selectors.slices(system, *SPAN.window, "language")
    }
    assert found == {"nl": State.OK, "en": State.SUPPRESSED, "tr": State.SUPPRESSED}
    assert selectors.figures(system, *SPAN.window, by="language")["nl:macro_f1"].state is State.OK


def test_a_goal_brings_its_verdict_and_the_period_before_its_change() -> None:
    system = make.system()
    goal = {"due_on": date(2026, 12, 31), "statement": "x", "created_at": NOW, "created_by": system.owner}
    Goal.objects.create(system=system, kpi="csat", target="0.7000", direction="at_least", **goal)
    make.counters(system, DAY, ANSWERS, people={"survey.csat": 40})
    earlier = {"csat.1": 50, "csat.5": 50}
    make.counters(system, DAY - timedelta(days=20), earlier, people={"survey.csat": 40})
    card = board(system).cards["csat"]
    assert card.verdict is Verdict.MET
    assert card.change is not None
    assert card.change.value == pytest.approx(0.3)
    # by hand: 0.3 - hypot(0.8 - 0.7112, 0.5962 - 0.5), 0.3 + hypot(0.8666 - 0.8, 0.5 - 0.4038)
    assert card.change.ci == pytest.approx((0.1691, 0.4170), abs=1e-4)
    assert card.change.clear


def test_where_nothing_live_is_labelled_the_evaluation_set_speaks() -> None:
    system = make.system(labels=LABELS)
    EvaluationSet.objects.create(
        system=system,
        name="emotion test set",
        n=1421,
        counts={"labels": LABELS, "matrix": TWEETEVAL},
        sha256="0" * 64,
        imported_by="system",
    )
    found = board(system).figures
    assert found["accuracy"].value == pytest.approx(0.8339, abs=5e-5)
    assert found["accuracy"].source.startswith("evaluation set emotion test set")
    # live use was labelled in the period before: a set and live use are not compared
    make.confusion(system, DAY - timedelta(days=20), LABELS, TWEETEVAL, people=200)
    assert board(system).cards["accuracy"].change is None
    make.confusion(system, DAY, LABELS, TWEETEVAL, people=3)
    assert board(system).figures["accuracy"].state is State.SUPPRESSED  # and the set does not take its place
    make.confusion(system, DAY + timedelta(days=1), LABELS, TWEETEVAL, people=200)
    assert board(system).figures["accuracy"].source == "live interactions, daily rollups"


def test_the_goal_that_falls_due_next_is_the_one_that_counts() -> None:
    system = make.system()
    today = datetime.now(UTC).date()
    goal = {"direction": "at_least", "statement": "x", "created_at": NOW, "created_by": system.owner}
    for days, target in ((-400, "0.5"), (-30, "0.6")):
        Goal.objects.create(system=system, kpi="csat", target=target, due_on=today + timedelta(days), **goal)
    found = selectors.goal_of(system, "csat")
    assert found is not None
    assert found.target == Decimal("0.6")  # all past: the last one
    for days, target in ((30, "0.7"), (400, "0.8")):
        Goal.objects.create(system=system, kpi="csat", target=target, due_on=today + timedelta(days), **goal)
    found = selectors.goal_of(system, "csat")
    assert found is not None
    assert found.target == Decimal("0.7")


def test_those_without_a_value_are_a_group_that_the_total_would_show() -> None:
    system = make.system(labels=LABELS)
    make.confusion(system, DAY, LABELS, TWEETEVAL, people=200, part="language=nl")
    make.confusion(system, DAY, LABELS, TWEETEVAL, people=60, part="language=en")
    double = [[2 * n for n in row] for row in TWEETEVAL]
    make.confusion(system, DAY, LABELS, double, people=200)
    everyone = {part.value: part.figures["accuracy"].state for part in _by_language(system)}
    assert everyone == {"nl": State.OK, "en": State.OK}
    # three people more, whose language nobody knows
    make.confusion(system, DAY + timedelta(days=1), LABELS, TWEETEVAL, people=3)
    assert {part.value: part.figures["accuracy"].state for part in _by_language(system)} == {
        "nl": State.OK,
        "en": State.SUPPRESSED,
    }


def _by_language(system: System) -> list[selectors.Slice]:
    return selectors.slices(system, *SPAN.window, "language")


def test_a_hidden_week_is_not_the_whole_minus_the_other_weeks() -> None:
    system = make.system()
    for week, people in enumerate((40, 4, 25, 60)):
        make.counters(system, DAY + timedelta(days=7 * week), ANSWERS, people={"survey.csat": people})
    weeks = series(system, DAY, DAY + timedelta(days=27), ["csat"]).figures
    assert [week["csat"].state for week in weeks] == [
        State.OK,
        State.SUPPRESSED,
        State.SUPPRESSED,
        State.OK,
    ]


@pytest.mark.parametrize(
    ("covered", "audit", "state", "warnings"),
    [
        (100, "met", State.OK, 0),
        (100, "not_enough_evidence", State.OK, 1),
        (100, None, State.OK, 1),
        (99, "met", State.WITHHELD, 0),
        (100, "not_met", State.WITHHELD, 0),
    ],
)
def test_the_return_is_withheld_while_consent_or_accuracy_is_not_met_and_costs_show(
    covered: int, audit: str | None, state: State, warnings: int
) -> None:
    system = make.system()
    make.counters(system, DAY, {"interactions": 100, "basis.allow": covered, "basis.gap": 100 - covered})
    rows = [LICENCE | {"month": "2026-03"}, HOURS | {"month": "2026-03"}]
    record_values(system=system, items=rows, by="system")
    if audit:
        finished_run(system, audit)
    found = board(system)
    assert found.figures["roi"].state is state
    assert found.figures["pv_costs"].value == 1000
    assert len(found.worth.warnings) == warnings
    if state is State.OK:
        roi = found.figures["roi"].to_dict()
        assert roi["p10"] < roi["p50"] < roi["p90"]
        assert roi["draws"] >= 10_000
    else:
        assert found.worth.withheld in found.figures["roi"].reason_text
        assert found.figures["roi"].p50 is None
        assert "extra" not in found.figures["pv_costs"].to_dict()  # nor is it told beside the costs


def finished_run(system: System, verdict: str, at: datetime = NOW) -> AuditRun:
    """A finished accuracy audit with this verdict, as the audit itself would leave it."""
    job = Job.objects.create(kind="audit")
    window = {"window_from": SPAN.date_from, "window_to": SPAN.date_to}
    return AuditRun.objects.create(
        system=system,
        kind="sentiment_accuracy",
        seed=1,
        code_version="test",
        job=job,
        verdict=verdict,
        finished_at=at,
        digest="0" * 64,
        **window,
    )


def test_without_entries_there_is_no_return_and_no_zero() -> None:
    figure = board(make.system()).figures["roi"]
    assert (figure.state, figure.value) == (State.NOT_ENOUGH_DATA, None)


def test_the_number_of_queries_does_not_grow_with_systems_or_days() -> None:
    systems: list[Any] = [make.system() for _ in range(4)]
    for system in systems:
        for days in range(20):
            make.counters(system, DAY + timedelta(days=days), ANSWERS, people={"survey.csat": 12})
        record_values(system=system, items=[LICENCE | {"month": "2026-03"}], by="system")
    with CaptureQueriesContext(connection) as one:
        selectors.boards(systems[:1], SPAN)
    with CaptureQueriesContext(connection) as four:
        selectors.boards(systems, SPAN)
    assert len(one) == len(four) <= 14


def test_weeks_become_months_where_weeks_hold_too_little() -> None:
    system = make.system()
    for days in range(0, 56, 7):
        make.counters(system, DAY + timedelta(days=days), {"csat.5": 10}, people={"survey.csat": 10})
    found = series(system, date(2026, 3, 1), date(2026, 4, 30), ["csat"])
    assert (found.bucket, found.starts) == ("month", (date(2026, 3, 1), date(2026, 4, 1)))
    assert [bucket["csat"].n for bucket in found.figures] == [50, 30]
    assert series(system, date(2026, 3, 2), date(2026, 3, 9), ["csat"]).bucket == "month"
    make.counters(system, DAY + timedelta(days=1), {"csat.5": 90}, people={"survey.csat": 30})
    weekly = series(system, date(2026, 3, 2), date(2026, 3, 14), ["csat"])
    assert (weekly.bucket, [w["csat"].n for w in weekly.figures]) == ("week", [100, 10])
