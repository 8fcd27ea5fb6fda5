"""Scales, survey figures, privacy floor and return on investment against published and worked values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from metrics.stats import change, intervals, quantile, roi, scales, share, suppression, survey
from metrics.stats.figure import Figure, State

# a Forrester TEI study: yearly flows, the start first
COSTS = [53_150, 666_715, 636_772, 647_783]
BENEFITS = [0, 1_606_511, 3_061_331, 4_229_760]


# --- scales ---


def test_pets_has_two_factors_and_leaves_out_an_incomplete_one() -> None:
    answers = {
        "E1": 10,
        "E2": 20,
        "E3": 30,
        "E4": 40,
        "E5": 50,
        "E6": 60,
        "U1": 80,
        "U2": 90,
        "U3": 100,
    }
    assert scales.score(scales.PETS, answers) == {"ER": 35}
    assert scales.score(scales.PETS, answers | {"U4": 50}) == {"ER": 35, "UT": 80}
    with pytest.raises(ValueError, match="between 0 and 100"):
        scales.score(scales.PETS, answers | {"U4": 101})


def test_trust_between_people_and_automation_is_scored_as_two_factors() -> None:
    answers = {f"T{i}": 2.0 for i in range(1, 6)} | {f"T{i}": 6.0 for i in range(6, 13)}
    assert scales.score(scales.TRUST, answers) == {"distrust": 2, "trust": 6}
    assert len(scales.TRUST.items) == 12


def test_alpha_of_a_worked_example_and_of_its_sums() -> None:
    # k/(k-1) (1 - sum of item variances / variance of totals), by hand for three people, two items:
    # variances 1 and 4, totals 3 6 9 with variance 9, so 2 (1 - 5/9)
    assert scales.cronbach([[1, 2], [2, 4], [3, 6]]) == pytest.approx(8 / 9)
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(200, 1)) + rng.normal(size=(200, 6))
    covariance = np.cov(rows, rowvar=False)
    oracle = 6 / 5 * (1 - np.trace(covariance) / covariance.sum())
    assert scales.cronbach(rows) == pytest.approx(oracle)
    assert np.isnan(scales.cronbach([[1, 2]]))
    assert np.isnan(scales.cronbach([[3, 3], [3, 3]]))


# --- surveys ---


def test_csat_shows_share_and_bounds_under_non_response() -> None:
    figure = survey.share_figure("csat", {1: 5, 2: 5, 3: 10, 4: 30, 5: 50}, asked=400)
    assert figure.value == 0.8
    assert figure.ci == pytest.approx(tuple(scipy_stats.binomtest(80, 100).proportion_ci(method="wilson")))
    assert figure.extra["bounds_under_non_response"] == [0.2, 0.95]
    assert figure.exclusions == {"asked, no answer": 300}
    rate = survey.response_rate_figure("csat_response", 100, 400)
    assert rate.value == 0.25
    assert survey.response_rate_figure("csat_response", 100, 0).state is State.NOT_ESTIMABLE


def test_means_come_with_their_histogram_and_equal_scipy() -> None:
    histogram = {1: 5, 2: 5, 3: 10, 4: 30, 5: 50}
    figure = survey.histogram_mean_figure("csat_mean", histogram)
    rows = [answer for answer, count in histogram.items() for _ in range(count)]
    assert figure.value == pytest.approx(np.mean(rows))
    assert figure.ci == pytest.approx(tuple(scipy_stats.ttest_1samp(rows, 0).confidence_interval()))
    assert figure.extra["histogram"] == {"1": 5, "2": 5, "3": 10, "4": 30, "5": 50}
    few = survey.histogram_mean_figure("csat_mean", {5: 29})
    assert (few.state, few.more_needed, few.extra) == (State.NOT_ENOUGH_DATA, 1, {})


def test_nps_counts_nines_and_tens_against_six_and_less() -> None:
    figure = survey.nps_figure({10: 20, 9: 20, 8: 10, 7: 10, 6: 10, 0: 10})
    assert figure.value == 25
    assert figure.ci == pytest.approx(tuple(100 * end for end in intervals.nps_adjusted_wald(40, 20, 20)))
    assert figure.n == 80
    assert survey.nps_figure({10: 49}).more_needed == 1
    with pytest.raises(ValueError, match="between 0 and 10"):
        survey.nps_figure({11: 4})


def test_a_complete_count_has_no_interval_and_a_guarantee_the_exact_one() -> None:
    complete = share.share_figure("consent_coverage", 3, 3, method="complete")
    assert (complete.value, complete.ci, complete.state) == (1.0, None, State.OK)
    exact = share.share_figure("sla", 100, 100, method="exact")
    assert exact.ci == pytest.approx((0.9638, 1.0), abs=5e-5)
    assert share.share_figure("sla", 0, 0, method="complete").state is State.NOT_ENOUGH_DATA


# --- the privacy floor ---


def test_a_small_group_takes_another_with_it_so_the_total_does_not_give_it_away() -> None:
    assert suppression.hidden({"nl": 400, "en": 60, "tr": 4}) == {"tr", "en"}
    assert suppression.hidden({"nl": 400, "en": 60}) == set()
    # two small groups that together reach the floor hide each other
    assert suppression.hidden({"nl": 400, "a": 6, "b": 7}) == {"a", "b"}
    # two small groups that do not: their sum would be a group under the floor
    assert suppression.hidden({"nl": 400, "a": 2, "b": 3}) == {"a", "b", "nl"}
    assert suppression.hidden({"nl": 400, "empty": 0}) == set()
    with pytest.raises(ValueError, match="below 5"):
        suppression.hidden({"a": 3}, floor=4)
    with pytest.raises(ValueError, match="two dimensions"):
        suppression.hidden_crossed({("a", "b", "c"): 30})


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz")),
        st.integers(0, 40),
        min_size=1,
        max_size=16,
    )
)
def test_no_line_of_a_crossed_table_tells_a_small_cell(
    people: dict[tuple[str, ...], int],
) -> None:
    shut = suppression.hidden_crossed(people)
    assert {cell for cell, n in people.items() if 0 < n < 10} <= shut
    for axis in (0, 1):
        for value in {cell[axis] for cell in people}:
            line = [cell for cell in people if cell[axis] == value]
            closed = [cell for cell in line if cell in shut]
            still_open = [cell for cell in line if cell not in shut and people[cell] > 0]
            if closed and still_open:
                assert len(closed) >= 2
                assert sum(people[cell] for cell in closed) >= 10


def test_extreme_shares_of_a_group_are_top_coded() -> None:
    high = suppression.top_coded(Figure("csat", value=0.99, ci=(0.9, 1.0), n=40, numerator=39))
    assert (high.value, high.ci, high.numerator, high.extra) == (
        0.95,
        None,
        None,
        {"top_coded": "at_least"},
    )
    assert suppression.top_coded(Figure("csat", value=0.0, n=40)).value == 0.05
    middle = Figure("csat", value=0.5, n=40)
    assert suppression.top_coded(middle) is middle


# --- return on investment ---


def test_published_forrester_study_is_reproduced() -> None:
    result = roi.tei(COSTS, BENEFITS, 0.10)
    assert round(result.pv_costs) == 1_672_201
    assert round(result.pv_benefits) == 7_168_371
    assert round(result.npv) == 5_496_170
    assert result.roi is not None
    assert round(result.roi * 100) == 329
    assert roi.tei([0], [5], 0.1).roi is None


def test_certain_items_give_the_published_study_by_months_too() -> None:
    yearly = [
        roi.Item(
            "costs",
            True,
            tuple((12 * year, amount) for year, amount in enumerate(COSTS)),
        ),
        roi.Item(
            "benefits",
            False,
            tuple((12 * year, amount) for year, amount in enumerate(BENEFITS)),
        ),
    ]
    outcome = roi.simulate(yearly, 0.10)
    assert outcome is not None
    assert outcome.npv.p10 == outcome.npv.p90 == pytest.approx(5_496_170, abs=1)
    assert outcome.roi is not None
    assert outcome.roi.p50 == pytest.approx(3.287, abs=0.001)
    assert (outcome.p_negative, outcome.payback, outcome.tornado) == (0.0, 12, ())


def test_payback_is_the_first_month_whose_cumulative_net_is_not_negative() -> None:
    assert roi.payback_month([-100, 40, 40, 40]) == 3
    assert roi.payback_month([-100, 50, 50]) == 2
    assert roi.payback_month([-100, 50]) is None


def test_the_payback_of_the_draws_counts_those_that_never_pay_back() -> None:
    months = np.array([1, 2, 3, 4, 5, 6, -1, -1, -1, -1])
    assert roi._median_payback(months) == 5  # half of all ten, not of the six that do
    assert roi._median_payback(np.array([1, 2, -1, -1, -1])) is None


def test_nothing_moves_a_value_of_nothing() -> None:
    outcome = roi.simulate([roi.Item("x", False, ((0, 0.0),), roi.Spread.PERT, 0.5, 1.0, 2.0)], 0.1)
    assert outcome is not None
    assert outcome.tornado == ()  # and no correlation that is not a number


def test_ranks_and_quantiles_are_those_of_scipy() -> None:
    values = np.random.default_rng(1).integers(0, 20, 500).astype(float)
    assert (roi._ranks(values) == scipy_stats.rankdata(values)).all()
    for n in (1, 2, 30, 31, 999, 1_000_000):
        for q in (0.1, 0.5, 0.9):
            lo, hi = scipy_stats.binom.ppf([0.025, 0.975], n, q)
            assert quantile.quantile_ranks(n, q) == (lo / n, min(1.0, (hi + 1) / n))


@pytest.mark.parametrize(
    ("spread", "oracle"),
    [
        (roi.Spread.TRIANGULAR, scipy_stats.triang(c=0.25, loc=0.8, scale=0.8)),
        (roi.Spread.PERT, scipy_stats.beta(2, 4, loc=0.8, scale=0.8)),
    ],
)
def test_draws_follow_the_declared_distribution(spread: roi.Spread, oracle: object) -> None:
    item = roi.Item("x", False, ((0, 1.0),), spread, 0.8, 1.0, 1.6)
    drawn = roi.multipliers(item, 20_000, np.random.default_rng(1))
    assert scipy_stats.kstest(drawn, oracle.cdf).pvalue > 0.001  # type: ignore[attr-defined]


def test_a_lognormal_has_the_entered_p10_and_p90() -> None:
    item = roi.Item("x", False, ((0, 1.0),), roi.Spread.LOGNORMAL, 0.5, 1.0, 2.0)
    drawn = roi.multipliers(item, 50_000, np.random.default_rng(1))
    assert np.quantile(drawn, [0.1, 0.9]) == pytest.approx([0.5, 2.0], rel=0.02)


@pytest.mark.parametrize(
    ("spread", "low", "likely", "high"),
    [
        (roi.Spread.PERT, 1.0, 0.5, 2.0),
        (roi.Spread.TRIANGULAR, 1.0, 1.0, 1.0),
        (roi.Spread.PERT, -0.1, 0.5, 1.0),
        (roi.Spread.LOGNORMAL, 0.0, 0.5, 1.0),
    ],
)
def test_distributions_out_of_order_are_refused(
    spread: roi.Spread, low: float, likely: float, high: float
) -> None:
    item = roi.Item("x", False, ((0, 1.0),), spread, low, likely, high)
    with pytest.raises(ValueError, match=r"low|lognormal"):
        roi.multipliers(item, 10, np.random.default_rng(1))


def test_simulation_is_seeded_and_its_tornado_names_the_item_that_decides() -> None:
    months = tuple((month, 1_000.0) for month in range(12))
    items = [
        roi.Item("licence", True, months),
        roi.Item("hours", False, months, roi.Spread.PERT, 0.2, 1.0, 3.0),
        roi.Item(
            "oversight",
            True,
            tuple((m, 100.0) for m in range(12)),
            roi.Spread.PERT,
            0.9,
            1.0,
            1.1,
        ),
    ]
    outcome = roi.simulate(items, 0.10)
    assert outcome is not None
    assert outcome == roi.simulate(items[::-1], 0.10)
    assert outcome != roi.simulate(items, 0.10, seed=1)
    assert outcome.draws >= 10_000
    assert outcome.npv.p10 < outcome.npv.p50 < outcome.npv.p90
    assert 0 < outcome.p_negative < 1
    assert [bar.key for bar in outcome.tornado] == ["hours", "oversight"]
    assert outcome.tornado[0].correlation > 0.95
    assert outcome.tornado[1].correlation < 0
    assert outcome.tornado[0].npv_low < outcome.tornado[0].npv_high
    # the hours decide: the median of the NPV is near that of their PERT, a beta distribution
    worth = sum(1_000 / 1.1 ** (m / 12) for m in range(12))
    hours = 0.2 + 2.8 * scipy_stats.beta(1 + 4 * 0.8 / 2.8, 1 + 4 * 2 / 2.8).median()
    assert outcome.npv.p50 == pytest.approx(worth * (hours - 1 - 0.1), abs=worth * 0.02)


def test_nothing_entered_is_no_outcome_and_no_cost_is_no_ratio() -> None:
    assert roi.simulate([], 0.1) is None
    only = roi.simulate([roi.Item("b", False, ((0, 5.0),))], 0.1)
    assert only is not None
    assert only.roi is None


# --- change and quantiles ---


def test_the_change_of_two_shares_is_newcombes_published_example() -> None:
    now = share.share_figure("csat", 56, 70)
    before = share.share_figure("csat", 48, 80)
    found = change.change(now, before)
    assert found is not None
    assert found.value == pytest.approx(0.2)
    assert found.ci == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert found.clear
    assert change.change(now, share.share_figure("csat", 3, 4)) is None
    complete = change.change(Figure("x", value=1.0), Figure("x", value=1.0))
    assert complete == change.Change(0.0, None)
    assert not change.Change(0.0, None).clear
    assert change.Change(0.1, None).clear


def test_the_median_of_a_skewed_time_is_inside_its_interval_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    rows = np.sort(rng.lognormal(1, 1, size=(2000, 100)), axis=1)
    lo, hi = quantile.quantile_ranks(100, 0.5)
    low, high = rows[:, int(lo * 100) - 1], rows[:, int(hi * 100) - 1]
    assert 0.94 <= np.mean((low <= np.e) & (np.e <= high)) <= 0.98
    with pytest.raises(ValueError, match="q < 1"):
        quantile.quantile_ranks(0, 0.5)
