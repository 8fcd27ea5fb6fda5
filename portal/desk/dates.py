"""What has a date that concerns a person: for the calendar, and for reminders before the day."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.assessments.models import Assessment
from governance.findings.models import CorrectiveAction, Finding
from governance.registry.models import DataFlow, Goal
from governance.registry.selectors import visible
from governance.review import rules as review
from governance.review.models import CouncilRecord, Deployment, InForce, Round
from governance.review.selectors.agenda import owed, to_accept
from governance.review.selectors.boards import led_by, not_over
from governance.screening.models import Screening
from governance.transparency import selectors as people
from portal.desk.register import contracts
from portal.notify.rules import DUE_DAYS, EXPIRY_DAYS
from portal.web.badges import word

MOST = 500  # of each kind; nobody reads a longer calendar


@dataclass(frozen=True)
class Dated:
    """One thing with a day; `remind` are the days before it on which a reminder is worth while."""

    on: dt.date
    kind: str | Promise
    title: str
    url: str
    place: str
    remind: tuple[int, ...]


def dates(user: Any) -> list[Dated]:
    """Everything dated that this person has to do or answers for, the earliest first; one query a kind."""
    rows = [
        *_conditions(user),
        *_actions(user),
        *_findings(user),
        *_approvals(user),
        *_votes(user),
        *_terms(user),
        *_councils(user),
        *_signatures(user),
        *_contracts(user),
        *_assessments(user),
        *_goals(user),
        *_people(user),
    ]
    return sorted(rows, key=lambda row: (row.on, row.title))


def _conditions(user: Any) -> Iterator[Dated]:
    rows = owed().filter(owner=user, met_at__isnull=True).select_related("request__system")
    for row in rows[:MOST]:
        place, url = row.request.system.name, row.request.get_absolute_url()
        yield Dated(row.due_on, _("Your condition"), row.text, url, place, DUE_DAYS)
    for row in to_accept(user, timezone.now().date()):  # not accepted by then suspends as well
        place, url = row.request.system.name, row.request.get_absolute_url()
        yield Dated(row.due_on, _("Evidence to accept"), row.text, url, place, DUE_DAYS)


def _actions(user: Any) -> Iterator[Dated]:
    rows = CorrectiveAction.objects.filter(owner=user, done_at__isnull=True).select_related("finding__system")
    for row in rows[:MOST]:
        place, url = row.finding.system.name, row.finding.get_absolute_url()
        yield Dated(row.due_on, _("Your action"), row.text, url, place, DUE_DAYS)


def _findings(user: Any) -> Iterator[Dated]:
    rows = Finding.objects.filter(state="open", system__owner=user, due_on__isnull=False)
    for row in rows.select_related("system")[:MOST]:
        assert row.due_on is not None  # noqa: S101 - for the type checker: the filter says so
        url, place = row.get_absolute_url(), row.system.name
        yield Dated(row.due_on, _("Open finding"), row.title_text, url, place, DUE_DAYS)


def _approvals(user: Any) -> Iterator[Dated]:
    """Of systems that the person owns or asked for, and of all where they lead the board."""
    mine = Q(system__owner=user) | Q(request__requested_by=user) | Q(system__in=visible(user, "chair"))
    rows = Deployment.objects.filter(mine, state__in=["waiting", "in_force", "suspended"]).distinct()
    for row in rows.select_related("system", "version").order_by("valid_until")[:MOST]:
        title, url = f"{row.system.name} {row.version.name}", row.get_absolute_url()
        yield Dated(row.valid_until.date(), _("Approval ends"), title, url, row.system.name, EXPIRY_DAYS)


def _votes(user: Any) -> Iterator[Dated]:
    """The ends of open votes, for who sits on the board, asked, or leads it."""
    seats = not_over(timezone.now().date()).filter(user=user).values("seat__board")
    mine = Q(request__board__in=seats, request__system__in=visible(user, "view_review"))
    mine |= Q(request__requested_by=user) | Q(request__system__in=visible(user, "chair"))
    rows = Round.objects.filter(mine, ended_at__isnull=True, request__state="in_review").distinct()
    for row in rows.select_related("request__system", "request__version").order_by("vote_closes_at")[:MOST]:
        title, url = str(row.request), row.request.get_absolute_url()
        yield Dated(
            row.vote_closes_at.date(), _("Vote closes"), title, url, row.request.system.name, DUE_DAYS
        )


def _terms(user: Any) -> Iterator[Dated]:
    """The ends of own terms, and of all on boards whose seats the person keeps filled."""
    today = timezone.now().date()
    rows = not_over(today).filter(
        Q(user=user) | Q(seat__board__in=led_by(user, today)), ends_on__isnull=False
    )
    for row in rows.select_related("seat__board", "user").order_by("ends_on")[:MOST]:
        assert row.ends_on is not None  # noqa: S101 - for the type checker: the filter says so
        board, title = (
            row.seat.board,
            f"{gettext(review.Discipline(row.seat.discipline).sentence)}: {row.user.display}",
        )
        # thirty days before it stands in 'my work' as well, which says so once
        yield Dated(
            row.ends_on, _("Term on the board ends"), title, board.get_absolute_url(), board.name, (90, 7)
        )


def _councils(user: Any) -> Iterator[Dated]:
    """Answers of the works council that are due, and the last day on which it may invoke nullity."""
    mine = Q(system__owner=user) | Q(asked_by=user) | Q(system__in=visible(user, "answer_council"))
    today = timezone.now().date()
    rows = CouncilRecord.objects.filter(mine, state__in=["asked", "not_owed"]).distinct()
    for row in rows.select_related("system").order_by("informed_on")[:MOST]:
        url, place = row.get_absolute_url(), row.system.name
        last = review.nullity_until(row.informed_on)
        if row.state == "not_owed" and last >= today:  # once it is over, nobody has anything to do
            day, kind = last, _("Last day to invoke nullity")
        elif row.state == "asked" and row.answer_due_on is not None:
            day, kind = row.answer_due_on, _("Answer of the works council due")
        else:
            continue
        yield Dated(day, kind, row.question[:120], url, place, DUE_DAYS)


def _signatures(user: Any) -> Iterator[Dated]:
    """Of legal outcomes of systems that the person owns or signs for; also under an earlier set of rules or an earlier
    screening, as long as the flow runs under it."""
    mine = Q(system__owner=user) | Q(system__in=visible(user, "sign_screening"))
    now = timezone.now()
    signed = Screening.objects.filter(
        flow=OuterRef("pk"), superseded_at__isnull=True, valid_until__isnull=False
    )
    runs = InForce.objects.filter(flow=OuterRef("pk"), starts_at__lte=now, ends_at__gt=now)
    rows = DataFlow.objects.filter(mine).filter(Exists(signed) | Exists(runs))
    newest = Screening.objects.filter(flow=OuterRef("pk"), valid_until__isnull=False).order_by("-valid_until")
    rows = rows.annotate(until=Subquery(newest.values("valid_until")[:1])).filter(until__isnull=False)
    for row in rows.select_related("system").order_by("until", "pk")[:MOST]:
        kind, url = _("Signature under the legal outcome ends"), row.get_absolute_url()
        yield Dated(row.until, kind, row.name, url, row.system.name, EXPIRY_DAYS)


def _contracts(user: Any) -> Iterator[Dated]:
    """Of vendors of systems that the person owns or is the business contact of, or whose register they edit."""
    for row in contracts(user).order_by("contract_until", "pk")[:MOST]:
        assert row.contract_until is not None  # noqa: S101 - for the type checker: the selector says so
        url, kind = row.get_absolute_url(), _("Contract with the vendor ends")
        yield Dated(row.contract_until, kind, row.name, url, row.unit.name, EXPIRY_DAYS)


def _assessments(user: Any) -> Iterator[Dated]:
    """Of systems that the person owns or signs for."""
    signs = Q(kind="dpia", system__in=visible(user, "sign_dpia"))
    signs |= Q(system__in=visible(user, "sign_assessment")) & ~Q(kind="dpia")
    rows = Assessment.objects.filter(Q(system__owner=user) | signs, state="signed", valid_until__isnull=False)
    for row in rows.select_related("system").order_by("valid_until")[:MOST]:
        assert row.valid_until is not None  # noqa: S101 - for the type checker: the filter says so
        title, url = str(row), row.get_absolute_url()
        yield Dated(row.valid_until, _("Assessment ends"), title, url, row.system.name, EXPIRY_DAYS)


def _goals(user: Any) -> Iterator[Dated]:
    for row in Goal.objects.filter(system__owner=user, removed_at__isnull=True).select_related("system")[
        :MOST
    ]:
        url = row.system.get_absolute_url()
        yield Dated(row.due_on, _("Goal"), row.statement, url, row.system.name, EXPIRY_DAYS)


def _people(user: Any) -> Iterator[Dated]:
    """Requests of affected people that the person answers."""
    for row in people.waiting(user)[:MOST]:
        url, place = row.get_absolute_url(), row.system.name
        yield Dated(row.due_on, _("Answer to a person due"), word(row.kind), url, place, DUE_DAYS)
