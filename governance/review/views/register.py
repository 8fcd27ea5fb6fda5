"""Data flows of a system, the signature under their legal outcome, and its tab 'Approvals'."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry import selectors as registry
from governance.registry import unfinished
from governance.registry.fields import FLOW, Field, step_of
from governance.registry.models import DataFlow, System, UnfinishedForm
from governance.registry.pages import Crumbs, FormPage, add_error, said
from governance.review import changes, selectors, services
from governance.screening.forms import FlowForm
from governance.screening.models import Screening
from portal.access.selectors import can, require
from portal.errors import RuleBroken
from portal.web.middleware import sentence
from portal.web.views import SignedInMixin

MATERIAL = _("A material change takes what was approved out of force until the board has looked at it again.")


class SystemFormPage(FormPage):
    """A form about one system that the person may change."""

    perm = "view_register"
    needs = "edit_register"
    system: System

    def load(self) -> None:
        """The system of the address."""
        self.system = registry.get(self.request.user, self.kwargs["slug"])
        require(self.request.user, self.needs, self.system)

    def crumbs(self) -> Crumbs:
        """Below the system."""
        return [
            (gettext("Systems"), reverse("system_list")),
            (self.system.name, self.system.get_absolute_url()),
        ]


class RowFormPage(SystemFormPage):
    """A form about one row that may be kept unfinished: what was typed comes back, checked only when it is saved."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The form, with what this person kept of it."""
        self.load()
        form, kept = self.form(), self._kept()
        if kept is not None:
            form.initial.update(_given(form, kept.typed))
        return self.page(form, 200, kept=kept)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Save it, keep it for later, or let go of what was kept."""
        if not {"later", "discard"} & set(request.POST):
            response = super().post(request, *args, **kwargs)
            if isinstance(response, HttpResponseRedirect):
                unfinished.forget(user=request.user, system=self.system, place=request.path)
            return response
        self.load()
        if "discard" in request.POST:
            unfinished.forget(user=request.user, system=self.system, place=request.path)
            said(request, gettext("What you kept is discarded."))
            return HttpResponseRedirect(request.path)
        form = self.form(request.POST)
        # a new row gets its number when it is sent: two tabs that go on with one must not pass for a double click
        names = set(form.fields) - {"token"}
        typed = {name: request.POST.getlist(name) for name in names if name in request.POST}
        try:
            unfinished.keep(by=request.user, system=self.system, place=request.path, typed=typed)
        except RuleBroken as error:
            add_error(form, error.field, sentence(error))
            return self.page(form, 409)
        said(request, gettext("Kept for you. It is not in the register until you save it."))
        step = step_of(self.kind())
        return HttpResponseRedirect(reverse("system_step", args=[self.system.slug, step]))

    def kind(self) -> str:
        """The kind of row, of governance.registry.fields.PARTS."""
        return "flow"

    def page(self, form: forms.Form, status: int, **more: Any) -> HttpResponse:
        """The page, with the button to keep it."""
        more.setdefault("kept", self._kept())
        return super().page(form, status, later=True, **more)

    def _kept(self) -> UnfinishedForm | None:
        return (
            unfinished.of(user=self.request.user, system=self.system).filter(place=self.request.path).first()
        )


def _given(form: forms.Form, typed: Mapping[str, list[str]]) -> dict[str, Any]:
    """What was typed, as the fields of the form show it: a list where several may be chosen."""
    return {
        name: given if isinstance(form.fields[name], forms.MultipleChoiceField) else given[-1]
        for name, given in typed.items()
        if name in form.fields and given
    }


class FlowAdd(RowFormPage):
    """Describe a data flow; what the law says stands beside the form and on the page after it."""

    form_class = FlowForm
    template_name = "screening/flow_form.html"
    title = _("Describe a data flow")
    submit = _("Save and screen")

    def extra(self) -> dict[str, Any]:
        """The system, whose role the law asks for."""
        return {"system": self.system}

    def act(self, form: FlowForm) -> str:
        """Describe and screen it."""
        flow = changes.add_flow(system=self.system, by=self.request.user, **form.cleaned_data)
        said(self.request, gettext("The data flow is described and screened."))
        return flow.get_absolute_url()


class FlowEdit(RowFormPage):
    """Change a data flow."""

    form_class = FlowForm
    template_name = "screening/flow_form.html"
    title = _("Change the data flow")
    submit = _("Save and screen")
    flow: DataFlow

    def load(self) -> None:
        """The flow of the address."""
        super().load()
        self.flow = get_object_or_404(self.system.flows.select_related("system"), slug=self.kwargs["flow"])

    def form(self, data: Any = None) -> FlowForm:
        """Filled with what is there."""
        return FlowForm(data, flow=self.flow)

    def table(self) -> Mapping[str, Field]:
        """The words of a flow's fields."""
        return FLOW.by_name

    def extra(self) -> dict[str, Any]:
        """The consequence, and the way back to the flow."""
        note = MATERIAL if self.system.state == "registered" else ""
        return {"note": note, "cancel_url": self.flow.get_absolute_url(), "system": self.system}

    def act(self, form: FlowForm) -> str:
        """Save what differs and screen again."""
        values = dict(form.cleaned_data)
        version, reason = values.pop("row_version"), values.pop("reason")
        changes.change_flow(
            flow=self.flow, by=self.request.user, expected_version=version, reason=reason, **values
        )
        said(self.request, gettext("The data flow is saved and screened."))
        return self.flow.get_absolute_url()


class FlowRescreen(SignedInMixin, View):
    """Screen a flow again by the law of today."""

    perm = "view_register"

    def post(self, request: HttpRequest, slug: str, flow: str) -> HttpResponse:
        """Screen and show the outcome; for those who describe flows or sign outcomes."""
        system = registry.get(request.user, slug)
        if not can(request.user, "sign_screening", system):
            require(request.user, "edit_register", system)
        found = get_object_or_404(system.flows.select_related("system"), slug=flow)
        changes.rescreen(flow=found, by=request.user)
        said(request, gettext("The data flow is screened by the rules of today."))
        return HttpResponseRedirect(found.get_absolute_url())


class ScreeningSign(SignedInMixin, View):
    """Sign a legal outcome."""

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Sign and go back to the flow."""
        rows = Screening.objects.filter(flow__system__in=registry.visible(request.user))
        screening = get_object_or_404(rows.select_related("flow__system"), pk=pk)
        require(request.user, "sign_screening", screening.flow.system)
        services.sign_screening(screening=screening, by=request.user)
        said(request, gettext("You signed the legal outcome. It is valid for twelve months."))
        return HttpResponseRedirect(screening.flow.get_absolute_url())


class SystemApprovals(SignedInMixin, View):
    """What is in force, what was asked and decided."""

    perm = "view_review"

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The tab 'Approvals'."""
        system = registry.get(request.user, slug, "view_review")
        requests = selectors.visible_requests(request.user).filter(system=system)
        context = {
            "system": system,
            "deployments": system.deployments.select_related("version", "request").prefetch_related("flows"),
            "requests": requests.select_related("version", "board", "requested_by"),
            "councils": system.council_records.prefetch_related("flows"),
            "without_council": selectors.without_council(system.flows.select_related("system")),
            "uncovered": selectors.uncovered(system) if system.deployments.exists() else [],
            "may_request": can(request.user, "request_deployment", system),
            "tab": "approvals",
        }
        return render(request, "review/system_approvals.html", context)
