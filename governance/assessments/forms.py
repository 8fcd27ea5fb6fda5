"""The form of one section: a field per question, tables as rows of fields; shape only, drafts may be incomplete."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.assessments.questionnaire import MAX_ROWS, MAX_TEXT, Column, Question, Section
from governance.assessments.selectors import say
from governance.registry.pages import DateInput
from portal.datafile import Text

SPARE_ROWS = 2
Choices = list[tuple[str, str]]


def people() -> Choices:
    """Everybody who can be named: (id, name)."""
    rows = get_user_model().objects.filter(is_active=True).order_by("name")
    return [(str(user.pk), user.display) for user in rows]


def _words(choices: Mapping[str, Text]) -> Choices:
    return [(value, say(text)) for value, text in choices.items()]


def _yes_no() -> Choices:
    return [("yes", gettext("Yes")), ("no", gettext("No"))]


class RowsWidget(forms.Widget):
    """A table of inputs, the rows that are there and two more; names are `question-row-column`."""

    template_name = "assessments/widgets/rows.html"

    def __init__(self, columns: Iterable[Column], people: Choices) -> None:
        super().__init__()
        self.columns, self.people = tuple(columns), people

    def use_required_attribute(self, initial: Any) -> bool:
        """Rows may stay empty."""
        return False

    def id_for_label(self, id_: str) -> str:
        """The label stands over the table, not over one cell."""
        return ""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """The cells as drawn inputs."""
        rows: list[Mapping[str, str]] = [*(value or [])]
        rows += [{}] * min(SPARE_ROWS, MAX_ROWS - len(rows))
        head = [say(column.text) for column in self.columns]
        drawn = [
            [
                self._cell(
                    column, f"{name}-{number}-{column.id}", row.get(column.id, ""), f"{title}, {number + 1}"
                )
                for column, title in zip(self.columns, head, strict=True)
            ]
            for number, row in enumerate(rows)
        ]
        context = super().get_context(name, value, attrs)
        context["widget"] |= {"head": head, "rows": drawn, "id": (attrs or {}).get("id", f"id_{name}")}
        return context

    def _cell(self, column: Column, name: str, value: str, label: str) -> str:
        attrs = {"aria-label": label, "id": f"id_{name}", "class": "form-control"}
        if column.kind in ("text", "long_text"):
            return str(forms.Textarea({"rows": 2}).render(name, value, attrs))
        if column.kind == "date":
            return str(DateInput().render(name, value, attrs))
        choices = {"person": self.people, "yes_no": _yes_no()}.get(column.kind) or _words(column.choices)
        widget = forms.Select(choices=[("", "–"), *choices])
        return str(widget.render(name, value, attrs | {"class": "form-select"}))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, str]]:
        """The rows as they were sent, in their order."""
        rows = []
        for number in range(MAX_ROWS + SPARE_ROWS):
            cells = {c.id: data.get(f"{name}-{number}-{c.id}", "") for c in self.columns}
            if any(cells.values()):
                rows.append(cells)
        return rows

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """A table without rows is an answer too."""
        return False


def _widget(question: Question, people: Choices) -> forms.Widget:
    named = {"aria-labelledby": f"legend-{question.id}"}  # one field in a fieldset: its legend is its name
    if question.tabular:
        return RowsWidget(question.columns, people)
    if question.kind == "long_text":
        return forms.Textarea({"rows": 4, **named})
    if question.kind == "date":
        return DateInput(attrs=named)
    if question.kind == "person":
        return forms.Select(named, choices=[("", "–"), *people])
    if question.kind == "multi_choice":
        return forms.CheckboxSelectMultiple(choices=_words(question.choices))
    if question.kind in ("choice", "yes_no"):
        choices = _words(question.choices) if question.kind == "choice" else _yes_no()
        return forms.RadioSelect(choices=choices)
    return forms.TextInput({"maxlength": MAX_TEXT, **named})


class AnswerField(forms.Field):
    """Whatever was sent, as the service takes it; the service says what is wrong with it."""

    def __init__(self, question: Question, people: Choices) -> None:
        super().__init__(
            label=say(question.text),
            help_text=say(question.help),
            required=False,
            widget=_widget(question, people),
        )


class SectionForm(forms.Form):
    """The questions of one section; `expected` is the save number that the page was made from."""

    expected = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(
        self, data: Any = None, *, section: Section, answers: Mapping[str, Any], expected: int
    ) -> None:
        initial = {question.id: answers.get(question.id) for question in section.questions}
        super().__init__(data, initial={**initial, "expected": expected})
        self.section = section
        asks_people = any(
            "person" in (question.kind, *(column.kind for column in question.columns))
            for question in section.questions
        )
        named = people() if asks_people else []
        for question in section.questions:
            self.fields[question.id] = AnswerField(question, named)

    def answers(self) -> dict[str, Any]:
        """What was sent, by question."""
        return {question.id: self.cleaned_data.get(question.id) for question in self.section.questions}


class ReasonForm(forms.Form):
    """A reason for an act."""

    reason = forms.CharField(label=_("Reason"), max_length=4000, widget=forms.Textarea({"rows": 4}))


class CommentForm(forms.Form):
    """A remark, in Markdown; `thread` is the id of the first remark of the thread that it answers in."""

    text = forms.CharField(max_length=4000, widget=forms.Textarea({"rows": 3}))
    question = forms.SlugField(max_length=60)
    thread = forms.UUIDField(required=False)


class FileForm(forms.Form):
    """A file, and the question that it belongs to."""

    file = forms.FileField(label=_("File"), max_length=255)
    question = forms.SlugField(max_length=60, required=False)
