"""Questions and answers as pages show them: in the reader's language, people by name, codes as words."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext

from governance.assessments.models import Assessment
from governance.assessments.questionnaire import (
    Column,
    Difference,
    Level,
    Progress,
    Question,
    asked,
    is_empty,
    level,
    progress,
)
from governance.assessments.selectors import people_named, questionnaire_of, say
from portal.datafile import Text
from portal.web import badges


@dataclass(frozen=True)
class Shown:
    """One answer: `text` for a line or prose, `items` for a list, `head` and `rows` for a table."""

    id: str
    kind: str
    label: str
    reference: str
    text: str = ""
    items: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = field(default=())

    @property
    def empty(self) -> bool:
        """Whether there is no answer."""
        return not (self.text or self.items or self.rows)

    @property
    def prose(self) -> bool:
        """Whether the text is Markdown."""
        return self.kind == "long_text"

    def __str__(self) -> str:
        if self.rows:
            return "\n".join("; ".join(cell for cell in row if cell) for row in self.rows)
        return ", ".join(self.items) or self.text


def shown(question: Question, answer: Any, people: Mapping[str, str]) -> Shown:
    """The answer to a question for a page; `people` gives names by id."""
    base: dict[str, Any] = {
        "id": question.id,
        "kind": question.kind,
        "label": say(question.text),
        "reference": question.reference,
    }
    if is_empty(answer):
        return Shown(**base)
    if question.tabular:
        head, rows = _table(question, answer, people)
        return Shown(**base, head=head, rows=rows)
    if question.kind == "multi_choice":
        return Shown(**base, items=tuple(_word(question.choices, one) for one in answer))
    return Shown(**base, text=_cell(question.kind, question.choices, answer, people))


def _table(
    question: Question, answer: Any, people: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    head = [say(column.text) for column in question.columns]
    rows = [
        [column_shown(column, row.get(column.id, ""), people) for column in question.columns]
        for row in answer
    ]
    if question.kind == "risks":  # likelihood × severity, before the measure
        head.insert(3, gettext("Risk before"))
        for row, source in zip(rows, answer, strict=True):
            found = level(source)
            row.insert(3, gettext(Level(found).sentence) if found else "")
    return tuple(head), tuple(tuple(row) for row in rows)


def column_shown(column: Column, value: str, people: Mapping[str, str]) -> str:
    """One cell of a table."""
    return _cell(column.kind, column.choices, value, people) if value else ""


def _cell(kind: str, choices: Mapping[str, Text], value: str, people: Mapping[str, str]) -> str:
    if kind == "choice":
        return _word(choices, value)
    if kind == "yes_no":
        return badges.word(value)
    if kind == "person":
        return people.get(value, value)
    if kind == "date":
        return _day(value)
    return value


def _day(value: str) -> str:
    return str(date_format(dt.date.fromisoformat(value), "DATE_FORMAT"))


def _word(choices: Mapping[str, Text], value: str) -> str:
    return say(choices[value]) if value in choices else value


@dataclass(frozen=True)
class ShownSection:
    """A section with what is asked of it and how far it is; `of_interest`: it counts on the way that was taken."""

    id: str
    title: str
    intro: str
    answers: tuple[Shown, ...]
    needed: int
    done: int
    of_interest: bool

    @property
    def complete(self) -> bool:
        """Whether nothing is open."""
        return self.done == self.needed


def sections(assessment: Assessment) -> list[ShownSection]:
    """Every section of a version, with the questions that are asked and their answers."""
    questionnaire = questionnaire_of(assessment)
    people = people_named(assessment)
    known: dict[str, Progress] = {
        row.section.id: row for row in progress(questionnaire, assessment.answers, assessment.not_owed)
    }
    return [
        ShownSection(
            id=section.id,
            title=say(section.title),
            intro=say(section.intro),
            answers=tuple(
                shown(question, assessment.answers.get(question.id), people)
                for question in asked(section, assessment.answers)
            ),
            needed=known[section.id].needed if section.id in known else 0,
            done=known[section.id].done if section.id in known else 0,
            of_interest=section.id in known,
        )
        for section in questionnaire.sections
    ]


def changes_shown(found: Iterable[Difference], people: Mapping[str, str]) -> list[dict[str, Any]]:
    """Differences for components/diff.html; a question that did not exist before says so."""
    rows = []
    for one in found:
        label = say(one.question.text)
        if not one.before_known:
            label = gettext("{question} (new question)").format(question=label)
        elif not one.after_known:
            label = gettext("{question} (no longer asked)").format(question=label)
        rows.append(
            {
                "field": label,
                "before": str(shown(one.question, one.before, people)),
                "after": str(shown(one.question, one.after, people)),
            }
        )
    return rows
