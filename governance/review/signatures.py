"""A flow is in force only under a screening that allows it and whose signature holds, and ends with that signature."""

import datetime as dt

from django.db.models import F

from governance.registry.models import DataFlow
from governance.review import rules
from governance.review.models import Deployment, InForce
from governance.screening import selectors as screenings
from portal.errors import N_, RuleBroken


def end_with(deployment: Deployment, now: dt.datetime) -> None:
    """Let what runs of a deployment end where its signature does, if that is earlier. In a transaction."""
    running = InForce.objects.filter(deployment=deployment, ends_at__gt=now, ended_because="")
    flows = DataFlow.objects.filter(pk__in=running.values("flow")).select_related("system")
    for flow, (_until, last) in screenings.last_days(flows).items():
        end = max(now, rules.after_day(last))
        running.filter(flow=flow, starts_at__lte=end, ends_at__gt=end).update(ends_at=end)


def ended_by(flow: DataFlow, deployment: Deployment, last: dt.date, now: dt.datetime) -> bool:
    """Whether the flow stopped by itself after that last day of its signature, and nobody said so yet."""
    rows = InForce.objects.filter(deployment=deployment, flow=flow, ended_because="", ends_at__lte=now)
    return rows.filter(ends_at__gt=F("starts_at"), ends_at=rules.after_day(last)).exists()


def unlawful(flow: DataFlow, now: dt.datetime) -> RuleBroken | None:
    """Why the screening of a flow does not allow it today, None where it does."""
    screening = screenings.current(flow)
    if screening is None or screening.outcome in ("prohibited", "hold"):
        return RuleBroken(
            N_("The data flow {flow} is prohibited or on hold."), code="unlawful", flow=flow.slug
        )
    if not screenings.is_signed(screening, flow, now.date()):
        return RuleBroken(
            N_("The screening of the data flow {flow} has no valid signature."),
            code="not_signed",
            flow=flow.slug,
        )
    return None
