"""Template tags of the house; built in, no `{% load %}` needed."""

import datetime as dt
import enum
import re
from typing import Any

import lucide
from django import template
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.web import badges, numbers
from portal.web import markdown as markup
from portal.web.shorten import shorten

register = template.Library()
ICON_ALIASES = {
    "circle-help": "circle-question-mark",
    "filter": "funnel",
    "fingerprint": "fingerprint-pattern",
}


@register.simple_tag
def icon(name: str, size: int = 20, label: str = "", cls: str = "") -> SafeString:
    """An inline SVG icon; decoration unless a `label` is given.

    `name` is a lucide name. Errors: lucide.IconDoesNotExist for an unknown one.
    """
    name = ICON_ALIASES.get(str(name), str(name))
    extra = {"role": "img", "aria_label": str(label)} if label else {"aria_hidden": "true"}
    svg = lucide._render_icon(name, size, **{"class": f"icon {cls}".strip(), "focusable": "false", **extra})
    return mark_safe(svg)  # noqa: S308 - drawn by the library from our own literals; attributes are escaped


@register.simple_tag
def when(value: dt.date | dt.datetime | str | None, style: str = "full") -> str:
    """A moment or a day as `<time>`: in the person's zone and language; 'date' as style leaves the clock out."""
    if value is None or value == "":
        return format_html('<span class="text-secondary">{}</span>', "–")
    if isinstance(value, str):
        value = (
            dt.datetime.fromisoformat(value) if "T" in value or " " in value else dt.date.fromisoformat(value)
        )
    if not isinstance(value, dt.datetime):
        return format_html(
            '<time datetime="{}">{}</time>', value.isoformat(), formats.date_format(value, "DATE_FORMAT")
        )
    if timezone.is_naive(value):
        value = timezone.make_aware(value, dt.UTC)
    local = timezone.localtime(value)
    shown = formats.date_format(local, "DATE_FORMAT" if style == "date" else "DATETIME_FORMAT")
    stamp = value.astimezone(dt.UTC).isoformat(timespec="seconds")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', stamp, f"{stamp[:19].replace('T', ' ')} UTC", shown
    )


@register.simple_tag
def figure_value(figure: Any, unit: str = "", digits: int | None = None) -> str:
    """A Figure (dict or object) as value, interval and n; in words when there is no number to show."""
    shown = numbers.shown(figure, unit=unit, digits=digits)
    if not shown.value:
        return format_html('<span class="figure-none">{}</span>', shown.reason)
    tail = format_html(' <span class="figure-ci">{}</span>', shown.interval) if shown.interval else ""
    n = format_html(' <span class="figure-n">{}</span>', shown.count) if shown.count else ""
    return format_html('<span class="figure-value">{}</span>{}{}', shown.value, tail, n)


@register.filter
def figure_parts(figure: Any, unit: str = "") -> numbers.Shown:
    """The same in parts (value, interval, count, reason), for a template that lays them out itself."""
    return numbers.shown(figure, unit=unit)


@register.filter
def number(value: Any, unit: str = "") -> str:
    """A number in the person's language; `unit` as in numbers.format_value."""
    return "–" if value is None or value == "" else numbers.format_value(value, unit=unit)


@register.simple_tag
def verdict(value: Any) -> str:
    """Badge of a verdict: met, not_met, not_enough_evidence, error, not_applicable."""
    return badges.render(value)


@register.simple_tag
def state(value: Any, label: str = "") -> str:
    """Badge of any state or severity: a word, an icon and a colour; never colour alone."""
    return badges.render(value, label=label)


@register.filter
def method(text: str) -> str:
    """How a figure was calculated, in the language of the reader; its parts stand apart by semicolons."""
    return "; ".join(_method_part(part) for part in str(text).split("; "))


def _method_part(part: str) -> str:
    """One marked text; where it holds numbers (draws, seed), the marked text has {0}, {1} … in their places."""
    if not part or (known := gettext(part)) != part:
        return known if part else ""
    held = iter(range(part.count("") + 1))
    marked = re.sub(r"\d+", lambda _found: f"{{{next(held)}}}", part)
    return gettext(marked).format(*re.findall(r"\d+", part))


@register.filter
def word(value: Any) -> str:
    """The translated short word of a code, as on its badge ('not_met' -> 'Not met')."""
    return badges.word(value)


@register.filter
def sentence(value: Any) -> str:
    """The translated sentence of an enum member (`.sentence`, else its word) or of a marked English text."""
    if isinstance(value, enum.Enum):
        text = getattr(value, "sentence", "") or getattr(value, "label", "")
        text = text() if callable(text) else text
        return gettext(str(text)) if text else badges.word(value)
    return gettext(str(value)) if value else ""


# the parts of a legal reference; what is not here, numbers and names of other laws, reads the same in every language
_CITED = {
    "AI Act": _("AI Act"),
    "GDPR": _("GDPR"),
    "Arts": _("Arts"),
    "Art": _("Art"),
    "Annex": _("Annex"),
    "recital": _("recital"),
    "exception": _("exception"),
    "and": _("and"),
    "to be checked": _("to be checked"),
    "Charter of Fundamental Rights": _("Charter of Fundamental Rights"),
}
# the space before a number too: 'Art 9' is not torn apart at the end of a line
_CITATION = re.compile(r"\b(" + "|".join(_CITED) + r")\b( (?=[\dIVX]))?")


@register.filter
def citation(value: Any) -> str:
    """A legal reference ('AI Act, Art 5(1)(f)'), or a list of them, in the reader's language."""
    text = value if isinstance(value, str) else "; ".join(value or [])
    return _CITATION.sub(lambda found: str(_CITED[found[1]]) + ("\u00a0" if found[2] else ""), text)


@register.simple_tag
def crumb(label: Any, url: str = "") -> str:
    """One step of the path above the heading."""
    if url:
        return format_html('<li class="breadcrumb-item"><a href="{}">{}</a></li>', url, label)
    return format_html('<li class="breadcrumb-item">{}</li>', label)


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """The current query string with some parameters replaced (None removes); starts with '?'."""
    params = context["request"].GET.copy()
    for key, value in changes.items():
        if value is None or value == "":
            params.pop(key, None)
        else:
            params[key] = value
    return f"?{params.urlencode()}"


class KeepNode(template.Node):
    """Renders what it holds into a variable instead of the page, so that a block can be shown twice."""

    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name = name
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        context[self.name] = mark_safe(self.nodelist.render(context).strip())  # noqa: S308 - rendered, so escaped
        return mark_safe("")


@register.tag
def keep(parser: Parser, token: Token) -> KeepNode:
    """`{% keep name %}…{% endkeep %}`: the rendered content becomes the variable `name`."""
    _tag, name = token.split_contents()
    nodelist = parser.parse(("endkeep",))
    parser.delete_first_token()
    return KeepNode(name, nodelist)


@register.filter
def shortened(text: Any, length: int) -> str:
    """A text of at most `length` characters on one line, with how many there are where it is longer; 0: as it is."""
    return shorten(str(text or ""), length)


@register.filter
def markdown(value: Any) -> SafeString:
    """Markdown that people wrote, as safe HTML; put it in an element of class `prose`."""
    return markup.render(str(value or ""))


@register.filter
def as_csv(chart_url: str) -> str:
    """The address of a chart's numbers as CSV: `/charts/key.json?…` -> `/charts/key.csv?…`."""
    return chart_url.replace(".json", ".csv", 1)
