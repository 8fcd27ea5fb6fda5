"""The shape of a situation that a person tries out."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.consent.models import Policy
from governance.consent.rules import LAYERS, OPERATIONS
from governance.registry import rules as register
from governance.registry.forms import translated
from governance.registry.models import System
from portal.web.badges import word


class TryForm(forms.Form):
    """Who, what for, from what; and which version of the policy answers."""

    subject_role = forms.ChoiceField(label=_("Whose emotion"))
    purpose = forms.ChoiceField(label=_("Purpose"))
    modality = forms.ChoiceField(label=_("Read from"))
    layer = forms.ChoiceField(label=_("Layer"), initial="inference")
    operation = forms.ChoiceField(label=_("Operation"), initial="infer")
    recipient = forms.ChoiceField(label=_("Recipient"), required=False)
    subject = forms.CharField(
        label=_("The person, as the source calls them"),
        required=False,
        max_length=128,
        help_text=_("Left out: the answer for somebody who never said anything. It is not stored."),
    )
    at = forms.DateTimeField(
        label=_("As of (left out: now)"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )
    version = forms.TypedChoiceField(label=_("Policy"), coerce=int, required=False, empty_value=None)

    def __init__(self, *args: Any, system: System, names_people: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not names_people:
            del self.fields["subject"]
        for name, enum in (
            ("subject_role", register.SubjectRole),
            ("purpose", register.Purpose),
            ("modality", register.Modality),
        ):
            known = [row for row in translated(enum) if row[0] != "unknown"]
            self.fields[name].choices = known  # type: ignore[attr-defined]
        recipients = [row for row in translated(register.Recipient) if row[0] != "unknown"]
        flow_s = ("", _("as the data flow declares"))
        self.fields["recipient"].choices = [flow_s, *recipients]  # type: ignore[attr-defined]
        for name, words in (("layer", LAYERS), ("operation", OPERATIONS)):
            self.fields[name].choices = [(x, word(x)) for x in words]  # type: ignore[attr-defined]
        draft = Policy.objects.filter(system=system, state="draft").first()
        versions: list[tuple[Any, Any]] = [("", _("the one in force at that time"))]
        if draft is not None:
            versions.append((draft.version, _("the draft, version %(n)s") % {"n": draft.version}))
        self.fields["version"].choices = versions  # type: ignore[attr-defined]
        first = system.flows.first()
        if first is not None:
            for name in ("subject_role", "purpose", "modality"):
                self.fields[name].initial = getattr(first, name)
