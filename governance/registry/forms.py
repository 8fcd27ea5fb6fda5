"""What people type into the register: forms made from the table of fields."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.registry import fields, figures, rules, selectors
from governance.registry.fields import Field
from governance.registry.models import System
from governance.registry.pages import DateInput
from portal.access.selectors import units_with
from portal.accounts.models import Unit
from portal.errors import N_


def translated(enum: type[rules.Described], blank: bool = False) -> list[tuple[str, Any]]:
    """The choices of an enum, in the language of the reader."""
    rows: list[tuple[str, Any]] = [(value, _(text)) for value, text in enum.choices()]
    return [("", "---------"), *rows] if blank else rows


def parse_labels(text: str) -> tuple[list[str], dict[str, str]]:
    """Lines `label` or `label = shared label` -> the scheme and its mapping onto the shared scheme."""
    labels, mapping = [], {}
    for line in text.splitlines():
        label, _sign, shared = (part.strip() for part in line.partition("="))
        if label:
            labels.append(label)
            if shared:
                mapping[label] = shared
    return labels, mapping


def label_lines(labels: Iterable[str], mapping: Mapping[str, str]) -> str:
    """The other way round."""
    return "\n".join(f"{label} = {mapping[label]}" if label in mapping else label for label in labels)


def parse_dimensions(text: str) -> dict[str, list[str]]:
    """Lines `name: value, value` -> the slices by which figures may be shown."""
    rows = (line.partition(":") for line in text.splitlines() if line.strip())
    return {name.strip(): [v.strip() for v in values.split(",") if v.strip()] for name, _sign, values in rows}


def group_lines(groups: Mapping[str, Iterable[str]]) -> str:
    """The other way round."""
    return "\n".join(f"{name}: {', '.join(values)}" for name, values in groups.items())


class PathUnits(forms.ModelChoiceField):  # type: ignore[type-arg]  # no subscript at run time
    """Choose a unit; its depth in the tree shows."""

    def label_from_instance(self, obj: Any) -> str:
        """Name, indented."""
        return f"{'– ' * obj.depth}{obj.name}"


def people() -> QuerySet[Any]:
    """Everybody who may sign in."""
    return get_user_model().objects.filter(is_active=True).order_by("name", "email")


LABELS_HELP = N_("One a line; 'label = shared label' maps it onto the scheme that systems have in common.")


def form_field(one: Field, user: Any, *, needed: bool = False) -> forms.Field:
    """The field of a form for a field of the table; `needed`: it may not be left open."""
    common: dict[str, Any] = {"label": _(one.label), "required": needed}
    if one.help:
        common["help_text"] = _(one.help)
    maker = _MAKERS.get(one.kind)
    return maker(one, user, common) if maker else forms.CharField(max_length=one.longest or None, **common)


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


def _figure_choices() -> list[tuple[str, Any]]:
    rows = sorted(((f.id, gettext(f.name)) for f in figures.known().values()), key=lambda row: row[1])
    return [("", "---------"), *rows]


def _choice(one: Field, _user: Any, common: dict[str, Any]) -> forms.Field:
    assert one.enum is not None  # noqa: S101 - the table says so for every choice
    return forms.ChoiceField(choices=translated(one.enum, blank=True), **common)


def _choices(one: Field, _user: Any, common: dict[str, Any]) -> forms.Field:
    assert one.enum is not None  # noqa: S101 - likewise
    widget = forms.CheckboxSelectMultiple
    return forms.MultipleChoiceField(choices=translated(one.enum), widget=widget, **common)


def _model(queryset: Any, common: dict[str, Any]) -> forms.Field:
    return forms.ModelChoiceField(queryset=queryset, **common)


_MAKERS: dict[str, Any] = {
    "long": lambda one, user, common: forms.CharField(max_length=one.longest, widget=_area(3), **common),
    "email": lambda one, user, common: forms.EmailField(max_length=one.longest, **common),
    "number": lambda one, user, common: forms.IntegerField(min_value=one.least, max_value=one.most, **common),
    "decimal": lambda one, user, common: forms.DecimalField(
        max_digits=14, decimal_places=one.places, **common
    ),
    "date": lambda one, user, common: forms.DateField(
        widget=DateInput(), input_formats=["%Y-%m-%d"], **common
    ),
    "choice": _choice,
    "choices": _choices,
    "labels": lambda one, user, common: forms.CharField(
        widget=_area(6), **{**common, "help_text": _(LABELS_HELP)}
    ),
    "groups": lambda one, user, common: forms.CharField(widget=_area(3), **common),
    "codes": lambda one, user, common: forms.CharField(max_length=200, **common),
    "figure": lambda one, user, common: forms.ChoiceField(choices=_figure_choices, **common),
    "vendor": lambda one, user, common: _model(selectors.vendors(user), common),
    "mission": lambda one, user, common: _model(selectors.missions(user), common),
    "person": lambda one, user, common: _model(people(), common),
    "unit": lambda one, user, common: PathUnits(queryset=units_with(user, "view_register"), **common),
}


def typed(one: Field, value: Any) -> Any:
    """A cleaned value of a form as the services take it."""
    if one.kind == "codes":
        return [code.strip() for code in value.split(",") if code.strip()]
    if one.kind == "groups":
        return parse_dimensions(value)
    if one.kind == "person" and value is None:
        return value
    return value


def shown(one: Field, row: Any) -> Any:
    """What a form shows of a stored value."""
    value = getattr(row, one.name)
    if one.kind == "codes":
        return ", ".join(value)
    if one.kind == "groups":
        return group_lines(value)
    return value.normalize() if one.kind == "decimal" and value is not None else value


class TableForm(forms.Form):
    """A form for some fields of the table. Empty `row`: something new, with a number that makes sending twice harmless.

    `values()` gives what the services take. `why`: asks for the reason of a change. `draft`: anything may be left open,
    as the services allow it until the system is registered.
    """

    def __init__(
        self,
        *args: Any,
        table: Iterable[Field],
        user: Any,
        row: Any = None,
        why: bool = False,
        draft: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.table = tuple(table)
        for one in self.table:
            if one.kind == "mapping":
                continue  # typed together with the labels
            self.fields[one.name] = form_field(one, user, needed=one.needed and not draft)
            if row is not None:
                self.initial.setdefault(one.name, self.stored(one, row))
        if row is not None:
            self.fields["row_version"] = forms.IntegerField(widget=forms.HiddenInput)
            self.initial.setdefault("row_version", row.row_version)
        else:
            self.fields["token"] = forms.UUIDField(widget=forms.HiddenInput, required=False)
            self.initial.setdefault("token", uuid.uuid4())
        if why:
            self.fields["reason"] = forms.CharField(
                label=_("Why this change"),
                max_length=400,
                required=False,
                help_text=_("Needed where the change takes an approval out of force."),
            )

    @staticmethod
    def stored(one: Field, row: Any) -> Any:
        """What to show of a row; labels with their mapping in one."""
        if one.kind == "labels":
            return label_lines(row.labels, row.label_map)
        return shown(one, row)

    def values(self) -> dict[str, Any]:
        """The fields of the table as the services take them."""
        data = self.cleaned_data
        found = {one.name: typed(one, data.get(one.name)) for one in self.table if one.kind != "mapping"}
        if "labels" in found:
            found["labels"], found["label_map"] = parse_labels(found["labels"] or "")
        return found


class StartForm(TableForm):
    """The first step of a new system: also its short name and unit."""

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, table=fields.STEP["basics"].fields, user=user, draft=True, **kwargs)
        self.fields["unit"] = PathUnits(label=_("Unit"), queryset=units_with(user, "edit_register"))
        self.fields["slug"] = forms.SlugField(
            label=_("Short name"),
            max_length=60,
            required=False,
            help_text=_("Used in addresses and by the API; made from the name if you leave it empty."),
        )
        self.fields["name"].required = True
        self.fields["owner"].initial = user.pk
        self.order_fields(["name", "slug", "unit", "owner", "description", "provider_role"])
        units = list(self.fields["unit"].queryset[:2])  # type: ignore[attr-defined]
        if len(units) == 1:
            self.fields["unit"].initial = units[0].pk

    def clean(self) -> dict[str, Any]:
        """The short name from the name where none was typed."""
        data: dict[str, Any] = super().clean() or {}
        data["slug"] = data.get("slug") or slugify(data.get("name", ""))[:60].strip("-")
        return data


class VendorForm(TableForm):
    """A vendor, or a new one with short name and unit."""

    def __init__(self, *args: Any, user: Any, row: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, table=fields.VENDOR, user=user, row=row, why=row is not None, **kwargs)
        if row is None:
            self.fields["unit"] = PathUnits(label=_("Unit"), queryset=units_with(user, "edit_register"))
            self.fields["slug"] = forms.SlugField(
                label=_("Short name"),
                max_length=60,
                required=False,
                help_text=_("Used in addresses and by the API; made from the name if you leave it empty."),
            )
            self.order_fields(["name", "slug", "unit"])

    def clean(self) -> dict[str, Any]:
        """The short name from the name where none was typed."""
        data: dict[str, Any] = super().clean() or {}
        if "slug" in self.fields:
            data["slug"] = data.get("slug") or slugify(data.get("name", ""))[:60].strip("-")
        return data


class MissionForm(forms.Form):
    """A statement of the mission."""

    text = forms.CharField(label=_("Statement"), max_length=400, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, user: Any, row: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if row is None:
            self.fields["unit"] = PathUnits(label=_("Unit"), queryset=units_with(user, "edit_register"))
            self.fields["token"] = forms.UUIDField(
                widget=forms.HiddenInput, required=False, initial=uuid.uuid4
            )
        else:
            self.fields["row_version"] = forms.IntegerField(widget=forms.HiddenInput, initial=row.row_version)
            self.fields["text"].initial = row.text


EMOTION_CHOICES = [("unknown", _("I do not know")), ("yes", _("Yes")), ("no", _("No"))]


class ReportForm(forms.Form):
    """Report an AI that is not in the register."""

    name = forms.CharField(label=_("What is it called?"), max_length=120)
    what = forms.CharField(
        label=_("What does it do?"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    where_used = forms.CharField(label=_("Where is it used?"), max_length=200, required=False)
    used_by = forms.CharField(label=_("Who uses it?"), max_length=200, required=False)
    reads_emotion = forms.ChoiceField(
        label=_("Does it read people's emotions?"),
        choices=EMOTION_CHOICES,
        widget=forms.RadioSelect,
        initial="unknown",
    )
    token = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid.uuid4)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = units_with(user, "view_register")
        if units.exists():
            self.fields["unit"] = PathUnits(
                label=_("Unit"), queryset=units, required=False, empty_label=str(_("I do not know"))
            )


class AnswerForm(forms.Form):
    """Answer a report."""

    outcome = forms.ChoiceField(
        label=_("Answer"),
        choices=[
            ("not_ai", _("It is no AI that reads emotion")),
            ("already_registered", _("It is in the register already")),
        ],
        widget=forms.RadioSelect,
    )
    system = forms.ModelChoiceField(
        label=_("Which system"), queryset=System.objects.none(), required=False, to_field_name="slug"
    )
    answer = forms.CharField(
        label=_("What you tell the person who reported it"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["system"].queryset = selectors.visible(user)  # type: ignore[attr-defined]


class FileForm(forms.Form):
    """A register as a file."""

    LARGEST = 50 * 1024 * 1024
    file = forms.FileField(
        label=_("File"),
        help_text=_("JSON or ZIP as exported here, or CSV with one system a line; 50 MB at most."),
    )
    unit = PathUnits(
        label=_("Unit"),
        queryset=Unit.objects.none(),
        help_text=_("Where systems and vendors go for which the file names no unit of yours."),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units_with(user, "edit_register")  # type: ignore[attr-defined]

    def clean_file(self) -> bytes:
        """The bytes of the file."""
        file = self.cleaned_data["file"]
        if file.size > self.LARGEST:
            raise forms.ValidationError(_("The file is larger than 50 MB: divide it."))
        data: bytes = file.read()
        return data
