"""Acts on a version: submit, return, 'not owed'; and what is added. Sign, withdraw: `review.views.assessments`."""

import uuid
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.assessments import attachments, selectors, services, threads
from governance.assessments.downloads import file_response
from governance.assessments.forms import CommentForm, FileForm, ReasonForm
from governance.assessments.models import Assessment, AssessmentComment
from governance.assessments.rules import EDIT, SIGNED_BY
from governance.assessments.views.pages import detail, find
from governance.registry.pages import Crumbs, FormPage, add_error, said
from portal.access.selectors import can, require
from portal.errors import NotAllowed, RuleBroken
from portal.web.middleware import sentence
from portal.web.views import SignedInMixin


class ReasonPage(FormPage):
    """A form with a reason, for those who may do it; the service asks the rest."""

    perm = selectors.SEE
    form_class = ReasonForm
    assessment: Assessment

    def needs(self) -> tuple[str, ...]:
        """Any of these permissions opens the page."""
        return (SIGNED_BY[self.assessment.kind],)

    def load(self) -> None:
        """The assessment of the address."""
        self.assessment = find(self.request, self.kwargs["pk"])
        needed = self.needs()
        if not any(can(self.request.user, perm, self.assessment.system) for perm in needed):
            require(self.request.user, needed[0], self.assessment.system)

    def crumbs(self) -> Crumbs:
        """Below the assessment."""
        return [
            (gettext("Assessments"), reverse("assessment_list")),
            (f"{self.assessment.system.name}: {self.assessment}", self.assessment.get_absolute_url()),
        ]


class AssessmentReturn(ReasonPage):
    """Send it back with questions."""

    title = _("Return this assessment with questions")
    submit = _("Return")

    def extra(self) -> dict[str, Any]:
        """Where questions about single answers go."""
        return {
            "note": gettext("Ask about single answers in the thread beside them; say here what it comes to.")
        }

    def act(self, form: ReasonForm) -> str:
        """Return it."""
        services.send_back(assessment=self.assessment, by=self.request.user, **form.cleaned_data)
        said(self.request, gettext("Returned to its writers."))
        return self.assessment.get_absolute_url()


class AssessmentNotOwed(ReasonPage):
    """Take the way of 'not owed'."""

    title = _("Say why it is not owed")
    submit = _("It is not owed")

    def needs(self) -> tuple[str, ...]:
        """Writers."""
        return (EDIT,)

    def form(self, data: Any = None) -> ReasonForm:
        """With the reason that is there."""
        return ReasonForm(data, initial={"reason": self.assessment.not_owed_reason})

    def extra(self) -> dict[str, Any]:
        """What remains to be answered."""
        way_out = selectors.questionnaire_of(self.assessment).not_owed
        section = selectors.questionnaire_of(self.assessment).section(way_out.section) if way_out else None
        title = selectors.say(section.title) if section else ""
        note = gettext(
            "The section '{section}' is still answered, and the reason is signed off like any assessment."
        )
        return {"note": note.format(section=title)}

    def act(self, form: ReasonForm) -> str:
        """Say so."""
        services.set_not_owed(
            assessment=self.assessment, not_owed=True, by=self.request.user, **form.cleaned_data
        )
        return self.assessment.get_absolute_url()


class AssessmentOwed(SignedInMixin, View):
    """Back to all sections."""

    perm = selectors.SEE

    def post(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Say so."""
        found = find(request, pk)
        require(request.user, EDIT, found.system)
        services.set_not_owed(assessment=found, not_owed=False, by=request.user)
        return HttpResponseRedirect(found.get_absolute_url())


class AssessmentSubmit(SignedInMixin, View):
    """Hand a complete draft to whoever signs."""

    perm = selectors.SEE

    def post(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Submit it."""
        found = find(request, pk)
        require(request.user, EDIT, found.system)
        services.submit(assessment=found, by=request.user)
        said(request, gettext("Submitted. It now waits for a signature."))
        return HttpResponseRedirect(found.get_absolute_url())


# --- threads and files --------------------------------------------------------------------------


def _back(assessment: Assessment, question: str) -> HttpResponse:
    section = selectors.questionnaire_of(assessment).section_of(question)
    if section is None:
        return HttpResponseRedirect(assessment.get_absolute_url())
    address = reverse("assessment_section", args=[assessment.pk, section.id])
    return HttpResponseRedirect(f"{address}#ask-{question}")


class CommentAdd(SignedInMixin, View):
    """Say something about a question."""

    perm = selectors.SEE

    def post(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Add it and go back to the question."""
        found = find(request, pk)
        if not selectors.may_comment(request.user, found.system):
            raise NotAllowed(threads.MAY_NOT, code="not_allowed")
        form = CommentForm(request.POST)
        if not form.is_valid():
            raise RuleBroken(threads.TEXT_LENGTH, code="text_length", field="text")
        wanted = form.cleaned_data["thread"]
        parent = get_object_or_404(found.comments, pk=wanted) if wanted else None
        question = form.cleaned_data["question"]
        threads.comment(
            assessment=found,
            question=question,
            text=form.cleaned_data["text"],
            parent=parent,
            by=request.user,
        )
        return _back(found, question)


class ThreadResolve(SignedInMixin, View):
    """Settle a thread, or open it again."""

    perm = selectors.SEE

    def post(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Do it and go back to the question."""
        rows = AssessmentComment.objects.filter(assessment__in=selectors.visible_assessments(request.user))
        row = get_object_or_404(rows.select_related("assessment__system__unit"), pk=pk)
        threads.resolve(comment=row, by=request.user, resolved=request.POST.get("open") != "1")
        return _back(row.assessment, row.question)


class AttachmentAdd(SignedInMixin, View):
    """Add a file to a draft."""

    perm = selectors.SEE

    def post(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Check and keep it, or show what is wrong with it (422)."""
        found = find(request, pk)
        require(request.user, EDIT, found.system)
        form = FileForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                attachments.attach(
                    assessment=found,
                    file=form.cleaned_data["file"],
                    question=form.cleaned_data["question"],
                    by=request.user,
                )
            except NotAllowed:
                raise
            except RuleBroken as error:
                add_error(form, error.field, sentence(error))
            else:
                said(request, gettext("The file is added."))
                return HttpResponseRedirect(f"{found.get_absolute_url()}#files")
        context = detail(request, found) | {"file_form": form}
        return render(request, "assessments/assessment_detail.html", context, status=422)


class AttachmentDownload(SignedInMixin, View):
    """The file, to be saved; who took it is recorded."""

    perm = selectors.SEE

    def get(self, request: HttpRequest, pk: uuid.UUID) -> FileResponse:
        """The bytes as they were added."""
        row = get_object_or_404(selectors.visible_attachments(request.user), pk=pk)
        return file_response(row, request.user)


class AttachmentRemove(SignedInMixin, View):
    """Take a file off a draft."""

    perm = selectors.SEE

    def post(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Remove it; name and hash stay."""
        row = get_object_or_404(selectors.visible_attachments(request.user), pk=pk)
        require(request.user, EDIT, row.assessment.system)
        attachments.remove(attachment=row, by=request.user)
        said(request, gettext("The file is removed; its name and hash stay in the history."))
        return HttpResponseRedirect(f"{row.assessment.get_absolute_url()}#files")
