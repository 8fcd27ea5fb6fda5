"""The list of certificates: columns and filter."""

import django_filters
import django_tables2 as tables
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.holding.models import Retained
from governance.retention import rules
from portal.web.badges import word
from portal.web.tables import AttuneTable, NumberColumn, WhenColumn


class RetainedTable(AttuneTable):
    """One line per part, whose readings, and night."""

    part = tables.Column(verbose_name=_("What"))
    about = tables.Column(
        verbose_name=_("Of whom"), empty_values=(), orderable=False, attrs={"td": {"class": "wide"}}
    )
    days = NumberColumn(verbose_name=_("Kept (days)"))
    before = WhenColumn(verbose_name=_("Older than"))
    deleted = NumberColumn(verbose_name=_("Deleted"))
    unnamed = NumberColumn(verbose_name=_("Kept without what was personal"))
    policy_version = NumberColumn(verbose_name=_("Policy version"))
    began_at = WhenColumn(verbose_name=_("Deleted at"))

    class Meta(AttuneTable.Meta):
        model = Retained
        fields = ("part", "about", "days", "before", "deleted", "unnamed", "policy_version", "began_at")
        order_by = ("-before",)

    def render_part(self, value: str) -> str:
        """In words."""
        return gettext(rules.PARTS.get(value, value))

    def value_part(self, value: str) -> str:
        """In an export likewise."""
        return gettext(rules.PARTS.get(value, value))

    def render_about(self, record: Retained) -> str:
        """Role, purpose and modality; never who."""
        said = (record.subject_role, record.purpose, record.modality)
        return " × ".join(word(one) for one in said if one) or "–"

    def value_about(self, record: Retained) -> str:
        """In an export likewise."""
        return self.render_about(record)


class RetainedFilter(django_filters.FilterSet):
    """What went."""

    part = django_filters.ChoiceFilter(
        label=_("What"), choices=[(code, _(text)) for code, text in rules.PARTS.items()]
    )

    class Meta:
        model = Retained
        fields = ("part",)
