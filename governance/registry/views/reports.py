"""Report an AI that is not in the register, and answer such reports."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry import reports, selectors
from governance.registry.forms import AnswerForm, ReportForm
from governance.registry.models import UnlistedReport
from governance.registry.pages import Crumbs, FormPage, said
from governance.registry.tables import ReportFilter, ReportTable
from portal.access.selectors import can
from portal.web.views import SignedInMixin, TableView


def in_view(user: Any) -> QuerySet[UnlistedReport]:
    """Own reports, and those that this person answers."""
    answered = selectors.reports(user).values("pk")
    rows = UnlistedReport.objects.filter(Q(created_by=user) | Q(pk__in=answered))
    return rows.select_related("unit", "created_by", "answered_by", "system")


class ReportList(TableView):
    """Reports: one's own, and those that wait for one's answer."""

    table_class = ReportTable
    filterset_class = ReportFilter
    title = _("Reported AI")
    intro = _("AI that somebody saw and that is not in the register.")
    template_name = "registry/report_list.html"
    shipped_views = (
        (_("Waits for an answer"), "state=open"),
        (_("Reported by me"), "mine=yes"),
    )
    empty = {
        "icon": "radar",
        "title": _("Nothing reported"),
        "text": _(
            "Do you see an AI at work that is not in the register? Report it: three questions, no role needed."
        ),
        "action_url": reverse_lazy("ai_report_add"),
        "action_label": _("Report an AI"),
    }

    def get_queryset(self) -> QuerySet[UnlistedReport]:
        """What this person sees."""
        return in_view(self.request.user).order_by("-created_at")


class ReportAdd(FormPage):
    """The short form; everybody with an account."""

    title = _("Report an AI that is not in the register")
    submit = _("Send")

    def form(self, data: Any = None) -> ReportForm:
        """Empty."""
        return ReportForm(data, user=self.request.user)

    def crumbs(self) -> Crumbs:
        """Below the list."""
        return [(gettext("Reported AI"), reverse("ai_report_list"))]

    def act(self, form: ReportForm) -> str:
        """Send it."""
        data = dict(form.cleaned_data)
        report = reports.report_ai(by=self.request.user, pk=data.pop("token"), **data)
        said(self.request, gettext("Thank you. You see the answer here when it is there."))
        return report.get_absolute_url()


class ReportDetail(FormPage):
    """A report with its answer; who may, answers it here."""

    template_name = "registry/report_detail.html"
    submit = _("Send the answer")
    report: UnlistedReport

    def load(self) -> None:
        """The report of the address."""
        self.report = get_object_or_404(in_view(self.request.user), pk=self.kwargs["pk"])

    def form(self, data: Any = None) -> AnswerForm:
        """The answer."""
        return AnswerForm(data, user=self.request.user)

    def crumbs(self) -> Crumbs:
        """Below the list."""
        return [(gettext("Reported AI"), reverse("ai_report_list"))]

    def extra(self) -> dict[str, Any]:
        """What this person may do with it."""
        user, unit = self.request.user, self.report.unit
        edits = can(user, "edit_register", unit)
        answers = edits or can(user, "sign_screening", unit)
        is_open = self.report.state == "open"
        system = self.report.system
        shown = system is not None and selectors.visible(user, drafts=True).filter(pk=system.pk).exists()
        return {
            "title": self.report.name,
            "report": self.report,
            "may_answer": answers and is_open,
            "may_draft": edits and is_open,
            "system_shown": shown,
        }

    def act(self, form: AnswerForm) -> str:
        """Answer it."""
        reports.answer_report(report=self.report, by=self.request.user, **form.cleaned_data)
        said(self.request, gettext("The answer is sent."))
        return self.report.get_absolute_url()


class ReportDraft(SignedInMixin, View):
    """Open a draft that is filled from the report."""

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Make it and go to its first step."""
        report = get_object_or_404(in_view(request.user), pk=pk)
        system = reports.make_draft(report=report, by=request.user)
        said(request, gettext("The draft is filled with what was reported."))
        return HttpResponseRedirect(reverse("system_step", args=[system.slug, "basics"]))
