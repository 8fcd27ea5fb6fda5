"""What a questionnaire is, what an answer may be, what is still missing and what differs between two versions. Pure."""

import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from governance.registry.rules import Described
from portal.datafile import Text
from portal.errors import N_

Answers = Mapping[str, Any]
MAX_TEXT = 300
MAX_LONG = 20_000
MAX_ROWS = 50
DERIVED = "residual"  # what a condition may ask of risk rows: `only_if: {risks.residual: [high]}`
ID = re.compile(r"[a-z][a-z0-9_]*\Z")


class QuestionKind(Described):
    """What an answer looks like."""

    TEXT = "text", N_("One line")
    LONG_TEXT = "long_text", N_("Text")
    YES_NO = "yes_no", N_("Yes or no")
    CHOICE = "choice", N_("One of a list")
    MULTI_CHOICE = "multi_choice", N_("Any of a list")
    RISKS = "risks", N_("Risks with likelihood, severity, measure and what remains")
    DATE = "date", N_("Day")
    PERSON = "person", N_("Person")
    TABLE = "table", N_("Rows")


class Likelihood(Described):
    """How likely harm is (scale of the ICO's DPIA template)."""

    REMOTE = "remote", N_("Remote")
    POSSIBLE = "possible", N_("Possible")
    PROBABLE = "probable", N_("Probable")


class Severity(Described):
    """How bad harm would be for the person."""

    MINIMAL = "minimal", N_("Minimal")
    SIGNIFICANT = "significant", N_("Significant")
    SEVERE = "severe", N_("Severe")


class Level(Described):
    """Risk before or after measures."""

    LOW = "low", N_("Low")
    MEDIUM = "medium", N_("Medium")
    HIGH = "high", N_("High")


# the matrix of the ICO's template: likelihood × severity -> overall risk
LEVELS = {
    ("remote", "minimal"): "low",
    ("remote", "significant"): "low",
    ("remote", "severe"): "medium",
    ("possible", "minimal"): "low",
    ("possible", "significant"): "medium",
    ("possible", "severe"): "high",
    ("probable", "minimal"): "low",
    ("probable", "significant"): "high",
    ("probable", "severe"): "high",
}


def level(row: Mapping[str, Any]) -> str:
    """The risk of a row before measures; empty while likelihood or severity is missing."""
    return LEVELS.get((row.get("likelihood", ""), row.get("severity", "")), "")


def in_languages(sentence: str) -> Text:
    """An English sentence of the code, to be translated where it is shown."""
    return {"en": sentence}


@dataclass(frozen=True)
class Column:
    """One column of a table question; `choices` for kind choice."""

    id: str
    kind: str
    text: Text
    choices: Mapping[str, Text] = field(default_factory=dict)


def _scale(enum: type[Described]) -> dict[str, Text]:
    return {value: in_languages(sentence) for value, sentence in enum.choices()}


RISK_COLUMNS = (
    Column("risk", "text", in_languages(N_("Risk to people"))),
    Column("likelihood", "choice", in_languages(N_("Likelihood")), _scale(Likelihood)),
    Column("severity", "choice", in_languages(N_("Severity")), _scale(Severity)),
    Column("measure", "text", in_languages(N_("Measure"))),
    Column("residual", "choice", in_languages(N_("Risk that remains")), _scale(Level)),
)


@dataclass(frozen=True)
class Question:
    """One question; `only_if` maps another question to the answers with which this one is asked."""

    id: str
    kind: str
    text: Text
    required: bool = True
    help: Text = field(default_factory=dict)
    reference: str = ""
    prefill: str = ""
    choices: Mapping[str, Text] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    only_if: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def tabular(self) -> bool:
        """Whether the answer is a list of rows."""
        return self.kind in ("risks", "table")


@dataclass(frozen=True)
class Section:
    """Questions under one heading, saved together."""

    id: str
    title: Text
    questions: tuple[Question, ...]
    intro: Text = field(default_factory=dict)


@dataclass(frozen=True)
class NotOwed:
    """The way out: the section that must be answered for it, and the answers that close it."""

    section: str
    refused_when: tuple[Mapping[str, frozenset[str]], ...] = ()


@dataclass(frozen=True)
class Questionnaire:
    """A version of a questionnaire, in force from `valid_from` until a later one is."""

    kind: str
    version: str
    valid_from: dt.date
    title: Text
    source: str
    sections: tuple[Section, ...]
    not_owed: NotOwed | None = None

    @property
    def questions(self) -> dict[str, Question]:
        """Every question by id."""
        return {q.id: q for section in self.sections for q in section.questions}

    def section(self, id: str) -> Section | None:
        """The section of that id."""
        return next((section for section in self.sections if section.id == id), None)

    def section_of(self, question: str) -> Section | None:
        """The section that asks a question."""
        return next((s for s in self.sections if any(q.id == question for q in s.questions)), None)


# --- conditions ---------------------------------------------------------------------------------


def holds(conditions: Mapping[str, frozenset[str]], answers: Answers) -> bool:
    """True where every named answer is (or contains) one of the values; without an answer it is not."""
    return all(bool(_values(name, answers) & allowed) for name, allowed in conditions.items())


def _values(name: str, answers: Answers) -> set[str]:
    question, _, part = name.partition(".")
    answer = answers.get(question)
    if part:
        return {str(row.get(part, "")) for row in answer or []}
    return set(answer) if isinstance(answer, list) else {str(answer)} if answer else set()


def asked(section: Section, answers: Answers) -> list[Question]:
    """The questions of a section that these answers leave open."""
    return [question for question in section.questions if holds(question.only_if, answers)]


# --- one answer ---------------------------------------------------------------------------------


class Wrong(Exception):  # noqa: N818 - a refusal, not a failure
    """Why an answer cannot be taken: (code, message)."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)


def is_empty(answer: Any) -> bool:
    """Whether there is no answer."""
    return answer in (None, "", [], {})


def cleaned(question: Question, answer: Any) -> Any:
    """The answer in its stored form (None: none). Raises Wrong with the reason."""
    if is_empty(answer):
        return None
    if question.tabular:
        return _rows(RISK_COLUMNS if question.kind == "risks" else question.columns, answer) or None
    return _scalar(question.kind, question.choices, answer)


def _scalar(kind: str, choices: Mapping[str, Text], answer: Any) -> Any:
    if kind == "multi_choice":
        if not isinstance(answer, list) or not all(isinstance(one, str) and one in choices for one in answer):
            raise Wrong("unknown_value", N_("This is not one of the choices."))
        return [choice for choice in choices if choice in answer]
    if not isinstance(answer, str):
        raise Wrong("not_a_text", N_("A text is expected here."))
    answer = answer.replace("\r\n", "\n").strip()
    return _SCALARS[kind](choices, answer) if answer else None


def _text(limit: int) -> Callable[[Mapping[str, Text], str], str]:
    def check(choices: Mapping[str, Text], answer: str) -> str:
        if len(answer) > limit:
            raise Wrong("too_long", N_("This is too long."))
        if "\x00" in answer:
            raise Wrong("malformed", N_("The text contains a NUL character."))
        return answer

    return check


def _choice(choices: Mapping[str, Text], answer: str) -> str:
    if answer not in choices:
        raise Wrong("unknown_value", N_("This is not one of the choices."))
    return answer


def _yes_no(choices: Mapping[str, Text], answer: str) -> str:
    if answer not in ("yes", "no"):
        raise Wrong("unknown_value", N_("Answer with yes or no."))
    return answer


def _day(choices: Mapping[str, Text], answer: str) -> str:
    try:
        return dt.date.fromisoformat(answer).isoformat()
    except ValueError as error:
        raise Wrong("invalid", N_("This is not a day (YYYY-MM-DD).")) from error


def _person(choices: Mapping[str, Text], answer: str) -> str:
    try:
        return str(uuid.UUID(answer))
    except ValueError as error:
        raise Wrong("invalid", N_("This is not a person of this organisation.")) from error


_SCALARS: dict[str, Callable[[Mapping[str, Text], str], Any]] = {
    "text": _text(MAX_TEXT),
    "long_text": _text(MAX_LONG),
    "choice": _choice,
    "yes_no": _yes_no,
    "date": _day,
    "person": _person,
}
COLUMN_KINDS = frozenset({"text", "long_text", "choice", "yes_no", "date", "person"})
_CELL_LIMIT = 2_000


def _rows(columns: Sequence[Column], answer: Any) -> list[dict[str, str]]:
    if not isinstance(answer, list) or not all(isinstance(row, Mapping) for row in answer):
        raise Wrong("not_rows", N_("A list of rows is expected here."))
    if len(answer) > MAX_ROWS:
        raise Wrong("too_many", N_("At most 50 rows are possible."))
    known = {column.id for column in columns}
    if any(set(row) - known for row in answer):
        raise Wrong("unknown_column", N_("A row has a column that this question does not have."))
    rows = [{column.id: _cell(column, row.get(column.id)) for column in columns} for row in answer]
    return [row for row in rows if any(row.values())]


def _cell(column: Column, value: Any) -> str:
    kind = "long_text" if column.kind == "text" else column.kind
    cell = _scalar(kind, column.choices, value) if not is_empty(value) else None
    if cell is not None and len(cell) > _CELL_LIMIT:
        raise Wrong("too_long", N_("This is too long."))
    return cell or ""


def people_in(question: Question, answer: Any) -> Iterator[str]:
    """The ids of people that an answer names."""
    if is_empty(answer):
        return
    if question.kind == "person":
        yield answer
    for column in question.columns:
        if column.kind == "person":
            yield from (row[column.id] for row in answer if row.get(column.id))


# --- what is missing, what differs --------------------------------------------------------------


def is_answered(question: Question, answer: Any) -> bool:
    """Whether a required question needs nothing more: an answer, and in each row of risks every cell."""
    if is_empty(answer):
        return False
    return question.kind != "risks" or all(all(row.values()) for row in answer)


@dataclass(frozen=True)
class Progress:
    """How far a section is: required questions that are asked, and those still open."""

    section: Section
    needed: int
    open: tuple[Question, ...]

    @property
    def done(self) -> int:
        """Required questions with an answer."""
        return self.needed - len(self.open)


def progress(questionnaire: Questionnaire, answers: Answers, not_owed: bool = False) -> list[Progress]:
    """The state of each section; where nothing is owed, of the section that shows why."""
    only = questionnaire.not_owed.section if not_owed and questionnaire.not_owed else None
    found = []
    for section in questionnaire.sections:
        if only is None or section.id == only:
            needed = [question for question in asked(section, answers) if question.required]
            left = tuple(q for q in needed if not is_answered(q, answers.get(q.id)))
            found.append(Progress(section, len(needed), left))
    return found


def owed_after_all(questionnaire: Questionnaire, answers: Answers) -> bool:
    """Whether the answers themselves say that it is owed, or that there is no way out."""
    way_out = questionnaire.not_owed
    return way_out is None or any(holds(conditions, answers) for conditions in way_out.refused_when)


@dataclass(frozen=True)
class Difference:
    """One question whose answer (or existence) differs; `before_known`: the earlier questionnaire asked it too."""

    question: Question
    before: Any
    after: Any
    before_known: bool
    after_known: bool


def differences(before: Questionnaire, old: Answers, after: Questionnaire, new: Answers) -> list[Difference]:
    """What the later version says differently, in the order of its questions; then what it no longer asks."""
    earlier, later = before.questions, after.questions
    found = [
        Difference(question, old.get(id), new.get(id), id in earlier, True)
        for id, question in later.items()
        if old.get(id) != new.get(id) or id not in earlier
    ]
    gone = [
        Difference(question, old.get(id), None, True, False)
        for id, question in earlier.items()
        if id not in later
    ]
    return found + gone


def carried(before: Questionnaire, old: Answers, after: Questionnaire) -> dict[str, Any]:
    """The answers of the last version with which a new one starts: of questions that still take them."""
    earlier, kept = before.questions, {}
    for id, question in after.questions.items():
        if id in earlier and earlier[id].kind == question.kind:
            try:
                answer = cleaned(question, old.get(id))
            except Wrong:
                continue  # a choice or column that is gone
            if answer is not None:
                kept[id] = answer
    return kept
