"""A figure: a number that never travels without interval, n, method, source and window."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from math import ceil
from typing import Any

from portal.errors import N_


class State(StrEnum):
    """Whether a figure may be shown as a number, and if not, why not."""

    OK = "ok"
    NOT_ENOUGH_DATA = "not_enough_data"
    SUPPRESSED = "suppressed"
    WITHHELD = "withheld"
    NOT_ESTIMABLE = "not_estimable"


NOT_ENOUGH = N_("Not enough data (n < {minimum}).")


@dataclass(frozen=True, slots=True)
class Figure:
    """One KPI over one window.

    `value`, `ci` and `numerator` are in the unit of the KPI's formula (shares between 0 and 1). `ci` is
    None for a complete count and for a money figure; a money figure has `p10`, `p50`, `p90` and `draws`
    instead. `reason` is an English sentence marked with N_ whose `{names}` come from `reason_params`; it is
    translated where it is shown.
    """

    kpi: str
    value: float | None = None
    ci: tuple[float, float] | None = None
    level: float = 0.95
    n: int | None = None
    numerator: float | None = None
    denominator: float | None = None
    exclusions: Mapping[str, int] = field(default_factory=dict)
    method: str = ""
    source: str = ""
    window: tuple[date, date] | None = None
    state: State = State.OK
    reason: str = ""
    reason_params: Mapping[str, object] = field(default_factory=dict)
    more_needed: int | None = None
    enough_on: date | None = None
    p10: float | None = None
    p50: float | None = None
    p90: float | None = None
    draws: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_money(self) -> bool:
        """Whether the spread is P10-P90 of a simulation rather than a confidence interval."""
        return self.draws is not None

    @property
    def reason_text(self) -> str:
        """The reason in English with its names filled in."""
        return self.reason.format(**self.reason_params) if self.reason_params else self.reason

    def to_dict(self) -> dict[str, Any]:
        """The shape of the API, the exports and the pack. A figure that is not `ok` carries no value."""
        shape: dict[str, Any] = {"kpi": self.kpi, "value": self.value}
        if self.is_money:
            shape |= {
                "p10": self.p10,
                "p50": self.p50,
                "p90": self.p90,
                "draws": self.draws,
            }
        else:
            shape |= {
                "ci": list(self.ci) if self.ci else None,
                "level": self.level,
                "n": self.n,
            }
        return shape | {
            "numerator": self.numerator,
            "denominator": self.denominator,
            "exclusions": dict(self.exclusions),
            "method": self.method,
            "source": self.source,
            "window": _window(self.window),
            "state": self.state.value,
            "reason": self.reason_text,
            "more_needed": self.more_needed,
            "enough_on": self.enough_on.isoformat() if self.enough_on else None,
            **({"extra": dict(self.extra)} if self.extra else {}),
        }


def _window(window: tuple[date, date] | None) -> dict[str, str] | None:
    return {"from": window[0].isoformat(), "to": window[1].isoformat()} if window else None


def held_to_minimum(figure: Figure, minimum: int) -> Figure:
    """The figure, or 'not enough data (n < k)' with how many more are needed and when they will be there.

    The date assumes that data keep coming at the rate of the figure's own window, counted from its last
    day; it is None where nothing came in. Below the minimum the value and its interval are taken out, never
    shown as 0.
    """
    n = figure.n or 0
    if figure.state is not State.OK or n >= minimum:
        return figure
    return replace(
        blank(figure),
        state=State.NOT_ENOUGH_DATA,
        reason=NOT_ENOUGH if minimum > 1 else N_("No data in these days."),
        reason_params={"minimum": minimum},
        more_needed=minimum - n,
        enough_on=_enough_on(figure.window, n, minimum - n),
    )


def blank(figure: Figure) -> Figure:
    """The figure without any number that tells its value; n stays, to show how much data there is."""
    return replace(
        figure,
        value=None,
        ci=None,
        numerator=None,
        p10=None,
        p50=None,
        p90=None,
        extra={},
    )


def suppressed(figure: Figure, floor: int) -> Figure:
    """The figure hidden by the privacy floor: not even its n is shown."""
    return replace(
        blank(figure),
        n=None,
        denominator=None,
        exclusions={},
        state=State.SUPPRESSED,
        reason=N_("Hidden: the group is smaller than {floor} people, or would reveal one that is."),
        reason_params={"floor": floor},
    )


def withheld(figure: Figure, reason: str, **params: object) -> Figure:
    """The figure held back because something it rests on does not hold; the reason says what."""
    return replace(blank(figure), state=State.WITHHELD, reason=reason, reason_params=params)


def _enough_on(window: tuple[date, date] | None, n: int, missing: int) -> date | None:
    if window is None or n == 0:
        return None
    days = (window[1] - window[0]).days + 1
    wait = ceil(missing * days / n)
    return window[1] + timedelta(days=wait) if wait < 3660 else None
