"""The job that computes the rollups anew."""

from typing import Any

from governance.registry.models import System
from metrics.rollups.services import REBUILD, rebuild
from portal.errors import N_
from portal.jobs.context import JobContext
from portal.jobs.registry import handler


@handler(
    REBUILD,
    title=N_("Rollups computed anew"),
    shows={"rows": N_("Rollup rows"), "differing": N_("Rows put right")},
)
def rebuild_rollups(context: JobContext) -> dict[str, Any]:
    """System by system, each in one transaction: stopped or killed, the systems before are right already."""
    wanted = context.payload["system"]
    systems = list(System.objects.filter(pk=wanted) if wanted else System.objects.order_by("pk"))
    totals = {"rows": 0, "differing": 0}
    for number, system in enumerate(systems):
        context.progress(100 * number // len(systems), so_far=totals)
        found = rebuild(system=system, by="system")
        totals = {key: totals[key] + found[key] for key in totals}
    return totals
