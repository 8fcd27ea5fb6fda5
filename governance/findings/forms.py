"""What people type about findings."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from governance.registry.pages import day_field


class ClearForm(forms.Form):
    """Why the cause is gone."""

    reason = forms.CharField(
        label=_("Why the cause is gone"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class ActionForm(forms.Form):
    """What somebody will do, by when."""

    text = forms.CharField(
        label=_("What will be done"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    owner: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(label=_("Who"), queryset=None)
    due_on = day_field(label=_("Due by"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = get_user_model().objects.filter(is_active=True).order_by("name")
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]


class DoneForm(forms.Form):
    """What shows that an action is done."""

    evidence = forms.CharField(
        label=_("What shows that it is done"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
