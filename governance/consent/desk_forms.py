"""The shape of what a colleague at a service desk types."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.consent.desk import ACTIONS, METHODS, Said, topics
from governance.consent.selectors import notices_of
from governance.registry import rules as register
from governance.registry.models import System
from portal.web.badges import word


class NeverShownBack(forms.TextInput):
    """A text that the page takes but never repeats, also not beside an error; the browser keeps none of it."""

    def format_value(self, value: Any) -> None:
        """Nothing, whatever was typed."""
        del value


def _reference() -> forms.CharField:
    return forms.CharField(
        label=_("The person, as the source calls them"),
        max_length=128,
        widget=NeverShownBack(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            "A customer number, for example. It becomes a pseudonym; it is not stored or shown again."
        ),
    )


class LookUpForm(forms.Form):
    """Whose consent to look up."""

    reference = _reference()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "look-up-%s"  # the page has another field of this name


class DeskForm(forms.Form):
    """What one person said; a choice for each purpose × modality."""

    reference = _reference()
    subject_role = forms.ChoiceField(label=_("Who it is"))
    actor = forms.ChoiceField(
        label=_("Who speaks"),
        choices=[("subject", _("The person")), ("guardian", _("A parent or guardian"))],
    )
    minor = forms.ChoiceField(
        label=_("Under age"),
        choices=[("unknown", _("Not known")), ("no", _("No")), ("yes", _("Yes"))],
    )
    method = forms.ChoiceField(
        label=_("How they said it"), choices=[(key, _(text)) for key, text in METHODS.items()]
    )
    notice = forms.ChoiceField(
        label=_("Which notice they were read or shown"),
        required=False,
        help_text=_("Needed for a yes: nobody consents to what they were not told."),
    )
    explicit = forms.BooleanField(
        label=_("They said yes in so many words"),
        required=False,
        help_text=_("Explicit consent, which voice, face and other biometric data need."),
    )
    form_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args: Any, system: System, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [(value, _(text)) for value, text in register.SubjectRole.choices() if value != "unknown"]
        self.fields["subject_role"].choices = roles  # type: ignore[attr-defined]
        self.notices = {str(one.pk): one for one in notices_of(system).defer("text")}
        texts = [
            (pk, _("Version %(n)s (%(language)s)") % {"n": one.version, "language": one.language})
            for pk, one in self.notices.items()
        ]
        self.fields["notice"].choices = [("", "–"), *texts]  # type: ignore[attr-defined]
        self.topics = topics(system)
        says = [("", _("Nothing")), *((action, word(action)) for action in ACTIONS)]
        for n, (purpose, modality) in enumerate(self.topics):
            self.fields[f"said_{n}"] = forms.ChoiceField(
                label=f"{word(purpose)} × {word(modality)}",
                choices=says,
                required=False,
                widget=forms.RadioSelect,
            )
        for field in self.fields.values():
            if isinstance(field, forms.ChoiceField):
                field.error_messages["invalid_choice"] = _("This is not one of the choices.")

    def values(self) -> dict[str, Any]:
        """The keyword arguments of desk.record_at_desk."""
        data = dict(self.cleaned_data)
        said = [
            Said(purpose, modality, action)
            for n, (purpose, modality) in enumerate(self.topics)
            if (action := data.pop(f"said_{n}"))
        ]
        return data | {"said": said, "notice": self.notices.get(data["notice"])}
