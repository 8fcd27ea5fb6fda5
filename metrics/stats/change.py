"""How a figure changed against another period, with an interval made from the two intervals.

Source: the MOVER of Zou and Donner 2008, Statistics in Medicine 27:1693; for two Wilson intervals it is method 10 of
Newcombe 1998.
"""

from dataclasses import dataclass
from math import sqrt

from metrics.stats.figure import Figure, State


@dataclass(frozen=True, slots=True)
class Change:
    """Now minus before; `ci` None where a side has no interval. `clear` where the interval leaves out zero."""

    value: float
    ci: tuple[float, float] | None

    @property
    def clear(self) -> bool:
        """Whether the change stands out from chance; without an interval any difference is a fact."""
        return self.value != 0 if self.ci is None else not self.ci[0] <= 0 <= self.ci[1]


def change(now: Figure, before: Figure) -> Change | None:
    """The change between two independent periods; None where one of them may not be shown."""
    if now.state is not State.OK or before.state is not State.OK or now.value is None or before.value is None:
        return None
    difference = now.value - before.value
    if now.ci is None or before.ci is None:
        return Change(difference, None)
    down = sqrt((now.value - now.ci[0]) ** 2 + (before.ci[1] - before.value) ** 2)
    up = sqrt((now.ci[1] - now.value) ** 2 + (before.value - before.ci[0]) ** 2)
    return Change(difference, (difference - down, difference + up))
