"""Confidence intervals of shares, means and the net promoter score; never the Wald interval."""

from math import sqrt
from typing import NamedTuple

from scipy import special  # the same quantiles as scipy.stats, whose import alone takes half a second


class Interval(NamedTuple):
    """Two ends of an interval, `lo <= hi`."""

    lo: float
    hi: float


def wilson(k: float, n: float, level: float = 0.95) -> Interval:
    """Score interval of a share k/n: the default for every proportion.

    Source: Wilson 1927; Newcombe 1998, Statistics in Medicine 17:857, method 3. Raises ValueError where n
    is 0 or k lies outside 0..n.
    """
    _check_share(k, n)
    z = float(special.ndtri(0.5 + level / 2))
    p = k / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # at 0 and n the end is the bound itself; floating point would leave 1e-17
    return Interval(
        0.0 if k == 0 else max(0.0, centre - half),
        1.0 if k == n else min(1.0, centre + half),
    )


def clopper_pearson(k: int, n: int, level: float = 0.95) -> Interval:
    """Exact interval of a share, never below its level: for guarantees (consent, disclosure, SLA, zero
    breaches).

    Source: Clopper and Pearson 1934, Biometrika 26:404, by the beta quantiles.
    """
    _check_share(k, n)
    tail = (1 - level) / 2
    lo = 0.0 if k == 0 else float(special.betaincinv(k, n - k + 1, tail))
    hi = 1.0 if k == n else float(special.betaincinv(k + 1, n - k, 1 - tail))
    return Interval(lo, hi)


def zero_events_upper(n: int, level: float = 0.95) -> float:
    """Upper one-sided bound of a rate after zero events in n: 1 - (1 - level)^(1/n).

    Source: Hanley and Lippman-Hand 1983, JAMA 249:1743 (the 'rule of three' is its approximation).
    """
    if n <= 0:
        raise ValueError("n must be positive")
    return float(1 - (1 - level) ** (1 / n))


def mean_t(total: float, squares: float, n: int, level: float = 0.95) -> Interval:
    """Student-t interval of a mean from n, the sum and the sum of squares (what the rollups keep).

    Source: Student 1908. Raises ValueError below two observations.
    """
    if n < 2:
        raise ValueError("a mean needs two observations for an interval")
    mean = total / n
    # cancellation can leave a tiny negative variance when all answers are equal
    variance = max(0.0, (squares - total * total / n) / (n - 1))
    half = float(special.stdtrit(n - 1, 0.5 + level / 2)) * sqrt(variance / n)
    return Interval(mean - half, mean + half)


def nps_adjusted_wald(promoters: int, passives: int, detractors: int, level: float = 0.95) -> Interval:
    """Interval of the net promoter score as a difference of shares (-1..1).

    Adds 3/4 to promoters and detractors and 1 1/2 to passives, which brings the coverage to its level.
    Source: Rocks 2016, The American Statistician 70:365, 'Interval estimation for the net promoter score'.
    """
    n = promoters + passives + detractors
    if min(promoters, passives, detractors) < 0 or n == 0:
        raise ValueError("counts must be non-negative and not all zero")
    total = n + 3
    up, down = (promoters + 0.75) / total, (detractors + 0.75) / total
    difference = up - down
    half = float(special.ndtri(0.5 + level / 2)) * sqrt((up + down - difference**2) / total)
    return Interval(max(-1.0, difference - half), min(1.0, difference + half))


def response_bias_bounds(k: int, n: int, asked: int) -> Interval:
    """What the share could be had everyone answered: all who stayed silent against it, or all for it.

    k of n answers count, `asked` people were asked. Exact: the worst case, no assumption.
    Source: Manski 1989, Journal of Human Resources 24:343.
    """
    if not 0 <= k <= n <= asked or asked == 0:
        raise ValueError("0 <= k <= n <= asked, and someone was asked")
    return Interval(k / asked, (k + asked - n) / asked)


def _check_share(k: float, n: float) -> None:
    if n <= 0 or not 0 <= k <= n:
        raise ValueError("a share needs n > 0 and 0 <= k <= n")
