"""Median and other quantiles of skewed times, with an interval that assumes no distribution.

Source: order statistics and the binomial, Conover 1999, Practical Nonparametric Statistics, section 3.2.
"""

from scipy import stats

from metrics.stats.intervals import Interval


def quantile_ranks(n: int, q: float, level: float = 0.95) -> Interval:
    """The interval of the q-quantile of n values, as shares 0..1 of the ordered values to read it at."""
    if n <= 0 or not 0 < q < 1:
        raise ValueError("n > 0 and 0 < q < 1")
    lo, hi = stats.binom.ppf([(1 - level) / 2, (1 + level) / 2], n, q)
    return Interval(max(0.0, float(lo) / n), min(1.0, (float(hi) + 1) / n))
