"""The shape of a data flow as people describe it."""

from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from governance.registry.forms import translated
from governance.registry.models import DataFlow
from governance.registry.rules import FLOW_ENUMS, FLOW_FACTS
from governance.screening import rulesets
from governance.screening.models import spoken

LABELS = {
    "modality": _("What it reads"),
    "subject_role": _("Whose emotion"),
    "setting": _("Where"),
    "purpose": _("What for"),
    "output": _("What comes out"),
    "consequence": _("What follows for the person"),
    "recipient": _("Who sees the result"),
}
ANSWER_CHOICES = [
    ("", _("Not known yet")),
    ("no", _("No")),
    ("yes", _("Yes")),
    ("not_applicable", _("Not applicable")),
]


class FlowForm(forms.Form):
    """The seven facts and the questions of the law."""

    name = forms.CharField(label=_("Name"), max_length=120)
    slug = forms.SlugField(
        label=_("Short name"),
        max_length=60,
        required=False,
        help_text=_("Used by the API; made from the name if you leave it empty."),
    )

    def __init__(self, *args: Any, flow: DataFlow | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in FLOW_FACTS:
            self.fields[field] = forms.ChoiceField(
                label=LABELS[field], choices=translated(FLOW_ENUMS[field]), initial="unknown"
            )
        for question, text in rulesets.in_force().questions.items():
            self.fields[f"q_{question}"] = forms.ChoiceField(
                label=spoken(dict(text)), choices=ANSWER_CHOICES, required=False
            )
        if flow is not None:
            del self.fields["slug"]
            self.fields["row_version"] = forms.IntegerField(widget=forms.HiddenInput)
            self.fields["reason"] = forms.CharField(label=_("Why this change"), max_length=400)
            self.initial = initial_of(flow)

    def parts(self) -> dict[str, list[forms.BoundField]]:
        """The fields in groups: naming, the seven facts, the questions of the law, the reason of a change."""
        fields = list(self.visible_fields())
        return {
            "naming": [f for f in fields if f.name in ("name", "slug")],
            "facts": [f for f in fields if f.name in FLOW_FACTS],
            "questions": [f for f in fields if f.name.startswith("q_")],
            "closing": [f for f in fields if f.name == "reason"],
        }

    def clean(self) -> dict[str, Any]:
        """Gather the answers into `facts`."""
        data: dict[str, Any] = super().clean() or {}
        if "slug" in self.fields:
            data["slug"] = data.get("slug") or slugify(data.get("name", ""))[:60]
        questions = rulesets.in_force().questions
        data["facts"] = {q: data.pop(f"q_{q}", "") or None for q in questions}
        return data


def initial_of(flow: DataFlow) -> dict[str, Any]:
    """What the form shows for a flow that is described."""
    values = {field: getattr(flow, field) for field in ("name", "row_version", *FLOW_FACTS)}
    return {**values, **{f"q_{question}": answer for question, answer in flow.facts.items()}}


class RuleSetForm(forms.Form):
    """A signed file of rules."""

    file = forms.FileField(
        label=_("Signed file"),
        help_text=_("YAML with a signature under it, at most one megabyte; made with 'manage.py sign_law'."),
    )

    def clean_file(self) -> str:
        """The text of the file."""
        try:
            text: str = self.cleaned_data["file"].read(rulesets.MOST_BYTES + 1).decode("utf-8")
        except UnicodeDecodeError as error:
            raise forms.ValidationError(_("This is not a text in UTF-8.")) from error
        return text


class ApplyRulesForm(forms.Form):
    """Why these rules come into force; `seen` is the version that was in force when the page was drawn."""

    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    seen = forms.CharField(widget=forms.HiddenInput, max_length=20)
