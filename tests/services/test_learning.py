"""A system that learns in production is held to the limits that were declared for it, every day."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from governance.findings.models import Finding
from governance.registry import services
from metrics.dashboards import learning
from metrics.dashboards.rules import Drift
from portal.jobs.runner import run_job
from portal.jobs.services import enqueue
from tests import make

pytestmark = pytest.mark.django_db
LABELS = ["joy", "anger"]
APPROVED = date(2026, 3, 1)
TODAY = date(2026, 7, 1)


def matrix(right: int, wrong: int) -> list[list[int]]:
    return [[right // 2, wrong // 2], [wrong // 2, right // 2]]


def learner(before: tuple[int, int], now: tuple[int, int]) -> Any:
    """A system in force whose accuracy was `before` (right, wrong) after the approval and is `now`."""
    system = make.system(labels=LABELS, label_map={label: label for label in LABELS})
    deployment = make.approved_deployment(system)
    services.update_system(
        system=system, by=system.owner, expected_version=system.row_version, reason="It learns.",
        learning="continuous", learning_figure="accuracy", learning_max_deviation=Decimal("0.05"),
        learning_window_days=30, learning_checks="Two raters.",
    )  # fmt: skip
    make.confusion(system, APPROVED + timedelta(days=3), LABELS, matrix(*before), people=400)
    make.confusion(system, TODAY - timedelta(days=3), LABELS, matrix(*now), people=400)
    system.refresh_from_db()
    return system, deployment


@pytest.mark.parametrize(
    ("before", "now", "standing", "state", "checks"),
    [
        ((1800, 200), (1760, 240), Drift.WITHIN, "in_force", []),
        ((1800, 200), (1600, 400), Drift.BEYOND, "voided", [("drift:accuracy", "critical")]),
        ((1600, 400), (1800, 200), Drift.BEYOND, "voided", [("drift:accuracy", "critical")]),  # better is other, too
        ((180, 20), (168, 32), Drift.UNCLEAR, "in_force", [("drift_unclear:accuracy", "medium")]),
        ((10, 2), (1600, 400), Drift.NOT_ENOUGH, "in_force", []),
    ],
)  # fmt: skip
def test_a_system_is_held_to_its_limits(
    before: tuple[int, int], now: tuple[int, int], standing: Drift, state: str, checks: list[tuple[str, str]]
) -> None:
    system, deployment = learner(before, now)
    assert learning.watch(system, APPROVED, TODAY) is standing
    deployment.refresh_from_db()
    assert deployment.state == state
    assert list(Finding.objects.values_list("check_key", "severity")) == checks
    learning.watch(system, APPROVED, TODAY)  # the next day finds the same, once
    assert Finding.objects.count() == len(checks)


def test_the_job_of_the_day_looks_at_those_in_force_alone() -> None:
    system, deployment = learner((1800, 200), (1600, 400))
    make.approved_deployment(make.system())  # does not learn
    job = enqueue(kind="watch_learning", payload={}, by="system")
    run_job(job.pk)
    job.refresh_from_db()
    # the deployment of this test began today: no window is full yet
    assert (job.state, job.result) == ("done", {"not_enough": 1})
    deployment.refresh_from_db()
    assert deployment.state == "in_force"
    assert [found.pk for found, _day in learning.learning_in_force()] == [system.pk]
