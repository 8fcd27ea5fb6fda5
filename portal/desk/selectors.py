"""What waits for a person, and the systems of their home page."""

import datetime as dt
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.assessments import selectors as assessments
from governance.audits.models import AuditRun
from governance.evidence.models import EvidencePack
from governance.findings.models import CorrectiveAction, Finding
from governance.registry.models import System
from governance.registry.selectors import visible
from governance.review import selectors as review
from governance.review.models import Deployment, DeploymentRequest
from governance.transparency import public
from governance.transparency import selectors as people
from portal.access.selectors import has_anywhere
from portal.accounts.models import ApiKey, User
from portal.desk import register
from portal.desk.register import SHOWN, Task
from portal.web.badges import word


def waiting(user: User, today: dt.date) -> list[Task]:
    """What waits in review and register, own actions, findings of own systems, assessments and requests of affected
    people: the earliest due first."""
    tasks = [
        *_review(user, today),
        *register.tasks(user, today),
        *_actions(user),
        *_findings(user),
        *_assessments(user, today),
        *_people(user),
    ]
    return sorted(tasks, key=lambda task: (task.due_on is None, task.due_on or today))


def _review(user: User, today: dt.date) -> list[Task]:
    return [
        Task(row.title, gettext(row.kind), row.url, row.place, row.due_on)
        for row in review.waiting(user, today)
    ]


_ASSESSMENTS = {
    "sign": _("Your signature"),
    "draft": _("Your draft assessment"),
    "returned": _("Returned with questions"),
    "renew": _("Assessment to renew"),
}


def _assessments(user: User, today: dt.date) -> list[Task]:
    return [
        Task(
            str(row.assessment),
            _ASSESSMENTS[row.why],
            row.assessment.get_absolute_url(),
            row.assessment.system.name,
            row.due_on,
        )
        for row in assessments.waiting(user, today)
    ]


def _actions(user: User) -> list[Task]:
    actions = CorrectiveAction.objects.filter(owner=user, done_at__isnull=True).select_related(
        "finding__system"
    )
    return [
        Task(row.text, _("Your action"), row.finding.get_absolute_url(), row.finding.system.name, row.due_on)
        for row in actions[:SHOWN]
    ]


def _findings(user: User) -> list[Task]:
    rows = Finding.objects.filter(state="open", system__owner=user).select_related("system")
    if has_anywhere(user, "manage_findings") and not rows.exists():
        rows = Finding.objects.filter(state="open", system__in=visible(user, "manage_findings"))
    return [
        Task(row.title_text, _("Open finding"), row.get_absolute_url(), row.system.name, row.due_on)
        for row in rows.select_related("system").order_by("due_on")[:SHOWN]
    ]


def _people(user: User) -> list[Task]:
    """Requests of affected people, and systems in force that the public cannot read about."""
    asked = people.waiting(user)[:SHOWN] if people.answers_somewhere(user) else ()
    tasks = [
        Task(
            word(row.kind),
            _("A person waits for an answer"),
            row.get_absolute_url(),
            row.system.name,
            row.due_on,
        )
        for row in asked
    ]
    if has_anywhere(user, "manage_consent"):
        tasks += [
            Task(
                one.name,
                _("In force without a public page"),
                reverse("publication_edit", args=[one.slug]),
                one.name,
            )
            for one in public.unpublished_in_force(user)[:SHOWN]
        ]
    return tasks


def portfolio(user: Any) -> QuerySet[System]:
    """The systems in view with `open_findings`, `deployment` (state of the latest) and `verdict` (latest audit)."""
    latest = Deployment.objects.filter(system=OuterRef("pk")).order_by("-valid_from").values("state")
    verdict = AuditRun.objects.filter(system=OuterRef("pk")).exclude(verdict="").order_by("-finished_at")
    return (
        visible(user)
        .exclude(state="retired")
        .select_related("unit", "owner")
        .annotate(
            open_findings=Count("findings", filter=Q(findings__state="open"), distinct=True),
            deployment=Subquery(latest[:1]),
            verdict=Subquery(verdict.values("verdict")[:1]),
        )
    )


def recent_requests(user: Any) -> QuerySet[DeploymentRequest]:
    """The last requests on systems in view, drafts left out."""
    rows = DeploymentRequest.objects.filter(system__in=visible(user, "view_review")).exclude(state="draft")
    return rows.select_related("system", "version").order_by("-submitted_at")[:SHOWN]


def recent_runs(user: Any) -> QuerySet[AuditRun]:
    """The last audit runs on systems in view."""
    rows = AuditRun.objects.filter(system__in=visible(user, "view_audits")).select_related("system", "job")
    return rows.order_by("-requested_at")[:SHOWN]


def recent_packs(user: User) -> QuerySet[EvidencePack]:
    """The person's own packs, newest first."""
    return EvidencePack.objects.filter(requested_by=user).order_by("-requested_at")[:SHOWN]


def first_steps(user: Any) -> dict[str, bool]:
    """For an administrator of an installation that is still empty: what is there already."""
    return {
        "people": User.objects.count() > 1,
        "systems": System.objects.exists(),
        "keys": ApiKey.objects.exists(),
    }
