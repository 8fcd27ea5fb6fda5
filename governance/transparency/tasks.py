"""Long and scheduled work for affected people."""

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone

from governance.holding.services import rotate_key
from governance.registry.models import System
from governance.transparency import copies, requests
from governance.transparency.models import PersonRequest
from portal.errors import N_
from portal.jobs.registry import handler
from portal.jobs.rules import Every

if TYPE_CHECKING:
    from portal.jobs.context import JobContext
    from portal.jobs.models import Job

ROTATE = "rotate_pseudonym_key"


def _page(job: "Job") -> str:
    return reverse("person_request_detail", args=[job.payload["request"]])


def _request(ctx: "JobContext") -> PersonRequest:
    return PersonRequest.objects.select_related("system").get(pk=ctx.payload["request"])


@handler(requests.COPY, title=N_("Copy of a person's data"), page=_page)
def personal_copy(ctx: "JobContext") -> dict[str, Any]:
    """Make the copy that a request asks for."""
    copy = copies.make_copy(_request(ctx), ctx.finish)
    return {"size": copy.size if copy else 0}


@handler(requests.ERASE, title=N_("Erasure of a person"), page=_page)
def erase_person(ctx: "JobContext") -> dict[str, Any]:
    """Erase whom a request asks to erase."""
    return requests.erase_for(_request(ctx))


@handler(
    ROTATE,
    title=N_("Turn the key of pseudonyms"),
    shows={"systems": N_("Systems"), "rows": N_("Rows under the new key")},
)
def rotate(ctx: "JobContext") -> dict[str, Any]:
    """System by system, each in a transaction of its own: what is done stays done."""
    systems, rows = list(System.objects.order_by("slug")), 0
    for number, system in enumerate(systems):
        ctx.progress(100 * number // max(len(systems), 1), system.name)
        while (
            turned := rotate_key(system=system, by="system")
        ) is not None:  # a ring may hold several further keys
            rows += turned
    return {"systems": len(systems), "rows": rows}


@handler(
    "sweep_people",
    title=N_("Remove copies and links of people whose time is over"),
    shows={"copies": N_("Copies removed"), "people": N_("People that ended links named")},
    standing=Every.DAILY,
)
def sweep_people(ctx: "JobContext") -> dict[str, Any]:
    """What was made for somebody goes when its time is over."""
    return copies.sweep(timezone.now())
