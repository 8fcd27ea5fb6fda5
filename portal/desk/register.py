"""What waits for a person in the register: signatures, drafts, reports, open questions, stops, contracts that end."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from governance.registry.models import System, Vendor
from governance.registry.selectors import reports, vendors, visible
from governance.review.models import Deployment, InForce
from governance.screening.models import Screening
from governance.screening.rules import RENEW_DAYS
from portal.access.selectors import has_anywhere
from portal.accounts.models import User

SHOWN = 8  # rows of each list; the lists themselves are one click away
DESCRIBED = ("draft", "registered")


@dataclass(frozen=True)
class Task:
    """One line of 'waits for you'."""

    title: str
    kind: str | Promise
    url: str
    place: str
    due_on: dt.date | None = None

    def overdue(self, today: dt.date) -> bool:
        """Whether the day has passed."""
        return self.due_on is not None and self.due_on < today


def tasks(user: User, today: dt.date) -> Iterator[Task]:
    """Everything of the register that waits for this person; a constant number of queries."""
    if has_anywhere(user, "sign_screening"):
        yield from _signatures(user, today)
    if has_anywhere(user, "edit_register") or has_anywhere(user, "sign_screening"):
        yield from _drafts(user)
    yield from _holds(user)
    yield from _stopped(user)
    yield from _contracts(user, today)


def _signatures(user: User, today: dt.date) -> Iterator[Task]:
    """Outcomes that nobody signed, and signatures that ended or soon will."""
    rows = Screening.objects.filter(
        superseded_at__isnull=True, flow__system__in=visible(user, "sign_screening")
    ).select_related("flow__system")
    new = rows.filter(signed_at__isnull=True).exclude(outcome="hold")
    for row in new.order_by("made_at")[:SHOWN]:
        url, place = row.flow.system.get_absolute_url(), row.flow.system.name
        yield Task(row.flow.name, _("Your signature"), url, place)
    ending = rows.filter(valid_until__lte=today + dt.timedelta(days=RENEW_DAYS))
    for row in ending.order_by("valid_until")[:SHOWN]:
        expired = row.valid_until is not None and row.valid_until < today
        kind = _("Screening expired: your signature") if expired else _("Your signature, to renew it")
        yield Task(row.flow.name, kind, row.flow.get_absolute_url(), row.flow.system.name, row.valid_until)


def _drafts(user: User) -> Iterator[Task]:
    """Own drafts of systems, and reports of AI that wait for this person's answer."""
    drafts = System.objects.filter(state="draft", owner=user).select_related("unit").order_by("sort_key")
    for draft in drafts[:SHOWN]:
        yield Task(draft.name, _("Your draft in the register"), draft.get_absolute_url(), draft.unit.name)
    open_reports = reports(user).filter(state="open").select_related("unit").order_by("created_at")
    for report in open_reports[:SHOWN]:
        yield Task(report.name, _("A report to answer"), report.get_absolute_url(), report.unit.name)


def _holds(user: User) -> Iterator[Task]:
    """Flows of own systems that the law holds until somebody answers."""
    rows = Screening.objects.filter(superseded_at__isnull=True, outcome="hold", flow__system__owner=user)
    rows = rows.filter(flow__system__state__in=DESCRIBED).select_related("flow__system").order_by("made_at")
    for row in rows[:SHOWN]:
        url, place = row.flow.get_absolute_url(), row.flow.system.name
        yield Task(row.flow.name, _("On hold: questions of the law are open"), url, place)


def _stopped(user: User) -> Iterator[Task]:
    """Deployments of own systems that are suspended, or of which a data flow is stopped."""
    for row in stopped(user).select_related("system", "version").order_by("system__sort_key", "pk")[:SHOWN]:
        kind = _("Suspended") if row.state == "suspended" else _("A data flow is stopped")
        title = f"{row.system.name} {row.version.name}"
        yield Task(title, kind, row.get_absolute_url(), row.system.name)


def stopped(user: User) -> QuerySet[Deployment]:
    """Deployments of the person's systems that still hold but are suspended, whole or in one of their flows."""
    now = timezone.now()
    pair = Deployment.flows.through.objects.filter(deployment=OuterRef("pk"))
    own = InForce.objects.filter(deployment=OuterRef("deployment"), flow=OuterRef("dataflow"))
    halted = pair.filter(
        Exists(own.filter(starts_at__lte=now)), ~Exists(own.filter(starts_at__lte=now, ends_at__gt=now))
    )
    rows = Deployment.objects.filter(system__owner=user, valid_until__gt=now)
    return rows.filter(Q(state="suspended") | Q(Exists(halted), state="in_force"))


def contracts(user: User) -> QuerySet[Vendor]:
    """The vendors with a contract end that concerns the person: of own systems, of systems whose business contact they
    are, and of units whose register they edit."""
    systems = System.objects.filter(vendor__isnull=False).exclude(state__in=["discarded", "retired"])
    contact = Q(contacts__person=user, contacts__role="business", contacts__removed_at__isnull=True)
    own = systems.filter(Q(owner=user) | contact).values("vendor")
    mine = Q(pk__in=own) | Q(pk__in=vendors(user, "edit_register").values("pk"))
    return Vendor.objects.filter(mine, contract_until__isnull=False).select_related("unit")


def _contracts(user: User, today: dt.date) -> Iterator[Task]:
    rows = contracts(user).filter(contract_until__lte=today + dt.timedelta(days=RENEW_DAYS))
    for row in rows.order_by("contract_until", "slug")[:SHOWN]:
        yield Task(
            row.name,
            _("Contract to renew"),
            row.get_absolute_url(),
            row.unit.name,
            row.contract_until,
        )
