"""Changes of the register that touch what a board approved: screen again, void, suspend, in one transaction.

Pages, API and commands change flows and versions through here, so that an approval never outlives what it approved.
What a material change voids comes back as the draft of a re-approval.
"""

import datetime as dt
from typing import Any

from django.db import transaction

from governance.registry import rules as registry_rules
from governance.registry import services as registry
from governance.registry.models import DataFlow, System, SystemVersion
from governance.review import deployments, reapproval
from governance.review.acts import overtake
from governance.review.models import Deployment, DeploymentRequest
from governance.screening import selectors as screenings
from governance.screening.models import Screening
from governance.screening.services import screen
from portal.errors import N_

NEW_VERSION = N_("A new version was registered: a material change.")
FLOW_CHANGED = N_("The data flow changed: a material change.")
SYSTEM_CHANGED = N_("The description of the system changed materially.")
SCREENED_AGAIN = N_("The legal screening of a data flow changed. Ask again with the new one.")
PROHIBITED = N_("The data flow is prohibited since its facts or the law changed.")


def add_flow(*, system: System, by: Any, effective_at: dt.datetime | None = None, **values: Any) -> DataFlow:
    """Describe a data flow and screen it at once (arguments as `registry.services.add_flow`)."""
    with transaction.atomic():
        flow = registry.add_flow(system=system, by=by, effective_at=effective_at, **values)
        screen(flow=flow, by=by, effective_at=effective_at)
    return flow


def change_flow(
    *, flow: DataFlow, by: Any, expected_version: int, reason: str = "", **values: Any
) -> list[registry_rules.Change]:
    """Change a data flow, screen it again and void what was approved for it, where the change is material."""
    with transaction.atomic():
        changes = registry.change_flow(
            flow=flow, by=by, expected_version=expected_version, reason=reason, **values
        )
        if registry_rules.is_material(changes):
            _void(flow.system, [flow], FLOW_CHANGED, by)
            rescreen(flow=flow, by=by)
    return changes


def add_version(
    *, system: System, by: Any, effective_at: dt.datetime | None = None, **values: Any
) -> SystemVersion:
    """Register a version; what was approved for an earlier one is void from now on."""
    with transaction.atomic():
        version = registry.add_version(system=system, by=by, effective_at=effective_at, **values)
        _void(system, None, NEW_VERSION, by, effective_at)
    return version


def update_system(
    *, system: System, by: Any, expected_version: int, reason: str = "", **values: Any
) -> list[registry_rules.Change]:
    """Change the description of a system; a material change screens its flows again and voids its approvals."""
    with transaction.atomic():
        changes = registry.update_system(
            system=system, by=by, expected_version=expected_version, reason=reason, **values
        )
        if registry_rules.is_material(changes):
            _void(system, None, SYSTEM_CHANGED, by)
            for flow in system.flows.all():
                rescreen(flow=flow, by=by)
    return changes


def rescreen(*, flow: DataFlow, by: Any = "system", effective_at: dt.datetime | None = None) -> Screening:
    """Screen a flow again; where it became prohibited, stop it at once.

    A request in review leaves it when the screening is another than the one it was submitted with.
    """
    with transaction.atomic():
        before = screenings.current(flow)
        screening = screen(flow=flow, by=by, effective_at=effective_at)
        if before is not None and before.pk != screening.pk:
            for request in DeploymentRequest.objects.filter(state="in_review", flows=flow):
                overtake(request=request, reason=SCREENED_AGAIN, by=by, effective_at=effective_at)
        if screening.outcome == "prohibited":
            deployments.suspend_flow(flow=flow, reason=PROHIBITED, by="system", effective_at=effective_at)
    return screening


def _void(
    system: System,
    flows: list[DataFlow] | None,
    reason: str,
    by: Any,
    effective_at: dt.datetime | None = None,
) -> None:
    alive = Deployment.objects.filter(system=system, state__in=deployments.ALIVE)
    asked = DeploymentRequest.objects.filter(system=system, state="in_review")
    if flows is not None:
        alive, asked = alive.filter(flows__in=flows), asked.filter(flows__in=flows)
    for deployment in alive.select_related("request__board", "system__owner").distinct():
        ended = deployments.end_flows(deployment, flows, reason, by, effective_at)
        reapproval.open_draft(deployment, ended, by)
    for request in asked.distinct():
        overtake(request=request, reason=reason, by=by, effective_at=effective_at)
