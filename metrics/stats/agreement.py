"""Agreement of predicted with human labels, from the confusion counts C (gold in rows, predicted in columns).

Every function takes an array of shape (..., K, K) and answers an array of shape (...), so that a bootstrap
asks once for all replicates. Oracle: scikit-learn. Source of the definitions: Sokolova and Lapalme 2009,
Information Processing and Management 45:427; kappa Cohen 1960; MCC for K classes Gorodkin 2004.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def counts(matrix: ArrayLike) -> Floats:
    """The confusion counts as floats; refuses what is not square or is negative."""
    c = np.asarray(matrix, dtype=np.float64)
    if c.ndim < 2 or c.shape[-1] != c.shape[-2]:
        raise ValueError("a confusion matrix is square")
    if (c < 0).any():
        raise ValueError("counts are not negative")
    return c


def _divide(top: Any, bottom: Any) -> Floats:
    bottom = np.asarray(bottom, dtype=np.float64)
    quotient: Floats = np.divide(top, bottom, out=np.full(np.shape(bottom), np.nan), where=bottom != 0)
    return quotient


def accuracy(matrix: ArrayLike) -> Floats:
    """Share of items whose predicted label is the gold label."""
    c = counts(matrix)
    return _divide(np.trace(c, axis1=-2, axis2=-1), c.sum(axis=(-2, -1)))


def f1_per_class(matrix: ArrayLike) -> Floats:
    """F1 of each class, shape (..., K); NaN for a class without gold, which is not estimable."""
    c = counts(matrix)
    gold, predicted = c.sum(axis=-1), c.sum(axis=-2)
    hits = np.diagonal(c, axis1=-2, axis2=-1)
    return np.where(gold > 0, _divide(2 * hits, gold + predicted), np.nan)


def recall_per_class(matrix: ArrayLike) -> Floats:
    """Share of the gold items of each class that were found, shape (..., K); NaN without gold."""
    c = counts(matrix)
    return _divide(np.diagonal(c, axis1=-2, axis2=-1), c.sum(axis=-1))


def precision_per_class(matrix: ArrayLike) -> Floats:
    """Share of the predictions of each class that were right, shape (..., K); NaN where never predicted."""
    c = counts(matrix)
    return _divide(np.diagonal(c, axis1=-2, axis2=-1), c.sum(axis=-2))


def macro_f1(matrix: ArrayLike) -> Floats:
    """Unweighted mean of the F1 of the classes that have gold."""
    return _mean(f1_per_class(matrix))


def balanced_accuracy(matrix: ArrayLike) -> Floats:
    """Unweighted mean of the recall of the classes that have gold."""
    return _mean(recall_per_class(matrix))


def weighted_f1(matrix: ArrayLike) -> Floats:
    """Mean of the F1 per class weighted by its gold; it hides a weak rare class."""
    c = counts(matrix)
    gold = c.sum(axis=-1)
    return _divide((np.nan_to_num(f1_per_class(c)) * gold).sum(axis=-1), gold.sum(axis=-1))


def kappa(matrix: ArrayLike) -> Floats:
    """Cohen's kappa: agreement beyond what the two margins give by chance."""
    c = counts(matrix)
    total = c.sum(axis=(-2, -1))
    chance = _divide((c.sum(axis=-1) * c.sum(axis=-2)).sum(axis=-1), total**2)
    return _divide(accuracy(c) - chance, 1 - chance)


def mcc(matrix: ArrayLike) -> Floats:
    """Matthews correlation for K classes; 0 where one margin has a single class (as scikit-learn)."""
    c = counts(matrix)
    total, gold, predicted = c.sum(axis=(-2, -1)), c.sum(axis=-1), c.sum(axis=-2)
    covariance = np.trace(c, axis1=-2, axis2=-1) * total - (gold * predicted).sum(axis=-1)
    spread = (total**2 - (predicted**2).sum(axis=-1)) * (total**2 - (gold**2).sum(axis=-1))
    return np.where(spread > 0, np.nan_to_num(_divide(covariance, np.sqrt(spread))), 0.0)


def _mean(values: Floats) -> Floats:
    known = ~np.isnan(values)
    return _divide(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))
