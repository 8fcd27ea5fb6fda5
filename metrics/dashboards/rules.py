"""From sums of counters to figures, and which days a page looks at; pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from math import isnan

from metrics.catalogue import KPIS
from metrics.rollups.rules import histogram, quantile
from metrics.stats import scales, survey
from metrics.stats.change import Change
from metrics.stats.figure import Figure, State, held_to_minimum, suppressed
from metrics.stats.quantile import quantile_ranks
from metrics.stats.sentiment import sentiment_figures
from metrics.stats.share import share_figure
from portal.errors import N_

Counters = Mapping[str, Decimal]
Window = tuple[date, date]
LIVE = "live interactions, daily rollups"
SURVEYS = "survey answers, daily rollups"
CONFIRMED = "stops as the system confirmed them"
STOPS = "stop"
UNCONFIRMED = "stop.unconfirmed"
LONGEST_DAYS = 3660
EARLIEST_YEAR = 2000

# the people who must stand behind a figure: KPI -> topic of the counted people
TOPICS: dict[str, str] = {
    "csat": "survey.csat",
    "csat_mean": "survey.csat",
    "nps": "survey.nps",
    "ces": "survey.ces",
    "ces_mean": "survey.ces",
    "pets_er": "survey.pets",
    "pets_ut": "survey.pets",
    "trust": "survey.trust",
    "distrust": "survey.trust",
    **dict.fromkeys(("stop_median", "stop_p95"), STOPS),
    **dict.fromkeys(("accuracy", "macro_f1", "balanced_accuracy", "kappa", "mcc"), "gold"),
    **dict.fromkeys(
        ("override_rate", "containment", "escalation_rate", "handling_time", "first_response"), "interactions"
    ),
}
SHARES = {  # KPI -> counters of numerator and denominator, method
    "disclosure": ("emotion_notice.done", "emotion_notice.due", "complete"),
    "override_rate": ("override.yes", "override.known", "wilson"),
    "containment": ("contained", "resolved.known", "wilson"),
}
SCORES = {  # KPI -> counter, instrument, its items
    "pets_er": ("score.pets_er", "pets", scales.PETS.factors["ER"]),
    "pets_ut": ("score.pets_ut", "pets", scales.PETS.factors["UT"]),
    "trust": ("score.trust", "trust", scales.TRUST.factors["trust"]),
    "distrust": ("score.distrust", "trust", scales.TRUST.factors["distrust"]),
}
# the beginnings of the counters that each group of KPIs reads
KEYS: dict[str, tuple[str, ...]] = {
    "customer": ("csat.", "ces.", "nps.", "survey."),
    "trust": ("score.", "item."),
    "rights": ("interactions", "basis.", "emotion_notice.", "override."),
    "efficiency": ("basis.", "contained", "escalated", "resolved.", "frt.", "handling."),
}
TIMES = {"first_response": "frt", "handling_time": "handling"}  # both in milliseconds


class Drift(StrEnum):
    """Where a system that learns in production stands against its declared limits."""

    WITHIN = "within"
    BEYOND = "beyond"
    UNCLEAR = "unclear"  # the difference is beyond them, its interval is not
    NOT_ENOUGH = "not_enough"


def learning_windows(approved_on: date, today: date, days: int) -> tuple[Window, Window] | None:
    """The first full window after the approval and the last before today; None while they would overlap."""
    first = (approved_on + timedelta(days=1), approved_on + timedelta(days=days))
    last = (today - timedelta(days=days), today - timedelta(days=1))
    return (first, last) if days > 0 and last[0] > first[1] else None


def drift_standing(moved: Change | None, limit: float) -> Drift:
    """Beyond where the whole interval of the difference is, on one side; the limit itself is within."""
    if moved is None:
        return Drift.NOT_ENOUGH
    if abs(moved.value) <= limit:
        return Drift.WITHIN
    low, high = moved.ci or (moved.value, moved.value)
    return Drift.BEYOND if low > limit or high < -limit else Drift.UNCLEAR


def _count(counters: Counters, key: str) -> int:
    return int(counters.get(key, 0))


def customer(counters: Counters, window: Window) -> dict[str, Figure]:
    """CSAT, NPS and CES with their means and response rate."""
    found: dict[str, Figure] = {}
    for kpi in ("csat", "ces"):
        answers = histogram(counters, kpi)
        asked = _count(counters, f"survey.{kpi}.asked") or None
        found[kpi] = survey.share_figure(kpi, answers, asked=asked, source=SURVEYS, window=window)
        found[f"{kpi}_mean"] = survey.histogram_mean_figure(
            f"{kpi}_mean", answers, source=SURVEYS, window=window
        )
    found["csat_response"] = survey.response_rate_figure(
        "csat_response",
        sum(histogram(counters, "csat").values()),
        _count(counters, "survey.csat.asked"),
        source=SURVEYS,
        window=window,
    )
    found["nps"] = survey.nps_figure(histogram(counters, "nps"), source=SURVEYS, window=window)
    return found


def trust(counters: Counters, window: Window) -> dict[str, Figure]:
    """Mean scores of the questionnaires; Cronbach's alpha goes along in `extra`."""
    found: dict[str, Figure] = {}
    for kpi, (key, instrument, items) in SCORES.items():
        n = _count(counters, f"{key}.n")
        total, squares = float(counters.get(f"{key}.sum", 0)), float(counters.get(f"{key}.sumsq", 0))
        figure = survey.mean_figure(kpi, total=total, squares=squares, n=n, source=SURVEYS, window=window)
        if figure.state is State.OK:
            sums = [float(counters.get(f"item.{instrument}.{item}.sum", 0)) for item in items]
            of_items = [float(counters.get(f"item.{instrument}.{item}.sumsq", 0)) for item in items]
            k = len(items)  # a score is the mean of k items, so a person's total is k times it
            alpha = scales.cronbach_from_sums(n, sums, of_items, k * total, k * k * squares)
            figure = replace(figure, extra={"cronbach_alpha": None if isnan(alpha) else round(alpha, 4)})
        found[kpi] = figure
    return found


def rights(counters: Counters, window: Window) -> dict[str, Figure]:
    """Consent coverage, notice before the reading, and what a human changed."""
    everything, covered = _count(counters, "interactions"), _count(counters, "basis.allow")
    misses = {
        f"basis: {outcome}": _count(counters, f"basis.{outcome}")
        for outcome in ("violation", "gap", "basis_doubtful")
        if _count(counters, f"basis.{outcome}")
    }
    consent = share_figure(
        "consent_coverage", covered, everything, method="complete", source=LIVE, window=window
    )
    return {
        "consent_coverage": replace(consent, extra={"misses": misses}) if misses else consent,
        "disclosure": _share("disclosure", counters, window),
        "override_rate": _share("override_rate", counters, window),
        **{kpi: _stopped(kpi, q, counters, window) for kpi, q in (("stop_median", 0.5), ("stop_p95", 0.95))},
    }


def efficiency(counters: Counters, window: Window) -> dict[str, Figure]:
    """Containment, hand-over and times; times are read from log-spaced bins, each 12 % wide."""
    kept = _count(counters, "basis.allow") + _count(counters, "basis.basis_doubtful")
    return {
        "containment": _share("containment", counters, window),
        "escalation_rate": share_figure(
            "escalation_rate", _count(counters, "escalated"), kept, source=LIVE, window=window
        ),
        **{kpi: _time(kpi, histogram(counters, key), window) for kpi, key in TIMES.items()},
    }


def _share(kpi: str, counters: Counters, window: Window) -> Figure:
    top, bottom, method = SHARES[kpi]
    return share_figure(
        kpi, _count(counters, top), _count(counters, bottom), method=method, source=LIVE, window=window
    )


def _time(kpi: str, bins: Mapping[int, int], window: Window) -> Figure:
    """Median in seconds with its order-statistic interval; the 90th percentile goes along."""
    n = sum(bins.values())
    method = N_("median and binomial order-statistic interval, read from log-spaced bins (12 % wide)")
    figure = Figure(kpi, n=n, denominator=n, method=method, source=LIVE, window=window)
    figure = held_to_minimum(figure, KPIS[kpi].minimum)
    if figure.state is not State.OK:
        return figure
    lo, hi = (_seconds(bins, rank) for rank in quantile_ranks(n, 0.5))
    return replace(figure, value=_seconds(bins, 0.5), ci=(lo, hi), extra={"p90": _seconds(bins, 0.9)})


def _stopped(kpi: str, q: float, counters: Counters, window: Window) -> Figure:
    """A quantile of the time to stop in seconds, with its order-statistic interval."""
    bins = histogram(counters, STOPS)
    n = sum(bins.values())
    method = N_("quantile and binomial order-statistic interval, read from log-spaced bins (12 % wide)")
    waiting = _count(counters, UNCONFIRMED)  # how long these take nobody knows yet: they are named beside it
    figure = Figure(
        kpi,
        n=n,
        denominator=n,
        method=method,
        source=CONFIRMED,
        window=window,
        exclusions={N_("stops not confirmed yet"): waiting} if waiting else {},
    )
    figure = held_to_minimum(figure, KPIS[kpi].minimum)
    if figure.state is not State.OK:
        return figure
    lo, hi = (_seconds(bins, rank) for rank in quantile_ranks(n, q))
    return replace(figure, value=_seconds(bins, q), ci=(lo, hi))


def _seconds(bins: Mapping[int, int], q: float) -> float:
    return (quantile(bins, q) or 0.0) / 1000


def behind_the_floor(
    figures: Mapping[str, Figure], people: Mapping[str, int], floor: int
) -> dict[str, Figure]:
    """The figures, with those that fewer than `floor` distinct people stand behind hidden."""
    return {
        kpi: suppressed(figure, floor)
        if kpi in TOPICS and figure.state is State.OK and people.get(TOPICS[kpi], 0) < floor
        else figure
        for kpi, figure in figures.items()
    }


def measured(
    counters: Counters,
    labels: Sequence[str],
    matrix: Sequence[Sequence[int]],
    people: Mapping[str, int],
    window: Window,
    floor: int,
    kpis: Collection[str] = KPIS,
) -> dict[str, Figure]:
    """The figures of the groups of these KPIs, from the rollups of one system and window, behind the floor."""
    groups = {KPIS[kpi].group for kpi in kpis}
    found: dict[str, Figure] = {}
    for group, make in _MAKERS.items():
        if group in groups:
            found |= make(counters, window)
    if "accuracy" in groups:
        found |= sentiment_figures(labels, matrix, source=LIVE, window=window, kpis=kpis)
    return behind_the_floor(found, people, floor)


_MAKERS: dict[str, Callable[[Counters, Window], dict[str, Figure]]] = {
    "customer": customer,
    "trust": trust,
    "rights": rights,
    "efficiency": efficiency,
}


# --- which days -------------------------------------------------------------------------------

PRESETS: dict[str, str] = {
    "7": N_("7 days"),
    "30": N_("30 days"),
    "90": N_("90 days"),
    "quarter": N_("This quarter"),
    "year": N_("One year"),
}
DEFAULT_PRESET = "90"


@dataclass(frozen=True, slots=True)
class Range:
    """The days a page looks at, both included; `preset` is '' where they were typed."""

    date_from: date
    date_to: date
    preset: str = ""

    @property
    def window(self) -> Window:
        """Both ends."""
        return self.date_from, self.date_to

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.date_to - self.date_from).days + 1

    @property
    def previous(self) -> Window:
        """The same number of days right before."""
        return self.date_from - timedelta(days=self.days), self.date_from - timedelta(days=1)


def preset_range(preset: str, today: date) -> Range:
    """The days of a preset, today included."""
    if preset == "quarter":
        return Range(date(today.year, 3 * ((today.month - 1) // 3) + 1, 1), today, preset)
    days = 365 if preset == "year" else int(preset)
    return Range(today - timedelta(days=days - 1), today, preset)


def _fault_of(first: date, last: date) -> dict[str, str] | None:
    """What is wrong with two days that are dates; None where nothing is."""
    if last < first:
        return {"field": "to", "code": "order", "message": N_("The last day comes after the first.")}
    if first.year < EARLIEST_YEAR:
        return {"field": "from", "code": "too_early", "message": N_("This time lies before the year 2000.")}
    if (last - first).days >= LONGEST_DAYS:
        return {"field": "to", "code": "too_long", "message": N_("The period is longer than ten years.")}
    return None


def read_range(params: Mapping[str, str], today: date) -> tuple[Range, list[dict[str, str]]]:
    """The days asked for by `range`, or by `from` and `to`; with what is wrong, and then the default days."""
    fallback = preset_range(DEFAULT_PRESET, today)
    if not params.get("from") and not params.get("to"):
        preset = params.get("range") or DEFAULT_PRESET
        return (preset_range(preset, today), []) if preset in PRESETS else (fallback, [_wrong("range")])
    ends: dict[str, date] = {}
    errors = []
    for name, default in (("from", None), ("to", today)):
        try:
            ends[name] = _day(params[name]) if params.get(name) else default or fallback.date_from
        except ValueError:
            errors.append(_wrong(name))
    if errors:
        return fallback, errors
    if fault := _fault_of(ends["from"], ends["to"]):
        return fallback, [fault]
    typed = ends["from"], ends["to"]
    same = next((preset for preset in PRESETS if preset_range(preset, today).window == typed), "")
    return Range(*typed, same), []


def _day(text: str) -> date:
    """A day as 2026-03-31; Python alone would also read 20260331 and 2026-W14-2."""
    if len(text) != 10 or text[4] + text[7] != "--":
        raise ValueError(text)
    return date.fromisoformat(text)


def _wrong(name: str) -> dict[str, str]:
    return {"field": name, "code": "invalid", "message": N_("A date reads as 2026-03-31.")}


def bucket_start(day: date, bucket: str) -> date:
    """The Monday of a day's week, or the first of its month."""
    return day.replace(day=1) if bucket == "month" else day - timedelta(days=day.weekday())
