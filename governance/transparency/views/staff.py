"""Requests of affected people, for those who answer them."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.holding.holders import Person
from governance.holding.selectors import hold_on
from governance.registry.pages import Crumbs, FormPage, said
from governance.transparency import requests, rules, selectors
from governance.transparency.forms import AnswerForm, TellForm
from governance.transparency.models import PersonRequest
from governance.transparency.tables import RequestFilter, RequestTable
from portal.ledger.selectors import history
from portal.web.badges import word
from portal.web.views import SignedInMixin, TableView


class AnswersMixin(SignedInMixin):
    """A room for those who answer any kind of request somewhere; each sees the kinds and systems that are theirs."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not selectors.answers_somewhere(request.user):
            raise PermissionDenied(gettext("Your roles do not include this page."))
        return super().dispatch(request, *args, **kwargs)


class RequestList(AnswersMixin, TableView):
    """What people ask, the earliest due first."""

    table_class = RequestTable
    filterset_class = RequestFilter
    title = _("Requests of people")
    intro = _("What affected people ask on their own page, with the day by which they must have an answer.")
    shipped_views = ((_("Waits for an answer"), "state=received"), (_("Overdue"), "overdue=true"))
    empty = {
        "icon": "inbox",
        "title": _("Nobody asked anything"),
        "text": _("Requests arrive from personal pages: a contested reading, a copy, erasure, an objection."),
    }

    def get_queryset(self) -> QuerySet[PersonRequest]:
        """Those that this person answers."""
        return selectors.visible_requests(self.request.user).order_by("due_on", "received_at", "pk")


class RequestDetail(AnswersMixin, View):
    """One request: what was asked, by when, and what can be done."""

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The page."""
        row = get_object_or_404(selectors.visible_requests(request.user), pk=pk)
        hold = hold_on(Person(row.system, row.pseudonym)) if row.pseudonym else None
        context = {
            "row": row,
            "emotion": selectors.emotion_name(row.system, row.reading.get("emotion") or ""),
            "open": row.state in rules.OPEN,
            "by_a_job": row.kind in ("access", "erasure"),
            "link_ended": row.state in rules.OPEN
            and not selectors.can_read(row, timezone.now())
            and row.pseudonym is not None,
            "hold": hold if row.kind == "erasure" and row.state in rules.OPEN else None,
            "may_extend": row.state in rules.OPEN
            and row.extended_at is None
            and timezone.now().date() <= rules.months_later(row.received_at.date(), 1),
            "late": row.state in rules.OPEN and row.due_on < timezone.localdate(),
            "events": history(row.subject),
        }
        return render(request, "transparency/request_detail.html", context)


class _Act(AnswersMixin, View):
    """A post without a form."""

    def found(self, request: HttpRequest, pk: Any) -> PersonRequest:
        """The request of the address."""
        return get_object_or_404(selectors.visible_requests(request.user), pk=pk)


class RequestStart(_Act):
    """Take it up."""

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Take it up."""
        row = requests.start(request=self.found(request, pk), by=request.user)
        return HttpResponseRedirect(row.get_absolute_url())


class RequestCarryOut(_Act):
    """Make the copy, or erase."""

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Hand it to a worker."""
        row = requests.carry_out(request=self.found(request, pk), by=request.user)
        said(request, gettext("A worker is at it; the person sees the result on their page."))
        return HttpResponseRedirect(row.get_absolute_url())


class _RequestForm(AnswersMixin, FormPage):
    """A form about one request."""

    row: PersonRequest

    def load(self) -> None:
        """The request of the address."""
        rows = selectors.visible_requests(self.request.user)
        self.row = get_object_or_404(rows, pk=self.kwargs["pk"])

    def crumbs(self) -> Crumbs:
        """Below the request."""
        here = (word(self.row.kind), self.row.get_absolute_url())
        return [(gettext("Requests of people"), reverse("person_request_list")), here]


class RequestAnswer(_RequestForm):
    """Answer in words."""

    form_class = AnswerForm
    title = _("Answer the person")
    submit = _("Send the answer")

    def act(self, form: AnswerForm) -> str:
        """Answer."""
        row = requests.answer(request=self.row, by=self.request.user, **form.cleaned_data)
        return row.get_absolute_url()


class RequestRefuse(_RequestForm):
    """Refuse with a reason."""

    form_class = TellForm
    title = _("Refuse the request")
    submit = _("Refuse")
    danger = True

    def act(self, form: TellForm) -> str:
        """Refuse."""
        row = requests.refuse(request=self.row, by=self.request.user, **form.cleaned_data)
        return row.get_absolute_url()


class RequestExtend(_RequestForm):
    """Take two months more."""

    form_class = TellForm
    title = _("Take two months more")
    submit = _("Extend")

    def act(self, form: TellForm) -> str:
        """Extend."""
        row = requests.extend(request=self.row, by=self.request.user, **form.cleaned_data)
        return row.get_absolute_url()
