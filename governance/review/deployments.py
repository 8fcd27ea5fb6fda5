"""Deployments: in force, suspended, reinstated, lapsed, voided; and the stretches of time that the gate reads."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from governance.registry.models import DataFlow, System
from governance.registry.services import lock_system, permitted
from governance.review import acts, rules, selectors, signatures, stretches
from governance.review.acts import locked_deployment as _locked
from governance.review.acts import need, note, step
from governance.review.models import Deployment, DeploymentRequest, InForce
from portal.errors import N_, RuleBroken
from portal.ledger.services import actor_text

OVERDUE = N_("A condition of the approval was not met in time.")
REPLACED = N_("Replaced by a newer approval.")
LAPSED = N_("The approval has lapsed. Ask for a new one.")
ALIVE = ("waiting", "in_force", "suspended")


def put_in_force(
    *, request: DeploymentRequest, by: Any, now: dt.datetime, effective_at: dt.datetime | None
) -> Deployment:
    """Make the deployment of an approved request; it replaces what was in force for the same flows.

    Flows that touch workers wait for their works-council record; the others are in force at once.
    """
    flows = list(request.flows.select_related("system"))
    held = selectors.without_council(flows)
    live = [flow for flow in flows if flow not in held]
    for older in _alive(request.system, flows):
        end_flows(older, flows, REPLACED, by, effective_at, goes_on=live)
    deployment = Deployment.objects.create(
        system=request.system,
        request=request,
        version=request.version,
        digest=request.digest,
        state="in_force" if live else "waiting",
        valid_from=now,
        valid_until=rules.months_later(now, request.valid_months),
    )
    deployment.flows.set(flows)
    stretches.begin(deployment, live, now)
    body = {
        "request": str(request.pk),
        "digest": request.digest,
        "flows": sorted(flow.slug for flow in flows),
        "valid_until": deployment.valid_until.isoformat(),
    }
    if held:
        body["wait_for_works_council"] = sorted(flow.slug for flow in held)
    note(
        "review.deployment_in_force" if live else "review.deployment_waits",
        deployment,
        by,
        effective_at,
        **body,
    )
    return deployment


def go_live(
    *, system: System, flows: Sequence[DataFlow], by: Any, effective_at: dt.datetime | None = None
) -> list[DataFlow]:
    """Put in force what waited for its works-council record and may go now; returns those flows. In a transaction.

    What its screening does not allow today goes on waiting: the record of the works council stands, and the hourly
    round opens the flow once it is signed.
    """
    now = effective_at or timezone.now()
    allowed = [flow for flow in flows if flow not in selectors.without_council(flows)]
    gone = []
    for deployment in _alive(system, allowed):
        locked = _locked(deployment)
        states = selectors.flow_states(locked, now)
        waiting = [flow for flow, state in states if state == "waiting" and flow in allowed]
        ready = [flow for flow in waiting if signatures.unlawful(flow, now) is None]
        if not ready or locked.state == "suspended":
            continue
        if selectors.assessments_changed(locked.request, now.date()):
            continue  # the hourly job voids it
        if locked.state == "waiting":
            act_on(locked, "go_live")
            locked.save()
        stretches.begin(locked, ready, now)
        gone += ready
        note("review.flows_live", locked, by, effective_at, flows=sorted(flow.slug for flow in ready))
    return gone


def suspend(
    *, deployment: Deployment, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> Deployment:
    """Stop a deployment at once, with a reason; the gate answers 'no' from this moment.

    One that waits for the works council is stopped before it goes live: its record then opens nothing until the board
    put the deployment back.
    """
    reason = need(reason)
    with transaction.atomic():
        locked = _locked(deployment)
        now = effective_at or timezone.now()  # after the lock: else 'now' lies before what others just did
        permitted(by, "suspend", locked.system)
        waited = locked.state == "waiting"
        act_on(locked, "suspend")
        locked.suspended_at, locked.suspended_by, locked.reason = now, actor_text(by), reason
        locked.save()
        stopping = stretches.what_stops(locked, None, now, reason)
        stretches.cut(locked, None, now, reason)
        if waited:
            stretches.stop_unbegun(locked, locked.flows.all(), now, reason)
        note("review.deployment_suspended", locked, by, effective_at, reason=reason)
        stretches.tell("deployment.suspended", locked, stopping, by, effective_at)
    deployment.refresh_from_db()
    return deployment


def reinstate(
    *, request: DeploymentRequest, by: Any, now: dt.datetime, effective_at: dt.datetime | None
) -> Deployment:
    """Put back what a reinstatement asked for, as the board decided; never a flow that may not. In a transaction."""
    locked = _locked(_reinstated(request))
    flows = refuse_no_way_back(request, locked, now)
    if locked.state == "suspended":
        act_on(locked, "reinstate")
        locked.suspended_at = locked.suspended_by = None
        locked.reason = ""
        locked.save()
    stretches.begin(locked, flows, now)
    body = {"request": str(request.pk), "flows": sorted(flow.slug for flow in flows)}
    note("review.deployment_reinstated", locked, by, effective_at, reason=request.decision_reason, **body)
    # what the works council allowed while all of it was suspended
    waiting = [flow for flow, state in selectors.flow_states(locked, now) if state == "waiting"]
    go_live(system=locked.system, flows=waiting, by=by, effective_at=effective_at)
    locked.refresh_from_db()
    return locked


def open_waiting(*, now: dt.datetime | None = None) -> int:
    """Put in force what waits although nothing stands in its way any more, such as a missing signature. How many."""
    moment, count = now or timezone.now(), 0
    for deployment in Deployment.objects.filter(state__in=("waiting", "in_force"), valid_until__gt=moment):
        waiting = [flow for flow, state in selectors.flow_states(deployment, moment) if state == "waiting"]
        if waiting:
            with transaction.atomic():
                lock_system(deployment.system_id)
                count += len(go_live(system=deployment.system, flows=waiting, by="system"))
    return count


def refuse_no_way_back(
    request: DeploymentRequest, deployment: Deployment, now: dt.datetime
) -> list[DataFlow]:
    """The flows that a reinstatement would put back; raises RuleBroken where the deployment or a flow may not."""
    states = {flow.pk: state for flow, state in selectors.flow_states(deployment, now)}
    if deployment.state not in ("in_force", "suspended"):
        step("deployment", deployment.state, "reinstate")
    if deployment.valid_until <= now:
        raise RuleBroken(LAPSED, code="lapsed")
    if stretches.ends_at(deployment) <= now:
        raise RuleBroken(
            N_("A condition of the approval is overdue. It must be met first."), code="condition_overdue"
        )
    if changed := selectors.assessments_changed(deployment.request, now.date()):
        raise RuleBroken(N_("{why} Ask for a new approval."), code="not_assessed", why=changed[0].why)
    asked = list(request.flows.select_related("system"))
    flows = [flow for flow in asked if states.get(flow.pk) == "stopped"]
    if not flows and deployment.state == "in_force":
        raise RuleBroken(N_("None of these data flows is stopped."), code="not_stopped", field="flows")
    for flow in flows:
        if why := signatures.unlawful(flow, now):
            raise why
    held = selectors.without_council(flows)
    if held:
        raise RuleBroken(
            N_("The data flow {flow} has no works-council record that allows it."),
            code="no_council_record",
            flow=held[0].slug,
        )
    return flows


def _reinstated(request: DeploymentRequest) -> Deployment:
    deployment = request.reinstates
    assert deployment is not None  # noqa: S101 - a constraint of the table says so for this kind
    return deployment


def suspend_flow(
    *, flow: DataFlow, reason: str, by: Any, effective_at: dt.datetime | None = None, waiting: bool = False
) -> bool:
    """Stop one flow of whatever is in force; False where it was not in force (so that callers may repeat it).

    `waiting`: where it waits for the works council while others run, it is stopped as well; its record then opens
    nothing until the board put the flow back. Raises RuleBroken where all of a deployment waits.
    """
    reason = need(reason)
    with transaction.atomic():
        lock_system(flow.system_id)
        now = effective_at or timezone.now()  # after the lock: else 'now' lies before what others just did
        permitted(by, "suspend", flow.system)
        stopped = False
        whole = False
        for deployment in _alive(flow.system, [flow]):
            ran = stretches.cut(deployment, [flow], now, reason)
            if not ran:
                if not waiting or ("waiting", flow) not in _states(deployment, now):
                    continue
                if deployment.state == "waiting":
                    whole = True
                    continue
            stopped = True
            note("review.flow_suspended", deployment, by, effective_at, flow=flow.slug, reason=reason)
            if ran:
                stretches.tell("flow.suspended", deployment, ([flow.slug], now), by, effective_at)
            else:
                stretches.stop_unbegun(deployment, [flow], now, reason)
        if whole and not stopped:  # never in the way of stopping what runs
            message = N_("Nothing of this deployment runs yet. Stop the deployment as a whole.")
            raise RuleBroken(message, code="all_waits")
    return stopped


def _states(deployment: Deployment, now: dt.datetime) -> list[tuple[str, DataFlow]]:
    return [(state, flow) for flow, state in selectors.flow_states(deployment, now)]


def lapse_due(*, now: dt.datetime | None = None, by: Any = "system") -> int:
    """Mark what passed its validity date; the gate already said no from that second. Returns how many."""
    moment = now or timezone.now()
    count = 0
    for deployment in Deployment.objects.filter(state__in=ALIVE, valid_until__lte=moment):
        with transaction.atomic():
            locked = _locked(deployment)
            if locked.state not in ALIVE:
                continue
            stopping = stretches.what_stops(locked, None, max(moment, locked.valid_until), LAPSED)
            act_on(locked, "lapse")
            locked.ended_at, locked.ended_by = locked.valid_until, actor_text(by)
            locked.save()
            note("review.deployment_lapsed", locked, by, None, valid_until=locked.valid_until.isoformat())
            overtake_reinstatements(locked, LAPSED, by, None)
            stretches.tell("deployment.lapsed", locked, stopping, by, None)
            count += 1
    return count


def suspend_overdue(*, now: dt.datetime | None = None) -> int:
    """Suspend what has a condition that is overdue; the gate already said no from that second. Returns how many."""
    moment = now or timezone.now()
    day = moment.date()
    own = Q(request__conditions__met_at=None, request__conditions__due_on__lt=day)
    later = Q(reinstatements__conditions__met_at=None, reinstatements__conditions__due_on__lt=day)
    late = Deployment.objects.filter(own | later, state="in_force").distinct()
    return sum(suspend_late(deployment, moment) for deployment in late)


def overtake_reinstatements(
    deployment: Deployment, reason: str, by: Any, effective_at: dt.datetime | None
) -> None:
    """What asks back a deployment that is over leaves the board. In a transaction."""
    for request in deployment.reinstatements.filter(state__in=["in_review", "returned"]):
        acts.overtake(request=request, reason=reason, by=by, effective_at=effective_at)


def end_flows(
    deployment: Deployment,
    flows: Iterable[DataFlow] | None,
    reason: str,
    by: Any,
    effective_at: dt.datetime | None,
    goes_on: Sequence[DataFlow] = (),
) -> list[DataFlow]:
    """Void the approval for these flows (None: all); a deployment without flows is voided. In a transaction.

    `goes_on`: flows that a newer approval allows from the same moment, so that nobody must stop. Returns the flows
    whose approval ended.
    """
    now = effective_at or timezone.now()
    locked = _locked(deployment)
    if rules.after("deployment", locked.state, "void") is None:
        return []
    ended = list(locked.flows.all()) if flows is None else [f for f in locked.flows.all() if f in list(flows)]
    stopped, since = stretches.what_stops(locked, ended, now, reason)
    stretches.cut(locked, ended, now, reason)
    told = [slug for slug in stopped if slug not in {flow.slug for flow in goes_on}]
    stretches.tell("deployment.voided", locked, (told, since), by, effective_at)
    locked.flows.remove(*ended)
    body = {"flows": sorted(flow.slug for flow in ended), "reason": reason}
    if locked.flows.exists():
        note("review.flows_voided", locked, by, effective_at, **body)
        return ended
    act_on(locked, "void")
    locked.ended_at, locked.ended_by, locked.reason = now, actor_text(by), reason
    locked.save()
    note("review.deployment_voided", locked, by, effective_at, **body)
    overtake_reinstatements(locked, reason, by, effective_at)
    return ended


def act_on(deployment: Deployment, act: str) -> None:
    """Move a deployment along the table, or refuse."""
    deployment.state = step("deployment", deployment.state, act)


def _alive(system: System, flows: Iterable[DataFlow]) -> list[Deployment]:
    rows = Deployment.objects.filter(system=system, state__in=ALIVE, flows__in=list(flows))
    return list(rows.select_related("system", "version").distinct())


def suspend_late(deployment: Deployment, now: dt.datetime) -> bool:
    """Suspend a deployment with an overdue condition, from the moment at which it was; False where there is none."""
    with transaction.atomic():
        locked = _locked(deployment)
        late = selectors.conditions_of(locked).filter(met_at=None, due_on__lt=now.date())
        if locked.state != "in_force" or not late.exists():
            return False
        since = max(stretches.ends_at(locked), locked.valid_from)
        act_on(locked, "suspend")
        locked.suspended_at, locked.suspended_by, locked.reason = since, actor_text("system"), OVERDUE
        locked.save()
        stopping = stretches.what_stops(locked, None, now, OVERDUE)
        stretches.cut(locked, None, now, OVERDUE)
        InForce.objects.filter(deployment=locked, ends_at=since, ended_because="").update(
            ended_because=OVERDUE
        )
        note("review.deployment_suspended", locked, "system", None, reason=OVERDUE)
        stretches.tell("deployment.suspended", locked, stopping, "system", None)
    return True
