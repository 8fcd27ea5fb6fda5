"""Verdicts, targets, seeds and digests of audits."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.audits import rules
from governance.audits.rules import Target, Verdict
from portal.errors import Invalid, RuleBroken
from portal.jobs.rules import answered_state

TODAY = date(2026, 11, 23)
ACCURACY = Target(key="accuracy", title="Accuracy", missed="Missed", default=Decimal("0.80"))
VERDICTS = st.lists(st.sampled_from(Verdict), max_size=6)


@given(VERDICTS)
def test_a_run_is_as_bad_as_its_worst_check(verdicts: list[Verdict]) -> None:
    found = rules.overall(verdicts)
    order = [Verdict.ERROR, Verdict.NOT_MET, Verdict.NOT_ENOUGH_EVIDENCE, Verdict.MET]
    assert found == (min(verdicts, key=order.index) if verdicts else Verdict.NOT_ENOUGH_EVIDENCE)


def test_targets_are_exact_and_those_left_out_get_the_default() -> None:
    assert rules.targets_from({"accuracy": ".80"}, [ACCURACY]) == {"accuracy": "0.8"}
    assert rules.targets_from({"accuracy": 0.84}, [ACCURACY]) == {"accuracy": "0.84"}
    assert rules.targets_from({}, [ACCURACY]) == {"accuracy": "0.8"}
    assert rules.targets_from({"accuracy": "1"}, [ACCURACY]) == {"accuracy": "1"}


@pytest.mark.parametrize(
    "value", ["1.2", "-0.1", "NaN", "Infinity", "high", True, None, "0.12345678", [], "1e999999"]
)
def test_a_target_out_of_range_or_without_sense_is_refused(value: object) -> None:
    with pytest.raises(Invalid) as refused:
        rules.targets_from({"accuracy": value}, [ACCURACY])
    assert refused.value.errors[0]["field"] == "targets.accuracy"


def test_an_unknown_check_is_refused_by_name() -> None:
    with pytest.raises(Invalid) as refused:
        rules.targets_from({"acuracy": ".9"}, [ACCURACY])
    assert [(e["field"], e["code"]) for e in refused.value.errors] == [("targets.acuracy", "unknown")]


@pytest.mark.parametrize(
    ("start", "end", "evaluation", "code"),
    [
        (date(2026, 11, 1), date(2026, 11, 2), "set", "window_and_evaluation"),
        (None, None, "", "window_missing"),
        (date(2026, 11, 1), None, "", "window_missing"),
        (date(2026, 11, 2), date(2026, 11, 1), "", "window_reversed"),
        (date(2026, 11, 1), date(2026, 12, 1), "", "window_in_future"),
    ],
)
def test_windows_that_are_none(start: date | None, end: date | None, evaluation: str, code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        rules.check_window(start, end, evaluation, TODAY)
    assert refused.value.code == code


def test_good_windows_and_an_evaluation_set_pass() -> None:
    rules.check_window(TODAY, TODAY, "", TODAY)
    rules.check_window(None, None, "tweets", TODAY)


def test_the_seed_depends_on_system_kind_and_window_and_nothing_else() -> None:
    where = rules.looked_at(date(2026, 10, 1), date(2026, 10, 31), "")
    assert where == "2026-10-01..2026-10-31"
    assert rules.seed_for("chat", "bias", where) == rules.seed_for("chat", "bias", where)
    others = {
        rules.seed_for(*parts)
        for parts in [("chat", "bias", where), ("chat", "drift", where), ("c", "bias", where)]
    }
    assert len(others) == 3
    assert 0 <= rules.seed_for("chat", "bias", where) < 2**48


def test_the_digest_sees_every_change_and_no_order_of_keys() -> None:
    one = rules.result_digest({"a": 1, "b": [0.8339, None]})
    assert one == rules.result_digest({"b": [0.8339, None], "a": 1})
    assert one != rules.result_digest({"a": 1, "b": [0.834, None]})
    assert len(one) == 64
    with pytest.raises(ValueError, match="JSON compliant"):
        rules.result_digest({"a": float("nan")})


def test_an_older_window_does_not_move_findings_once_a_later_one_has_spoken() -> None:
    assert rules.may_move_findings(date(2026, 10, 31), None)
    assert rules.may_move_findings(date(2026, 10, 31), date(2026, 10, 31))
    assert not rules.may_move_findings(date(2026, 9, 30), date(2026, 10, 31))
    assert rules.may_move_findings(None, None)


def test_a_job_that_was_given_up_is_a_failed_run() -> None:
    assert answered_state("dead") == "failed"
    assert answered_state("running") == "running"


def test_every_verdict_has_its_sentence() -> None:
    assert all(verdict.sentence.endswith(".") for verdict in Verdict)
