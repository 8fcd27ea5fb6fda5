"""A share of events as a figure: no interval for complete counts, exact for guarantees, else Wilson."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from metrics.stats.figure import Figure, held_to_minimum
from metrics.stats.intervals import clopper_pearson, wilson
from portal.errors import N_


def share_figure(
    kpi: str,
    k: int,
    n: int,
    *,
    method: str = "wilson",
    minimum: int = 30,
    exclusions: Mapping[str, int] | None = None,
    source: str = "",
    window: tuple[date, date] | None = None,
) -> Figure:
    """k of n with the interval of `method`: 'wilson', 'exact' (Clopper-Pearson) or 'complete' (every case
    known).

    A complete count needs one case only; it has no interval because there is nothing left to estimate.
    """
    spreads = {"wilson": wilson, "exact": clopper_pearson}
    names = {
        "wilson": N_("Wilson score interval"),
        "exact": N_("Clopper-Pearson interval"),
        "complete": N_("complete count: every case in the window, no interval"),
    }
    figure = Figure(
        kpi,
        n=n,
        numerator=k,
        denominator=n,
        exclusions=exclusions or {},
        method=names[method],
        source=source,
        window=window,
    )
    if n:
        figure = replace(figure, value=k / n, ci=spreads[method](k, n) if method in spreads else None)
    return held_to_minimum(figure, 1 if method == "complete" else minimum)
