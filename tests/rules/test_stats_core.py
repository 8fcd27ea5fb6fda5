"""Intervals, agreement, bootstrap and verdicts against published values and oracles."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from sklearn import metrics as sk

from metrics.stats import agreement, bootstrap, intervals
from metrics.stats.figure import Figure, State, held_to_minimum, suppressed, withheld
from metrics.stats.sentiment import (
    accuracy_figure,
    bootstrap_figure,
    f1_by_label,
    sentiment_figures,
)
from metrics.stats.verdict import Direction, Verdict, against_target, worst

# the confusion counts of a published model on the TweetEval emotion test set (gold x predicted)
LABELS = ["anger", "joy", "optimism", "sadness"]
TWEETEVAL = [[488, 19, 13, 38], [13, 302, 14, 29], [17, 16, 76, 14], [38, 19, 6, 319]]
WINDOW = (date(2026, 1, 1), date(2026, 1, 10))


def rows(matrix: list[list[int]]) -> tuple[list[int], list[int]]:
    """The confusion counts as one gold and one predicted label per item."""
    pairs = [(g, p) for g, row in enumerate(matrix) for p, count in enumerate(row) for _ in range(count)]
    return [g for g, _ in pairs], [p for _, p in pairs]


@pytest.mark.parametrize(
    ("k", "n", "lo", "hi"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_newcombes_published_intervals(k: int, n: int, lo: float, hi: float) -> None:
    assert intervals.wilson(k, n) == pytest.approx((lo, hi), abs=5e-5)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_share_intervals_equal_scipy(case: tuple[int, int]) -> None:
    k, n = case
    test = scipy_stats.binomtest(k, n)
    assert intervals.wilson(k, n) == pytest.approx(tuple(test.proportion_ci(method="wilson")), abs=1e-9)
    assert intervals.clopper_pearson(k, n) == pytest.approx(
        tuple(test.proportion_ci(method="exact")), abs=1e-9
    )


@pytest.mark.parametrize(("k", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_shares_that_are_none_are_refused(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="share"):
        intervals.wilson(k, n)
    with pytest.raises(ValueError, match="share"):
        intervals.clopper_pearson(k, n)


def test_zero_events_is_the_exact_rule_of_three() -> None:
    assert intervals.zero_events_upper(100) == pytest.approx(0.029513, abs=1e-6)
    assert intervals.zero_events_upper(20) == pytest.approx(
        scipy_stats.binomtest(0, 20, alternative="less").proportion_ci(method="exact").high
    )
    with pytest.raises(ValueError, match="positive"):
        intervals.zero_events_upper(0)


@given(st.lists(st.integers(1, 7), min_size=2, max_size=200).filter(lambda xs: len(set(xs)) > 1))
def test_mean_from_sums_equals_scipy_from_rows(xs: list[int]) -> None:
    found = intervals.mean_t(sum(xs), sum(x * x for x in xs), len(xs))
    oracle = scipy_stats.ttest_1samp(xs, 0).confidence_interval(0.95)
    assert found == pytest.approx(tuple(oracle), rel=1e-9)


def test_mean_of_equal_answers_has_no_spread_and_one_answer_no_interval() -> None:
    assert intervals.mean_t(30.3, 30.3 * 10.1, 3) == pytest.approx((10.1, 10.1), abs=1e-6)
    with pytest.raises(ValueError, match="two"):
        intervals.mean_t(4, 16, 1)


def test_nps_interval_adds_three_people() -> None:
    # 50 promoters, 30 passives, 20 detractors: (50.75 - 20.75) / 103 +- 1.96 sqrt(var / 103)
    lo, hi = intervals.nps_adjusted_wald(50, 30, 20)
    share, other = 50.75 / 103, 20.75 / 103
    half = 1.959964 * ((share + other - (share - other) ** 2) / 103) ** 0.5
    assert (lo, hi) == pytest.approx((share - other - half, share - other + half), abs=1e-6)
    assert intervals.nps_adjusted_wald(5, 0, 0).hi <= 1.0
    with pytest.raises(ValueError, match="zero"):
        intervals.nps_adjusted_wald(0, 0, 0)


def test_nps_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    draws = rng.multinomial(60, [0.45, 0.35, 0.2], size=4000)
    covered = [lo <= 0.25 <= hi for lo, hi in (intervals.nps_adjusted_wald(*map(int, d)) for d in draws)]
    assert 0.935 <= np.mean(covered) <= 0.965


def test_response_bias_bounds_are_the_two_worst_cases() -> None:
    assert intervals.response_bias_bounds(40, 50, 200) == (0.2, 0.95)
    assert intervals.response_bias_bounds(40, 50, 50) == (0.8, 0.8)
    with pytest.raises(ValueError, match="asked"):
        intervals.response_bias_bounds(40, 50, 49)


def test_published_labels_give_the_published_figures() -> None:
    figures = sentiment_figures(LABELS, TWEETEVAL, source="evaluation set", window=WINDOW)
    accuracy = figures["accuracy"]
    assert accuracy.value == pytest.approx(0.8339, abs=5e-5)
    assert accuracy.ci == pytest.approx((0.8137, 0.8524), abs=5e-5)
    assert accuracy.n == 1421
    assert figures["macro_f1"].value == pytest.approx(0.7983, abs=5e-5)
    assert figures["macro_f1"].ci == pytest.approx((0.7732, 0.8233), abs=0.003)
    assert figures["kappa"].value == pytest.approx(0.7631, abs=5e-5)
    assert figures["mcc"].value == pytest.approx(0.7632, abs=5e-5)
    assert float(agreement.weighted_f1(TWEETEVAL)) == pytest.approx(0.8332, abs=5e-5)
    assert f1_by_label(LABELS, TWEETEVAL) == pytest.approx(
        {"anger": 0.8761, "joy": 0.8459, "optimism": 0.6552, "sadness": 0.8159},
        abs=5e-5,
    )


@pytest.mark.parametrize(
    ("target", "verdict"),
    [(0.80, Verdict.MET), (0.84, Verdict.NOT_ENOUGH_EVIDENCE), (0.90, Verdict.NOT_MET)],
)
def test_three_targets_give_three_verdicts(target: float, verdict: Verdict) -> None:
    assert against_target(accuracy_figure(TWEETEVAL), target, "at_least") is verdict


def test_agreement_equals_scikit_learn_on_random_counts() -> None:
    rng = np.random.default_rng(7)
    for size in (2, 3, 5, 8):
        matrix = rng.integers(1, 40, size=(size, size))
        gold, predicted = rows(matrix.tolist())
        assert agreement.accuracy(matrix) == pytest.approx(sk.accuracy_score(gold, predicted))
        assert agreement.macro_f1(matrix) == pytest.approx(sk.f1_score(gold, predicted, average="macro"))
        assert agreement.weighted_f1(matrix) == pytest.approx(
            sk.f1_score(gold, predicted, average="weighted")
        )
        assert agreement.balanced_accuracy(matrix) == pytest.approx(
            sk.balanced_accuracy_score(gold, predicted)
        )
        assert agreement.kappa(matrix) == pytest.approx(sk.cohen_kappa_score(gold, predicted))
        assert agreement.mcc(matrix) == pytest.approx(sk.matthews_corrcoef(gold, predicted))
        precision, recall, f1, _ = sk.precision_recall_fscore_support(gold, predicted)
        assert agreement.precision_per_class(matrix) == pytest.approx(precision)
        assert agreement.recall_per_class(matrix) == pytest.approx(recall)
        assert agreement.f1_per_class(matrix) == pytest.approx(f1)


def test_mcc_of_a_constant_prediction_is_zero_and_odd_shapes_are_refused() -> None:
    assert agreement.mcc([[10, 0], [5, 0]]) == 0
    assert np.isnan(agreement.accuracy([[0, 0], [0, 0]]))
    with pytest.raises(ValueError, match="square"):
        agreement.accuracy([[1, 2, 3], [1, 2, 3]])
    with pytest.raises(ValueError, match="negative"):
        agreement.accuracy([[1, -2], [1, 2]])


def test_bootstrap_on_counts_is_seeded_and_near_the_one_over_rows() -> None:
    first = bootstrap.multinomial(TWEETEVAL, agreement.macro_f1)
    assert first == bootstrap.multinomial(TWEETEVAL, agreement.macro_f1)
    assert first != bootstrap.multinomial(TWEETEVAL, agreement.macro_f1, seed=1)
    gold, predicted = map(np.array, rows(TWEETEVAL))
    rng = np.random.default_rng(3)
    picks = rng.integers(0, gold.size, size=(400, gold.size))
    values = [sk.f1_score(gold[p], predicted[p], average="macro") for p in picks]
    assert first == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])), abs=0.004)
    with pytest.raises(ValueError, match="nothing"):
        bootstrap.multinomial([[0, 0], [0, 0]], agreement.macro_f1)
    with pytest.raises(ValueError, match="estimable"):
        bootstrap.multinomial([[9, 0], [0, 0]], agreement.kappa)


def test_a_class_without_gold_is_not_estimable_and_a_thin_one_not_enough() -> None:
    unseen = bootstrap_figure("macro_f1", [[200, 5], [0, 0]], ["joy", "fear"])
    assert (unseen.state, unseen.value) == (State.NOT_ESTIMABLE, None)
    assert "fear" in unseen.reason_text
    thin = bootstrap_figure("macro_f1", [[200, 5], [1, 3]], ["joy", "fear"])
    assert (thin.state, thin.more_needed) == (State.NOT_ENOUGH_DATA, 6)
    never = bootstrap_figure("macro_f1", [[200, 5, 0], [10, 30, 0], [0, 0, 0]], ["joy", "fear", "awe"])
    assert never.state is State.OK
    assert list(never.exclusions) == ["class without any item: awe"]
    same = bootstrap_figure("kappa", [[300, 0], [0, 0]], ["joy", "fear"])
    assert same.state is State.NOT_ESTIMABLE


def test_below_its_minimum_a_figure_says_how_many_more_and_when() -> None:
    figure = accuracy_figure([[10, 2], [3, 5]], window=WINDOW)
    assert (figure.state, figure.value, figure.ci, figure.n) == (
        State.NOT_ENOUGH_DATA,
        None,
        None,
        20,
    )
    assert figure.reason_text == "Not enough data (n < 30)."
    assert figure.more_needed == 10
    assert figure.enough_on == date(2026, 1, 15)  # 20 in ten days, so ten more take five days
    empty = accuracy_figure([[0, 0], [0, 0]], window=WINDOW)
    assert (empty.value, empty.more_needed, empty.enough_on) == (None, 30, None)
    assert bootstrap_figure("macro_f1", [[50, 2], [3, 50]], ["a", "b"]).more_needed == 95


def test_hidden_figures_carry_no_number() -> None:
    figure = Figure(
        "csat",
        value=0.8,
        ci=(0.7, 0.9),
        n=40,
        numerator=32,
        denominator=40,
        window=WINDOW,
    )
    hidden = suppressed(figure, 10).to_dict()
    assert [hidden[key] for key in ("value", "ci", "n", "numerator", "denominator")] == [None] * 5
    assert hidden["state"] == "suppressed"
    held = withheld(figure, "Accuracy of {system} misses its target.", system="Chat").to_dict()
    assert (held["state"], held["value"]) == ("withheld", None)
    assert held["reason"] == "Accuracy of Chat misses its target."
    assert held_to_minimum(figure, 30) is figure


def test_the_shape_of_a_figure_is_the_contract() -> None:
    figure = Figure("csat", value=0.8, ci=(0.7, 0.9), n=40, window=WINDOW).to_dict()
    assert set(figure) == {
        "kpi",
        "value",
        "ci",
        "level",
        "n",
        "numerator",
        "denominator",
        "exclusions",
        "method",
        "source",
        "window",
        "state",
        "reason",
        "more_needed",
        "enough_on",
    }
    assert figure["window"] == {"from": "2026-01-01", "to": "2026-01-10"}
    money = Figure("roi", value=1.2, p10=0.4, p50=1.2, p90=2.0, draws=10_000).to_dict()
    assert "ci" not in money
    assert "n" not in money
    assert money["draws"] == 10_000


def test_verdicts_of_both_directions_counts_money_and_gaps() -> None:
    share = Figure("share", value=0.5, ci=(0.4, 0.6), n=100)
    assert against_target(share, 0.4) is Verdict.MET
    assert against_target(share, 0.6) is Verdict.NOT_ENOUGH_EVIDENCE
    assert against_target(share, 0.6, Direction.AT_MOST) is Verdict.MET
    assert against_target(share, 0.39, Direction.AT_MOST) is Verdict.NOT_MET
    assert against_target(Figure("count", value=1.0, n=4), 1.0) is Verdict.MET
    assert against_target(Figure("count", value=0.99, n=4), 1.0) is Verdict.NOT_MET
    assert against_target(Figure("roi", value=1, p10=0.2, p50=1, p90=2, draws=10_000), 0) is Verdict.MET
    assert against_target(replace(share, state=State.WITHHELD), 0.1) is Verdict.NOT_ENOUGH_EVIDENCE
    with pytest.raises(ValueError, match="sideways"):
        against_target(share, 0.4, "sideways")


def test_the_worst_check_decides_an_audit() -> None:
    met, gap, miss, error = (
        Verdict.MET,
        Verdict.NOT_ENOUGH_EVIDENCE,
        Verdict.NOT_MET,
        Verdict.ERROR,
    )
    assert worst([met, met]) is met
    assert worst([met, gap]) is gap
    assert worst([gap, miss, met]) is miss
    assert worst([miss, error]) is error
    assert worst([]) is gap
