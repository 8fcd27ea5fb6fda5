"""The charts of a dashboard by key: which numbers they take and which figure they make of them."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext as _

from governance.audits.models import AuditRun
from governance.consent.floors import floors
from governance.registry.models import System
from governance.review.models import Deployment
from metrics.catalogue import KPIS
from metrics.dashboards import figures, figures_value, selectors
from metrics.dashboards.rules import Range
from metrics.dashboards.series import series
from metrics.roi import selectors as values
from metrics.roi.rules import COST
from metrics.rollups.rules import histogram
from metrics.stats.sentiment import MINIMUM_GOLD, f1_by_label
from portal.errors import N_
from portal.web.badges import word

MOST_MARKS = 8


@dataclass(frozen=True, slots=True)
class Spec:
    """One chart: its title, the group of KPIs it belongs to, and how it is made."""

    key: str
    title: str
    group: str
    make: Callable[[System, Range, str], figures.Chart]


def words() -> dict[str, str]:
    """The words that charts use, in the language of the person."""
    return {
        "answer": _("Answer"),
        "answers": _("Answers"),
        "at_high": _("NPV at its high end"),
        "at_low": _("NPV at its low end"),
        "benefits": _("Benefits"),
        "correlation": _("Rank correlation with the NPV"),
        "costs": _("Costs"),
        "from_day": _("From"),
        "gold": _("Labelled by people"),
        "high": _("Upper end"),
        "interval": _("95 % interval"),
        "item": _("Item"),
        "low": _("Lower end"),
        "month": _("Month"),
        "n": "n",
        "predicted": _("Read by the system"),
        "running": _("Difference so far"),
        "series": _("Name"),
        "share": _("Share in %"),
        "state": _("State"),
        "target": _("Target"),
        "value": _("Value"),
        **{state: word(state) for state in ("not_enough_data", "suppressed", "withheld", "not_estimable")},
    }


def trend_chart(system: System, span: Range, kpis: Sequence[str]) -> figures.Chart:
    """The KPIs over weeks (or months), in the unit in which people read them, with the target of the first."""
    found = series(system, *span.window, kpis)
    row = KPIS[kpis[0]]
    factor, suffix = (
        (100.0, " %") if row.shown_as == "percent" else (1.0, " s" if row.shown_as == "s" else "")
    )
    starts = [start.isoformat() for start in found.starts]
    lines = [
        figures.Series(_(KPIS[kpi].name), starts, [bucket[kpi] for bucket in found.figures], color)
        for kpi, color in zip(kpis, (figures.LINE, figures.SECOND), strict=False)
    ]
    goal = selectors.goal_of(system, kpis[0])
    target = float(goal.target) if goal else None
    marks = marks_of(system, span)
    return figures.trend(lines, words(), factor=factor, suffix=suffix, target=target, marks=marks)


def marks_of(system: System, span: Range) -> list[figures.Mark]:
    """Deployments and finished audits inside the window, newest kept, each with a link where it has a page."""
    first = datetime.combine(span.date_from, time(), UTC)  # rollup days are UTC days
    after = first + timedelta(days=span.days)
    deployed = Deployment.objects.filter(system=system, valid_from__gte=first, valid_from__lt=after)
    audited = AuditRun.objects.filter(system=system, finished_at__gte=first, finished_at__lt=after)
    found = [
        *((d.valid_from, _("Deployment"), d) for d in deployed),
        *((a.finished_at, f"{_('Audit')}: {word(a.verdict)}", a) for a in audited if a.finished_at),
    ]
    newest = sorted(found, key=lambda mark: mark[0])[-MOST_MARKS:]
    return [figures.Mark(at.date().isoformat(), text, _url(thing)) for at, text, thing in newest]


def _url(thing: Any) -> str:
    address = getattr(thing, "get_absolute_url", None)
    return str(address()) if address else ""


def _trend(*kpis: str) -> Callable[[System, Range, str], figures.Chart]:
    def make(system: System, span: Range, _by: str) -> figures.Chart:
        return trend_chart(system, span, kpis)

    return make


def _answers(kpi: str, answers: range, good: int) -> Callable[[System, Range, str], figures.Chart]:
    """The histogram of a survey, behind the same floor as its figure."""

    def make(system: System, span: Range, _by: str) -> figures.Chart:
        topic = f"survey.{kpi}"
        smallest = floors([system.pk])
        people = selectors.people_of([system], smallest, *span.window, [topic])[system.pk][topic]
        counters = selectors.counters_of(system, *span.window) if people >= smallest[system.pk] else {}
        found = histogram(counters, kpi)
        counts = {str(a): found.get(a, 0) for a in answers} if found else {}
        return figures.histogram(counts, words(), frozenset(str(a) for a in answers if a >= good))

    return make


def _f1(system: System, span: Range, _by: str) -> figures.Chart:
    labels, matrix = selectors.matrix(system, *span.window)
    thin = {
        label for label, row in zip(labels, matrix, strict=True) if 0 < sum(row) < MINIMUM_GOLD
    }  # too few human labels to say anything
    return figures.bars(f1_by_label(labels, matrix) if labels else {}, words(), thin)


def _confusion(system: System, span: Range, _by: str) -> figures.Chart:
    return figures.confusion(*selectors.matrix(system, *span.window), words())


def _slices(system: System, span: Range, by: str) -> figures.Chart:
    parts = selectors.slices(system, *span.window, by) if by in selectors.dimensions(system) else []
    goal = selectors.goal_of(system, "accuracy")
    rows = [(part.value, part.figures["accuracy"]) for part in parts]
    return figures.intervals(rows, words(), target=float(goal.target) if goal else None)


def _money(system: System, span: Range, _by: str) -> figures.Chart:
    """Costs always; benefits only while the return is not withheld."""
    shown = not selectors.worth_of(system, span).withheld
    sums: dict[str, dict[str, float]] = defaultdict(lambda: {"cost": 0.0, "benefit": 0.0})
    for line in values.lines([system], *span.window).get(system.pk, ()):
        for entry in line.entries:
            if line.item.kind == COST or (shown and values.counts_for_headline(line.item)):
                sums[f"{entry.month:%Y-%m}"][line.item.kind] += float(entry.amount)
    months = sorted(sums)
    return figures_value.money(
        months, [sums[m]["cost"] for m in months], [sums[m]["benefit"] for m in months], words()
    )


def _tornado(system: System, span: Range, _by: str) -> figures.Chart:
    money = selectors.worth_of(system, span)
    if money.withheld or not money.source or not money.source.cash:
        return figures_value.tornado([], 0.0, words())
    names = {line.item.key: line.item.name for line in money.source.lines}
    outcome = money.source.cash
    rows = [(names[b.key], b.correlation, b.npv_low, b.npv_high) for b in outcome.tornado]
    return figures_value.tornado(rows, outcome.npv.p50, words())


SPECS: dict[str, Spec] = {
    spec.key: spec
    for spec in (
        Spec("csat", N_("Customer satisfaction over time"), "customer", _trend("csat")),
        Spec(
            "csat_answers", N_("How customers answered, 1 to 5"), "customer", _answers("csat", range(1, 6), 4)
        ),
        Spec("nps", N_("Net promoter score over time"), "customer", _trend("nps")),
        Spec(
            "nps_answers",
            N_("Would customers recommend us, 0 to 10"),
            "customer",
            _answers("nps", range(11), 9),
        ),
        Spec("ces", N_("Customer effort over time"), "customer", _trend("ces")),
        Spec("trust", N_("Perceived empathy and trust over time"), "trust", _trend("pets_er", "pets_ut")),
        Spec("accuracy", N_("Sentiment accuracy over time"), "accuracy", _trend("accuracy", "macro_f1")),
        Spec("f1", N_("F1 of each emotion"), "accuracy", _f1),
        Spec("confusion", N_("What people labelled against what was read"), "accuracy", _confusion),
        Spec("slices", N_("Sentiment accuracy by group"), "accuracy", _slices),
        Spec("consent", N_("Consent coverage over time"), "rights", _trend("consent_coverage")),
        Spec("containment", N_("Closed without a human over time"), "efficiency", _trend("containment")),
        Spec("first_response", N_("Time to the first answer"), "efficiency", _trend("first_response")),
        Spec("money", N_("Costs and benefits per month"), "value", _money),
        Spec("tornado", N_("What moves the net present value"), "value", _tornado),
    )
}


def trust_against_accuracy(found: Sequence[selectors.Board]) -> figures.Chart:
    """Each system by how well it reads and how far it is trusted: high trust, low accuracy is a risk."""
    said: Mapping[str, str] = words() | {"x": _(KPIS["accuracy"].name), "y": _(KPIS["pets_ut"].name)}
    points = [(b.system.name, b.figures["accuracy"], b.figures["pets_ut"]) for b in found]
    return figures_value.against(points, said)
