"""After a material change: the draft that asks the board again, compared with what it approved last."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from governance.registry.models import DataFlow
from governance.registry.selectors import current_version
from governance.review.acts import note
from governance.review.models import Deployment, DeploymentRequest
from portal.access.selectors import can


def open_draft(
    deployment: Deployment, flows: Iterable[DataFlow], by: Any, effective_at: dt.datetime | None = None
) -> DeploymentRequest | None:
    """Open (or widen) the draft that asks for what was voided; by who made the change if they may ask, else the owner.

    In a transaction. None where no flow lost its approval or the system has no version.
    """
    ended, system = list(flows), deployment.system
    version = current_version(system)
    if not ended or version is None:
        return None
    before = deployment.request
    draft = system.requests.filter(kind="reapproval", earlier=before, state="draft").first()
    if draft is None:
        asks = (
            by if isinstance(by, get_user_model()) and can(by, "request_deployment", system) else system.owner
        )
        draft = DeploymentRequest.objects.create(
            system=system,
            board=before.board,
            version=version,
            kind="reapproval",
            earlier=before,
            summary=before.summary,
            alternatives=before.alternatives,
            doubts=before.doubts,
            consulted=before.consulted,
            valid_months=before.valid_months,
            created_at=effective_at or timezone.now(),
            requested_by=asks,
            imported=effective_at is not None,
        )
        note("review.reapproval_opened", draft, by, effective_at, earlier=str(before.pk))
    draft.version = version
    draft.row_version += 1
    draft.save()
    draft.flows.add(*ended)
    return draft
