"""The figures that goals and limits may name: filled by the app that measures them, when Django starts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FigureKind:
    """One figure: id, name and question (English, for translation), how its values read, its good side."""

    id: str
    name: str
    question: str
    unit: str
    direction: str  # the one a goal for it normally has: at_least or at_most


_figures: dict[str, FigureKind] = {}


def register(figure: FigureKind) -> None:
    """Take a figure in; raises ValueError for one that is there already."""
    if figure.id in _figures:
        raise ValueError(f"figure {figure.id!r} is registered twice")
    _figures[figure.id] = figure


def known() -> dict[str, FigureKind]:
    """Every figure by its id."""
    return dict(_figures)


Measure = Callable[[Any, str], Any]
"""(system, language or '' for all) -> a figure with value, interval and n, or the reason why there is none; None where
nothing of that language was ever measured."""
_measures: dict[str, Measure] = {}


def measured_by(figure: str, measure: Measure) -> None:
    """Say who measures a figure for pages that governance draws; raises ValueError for a second one."""
    if figure in _measures:
        raise ValueError(f"figure {figure!r} is measured twice")
    _measures[figure] = measure


def measure(figure: str, system: Any, language: str = "") -> Any:
    """The figure of a system, in one language or in all; None where nobody measures it."""
    return _measures[figure](system, language) if figure in _measures else None
