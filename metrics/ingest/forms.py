"""The shape of an import: a file, then what its columns mean."""

from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from governance.registry.models import System
from metrics.ingest.files import EVALUATION_FIELDS, LIVE_FIELDS, LIVE_REQUIRED

LARGEST = 20 * 1024 * 1024


class UploadForm(forms.Form):
    """Which system, what kind of file, the file."""

    system = forms.ModelChoiceField(label=_("System"), queryset=System.objects.none(), to_field_name="slug")
    kind = forms.ChoiceField(
        label=_("What it is"),
        choices=[
            ("evaluation", _("Evaluation set: gold and predicted labels")),
            ("live", _("Live interactions")),
        ],
        widget=forms.RadioSelect,
        initial="evaluation",
    )
    file = forms.FileField(
        label=_("CSV file"), help_text=_("UTF-8, first line with the names of the columns; 20 MB at most.")
    )

    def __init__(self, *args: Any, systems: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["system"].queryset = systems  # type: ignore[attr-defined]

    def clean_file(self) -> bytes:
        """The bytes of the file."""
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(_("The file is larger than 20 MB: divide it, or use the API."))
        data: bytes = file.read()
        return data


class FieldSelect(forms.Select):
    """A choice among names of the API: code, which no language says otherwise."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """An option that translators and screen readers leave as it is."""
        option = super().create_option(*args, **kwargs)
        if option["value"]:
            option["attrs"]["translate"] = "no"
        return option


class MappingForm(forms.Form):
    """What each column means; for an evaluation set its name; for live data the values that hold for all lines."""

    def __init__(
        self,
        *args: Any,
        columns: list[str],
        guessed: dict[str, str],
        evaluation: bool,
        dimensions: list[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.columns, self.evaluation = columns, evaluation
        known = [
            *(EVALUATION_FIELDS if evaluation else LIVE_FIELDS),
            *(f"attributes.{d}" for d in dimensions),
        ]
        choices = [("", _("Leave this column out")), *((f, f) for f in known)]
        if evaluation:
            self.fields["name"] = forms.CharField(label=_("Name of the evaluation set"), max_length=120)
        for n, column in enumerate(columns):
            self.fields[f"column_{n}"] = forms.ChoiceField(
                label=format_html('<code translate="no">{}</code>', column),
                choices=choices,
                required=False,
                initial=guessed.get(column, ""),
                widget=FieldSelect,
            )
        if not evaluation:
            for name in LIVE_REQUIRED[2:]:
                self.fields[f"set_{name}"] = forms.CharField(
                    label=_("%(field)s of all lines") % {"field": name},
                    required=False,
                    max_length=60,
                    help_text=_("Only where no column holds it."),
                )

    def mapping(self) -> dict[str, str]:
        """Column -> field."""
        return {column: self.cleaned_data[f"column_{n}"] for n, column in enumerate(self.columns)}

    def fixed(self) -> dict[str, str]:
        """Field -> value of all lines."""
        return {
            name.removeprefix("set_"): value
            for name, value in self.cleaned_data.items()
            if name.startswith("set_") and value
        }
