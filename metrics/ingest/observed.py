"""Declared against observed: what a system really reads must be what its flows declare."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from governance.findings.services import open_finding
from governance.registry.models import System
from governance.review.deployments import suspend
from governance.review.models import Deployment
from portal.errors import N_

CHECK = "declared_observed"


@dataclass(frozen=True)
class Undeclared:
    """An item whose subject role or modality no declared flow has; `flow_id` where the item named one."""

    subject_role: str
    modality: str
    flow_id: uuid.UUID | None


def report_undeclared(system: System, seen: Sequence[Undeclared], batch_id: uuid.UUID) -> None:
    """Open the critical finding and suspend: the named flow's deployment, or every one where none was named."""
    if not seen:
        return
    pairs = ", ".join(sorted({f"{one.subject_role} × {one.modality}" for one in seen}))
    open_finding(
        system=system,
        check=CHECK,
        severity="critical",
        title=N_("Something is read that no data flow declares"),
        detail=N_(
            "Observed {pairs} in batch {batch}. The deployment is suspended until the register is right."
        ),
        params={"pairs": pairs, "batch": str(batch_id)},
        source=f"batch:{batch_id}",
        by="system",
    )
    running = Deployment.objects.filter(system=system, state="in_force")
    named = {one.flow_id for one in seen}
    if None not in named:
        running = running.filter(flows__in=named).distinct()
    for deployment in running:
        suspend(
            deployment=deployment,
            reason=f"Observed outside the declared data flows: {pairs}.",
            by="system",
        )
