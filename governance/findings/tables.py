"""The list of findings: columns and filter."""

import django_filters
import django_tables2
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from governance.findings.models import Finding
from governance.findings.rules import FindingState, Severity
from governance.registry.forms import translated
from portal.web.tables import AttuneTable, LinkColumn, StateColumn, WhenColumn


class FindingTable(AttuneTable):
    """One line per finding."""

    title = LinkColumn(verbose_name=_("Finding"), accessor="title_text", order_by=("title",))
    system = django_tables2.Column(verbose_name=_("System"), linkify=True, order_by=("system__sort_key",))
    severity = StateColumn(verbose_name=_("Severity"))
    state = StateColumn(verbose_name=_("State"))
    open_actions = django_tables2.Column(verbose_name=_("Open actions"), attrs={"td": {"class": "num"}})
    due_on = WhenColumn(verbose_name=_("Due"))
    opened_at = WhenColumn(verbose_name=_("Opened"), style="date")
    seen_count = django_tables2.Column(verbose_name=_("Times seen"), attrs={"td": {"class": "num"}})

    class Meta(AttuneTable.Meta):
        model = Finding
        fields = ("title", "system", "severity", "state", "open_actions", "due_on", "opened_at", "seen_count")


class FindingFilter(django_filters.FilterSet):
    """Search, state, severity, system."""

    q = django_filters.CharFilter(label=_("Search"), method="search")
    state = django_filters.ChoiceFilter(label=_("State"), choices=translated(FindingState))
    severity = django_filters.ChoiceFilter(label=_("Severity"), choices=translated(Severity))
    system = django_filters.CharFilter(label=_("System (short name)"), field_name="system__slug")

    class Meta:
        model = Finding
        fields = ("q", "state", "severity", "system")

    def search(self, rows: QuerySet[Finding], name: str, value: str) -> QuerySet[Finding]:
        """Title, check or system contains the text."""
        return rows.filter(
            Q(title__icontains=value) | Q(check_key__icontains=value) | Q(system__name__icontains=value)
        )
