"""Changes of the register that touch what a board approved: screen again, void, suspend, in one transaction.

Pages, API and commands change flows and versions through here, so that an approval never outlives what it approved.
What a material change voids comes back as the draft of a re-approval.
"""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from governance.assessments import services as assessing
from governance.assessments.models import Assessment
from governance.consent import services as consent
from governance.consent.models import Policy
from governance.findings.services import open_finding
from governance.registry import parts, vendors
from governance.registry import rules as registry_rules
from governance.registry import services as registry
from governance.registry.models import DataFlow, System, SystemVersion, Vendor
from governance.review import deployments, reapproval, selectors, telling
from governance.review.acts import give_back, locked, note, said, step
from governance.review.models import Deployment, DeploymentRequest
from governance.screening import selectors as screenings
from governance.screening.models import Screening
from governance.screening.services import screen
from portal.errors import N_, RuleBroken

NEW_VERSION = N_("A new version was registered: a material change.")
FLOW_CHANGED = N_("The data flow changed: a material change.")
SYSTEM_CHANGED = N_("The description of the system changed materially.")
SCREENED_AGAIN = N_("The legal screening of a data flow changed. Ask again with the new one.")
VENDOR_CHANGED = N_("What was agreed with the vendor changed materially.")
DRIFTED = N_("The system learned beyond its declared limits.")
ASSESSED_ANEW = N_("An assessment that this rests on is no longer in use as it was: a material change.")
NEW_POLICY = N_(
    "A new data-use policy was approved during the vote. Submit again: a new round begins with it."
)
FILE_CHANGED = N_("What was submitted changed during the vote. Submit again: a new round begins with it.")
PROHIBITED = N_("The data flow is prohibited since its facts or the law changed.")


def add_flow(*, system: System, by: Any, effective_at: dt.datetime | None = None, **values: Any) -> DataFlow:
    """Describe a data flow and screen it at once (arguments as `registry.services.add_flow`).

    While something of the system is in force, the board is asked for the new flow alone: what runs goes on.
    """
    with transaction.atomic():
        flow = registry.add_flow(system=system, by=by, effective_at=effective_at, **values)
        screening = screen(flow=flow, by=by, effective_at=effective_at)
        _ask_for(flow, screening, by, effective_at)
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
            before = screenings.current(flow)
            _void(flow.system, [flow], FLOW_CHANGED, by, why=reason)
            screening = rescreen(flow=flow, by=by)
            if before is not None and before.outcome == "prohibited":
                _ask_for(flow, screening, by)  # not asked for as long as nobody could have approved it
    return changes


def add_version(
    *, system: System, by: Any, effective_at: dt.datetime | None = None, reason: str = "", **values: Any
) -> SystemVersion:
    """Register a version; what was approved for an earlier one is void from now on.

    Its notes say what changed, and are reason enough.
    """
    with transaction.atomic():
        version = registry.add_version(
            system=system, by=by, effective_at=effective_at, reason=reason, **values
        )
        why = reason or version.notes[: registry.REASON_LENGTH]
        _void(system, None, NEW_VERSION, by, effective_at, why=why, field="notes")
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


def add_part(*, system: System, kind: str, by: Any, **values: Any) -> Any:
    """Add a row to a record (arguments as `registry.parts.add_part`); void what it widens beyond the approval."""
    if kind == "version":
        return add_version(system=system, by=by, **values)
    with transaction.atomic():
        row = parts.add_part(system=system, kind=kind, by=by, **values)
        if parts.kind_of(kind).material:
            why = values.get("reason", "")
            _void(system, None, SYSTEM_CHANGED, by, values.get("effective_at"), why=why)
    return row


def change_part(*, row: Any, kind: str, by: Any, **values: Any) -> list[registry_rules.Change]:
    """Change a row of a record (arguments as `registry.parts.change_part`); void where that is material."""
    with transaction.atomic():
        changes = parts.change_part(row=row, kind=kind, by=by, **values)
        if registry_rules.is_material(changes):
            version, why = row if kind == "version" else None, values.get("reason", "")
            _void(row.system, None, SYSTEM_CHANGED, by, version=version, why=why)
    return changes


def remove_part(*, row: Any, kind: str, by: Any, reason: str = "") -> bool:
    """Take a row out of a record; void where the approval rested on it."""
    with transaction.atomic():
        removed = parts.remove_part(row=row, kind=kind, by=by, reason=reason)
        if removed and parts.kind_of(kind).material:
            _void(row.system, None, SYSTEM_CHANGED, by)
    return removed


def update_vendor(*, vendor: Vendor, by: Any, **values: Any) -> list[registry_rules.Change]:
    """Change a vendor (arguments as `registry.vendors.update_vendor`); void what was approved on other terms."""
    with transaction.atomic():
        changes = vendors.update_vendor(vendor=vendor, by=by, **values)
        if registry_rules.is_material(changes):
            for system in System.objects.filter(vendor=vendor).order_by("pk"):
                _void(system, None, VENDOR_CHANGED, by, why=values.get("reason", ""))
    return changes


def drift_beyond_limits(
    *,
    system: System,
    deviation: Decimal,
    window: tuple[dt.date, dt.date],
    source: str,
    by: Any = "system",
    effective_at: dt.datetime | None = None,
) -> bool:
    """Void the approvals of a continuously learning system whose figure drifted beyond its declared limit.

    `deviation`: how far its figure is from where it was, in the figure's unit; `window`: the days over which, both
    included; `source` names what measured it (`audit:UUID`). Opens a critical finding. False within the limits;
    raises RuleBroken for a system that declared none.
    """
    with transaction.atomic():
        locked = registry.lock_system(system.pk)
        limit = locked.learning_max_deviation
        if locked.learning != "continuous" or limit is None:
            raise RuleBroken(
                N_("This system declared no limits for learning in production."), code="no_limits"
            )
        if abs(deviation) <= limit:
            return False
        _void(locked, None, DRIFTED, by, effective_at)
        open_finding(
            system=locked,
            check=f"drift:{locked.learning_figure}",
            severity="critical",
            title=N_("The system learned beyond its declared limits"),
            detail=N_(
                "Its figure '{kind}' moved by {deviation} between {first} and {last}; {limit} was declared as the most."
            ),
            params={
                "kind": locked.learning_figure,
                "deviation": f"{deviation:f}",
                "limit": f"{limit.normalize():f}",
                "first": window[0].isoformat(),
                "last": window[1].isoformat(),
            },
            source=source,
            by=by,
            effective_at=effective_at,
        )
    return True


def rescreen(*, flow: DataFlow, by: Any = "system", effective_at: dt.datetime | None = None) -> Screening:
    """Screen a flow again; where it became prohibited, stop it at once.

    A request in review leaves it when the screening is another than the one it was submitted with.
    """
    with transaction.atomic():
        before = screenings.current(flow)
        screening = screen(flow=flow, by=by, effective_at=effective_at)
        if before is not None and before.pk != screening.pk:
            for request in DeploymentRequest.objects.filter(state="in_review", flows=flow):
                reapproval.take_back(request, SCREENED_AGAIN, by, effective_at)
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


def approve_policy(
    *, policy: Policy, by: Any, seen: str | None = None, effective_at: dt.datetime | None = None
) -> Policy:
    """Approve a data-use policy (arguments as `consent.services.approve_policy`); a vote on the one before ends.

    The request is back with who made it, who submits it again: a new round begins, and the old one stays as it was.
    """
    with transaction.atomic():
        registry.lock_system(policy.system_id)
        approved = consent.approve_policy(policy=policy, by=by, seen=seen, effective_at=effective_at)
        give_back_changed(system=approved.system, reason=NEW_POLICY, effective_at=effective_at)
    return approved


def give_back_changed(
    *, system: System | None = None, reason: str = FILE_CHANGED, effective_at: dt.datetime | None = None
) -> int:
    """End the votes on files that are no longer what was submitted, of one system or of all; returns how many.

    Nobody can vote on such a file, so that its round would stay open until its last day.
    """
    rows = DeploymentRequest.objects.filter(state="in_review")
    rows = rows if system is None else rows.filter(system=system)
    count = 0
    for request in rows.order_by("pk"):
        with transaction.atomic():
            row = locked(request)
            now = effective_at or timezone.now()
            if row.state != "in_review" or not selectors.file_changed(row, now.date()):
                continue
            round_ = selectors.current_round(row)
            give_back(row, step("request", row.state, "give_back"), reason, "system", now)
            note("review.request_given_back", row, "system", effective_at, reason=reason, votes=said(row))
            telling.tell_board(row, telling.GIVEN_BACK, str(round_.number if round_ else 0), now.date())
            count += 1
    return count


def void_unassessed(
    *, system: System | None = None, by: Any = "system", effective_at: dt.datetime | None = None
) -> int:
    """Void what binds an assessment that is no longer in use as it was: signed anew, withdrawn, past its year.

    Of one system, or of all. Returns how many approvals and requests that were.
    """
    if system is not None:
        return _void_unassessed(system, by, effective_at)
    live = Q(deployments__state__in=deployments.ALIVE) | Q(requests__state="in_review")
    return sum(_void_unassessed(row, by, effective_at) for row in System.objects.filter(live).distinct())


def _void_unassessed(system: System, by: Any, effective_at: dt.datetime | None) -> int:
    today = (effective_at or timezone.now()).date()
    count = 0
    with transaction.atomic():
        registry.lock_system(system.pk)  # so that what is found stays as it is
        alive = Deployment.objects.filter(system=system, state__in=deployments.ALIVE)
        for deployment in alive.select_related("request__system", "request__board", "system__owner"):
            if selectors.assessments_changed(deployment.request, today):
                ended = deployments.end_flows(deployment, None, ASSESSED_ANEW, by, effective_at)
                reapproval.open_draft(deployment, ended, by, effective_at)
                count += 1
        asked = DeploymentRequest.objects.filter(system=system, state="in_review")
        for request in asked.select_related("system"):
            if selectors.assessments_changed(request, today):
                reapproval.take_back(request, ASSESSED_ANEW, by, effective_at)
                count += 1
    return count


def _ask_for(flow: DataFlow, screening: Screening, by: Any, effective_at: dt.datetime | None = None) -> None:
    """Open (or widen) the re-approval for a flow outside the approved scope; not for one that nobody can approve."""
    running = Deployment.objects.filter(system=flow.system, state="in_force").order_by("-valid_from")
    running = running.select_related("request__board", "system__owner")
    drafted = running.filter(
        request__later__kind="reapproval", request__later__state__in=reapproval.WITH_REQUESTER
    )
    deployment = drafted.first() or running.first()
    asked = flow.requests.filter(state__in=["draft", "in_review", "returned"])
    if screening.outcome == "prohibited" or deployment is None or asked.exists():
        return
    if flow.deployments.filter(state__in=deployments.ALIVE).exists():
        return
    reapproval.open_draft(deployment, [flow], by, effective_at)


def _void(
    system: System,
    flows: list[DataFlow] | None,
    reason: str,
    by: Any,
    effective_at: dt.datetime | None = None,
    *,
    version: SystemVersion | None = None,
    why: str | None = None,
    field: str = "reason",
) -> None:
    """Void what was approved, take back what is asked for: of these flows (None: all), of this version (None: any).

    `why`: what a person said of the change; raises Invalid (for `field`) where an approval ends without a word.
    """
    alive = Deployment.objects.filter(system=system, state__in=deployments.ALIVE)
    asked = DeploymentRequest.objects.filter(system=system, state="in_review")
    if flows is not None:
        alive, asked = alive.filter(flows__in=flows), asked.filter(flows__in=flows)
    if version is not None:
        alive, asked = alive.filter(version=version), asked.filter(version=version)
    if why is not None and alive.exists():
        registry.need_reason(system, why, material=True, field=field)
    for deployment in alive.select_related("request__board", "system__owner").distinct():
        ended = deployments.end_flows(deployment, flows, reason, by, effective_at)
        reapproval.open_draft(deployment, ended, by, effective_at)
    for request in asked.distinct():
        reapproval.take_back(request, reason, by, effective_at)
    reapproval.keep_up(system, by, effective_at)
