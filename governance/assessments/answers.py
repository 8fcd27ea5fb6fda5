"""Saving the answers of one section of a draft, under an optimistic lock that tells what changed meanwhile."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from governance.assessments import prefill
from governance.assessments.models import AnswerChange, Assessment
from governance.assessments.questionnaire import Question, Section, Wrong, cleaned, people_in
from governance.assessments.selectors import questionnaire_of
from governance.assessments.services import locked_draft, record_act
from governance.registry.services import person
from portal.errors import N_, Invalid, RuleBroken


@dataclass(frozen=True)
class Meanwhile:
    """One answer that somebody saved after the page was loaded, and that this save would overwrite."""

    question: Question
    before: Any
    now: Any
    yours: Any
    by: str
    at: dt.datetime


class Stale(RuleBroken):
    """Somebody saved a newer record; `changes` says what, who and when."""

    def __init__(self, changes: list[Meanwhile], save_number: int) -> None:
        self.changes, self.save_number = changes, save_number
        super().__init__(
            N_("{people} changed this section meanwhile. Look at the differences and save again."),
            code="stale",
            people=", ".join(dict.fromkeys(change.by for change in changes)),
        )


def save_section(
    *,
    assessment: Assessment,
    section: str,
    answers: Mapping[str, Any],
    expected: int,
    by: Any,
    effective_at: dt.datetime | None = None,
) -> list[str]:
    """Save answers of one section that nobody changed since save number `expected`; the ids that differed.

    What somebody else saved meanwhile stays where this save left it as it was; where both changed an answer, and
    differently, it is refused. Raises Invalid with a row per question, Stale with what changed meanwhile.
    """
    now = effective_at or timezone.now()
    with locked_draft(assessment, by) as locked:
        found = questionnaire_of(locked).section(section)
        if found is None:
            raise Invalid(
                [{"field": "section", "code": "unknown", "message": N_("There is no such section.")}]
            )
        values = _checked(found, answers)
        differing = {id: value for id, value in values.items() if locked.answers.get(id) != value}
        differing = _merged(locked, found, differing, expected)
        _write(locked, {found.id: differing}, person(by), now, effective_at)
    assessment.refresh_from_db()
    return sorted(differing)


def save_answers(
    *,
    assessment: Assessment,
    answers: Mapping[str, Any],
    expected: int,
    by: Any,
    effective_at: dt.datetime | None = None,
) -> list[str]:
    """Save answers of any sections at once (for the API), if nobody changed it since row version `expected`."""
    now = effective_at or timezone.now()
    with locked_draft(assessment, by) as locked:
        questionnaire = questionnaire_of(locked)
        unknown = sorted(set(answers) - set(questionnaire.questions))
        if unknown:
            message = N_("This questionnaire has no such question.")
            raise Invalid(
                [{"field": f"answers.{id}", "code": "unknown", "message": message} for id in unknown]
            )
        if locked.row_version != expected:
            raise Stale([], locked.row_version)
        by_section = {s.id: _checked(s, answers) for s in questionnaire.sections}
        differing = {
            id: {q: value for q, value in values.items() if locked.answers.get(q) != value}
            for id, values in by_section.items()
        }
        _write(locked, differing, person(by), now, effective_at)
    assessment.refresh_from_db()
    return sorted(question for values in differing.values() for question in values)


def take_over(*, assessment: Assessment, question: str, by: Any) -> Assessment:
    """Answer a question with what the register says now."""
    with locked_draft(assessment, by) as locked:
        questionnaire = questionnaire_of(locked)
        found, section = questionnaire.questions.get(question), questionnaire.section_of(question)
        if found is None or section is None or not found.prefill:
            raise RuleBroken(N_("The register does not answer this question."), code="no_prefill")
        answers, sources = prefill.fill(questionnaire, locked.system)
        locked.prefilled = {
            **{id: source for id, source in locked.prefilled.items() if id != question},
            **({question: sources[question]} if question in sources else {}),
        }
        value = {question: answers.get(question)}
        differing = value if locked.answers.get(question) != value[question] else {}
        _write(locked, {section.id: differing}, person(by), timezone.now(), None)
        locked.save(update_fields=["prefilled"])
    assessment.refresh_from_db()
    return assessment


def _checked(section: Section, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The stored form of the answers that this section asks for; Invalid with a row per answer that cannot be."""
    values: dict[str, Any] = {}
    errors: list[dict[str, str]] = []
    named: dict[str, str] = {}
    for question in section.questions:
        if question.id in answers:
            try:
                values[question.id] = cleaned(question, answers[question.id])
            except Wrong as error:
                errors.append(
                    {"field": f"answers.{question.id}", "code": error.code, "message": error.message}
                )
            else:
                named |= dict.fromkeys(people_in(question, values[question.id]), question.id)
    known = {str(pk) for pk in get_user_model().objects.filter(pk__in=named).values_list("pk", flat=True)}
    message = N_("This is not a person of this organisation.")
    errors += [
        {"field": f"answers.{question}", "code": "unknown_person", "message": message}
        for one, question in named.items()
        if one not in known
    ]
    if errors:
        raise Invalid(errors)
    return values


def _merged(
    locked: Assessment, section: Section, differing: Mapping[str, Any], expected: int
) -> dict[str, Any]:
    """What to write of a save that was made from save number `expected`: without what its writer left as it was.

    Raises Stale where the writer and somebody else changed the same answer to different ones.
    """
    actual = locked.saves.get(section.id, 0)
    if actual == expected or not differing:
        return dict(differing)
    rows = locked.changes.filter(section=section.id, save_number__gt=expected, question__in=differing)
    first: dict[str, AnswerChange] = {}
    last: dict[str, AnswerChange] = {}
    for row in rows.select_related("changed_by").order_by("id"):
        first.setdefault(row.question, row)
        last[row.question] = row
    untouched = {id for id, row in first.items() if row.before == differing[id]}
    changes = [
        Meanwhile(
            question=question,
            before=first[question.id].before,
            now=locked.answers.get(question.id),
            yours=differing[question.id],
            by=last[question.id].changed_by.display,
            at=last[question.id].changed_at,
        )
        for question in section.questions
        if question.id in last and question.id not in untouched
    ]
    if changes:
        raise Stale(changes, actual)
    return {id: value for id, value in differing.items() if id not in untouched}


def _write(
    locked: Assessment,
    by_section: Mapping[str, Mapping[str, Any]],
    by: Any,
    now: dt.datetime,
    effective_at: dt.datetime | None,
) -> None:
    """Store what differs, its history and its event; nothing where nothing does."""
    by_section = {section: values for section, values in by_section.items() if values}
    if not by_section:
        return
    rows = []
    for section, values in by_section.items():
        number = locked.saves.get(section, 0) + 1
        locked.saves[section] = number
        rows += [
            AnswerChange(
                assessment=locked,
                section=section,
                save_number=number,
                question=question,
                before=locked.answers.get(question),
                after=value,
                changed_at=now,
                changed_by=by,
            )
            for question, value in values.items()
        ]
        for question, value in values.items():
            if value is None:
                locked.answers.pop(question, None)
            else:
                locked.answers[question] = value
    AnswerChange.objects.bulk_create(rows)
    locked.row_version += 1
    locked.save(update_fields=["answers", "saves", "row_version"])
    record_act(locked, "answers_saved", by, effective_at, questions=sorted(row.question for row in rows))
