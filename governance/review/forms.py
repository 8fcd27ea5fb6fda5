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
    earlier: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(
        label=_("Follows the request"),
        queryset=None,
        required=False,
        help_text=_("For example one that was rejected; the board sees both."),
    )
    summary = _long(4, label=_("What the board is asked, in plain language"), max_length=4000)
    alternatives = _long(label=_("Alternatives without reading emotion"), max_length=4000, required=False)
    consulted = _long(2, label=_("Who was consulted"), max_length=2000, required=False)
    doubts = _long(2, label=_("Open doubts"), max_length=4000, required=False)
    valid_months = forms.IntegerField(label=_("Valid for (months)"), min_value=1, max_value=24, initial=12)

    def __init__(self, *args: Any, system: System, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].queryset = system.versions.all()  # type: ignore[attr-defined]
        self.fields["flows"].queryset = system.flows.all()  # type: ignore[attr-defined]
        boards = selectors.boards_for(system).order_by("-unit__path")
        self.fields["board"].queryset = boards  # type: ignore[attr-defined]
        earlier = selectors.visible_requests(user).filter(system=system, closed_at__isnull=False)
        self.fields["earlier"].queryset = earlier.select_related("system", "version")  # type: ignore[attr-defined]


class RequestEditForm(RequestForm):
    """Change a draft or a returned request; `row_version` is that of the page."""

    row_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("board", "earlier"):
            del self.fields[name]


class VoteForm(forms.Form):
    """A vote: a choice and a reason; its conditions are the forms of `ConditionForms`."""

    choice = forms.ChoiceField(label=_("Your vote"), widget=forms.RadioSelect)
    reason = _long(
        label=_("Reason"), max_length=4000, help_text=_("Shown to everybody once the vote is closed.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["choice"].choices = translated(rules.Choice)  # type: ignore[attr-defined]


class ConditionForm(forms.Form):
    """One condition of a vote; left empty, it is none."""

    text = forms.CharField(label=_("Condition"), max_length=2000, required=False)
    owner: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(
        label=_("Who meets it"), queryset=None, required=False
    )
    due_on = day_field(label=_("Due by"), required=False)
    accepted_by = forms.ChoiceField(label=_("Which seat accepts it"), required=False)

    def __init__(self, *args: Any, seats: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = _people()  # type: ignore[attr-defined]
        own = [("", gettext("My own seat"))]
        names = [(name, gettext(rules.Discipline(name).sentence)) for name in seats]
        self.fields["accepted_by"].choices = own + names  # type: ignore[attr-defined]


class _ConditionForms(forms.BaseFormSet):  # type: ignore[type-arg]
    """The conditions of a vote, as many as there are rows filled in."""

    def conditions(self) -> list[dict[str, Any]]:
        """Those with a text, an owner or a date, as the service takes them."""
        rows = [form.cleaned_data for form in self.forms]
        return [row for row in rows if row.get("text") or row.get("owner") or row.get("due_on")]


ConditionForms = forms.formset_factory(ConditionForm, formset=_ConditionForms, extra=1, max_num=10)


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


class QuestionsForm(forms.Form):
    """What the board wants to know."""

    questions = _long(5, label=_("Questions of the board"), max_length=4000)


class AnswerForm(forms.Form):
    """The answer of the requester."""

    answer = _long(5, label=_("Answer to the board"), max_length=4000)


class ExtendForm(ReasonForm):
    """Until when a vote stays open."""

    until = day_field(label=_("Open until"))
    field_order = ("until", "reason")


class CommentForm(forms.Form):
    """A comment, in Markdown."""

    text = _long(4, label=_("Comment"), max_length=8000, help_text=_("Markdown: **bold**, lists, > quotes."))


class MinutesForm(forms.Form):
    """The minutes, in Markdown."""

    text = _long(
        16, label=_("Minutes"), max_length=20000, help_text=_("Markdown: **bold**, lists, > quotes.")
    )


class EvidenceAnswerForm(forms.Form):
    """What the accepting seat says about evidence."""

    said = forms.ChoiceField(label=_("Your answer"), widget=forms.RadioSelect)
    answer = _long(
        label=_("Reason"), max_length=2000, required=False, help_text=_("Needed to send the evidence back.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("accept", gettext("Accept: the condition is met")), ("send_back", gettext("Send back"))]
        self.fields["said"].choices = choices  # type: ignore[attr-defined]


class ReinstateForm(forms.Form):
    """Why the board should put back what was stopped."""

    summary = _long(4, label=_("What was wrong, and why it is solved"), max_length=4000)
    doubts = _long(2, label=_("Open doubts"), max_length=4000, required=False)


class ReportForm(forms.Form):
    """The meeting in which the board was told."""

    on = day_field(label=_("Day of the meeting"))


class CouncilForm(forms.Form):
    """A question to the works council."""

    flows = FlowChoices(
        label=_("Data flows that touch workers"), queryset=None, widget=forms.CheckboxSelectMultiple
    )
    question = _long(4, label=_("What the works council is asked"), max_length=4000)
    documents = _long(
        label=_("Documents it received"),
        max_length=4000,
        help_text=_("References, one a line: no files here."),
    )
    informed_on = day_field(label=_("Informed on"))
    answer_due_on = day_field(label=_("Answer due by"), required=False)

    def __init__(self, *args: Any, system: System, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        workers = [flow.pk for flow in system.flows.all() if selectors.touches_workers(flow)]
        self.fields["flows"].queryset = system.flows.filter(pk__in=workers)  # type: ignore[attr-defined]
        self.fields["informed_on"].initial = timezone.localdate()


class CouncilAnswerForm(forms.Form):
    """An answer in a works-council record."""

    act = forms.ChoiceField(label=_("Answer"), widget=forms.RadioSelect)
    answered_on = day_field(label=_("Answered on"))
    reason = _long(label=_("Reason or conditions"), max_length=4000, required=False)
    documents = _long(
        2,
        label=_("Document in which it stands"),
        max_length=4000,
        required=False,
        help_text=_("Needed where it is not the works council that answers here."),
    )

    def __init__(self, *args: Any, steps: list[rules.Transition], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(row.act, gettext(rules.CouncilState(row.target).sentence)) for row in steps]
        self.fields["act"].choices = choices  # type: ignore[attr-defined]
        self.fields["answered_on"].initial = timezone.localdate()


KEPT = _("A vote that is open keeps what held when its file was submitted.")


class _BoardSettings(forms.Form):
    """How a board works."""

    vote_days = forms.IntegerField(
        label=_("Days a vote is open"), min_value=1, max_value=90, initial=rules.VOTE_DAYS
    )
    casting_vote = forms.BooleanField(
        label=_("On a tie under the simple majority, the chair's vote decides"),
        required=False,
        help_text=KEPT,
    )
    members_return = forms.BooleanField(
        label=_("Any voting member may return a file with questions"), required=False
    )
    delegates_minimal = forms.BooleanField(
        label=_("Chair and data protection decide minimal-risk files together"), required=False
    )
    open_threads = forms.BooleanField(
        label=_("Everybody who sees a request reads the discussion"), required=False, initial=True
    )


class BoardForm(_BoardSettings):
    """A board with its quorum and majorities."""

    name = forms.CharField(label=_("Name"), max_length=120)
    unit: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(
        label=_("Unit"), queryset=None, help_text=_("It decides for this unit and all below.")
    )
    quorum = forms.IntegerField(label=_("Quorum"), min_value=3, max_value=30, initial=3)
    majority = forms.ChoiceField(label=_("Majority"))
    majority_high_risk = forms.ChoiceField(label=_("Majority for high risk"), initial="two_thirds")
    field_order = ("name", "unit", "quorum", "majority", "majority_high_risk")

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units_with(user, "manage_board")  # type: ignore[attr-defined]
        for name in ("majority", "majority_high_risk"):
            self.fields[name].choices = translated(rules.Majority)  # type: ignore[attr-defined]


class BoardEditForm(_BoardSettings):
    """Change how a board works."""

    reason = _long(2, label=_("Reason"), max_length=2000)


class BoardRuleForm(forms.Form):
    """What a decision takes for one class of risk."""

    quorum = forms.IntegerField(label=_("Quorum"), min_value=3, max_value=30)
    majority = forms.ChoiceField(label=_("Majority"))
    required = forms.MultipleChoiceField(
        label=_("No decision without"), widget=forms.CheckboxSelectMultiple, required=False
    )
    reason = _long(2, label=_("Reason"), max_length=2000)

    def __init__(self, *args: Any, seats: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["majority"].choices = translated(rules.Majority)  # type: ignore[attr-defined]
        names = [(name, gettext(rules.Discipline(name).sentence)) for name in seats]
        self.fields["required"].choices = names  # type: ignore[attr-defined]


class SeatForm(forms.Form):
    """A seat for a discipline."""

    discipline = forms.ChoiceField(label=_("Discipline"))
    required = forms.BooleanField(label=_("No decision without this seat"), required=False)
    chairs = forms.BooleanField(label=_("This seat chairs the board"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["discipline"].choices = translated(rules.Discipline)  # type: ignore[attr-defined]


class MemberForm(forms.Form):
    """A person on a seat."""

    user: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(label=_("Person"), queryset=None)
    deputy = forms.BooleanField(label=_("As the deputy"), required=False)
    secretary = forms.BooleanField(label=_("Keeps the minutes, as secretary"), required=False)
    starts_on = day_field(label=_("From"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = _people()  # type: ignore[attr-defined]
        today: dt.date = timezone.localdate()
        self.fields["starts_on"].initial = today
