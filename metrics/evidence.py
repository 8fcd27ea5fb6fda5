"""What metrics adds to an evidence pack: the figures, and the counts from which they can be computed again."""

from collections.abc import Iterator
from typing import Any

from governance.evidence.sections import PackFile, Scope, document, register, table
from governance.registry.models import System
from metrics.dashboards import selectors
from metrics.dashboards.rules import Range
from metrics.stats.figure import Figure

_FIGURES_QUERY = (
    "-- sums of the daily rollups of the systems over the days of the pack\n"
    "SELECT system_id, key, sum(value) FROM metrics_dayrollup WHERE system_id = ANY(:systems)"
    " AND day BETWEEN :from AND :to GROUP BY system_id, key;\n"
    "SELECT system_id, gold, predicted, sum(n) FROM metrics_confusionrollup WHERE system_id = ANY(:systems)"
    " AND day BETWEEN :from AND :to AND slice = '' GROUP BY system_id, gold, predicted;"
)
_EVALUATION_QUERY = (
    "SELECT system_id, name, n, sha256, counts FROM metrics_evaluationset WHERE system_id = ANY(:systems)"
    " ORDER BY system_id, imported_at;"
)
_COLUMNS = (
    "system",
    "kpi",
    "state",
    "value",
    "low",
    "high",
    "interval",
    "n",
    "numerator",
    "denominator",
    "method",
    "source",
    "from",
    "to",
    "reason",
)


def figures_section(scope: Scope) -> list[PackFile]:
    """figures.json and figures.csv: every figure of every system, as the pages and the API show them."""
    found = [
        (board.system.slug, figure)
        for board in selectors.boards(scope.systems, Range(scope.date_from, scope.date_to))
        for figure in board.figures.values()
    ]
    shapes: dict[str, list[dict[str, Any]]] = {system.slug: [] for system in scope.systems}
    for slug, figure in found:
        shapes[slug].append(figure.to_dict())
    return [
        document("figures.json", shapes, _FIGURES_QUERY),
        table("figures.csv", _COLUMNS, (_row(slug, figure) for slug, figure in found)),
    ]


def _row(slug: str, figure: Figure) -> list[Any]:
    low, high = (figure.p10, figure.p90) if figure.is_money else figure.ci or (None, None)
    start, end = figure.window or (None, None)
    return [
        slug,
        figure.kpi,
        figure.state.value,
        figure.value,
        low,
        high,
        "P10-P90" if figure.is_money else f"{figure.level:.0%}" if figure.ci else "",
        figure.n,
        figure.numerator,
        figure.denominator,
        figure.method,
        figure.source,
        start,
        end,
        figure.reason_text,
    ]


def evaluation_section(scope: Scope) -> list[PackFile]:
    """evaluation_sets.json with the figures of each set, and its confusion counts cell by cell."""
    sets = [(system, e) for system in scope.systems for e in selectors.evaluations(system)]
    if not sets:
        return []
    summary = [
        {
            "system": system.slug,
            "name": e.name,
            "n": e.n,
            "sha256": e.sha256,
            "imported_at": e.imported_at,
            "labels": e.counts["labels"],
            "figures": [figure.to_dict() for figure in selectors.evaluation_figures(e).values()],
        }
        for system, e in sets
    ]
    columns = ("system", "evaluation_set", "gold", "predicted", "n")
    return [
        document("evaluation_sets.json", summary, _EVALUATION_QUERY),
        table(
            "evaluation_confusion.csv", columns, (cell for system, e in sets for cell in _cells(system, e))
        ),
    ]


def _cells(system: System, evaluation: Any) -> Iterator[tuple[Any, ...]]:
    labels, matrix = evaluation.counts["labels"], evaluation.counts["matrix"]
    for gold, row in zip(labels, matrix, strict=True):
        for predicted, n in zip(labels, row, strict=True):
            yield system.slug, evaluation.name, gold, predicted, n


def fill() -> None:
    """Put the sections into governance's register."""
    register("metrics_evaluation", evaluation_section)
    register("metrics_figures", figures_section)
