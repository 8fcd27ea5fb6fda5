"""Questionnaires with several items: factor scores, and Cronbach's alpha from sums that add up over days.

PETS, the Perceived Empathy of Technology Scale: ten sliders 0-100, factor ER (emotional responsiveness) is
the mean of E1-E6, factor UT (understanding and trust) the mean of U1-U4. Source: Schmidmaier, Rupp,
Cvetanova and Mayer, CHI 2024 (CC BY). Trust between People and Automation: twelve items 1-7; scored as two
factors, distrust (items 1-5) and trust (items 6-12), because one score over both hides their difference.
Source: Jian, Bisantz and Drury 2000; two factors: Spain, Bustamante and Bliss 2008.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Scale:
    """A questionnaire: the range of one answer and the items of each factor."""

    key: str
    lowest: float
    highest: float
    factors: Mapping[str, tuple[str, ...]]

    @property
    def items(self) -> tuple[str, ...]:
        """All items, factor by factor."""
        return tuple(item for items in self.factors.values() for item in items)


def _numbered(letter: str, first: int, last: int) -> tuple[str, ...]:
    return tuple(f"{letter}{number}" for number in range(first, last + 1))


PETS = Scale(
    "pets",
    0,
    100,
    MappingProxyType({"ER": _numbered("E", 1, 6), "UT": _numbered("U", 1, 4)}),
)
TRUST = Scale(
    "trust",
    1,
    7,
    MappingProxyType({"distrust": _numbered("T", 1, 5), "trust": _numbered("T", 6, 12)}),
)


def score(scale: Scale, answers: Mapping[str, float]) -> dict[str, float]:
    """Mean per factor of one person's answers; a factor with a missing item is left out, never filled in.

    Raises ValueError on an answer outside the range of the scale.
    """
    if any(not scale.lowest <= answers[item] <= scale.highest for item in scale.items if item in answers):
        raise ValueError(f"answers of {scale.key} lie between {scale.lowest} and {scale.highest}")
    return {
        factor: sum(answers[item] for item in items) / len(items)
        for factor, items in scale.factors.items()
        if all(item in answers for item in items)
    }


def cronbach(answers: ArrayLike) -> float:
    """Alpha of answers of shape (people, items): how far the items of one factor measure the same thing.

    Source: Cronbach 1951, Psychometrika 16:297. NaN below two people or two items, or where all totals are
    equal.
    """
    rows = np.asarray(answers, dtype=np.float64)
    people, _ = rows.shape
    totals = rows.sum(axis=1)
    return cronbach_from_sums(
        people,
        rows.sum(axis=0).tolist(),
        (rows**2).sum(axis=0).tolist(),
        float(totals.sum()),
        float((totals**2).sum()),
    )


def cronbach_from_sums(
    people: int,
    sums: Sequence[float],
    squares: Sequence[float],
    total: float,
    total_squares: float,
) -> float:
    """Alpha from the sum and the sum of squares per item and of each person's total."""
    k = len(sums)
    if people < 2 or k < 2:
        return nan
    of_items = sum(q - s * s / people for s, q in zip(sums, squares, strict=True))
    of_totals = total_squares - total * total / people
    return k / (k - 1) * (1 - of_items / of_totals) if of_totals > 1e-12 else nan
