"""The privacy floor: no group under a number of distinct people is shown, nor may it be worked out from
what is.

Complementary suppression: where a total is shown beside its cells, one hidden cell is the total minus the
others, so a second cell is hidden too. Source: Hundepool et al. 2012, Statistical Disclosure Control,
chapter 4 (primary and secondary suppression, top and bottom coding).
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from metrics.stats.figure import Figure, State

FLOOR = 10
SMALLEST_FLOOR = 5
TOP, BOTTOM = 0.95, 0.05
Cell = tuple[str, ...]


def hidden(people: Mapping[str, int], floor: int = FLOOR) -> set[str]:
    """Groups of one dimension to hide, given the distinct people in each and that their total is shown."""
    return {cell[0] for cell in hidden_crossed({(group,): count for group, count in people.items()}, floor)}


def hidden_crossed(people: Mapping[Cell, int], floor: int = FLOOR) -> set[Cell]:
    """Cells to hide where at most two dimensions are crossed and both margins are shown.

    Goes over rows and columns until no line has exactly one hidden cell, or hidden cells that together are
    under the floor. Raises ValueError for a floor below 5 or more than two dimensions.
    """
    if floor < SMALLEST_FLOOR:
        raise ValueError("a privacy floor below 5 does not hide a person")
    if any(len(cell) > 2 for cell in people):
        raise ValueError("at most two dimensions may be crossed")
    shut = {cell for cell, count in people.items() if 0 < count < floor}
    lines = _lines(people)
    changed = True
    while changed:
        changed = False
        for line in lines:
            extra = _complement(line, shut, people, floor)
            if extra is not None:
                shut.add(extra)
                changed = True
    return shut


def top_coded(figure: Figure) -> Figure:
    """A share of a group within 5 points of none or all reads '5 % or less' or '95 % or more'.

    'Everyone in this team is unhappy' tells each one's answer, however large the team is.
    """
    if figure.state is not State.OK or figure.value is None or BOTTOM < figure.value < TOP:
        return figure
    at, bound = (TOP, "at_least") if figure.value >= TOP else (BOTTOM, "at_most")
    return replace(figure, value=at, ci=None, numerator=None, extra={"top_coded": bound})


def _lines(people: Mapping[Cell, int]) -> list[list[Cell]]:
    lines: dict[tuple[int, str], list[Cell]] = defaultdict(list)
    for cell in sorted(people):
        if len(cell) == 1:
            lines[(0, "")].append(cell)
        else:
            for axis in range(len(cell)):
                lines[(axis, cell[axis])].append(cell)
    return list(lines.values())


def _complement(line: list[Cell], shut: set[Cell], people: Mapping[Cell, int], floor: int) -> Cell | None:
    """The smallest open cell to hide with the others of this line, or None where the line is safe."""
    closed = [cell for cell in line if cell in shut]
    if not closed or (len(closed) > 1 and sum(people[cell] for cell in closed) >= floor):
        return None
    open_cells = [cell for cell in line if cell not in shut and people[cell] > 0]
    return min(open_cells, key=lambda cell: (people[cell], cell), default=None)
