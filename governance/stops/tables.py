"""The list of stops: columns and filter."""

from typing import Any

import django_filters
import django_tables2 as tables
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.stops import rules
from governance.stops.models import Stop
from portal.web.badges import word
from portal.web.tables import AttuneTable, NumberColumn, StateColumn, WhenColumn


class StopTable(AttuneTable):
    """One line per stop."""

    number = tables.Column(verbose_name=_("No."), attrs={"td": {"class": "num"}, "th": {"class": "num"}})
    type = tables.Column(verbose_name=_("What"))
    about = tables.Column(verbose_name=_("About"), empty_values=(), orderable=False)
    effective_at = WhenColumn(verbose_name=_("Counts from"))
    due_at = WhenColumn(verbose_name=_("Confirm by"))
    stopped_at = WhenColumn(verbose_name=_("Stopped"))
    latency = NumberColumn(verbose_name=_("Time to stop"), unit="s", orderable=False)
    state = StateColumn(verbose_name=_("State"), empty_values=(), order_by=("acknowledged_at", "due_at"))

    class Meta(AttuneTable.Meta):
        model = Stop
        fields = ("number", "type", "about", "state", "effective_at", "due_at", "stopped_at", "latency")
        order_by = ("-number",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = timezone.now()

    def render_type(self, value: str) -> str:
        """In words."""
        return gettext(rules.TYPES[value])

    def value_type(self, value: str) -> str:
        """In an export likewise."""
        return gettext(rules.TYPES[value])

    def render_about(self, record: Stop) -> str:
        """Purpose and modality, or the data flows; never who."""
        if record.purpose:
            return f"{word(record.purpose)} × {word(record.modality)}"
        return ", ".join(record.flows)

    def value_about(self, record: Stop) -> str:
        """In an export likewise."""
        return self.render_about(record)

    def _state(self, record: Stop) -> str:
        return rules.stop_state(record.due_at, record.acknowledged_at, self.now)

    def render_state(self, record: Stop, column: StateColumn) -> str:
        """The badge."""
        return column.render(self._state(record))

    def value_state(self, record: Stop) -> str:
        """The word."""
        return str(word(self._state(record)))

    def render_latency(self, record: Stop, column: NumberColumn) -> str:
        """In seconds."""
        return column.render(self.value_latency(record))

    def value_latency(self, record: Stop) -> float | None:
        """Seconds from the moment it counts to the moment the system stopped."""
        return record.latency.total_seconds() if record.latency is not None else None


STATES = [
    ("stop_asked", _("Asked, not confirmed yet")),
    ("stop_overdue", _("Not confirmed in time")),
    ("stop_confirmed", _("Confirmed")),
    ("stop_late", _("Confirmed too late")),
]


class StopFilter(django_filters.FilterSet):
    """State and type."""

    state = django_filters.ChoiceFilter(label=_("State"), choices=STATES, method="in_state")
    type = django_filters.ChoiceFilter(
        label=_("What"), choices=[(code, _(text)) for code, text in rules.TYPES.items()]
    )

    class Meta:
        model = Stop
        fields = ("state", "type")

    def in_state(self, rows: QuerySet[Stop], name: str, value: str) -> QuerySet[Stop]:
        """As rules.stop_state says, in the database."""
        now = timezone.now()
        if value == "stop_asked":
            return rows.filter(acknowledged_at__isnull=True, due_at__gte=now)
        if value == "stop_overdue":
            return rows.filter(acknowledged_at__isnull=True, due_at__lt=now)
        if value == "stop_late":
            return rows.filter(acknowledged_at__gt=F("due_at"))
        return rows.filter(acknowledged_at__lte=F("due_at"))
