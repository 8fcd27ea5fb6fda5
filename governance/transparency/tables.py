"""Lists: requests of people, personal links, legal holds."""

import datetime as dt
from typing import Any

import django_filters
import django_tables2
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.holding.models import LegalHold
from governance.registry.forms import translated
from governance.transparency.models import PersonalLink, PersonRequest
from governance.transparency.rules import OPEN, RequestKind, RequestState
from portal.web.badges import word
from portal.web.tables import AttuneTable, LinkColumn, StateColumn, WhenColumn


class RequestTable(AttuneTable):
    """One line per request."""

    kind = LinkColumn(verbose_name=_("What"))
    system = django_tables2.Column(verbose_name=_("System"), order_by=("system__sort_key",))
    state = StateColumn(verbose_name=_("State"))
    due_on = WhenColumn(verbose_name=_("Due"))
    received_at = WhenColumn(verbose_name=_("Received"), style="date")
    closed_at = WhenColumn(verbose_name=_("Closed"), style="date")

    class Meta(AttuneTable.Meta):
        model = PersonRequest
        fields = ("kind", "system", "state", "due_on", "received_at", "closed_at")

    def render_kind(self, value: str) -> str:
        """In the language of the reader."""
        return word(value)

    def value_kind(self, value: str) -> str:
        """In an export likewise."""
        return word(value)


class RequestFilter(django_filters.FilterSet):
    """Kind, state, system, and only what is late."""

    kind = django_filters.ChoiceFilter(label=_("What"), choices=translated(RequestKind))
    state = django_filters.ChoiceFilter(label=_("State"), choices=translated(RequestState))
    system = django_filters.CharFilter(label=_("System (short name)"), field_name="system__slug")
    overdue = django_filters.BooleanFilter(label=_("Overdue"), method="late")

    class Meta:
        model = PersonRequest
        fields = ("kind", "state", "system", "overdue")

    def late(self, rows: QuerySet[PersonRequest], name: str, value: bool) -> QuerySet[PersonRequest]:
        """Open, and past its day; or all others."""
        late = Q(state__in=OPEN, due_on__lt=timezone.localdate())
        return rows.filter(late) if value else rows.exclude(late)


def link_state(link: PersonalLink, now: dt.datetime) -> str:
    """Whether it opens."""
    if link.revoked_at is not None:
        return "revoked"
    return "expired" if link.expires_at <= now else "active"


class LinkTable(AttuneTable):
    """One line per personal link."""

    systems = django_tables2.Column(verbose_name=_("System"), empty_values=(), orderable=False)
    created_at = WhenColumn(verbose_name=_("Made"))
    expires_at = WhenColumn(verbose_name=_("Works until"))
    state = StateColumn(verbose_name=_("State"), empty_values=(), orderable=False)
    act = django_tables2.Column(
        verbose_name=_("End it"), empty_values=(), orderable=False, exclude_from_export=True
    )

    class Meta(AttuneTable.Meta):
        model = PersonalLink
        fields = ("systems", "created_at", "expires_at", "state", "act")

    def render_systems(self, record: PersonalLink) -> str:
        """Their names."""
        return ", ".join(dict.fromkeys(row.system.name for row in record.people.all()))

    value_systems = render_systems

    def render_state(self, record: PersonalLink) -> Any:
        """As a badge."""
        from portal.web import badges

        return badges.render(link_state(record, timezone.now()))

    def value_state(self, record: PersonalLink) -> str:
        """As a word."""
        return word(link_state(record, timezone.now()))

    def render_act(self, record: PersonalLink) -> Any:
        """Where it is ended."""
        if link_state(record, timezone.now()) != "active":
            return "–"
        url = reverse("personal_link_revoke", args=[record.pk])
        return format_html('<a href="{}">{}</a>', url, gettext("End"))


class LinkFilter(django_filters.FilterSet):
    """By system."""

    system = django_filters.CharFilter(
        label=_("System (short name)"), field_name="people__system__slug", distinct=True
    )

    class Meta:
        model = PersonalLink
        fields = ("system",)


class HoldTable(AttuneTable):
    """One line per legal hold."""

    system = django_tables2.Column(verbose_name=_("System"), order_by=("system__sort_key",))
    scope = django_tables2.Column(verbose_name=_("What is kept"), empty_values=(), orderable=False)
    reason = django_tables2.Column(verbose_name=_("Reason"))
    placed_at = WhenColumn(verbose_name=_("Placed"), style="date")
    released_at = WhenColumn(verbose_name=_("Released"), style="date")
    act = django_tables2.Column(
        verbose_name=_("Release it"), empty_values=(), orderable=False, exclude_from_export=True
    )

    class Meta(AttuneTable.Meta):
        model = LegalHold
        fields = ("system", "scope", "reason", "placed_at", "released_at", "act")

    def render_scope(self, record: LegalHold) -> str:
        """The system, or somebody in it; who, a list does not say."""
        return gettext("Everything of the system") if record.pseudonym is None else gettext("One person")

    value_scope = render_scope

    def render_act(self, record: LegalHold) -> Any:
        """Where it is released."""
        if record.released_at is not None:
            return "–"
        url = reverse("legal_hold_release", args=[record.pk])
        return format_html('<a href="{}">{}</a>', url, gettext("Release"))


class HoldFilter(django_filters.FilterSet):
    """Standing or released."""

    standing = django_filters.BooleanFilter(
        label=_("Standing"), field_name="released_at", lookup_expr="isnull"
    )

    class Meta:
        model = LegalHold
        fields = ("standing",)
