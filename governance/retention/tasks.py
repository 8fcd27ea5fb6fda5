"""The nightly round."""

from typing import TYPE_CHECKING, Any

from django.db import DatabaseError
from django.utils import timezone

from governance.registry.models import System
from governance.retention import services
from portal.errors import N_
from portal.jobs.registry import handler
from portal.jobs.rules import Every

if TYPE_CHECKING:
    from portal.jobs.context import JobContext


@handler(
    services.RETAIN,
    title=N_("Delete what is past its time"),
    shows={
        "deleted": N_("Rows deleted"),
        "unnamed": N_("Rows that stay without what was personal"),
        "held": N_("Systems under a legal hold"),
    },
    standing=Every.DAILY,
)
def retain(ctx: "JobContext") -> dict[str, Any]:
    """System by system; what was deleted stays deleted however the round ends."""
    systems = System.objects.order_by("slug")
    if one := ctx.payload.get("system"):
        systems = systems.filter(pk=one)
    failed: DatabaseError | None = None
    totals = {"deleted": 0, "unnamed": 0, "held": 0}
    for number, system in enumerate(found := list(systems)):
        ctx.progress(100 * number // len(found), system.name, so_far=totals)
        try:
            done = services.retain(system=system, day=timezone.now().date(), check=ctx.check)
        except DatabaseError as error:  # one system's trouble does not keep another's data too long
            failed = failed or error
            ctx.log(f"{system.slug}: {error}")
            continue
        totals = {key: totals[key] + done[key] for key in totals}
    if failed:
        raise failed
    return totals
