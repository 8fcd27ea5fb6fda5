"""Values of the register in the words of the reader: for history, comparisons and 'what changed meanwhile'."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, gettext

from governance.registry import emotions, figures
from governance.registry.fields import Field
from governance.registry.models import Vendor
from governance.registry.revisions import NOT_RECORDED, Difference
from portal.accounts.models import Unit
from portal.web import badges


@dataclass(frozen=True)
class Names:
    """The names behind ids, paths and short names; what is gone shows as it was written."""

    people: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    vendors: Mapping[str, str] = field(default_factory=dict)


def names_of(values: Iterable[tuple[Field, Any]]) -> Names:
    """The names that these values need; at most one query a kind."""
    wanted: dict[str, set[str]] = {"person": set(), "unit": set(), "vendor": set()}
    for one, value in values:
        if one.kind in wanted and isinstance(value, str) and value:
            wanted[one.kind].add(value)
    people, units, vendors = wanted["person"], wanted["unit"], wanted["vendor"]
    users = get_user_model().objects.filter(pk__in=people) if people else ()
    return Names(
        people={str(user.pk): str(user) for user in users},
        units={u.path: u.name for u in Unit.objects.filter(path__in=units)} if units else {},
        vendors={v.slug: v.name for v in Vendor.objects.filter(slug__in=vendors)} if vendors else {},
    )


def say(one: Field, value: Any, names: Names) -> str:
    """One value as JSON in words; empty for nothing."""
    if value is NOT_RECORDED:
        return gettext("was not recorded yet")
    if value in (None, "", [], {}):
        return ""
    speaker = _SPEAKERS.get(one.kind)
    return speaker(one, value, names) if speaker else str(value)


def _choice(one: Field, value: Any, names: Names) -> str:
    known = one.enum is not None and value in one.enum.values()
    return gettext(one.enum(value).sentence) if known and one.enum else str(value)


def shared_name(label: str) -> str:
    """A label of the shared scheme in the language of the reader."""
    found = emotions.current().labels.get(label)
    return found.name(get_language() or "en") if found else label


def _figure(one: Field, value: Any, names: Names) -> str:
    found = figures.known().get(value)
    return gettext(found.name) if found else str(value)


def _date(one: Field, value: Any, names: Names) -> str:
    return str(date_format(date.fromisoformat(value), "DATE_FORMAT"))


def _decimal(one: Field, value: Any, names: Names) -> str:
    number = Decimal(str(value))
    places = max(0, -int(number.as_tuple().exponent))
    return str(number_format(number, decimal_pos=places, force_grouping=True))


_SPEAKERS: dict[str, Any] = {
    "choice": _choice,
    "choices": lambda one, value, names: "; ".join(_choice(one, v, names) for v in value),
    "labels": lambda one, value, names: ", ".join(value),
    "codes": lambda one, value, names: ", ".join(value),
    "mapping": lambda one, value, names: ", ".join(f"{k} = {shared_name(v)}" for k, v in value.items()),
    "groups": lambda one, value, names: "; ".join(f"{k}: {', '.join(v)}" for k, v in value.items()),
    "answers": lambda one, value, names: "; ".join(
        f"{badges.word(k)}: {badges.word(v)}" for k, v in value.items()
    ),
    "figure": _figure,
    "date": _date,
    "decimal": _decimal,
    "person": lambda one, value, names: names.people.get(value, value),
    "unit": lambda one, value, names: names.units.get(value, value),
    "vendor": lambda one, value, names: names.vendors.get(value, value),
}


def differences(found: Iterable[Difference]) -> list[dict[str, Any]]:
    """Rows for `components/diff.html`: field, before, after in words, and whether the change is material."""
    found = list(found)
    values = [(d.field, v) for d in found if d.field for v in (d.before, d.after)]
    leads = [(d.part.by_name[d.part.lead], v) for d in found if d.part for v in (d.row, d.before, d.after)]
    names = names_of([*values, *leads])
    return [_difference(one, names) for one in found]


def _difference(one: Difference, names: Names) -> dict[str, Any]:
    place = ""
    if one.part is not None:
        lead = one.part.by_name[one.part.lead]
        place = f"{gettext(one.part.one)} '{say(lead, one.row, names)}'"
    if one.field is None and one.part is not None:
        lead = one.part.by_name[one.part.lead]
        before, after = (_whole(lead, value, names) for value in (one.before, one.after))
        return {"field": place, "before": before, "after": after, "material": one.material, **_quiet(one)}
    assert one.field is not None  # noqa: S101 - a difference is of a field or of a whole row
    label = gettext(one.field.label)
    return {
        "field": f"{place}: {label}" if place else label,
        "before": say(one.field, one.before, names),
        "after": say(one.field, one.after, names),
        "material": one.material,
        **_quiet(one),
    }


def _quiet(one: Difference) -> dict[str, bool]:
    """Which side is no value but a remark: not there, not recorded."""
    whole = one.field is None
    return {
        f"{side}_quiet": value is NOT_RECORDED or (whole and value is None)
        for side, value in (("before", one.before), ("after", one.after))
    }


def _whole(lead: Field, value: Any, names: Names) -> str:
    """A row that came or went, named by its leading field."""
    return gettext("not there") if value is None else say(lead, value, names)


def meanwhile(rows: Iterable[Mapping[str, Any]], table: Mapping[str, Field]) -> list[dict[str, str]]:
    """What changed while somebody was typing: field, what it was, theirs and yours in words."""
    rows = [row for row in rows if row["field"] in table]
    values = [(table[row["field"]], row[side]) for row in rows for side in ("before", "theirs", "yours")]
    names = names_of(values)
    return [
        {
            "field": gettext(table[row["field"]].label),
            **{side: say(table[row["field"]], row[side], names) for side in ("before", "theirs", "yours")},
        }
        for row in rows
    ]
