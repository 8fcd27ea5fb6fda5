"""The shape of what people type into the register."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from governance.registry import rules
from governance.registry.models import System
from portal.access.selectors import units_with


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


def parse_dimensions(text: str) -> dict[str, list[str]]:
    """Lines `name: value, value` -> the slices by which figures may be shown."""
    rows = (line.partition(":") for line in text.splitlines() if line.strip())
    return {name.strip(): [v.strip() for v in values.split(",") if v.strip()] for name, _sign, values in rows}


class SystemForm(forms.Form):
    """Register a system, or change it (then without short name, unit and owner)."""

    name = forms.CharField(label=_("Name"), max_length=120)
    slug = forms.SlugField(
        label=_("Short name"),
        max_length=60,
        required=False,
        help_text=_("Used in addresses and by the API; made from the name if you leave it empty."),
    )
    description = forms.CharField(
        label=_("What it does, in plain language"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )
    provider_role = forms.ChoiceField(label=_("Our role under the AI Act"))
    unit: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(label=_("Unit"), queryset=None)
    owner: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(label=_("Owner"), queryset=None)
    labels = forms.CharField(
        label=_("Emotion labels"),
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_(
            "One a line; 'label = shared label' maps it onto the scheme that systems have in common."
        ),
    )
    languages = forms.CharField(
        label=_("Languages"), help_text=_("Codes divided by commas, such as nl, en."), max_length=200
    )
    dimensions = forms.CharField(
        label=_("Groups to compare"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line: 'language: nl, en'. Only declared groups are stored with an interaction."),
    )
    link_template = forms.CharField(
        label=_("Address of a conversation in the system"),
        required=False,
        max_length=400,
        help_text=_("With {id} where its own id goes. The portal keeps no text."),
    )

    def __init__(self, *args: Any, user: Any, system: System | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["provider_role"].choices = translated(rules.ProviderRole)  # type: ignore[attr-defined]
        if system is not None:
            for name in ("slug", "unit", "owner"):
                del self.fields[name]
            self.fields["row_version"] = forms.IntegerField(widget=forms.HiddenInput)
            self.fields["reason"] = forms.CharField(label=_("Why this change"), max_length=400)
            return
        self.fields["unit"].queryset = units_with(user, "edit_register")  # type: ignore[attr-defined]
        people = get_user_model().objects.filter(is_active=True).order_by("name")
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]
        self.fields["owner"].initial = user.pk

    def clean(self) -> dict[str, Any]:
        """Turn the lines into lists and mappings."""
        data: dict[str, Any] = super().clean() or {}
        if "slug" in self.fields:
            data["slug"] = data.get("slug") or slugify(data.get("name", ""))[:60]
        if "labels" in data:
            data["labels"], data["label_map"] = parse_labels(data["labels"])
        data["languages"] = [code.strip() for code in data.get("languages", "").split(",") if code.strip()]
        data["dimensions"] = parse_dimensions(data.get("dimensions", ""))
        return data


def initial_of(system: System) -> dict[str, Any]:
    """What the form shows for a system that is in the register."""
    lines = [f"{x} = {system.label_map[x]}" if x in system.label_map else x for x in system.labels]
    groups = [f"{name}: {', '.join(values)}" for name, values in system.dimensions.items()]
    return {
        "name": system.name,
        "description": system.description,
        "provider_role": system.provider_role,
        "labels": "\n".join(lines),
        "languages": ", ".join(system.languages),
        "dimensions": "\n".join(groups),
        "link_template": system.link_template,
        "row_version": system.row_version,
    }
