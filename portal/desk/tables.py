"""Lists of people and API keys."""

from typing import Any

import django_filters
import django_tables2 as tables
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.access.roles import TITLES, Role
from portal.access.selectors import active_roles
from portal.accounts.models import ApiKey, User
from portal.web.tables import AttuneTable, LinkColumn, StateColumn, WhenColumn


class PersonTable(AttuneTable):
    """Everybody with an account."""

    name = LinkColumn(verbose_name=_("Name"), accessor="display", order_by=("name", "email"))
    email = tables.Column(verbose_name=_("E-mail address"))
    held = tables.Column(verbose_name=_("Roles"), empty_values=(), orderable=False)
    state = StateColumn(verbose_name=_("State"), empty_values=(), order_by=("is_active", "valid_until"))
    last_login = WhenColumn(verbose_name=_("Last signed in"))
    valid_until = WhenColumn(verbose_name=_("Access ends"))

    class Meta(AttuneTable.Meta):
        model = User
        fields = ("name", "email", "held", "state", "last_login", "valid_until")

    def value_held(self, record: User) -> str:
        """The roles in words, each once."""
        held = {row.role for row in active_roles(record)}
        return ", ".join(gettext(TITLES[role]) for role in Role if role.value in held)

    render_held = value_held

    def value_state(self, record: User) -> str:
        """A code for the badge."""
        if not record.is_active:
            return "closed"
        return "expired" if record.ended(timezone.now()) else "active"

    def render_state(self, record: User, column: Any) -> str:
        """The badge."""
        return str(column.render(self.value_state(record)))


class YesNo(django_filters.widgets.BooleanWidget):
    """Yes, no, or all: a filter that is not set says so in words."""

    def __init__(self, attrs: Any = None) -> None:
        super().__init__(attrs)
        self.choices = [("", _("All")), ("true", _("Yes")), ("false", _("No"))]


class PersonFilter(django_filters.FilterSet):
    """By part of the name or address, role, and whether the account is open."""

    q = django_filters.CharFilter(label=_("Name or address"), method="search")
    role = django_filters.ChoiceFilter(
        label=_("Role"),
        empty_label=_("All"),
        choices=[(role.value, _(TITLES[role])) for role in Role],
        method="with_role",
    )
    is_active = django_filters.BooleanFilter(label=_("May sign in"), widget=YesNo)

    class Meta:
        model = User
        fields = ("q", "role", "is_active")

    def search(self, rows: QuerySet[User], _name: str, value: str) -> QuerySet[User]:
        """Name or address contains it."""
        return rows.filter(name__icontains=value) | rows.filter(email__icontains=value)

    def with_role(self, rows: QuerySet[User], _name: str, value: str) -> QuerySet[User]:
        """Holds the role somewhere."""
        return rows.filter(roles__role=value, roles__revoked_at__isnull=True).distinct()


class ApiKeyTable(AttuneTable):
    """Keys of the systems that the administrator manages."""

    name = tables.Column(verbose_name=_("Name"))
    prefix = tables.TemplateColumn("<code>{{ value }}</code>", verbose_name=_("Begins with"))
    system_name = tables.Column(verbose_name=_("System"), orderable=False)
    scopes = tables.Column(verbose_name=_("What it may do"), orderable=False)
    sandbox = tables.BooleanColumn(verbose_name=_("Sandbox"), yesno="✓,–")
    state = StateColumn(verbose_name=_("State"), empty_values=(), orderable=False)
    last_used_at = WhenColumn(verbose_name=_("Last used"))
    expires_at = WhenColumn(verbose_name=_("Expires"))
    act = tables.TemplateColumn(
        template_name="desk/key_revoke_link.html",
        verbose_name=_("Revoke"),
        orderable=False,
        exclude_from_export=True,
    )

    class Meta(AttuneTable.Meta):
        model = ApiKey
        fields = ("name", "prefix", "system_name", "scopes", "sandbox", "state", "last_used_at", "expires_at")

    def render_scopes(self, value: list[str]) -> str:
        """One line."""
        return ", ".join(value)

    value_scopes = render_scopes

    def value_state(self, record: ApiKey) -> str:
        """A code for the badge."""
        return record.state(timezone.now())

    def render_state(self, record: ApiKey, column: Any) -> str:
        """The badge."""
        return str(column.render(self.value_state(record)))


class ApiKeyFilter(django_filters.FilterSet):
    """By name."""

    q = django_filters.CharFilter(label=_("Name"), field_name="name", lookup_expr="icontains")
    sandbox = django_filters.BooleanFilter(label=_("Sandbox"), widget=YesNo)

    class Meta:
        model = ApiKey
        fields = ("q", "sandbox")
