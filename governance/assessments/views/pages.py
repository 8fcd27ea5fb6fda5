"""Reading assessments: the list, the tab of a system, one version, its differences, on paper and as JSON."""

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.assessments import catalogue, files, selectors, services, shown
from governance.assessments.forms import FileForm
from governance.assessments.models import Assessment
from governance.assessments.rules import COMMENT, EDIT, SIGNED_BY, Kind
from governance.assessments.serializers import export_shape
from governance.assessments.tables import AssessmentFilter, AssessmentTable
from governance.registry import related
from governance.registry import selectors as registry
from governance.registry.pages import said
from portal.access.selectors import can, require
from portal.ledger.selectors import history
from portal.web.rest import dumps
from portal.web.views import SignedInMixin, TableView


def find(request: HttpRequest, pk: uuid.UUID) -> Assessment:
    """The assessment of the address, if this person may read it; Http404 otherwise."""
    rows = selectors.visible_assessments(request.user).select_related(
        "system__unit",
        "system__owner",
        "created_by",
        "submitted_by",
        "signed_by",
        "returned_by",
        "withdrawn_by",
    )
    return get_object_or_404(rows, pk=pk)


def frame(request: HttpRequest, assessment: Assessment) -> dict[str, Any]:
    """What every page about one version shows around its own content."""
    return {
        "assessment": assessment,
        "system": assessment.system,
        "kind": Kind(assessment.kind),
        "questionnaire": selectors.questionnaire_of(assessment),
        "sections": shown.sections(assessment),
        "may_edit": assessment.state == "draft" and can(request.user, EDIT, assessment.system),
    }


class AssessmentList(TableView):
    """Every version that this person may read, of all systems."""

    table_class = AssessmentTable
    filterset_class = AssessmentFilter
    perm = selectors.SEE
    title = _("Assessments")
    intro = _("Impact assessments, bias pre-assessments and oversight plans of your systems.")
    hidden_columns = ("created_by",)
    empty = {
        "icon": "clipboard-list",
        "title": _("No assessments yet"),
        "text": _("They are begun on the tab 'Assessments' of a system, which says which ones it needs."),
    }

    def get_queryset(self) -> QuerySet[Assessment]:
        """In one query, with what the columns show."""
        rows = selectors.visible_assessments(self.request.user)
        return rows.select_related("system", "created_by", "signed_by").defer(
            "answers", "content", "prefilled"
        )


class SystemAssessments(SignedInMixin, View):
    """The tab 'Assessments' of a system: what it needs, what is in use, what to do next."""

    perm = selectors.SEE

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The tab."""
        system = registry.get(request.user, slug, selectors.SEE)
        rows = selectors.visible_assessments(request.user).filter(system=system)
        context = {
            "system": system,
            "standings": selectors.standings(system, timezone.localdate()),
            "today": timezone.localdate(),
            "versions": rows.select_related("signed_by", "created_by").order_by("kind", "-version"),
            "may_edit": can(request.user, EDIT, system),
            "flows": system.flows.count(),
            "tab": "assessments",
        }
        return render(request, "assessments/system_assessments.html", context)


class AssessmentStart(SignedInMixin, View):
    """Begin the next version of a kind."""

    perm = selectors.SEE

    def post(self, request: HttpRequest, slug: str, kind: str) -> HttpResponse:
        """Begin it and go to its first section."""
        system = registry.get(request.user, slug, selectors.SEE)
        require(request.user, EDIT, system)
        made = services.start(system=system, kind=kind, by=request.user)
        said(
            request, gettext("The draft is begun, with what is known already filled in. It saves as you go.")
        )
        first = selectors.questionnaire_of(made).sections[0]
        return HttpResponseRedirect(reverse("assessment_section", args=[made.pk, first.id]))


class AssessmentDetail(SignedInMixin, View):
    """One version: how far it is, who must do what, files, threads, versions, history."""

    perm = selectors.SEE

    def get(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """The page."""
        found = find(request, pk)
        return render(request, "assessments/assessment_detail.html", detail(request, found))


def detail(request: HttpRequest, found: Assessment) -> dict[str, Any]:
    """The context of the first page of a version."""
    user, today = request.user, timezone.localdate()
    signer = can(user, SIGNED_BY[found.kind], found.system)
    questions = selectors.questionnaire_of(found).questions
    threads = selectors.threads(found)
    return {
        **frame(request, found),
        "related": related.around(user, found.system, found),
        "problem": services.problem(found, today) if found.state == "draft" else "",
        "way_out": selectors.questionnaire_of(found).not_owed is not None,
        "may_sign": signer and found.state == "in_review",
        "why_not_sign": selectors.why_not_sign(found, user) if signer and found.state == "in_review" else "",
        "may_withdraw": found.state in ("draft", "in_review") and can(user, EDIT, found.system),
        "may_revoke": found.state == "signed" and signer,
        "may_start": found.state in ("signed", "withdrawn") and can(user, EDIT, found.system),
        "expired": found.state == "signed" and found.valid_until is not None and found.valid_until < today,
        "files": found.attachments.filter(removed_at__isnull=True).select_related("added_by"),
        "file_form": FileForm(),
        "accepted": ", ".join(files.ACCEPTED),
        "max_mb": files.MAX_BYTES // 1024 // 1024,
        "threads": [
            (row, _question(questions, row.question), _section(found, row.question)) for row in threads
        ],
        "open_threads": sum(row.resolved_at is None for row in threads),
        "versions": Assessment.objects.filter(system=found.system, kind=found.kind)
        .select_related("signed_by")
        .order_by("-version"),
        "previous": selectors.previous(found),
        "events": history(found.subject),
    }


def _question(questions: Any, id: str) -> str:
    return selectors.say(questions[id].text) if id in questions else id


def _section(assessment: Assessment, question: str) -> str:
    section = selectors.questionnaire_of(assessment).section_of(question)
    return section.id if section else ""


class AssessmentDifferences(SignedInMixin, View):
    """What this version says differently than the one before it."""

    perm = selectors.SEE

    def get(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """The page; `?with=` names another version."""
        found = find(request, pk)
        others = Assessment.objects.filter(system=found.system, kind=found.kind).exclude(pk=found.pk)
        wanted = request.GET.get("with", "")
        before = (
            others.filter(version=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 6 else None
        )
        before = before or selectors.previous(found)
        rows = []
        if before is not None:
            people = selectors.people_named(before) | selectors.people_named(found)
            rows = shown.changes_shown(selectors.compare(before, found), people)
        context = {"assessment": found, "system": found.system, "kind": Kind(found.kind), "before": before}
        context |= {"changes": rows, "others": others.order_by("-version")}
        return render(request, "assessments/assessment_differences.html", context)


class AssessmentPrint(SignedInMixin, View):
    """The whole version on paper."""

    perm = selectors.SEE

    def get(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Everything that is asked with its answers, and the signature."""
        found = find(request, pk)
        context = {
            **frame(request, found),
            "files": found.attachments.filter(removed_at__isnull=True),
            "people": [found.created_by, found.submitted_by],
        }
        return render(request, "assessments/assessment_print.html", context)


class AssessmentExport(SignedInMixin, View):
    """The version as JSON, as the API gives it, with the frozen content and its digest where it is signed."""

    perm = selectors.SEE

    def get(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """The file."""
        found = find(request, pk)
        response = HttpResponse(dumps(export_shape(found)), content_type="application/json")
        name = f"{found.system.slug}-{found.kind}-{found.version}.json"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


class QuestionnairePage(SignedInMixin, View):
    """The questionnaires in use, with what asks for them and their sources."""

    perm = selectors.SEE

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        today = timezone.localdate()
        rows = [
            {
                "kind": kind,
                "questionnaire": catalogue.current(kind.value, today),
                "requirements": [
                    {"row": row, "why": selectors.say(row.why)}
                    for row in catalogue.requirements()
                    if row.kind == kind.value
                ],
                "sections": [
                    (selectors.say(s.title), [selectors.say(q.text) for q in s.questions])
                    for s in catalogue.current(kind.value, today).sections
                ],
            }
            for kind in Kind
        ]
        return render(request, "assessments/questionnaires.html", {"rows": rows, "today": today})


def may_comment(request: HttpRequest, assessment: Assessment) -> bool:
    """Whether the threads are open to this person."""
    return assessment.state in ("draft", "in_review") and any(
        can(request.user, perm, assessment.system) for perm in COMMENT
    )
