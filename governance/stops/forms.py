"""The shape of what people type about endpoints."""

from django import forms
from django.utils.translation import gettext_lazy as _


class EndpointForm(forms.Form):
    """A new endpoint."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("Such as: the chat, production."))
    url = forms.CharField(
        label=_("Address"),
        max_length=400,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text=_(
            "Begins with https:// and is reachable from outside, unless the installation allows its host."
        ),
    )


class NothingForm(forms.Form):
    """A question that is only answered with yes."""
