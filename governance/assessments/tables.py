"""The list of assessments: columns and filter."""

from typing import Any

import django_filters
import django_tables2
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from governance.assessments.models import Assessment
from governance.assessments.rules import Kind, State
from governance.registry.forms import translated
from portal.web.tables import AttuneTable, LinkColumn, StateColumn, WhenColumn


class KindColumn(LinkColumn):
    """The kind in words."""

    def render(self, value: Any) -> str:
        return str(_(Kind(value).sentence))

    def value(self, value: Any) -> str:
        return str(_(Kind(value).sentence))


class AssessmentTable(AttuneTable):
    """One line per version."""

    kind = KindColumn(verbose_name=_("Assessment"))
    system = django_tables2.Column(verbose_name=_("System"), linkify=True, order_by=("system__sort_key",))
    version = django_tables2.Column(verbose_name=_("Version"), attrs={"td": {"class": "num"}})
    state = StateColumn(verbose_name=_("State"))
    not_owed = django_tables2.BooleanColumn(verbose_name=_("Not owed"), yesno=(_("Not owed"), "–"))
    created_by = django_tables2.Column(
        verbose_name=_("Begun by"), accessor="created_by__display", order_by=("created_by__name",)
    )
    signed_by = django_tables2.Column(
        verbose_name=_("Signed by"), accessor="signed_by__display", order_by=("signed_by__name",)
    )
    signed_at = WhenColumn(verbose_name=_("Signed"), style="date")
    valid_until = WhenColumn(verbose_name=_("Valid until"), style="date")

    class Meta(AttuneTable.Meta):
        model = Assessment
        fields = (
            "kind",
            "system",
            "version",
            "state",
            "not_owed",
            "created_by",
            "signed_by",
            "signed_at",
            "valid_until",
        )


class AssessmentFilter(django_filters.FilterSet):
    """Search, kind, state, system, and what ends before a day."""

    q = django_filters.CharFilter(label=_("Search"), method="search")
    kind = django_filters.ChoiceFilter(label=_("Assessment"), choices=translated(Kind))
    state = django_filters.ChoiceFilter(label=_("State"), choices=translated(State))
    system = django_filters.CharFilter(label=_("System (short name)"), field_name="system__slug")
    ends = django_filters.DateFilter(
        label=_("Valid until, at the latest"), field_name="valid_until", lookup_expr="lte"
    )

    class Meta:
        model = Assessment
        fields = ("q", "kind", "state", "system", "ends")

    def search(self, rows: QuerySet[Assessment], name: str, value: str) -> QuerySet[Assessment]:
        """The system, or the reason why it is not owed, contains the text."""
        return rows.filter(
            Q(system__name__icontains=value)
            | Q(system__slug__icontains=value)
            | Q(not_owed_reason__icontains=value)
        )
