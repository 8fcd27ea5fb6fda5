"""The form of the own profile."""

from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.utils.functional import lazy
from django.utils.text import capfirst

from portal.accounts.models import User


def _zones() -> list[tuple[str, str]]:
    names = sorted(
        zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix"))
    )
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # no subscript at run time
    """Name and preferences; the e-mail address is the identity and stays."""

    # names of places and of languages are the same in every language
    time_zone = forms.ChoiceField(choices=lazy(_zones, list)(), widget=forms.Select({"translate": "no"}))

    class Meta:
        model = User
        fields: ClassVar[list[str]] = ["name", "language", "time_zone", "theme", "mail"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
        self.fields["language"].widget.attrs["translate"] = "no"
        self.fields["time_zone"].label = capfirst(User._meta.get_field("time_zone").verbose_name)
