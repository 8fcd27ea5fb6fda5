"""A figure against a target: met, not met, or not enough evidence. 'Not significant' is never a pass."""

from enum import StrEnum

from metrics.stats.figure import Figure, State


class Verdict(StrEnum):
    """The words of every check of an audit and of every target on a dashboard."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"
    ERROR = "error"


class Direction(StrEnum):
    """On which side of its target a figure is good."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"


def against_target(figure: Figure, target: float, direction: Direction | str = Direction.AT_LEAST) -> Verdict:
    """Met where the whole interval lies on the good side, not met where it all lies on the bad side.

    A complete count (`ci` None) is compared as it is; a money figure by its P10-P90. A figure that is not
    `ok` is no evidence. The target itself is on the good side. Raises ValueError on an unknown direction.
    """
    good = Direction(direction)
    spread = _spread(figure)
    if spread is None:
        return Verdict.NOT_ENOUGH_EVIDENCE
    lo, hi = spread if good is Direction.AT_LEAST else (-spread[1], -spread[0])
    bar = target if good is Direction.AT_LEAST else -target
    if lo >= bar:
        return Verdict.MET
    return Verdict.NOT_MET if hi < bar else Verdict.NOT_ENOUGH_EVIDENCE


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict of a whole audit: an error or a miss decides, then missing evidence."""
    for candidate in (Verdict.ERROR, Verdict.NOT_MET, Verdict.NOT_ENOUGH_EVIDENCE):
        if candidate in verdicts:
            return candidate
    return Verdict.MET if verdicts else Verdict.NOT_ENOUGH_EVIDENCE


def _spread(figure: Figure) -> tuple[float, float] | None:
    if figure.state is not State.OK or figure.value is None:
        return None
    if figure.is_money:
        return (figure.p10, figure.p90) if figure.p10 is not None and figure.p90 is not None else None
    return figure.ci or (figure.value, figure.value)
