"""Questions about findings."""

from typing import Any

from django.db.models import Count, F, Q, QuerySet

from governance.findings.models import Finding
from governance.registry.selectors import visible


def visible_findings(user: Any, perm: str = "view_audits") -> QuerySet[Finding]:
    """The findings of systems on which `user` has `perm`."""
    return Finding.objects.filter(system__in=visible(user, perm)).select_related("system")


def with_actions(rows: QuerySet[Finding]) -> QuerySet[Finding]:
    """Annotate open actions; the earliest due date of finding comes first."""
    open_actions = Count("actions", filter=Q(actions__done_at__isnull=True))
    return rows.annotate(open_actions=open_actions).order_by(F("due_on").asc(nulls_last=True), "-opened_at")


def open_of(system: Any) -> QuerySet[Finding]:
    """What is open on one system."""
    return Finding.objects.filter(system=system, state="open")
