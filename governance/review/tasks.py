"""Long and scheduled work of review."""

from typing import TYPE_CHECKING, Any

from governance.review import services
from portal.errors import N_
from portal.jobs.registry import handler

if TYPE_CHECKING:
    from portal.jobs.context import JobContext


@handler("lapse_deployments", title=N_("Mark deployments that passed their date"))
def lapse_deployments(ctx: "JobContext") -> dict[str, Any]:
    """The gate says no from the second of the date; this makes the state and the ledger say so too."""
    return {"lapsed": services.lapse_due()}
