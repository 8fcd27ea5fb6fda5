"""Return on investment: the arithmetic of Forrester's Total Economic Impact, with uncertainty by Monte Carlo.

PV = sum x_t / (1 + i)^t; NPV = PV(benefits) - PV(costs); ROI = NPV / PV(costs); payback = first month whose
cumulative net is not negative. Each item has one uncertain factor (PERT, triangular or lognormal) that
multiplies all its months: what is unsure is the item's true size, and noise drawn anew each month would
average itself away. A TEI risk haircut is not offered: with a distribution on the same item it would count
the risk twice. Sources: Forrester TEI methodology; PERT: Malcolm et al. 1959; tornado by rank correlation:
Saltelli et al. 2008.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

DRAWS = 10_000
SEED = 20_261_123
Z90 = 1.2815515655446004  # the 90 % quantile of the standard normal


class Spread(StrEnum):
    """How the true size of an item lies around the entered amounts."""

    CERTAIN = "certain"
    PERT = "pert"
    TRIANGULAR = "triangular"
    LOGNORMAL = "lognormal"


@dataclass(frozen=True, slots=True)
class Item:
    """One cost or benefit. `amounts` is (month from the start, money); low, likely, high multiply the
    amounts.

    For PERT and triangular, low and high are the ends; for lognormal they are P10 and P90 and `likely` is
    not used.
    """

    key: str
    is_cost: bool
    amounts: tuple[tuple[int, float], ...]
    spread: Spread = Spread.CERTAIN
    low: float = 1.0
    likely: float = 1.0
    high: float = 1.0
    cash: bool = True
    in_headline: bool = True


@dataclass(frozen=True, slots=True)
class Tei:
    """The four numbers of one set of flows."""

    pv_costs: float
    pv_benefits: float
    npv: float
    roi: float | None


@dataclass(frozen=True, slots=True)
class Quantiles:
    """P10, P50 and P90 of one outcome over the draws."""

    p10: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the tornado: how an item moves the NPV. `correlation` is Spearman's rank correlation."""

    key: str
    correlation: float
    npv_low: float
    npv_high: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulation says; `payback` in months from the start (None: not within the months entered)."""

    pv_costs: Quantiles
    pv_benefits: Quantiles
    npv: Quantiles
    roi: Quantiles | None
    p_negative: float
    payback: int | None
    payback_share: float
    tornado: tuple[Bar, ...]
    draws: int
    seed: int


def present_value(flows: Sequence[float], rate: float) -> float:
    """Value today of one flow a year, the first (year 0) not discounted."""
    return float(sum(flow / (1 + rate) ** year for year, flow in enumerate(flows)))


def tei(costs: Sequence[float], benefits: Sequence[float], rate: float) -> Tei:
    """PV of costs and benefits, NPV and ROI of yearly flows; ROI is None where nothing is spent."""
    spent, gained = present_value(costs, rate), present_value(benefits, rate)
    return Tei(spent, gained, gained - spent, (gained - spent) / spent if spent > 0 else None)


def payback_month(net: Sequence[float]) -> int | None:
    """First month (0 = the first) whose cumulative net is not negative; None where it never is."""
    total = 0.0
    for month, flow in enumerate(net):
        total += flow
        if total >= 0:
            return month
    return None


def multipliers(item: Item, draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draws of an item's factor; raises ValueError where low, likely, high are out of order."""
    low, likely, high = item.low, item.likely, item.high
    if item.spread is Spread.CERTAIN:
        return np.ones(draws)
    if not 0 <= low <= likely <= high or low == high:
        raise ValueError("low <= likely <= high, low below high, none negative")
    if item.spread is Spread.TRIANGULAR:
        return rng.triangular(low, likely, high, draws)
    if item.spread is Spread.PERT:
        alpha = 1 + 4 * (likely - low) / (high - low)
        beta = 1 + 4 * (high - likely) / (high - low)
        return low + (high - low) * rng.beta(alpha, beta, draws)
    if low == 0:
        raise ValueError("the P10 of a lognormal is above zero")
    mu, sigma = (
        (np.log(low) + np.log(high)) / 2,
        (np.log(high) - np.log(low)) / (2 * Z90),
    )
    return rng.lognormal(mu, sigma, draws)


def simulate(items: Sequence[Item], rate: float, draws: int = DRAWS, seed: int = SEED) -> Outcome | None:
    """Distribution of PV, NPV, ROI and payback over seeded draws; None where there is no amount at all.

    `rate` is the yearly discount rate; months are discounted by (1 + rate)^(month/12). The same items,
    rate, draws and seed give the same outcome, whatever the order of the items.
    """
    items = [item for item in sorted(items, key=lambda item: item.key) if item.amounts]
    if not items:
        return None
    rng = np.random.default_rng(seed)
    values = np.array([_discounted(item, rate) for item in items])
    factors = np.array([multipliers(item, draws, rng) for item in items])
    spent = np.array([item.is_cost for item in items])
    worth = factors * values[:, None]
    pv_costs, pv_benefits = worth[spent].sum(axis=0), worth[~spent].sum(axis=0)
    npv = pv_benefits - pv_costs
    months = _paybacks(items, factors)
    return Outcome(
        pv_costs=_quantiles(pv_costs),
        pv_benefits=_quantiles(pv_benefits),
        npv=_quantiles(npv),
        roi=_quantiles(npv / pv_costs) if (pv_costs > 0).all() else None,
        p_negative=float((npv < 0).mean()),
        payback=_median_payback(months),
        payback_share=float((months >= 0).mean()),
        tornado=_tornado(items, factors, npv),
        draws=draws,
        seed=seed,
    )


def _discounted(item: Item, rate: float) -> float:
    return float(sum(amount / (1 + rate) ** (month / 12) for month, amount in item.amounts))


def _quantiles(values: NDArray[np.float64]) -> Quantiles:
    return Quantiles(*(float(q) for q in np.quantile(values, [0.1, 0.5, 0.9])))


def _paybacks(items: Sequence[Item], factors: NDArray[np.float64]) -> NDArray[np.int64]:
    """Payback month of every draw, -1 where it is never reached."""
    last = max(month for item in items for month, _ in item.amounts)
    flows = np.zeros((len(items), last + 1))
    for row, item in enumerate(items):
        for month, amount in item.amounts:
            flows[row, month] += -amount if item.is_cost else amount
    reached = np.cumsum(factors.T @ flows, axis=1) >= 0
    return np.where(reached.any(axis=1), reached.argmax(axis=1), -1)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1; equal values share the mean of theirs."""
    _values, place, count = np.unique(values, return_inverse=True, return_counts=True)
    shared: NDArray[np.float64] = (np.cumsum(count) - (count - 1) / 2)[place]
    return shared


def _median_payback(months: NDArray[np.int64]) -> int | None:
    """The month by which half of all draws have paid back, those that never do included (-1); None if never."""
    half = np.sort(np.where(months < 0, np.iinfo(np.int64).max, months))[(months.size + 1) // 2 - 1]
    return None if half == np.iinfo(np.int64).max else int(half)


def _tornado(
    items: Sequence[Item], factors: NDArray[np.float64], npv: NDArray[np.float64]
) -> tuple[Bar, ...]:
    """Uncertain items by how strongly their factor ranks with the NPV, strongest first."""
    if np.ptp(npv) == 0:  # nothing moves it, and a rank correlation with a constant does not exist
        return ()
    ranks = _ranks(npv)
    bars = []
    for item, factor in zip(items, factors, strict=True):
        if item.spread is Spread.CERTAIN:
            continue
        correlation = float(np.corrcoef(_ranks(factor), ranks)[0, 1])
        low, high = np.quantile(factor, [0.1, 0.9])
        ends = npv[factor <= low].mean(), npv[factor >= high].mean()
        bars.append(Bar(item.key, correlation, float(ends[0]), float(ends[1])))
    return tuple(sorted(bars, key=lambda bar: -abs(bar.correlation)))
