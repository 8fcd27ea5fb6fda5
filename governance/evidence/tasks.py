"""The job that makes a pack."""

from typing import Any

from django.urls import reverse

from governance.evidence import services
from governance.evidence.models import EvidencePack
from portal.errors import N_
from portal.jobs.context import JobContext
from portal.jobs.models import Job
from portal.jobs.registry import handler


def _page(job: Job) -> str:
    return reverse("pack_detail", args=[job.payload["pack"]])


@handler(services.JOB, title=N_("Evidence pack"), page=_page)
def evidence_pack(ctx: JobContext) -> dict[str, Any]:
    """Make the pack that the payload names."""
    return services.make(EvidencePack.objects.get(pk=ctx.payload["pack"]), ctx)
