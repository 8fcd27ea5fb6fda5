"""Long and scheduled work of review."""

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone

from governance.registry import unfinished
from governance.registry.models import DataFlow
from governance.review import changes, deployments, expiring, files, services, terms
from governance.screening import selectors as screenings
from portal.errors import N_
from portal.jobs.models import Job
from portal.jobs.registry import handler
from portal.jobs.rules import Every

if TYPE_CHECKING:
    from portal.jobs.context import JobContext


@handler(
    "lapse_deployments",
    title=N_("Stop deployments and close votes whose date passed"),
    shows={
        "lapsed": N_("Deployments that lapsed"),
        "overdue": N_("Stopped for an overdue condition"),
        "unassessed": N_("Voided because an assessment is no longer valid"),
        "given_back": N_("Votes that ended because the file changed"),
        "votes_closed": N_("Votes that closed"),
        "boards": N_("Boards on which a term ended while they voted"),
        "opened": N_("Data flows that may go now"),
    },
    standing=Every.HOURLY,
)
def lapse_deployments(ctx: "JobContext") -> dict[str, Any]:
    """The gate says no from the second itself; this makes the state and the ledger say so too."""
    return {
        "lapsed": services.lapse_due(),
        "overdue": services.suspend_overdue(),
        "unassessed": changes.void_unassessed(),
        "given_back": changes.give_back_changed(),
        "votes_closed": services.close_due(),
        "boards": terms.close_after_terms(),
        "opened": deployments.open_waiting(),
    }


def _import_page(job: Job) -> str:
    return reverse("register_import_result", args=[job.pk])


@handler(files.IMPORT, title=N_("Import of a register"), page=_import_page)
def import_register(ctx: "JobContext") -> dict[str, Any]:
    """A large register from a file, or what it would change."""
    return files.run(ctx)


@handler(
    "expire_signatures",
    title=N_("See to screenings whose signature ended"),
    shows={
        "expired": N_("Data flows in force with an expired screening"),
        "stopped": N_("Data flows that stopped without a signature"),
    },
    standing=Every.HOURLY,
)
def expire_signatures(ctx: "JobContext") -> dict[str, Any]:
    """The gate says no from the second itself; findings, ledger and the systems follow."""
    return dict(expiring.expire_signatures())


@handler(
    "sweep_register",
    title=N_("Remove unfinished rows that nobody went on with"),
    shows={"rows": N_("Unfinished rows removed")},
    standing=Every.DAILY,
)
def sweep_register(ctx: "JobContext") -> dict[str, Any]:
    """What somebody kept for later goes after ninety days."""
    return {"rows": unfinished.sweep(timezone.now())}


@handler(
    "rescreen_flows",
    title=N_("Screen every data flow by the law of today"),
    shows={"flows": N_("Data flows"), "changed": N_("With another outcome")},
    standing=Every.DAILY,
)
def rescreen_flows(ctx: "JobContext") -> dict[str, Any]:
    """After new rules or on a date edge an outcome may differ: findings open, what became prohibited stops."""
    changed, flows = 0, list(DataFlow.objects.select_related("system"))
    for number, flow in enumerate(flows):
        ctx.progress(100 * number // max(len(flows), 1))
        before = screenings.current(flow)
        after = changes.rescreen(flow=flow)
        changed += before is None or before.pk != after.pk
    return {"flows": len(flows), "changed": changed}
