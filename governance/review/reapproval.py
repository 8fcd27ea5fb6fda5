"""After a material change: the draft that asks the board again, compared with what it approved last."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from governance.registry.models import DataFlow, System
from governance.registry.selectors import current_version
from governance.review.acts import note, overtake
from governance.review.models import Deployment, DeploymentRequest
from portal.access.selectors import can, is_person, people_with

WITH_REQUESTER = ("draft", "returned")


def open_draft(
    deployment: Deployment, flows: Iterable[DataFlow], by: Any, effective_at: dt.datetime | None = None
) -> DeploymentRequest | None:
    """Open the draft that asks for what was voided or is new, on behalf of somebody who may submit it; or widen the
    one that is there, also where the board has returned it.

    In a transaction. None where there is no flow to ask for or the system has no version.
    """
    return _draft(deployment.request, deployment.request, list(flows), by, effective_at)


def take_back(
    request: DeploymentRequest, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> None:
    """Take a request from the board because what it asks for changed; a re-approval comes back as a fresh draft.

    Only of a re-approval is it certain that its flows were in use and are still wanted. In a transaction.
    """
    overtake(request=request, reason=reason, by=by, effective_at=effective_at)
    if request.kind == "reapproval" and request.earlier is not None:
        _draft(request.earlier, request, list(request.flows.all()), by, effective_at)


def _draft(
    before: DeploymentRequest,
    words: DeploymentRequest,
    flows: list[DataFlow],
    by: Any,
    effective_at: dt.datetime | None,
) -> DeploymentRequest | None:
    """`before`: what was approved last, with which it is compared; `words`: the request whose texts it takes over."""
    system = before.system
    version = current_version(system)
    if not flows or version is None:
        return None
    draft = system.requests.filter(kind="reapproval", earlier=before, state__in=WITH_REQUESTER).first()
    if draft is None:
        draft = DeploymentRequest.objects.create(
            system=system,
            board=words.board,
            version=version,
            kind="reapproval",
            earlier=before,
            summary=words.summary,
            alternatives=words.alternatives,
            doubts=words.doubts,
            consulted=words.consulted,
            valid_months=words.valid_months,
            created_at=effective_at or timezone.now(),
            requested_by=_asks(system, before, by),
            imported=effective_at is not None,
        )
        note("review.reapproval_opened", draft, by, effective_at, earlier=str(before.pk))
        draft.flows.add(*flows)
    else:
        _widen(draft, version, flows, by, effective_at)
    return draft


def keep_up(system: System, by: Any, effective_at: dt.datetime | None = None) -> None:
    """After a material change: what is with its requester asks for the current version, also where nothing is in force.

    In a transaction.
    """
    version = current_version(system)
    rows = system.requests.filter(kind="reapproval", state__in=WITH_REQUESTER).exclude(version=version)
    for draft in rows.select_related("system", "version"):
        if version is not None:
            _widen(draft, version, [], by, effective_at)


def _widen(
    draft: DeploymentRequest,
    version: Any,
    flows: list[DataFlow],
    by: Any,
    effective_at: dt.datetime | None,
) -> None:
    """Take in what changed since: its paper shows all that differs from what was approved last."""
    more = sorted({flow.slug for flow in flows} - set(draft.flows.values_list("slug", flat=True)))
    if not more and draft.version_id == version.pk:
        return
    draft.version = version
    draft.row_version += 1
    draft.save()
    draft.flows.add(*flows)
    note("review.reapproval_widened", draft, by, effective_at, flows=more)


def _asks(system: System, before: DeploymentRequest, by: Any) -> Any:
    """In whose name the draft stands: who made the change, the owner, who asked last, or anybody who may ask.

    The owner where nobody may: whoever gets the permission sees the draft.
    """
    for person in (by, system.owner, before.requested_by):
        if is_person(person) and can(person, "request_deployment", system):
            return person
    return next(iter(people_with("request_deployment", system)), system.owner)
