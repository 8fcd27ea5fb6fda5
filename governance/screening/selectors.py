"""Questions about screenings."""

import datetime as dt
import uuid
from collections.abc import Iterable

from django.db.models import Max
from django.utils import timezone

from governance.registry.models import DataFlow
from governance.registry.selectors import flow_facts
from governance.screening import rules, rulesets
from governance.screening.models import Screening


def current(flow: DataFlow) -> Screening | None:
    """The screening of the flow as it is now, if there is one."""
    return flow.screenings.filter(superseded_at__isnull=True).select_related("signed_by").first()


def current_of(flows: Iterable[DataFlow]) -> dict[uuid.UUID, Screening]:
    """The current screening by flow id; one query."""
    rows = Screening.objects.filter(flow__in=list(flows), superseded_at__isnull=True)
    return {row.flow_id: row for row in rows.select_related("signed_by")}


def signature_of(screening: Screening | None, flow: DataFlow, on: dt.date) -> rules.Signature:
    """Where the signature under the current screening of a flow stands; one about other facts is none."""
    if screening is None or screening.facts_sha256 != rules.digest(flow_facts(flow)):
        return rules.Signature.UNSIGNED
    return rules.signature(screening.valid_until, on)


def last_days(flows: Iterable[DataFlow]) -> dict[uuid.UUID, tuple[dt.date, dt.date]]:
    """By flow id: (the last day of the newest signature under any screening of it, the last day on which it may run
    under that signature where it is in force). A flow that nobody ever signed is left out; one query.

    An earlier screening counts until its own end: a new set of rules takes no signature away from what runs. What got
    worse is a finding of its own, and what became prohibited stops at once.
    """
    law, today = rulesets.in_force(), timezone.now().date()
    rows = list(flows)
    signed = Screening.objects.filter(flow__in=rows, valid_until__isnull=False).values("flow")
    until = dict(signed.annotate(until=Max("valid_until")).values_list("flow", "until").order_by())
    return {
        row.pk: (
            until[row.pk],
            rules.last_day(until[row.pk], rules.rests_on_signature(flow_facts(row), law, today)),
        )
        for row in rows
        if row.pk in until
    }


def is_signed(screening: Screening | None, flow: DataFlow, on: dt.date) -> bool:
    """True where a person signed this screening, it is not too old, and the facts are still those it was about."""
    return (
        screening is not None
        and screening.valid_until is not None
        and screening.valid_until >= on
        and screening.facts_sha256 == rules.digest(flow_facts(flow))
    )
