"""Deployment requests: the list, asking, the board paper with its vote, and the acts on it."""

from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry.pages import Crumbs, FormPage, add_error, said
from governance.review import selectors, services
from governance.review.forms import EvidenceForm, ReasonForm, RequestForm, VoteForm
from governance.review.models import Condition, DeploymentRequest
from governance.review.paper import board_paper
from governance.review.tables import RequestFilter, RequestTable
from governance.review.views.register import SystemFormPage
from portal.errors import RuleBroken
from portal.web.middleware import sentence
from portal.web.views import SignedInMixin, TableView


class RequestList(TableView):
    """Every request this person may see."""

    table_class = RequestTable
    filterset_class = RequestFilter
    perm = "view_review"
    title = _("Approvals")
    intro = _("Requests to put an AI system into use, and what the boards decided.")
    empty = {
        "icon": "scale",
        "title": _("No requests yet"),
        "text": _(
            "A system owner asks for a deployment on the page of a system, once its data flows are screened."
        ),
    }

    def get_queryset(self) -> QuerySet[DeploymentRequest]:
        """The visible requests."""
        rows = selectors.visible_requests(self.request.user)
        return rows.select_related("system", "version", "board", "requested_by")


class RequestAdd(SystemFormPage):
    """Ask for a deployment."""

    needs = "request_deployment"
    form_class = RequestForm
    title = _("Ask for a deployment")
    submit = _("Save as a draft")

    def form(self, data: Any = None) -> RequestForm:
        """With the versions, flows and boards of the system."""
        return RequestForm(data, system=self.system)

    def act(self, form: RequestForm) -> str:
        """Draft it; submitting is the next step, on its page."""
        request = services.create_request(system=self.system, by=self.request.user, **form.cleaned_data)
        return request.get_absolute_url()


def find(user: Any, pk: Any) -> DeploymentRequest:
    """The request for this person, or Http404."""
    rows = selectors.visible_requests(user).select_related(
        "system__unit", "system__owner", "version", "board"
    )
    return get_object_or_404(rows, pk=pk)


class RequestDetail(SignedInMixin, View):
    """The board paper: what is read, of whom, the law, the question; and the vote."""

    perm = "view_review"

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The page of a request."""
        return self.page(find(request.user, pk), VoteForm(), 200)

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Vote; a refusal shows the page again with the reason."""
        found = find(request.user, pk)
        form = VoteForm(request.POST)
        if not form.is_valid():
            return self.page(found, form, 422)
        values = {name: form.cleaned_data[name] for name in ("choice", "reason")}
        try:
            services.cast_vote(request=found, by=request.user, conditions=form.conditions(), **values)
        except RuleBroken as error:
            field = "condition" if error.field == "conditions" else error.field
            add_error(form, field, sentence(error))
            return self.page(found, form, 409)
        said(request, gettext("Your vote is cast. It stays hidden until the vote closes."))
        return HttpResponseRedirect(found.get_absolute_url())

    def page(self, found: DeploymentRequest, form: VoteForm, status: int) -> HttpResponse:
        """The paper with the vote form."""
        context = {**board_paper(found, self.request.user, timezone.now()), "form": form}
        return render(self.request, "review/request_detail.html", context, status=status)


class RequestSubmit(SignedInMixin, View):
    """Hand a draft to the board."""

    perm = "view_review"

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Submit; a double click finds it submitted."""
        found = find(request.user, pk)
        if found.state != "in_review":
            services.submit(request=found, by=request.user)
            said(request, gettext("The request is with the board."))
        return HttpResponseRedirect(found.get_absolute_url())


class RequestClose(SignedInMixin, View):
    """Close a vote, by the chair."""

    perm = "view_review"

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Close and show the decision."""
        found = find(request.user, pk)
        services.close_vote(request=found, by=request.user)
        return HttpResponseRedirect(found.get_absolute_url())


class _RequestAct(FormPage):
    """A form about one request."""

    perm = "view_review"
    form_class: ClassVar[type[forms.Form]] = ReasonForm
    asked: DeploymentRequest

    def load(self) -> None:
        """The request of the address."""
        self.asked = find(self.request.user, self.kwargs["pk"])

    def crumbs(self) -> Crumbs:
        """Below the request."""
        return [
            (gettext("Approvals"), reverse("request_list")),
            (str(self.asked), self.asked.get_absolute_url()),
        ]


class RequestWithdraw(_RequestAct):
    """Withdraw a request."""

    title = _("Withdraw the request")
    submit = _("Withdraw")
    danger = True

    def act(self, form: ReasonForm) -> str:
        """Withdraw it."""
        services.withdraw(request=self.asked, by=self.request.user, **form.cleaned_data)
        return self.asked.get_absolute_url()


class RequestRecuse(_RequestAct):
    """Step back because of a conflict of interest."""

    title = _("Declare a conflict of interest")
    submit = _("Step back")

    def act(self, form: ReasonForm) -> str:
        """Step back."""
        services.recuse(request=self.asked, by=self.request.user, **form.cleaned_data)
        said(self.request, gettext("You stepped back. Your deputy, if there is one, votes."))
        return self.asked.get_absolute_url()


class ConditionMeet(_RequestAct):
    """Say that a condition is met."""

    form_class = EvidenceForm
    title = _("This condition is met")
    submit = _("Save")
    condition: Condition

    def load(self) -> None:
        """The condition of the address, and its request."""
        rows = Condition.objects.filter(request__in=selectors.visible_requests(self.request.user))
        self.condition = get_object_or_404(rows.select_related("request__system"), pk=self.kwargs["pk"])
        self.asked = self.condition.request

    def act(self, form: EvidenceForm) -> str:
        """Save the evidence."""
        services.meet_condition(condition=self.condition, by=self.request.user, **form.cleaned_data)
        return self.asked.get_absolute_url()

    def extra(self) -> dict[str, Any]:
        """What was set."""
        return {"note": self.condition.text}
