"""The shape of an import: a file, then what its columns mean."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.registry.models import System
from metrics.ingest.files import EVALUATION_FIELDS, LIVE_FIELDS, LIVE_REQUIRED
from portal.web.columns import ColumnsForm, held


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
        return held(self.cleaned_data["file"])


class MappingForm(ColumnsForm):
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
        known = [
            *(EVALUATION_FIELDS if evaluation else LIVE_FIELDS),
            *(f"attributes.{d}" for d in dimensions),
        ]
        super().__init__(*args, columns=columns, guessed=guessed, known=known, **kwargs)
        self.evaluation = evaluation
        if evaluation:
            called = forms.CharField(label=_("Name of the evaluation set"), max_length=120)
            self.fields = {"name": called, **self.fields}
        else:
            for name in LIVE_REQUIRED[2:]:
                self.fields[f"set_{name}"] = forms.CharField(
                    label=_("%(field)s of all lines") % {"field": name},
                    required=False,
                    max_length=60,
                    help_text=_("Only where no column holds it."),
                )
