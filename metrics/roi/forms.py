"""The form for one month of one cost or benefit."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from metrics.roi import rules
from portal.web.badges import word


def _choices(sentences: dict[str, str]) -> list[tuple[str, Any]]:
    return [(code, _(sentence)) for code, sentence in sentences.items()]


class ValueForm(forms.Form):
    """Shape of the input; what goes together is asked of the rules by the service."""

    item = forms.SlugField(
        label=_("Key of the item"), max_length=60, help_text=_("Such as licence or saved-hours.")
    )
    name = forms.CharField(
        label=_("Name"), max_length=120, required=False, help_text=_("Needed for a new item.")
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=_choices(rules.KINDS))
    category = forms.ChoiceField(label=_("Category"), choices=_choices(rules.CATEGORIES))
    month = forms.RegexField(
        r"^\d{4}-(0[1-9]|1[0-2])$",
        label=_("Month"),
        widget=forms.TextInput(attrs={"type": "month", "placeholder": "2026-03"}),
    )
    amount = forms.DecimalField(label=_("Amount in euros"), min_value=0, max_digits=14, decimal_places=2)
    source = forms.CharField(
        label=_("Source"), max_length=200, help_text=_("An invoice, a study, a contract.")
    )
    cash = forms.BooleanField(label=_("In cash, not intangible"), required=False, initial=True)
    attribution = forms.ChoiceField(
        label=_("How a benefit was attributed"),
        choices=_choices(rules.ATTRIBUTIONS),
        initial=rules.NOT_APPLICABLE,
    )
    fewer_hours = forms.BooleanField(label=_("Comes from fewer staff hours"), required=False)
    spread = forms.ChoiceField(label=_("How sure the amount is"), choices=_choices(rules.SPREADS))
    low = forms.DecimalField(
        label=_("Lowest, as a factor"), initial=1, min_value=0, max_value=1000, decimal_places=4
    )
    likely = forms.DecimalField(
        label=_("Likely, as a factor"), initial=1, min_value=0, max_value=1000, decimal_places=4
    )
    high = forms.DecimalField(
        label=_("Highest, as a factor"), initial=1, min_value=0, max_value=1000, decimal_places=4
    )
    correction = forms.BooleanField(label=_("Corrects what was recorded before"), required=False)

    def row(self) -> dict[str, Any]:
        """The row as the service takes it; an empty name is none."""
        return {name: value for name, value in self.cleaned_data.items() if value != ""}

    def take_refusal(self, result: dict[str, Any]) -> None:
        """Show at its field why the row was not stored."""
        for error in result["errors"]:
            field = error["field"] if error["field"] in self.fields else None
            self.add_error(field, _(error["message"]))
        if not result["errors"]:
            text = _("This month is recorded with another amount; tick the correction to change it.")
            self.add_error("amount", f"{text} ({word(result['status'])})")
