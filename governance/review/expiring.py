"""Signatures under screenings: given, renewed, run out. What runs without one is a finding, and stops in the end."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from governance.findings.models import Finding
from governance.findings.services import clear_finding, open_finding
from governance.registry.models import DataFlow
from governance.registry.services import lock_system
from governance.review import signatures, stretches
from governance.review.acts import note
from governance.review.models import Deployment
from governance.screening import selectors as screenings
from governance.screening import services as screening_services
from governance.screening.models import Screening
from portal.errors import N_
from portal.ledger.services import record

ENDED = N_("The signature under the legal screening ended and was not renewed in time.")
RENEWED = N_("The legal outcome was signed again.")
CHECK = "screening_expired"


def sign_screening(*, screening: Screening, by: Any, effective_at: dt.datetime | None = None) -> Screening:
    """Sign a legal outcome (as `screening.services.sign`); what still runs under an older signature goes on with it.

    What stopped for want of a signature stays stopped: putting that back is for the board.
    """
    with transaction.atomic():
        signed = screening_services.sign(screening=screening, by=by, effective_at=effective_at)
        flow, now = signed.flow, effective_at or timezone.now()
        lock_system(flow.system_id)
        for deployment in Deployment.objects.filter(state="in_force", flows=flow).order_by("pk"):
            stretches.prolong(deployment, now)
        for finding in _findings(flow).exclude(actions__done_at=None, actions__isnull=False):
            clear_finding(finding=finding, reason=RENEWED, by=by, effective_at=effective_at)
    return signed


def _findings(flow: DataFlow) -> Any:
    return Finding.objects.filter(system=flow.system_id, check_key=f"{CHECK}:{flow.slug}", state="open")


def expire_signatures(*, now: dt.datetime | None = None) -> dict[str, int]:
    """Open a finding for each flow in force whose signature ended, and say of those that stopped that they did.

    Returns {"expired": new findings, "stopped": flows}. Harmless to repeat.
    """
    moment = now or timezone.now()
    counts = {"expired": 0, "stopped": 0}
    unsaid = DataFlow.objects.filter(
        in_force__ended_because="",
        in_force__starts_at__lte=moment,
        in_force__ends_at__gt=F("in_force__starts_at"),
        in_force__deployment__state="in_force",
    )
    flows = list(unsaid.select_related("system").distinct().order_by("system_id", "slug"))
    for pk, (until, _last) in screenings.last_days(flows).items():
        if until < moment.date():
            with transaction.atomic():
                _expire(next(flow for flow in flows if flow.pk == pk), moment, counts)
    return counts


def _expire(flow: DataFlow, now: dt.datetime, counts: dict[str, int]) -> None:
    lock_system(flow.system_id)
    until, last = screenings.last_days([flow])[flow.pk]  # as it is under the lock
    if until >= now.date():
        return
    stopped = 0
    for deployment in Deployment.objects.filter(state="in_force", flows=flow).order_by("pk"):
        if signatures.ended_by(flow, deployment, last, now):
            stopping = stretches.what_stops(deployment, [flow], now, ENDED)
            note("review.flow_suspended", deployment, "system", None, flow=flow.slug, reason=ENDED)
            stretches.tell("flow.suspended", deployment, stopping, "system", None)
            stopped += 1
    counts["stopped"] += bool(stopped)
    if not _findings(flow).exists() and (stopped or _running(flow, now)):
        _report(flow, until, last, now)
        counts["expired"] += 1


def _running(flow: DataFlow, now: dt.datetime) -> bool:
    return flow.in_force.filter(starts_at__lte=now, ends_at__gt=now).exists()


def _report(flow: DataFlow, until: dt.date, last: dt.date, now: dt.datetime) -> None:
    newest = Screening.objects.filter(flow=flow, valid_until=until).order_by("-signed_at")[0]
    body = {"flow": flow.slug, "screening": str(newest.pk), "valid_until": until.isoformat()}
    record(
        type="screening.expired",
        by="system",
        subject=flow.system.subject,
        body={**body, "last_day": last.isoformat()},
    )
    open_finding(
        system=flow.system,
        check=f"{CHECK}:{flow.slug}",
        severity="high",
        title=N_("The screening of the data flow {flow} expired"),
        detail=N_(
            "Nobody signed its legal outcome again before {until}. Without a signature the last day on which it may"
            " run is {last}; then it stops, and only the board puts it back."
        ),
        params={"flow": flow.slug, "until": until.isoformat(), "last": last.isoformat()},
        source=f"screening:{newest.pk}",
        due_on=max(last, now.date()),
        by="system",
    )
