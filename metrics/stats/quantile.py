"""Median and other quantiles of skewed times, with an interval that assumes no distribution.

Source: order statistics and the binomial, Conover 1999, Practical Nonparametric Statistics, section 3.2.
"""

from math import ceil

from scipy import special

from metrics.stats.intervals import Interval


def quantile_ranks(n: int, q: float, level: float = 0.95) -> Interval:
    """The interval of the q-quantile of n values, as shares 0..1 of the ordered values to read it at."""
    if n <= 0 or not 0 < q < 1:
        raise ValueError("n > 0 and 0 < q < 1")
    lo, hi = (_binomial_quantile(tail, n, q) for tail in ((1 - level) / 2, (1 + level) / 2))
    return Interval(lo / n, min(1.0, (hi + 1) / n))


def _binomial_quantile(tail: float, n: int, q: float) -> int:
    """The smallest number of successes in n whose distribution function reaches `tail`."""
    found = max(0, ceil(float(special.bdtrik(tail, n, q))))
    return found - 1 if found and special.bdtr(found - 1, n, q) >= tail else found
