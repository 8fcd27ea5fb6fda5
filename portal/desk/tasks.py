"""Scheduled work of the desk."""

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from portal.accounts.models import User
from portal.desk.reminders import remind
from portal.errors import N_
from portal.jobs.registry import handler
from portal.jobs.rules import Every
from portal.jobs.services import enqueue

if TYPE_CHECKING:
    from portal.jobs.context import JobContext


@handler("remind", title=N_("Tell people what waits for them"), standing=Every.HOURLY)
def remind_everybody(ctx: "JobContext") -> dict[str, Any]:
    """Everybody with an account that is in use; the mails follow as a job of their own."""
    people = list(User.objects.filter(is_active=True))
    today, offered = timezone.localdate(), 0
    for number, person in enumerate(people):
        if number % 20 == 0:
            ctx.progress(100 * number // max(len(people), 1))
        if not person.ended(timezone.now()):
            offered += remind(person, today)
    enqueue(kind="send_mail", payload={}, by="system", unique_key="send_mail")
    return {"people": len(people), "offered": offered}
