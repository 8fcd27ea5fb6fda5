"""Filling a section: saved as one goes, with what the register says beside the answers and a thread per question."""

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views import View

from governance.assessments import answers, prefill, selectors, shown
from governance.assessments.forms import SectionForm
from governance.assessments.models import Assessment
from governance.assessments.questionnaire import Section, asked
from governance.assessments.rules import EDIT
from governance.assessments.views.pages import find, frame, may_comment
from governance.registry.pages import add_error, said
from portal.access.selectors import require
from portal.errors import Invalid
from portal.web.middleware import sentence
from portal.web.views import SignedInMixin


class SectionPage(SignedInMixin, View):
    """One section of one version; a form in a draft for those who may change it, else the answers."""

    perm = selectors.SEE

    def get(self, request: HttpRequest, pk: uuid.UUID, section: str) -> HttpResponse:
        """The page."""
        found = find(request, pk)
        return page(request, found, _section(found, section))

    def post(self, request: HttpRequest, pk: uuid.UUID, section: str) -> HttpResponse:
        """Save: by the button (next page, or what is wrong), or in the background (a line that says so)."""
        found = find(request, pk)
        require(request.user, EDIT, found.system)
        asked_for = _section(found, section)
        form = _form(found, asked_for, request.POST)
        background = bool(request.headers.get("HX-Request"))
        stale: answers.Stale | None = None
        if form.is_valid():
            try:
                answers.save_section(
                    assessment=found,
                    section=section,
                    answers=form.answers(),
                    expected=form.cleaned_data["expected"],
                    by=request.user,
                )
            except Invalid as error:
                for row in error.errors:
                    add_error(form, row["field"].removeprefix("answers."), gettext(row["message"]))
            except answers.Stale as error:
                stale = error
            else:
                return _saved(request, found, asked_for) if background else _next(request, found, section)
        if background:
            context = {"form": form, "stale": stale, "reason": sentence(stale) if stale else ""}
            return render(request, "assessments/autosave_refused.html", context, status=422)
        return page(request, found, asked_for, form, stale)


def _section(assessment: Assessment, id: str) -> Section:
    found = selectors.questionnaire_of(assessment).section(id)
    if found is None:
        raise Http404
    return found


def _form(assessment: Assessment, section: Section, data: Any = None) -> SectionForm:
    expected = assessment.saves.get(section.id, 0)
    return SectionForm(data, section=section, answers=assessment.answers, expected=expected)


def _saved(request: HttpRequest, assessment: Assessment, section: Section) -> HttpResponse:
    """The line under the form, the new save number, how far the section is, and which questions are asked now."""
    open_now = {question.id for question in asked(section, assessment.answers)}
    rows = {row.id: row for row in shown.sections(assessment)}
    context = {
        "expected": assessment.saves.get(section.id, 0),
        "now": timezone.now(),
        "row": rows[section.id],
        "asked": [(q.id, q.id in open_now) for q in section.questions if q.only_if],
    }
    return render(request, "assessments/autosave.html", context)


def _next(request: HttpRequest, assessment: Assessment, section: str) -> HttpResponse:
    """To the following section where that was asked for, else back here."""
    said(request, gettext("Saved."))
    ids = [row.id for row in selectors.questionnaire_of(assessment).sections]
    place = ids.index(section)
    if "next" not in request.POST:
        return HttpResponseRedirect(reverse("assessment_section", args=[assessment.pk, section]))
    if place + 1 < len(ids):
        return HttpResponseRedirect(reverse("assessment_section", args=[assessment.pk, ids[place + 1]]))
    return HttpResponseRedirect(assessment.get_absolute_url())


def page(
    request: HttpRequest,
    assessment: Assessment,
    section: Section,
    form: SectionForm | None = None,
    stale: answers.Stale | None = None,
) -> HttpResponse:
    """The section as a page; with a refused form 422, with a newer record underneath 409."""
    status = 409 if stale else 422 if form is not None else 200
    form = form or _form(assessment, section)
    around = frame(request, assessment)
    context = {
        **around,
        "here": next(row for row in around["sections"] if row.id == section.id),
        "form": form,
        "expected": stale.save_number if stale else form["expected"].value(),
        "rows": _rows(request, assessment, section, form),
        "stale": _differences(assessment, stale) if stale else [],
        "reason": sentence(stale) if stale else "",
        "may_comment": may_comment(request, assessment),
    }
    return render(request, "assessments/section.html", context, status=status)


def _rows(
    request: HttpRequest, assessment: Assessment, section: Section, form: SectionForm
) -> list[dict[str, Any]]:
    """Each question with its field, its answer, what the register says, and its threads."""
    people = selectors.people_named(assessment)
    open_now = {question.id for question in asked(section, assessment.answers)}
    threads: dict[str, list[Any]] = {}
    for thread in selectors.threads(assessment):
        threads.setdefault(thread.question, []).append(thread)
    draft = assessment.state == "draft"
    questionnaire = selectors.questionnaire_of(assessment)
    changed = prefill.changed_since(questionnaire, assessment.system, assessment.prefilled) if draft else {}
    return [
        {
            "question": question,
            "field": form[question.id],
            "asked": question.id in open_now,
            "conditional": bool(question.only_if),
            "shown": shown.shown(question, assessment.answers.get(question.id), people),
            "source": prefill.SOURCES.get(assessment.prefilled.get(question.id, {}).get("field", ""), ""),
            "register": shown.shown(question, changed[question.id], people)
            if question.id in changed
            else None,
            "language": assessment.prefilled.get(question.id, {}).get("language", ""),
            "own_words": _reworded(assessment, question.id),
            "threads": threads.get(question.id, []),
        }
        for question in section.questions
    ]


def _reworded(assessment: Assessment, question: str) -> bool:
    """Whether the answer is no longer the register's own."""
    source = assessment.prefilled.get(question)
    return source is not None and assessment.answers.get(question) != source["value"]


def _differences(assessment: Assessment, stale: answers.Stale) -> list[dict[str, Any]]:
    people = selectors.people_named(assessment)
    return [
        {
            "question": selectors.say(row.question.text),
            "by": row.by,
            "at": row.at,
            "before": str(shown.shown(row.question, row.before, people)),
            "now": str(shown.shown(row.question, row.now, people)),
            "yours": str(shown.shown(row.question, row.yours, people)),
        }
        for row in stale.changes
    ]


class TakeOver(SignedInMixin, View):
    """Answer a question with what the register says now."""

    perm = selectors.SEE

    def post(self, request: HttpRequest, pk: uuid.UUID, question: str) -> HttpResponse:
        """Take it over and go back to the question."""
        found = find(request, pk)
        require(request.user, EDIT, found.system)
        answers.take_over(assessment=found, question=question, by=request.user)
        section = selectors.questionnaire_of(found).section_of(question)
        said(request, gettext("The answer is now what the register says."))
        address = reverse("assessment_section", args=[found.pk, section.id if section else ""])
        return HttpResponseRedirect(f"{address}#ask-{question}")
