"""Stops as work of the job queue."""

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from governance.stops import services
from governance.stops.delivery import deliver, next_due
from portal.errors import N_
from portal.jobs.models import Job
from portal.jobs.registry import handler
from portal.jobs.rules import Every
from portal.jobs.services import enqueue

if TYPE_CHECKING:
    from portal.jobs.context import JobContext

RETRY = "retry_stops"
SHOWS = {"sent": N_("Delivered"), "failed": N_("Failed"), "given_up": N_("Given up")}
OTHER_ACTS = (
    "assessment.", "audit.", "board.", "consent.", "evidence.", "finding.", "ingest.", "job.", "law.", "ledger.",
    "people.", "register.", "retention.", "review.", "rollups.",
    "screening.", "survey.", "values.", "stop.acknowledged",
)  # fmt: skip
"""Acts that put nothing into the outbox; a stop, a test and a retry do."""


@handler(
    services.DELIVER,
    title=N_("Tell systems what they must stop"),
    shows=SHOWS,
    standing=Every.HOURLY,
    passes_over=OTHER_ACTS,
)
def deliver_stops(ctx: "JobContext") -> dict[str, Any]:
    """What is due now; what is due later gets a job of its own."""
    return _round(ctx)


@handler(RETRY, title=N_("Tell systems again what they must stop"), shows=SHOWS)
def retry_stops(ctx: "JobContext") -> dict[str, Any]:
    """The same, later; a kind of its own, so that what waits for its time does not hold up what is new."""
    return _round(ctx)


def _round(ctx: "JobContext") -> dict[str, Any]:
    done = deliver(ctx.check)
    if (due := next_due()) is not None:
        due = max(due, timezone.now() + dt.timedelta(seconds=1))
        # one that waits already and is not later will see to it: not a job for each message
        if not Job.objects.filter(kind=RETRY, state="queued", due_at__lte=due).exists():
            enqueue(kind=RETRY, payload={}, by="system", due_at=due)
    return done


@handler(
    "watch_stops",
    title=N_("Look for stops that are not confirmed in time"),
    shows={"late": N_("Systems that are late"), "cleared": N_("Systems that caught up")},
    standing=Every.HOURLY,
)
def watch_stops(ctx: "JobContext") -> dict[str, Any]:
    """Findings open where a system is late and are cleared where it caught up."""
    return services.watch()
