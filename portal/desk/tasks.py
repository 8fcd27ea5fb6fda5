"""Scheduled work of the desk."""

from typing import TYPE_CHECKING, Any

from portal.desk.reminders import remind_everybody
from portal.errors import N_
from portal.jobs.registry import handler
from portal.jobs.rules import Every
from portal.jobs.services import enqueue
from portal.notify.rules import Mail
from portal.notify.selectors import to_mail

if TYPE_CHECKING:
    from portal.jobs.context import JobContext

BY_MACHINES = (
    "consent.events_recorded", "finding.seen_again", "ingest.", "job.", "ledger.", "people.calendar",
    "retention.", "rollups.", "people.link", "survey.", "values.",
)  # fmt: skip
"""Acts that put nothing into anybody's inbox, some of them thousands of times a day; all others may."""


@handler(
    "remind",
    title=N_("Tell people what waits for them"),
    standing=Every.HOURLY,  # dates come near without anybody acting
    passes_over=BY_MACHINES,
)
def remind(ctx: "JobContext") -> dict[str, Any]:
    """Everybody with an account that is in use; the mails that go at once follow as one job."""
    told = remind_everybody(ctx.progress)
    if to_mail(Mail.IMMEDIATE).exists():
        # a job of its own for each round: an open one of the round before may be past these people already
        enqueue(kind="send_mail", payload={}, by="system", unique_key=f"send_mail:{ctx.job.pk}")
    return told
