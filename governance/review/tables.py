"""The list of requests: columns and filter."""

import django_filters
import django_tables2
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from governance.registry.forms import translated
from governance.review.models import DeploymentRequest
from governance.review.rules import RequestState
from portal.web.tables import AttuneTable, LinkColumn, StateColumn, WhenColumn


class RequestTable(AttuneTable):
    """One line per request."""

    system = LinkColumn(
        verbose_name=_("Request"), accessor="system__name", linkify=lambda record: record.get_absolute_url()
    )
    version = django_tables2.Column(verbose_name=_("Version"), accessor="version__name")
    state = StateColumn(verbose_name=_("State"))
    board = django_tables2.Column(verbose_name=_("Board"), accessor="board__name")
    requested_by = django_tables2.Column(
        verbose_name=_("Asked by"), accessor="requested_by__display", order_by=("requested_by__name",)
    )
    submitted_at = WhenColumn(verbose_name=_("Submitted"), style="date")
    closed_at = WhenColumn(verbose_name=_("Decided"), style="date")

    class Meta(AttuneTable.Meta):
        model = DeploymentRequest
        fields = ("system", "version", "state", "board", "requested_by", "submitted_at", "closed_at")


class RequestFilter(django_filters.FilterSet):
    """Search and state."""

    q = django_filters.CharFilter(label=_("Search"), method="search")
    state = django_filters.ChoiceFilter(label=_("State"), choices=translated(RequestState))

    class Meta:
        model = DeploymentRequest
        fields = ("q", "state")

    def search(self, rows: QuerySet[DeploymentRequest], name: str, value: str) -> QuerySet[DeploymentRequest]:
        """System or question contains the text."""
        return rows.filter(
            Q(system__name__icontains=value) | Q(system__slug__icontains=value) | Q(summary__icontains=value)
        )
