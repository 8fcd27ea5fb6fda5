"""One KPI, and the words that several share; pure."""

from dataclasses import dataclass

from portal.errors import N_

UP, DOWN, NEITHER = "up", "down", ""


@dataclass(frozen=True, slots=True)
class Kpi:
    """One row of the catalogue. `unit`: share, points, score, seconds, money, ratio, months."""

    id: str
    group: str
    name: str
    question: str
    formula: str
    unit: str
    good: str
    minimum: int
    interval: str
    source: str
    scale: str = ""  # the range of a score, such as '1-5'
    card: bool = True  # whether it stands on the dashboard as a card of its own

    @property
    def direction(self) -> str:
        """The direction a goal for this KPI normally has."""
        return "at_most" if self.good == DOWN else "at_least"

    @property
    def shown_as(self) -> str:
        """The unit in which people read it: shares as percentages, accuracy with four decimals as in reports."""
        if self.group == "accuracy" or self.scale in ("0-1", "-1-1"):
            return "share"
        return {"share": "percent", "ratio": "percent", "money": "EUR", "seconds": "s"}.get(
            self.unit, self.unit
        )


WILSON = N_("Wilson score interval, 95 %")
STUDENT_T = N_("Student t interval, 95 %")
BOOTSTRAP = N_("seeded multinomial bootstrap on the confusion counts, 95 %")
MEDIAN = N_("binomial order-statistic interval, 95 %; read from log-spaced bins")
COMPLETE = N_("complete count: no interval")
DRAWS = N_("P10-P90 of at least 10,000 seeded draws")
PETS = "Schmidmaier et al. 2024 (CHI), Perceived Empathy of Technology Scale, CC BY"
TRUST = "Jian, Bisantz and Drury 2000, Trust between People and Automation"
SOKOLOVA = "Sokolova and Lapalme 2009, Information Processing and Management 45:427"
TEI = "Forrester, Total Economic Impact methodology"
