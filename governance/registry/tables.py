"""The list of systems: columns and filter."""

import django_filters
import django_tables2
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from governance.registry.forms import translated
from governance.registry.models import System
from governance.registry.rules import ProviderRole, SystemState
from portal.web.tables import AttuneTable, LinkColumn, StateColumn, WhenColumn


class SystemTable(AttuneTable):
    """One line per system; the state of its deployment is annotated by the view."""

    name = LinkColumn(verbose_name=_("Name"), order_by=("sort_key",))
    unit = django_tables2.Column(verbose_name=_("Unit"), accessor="unit__name")
    owner = django_tables2.Column(
        verbose_name=_("Owner"), accessor="owner__display", order_by=("owner__name",)
    )
    state = StateColumn(verbose_name=_("Register"))
    deployment = StateColumn(verbose_name=_("Approval"), empty_values=(), accessor="deployment_state")
    valid_until = WhenColumn(verbose_name=_("Approved until"), accessor="deployment_until", style="date")
    worst = StateColumn(verbose_name=_("Legal outcome"), accessor="worst_outcome")
    open_findings = django_tables2.Column(verbose_name=_("Open findings"), attrs={"td": {"class": "num"}})
    created_at = WhenColumn(verbose_name=_("Registered"), style="date")

    class Meta(AttuneTable.Meta):
        model = System
        fields = (
            "name",
            "unit",
            "owner",
            "worst",
            "deployment",
            "valid_until",
            "open_findings",
            "state",
            "created_at",
        )
        order_by = ("name",)


class SystemFilter(django_filters.FilterSet):
    """Search, state, role."""

    q = django_filters.CharFilter(label=_("Search"), method="search")
    provider_role = django_filters.ChoiceFilter(label=_("Our role"), choices=translated(ProviderRole))
    state = django_filters.ChoiceFilter(label=_("State"), choices=translated(SystemState))

    class Meta:
        model = System
        fields = ("q", "provider_role", "state")

    def search(self, rows: QuerySet[System], name: str, value: str) -> QuerySet[System]:
        """Name, short name or description contains the text."""
        return rows.filter(
            Q(name__icontains=value) | Q(slug__icontains=value) | Q(description__icontains=value)
        )
