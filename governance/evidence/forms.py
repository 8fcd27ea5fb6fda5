"""The shape of a request for an evidence pack."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance.evidence import selectors
from governance.registry.models import System


class PackForm(forms.Form):
    """Systems, period, sample; `end_size` is the checkpoint that the page showed."""

    systems = forms.ModelMultipleChoiceField(
        queryset=System.objects.none(),
        label=_("Systems"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one system.")},
    )
    date_from = forms.DateField(label=_("From"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    date_to = forms.DateField(
        label=_("Up to and including"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    sample_size = forms.IntegerField(
        label=_("Events in the sample"),
        min_value=1,
        max_value=1000,
        initial=25,
        help_text=_("Each is put into the pack with its body and a proof that it is in the log."),
    )
    auditor_number = forms.CharField(
        label=_("Your number"),
        required=False,
        max_length=100,
        help_text=_(
            "Optional. A number that nobody could foresee, for instance thrown with dice after you received the "
            "checkpoint below: it draws the sample together with the root of that checkpoint, so nobody could choose "
            "what you look at. The log of the pack then ends at that checkpoint."
        ),
    )
    end_size = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["systems"]
        assert isinstance(field, forms.ModelMultipleChoiceField)  # noqa: S101 - declared above
        field.queryset = selectors.exportable(user).order_by("sort_key")
        today = timezone.now().date()
        self.fields["date_to"].initial = today
        self.fields["date_from"].initial = today - dt.timedelta(days=90)
