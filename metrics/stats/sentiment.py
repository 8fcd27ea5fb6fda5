"""How well a system reads emotion: the figures of one confusion matrix, for every door."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import date
from math import isnan

from numpy.typing import ArrayLike

from metrics.stats import agreement, bootstrap
from metrics.stats.figure import Figure, State, blank, held_to_minimum
from metrics.stats.intervals import wilson
from portal.errors import N_

MINIMUM_ACCURACY = 30
MINIMUM_BOOTSTRAP = 200
MINIMUM_GOLD = 10

BOOTSTRAP = N_("multinomial bootstrap on the counts, {0} replicates, seed {1}")
_STATISTICS: dict[str, tuple[Callable[[agreement.Floats], agreement.Floats], str]] = {
    "macro_f1": (agreement.macro_f1, N_("macro-average of F1 over the classes with gold")),
    "kappa": (agreement.kappa, N_("Cohen's kappa")),
    "mcc": (agreement.mcc, N_("Matthews correlation for K classes")),
    "balanced_accuracy": (
        agreement.balanced_accuracy,
        N_("macro-average of recall over the classes with gold"),
    ),
    "weighted_f1": (agreement.weighted_f1, N_("F1 weighted by gold")),
}


def accuracy_figure(
    matrix: ArrayLike,
    *,
    source: str = "",
    window: tuple[date, date] | None = None,
    kpi: str = "accuracy",
) -> Figure:
    """Share of items read right, with its Wilson interval; needs 30 items."""
    c = agreement.counts(matrix)
    n, hits = int(c.sum()), int(c.trace())
    figure = Figure(
        kpi,
        n=n,
        numerator=hits,
        denominator=n,
        source=source,
        window=window,
        method=N_("Wilson score interval"),
    )
    if n:
        figure = replace(figure, value=hits / n, ci=wilson(hits, n))
    return held_to_minimum(figure, MINIMUM_ACCURACY)


def bootstrap_figure(
    kpi: str,
    matrix: ArrayLike,
    labels: Sequence[str],
    *,
    source: str = "",
    window: tuple[date, date] | None = None,
    replicates: int = bootstrap.REPLICATES,
    seed: int = bootstrap.SEED,
) -> Figure:
    """macro_f1, kappa, mcc, balanced_accuracy or weighted_f1 with a seeded bootstrap interval.

    Needs 200 items and 10 gold in each class that occurs; a class that was predicted but has no gold makes
    the figure not estimable, and its name is in the reason. Classes that never occur are listed as
    exclusions.
    """
    c = agreement.counts(matrix)
    statistic, method = _STATISTICS[kpi]
    n = int(c.sum())
    gold, predicted = c.sum(axis=1), c.sum(axis=0)
    figure = Figure(
        kpi,
        n=n,
        denominator=n,
        exclusions={
            f"class without any item: {name}": 0
            for name, g, p in zip(labels, gold, predicted, strict=True)
            if g + p == 0
        },
        method=f"{method}; {BOOTSTRAP.format(replicates, seed)}",
        source=source,
        window=window,
    )
    if n < MINIMUM_BOOTSTRAP:
        return held_to_minimum(figure, MINIMUM_BOOTSTRAP)
    gap = _thin_class(figure, labels, gold.tolist(), predicted.tolist())
    if gap is not None:
        return gap
    value = float(statistic(c))
    if isnan(value):
        return replace(
            figure,
            state=State.NOT_ESTIMABLE,
            reason=N_("Every item has the same label."),
        )
    lo, hi = bootstrap.multinomial(c, statistic, replicates, seed)
    return replace(figure, value=value, ci=(lo, hi))


def _thin_class(
    figure: Figure,
    labels: Sequence[str],
    gold: Sequence[float],
    predicted: Sequence[float],
) -> Figure | None:
    unseen = [name for name, g, p in zip(labels, gold, predicted, strict=True) if g == 0 and p > 0]
    if unseen:
        return replace(
            blank(figure),
            state=State.NOT_ESTIMABLE,
            reason=N_("No human label of {classes}: these classes were predicted but cannot be judged."),
            reason_params={"classes": ", ".join(unseen)},
        )
    thin = {name: int(g) for name, g in zip(labels, gold, strict=True) if 0 < g < MINIMUM_GOLD}
    if not thin:
        return None
    return replace(
        blank(figure),
        state=State.NOT_ENOUGH_DATA,
        reason=N_("Not enough data: fewer than {minimum} human labels of {classes}."),
        reason_params={"minimum": MINIMUM_GOLD, "classes": ", ".join(thin)},
        more_needed=sum(MINIMUM_GOLD - g for g in thin.values()),
    )


KPIS = ("accuracy", "macro_f1", "kappa", "mcc", "balanced_accuracy")


def sentiment_figures(
    labels: Sequence[str],
    matrix: ArrayLike,
    *,
    source: str = "",
    window: tuple[date, date] | None = None,
    kpis: Collection[str] = KPIS,
) -> dict[str, Figure]:
    """accuracy, macro_f1, kappa, mcc and balanced_accuracy (or those asked for) of one confusion matrix."""
    return {
        kpi: accuracy_figure(matrix, source=source, window=window)
        if kpi == "accuracy"
        else bootstrap_figure(kpi, matrix, labels, source=source, window=window)
        for kpi in KPIS
        if kpi in kpis
    }


def f1_by_label(labels: Sequence[str], matrix: ArrayLike) -> dict[str, float | None]:
    """F1 of each class by its label; None where there is no gold."""
    values = agreement.f1_per_class(matrix).tolist()
    return {label: None if isnan(value) else value for label, value in zip(labels, values, strict=True)}
