"""The figures that goals and limits may name: filled by the app that measures them, when Django starts."""

from dataclasses import dataclass


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
