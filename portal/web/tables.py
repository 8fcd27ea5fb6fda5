"""Tables: one base for all lists, with typed columns and an export of exactly what is on the screen."""

from typing import Any

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from portal.web import badges, numbers
from portal.web.templatetags.attune import when


class WhenColumn(tables.Column):
    """A moment or day; exported as a date, shown as `<time>`."""

    def __init__(self, *args: Any, style: str = "full", **kwargs: Any) -> None:
        self.style = style
        kwargs.setdefault("attrs", {"td": {"class": "text-nowrap"}})
        super().__init__(*args, **kwargs)

    def render(self, value: Any) -> str:
        return when(value, self.style)

    def value(self, value: Any) -> Any:
        return value


class StateColumn(tables.Column):
    """A status as a badge: word, icon, colour; exported as the word."""

    def render(self, value: Any) -> str:
        return badges.render(value)

    def value(self, value: Any) -> str:
        return badges.word(value)


class NumberColumn(tables.Column):
    """A number, right-aligned with tabular figures; `unit` as in numbers.format_value."""

    def __init__(self, *args: Any, unit: str = "count", **kwargs: Any) -> None:
        self.unit = unit
        kwargs.setdefault("attrs", {"td": {"class": "num"}, "th": {"class": "num"}})
        super().__init__(*args, **kwargs)

    def render(self, value: Any) -> str:
        return numbers.format_value(value, unit=self.unit)

    def value(self, value: Any) -> Any:
        return value


class FigureColumn(tables.Column):
    """A Figure: value and interval, or the reason why there is none."""

    def __init__(self, *args: Any, unit: str = "", **kwargs: Any) -> None:
        self.unit = unit
        kwargs.setdefault("attrs", {"td": {"class": "num"}, "th": {"class": "num"}})
        kwargs.setdefault("orderable", False)
        super().__init__(*args, **kwargs)

    def render(self, value: Any) -> str:
        shown = numbers.shown(value, unit=self.unit)
        if not shown.value:
            return format_html('<span class="figure-none">{}</span>', shown.reason)
        return format_html("{}<div class='figure-ci'>{}</div>", shown.value, shown.interval or shown.count)

    def value(self, value: Any) -> Any:
        return numbers.part(value, "value") if value is not None else None


class LinkColumn(tables.Column):
    """The name of a row as a link to its page (`get_absolute_url`)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("linkify", True)
        kwargs.setdefault("attrs", {"td": {"class": "fw-medium"}})
        super().__init__(*args, **kwargs)


class AttuneTable(tables.Table):
    """Base of all tables: the look, the words for an empty one, the person's locale."""

    class Meta:
        template_name = "components/table.html"
        default = "–"
        attrs = {"class": "table table-vcenter card-table attune-table"}
        empty_text = _("Nothing to show.")
