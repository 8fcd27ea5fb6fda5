"""Findings: the list, one finding with its actions and history, and the acts on it."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.findings import selectors, services
from governance.findings.forms import ActionForm, ClearForm, DoneForm
from governance.findings.models import CorrectiveAction, Finding
from governance.findings.tables import FindingFilter, FindingTable
from governance.registry import related
from governance.registry.pages import Crumbs, FormPage, said
from portal.access.selectors import can, require
from portal.ledger.selectors import history
from portal.web.views import SignedInMixin, TableView


class FindingList(TableView):
    """What is not as it should be, the most urgent first."""

    table_class = FindingTable
    filterset_class = FindingFilter
    perm = "view_audits"
    title = _("Findings")
    intro = _("What audits, screenings and checks found, and what is done about it.")
    hidden_columns = ("seen_count",)
    empty = {
        "icon": "circle-check",
        "title": _("No findings"),
        "text": _(
            "Audits, screenings and the gate open findings by themselves when something is not as declared."
        ),
    }

    def get_queryset(self) -> QuerySet[Finding]:
        """The findings of visible systems."""
        return selectors.with_actions(selectors.visible_findings(self.request.user))


class FindingDetail(SignedInMixin, View):
    """One finding, its corrective actions and its history."""

    perm = "view_audits"

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The page of a finding."""
        finding = get_object_or_404(selectors.visible_findings(request.user), pk=pk)
        context = {
            "finding": finding,
            "actions": finding.actions.select_related("owner", "done_by"),
            "events": history(finding.subject),
            "today": timezone.localdate(),
            "related": related.around(request.user, finding.system, finding),
            "may_manage": can(request.user, "manage_findings", finding.system),
        }
        return render(request, "findings/finding_detail.html", context)


class _FindingAct(FormPage):
    """A form about one finding, for those who manage findings of its system."""

    perm = "view_audits"
    finding: Finding

    def load(self) -> None:
        """The finding of the address."""
        rows = selectors.visible_findings(self.request.user)
        self.finding = get_object_or_404(rows, pk=self.kwargs["pk"])
        require(self.request.user, "manage_findings", self.finding.system)

    def crumbs(self) -> Crumbs:
        """Below the finding."""
        here = (self.finding.title_text, self.finding.get_absolute_url())
        return [(gettext("Findings"), reverse("finding_list")), here]


class FindingClear(_FindingAct):
    """Clear a finding."""

    form_class = ClearForm
    title = _("Close the finding")
    submit = _("Close the finding")

    def act(self, form: ClearForm) -> str:
        """Clear it."""
        services.clear_finding(finding=self.finding, by=self.request.user, **form.cleaned_data)
        said(self.request, gettext("The finding is cleared."))
        return self.finding.get_absolute_url()


class ActionAdd(_FindingAct):
    """Agree on a corrective action."""

    form_class = ActionForm
    title = _("Add a corrective action")
    submit = _("Add")

    def act(self, form: ActionForm) -> str:
        """Add it."""
        services.add_action(finding=self.finding, by=self.request.user, **form.cleaned_data)
        return self.finding.get_absolute_url()


class ActionDone(_FindingAct):
    """Complete a corrective action; by those who manage findings, or its owner."""

    form_class = DoneForm
    title = _("Complete this action")
    submit = _("Complete")
    action: CorrectiveAction

    def load(self) -> None:
        """The action of the address and its finding."""
        rows = CorrectiveAction.objects.filter(finding__in=selectors.visible_findings(self.request.user))
        self.action = get_object_or_404(rows.select_related("finding__system"), pk=self.kwargs["pk"])
        self.finding = self.action.finding
        if self.action.owner_id != self.request.user.pk:
            require(self.request.user, "manage_findings", self.finding.system)

    def act(self, form: DoneForm) -> str:
        """Complete it."""
        services.complete_action(action=self.action, by=self.request.user, **form.cleaned_data)
        return self.finding.get_absolute_url()

    def extra(self) -> dict[str, Any]:
        """What was agreed."""
        return {"note": self.action.text}
