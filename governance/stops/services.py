"""Ordering stops, confirming them, and saying where they are told."""

import datetime as dt
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils import timezone

from governance.findings.models import Finding
from governance.findings.services import clear_finding, open_finding
from governance.registry.models import System
from governance.registry.services import lock_system
from governance.stops import rules, selectors
from governance.stops.models import Delivery, Endpoint, Stop
from portal.errors import N_, NotAllowed, RuleBroken
from portal.jobs.models import Job
from portal.jobs.services import enqueue
from portal.ledger.services import actor_text, record
from portal.notify import reach, sealed

LATE = "stop_not_confirmed"
CONFIRMED_LATE = "stop_confirmed_late"
DELIVER = "deliver_stops"
MOST_ENDPOINTS = 20


@dataclass(frozen=True)
class Order:
    """What must stop: about a person (`event`, `subject_ref`, purpose, modality) or about data flows."""

    type: str
    effective_at: dt.datetime
    subject_ref: uuid.UUID | None = None
    purpose: str = ""
    modality: str = ""
    event: uuid.UUID | None = None
    flows: Sequence[str] = field(default_factory=tuple)


def order(*, system: System, orders: Sequence[Order], by: Any, at: dt.datetime | None = None) -> list[Stop]:
    """Write stops and what is to be sent of them, in the transaction of the act that causes them.

    `at`: when the act was done, where that is not now. Raises RuntimeError outside a transaction.
    """
    if not orders:
        return []
    if not connection.in_atomic_block:
        raise RuntimeError("a stop belongs in the transaction of the act that causes it")
    now = at or timezone.now()
    number = _next_number(system)
    stops = [
        Stop(
            system=system,
            number=number + n,
            type=one.type,
            subject_ref=one.subject_ref,
            purpose=one.purpose,
            modality=one.modality,
            event=one.event,
            flows=sorted(one.flows),
            effective_at=one.effective_at,
            ordered_at=now,
            due_at=now + dt.timedelta(minutes=settings.STOP_MINUTES),
        )
        for n, one in enumerate(orders)
    ]
    Stop.objects.bulk_create(stops, batch_size=1000)
    endpoints = list(Endpoint.objects.filter(system=system, disabled_at__isnull=True))
    Delivery.objects.bulk_create(
        (Delivery(endpoint=endpoint, stop=stop) for endpoint in endpoints for stop in stops), batch_size=1000
    )
    counts: dict[str, int] = {}
    for one in orders:
        counts[one.type] = counts.get(one.type, 0) + 1
    body = {"first": number, "last": number + len(stops) - 1, "counts": counts, "endpoints": len(endpoints)}
    record(type="stop.ordered", by=by, subject=system.subject, body=body, ts=at)
    if endpoints:
        transaction.on_commit(ring_deliverer, robust=True)
    return stops


def _next_number(system: System) -> int:
    """The next number of the feed; the lock is held until commit, so that numbers become visible in their order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 12))", [str(system.pk)])
    newest = Stop.objects.filter(system=system).aggregate(top=Max("number"))["top"] or 0
    return int(newest) + 1


def ring_deliverer() -> None:
    """Ask for a delivery round, unless one waits that will see everything committed by now.

    Called after commit. Should the process die before, the tick finds the act in the ledger half a minute later.
    """
    waiting = Job.objects.filter(kind=DELIVER, state="queued", due_at__lte=Now())
    if not waiting.exists():
        enqueue(kind=DELIVER, payload={}, by="system")


def acknowledge(
    *, stop: Stop, stopped_at: dt.datetime, by: Any, effective_at: dt.datetime | None = None
) -> Stop:
    """A system says when it stopped. Said again it changes nothing; said otherwise it is refused.

    `effective_at`: when it said so, where that is not now.
    """
    with transaction.atomic():
        locked = Stop.objects.select_for_update(of=("self",)).select_related("system").get(pk=stop.pk)
        if locked.acknowledged_at is not None:
            if locked.stopped_at == rules.stopped(stopped_at, locked.effective_at, locked.acknowledged_at):
                return locked
            raise RuleBroken(
                N_("This stop was confirmed before, with another time ({time})."),
                code="acknowledged",
                field="stopped_at",
                time=locked.stopped_at.isoformat() if locked.stopped_at else "",
            )
        now = effective_at or timezone.now()
        if why := rules.why_no_acknowledgement(stopped_at, locked.effective_at, now):
            raise RuleBroken(why[1], code=why[0], field="stopped_at")
        _confirm(locked, rules.stopped(stopped_at, locked.effective_at, now), now, by)
        locked.save(update_fields=["stopped_at", "acknowledged_at", "acknowledged_by"])
        body = {"system": locked.system.slug, "number": locked.number, "stopped_at": stopped_at.isoformat()}
        record(type="stop.acknowledged", by=by, subject=f"stop:{locked.pk}", body=body)
        _note_late_word(locked.system, [locked])
    return locked


def acknowledge_many(*, system: System, stopped: Mapping[uuid.UUID, dt.datetime], by: Any) -> int:
    """Confirm many stops of a system at once ({id of the stop: when it stopped}), for one that reports in bulk.

    Stops that are confirmed already stay as they are. One impossible time refuses all. Returns how many.
    """
    with transaction.atomic():
        named = Stop.objects.select_for_update(of=("self",)).filter(system=system, pk__in=list(stopped))
        rows = list(named.filter(acknowledged_at__isnull=True).order_by("number"))
        now = timezone.now()
        for row in rows:
            if why := rules.why_no_acknowledgement(stopped[row.pk], row.effective_at, now):
                raise RuleBroken(why[1], code=why[0], field="stopped_at")
            _confirm(row, rules.stopped(stopped[row.pk], row.effective_at, now), now, by)
        Stop.objects.bulk_update(rows, ["stopped_at", "acknowledged_at", "acknowledged_by"], batch_size=1000)
        if rows:
            record(type="stop.acknowledged", by=by, subject=system.subject, body={"stops": len(rows)})
        _note_late_word(system, rows)
    return len(rows)


def _confirm(stop: Stop, stopped_at: dt.datetime, now: dt.datetime, by: Any) -> None:
    stop.stopped_at, stop.acknowledged_at, stop.acknowledged_by = stopped_at, now, actor_text(by)


def _note_late_word(system: System, stops: Sequence[Stop]) -> None:
    """A confirmation after its time is a finding, also where no round came by in between; somebody closes it."""
    late = sum(stop.acknowledged_at is not None and stop.acknowledged_at > stop.due_at for stop in stops)
    if late:
        open_finding(
            system=system, check=CONFIRMED_LATE, severity="medium", source="stops",
            title=N_("The system confirmed too late that it stopped"),
            detail=N_("{stops} stops were confirmed more than {minutes} minutes after they were asked for."),
            params={"stops": str(late), "minutes": str(settings.STOP_MINUTES)},
        )  # fmt: skip


# --- endpoints ----------------------------------------------------------------------------------


def _managed(by: Any, system: System) -> None:
    if by != "system" and not selectors.may_manage(by, system):
        raise NotAllowed(N_("You do not have the permission for this."), code="not_allowed")


def add_endpoint(*, system: System, name: str, url: str, by: Any) -> tuple[Endpoint, str]:
    """Add an address that is told of stops from now on. Returns it with its secret, which is shown this once."""
    _managed(by, system)
    name = name.strip()
    if not name or "\x00" in name:
        raise RuleBroken(N_("Give it a name."), code="required", field="name")
    reach.target(url, settings.OUTGOING_ALLOW)
    with transaction.atomic():
        lock_system(system.pk)
        rows = Endpoint.objects.filter(system=system)
        if rows.filter(name=name).exists():
            raise RuleBroken(N_("Another endpoint has this name."), code="taken", field="name")
        if rows.filter(disabled_at__isnull=True).count() >= MOST_ENDPOINTS:
            raise RuleBroken(
                N_("A system has at most {limit} endpoints."), code="too_many", limit=MOST_ENDPOINTS
            )
        endpoint = Endpoint(system=system, name=name, url=url, added_by=actor_text(by))
        secret = _new_secret(endpoint)
        endpoint.save()
        endpoint.refresh_from_db()
        _note("stop.endpoint_added", endpoint, by, host=reach.target(url, settings.OUTGOING_ALLOW).host)
    return endpoint, secret


def rotate_secret(*, endpoint: Endpoint, by: Any) -> str:
    """A new secret, shown this once; the one before signs beside it for a day, so that nothing is missed."""
    _managed(by, endpoint.system)
    with transaction.atomic():
        locked = _locked(endpoint)
        _refuse_disabled(locked)
        locked.previous_secret, locked.previous_until = locked.secret, timezone.now() + rules.GRACE
        secret = _new_secret(locked)
        locked.save(update_fields=["secret", "previous_secret", "previous_until"])
        _note("stop.secret_rotated", locked, by, until=locked.previous_until.isoformat())
    return secret


def _new_secret(endpoint: Endpoint) -> str:
    secret = secrets.token_bytes(rules.SECRET_BYTES)
    endpoint.secret = sealed.seal(secret, str(endpoint.pk))
    return rules.shown_secret(secret)


def disable_endpoint(*, endpoint: Endpoint, by: Any, because: str = "person") -> None:
    """Tell this address nothing more; what waits for it is dropped (the feed still has it). Harmless to repeat."""
    _managed(by, endpoint.system)
    with transaction.atomic():
        locked = _locked(endpoint)
        if locked.disabled_at is not None:
            return
        locked.disabled_at, locked.disabled_by = timezone.now(), actor_text(by)
        locked.disabled_because = because
        locked.previous_secret, locked.previous_until = "", None
        locked.save()
        waiting = Delivery.objects.filter(endpoint=locked, state=rules.WAITING)
        dropped = waiting.update(state=rules.DROPPED, claimed_until=None)
        _note("stop.endpoint_disabled", locked, by, because=because, dropped=dropped)


def send_test(*, endpoint: Endpoint, by: Any) -> Delivery:
    """Send an endpoint a message of type `attune.test` that stops nothing."""
    _managed(by, endpoint.system)
    with transaction.atomic():
        locked = _locked(endpoint)
        _refuse_disabled(locked)
        Delivery.objects.filter(endpoint=locked, stop__isnull=True, state=rules.WAITING).update(
            state=rules.DROPPED, claimed_until=None
        )
        delivery = Delivery.objects.create(endpoint=locked)
        Endpoint.objects.filter(pk=locked.pk).update(rests_until=None)
        _note("stop.test_sent", locked, by)
        transaction.on_commit(ring_deliverer, robust=True)
    return delivery


def retry_dead(*, endpoint: Endpoint, by: Any) -> int:
    """Send again what was given up, with a fresh allowance of time. Returns how many."""
    _managed(by, endpoint.system)
    with transaction.atomic():
        locked = _locked(endpoint)
        _refuse_disabled(locked)
        now = timezone.now()
        dead = Delivery.objects.filter(endpoint=locked, state=rules.DEAD)
        count = dead.update(state=rules.WAITING, since=now, due_at=now, claimed_until=None)
        if not count:
            raise RuleBroken(N_("Nothing was given up for this endpoint."), code="nothing_dead")
        Endpoint.objects.filter(pk=locked.pk).update(rests_until=None)
        _note("stop.retried", locked, by, deliveries=count)
        transaction.on_commit(ring_deliverer, robust=True)
    return count


def _locked(endpoint: Endpoint) -> Endpoint:
    rows = Endpoint.objects.select_for_update(of=("self",)).select_related("system")
    return rows.get(pk=endpoint.pk)


def _refuse_disabled(endpoint: Endpoint) -> None:
    if endpoint.disabled_at is not None:
        raise RuleBroken(N_("This endpoint is disabled."), code="disabled")


def _note(type: str, endpoint: Endpoint, by: Any, **body: Any) -> None:
    named = {"system": endpoint.system.slug, "name": endpoint.name, **body}
    record(type=type, by=by, subject=endpoint.subject, body=named)


# --- what was not confirmed in time --------------------------------------------------------------


def watch(*, now: dt.datetime | None = None) -> dict[str, int]:
    """Open a finding for each system with a stop that is not confirmed in time, clear it once all are. Counts."""
    late: dict[uuid.UUID, int] = {}
    for system_id in selectors.overdue(now).values_list("system_id", flat=True):
        late[system_id] = late.get(system_id, 0) + 1
    for system in System.objects.filter(pk__in=late):
        open_finding(
            system=system, check=LATE, severity="high", source="stops",
            title=N_("The system did not confirm in time that it stopped"),
            detail=N_("{stops} stops are not confirmed, although {minutes} minutes have passed. Until the system"
                      " says so, nobody knows whether it still reads these people."),
            params={"stops": str(late[system.pk]), "minutes": str(settings.STOP_MINUTES)},
        )  # fmt: skip
    caught_up = Finding.objects.filter(check_key=LATE, state="open").exclude(system_id__in=late)
    cleared = 0
    for finding in caught_up.exclude(actions__done_at__isnull=True, actions__isnull=False):
        clear_finding(finding=finding, reason=N_("Every stop is confirmed."), by="system")
        cleared += 1
    return {"late": len(late), "cleared": cleared}
