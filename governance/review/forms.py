"""What people type about requests, votes, boards and deployments."""

import uuid
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.assessments import files as kinds
from governance.registry.forms import translated
from governance.registry.models import System
from governance.registry.pages import day_field
from governance.review import rules, selectors
from governance.screening import selectors as screenings
from governance.screening.rules import Outcome


def long_text(rows: int = 3, **kwargs: Any) -> forms.CharField:
    """A text of several lines."""
    return forms.CharField(widget=forms.Textarea(attrs={"rows": rows}), **kwargs)


class Once(forms.Form):
    """A form that makes something: sent twice, it makes one. Its token becomes the id of what it makes."""

    token = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid.uuid4)

    def made(self) -> dict[str, Any]:
        """What was typed as a service takes it, the token as `pk`."""
        values = dict(self.cleaned_data)
        return {"pk": values.pop("token"), **values}


class Based(forms.Form):
    """A form that changes something: `row_version` is that of the state that the page showed."""

    row_version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def based(self) -> dict[str, Any]:
        """What was typed as a service takes it, `row_version` as `expected_version`."""
        values = dict(self.cleaned_data)
        return {"expected_version": values.pop("row_version"), **values}


def people() -> Any:
    """The accounts that are in use."""
    return get_user_model().objects.filter(is_active=True).order_by("name")


class FilesInput(forms.ClearableFileInput):
    """The browser's own chooser, for several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files; what is in them is checked by the service that keeps them."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Every file that was sent."""
        rows = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(row, initial) for row in rows if row]


FILES_HELP = _("At most {limit} MB each: {endings}.")


def _files() -> FilesField:
    limit, endings = kinds.MAX_BYTES // 1024 // 1024, ", ".join(kinds.TYPES)
    help_text = format_lazy(FILES_HELP, limit=limit, endings=endings)
    return FilesField(label=_("Files"), required=False, max_length=255, help_text=help_text)


class FlowChoices(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Data flows to tick, each with its legal outcome."""

    def label_from_instance(self, obj: Any) -> str:
        """Name and outcome."""
        outcome = screenings.current(obj)
        return f"{obj.name} · {gettext(Outcome(outcome.outcome).sentence) if outcome else gettext('Not screened')}"


class RequestForm(Once):
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
    summary = long_text(4, label=_("What the board is asked, in plain language"), max_length=4000)
    alternatives = long_text(label=_("Alternatives without reading emotion"), max_length=4000, required=False)
    consulted = long_text(2, label=_("Who was consulted"), max_length=2000, required=False)
    doubts = long_text(2, label=_("Open doubts"), max_length=4000, required=False)
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
        for name in ("board", "earlier", "token"):
            del self.fields[name]


class VoteForm(forms.Form):
    """A vote: a choice and a reason; its conditions are the forms of `ConditionForms`."""

    choice = forms.ChoiceField(label=_("Your vote"), widget=forms.RadioSelect)
    reason = long_text(
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
        self.fields["owner"].queryset = people()  # type: ignore[attr-defined]
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

    reason = long_text(label=_("Reason"), max_length=2000)


class EvidenceForm(Once):
    """What shows that a condition is met."""

    evidence = long_text(label=_("What shows that it is done"), max_length=2000)
    files = _files()  # type: ignore[assignment]


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

    questions = long_text(5, label=_("Questions of the board"), max_length=4000)


class AnswerForm(forms.Form):
    """The answer of the requester."""

    answer = long_text(5, label=_("Answer to the board"), max_length=4000)


class ExtendForm(ReasonForm):
    """Until when a vote stays open."""

    until = day_field(label=_("Open until"))
    field_order = ("until", "reason")


class CommentForm(forms.Form):
    """A comment, in Markdown."""

    text = long_text(
        4, label=_("Comment"), max_length=8000, help_text=_("Markdown: **bold**, lists, > quotes.")
    )


class CommentAddForm(Once, CommentForm):
    """A new comment; `parent`: the one that it answers."""

    parent = forms.UUIDField(widget=forms.HiddenInput, required=False)


class CommentEditForm(Based, CommentForm):
    """Change a comment."""


class MinutesForm(Based):
    """The minutes, in Markdown."""

    text = long_text(
        16, label=_("Minutes"), max_length=20000, help_text=_("Markdown: **bold**, lists, > quotes.")
    )


class EvidenceAnswerForm(forms.Form):
    """What the accepting seat says about evidence."""

    said = forms.ChoiceField(label=_("Your answer"), widget=forms.RadioSelect)
    answer = long_text(
        label=_("Reason"), max_length=2000, required=False, help_text=_("Needed to send the evidence back.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("accept", gettext("Accept: the condition is met")), ("send_back", gettext("Send back"))]
        self.fields["said"].choices = choices  # type: ignore[attr-defined]


class ReinstateForm(Once):
    """Why the board should put back what was stopped."""

    summary = long_text(4, label=_("What was wrong, and why it is solved"), max_length=4000)
    doubts = long_text(2, label=_("Open doubts"), max_length=4000, required=False)


class ReportForm(forms.Form):
    """The meeting in which the board was told."""

    on = day_field(label=_("Day of the meeting"))


class CouncilForm(Once):
    """A question to the works council."""

    flows = FlowChoices(
        label=_("Data flows that touch workers"), queryset=None, widget=forms.CheckboxSelectMultiple
    )
    question = long_text(4, label=_("What the works council is asked"), max_length=4000)
    documents = long_text(
        label=_("Documents it received"),
        max_length=4000,
        required=False,
        help_text=_("References, one a line, or add the files."),
    )
    files = _files()  # type: ignore[assignment]
    informed_on = day_field(label=_("Informed on"))
    answer_due_on = day_field(label=_("Answer due by"), required=False)

    def __init__(self, *args: Any, system: System, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        workers = [flow.pk for flow in system.flows.all() if selectors.touches_workers(flow)]
        self.fields["flows"].queryset = system.flows.filter(pk__in=workers)  # type: ignore[attr-defined]
        self.fields["informed_on"].initial = timezone.localdate()

    def clean(self) -> dict[str, Any]:
        """References, files or both."""
        if not self.cleaned_data.get("documents") and not self.cleaned_data.get("files"):
            self.add_error("documents", _("Name the documents that the works council received, or add them."))
        return self.cleaned_data


class CouncilAnswerForm(forms.Form):
    """An answer in a works-council record."""

    act = forms.ChoiceField(label=_("Answer"), widget=forms.RadioSelect)
    answered_on = day_field(label=_("Answered on"))
    reason = long_text(label=_("Reason or conditions"), max_length=4000, required=False)
    documents = long_text(
        2,
        label=_("Document in which it stands"),
        max_length=4000,
        required=False,
        help_text=_("Needed, or the file itself, where it is not the works council that answers here."),
    )
    files = _files()  # type: ignore[assignment]

    def __init__(self, *args: Any, steps: list[rules.Transition], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(row.act, gettext(rules.CouncilState(row.target).sentence)) for row in steps]
        self.fields["act"].choices = choices  # type: ignore[attr-defined]
        self.fields["answered_on"].initial = timezone.localdate()
