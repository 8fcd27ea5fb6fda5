"""Deployments: in force, suspended, reinstated, lapsed, voided; and the stretches of time that the gate reads."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Min, Q
from django.utils import timezone

from governance.registry.models import DataFlow, System
from governance.registry.services import lock_system, permitted, person
from governance.review import rules, selectors
from governance.review.models import Condition, Deployment, DeploymentRequest, InForce
from governance.screening import selectors as screenings
from portal.errors import N_, RuleBroken
from portal.ledger.services import actor_text, record

OVERDUE = N_("A condition of the approval was not met in time.")


def put_in_force(
    *, request: DeploymentRequest, by: Any, now: dt.datetime, effective_at: dt.datetime | None
) -> Deployment:
    """Make the deployment of an approved request; it replaces what was in force for the same flows."""
    flows = list(request.flows.all())
    for older in _alive(request.system, flows):
        end_flows(older, flows, N_("Replaced by a newer approval."), by, effective_at)
    deployment = Deployment.objects.create(
        system=request.system,
        request=request,
        version=request.version,
        digest=request.digest,
        valid_from=now,
        valid_until=rules.months_later(now, request.valid_months),
    )
    deployment.flows.set(flows)
    _open(deployment, flows, now)
    body = {
        "request": str(request.pk),
        "digest": request.digest,
        "flows": sorted(flow.slug for flow in flows),
        "valid_until": deployment.valid_until.isoformat(),
    }
    _record("review.deployment_in_force", deployment, by, effective_at, **body)
    return deployment


def suspend(
    *, deployment: Deployment, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> Deployment:
    """Stop a deployment at once, with a reason; the gate answers 'no' from this moment."""
    _need_reason(reason)
    now = effective_at or timezone.now()
    with transaction.atomic():
        locked = _locked(deployment)
        permitted(by, "suspend", locked.system)
        act_on(locked, "suspend")
        locked.suspended_at, locked.suspended_by, locked.reason = now, actor_text(by), reason.strip()
        locked.save()
        _cut(locked, None, now, reason)
        _record("review.deployment_suspended", locked, by, effective_at, reason=reason.strip())
    deployment.refresh_from_db()
    return deployment


def reinstate(
    *, deployment: Deployment, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> Deployment:
    """Put a suspended deployment back, by the chair; never by requester or owner, never with a flow that may not."""
    _need_reason(reason)
    now = effective_at or timezone.now()
    with transaction.atomic():
        locked = _locked(deployment)
        permitted(by, "chair", locked.system)
        _refuse_own(locked, by)
        act_on(locked, "reinstate")
        _refuse_over(locked, now)
        flows = list(locked.flows.select_related("system"))
        for flow in flows:
            _refuse_unlawful(flow, now)
        locked.suspended_at = locked.suspended_by = None
        locked.reason = ""
        locked.save()
        _open(locked, flows, now)
        _record("review.deployment_reinstated", locked, by, effective_at, reason=reason.strip())
    deployment.refresh_from_db()
    return deployment


def suspend_flow(*, flow: DataFlow, reason: str, by: Any, effective_at: dt.datetime | None = None) -> bool:
    """Stop one flow of whatever is in force; False where it was not in force (so that callers may repeat it)."""
    _need_reason(reason)
    with transaction.atomic():
        lock_system(flow.system_id)
        now = effective_at or timezone.now()  # after the lock: else 'now' lies before what others just did
        permitted(by, "suspend", flow.system)
        stopped = False
        for deployment in _alive(flow.system, [flow]):
            if not _cut(deployment, [flow], now, reason):
                continue
            stopped = True
            _record("review.flow_suspended", deployment, by, effective_at, flow=flow.slug, reason=reason)
    return stopped


def reinstate_flow(*, flow: DataFlow, reason: str, by: Any, effective_at: dt.datetime | None = None) -> bool:
    """Put a stopped flow of a deployment in force back, by the chair; False where none was stopped."""
    _need_reason(reason)
    with transaction.atomic():
        lock_system(flow.system_id)
        now = effective_at or timezone.now()  # after the lock: else 'now' lies before what others just did
        permitted(by, "chair", flow.system)
        deployment = Deployment.objects.filter(system=flow.system, state="in_force", flows=flow).first()
        if (
            deployment is None
            or InForce.objects.filter(flow=flow, starts_at__lte=now, ends_at__gt=now).exists()
        ):
            return False
        _refuse_own(deployment, by)
        _refuse_over(deployment, now)
        _refuse_unlawful(flow, now)
        _open(deployment, [flow], now)
        _record("review.flow_reinstated", deployment, by, effective_at, flow=flow.slug, reason=reason)
    return True


def lapse_due(*, now: dt.datetime | None = None, by: Any = "system") -> int:
    """Mark what passed its validity date; the gate already said no from that second. Returns how many."""
    moment = now or timezone.now()
    due = Deployment.objects.filter(state__in=["in_force", "suspended"], valid_until__lte=moment)
    count = 0
    for deployment in due:
        with transaction.atomic():
            locked = _locked(deployment)
            if locked.state not in ("in_force", "suspended"):
                continue
            act_on(locked, "lapse")
            locked.ended_at, locked.ended_by = locked.valid_until, actor_text(by)
            locked.save()
            _record("review.deployment_lapsed", locked, by, None, valid_until=locked.valid_until.isoformat())
            count += 1
    return count


def suspend_overdue(*, now: dt.datetime | None = None) -> int:
    """Suspend what has a condition that is overdue; the gate already said no from that second. Returns how many."""
    moment = now or timezone.now()
    late = Deployment.objects.filter(
        state="in_force", request__conditions__met_at=None, request__conditions__due_on__lt=moment.date()
    )
    return sum(_suspend_late(deployment, moment) for deployment in late.distinct())


def meet_condition(
    *, condition: Condition, evidence: str, by: Any, effective_at: dt.datetime | None = None
) -> Condition:
    """Say that a condition is met, with the evidence; by its owner or the chair.

    What is in force goes on until the next condition is due. Met too late, it puts back nothing: the chair does.
    """
    if not evidence.strip():
        raise RuleBroken(N_("Say what shows that it is done."), code="required", field="evidence")
    now = effective_at or timezone.now()
    with transaction.atomic():
        lock_system(condition.request.system_id)
        locked = Condition.objects.select_for_update(of=("self",)).get(pk=condition.pk)
        request = locked.request
        if person(by).pk != locked.owner_id:
            permitted(by, "chair", request.system)
        if locked.met_at is not None:
            raise RuleBroken(N_("This condition was met before."), code="done_before")
        deployment = Deployment.objects.get(request=request)  # conditions come with an approval only
        _suspend_late(deployment, now)
        locked.met_at, locked.met_by, locked.evidence = now, by, evidence.strip()
        locked.save()
        running = InForce.objects.filter(deployment=deployment, starts_at__lte=now, ends_at__gt=now)
        running.filter(ended_because="").update(ends_at=_stops_at(deployment))
        body = {"system": request.system.slug, "version": request.version.name, "condition": str(locked.pk)}
        record(
            type="review.condition_met",
            by=by,
            subject=request.subject,
            body={**body, "reason": evidence.strip()},
            ts=effective_at,
        )
    condition.refresh_from_db()
    return condition


def end_flows(
    deployment: Deployment,
    flows: Iterable[DataFlow] | None,
    reason: str,
    by: Any,
    effective_at: dt.datetime | None,
) -> None:
    """Void the approval for these flows (None: all); a deployment without flows is voided. In a transaction."""
    now = effective_at or timezone.now()
    locked = _locked(deployment)
    if rules.after("deployment", locked.state, "void") is None:
        return
    ended = list(locked.flows.all()) if flows is None else [f for f in locked.flows.all() if f in list(flows)]
    _cut(locked, ended, now, reason)
    locked.flows.remove(*ended)
    body = {"flows": sorted(flow.slug for flow in ended), "reason": reason}
    if locked.flows.exists():
        _record("review.flows_voided", locked, by, effective_at, **body)
        return
    act_on(locked, "void")
    locked.ended_at, locked.ended_by, locked.reason = now, actor_text(by), reason
    locked.save()
    _record("review.deployment_voided", locked, by, effective_at, **body)


def _need_reason(reason: str) -> None:
    if not reason.strip():
        raise RuleBroken(N_("Give a reason."), code="reason_missing", field="reason")


def act_on(deployment: Deployment, act: str) -> None:
    """Move a deployment along the table, or refuse."""
    target = rules.after("deployment", deployment.state, act)
    if target is None:
        raise RuleBroken(
            N_("This is not possible in the state '{state}'."),
            code="wrong_state",
            state=deployment.state,
            act=act,
        )
    deployment.state = target


def _alive(system: System, flows: Iterable[DataFlow]) -> list[Deployment]:
    rows = Deployment.objects.filter(
        system=system, state__in=["in_force", "suspended"], flows__in=list(flows)
    )
    return list(rows.select_related("system").distinct())


def _locked(deployment: Deployment) -> Deployment:
    lock_system(deployment.system_id)
    rows = Deployment.objects.select_for_update(of=("self",))
    return rows.select_related("system__unit", "request", "version").get(pk=deployment.pk)


def _ends_at(deployment: Deployment) -> dt.datetime:
    open_conditions = deployment.request.conditions.filter(met_at=None)
    return rules.in_force_until(
        deployment.valid_until, open_conditions.aggregate(first=Min("due_on"))["first"]
    )


def _stops_at(deployment: Deployment) -> dt.datetime:
    """When the gate says no by itself: at the end of the approval or of an assessment that it binds."""
    return rules.in_force_until(_ends_at(deployment), selectors.assessed_until(deployment.request))


def _suspend_late(deployment: Deployment, now: dt.datetime) -> bool:
    with transaction.atomic():
        locked = _locked(deployment)
        late = locked.request.conditions.filter(met_at=None, due_on__lt=now.date())
        if locked.state != "in_force" or not late.exists():
            return False
        since = max(_ends_at(locked), locked.valid_from)
        act_on(locked, "suspend")
        locked.suspended_at, locked.suspended_by, locked.reason = since, actor_text("system"), OVERDUE
        locked.save()
        _cut(locked, None, now, OVERDUE)
        InForce.objects.filter(deployment=locked, ends_at=since, ended_because="").update(
            ended_because=OVERDUE
        )
        _record("review.deployment_suspended", locked, "system", None, reason=OVERDUE)
    return True


def _open(deployment: Deployment, flows: Iterable[DataFlow], now: dt.datetime) -> None:
    # a condition may have been overdue before the last vote came in: then nothing is ever in force
    ends_at = max(now, _stops_at(deployment))
    InForce.objects.bulk_create(
        InForce(
            deployment=deployment,
            system_id=deployment.system_id,
            flow=flow,
            starts_at=now,
            ends_at=ends_at,
        )
        for flow in flows
    )


def _cut(deployment: Deployment, flows: Iterable[DataFlow] | None, now: dt.datetime, reason: str) -> int:
    """End the running stretches at `now`; what never began ends where it started."""
    rows = InForce.objects.filter(deployment=deployment, ends_at__gt=now)
    if flows is not None:
        rows = rows.filter(flow__in=list(flows))
    running = rows.filter(starts_at__lte=now).update(ends_at=now, ended_because=reason[:400])
    for row in rows.filter(Q(starts_at__gt=now)):
        row.ends_at, row.ended_because = row.starts_at, reason[:400]
        row.save(update_fields=["ends_at", "ended_because"])
    return running


def _refuse_own(deployment: Deployment, by: Any) -> None:
    if person(by).pk in (deployment.request.requested_by_id, deployment.system.owner_id):
        raise RuleBroken(N_("Requester and owner take no part in the decision."), code="own_request")


def _refuse_over(deployment: Deployment, now: dt.datetime) -> None:
    if deployment.valid_until <= now:
        raise RuleBroken(N_("The approval has lapsed. Ask for a new one."), code="lapsed")
    if _ends_at(deployment) <= now:
        raise RuleBroken(
            N_("A condition of the approval is overdue. It must be met first."), code="condition_overdue"
        )
    if changed := selectors.assessments_changed(deployment.request, now.date()):
        raise RuleBroken(N_("{why} Ask for a new approval."), code="not_assessed", why=changed[0].why)


def _refuse_unlawful(flow: DataFlow, now: dt.datetime) -> None:
    screening = screenings.current(flow)
    if screening is None or screening.outcome in ("prohibited", "hold"):
        raise RuleBroken(
            N_("The data flow {flow} is prohibited or on hold."), code="unlawful", flow=flow.slug
        )
    if not screenings.is_signed(screening, flow, now.date()):
        raise RuleBroken(
            N_("The screening of the data flow {flow} has no valid signature."),
            code="not_signed",
            flow=flow.slug,
        )


def _record(
    type: str, deployment: Deployment, by: Any, effective_at: dt.datetime | None, **body: Any
) -> None:
    named = {"system": deployment.system.slug, "version": deployment.version.name, **body}
    record(type=type, by=by, subject=deployment.subject, body=named, ts=effective_at)
