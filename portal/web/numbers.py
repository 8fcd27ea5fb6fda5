"""Figures in words: value, interval and count as a person of the current language reads them."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Any

from django.utils import formats
from django.utils.translation import gettext, pgettext

# digits behind the decimal sign per unit; shares keep four, as reports and reference values do
DIGITS = {
    "share": 4,
    "index": 4,
    "percent": 1,
    "points": 1,
    "score": 2,
    "EUR": 0,
    "count": 0,
    "ms": 0,
    "s": 1,
    "year": 1,
}
MOST_DIGITS = 6


@dataclass(frozen=True)
class Shown:
    """The parts of a figure, ready to print; `value` is empty when there is no number, then `reason` says why."""

    value: str
    interval: str = ""
    count: str = ""
    reason: str = ""


def part(figure: Any, name: str) -> Any:
    """One field of a Figure, whether it came as a dict or as an object."""
    if isinstance(figure, dict):
        return figure.get(name)
    return getattr(figure, name, None)


def format_value(value: Any, *, unit: str = "", digits: int | None = None) -> str:
    """A number with grouping and the decimal sign of the language, and its unit ('%', '€', 'ms')."""
    number = Decimal(str(value))
    if digits is None:
        digits = DIGITS.get(unit, 0 if number == number.to_integral_value() else 4 if abs(number) <= 1 else 2)
    if unit == "percent":
        number *= 100
    # number_format cuts digits off instead of rounding them
    rounded = number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    ends = (0, {"percent": 100, "share": 1}[unit]) if unit in ("percent", "share") else ()
    while rounded in ends and rounded != number:
        # what is not quite all does not read 100 %, what is not quite nothing not 0 %
        digits += 1
        way = ROUND_HALF_UP if digits < MOST_DIGITS else ROUND_DOWN if rounded else ROUND_UP
        rounded = number.quantize(Decimal(1).scaleb(-digits), rounding=way)
    text = str(formats.number_format(rounded, decimal_pos=digits, use_l10n=True, force_grouping=True))
    text = text.replace("-", "\u2212", 1)
    return {
        "percent": f"{text}\u00a0%",
        "EUR": f"€\u00a0{text}",
        "ms": f"{text}\u00a0ms",
        "s": f"{text}\u00a0s",
    }.get(unit, text)


def shown(figure: Any, *, unit: str = "", digits: int | None = None) -> Shown:
    """Value, interval and n of a Figure, or the reason why there is none."""
    if figure is None:
        return Shown("", reason=gettext("No data"))
    state = part(figure, "state") or "ok"
    value = part(figure, "value")
    if state != "ok" or value is None:
        return Shown("", reason=_reason(figure, str(state)))
    unit = unit or str(part(figure, "unit") or "")
    interval = _interval(figure, unit, digits)
    n = part(figure, "n")
    count = gettext("n = %(n)s") % {"n": format_value(n, unit="count")} if n is not None else ""
    return Shown(format_value(value, unit=unit, digits=digits), interval, count)


def _interval(figure: Any, unit: str, digits: int | None) -> str:
    name = "ci"
    low, high = part(figure, "ci") or (None, None)
    if low is None and part(figure, "p10") is not None:
        low, high, name = part(figure, "p10"), part(figure, "p90"), "P10–P90"
    if low is None or high is None:
        return ""
    span = f"{format_value(low, unit=unit, digits=digits)} – {format_value(high, unit=unit, digits=digits)}"
    if name != "ci":
        return f"{name} {span}"
    level = Decimal(str(part(figure, "level") or "0.95")) * 100
    return f"{level.normalize():f}\u00a0% {pgettext('confidence interval', 'CI')} {span}"


def _reason(figure: Any, state: str) -> str:
    n, needed = part(figure, "n"), part(figure, "more_needed")
    if state == "not_enough_data" and n is not None and needed:
        floor = format_value(int(n) + int(needed), unit="count")
        return gettext("Not enough data (n < %(k)s)") % {"k": floor}
    reason = part(figure, "reason")
    if reason:
        return gettext(str(reason))
    return {
        "not_enough_data": gettext("Not enough data"),
        "suppressed": gettext("Hidden: the group is too small to protect people's privacy"),
        "withheld": gettext("Withheld"),
        "not_estimable": gettext("Cannot be estimated"),
    }.get(state, gettext("No data"))
