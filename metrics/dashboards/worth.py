"""The money figures of a system: simulated, withheld while consent or accuracy is not met; costs always show."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from metrics.roi.rules import Standing, restriction
from metrics.roi.selectors import Return
from metrics.stats import roi
from metrics.stats.figure import Figure, State, withheld
from portal.errors import N_

Window = tuple[date, date]
SOURCE = "recorded costs and benefits"
_METHOD = N_("TEI arithmetic at {0} % a year, {1} draws, seed {2}")


@dataclass(frozen=True, slots=True)
class Worth:
    """The figures, why the return is withheld ('' when shown), and warnings beside it."""

    figures: dict[str, Figure]
    withheld: str
    warnings: tuple[str, ...]
    source: Return | None


def of_return(found: Return | None, standings: tuple[Standing, Standing], window: Window) -> Worth:
    """ROI, ROI with intangibles, NPV, costs and benefits of a window."""
    reason, warnings = restriction(*standings)
    cash, everything = (found.cash, found.everything) if found else (None, None)
    has_return = bool(everything and everything.pv_benefits.p90 > 0)
    figures = {
        "roi": _figure("roi", cash, lambda o: o.roi, window),
        "roi_with_intangibles": _figure(
            "roi_with_intangibles", everything, lambda o: o.roi, window, has_return
        ),
        "npv": _figure("npv", cash, lambda o: o.npv, window),
        "pv_benefits": _figure("pv_benefits", cash, lambda o: o.pv_benefits, window),
    }
    if reason:
        figures = {
            kpi: withheld(figure, reason) if figure.state is State.OK else figure
            for kpi, figure in figures.items()
        }
    figures["pv_costs"] = _figure("pv_costs", cash, lambda o: o.pv_costs, window, costs=True)
    return Worth(figures, reason, tuple(warnings if has_return else ()), found)


def _figure(
    kpi: str,
    outcome: roi.Outcome | None,
    pick: Callable[[roi.Outcome], roi.Quantiles | None],
    window: Window,
    costs: bool = False,
) -> Figure:
    quantiles = pick(outcome) if outcome else None
    if outcome is None or quantiles is None or not (costs or outcome.pv_benefits.p90 > 0):
        return Figure(
            kpi,
            source=SOURCE,
            window=window,
            state=State.NOT_ENOUGH_DATA,
            reason=N_("No costs and attributable benefits were recorded for these months."),
            draws=roi.DRAWS,
        )
    return Figure(
        kpi,
        value=quantiles.p50,
        p10=quantiles.p10,
        p50=quantiles.p50,
        p90=quantiles.p90,
        draws=outcome.draws,
        method=_METHOD.format(10, outcome.draws, outcome.seed),
        source=SOURCE,
        window=window,
        # costs always show, so they must not tell the return that is withheld
        extra={} if costs else {"p_npv_negative": outcome.p_negative, "payback_month": outcome.payback},
    )
