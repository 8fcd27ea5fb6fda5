"""Mail as work of the job queue."""

from typing import TYPE_CHECKING, Any

from portal.errors import N_
from portal.jobs.registry import handler
from portal.jobs.rules import Every
from portal.notify.rules import Mail
from portal.notify.services import send

if TYPE_CHECKING:
    from portal.jobs.context import JobContext


@handler("send_mail", title=N_("Mail what is new"))
def send_mail(ctx: "JobContext") -> dict[str, Any]:
    """To those who want a mail at once."""
    return send(Mail.IMMEDIATE)


@handler("send_digest", title=N_("Mail what is new, once a day"), standing=Every.DAILY)
def send_digest(ctx: "JobContext") -> dict[str, Any]:
    """To those who want one mail a day."""
    return send(Mail.DIGEST)
