"""What people type about requests, votes, boards and deployments."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.registry.forms import translated
from governance.registry.models import System
from governance.registry.pages import day_field
from governance.review import rules, selectors
from governance.screening import selectors as screenings
from governance.screening.rules import Outcome
from portal.access.selectors import units_with


def _long(rows: int = 3, **kwargs: Any) -> forms.CharField:
    return forms.CharField(widget=forms.Textarea(attrs={"rows": rows}), **kwargs)


def _people() -> Any:
    return get_user_model().objects.filter(is_active=True).order_by("name")


class FlowChoices(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Data flows to tick, each with its legal outcome."""

    def label_from_instance(self, obj: Any) -> str:
        """Name and outcome."""
        outcome = screenings.current(obj)
        return f"{obj.name} · {gettext(Outcome(outcome.outcome).sentence) if outcome else gettext('Not screened')}"


class RequestForm(forms.Form):
    """Ask for a deployment: the board paper in the requester's words."""

    version: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(
        label=_("Version"), queryset=None, empty_label=None
    )
    flows = FlowChoices(label=_("Data flows"), queryset=None, widget=forms.CheckboxSelectMultiple)
    board: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(
        label=_("Board"), queryset=None, empty_label=None
    )
    summary = _long(4, label=_("What the board is asked, in plain language"), max_length=4000)
    alternatives = _long(label=_("Alternatives without reading emotion"), max_length=4000, required=False)
    consulted = _long(2, label=_("Who was consulted"), max_length=2000, required=False)
    doubts = _long(2, label=_("Open doubts"), max_length=4000, required=False)
    valid_months = forms.IntegerField(label=_("Valid for (months)"), min_value=1, max_value=24, initial=12)

    def __init__(self, *args: Any, system: System, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].queryset = system.versions.all()  # type: ignore[attr-defined]
        self.fields["flows"].queryset = system.flows.all()  # type: ignore[attr-defined]
        boards = selectors.boards_for(system).order_by("-unit__path")
        self.fields["board"].queryset = boards  # type: ignore[attr-defined]


class VoteForm(forms.Form):
    """A vote: a choice, a reason, and where it is 'with conditions' one condition."""

    choice = forms.ChoiceField(label=_("Your vote"), widget=forms.RadioSelect)
    reason = _long(
        label=_("Reason"), max_length=4000, help_text=_("Shown to everybody once the vote is closed.")
    )
    condition = forms.CharField(
        label=_("Condition"),
        max_length=2000,
        required=False,
        help_text=_("Only with 'approve with conditions'."),
    )
    condition_owner: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(
        label=_("Who meets it"), queryset=None, required=False
    )
    condition_due_on = day_field(label=_("Due by"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["choice"].choices = translated(rules.Choice)  # type: ignore[attr-defined]
        self.fields["condition_owner"].queryset = _people()  # type: ignore[attr-defined]

    def conditions(self) -> list[dict[str, Any]]:
        """The condition as the service takes it."""
        data = self.cleaned_data
        if not data.get("condition") and data.get("choice") != "conditions":
            return []
        owner, due_on = data.get("condition_owner"), data.get("condition_due_on")
        return [{"text": data.get("condition", ""), "owner": owner, "due_on": due_on}]


class ReasonForm(forms.Form):
    """A reason for an act."""

    reason = _long(label=_("Reason"), max_length=2000)


class EvidenceForm(forms.Form):
    """What shows that a condition is met."""

    evidence = _long(label=_("What shows that it is done"), max_length=2000)


class SuspendForm(ReasonForm):
    """Suspending: reason, and the short name of the system typed in full."""

    confirm = forms.CharField(
        label=_("Type the short name of the system to confirm"),
        widget=forms.TextInput({"autocomplete": "off"}),  # neither the browser nor a kept draft types it
    )

    def __init__(self, *args: Any, slug: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.slug = slug
        self.fields["confirm"].help_text = slug

    def clean_confirm(self) -> str:
        """The typed name must be that of the system."""
        typed: str = self.cleaned_data["confirm"].strip()
        if typed != self.slug:
            raise forms.ValidationError(_("This is not the short name of the system."))
        return typed


class BoardForm(forms.Form):
    """A board with its quorum and majorities."""

    name = forms.CharField(label=_("Name"), max_length=120)
    unit: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(
        label=_("Unit"), queryset=None, help_text=_("It decides for this unit and all below.")
    )
    quorum = forms.IntegerField(label=_("Quorum"), min_value=3, max_value=30, initial=3)
    majority = forms.ChoiceField(label=_("Majority"))
    majority_high_risk = forms.ChoiceField(label=_("Majority for high risk"), initial="two_thirds")

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units_with(user, "manage_board")  # type: ignore[attr-defined]
        for name in ("majority", "majority_high_risk"):
            self.fields[name].choices = translated(rules.Majority)  # type: ignore[attr-defined]


class SeatForm(forms.Form):
    """A seat for a discipline."""

    discipline = forms.ChoiceField(label=_("Discipline"))
    required = forms.BooleanField(label=_("No decision without this seat"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["discipline"].choices = translated(rules.Discipline)  # type: ignore[attr-defined]


class MemberForm(forms.Form):
    """A person on a seat."""

    user: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(label=_("Person"), queryset=None)
    deputy = forms.BooleanField(label=_("As the deputy"), required=False)
    starts_on = day_field(label=_("From"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = _people()  # type: ignore[attr-defined]
        today: dt.date = timezone.localdate()
        self.fields["starts_on"].initial = today
