"""Figures in the words of a person's language, for the cards and tables of the dashboards."""

from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from metrics.catalogue import GROUPS, KPIS, UP, Kpi
from metrics.dashboards.charts import SPECS, Spec
from metrics.dashboards.selectors import Board, Card
from metrics.stats.change import Change
from metrics.stats.figure import NOT_ENOUGH, Figure, State
from portal.web.numbers import format_value


@dataclass(frozen=True, slots=True)
class Section:
    """One group of the dashboard: its cards and its charts."""

    key: str
    title: str
    cards: list[dict[str, Any]]
    charts: list[Spec]


def figure_of(figure: Figure) -> dict[str, Any]:
    """The figure as the components take it, its reason translated."""
    shape = figure.to_dict()
    shape["reason"] = _(figure.reason).format(**figure.reason_params) if figure.reason else ""
    if figure.reason != NOT_ENOUGH:  # the component words only the plain 'n < k' itself
        shape["more_needed"] = None
    return shape


def note_of(figure: Figure) -> str:
    """What a reader of a card needs beside the number, or when there will be one."""
    if figure.state is State.NOT_ENOUGH_DATA and figure.more_needed:
        more = format_value(figure.more_needed, unit="count")
        if figure.enough_on is None:
            return _("{more} more needed.").format(more=more)
        day = date_format(figure.enough_on, "DATE_FORMAT")
        return _("{more} more needed; at the present rate on {day}.").format(more=more, day=day)
    notes = []
    if "cronbach_alpha" in figure.extra and figure.extra["cronbach_alpha"] is not None:
        notes.append("α = " + format_value(figure.extra["cronbach_alpha"], digits=2))
    if "p90" in figure.extra:
        notes.append("P90 " + format_value(figure.extra["p90"], unit="s"))
    if "bounds_under_non_response" in figure.extra:
        lo, hi = (format_value(x, unit="percent") for x in figure.extra["bounds_under_non_response"])
        notes.append(_("between {lo} and {hi} had everyone asked answered").format(lo=lo, hi=hi))
    if "misses" in figure.extra:
        missed = sum(figure.extra["misses"].values())
        notes.append(_("{missed} without a valid basis").format(missed=format_value(missed, unit="count")))
    return " · ".join(notes)


def delta_of(change: Change | None, row: Kpi) -> tuple[str, bool | None]:
    """The change with its interval in words, and whether it is clearly good (True), bad (False) or neither."""
    if change is None:
        return "", None
    text = _signed(change.value, row)
    if change.ci:
        text += f" [{_signed(change.ci[0], row)}; {_signed(change.ci[1], row)}]"
    if row.shown_as in ("percent", "points"):
        text += " " + _("points")
    if not change.clear:
        return text + " " + _("(no clear change)"), None
    return text, (change.value > 0) == (row.good == UP) if row.good else None


def _signed(value: float, row: Kpi) -> str:
    if row.shown_as == "percent":  # a difference of percentages is in points
        text = format_value(100 * value, unit="points")
    else:
        text = format_value(value, unit=row.shown_as)
    return f"+{text}" if value > 0 else text


def card_of(card: Card, row: Kpi, board: Board) -> dict[str, Any]:
    """What components/kpi_card.html takes."""
    delta, good = delta_of(card.change, row)
    return {
        "kpi": row.id,
        "figure": figure_of(card.figure),
        "title": _(row.name),
        "unit": row.shown_as,
        "target": card.goal.target if card.goal else None,
        "direction": "down" if card.goal and card.goal.direction == "at_most" else "up",
        "verdict": card.verdict.value if card.verdict else "",
        "delta": delta,
        "delta_good": good,
        "delta_period": _("Against the {days} days before").format(days=board.days),
        "question": _(row.question),
        "formula": _(row.formula),
        "source": row.source,
        "owner": board.system.owner.display,
        "updated_at": board.fresh_until,
        "note": note_of(card.figure),
    }


def sections(board: Board) -> list[Section]:
    """The groups of a dashboard in the order of the catalogue; a KPI without any data stays out of the way.

    Groups that everyone asks for always show, also empty, so that nobody takes 'not measured' for 'fine'.
    """
    made = []
    for key, title in GROUPS.items():
        rows = [row for row in KPIS.values() if row.group == key and row.id in board.cards]
        cards = [
            card_of(board.cards[row.id], row, board) for row in rows if _has_place(board.cards[row.id], row)
        ]
        charts = [spec for spec in SPECS.values() if spec.group == key and _has_chart(spec, board)]
        made.append(Section(key, _(title), cards, charts))
    return [section for section in made if section.cards]


def _has_place(card: Card, row: Kpi) -> bool:
    if card.goal is not None:
        return True
    has_data = bool(card.figure.n) or (
        card.figure.is_money and card.figure.state is not State.NOT_ENOUGH_DATA
    )
    if row.group in ("efficiency", "rights") or not row.card:
        return has_data
    return True


_CHART_NEEDS = {
    "csat_answers": "csat",
    "nps_answers": "nps",
    "trust": "pets_ut",
    "f1": "accuracy",
    "confusion": "accuracy",
    "slices": "accuracy",
    "consent": "consent_coverage",
    "money": "pv_costs",
    "tornado": "pv_costs",
}


def _has_chart(spec: Spec, board: Board) -> bool:
    figure = board.cards[_CHART_NEEDS.get(spec.key, spec.key)].figure
    return bool(figure.n) or figure.value is not None or figure.state is State.SUPPRESSED


def facts_of_worth(board: Board) -> list[tuple[str, str]]:
    """What stands beside the return: chance of a loss, payback, fewer staff hours, what is kept out."""
    money = board.worth
    found = money.source
    if found is None or found.cash is None:
        return []
    facts = []
    if not money.withheld and found.cash.pv_benefits.p90 > 0:
        chance = format_value(found.cash.p_negative, unit="percent")
        facts.append((_("Chance that the net present value is negative"), chance))
        back = _("not within these months") if found.cash.payback is None else _payback(found.cash.payback)
        facts.append((_("Payback"), back))
        hours = format_value(found.from_fewer_hours, unit="EUR")
        facts.append((_("Of the benefits, from fewer staff hours"), hours))
    outside = ", ".join(line.item.name for line in found.not_attributable)
    if outside:
        facts.append((_("Before and after only, not attributable: kept out"), outside))
    return facts


def _payback(month: int) -> str:
    return _("month {number}").format(number=month + 1)


def small_cards(board: Board) -> list[dict[str, Any]]:
    """The row of one system in the portfolio: the figures a manager looks at first."""
    wanted = ("csat", "pets_ut", "accuracy", "consent_coverage", "roi")
    return [card_of(board.cards[kpi], KPIS[kpi], board) for kpi in wanted]
