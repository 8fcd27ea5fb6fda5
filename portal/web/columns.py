"""What the columns of an uploaded file mean: the form that every import asks."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

LARGEST = 20 * 1024 * 1024  # bytes of a file that a page takes


class FieldSelect(forms.Select):
    """A choice among names of the API: code, which no language says otherwise."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """An option that translators and screen readers leave as it is."""
        option = super().create_option(*args, **kwargs)
        if option["value"]:
            option["attrs"]["translate"] = "no"
        return option


class ColumnsForm(forms.Form):
    """A field of the API for each column; a subclass may add `set_<field>` fields: values that hold for all lines."""

    def __init__(
        self, *args: Any, columns: list[str], guessed: dict[str, str], known: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.columns = columns
        choices = [("", _("Leave this column out")), *((f, f) for f in known)]
        for n, column in enumerate(columns):
            self.fields[f"column_{n}"] = forms.ChoiceField(
                label=format_html('<code translate="no">{}</code>', column),
                choices=choices,
                required=False,
                initial=guessed.get(column, ""),
                widget=FieldSelect,
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


def held(file: Any) -> bytes:
    """The bytes of an uploaded file. Raises ValidationError for one that is too large."""
    if file.size > LARGEST:
        raise forms.ValidationError(_("The file is larger than 20 MB: divide it, or use the API."))
    data: bytes = file.read()
    return data
