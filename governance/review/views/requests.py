"""Deployment requests: the list, asking, the board paper with its vote, and the acts on it."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry import related
from governance.registry.pages import Crumbs, FormPage, add_error, said
from governance.review import selectors, services
from governance.review.forms import (
    AnswerForm,
    CommentAddForm,
    ConditionForms,
    ExtendForm,
    QuestionsForm,
    ReasonForm,
    ReportForm,
    RequestEditForm,
    RequestForm,
    VoteForm,
)
from governance.review.models import DeploymentRequest
from governance.review.paper import board_paper, sheet
from governance.review.tables import RequestFilter, RequestTable
from governance.review.views.register import SystemFormPage
from governance.review.views.stale import StalePage
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
    """Ask for a deployment; `?earlier=` takes over the words of the request that this one follows."""

    needs = "request_deployment"
    form_class = RequestForm
    title = _("Ask for a deployment")
    submit = _("Save as a draft")

    def form(self, data: Any = None) -> RequestForm:
        """With the versions, flows and boards of the system."""
        user = self.request.user
        return RequestForm(data, system=self.system, user=user, initial=self.before())

    def before(self) -> dict[str, Any]:
        """What the request named in the address said."""
        rows = selectors.visible_requests(self.request.user).filter(system=self.system)
        named = self.request.GET.get("earlier", "")
        try:
            earlier = rows.filter(pk=named).first() if named else None
        except ValidationError:  # not an id
            earlier = None
        return {**_said(earlier), "earlier": earlier.pk, "board": earlier.board_id} if earlier else {}

    def act(self, form: RequestForm) -> str:
        """Draft it; submitting is the next step, on its page."""
        request = services.create_request(system=self.system, by=self.request.user, **form.made())
        return request.get_absolute_url()


def _said(request: DeploymentRequest) -> dict[str, Any]:
    texts = ("summary", "alternatives", "consulted", "doubts", "valid_months")
    return {
        "version": request.version_id,
        "flows": [flow.pk for flow in request.flows.all()],
        **{name: getattr(request, name) for name in texts},
    }


def find(user: Any, pk: Any) -> DeploymentRequest:
    """The request for this person, or Http404."""
    rows = selectors.visible_requests(user).select_related(
        "system__unit", "system__owner", "version", "board", "requested_by", "earlier", "reinstates"
    )
    return get_object_or_404(rows, pk=pk)


class RequestDetail(SignedInMixin, View):
    """The board paper: what is read, of whom, the law, the question; the discussion and the vote."""

    perm = "view_review"

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The page of a request."""
        found = find(request.user, pk)
        return self.page(found, VoteForm(), condition_forms(found), 200)

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Vote; a refusal shows the page again with the reason. `more` asks for another row of conditions."""
        found = find(request.user, pk)
        form, rows = VoteForm(request.POST), condition_forms(found, request.POST)
        if "more" in request.POST:
            kept = VoteForm(initial=request.POST.dict())
            return self.page(found, kept, condition_forms(found, _wider(request.POST)), 200)
        valid = [form.is_valid(), rows.is_valid()]
        if not all(valid):
            return self.page(found, form, rows, 422)
        try:
            services.cast_vote(
                request=found, by=request.user, conditions=rows.conditions(), **form.cleaned_data
            )
        except RuleBroken as error:
            add_error(form, error.field, sentence(error))
            return self.page(found, form, rows, 409)
        said(request, gettext("Your vote is cast. It stays hidden until the vote closes."))
        return HttpResponseRedirect(found.get_absolute_url())

    def page(
        self,
        found: DeploymentRequest,
        form: VoteForm,
        rows: Any,
        status: int,
        comment_form: CommentAddForm | None = None,
    ) -> HttpResponse:
        """The paper with the vote form and that of a comment."""
        paper = board_paper(found, self.request.user, timezone.now())
        context = {**paper, "form": form, "rows": rows, "comment_form": comment_form or CommentAddForm()}
        context["related"] = related.around(self.request.user, found.system, found)
        return render(self.request, "review/request_detail.html", context, status=status)


def condition_forms(found: DeploymentRequest, data: Any = None) -> Any:
    """The rows of conditions below a vote."""
    voting = found.board.seats.filter(advisory=False).values_list("discipline", flat=True)
    return ConditionForms(data, prefix="conditions", form_kwargs={"seats": list(voting)})


def _wider(data: QueryDict) -> QueryDict:
    """The same with one row of conditions more, at most ten."""
    wider = data.copy()
    total = data.get("conditions-TOTAL_FORMS", "1")
    wider["conditions-TOTAL_FORMS"] = str(min(int(total) + 1, 10) if total.isdecimal() else 1)
    return wider


class RequestPaper(SignedInMixin, View):
    """The board paper on one page, for the printer."""

    perm = "view_review"

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The page."""
        found = find(request.user, pk)
        context = sheet(found, timezone.now())
        context["file_url"] = request.build_absolute_uri(found.get_absolute_url())
        return render(request, "review/request_paper.html", context)


class _Post(SignedInMixin, View):
    """A button of the page of a request."""

    perm = "view_review"

    def act(self, found: DeploymentRequest) -> str:
        """Call the service; what to say on the next page."""
        raise NotImplementedError

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Act and go back to the page; a refusal is said there."""
        found = find(request.user, pk)
        text = self.act(found)
        if text:
            said(request, text)
        return HttpResponseRedirect(found.get_absolute_url())


class RequestSubmit(_Post):
    """Hand a draft to the board."""

    def act(self, found: DeploymentRequest) -> str:
        """Submit; a double click finds it submitted."""
        if found.state == "in_review":
            return ""
        services.submit(request=found, by=self.request.user)
        return gettext("The request is with the board.")


class RequestClose(_Post):
    """Close a vote, by the chair."""

    def act(self, found: DeploymentRequest) -> str:
        """Close it."""
        services.close_vote(request=found, by=self.request.user)
        return gettext("The vote is closed.")


class RequestAct(FormPage):
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


class RequestEdit(StalePage, RequestAct):
    """Change a draft or a returned request."""

    title = _("Change the request")

    def form(self, data: Any = None) -> RequestEditForm:
        """Filled with what is there; the page remembers of which state it was."""
        initial = {**_said(self.asked), "row_version": self.asked.row_version}
        return RequestEditForm(data, system=self.asked.system, user=self.request.user, initial=initial)

    def act(self, form: RequestEditForm) -> str:
        """Save, unless somebody saved meanwhile."""
        values = dict(form.cleaned_data)
        expected = values.pop("row_version")
        services.revise_request(request=self.asked, by=self.request.user, expected_version=expected, **values)
        return self.asked.get_absolute_url()


class RequestReturn(RequestAct):
    """Send a request back with questions."""

    form_class = QuestionsForm
    title = _("Return with questions")
    submit = _("Return")

    def extra(self) -> dict[str, Any]:
        """What follows."""
        return {"note": _("This round ends, and its votes can be read. With the answer a new round begins.")}

    def act(self, form: QuestionsForm) -> str:
        """Return it."""
        services.return_request(request=self.asked, by=self.request.user, **form.cleaned_data)
        said(self.request, gettext("The request is back with who made it."))
        return self.asked.get_absolute_url()


class RequestResubmit(RequestAct):
    """Answer the board and submit again."""

    form_class = AnswerForm
    title = _("Answer the board")
    submit = _("Submit again")

    def extra(self) -> dict[str, Any]:
        """The questions."""
        round_ = selectors.current_round(self.asked)
        return {"note": round_.reason if round_ else ""}

    def act(self, form: AnswerForm) -> str:
        """Submit; a double click finds it submitted."""
        if self.asked.state != "in_review":
            services.resubmit(request=self.asked, by=self.request.user, **form.cleaned_data)
            said(self.request, gettext("The request is with the board."))
        return self.asked.get_absolute_url()


class RequestExtend(RequestAct):
    """Leave a vote open longer."""

    form_class = ExtendForm
    title = _("Leave the vote open longer")

    def act(self, form: ExtendForm) -> str:
        """Set the later day."""
        services.extend_vote(request=self.asked, by=self.request.user, **form.cleaned_data)
        return self.asked.get_absolute_url()


class RequestWithdraw(RequestAct):
    """Withdraw a request."""

    title = _("Withdraw the request")
    submit = _("Withdraw")
    danger = True

    def act(self, form: ReasonForm) -> str:
        """Withdraw it."""
        services.withdraw(request=self.asked, by=self.request.user, **form.cleaned_data)
        return self.asked.get_absolute_url()


class RequestRecuse(RequestAct):
    """Step back because of a conflict of interest."""

    title = _("Declare a conflict of interest")
    submit = _("Step back")

    def act(self, form: ReasonForm) -> str:
        """Step back."""
        services.recuse(request=self.asked, by=self.request.user, **form.cleaned_data)
        said(self.request, gettext("You stepped back. Your deputy, if there is one, votes."))
        return self.asked.get_absolute_url()


class RequestReport(RequestAct):
    """Note that the board was told of a delegated decision."""

    form_class = ReportForm
    title = _("Reported to the board")

    def act(self, form: ReportForm) -> str:
        """Note the meeting."""
        services.report_delegated(request=self.asked, by=self.request.user, **form.cleaned_data)
        return self.asked.board.get_absolute_url()
