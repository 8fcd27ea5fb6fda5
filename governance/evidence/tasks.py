"""The job that makes a pack."""

from typing import Any

from governance.evidence import services
from governance.evidence.models import EvidencePack
from portal.errors import N_
from portal.jobs.context import JobContext
from portal.jobs.registry import handler


@handler(services.JOB, title=N_("Evidence pack"))
def evidence_pack(ctx: JobContext) -> dict[str, Any]:
    """Make the pack that the payload names."""
    return services.make(EvidencePack.objects.get(pk=ctx.payload["pack"]), ctx)
