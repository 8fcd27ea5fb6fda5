"""What staff type about affected people and public pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.registry.forms import translated
from governance.transparency import rules
from governance.transparency.models import TEXTS

_WORDS = {
    "summary": _("In two or three sentences"),
    "why": _("Why we use it"),
    "human": _("What people do with it"),
    "objection": _("How to object"),
}
_LENGTH = {"summary": 350}
_LANGUAGES = {"en": _("in English"), "nl": _("in Dutch")}


def _long(label: Any, most: int, rows: int = 3, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=most, widget=forms.Textarea(attrs={"rows": rows}), **more)


class PublicationForm(forms.Form):
    """The words of a public page, each in both languages."""

    contact_name = forms.CharField(label=_("Whom people can ask"), max_length=120)
    contact_email = forms.EmailField(label=_("E-mail address for questions"), max_length=254)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in TEXTS:
            for code, language in _LANGUAGES.items():
                label = _("%(what)s (%(language)s)") % {"what": _WORDS[name], "language": language}
                self.fields[f"{name}_{code}"] = _long(label, _LENGTH.get(name, 2000))


class ReasonForm(forms.Form):
    """Why."""

    reason = _long(_("Reason"), 2000)


class TellForm(forms.Form):
    """Why, as the person is told."""

    reason = _long(_("What the person is told"), 2000)


class AnswerForm(forms.Form):
    """The answer to a contested reading or an objection."""

    decision = forms.ChoiceField(label=_("Decision"), choices=translated(rules.Decision))
    text = _long(_("What the person is told"), 4000, 5)


class LinkForm(forms.Form):
    """Whom a link is for."""

    system: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(label=_("System"), queryset=None)
    subject = forms.CharField(
        label=_("What the system calls the person"),
        max_length=128,
        help_text=_(
            "The customer number, for instance. It is replaced by a pseudonym at once and not stored."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=[("nl", _("Dutch")), ("en", _("English"))])
    days = forms.IntegerField(
        label=_("Days that it works"), min_value=1, max_value=rules.MOST_LINK_DAYS, initial=rules.LINK_DAYS
    )

    def __init__(self, *args: Any, systems: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["system"].queryset = systems  # type: ignore[attr-defined]


class HoldForm(forms.Form):
    """What must be kept, and why."""

    system: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(label=_("System"), queryset=None)
    subject = forms.CharField(
        label=_("What the system calls the person"),
        max_length=128,
        required=False,
        help_text=_("Empty: everything of the system is kept."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reason = _long(_("Why it must be kept"), 2000)

    def __init__(self, *args: Any, systems: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["system"].queryset = systems  # type: ignore[attr-defined]
