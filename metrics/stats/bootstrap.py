"""Percentile bootstrap on the confusion counts: resampling n items equals one multinomial draw of the K x K
cells.

A thousand replicates cost milliseconds whatever n is, where a bootstrap over rows costs minutes. Source:
Efron and Tibshirani 1993, chapter 13; the multinomial view, Davison and Hinkley 1997, section 2.2.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from metrics.stats.agreement import Floats, counts
from metrics.stats.intervals import Interval

SEED = 20_261_123
REPLICATES = 1_000


def multinomial(
    matrix: ArrayLike,
    statistic: Callable[[Floats], Floats],
    replicates: int = REPLICATES,
    seed: int = SEED,
    level: float = 0.95,
) -> Interval:
    """Interval of `statistic` over the counts; the same counts and seed give the same interval.

    `statistic` takes (replicates, K, K) and answers (replicates,). Replicates where it is not estimable are
    left out. Raises ValueError on an empty matrix and where no replicate is estimable.
    """
    c = counts(matrix)
    n = int(c.sum())
    if n == 0:
        raise ValueError("nothing to resample")
    draws = np.random.default_rng(seed).multinomial(n, (c / n).ravel(), size=replicates)
    values = statistic(draws.reshape(replicates, *c.shape).astype(np.float64))
    values = values[~np.isnan(values)]
    if values.size == 0:
        raise ValueError("the statistic is not estimable in any replicate")
    lo, hi = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(lo), float(hi))
