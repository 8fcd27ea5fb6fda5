"""Scheduled work on figures."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from metrics.dashboards import learning, rules
from portal.errors import N_
from portal.jobs.registry import handler
from portal.jobs.rules import Every

if TYPE_CHECKING:
    from portal.jobs.context import JobContext


@handler(
    "watch_learning",
    title=N_("Hold systems that learn in production to their limits"),
    shows={
        rules.Drift.WITHIN: N_("Within their limits"),
        rules.Drift.BEYOND: N_("Beyond their limits: approval void"),
        rules.Drift.UNCLEAR: N_("Perhaps beyond: a finding"),
        rules.Drift.NOT_ENOUGH: N_("Not enough data yet"),
    },
    standing=Every.DAILY,
)
def watch_learning(ctx: "JobContext") -> dict[str, Any]:
    """System by system, each in its own transaction."""
    found: Counter[str] = Counter()
    systems = list(learning.learning_in_force())
    for number, (system, approved_on) in enumerate(systems):
        ctx.progress(100 * number // len(systems))
        found[learning.watch(system, approved_on, timezone.now().date())] += 1
    return dict(found)
