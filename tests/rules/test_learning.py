"""Where a system that learns in production stands against its declared limits."""

from datetime import date

import pytest

from metrics.dashboards.rules import Drift, drift_standing, learning_windows
from metrics.stats.change import Change


@pytest.mark.parametrize(
    ("value", "interval", "standing"),
    [
        (0.05, (0.01, 0.09), Drift.WITHIN),  # the limit itself is within
        (-0.05, None, Drift.WITHIN),
        (0.06, (0.051, 0.07), Drift.BEYOND),
        (-0.06, (-0.07, -0.051), Drift.BEYOND),
        (0.06, (0.05, 0.07), Drift.UNCLEAR),
        (-0.06, (-0.2, 0.1), Drift.UNCLEAR),
        (-0.051, None, Drift.BEYOND),  # a complete count has no chance in it
    ],
)
def test_beyond_needs_the_whole_interval(
    value: float, interval: tuple[float, float] | None, standing: Drift
) -> None:
    assert drift_standing(Change(value, interval), 0.05) is standing


def test_no_change_that_may_be_shown_is_not_enough() -> None:
    assert drift_standing(None, 0.05) is Drift.NOT_ENOUGH


def test_windows_are_full_and_do_not_overlap() -> None:
    approved = date(2026, 3, 1)
    assert learning_windows(approved, date(2026, 4, 30), 30) is None
    assert learning_windows(approved, date(2026, 5, 1), 30) == (
        (date(2026, 3, 2), date(2026, 3, 31)),
        (date(2026, 4, 1), date(2026, 4, 30)),
    )
    assert learning_windows(approved, date(2026, 5, 1), 0) is None
