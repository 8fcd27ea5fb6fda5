"""Figures of customer surveys from their histograms: CSAT, NPS, CES, response rate, and mean scores of
scales.

CSAT: share of 4-5 on 1-5. NPS: share of 9-10 minus share of 0-6 on 0-10 (Reichheld 2003). CES 2.0: share of
5-7 on 1-7 (Dixon, Freeman and Toman 2010, version 2.0).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from metrics.stats.figure import Figure, State, held_to_minimum
from metrics.stats.intervals import (
    mean_t,
    nps_adjusted_wald,
    response_bias_bounds,
    wilson,
)
from portal.errors import N_

Histogram = Mapping[int, int]
Window = tuple[date, date]

# instrument -> lowest, highest, lowest good answer
RANGES = {"csat": (1, 5, 4), "ces": (1, 7, 5), "nps": (0, 10, 9)}
MINIMUM = {"csat": 30, "ces": 30, "nps": 50}
MINIMUM_MEAN = 30


def share_figure(
    kpi: str,
    histogram: Histogram,
    *,
    asked: int | None = None,
    source: str = "",
    window: Window | None = None,
) -> Figure:
    """CSAT or CES as the share of good answers, Wilson, with the bounds under non-response beside it."""
    lowest, highest, good = RANGES[kpi]
    n = _answers(histogram, lowest, highest)
    k = sum(count for answer, count in histogram.items() if answer >= good)
    figure = Figure(
        kpi,
        n=n,
        numerator=k,
        denominator=n,
        method=N_("Wilson score interval"),
        source=source,
        window=window,
        exclusions={"asked, no answer": asked - n} if asked is not None and asked >= n else {},
    )
    if n:
        figure = replace(figure, value=k / n, ci=wilson(k, n))
    if n and asked is not None and asked >= n:
        figure = replace(
            figure,
            extra={"bounds_under_non_response": list(response_bias_bounds(k, n, asked))},
        )
    return held_to_minimum(figure, MINIMUM[kpi])


def histogram_mean_figure(
    kpi: str, histogram: Histogram, *, source: str = "", window: Window | None = None
) -> Figure:
    """Mean answer with its t interval; `histogram` goes along in `extra`."""
    n = sum(histogram.values())
    figure = mean_figure(
        kpi,
        total=sum(answer * count for answer, count in histogram.items()),
        squares=sum(answer * answer * count for answer, count in histogram.items()),
        n=n,
        source=source,
        window=window,
    )
    if figure.state is not State.OK:
        return figure
    return replace(figure, extra={"histogram": {str(a): histogram[a] for a in sorted(histogram)}})


def mean_figure(
    kpi: str,
    *,
    total: float,
    squares: float,
    n: int,
    source: str = "",
    window: Window | None = None,
) -> Figure:
    """Mean of n scores from their sum and sum of squares, Student t; needs 30."""
    figure = Figure(
        kpi,
        n=n,
        numerator=total,
        denominator=n,
        method=N_("Student t interval"),
        source=source,
        window=window,
    )
    if n >= 2:
        figure = replace(figure, value=total / n, ci=mean_t(total, squares, n))
    return held_to_minimum(figure, MINIMUM_MEAN)


def nps_figure(histogram: Histogram, *, source: str = "", window: Window | None = None) -> Figure:
    """Net promoter score in points (-100..100), adjusted Wald; needs 50 answers."""
    n = _answers(histogram, 0, 10)
    promoters = sum(histogram.get(answer, 0) for answer in (9, 10))
    detractors = sum(histogram.get(answer, 0) for answer in range(7))
    figure = Figure(
        "nps",
        n=n,
        numerator=promoters - detractors,
        denominator=n,
        method=N_("adjusted Wald interval (three added answers)"),
        source=source,
        window=window,
    )
    if n:
        spread = nps_adjusted_wald(promoters, n - promoters - detractors, detractors)
        value = 100 * (promoters - detractors) / n
        figure = replace(figure, value=value, ci=(100 * spread.lo, 100 * spread.hi))
    return held_to_minimum(figure, MINIMUM["nps"])


def response_rate_figure(
    kpi: str,
    answered: int,
    asked: int,
    *,
    source: str = "",
    window: Window | None = None,
) -> Figure:
    """Share of the people asked who answered, Wilson; not estimable where nobody recorded who was asked."""
    figure = Figure(
        kpi,
        n=asked,
        numerator=answered,
        denominator=asked,
        method=N_("Wilson score interval"),
        source=source,
        window=window,
    )
    if asked == 0 or answered > asked:
        return replace(
            figure,
            numerator=None,
            state=State.NOT_ESTIMABLE,
            reason=N_("The source did not report how many people were asked."),
        )
    figure = replace(figure, value=answered / asked, ci=wilson(answered, asked))
    return held_to_minimum(figure, MINIMUM_MEAN)


def _answers(histogram: Histogram, lowest: int, highest: int) -> int:
    if any(not lowest <= answer <= highest or count < 0 for answer, count in histogram.items()):
        raise ValueError(f"answers lie between {lowest} and {highest}, counts are not negative")
    return sum(histogram.values())
