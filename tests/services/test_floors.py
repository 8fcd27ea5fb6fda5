"""The smallest group of which a number is shown: the installation's floor, or what the policy in force asks."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance.audits.registry import AuditScope
from governance.consent.floors import floor_of, floors
from governance.consent.selectors import standing
from governance.consent.services import approve_policy, draft_policy, record_consent_events
from governance.registry.models import System
from metrics.audits import counting
from metrics.dashboards import charts, selectors
from metrics.dashboards.rules import Range
from metrics.dashboards.series import by_bucket
from metrics.stats.figure import State
from tests import audits, make
from tests.rules.test_stats_core import LABELS, TWEETEVAL

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)
SPAN = Range(date(2026, 3, 1), date(2026, 3, 31))
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def ask_for(system: System, *groups: int | None, effective_at: datetime = LONG_AGO) -> None:
    """A policy whose rules ask for these smallest groups."""
    rules: list[dict[str, Any]] = [
        {**make.PERMIT_BY_CONTRACT, "id": f"rule-{n}", "min_group": group} for n, group in enumerate(groups)
    ]
    draft = draft_policy(system=system, rules=rules, retention_days=None, by="system")
    approve_policy(policy=draft, by="system", effective_at=effective_at)


@pytest.mark.parametrize(
    ("groups", "floor"),
    [
        pytest.param([None], 10, id="nothing asked"),
        pytest.param([25], 25, id="more asked"),
        pytest.param([6], 10, id="less asked changes nothing"),
        pytest.param([None, 12, 30, 6], 30, id="the most careful rule speaks"),
    ],
)
def test_the_policy_may_ask_for_larger_groups_never_for_smaller_ones(
    groups: list[int | None], floor: int
) -> None:
    system = make.system()
    assert floor_of(system) == 10  # without a policy
    ask_for(system, *groups)
    assert floor_of(system) == floor


def test_only_the_version_in_force_counts() -> None:
    system = make.system()
    ask_for(system, 40)
    ask_for(system, 20, effective_at=LONG_AGO + timedelta(days=1))
    ask_for(system, 90, effective_at=timezone.now() + timedelta(days=1))
    draft_policy(
        system=system, rules=[{**make.PERMIT_BY_CONTRACT, "min_group": 80}], retention_days=None, by="system"
    )
    assert floor_of(system) == 20


def test_each_system_has_its_own_in_one_query(django_assert_num_queries: Any) -> None:
    careful, other = make.system(), make.system()
    ask_for(careful, 40)
    with django_assert_num_queries(1):
        assert floors([careful.pk, other.pk]) == {careful.pk: 40, other.pk: 10}
    assert floors([]) == {}


@pytest.fixture
def read() -> System:
    """A system with everything said by 20 people."""
    system: System = make.live_system(labels=LABELS)
    make.counters(
        system,
        DAY,
        {"csat.1": 50, "csat.5": 50, "interactions": 100},
        people={"survey.csat": 20, "interactions": 20},
    )
    make.confusion(system, DAY, LABELS, TWEETEVAL, people=20)
    make.confusion(system, DAY, LABELS, TWEETEVAL, people=20, part="language=nl")
    events = [make.consent(n) for n in range(20)]
    record_consent_events(system=system, items=events, by="system")
    return system


def shown(system: System) -> dict[str, bool]:
    """Which doors show a number of the twenty people."""
    done = audits.run(system, date_from=SPAN.date_from, date_to=SPAN.date_to)
    month = by_bucket(system, *SPAN.window, "month", ["csat"]).figures[0]
    answers = charts.SPECS["csat_answers"].make(system, SPAN, "")
    parts = selectors.slices(system, *SPAN.window, "language")
    return {
        "card": selectors.boards([system], SPAN)[0].figures["csat"].state is State.OK,
        "accuracy": selectors.figures(system, *SPAN.window)["accuracy"].state is State.OK,
        "slice": parts[0].figures["accuracy"].state is State.OK,
        "matrix": selectors.matrix(system, *SPAN.window) != ([], []),
        "month": month["csat"].state is State.OK,
        "histogram": sum(answers["data"][0]["y"]) > 0,
        "audit": {check["figure"]["state"] for check in done.checks} == {"ok"},
        "complete count": not counting.is_small(AuditScope(system, {}, 1, *SPAN.window)),
        "consent": standing(system, timezone.now())[0].people == 20,
    }


def test_every_door_hides_what_the_policy_asks_to_hide(read: System) -> None:
    assert shown(read) == dict.fromkeys(shown(read), True)
    ask_for(read, 21)
    assert shown(read) == dict.fromkeys(shown(read), False)
    ask_for(read, 20, effective_at=LONG_AGO + timedelta(days=1))
    assert shown(read) == dict.fromkeys(shown(read), True)
