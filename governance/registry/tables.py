"""The lists of the register: columns and filters."""

import datetime as dt
from typing import Any

import django_filters
import django_tables2
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.registry import selectors
from governance.registry.forms import translated
from governance.registry.models import System, UnlistedReport, Vendor
from governance.registry.rules import Learning, ProviderRole, ReportState, SystemState, TransferTool
from portal.accounts.models import Unit
from portal.web.tables import AttuneTable, LinkColumn, StateColumn, WhenColumn

EXPIRING_DAYS = 90
NEVER = "never"


class SystemTable(AttuneTable):
    """One line per system; the state of its deployment is annotated by the view."""

    name = LinkColumn(verbose_name=_("Name"), order_by=("sort_key",))
    unit = django_tables2.Column(verbose_name=_("Unit"), accessor="unit__name")
    owner = django_tables2.Column(
        verbose_name=_("Owner"), accessor="owner__display", order_by=("owner__name",)
    )
    vendor = django_tables2.Column(
        verbose_name=_("Vendor"), accessor="vendor__name", order_by=("vendor__name",)
    )
    provider_role = django_tables2.Column(verbose_name=_("Our role"))
    learning = django_tables2.Column(verbose_name=_("Learns in production"))
    languages = django_tables2.Column(verbose_name=_("Languages"), orderable=False)
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
            "vendor",
            "worst",
            "deployment",
            "valid_until",
            "open_findings",
            "state",
            "provider_role",
            "learning",
            "languages",
            "created_at",
        )
        order_by = ("name",)

    def render_provider_role(self, value: str) -> str:
        """In words."""
        return gettext(ProviderRole(value).sentence)

    value_provider_role = render_provider_role

    def render_learning(self, value: str) -> str:
        """In words."""
        return gettext(Learning(value).sentence)

    value_learning = render_learning

    def render_languages(self, value: list[str]) -> str:
        """One line."""
        return ", ".join(value)

    value_languages = render_languages


def _units(request: Any) -> QuerySet[Unit]:
    return Unit.objects.filter(pk__in=selectors.visible(request.user, drafts=True).values("unit"))


def _owners(request: Any) -> QuerySet[Any]:
    owners = selectors.visible(request.user, drafts=True).values("owner")
    return get_user_model().objects.filter(pk__in=owners).order_by("name", "email")


def _vendors(request: Any) -> QuerySet[Vendor]:
    return selectors.vendors(request.user)


OUTCOMES = [
    ("prohibited", _("Prohibited")),
    ("hold", _("On hold")),
    ("high_risk", _("High risk")),
    ("transparency", _("Transparency duties")),
    ("minimal", _("Minimal risk")),
    ("not_emotion_recognition", _("Not emotion recognition")),
    (NEVER, _("No data flow yet")),
]
APPROVALS = [
    ("in_force", _("In force")),
    ("suspended", _("Suspended")),
    ("lapsed", _("Lapsed")),
    ("voided", _("Void")),
    (NEVER, _("Never approved")),
]
DUE = [
    ("expiring", _("Approval ends within 90 days")),
    ("overdue", _("An open finding is overdue")),
    ("contract", _("Contract ends within 90 days, or ended")),
]


class SystemFilter(django_filters.FilterSet):
    """Search, and what people sort a register by."""

    q = django_filters.CharFilter(label=_("Search"), method="search")
    unit = django_filters.ModelChoiceFilter(label=_("Unit"), queryset=_units)
    owner = django_filters.ModelChoiceFilter(label=_("Owner"), queryset=_owners)
    vendor = django_filters.ModelChoiceFilter(label=_("Vendor"), queryset=_vendors, to_field_name="slug")
    outcome = django_filters.ChoiceFilter(label=_("Legal outcome"), choices=OUTCOMES, method="with_outcome")
    approval = django_filters.ChoiceFilter(label=_("Approval"), choices=APPROVALS, method="with_approval")
    due = django_filters.ChoiceFilter(label=_("Due"), choices=DUE, method="with_due")
    provider_role = django_filters.ChoiceFilter(label=_("Our role"), choices=translated(ProviderRole))
    learning = django_filters.ChoiceFilter(label=_("Learns in production"), choices=translated(Learning))
    state = django_filters.ChoiceFilter(
        label=_("State"), choices=[row for row in translated(SystemState) if row[0] != "discarded"]
    )

    class Meta:
        model = System
        fields = (
            "q",
            "unit",
            "owner",
            "vendor",
            "outcome",
            "approval",
            "due",
            "provider_role",
            "learning",
            "state",
        )

    def search(self, rows: QuerySet[System], name: str, value: str) -> QuerySet[System]:
        """Name, short name, description or vendor contains the text."""
        text = value.replace("\x00", "")
        return rows.filter(
            Q(name__icontains=text)
            | Q(slug__icontains=text)
            | Q(description__icontains=text)
            | Q(vendor__name__icontains=text)
        )

    # the rows carry what `with_standing` annotates, of which their type knows nothing: hence Any
    def with_outcome(self, rows: Any, name: str, value: str) -> Any:
        """The worst outcome of its flows; 'never': nothing is screened."""
        if value == NEVER:
            return rows.filter(worst_outcome__isnull=True)
        return rows.filter(worst_outcome=value)

    def with_approval(self, rows: Any, name: str, value: str) -> Any:
        """The state of the latest deployment."""
        if value == NEVER:
            return rows.filter(deployment_state__isnull=True)
        return rows.filter(deployment_state=value)

    def with_due(self, rows: Any, name: str, value: str) -> Any:
        """What needs somebody soon, or needed somebody before today."""
        today, now = timezone.localdate(), timezone.now()
        soon = today + dt.timedelta(days=EXPIRING_DAYS)
        if value == "expiring":
            until = now + dt.timedelta(days=EXPIRING_DAYS)
            return rows.filter(deployment_state="in_force", deployment_until__lte=until)
        if value == "contract":
            return rows.filter(vendor__contract_until__lte=soon)
        # by id: a join would multiply the count of open findings
        late = System.objects.filter(findings__state="open", findings__due_on__lt=today)
        return rows.filter(pk__in=late.values("pk"))


class VendorTable(AttuneTable):
    """One line per vendor."""

    name = LinkColumn(verbose_name=_("Name"))
    unit = django_tables2.Column(verbose_name=_("Unit"), accessor="unit__name")
    n_systems = django_tables2.Column(verbose_name=_("Systems"), attrs={"td": {"class": "num"}})
    contract_reference = django_tables2.Column(verbose_name=_("Reference of the contract"))
    contract_until = WhenColumn(verbose_name=_("Contract ends on"))
    transfer_tool = django_tables2.Column(verbose_name=_("Transfer tool"))
    contact_name = django_tables2.Column(verbose_name=_("Contact person"))

    class Meta(AttuneTable.Meta):
        model = Vendor
        fields = (
            "name",
            "unit",
            "n_systems",
            "contract_reference",
            "contract_until",
            "transfer_tool",
            "contact_name",
        )

    def render_transfer_tool(self, value: str) -> str:
        """In words."""
        return gettext(TransferTool(value).sentence)

    value_transfer_tool = render_transfer_tool


class VendorFilter(django_filters.FilterSet):
    """By name, transfer tool and the end of the contract."""

    q = django_filters.CharFilter(label=_("Search"), method="search")
    transfer_tool = django_filters.ChoiceFilter(label=_("Transfer tool"), choices=translated(TransferTool))
    due = django_filters.ChoiceFilter(
        label=_("Due"), choices=[("contract", _("Contract ends within 90 days, or ended"))], method="with_due"
    )

    class Meta:
        model = Vendor
        fields = ("q", "transfer_tool", "due")

    def search(self, rows: QuerySet[Vendor], name: str, value: str) -> QuerySet[Vendor]:
        """Name or reference contains the text."""
        text = value.replace("\x00", "")
        return rows.filter(Q(name__icontains=text) | Q(contract_reference__icontains=text))

    def with_due(self, rows: QuerySet[Vendor], name: str, value: str) -> QuerySet[Vendor]:
        """The contract ends soon, or ended."""
        return rows.filter(contract_until__lte=timezone.localdate() + dt.timedelta(days=EXPIRING_DAYS))


class ReportTable(AttuneTable):
    """One line per report."""

    name = LinkColumn(verbose_name=_("Name"))
    unit = django_tables2.Column(verbose_name=_("Unit"), accessor="unit__name")
    reads_emotion = StateColumn(verbose_name=_("Reads emotion"))
    state = StateColumn(verbose_name=_("State"))
    created_by = django_tables2.Column(
        verbose_name=_("Reported by"), accessor="created_by__display", order_by=("created_by__name",)
    )
    created_at = WhenColumn(verbose_name=_("Reported"), style="date")
    answered_at = WhenColumn(verbose_name=_("Answered"), style="date")

    class Meta(AttuneTable.Meta):
        model = UnlistedReport
        fields = ("name", "unit", "reads_emotion", "state", "created_by", "created_at", "answered_at")


class ReportFilter(django_filters.FilterSet):
    """By state and whose it is."""

    state = django_filters.ChoiceFilter(label=_("State"), choices=translated(ReportState))
    mine = django_filters.ChoiceFilter(
        label=_("Whose"), choices=[("yes", _("Reported by me"))], method="of_mine"
    )

    class Meta:
        model = UnlistedReport
        fields = ("state", "mine")

    def of_mine(self, rows: QuerySet[UnlistedReport], name: str, value: str) -> QuerySet[UnlistedReport]:
        """Only one's own."""
        return rows.filter(created_by=self.request.user)
