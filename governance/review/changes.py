"""Changes of the register that touch what a board approved: screen again, void, suspend, in one transaction.

Pages, API and commands change flows and versions through here, so that an approval never outlives what it approved.
"""

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from governance.assessments import services as assessing
from governance.assessments.models import Assessment
from governance.registry import rules as registry_rules
from governance.registry import services as registry
from governance.registry.models import DataFlow, System, SystemVersion
from governance.review import deployments, selectors
from governance.review.models import Deployment, DeploymentRequest
from governance.review.services import overtake
from governance.screening import selectors as screenings
from governance.screening.models import Screening
from governance.screening.services import screen
from portal.errors import N_

NEW_VERSION = N_("A new version was registered: a material change.")
FLOW_CHANGED = N_("The data flow changed: a material change.")
SYSTEM_CHANGED = N_("The description of the system changed materially.")
SCREENED_AGAIN = N_("The legal screening of a data flow changed. Ask again with the new one.")
ASSESSED_ANEW = N_("An assessment that this rests on is no longer in use as it was: a material change.")
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


def sign_assessment(
    *, assessment: Assessment, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> Assessment:
    """Sign an assessment; what was approved or is asked for with the version that it replaces is void."""
    with transaction.atomic():
        signed = assessing.sign(assessment=assessment, reason=reason, by=by, effective_at=effective_at)
        void_unassessed(system=signed.system, by=by, effective_at=effective_at)
    return signed


def withdraw_assessment(
    *, assessment: Assessment, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> Assessment:
    """Give up an open version or take a signature back; what was approved with that signature is void."""
    with transaction.atomic():
        withdrawn = assessing.withdraw(assessment=assessment, reason=reason, by=by, effective_at=effective_at)
        void_unassessed(system=withdrawn.system, by=by, effective_at=effective_at)
    return withdrawn


def void_unassessed(
    *, system: System | None = None, by: Any = "system", effective_at: dt.datetime | None = None
) -> int:
    """Void what binds an assessment that is no longer in use as it was: signed anew, withdrawn, past its year.

    Of one system, or of all. Returns how many approvals and requests that were.
    """
    if system is not None:
        return _void_unassessed(system, by, effective_at)
    live = Q(deployments__state__in=["in_force", "suspended"]) | Q(requests__state="in_review")
    return sum(_void_unassessed(row, by, effective_at) for row in System.objects.filter(live).distinct())


def _void_unassessed(system: System, by: Any, effective_at: dt.datetime | None) -> int:
    today = (effective_at or timezone.now()).date()
    count = 0
    with transaction.atomic():
        registry.lock_system(system.pk)  # so that what is found stays as it is
        alive = Deployment.objects.filter(system=system, state__in=["in_force", "suspended"])
        for deployment in alive.select_related("request__system"):
            if selectors.assessments_changed(deployment.request, today):
                deployments.end_flows(deployment, None, ASSESSED_ANEW, by, effective_at)
                count += 1
        asked = DeploymentRequest.objects.filter(system=system, state="in_review")
        for request in asked.select_related("system"):
            if selectors.assessments_changed(request, today):
                overtake(request=request, reason=ASSESSED_ANEW, by=by, effective_at=effective_at)
                count += 1
    return count


def _void(
    system: System,
    flows: list[DataFlow] | None,
    reason: str,
    by: Any,
    effective_at: dt.datetime | None = None,
) -> None:
    alive = Deployment.objects.filter(system=system, state__in=["in_force", "suspended"])
    asked = DeploymentRequest.objects.filter(system=system, state="in_review")
    if flows is not None:
        alive, asked = alive.filter(flows__in=flows), asked.filter(flows__in=flows)
    for deployment in alive.distinct():
        deployments.end_flows(deployment, flows, reason, by, effective_at)
    for request in asked.distinct():
        overtake(request=request, reason=reason, by=by, effective_at=effective_at)
