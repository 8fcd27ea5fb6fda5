"""Pages of stops: the list of a system, its endpoints, and the acts on them."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry import selectors as register
from governance.registry.models import System
from governance.registry.pages import Crumbs, FormPage, add_error, said
from governance.stops import selectors, services
from governance.stops.forms import EndpointForm, NothingForm
from governance.stops.models import Delivery, Endpoint, Stop
from governance.stops.tables import StopFilter, StopTable
from portal.access.selectors import require
from portal.errors import NotAllowed, RuleBroken
from portal.notify.outgoing import FAILURES
from portal.web.middleware import sentence
from portal.web.views import SignedInMixin, TableView

LATEST = 50


class StopList(TableView):
    """What a system had to stop, and when it said that it did."""

    template_name = "stops/stop_list.html"
    table_class = StopTable
    filterset_class = StopFilter
    perm = "view_consent"
    title = _("Stops")
    empty = {
        "icon": "circle-pause",
        "title": _("Nothing had to stop yet"),
        "text": _(
            "A withdrawal, an objection or a suspension stands here at once, and until the system confirms that it"
            " stopped."
        ),
    }

    @cached_property
    def system(self) -> System:
        """The one of the address."""
        return register.get(self.request.user, self.kwargs["slug"], "view_consent")

    def get_queryset(self) -> QuerySet[Stop]:
        """Its stops."""
        return selectors.stops_of(self.system)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With how they stand."""
        return super().get_context_data(**kwargs) | {
            "system": self.system,
            "tab": "stops",
            "summary": selectors.summary(self.system),
            "may_manage": selectors.may_manage(self.request.user, self.system),
        }


def _managed(request: HttpRequest, slug: str) -> System:
    """The system, for whoever may say where its stops are told."""
    system = register.get(request.user, slug)
    if not selectors.may_manage(request.user, system):
        require(request.user, "edit_register", system)
    return system


def _endpoint(request: HttpRequest, slug: str, pk: Any) -> Endpoint:
    system = _managed(request, slug)
    return get_object_or_404(selectors.endpoints_of(system).select_related("system__unit"), pk=pk)


class EndpointList(SignedInMixin, View):
    """The endpoints of a system."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The page."""
        system = _managed(request, slug)
        context = {"system": system, "tab": "stops", "endpoints": selectors.endpoints_of(system)}
        return render(request, "stops/endpoint_list.html", context)


class EndpointDetail(SignedInMixin, View):
    """One endpoint with what it was told last."""

    def get(self, request: HttpRequest, slug: str, pk: Any) -> HttpResponse:
        """The page."""
        endpoint = _endpoint(request, slug, pk)
        rows = endpoint.deliveries.select_related("stop").order_by("-since", "-pk")[:LATEST]
        context = {
            "system": endpoint.system,
            "tab": "stops",
            "endpoint": endpoint,
            "rows": [(row, _told(row)) for row in rows],
            "latest": LATEST,
        }
        return render(request, "stops/endpoint_detail.html", context)


def _told(row: Delivery) -> str:
    """What came of the last attempt, in words."""
    if row.failure:
        return gettext(FAILURES.get(row.failure, row.failure))
    return f"HTTP {row.status}" if row.status else ""


class EndpointAdd(FormPage):
    """Add an endpoint; its secret is in the answer and nowhere else."""

    form_class = EndpointForm
    title = _("Add an endpoint")
    submit = _("Add it")
    system: System

    def load(self) -> None:
        """The system of the address."""
        self.system = _managed(self.request, self.kwargs["slug"])

    def crumbs(self) -> Crumbs:
        """Below the endpoints."""
        return [
            (self.system.name, reverse("stop_list", args=[self.system.slug])),
            (gettext("Endpoints"), reverse("endpoint_list", args=[self.system.slug])),
        ]

    def extra(self) -> dict[str, Any]:
        """What it will get."""
        return {
            "note": _(
                "It is told of every stop from now on, signed with a secret of its own. Earlier ones stand in the feed."
            )
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add it and show the secret; reloading the page cannot show it again."""
        self.load()
        form = self.form(request.POST)
        if not form.is_valid():
            return self.page(form, 422)
        try:
            endpoint, secret = services.add_endpoint(system=self.system, by=request.user, **form.cleaned_data)
        except NotAllowed:
            raise
        except RuleBroken as error:
            add_error(form, error.field, sentence(error))
            return self.page(form, 422 if error.field else 409)
        return _secret_page(request, endpoint, secret)


def _secret_page(request: HttpRequest, endpoint: Endpoint, secret: str) -> HttpResponse:
    context = {"system": endpoint.system, "endpoint": endpoint, "secret": secret}
    response = render(request, "stops/endpoint_secret.html", context)
    response["Cache-Control"] = "no-store"
    return response


class _EndpointAct(FormPage):
    """Something that is asked for first, about one endpoint."""

    form_class = NothingForm
    endpoint: Endpoint

    def load(self) -> None:
        """The endpoint of the address."""
        self.endpoint = _endpoint(self.request, self.kwargs["slug"], self.kwargs["pk"])

    def crumbs(self) -> Crumbs:
        """Below the endpoint."""
        slug = self.endpoint.system.slug
        return [
            (gettext("Endpoints"), reverse("endpoint_list", args=[slug])),
            (self.endpoint.name, reverse("endpoint_detail", args=[slug, self.endpoint.pk])),
        ]


class EndpointRotate(_EndpointAct):
    """A new secret."""

    title = _("Make a new secret")
    submit = _("Make it")

    def extra(self) -> dict[str, Any]:
        """What happens to the old one."""
        return {
            "note": _(
                "For 24 hours every message carries two signatures, one by the old and one by the new secret."
            )
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Make it and show it once."""
        self.load()
        form = self.form(request.POST)
        try:
            secret = services.rotate_secret(endpoint=self.endpoint, by=request.user)
        except NotAllowed:
            raise
        except RuleBroken as error:
            add_error(form, error.field, sentence(error))
            return self.page(form, 409)
        return _secret_page(request, self.endpoint, secret)


class EndpointDisable(_EndpointAct):
    """Tell it nothing more."""

    title = _("Disable this endpoint")
    submit = _("Disable it")
    danger = True

    def extra(self) -> dict[str, Any]:
        """The consequence."""
        return {
            "note": _(
                "It is told nothing from now on, and what waits for it is dropped. The feed keeps every stop."
            )
        }

    def act(self, form: Any) -> str:
        """Disable it."""
        services.disable_endpoint(endpoint=self.endpoint, by=self.request.user)
        said(self.request, gettext("The endpoint is disabled."))
        return reverse("endpoint_list", args=[self.endpoint.system.slug])


class EndpointTest(SignedInMixin, View):
    """Send a test message."""

    def post(self, request: HttpRequest, slug: str, pk: Any) -> HttpResponse:
        """It goes out with the next round, in seconds."""
        endpoint = _endpoint(request, slug, pk)
        services.send_test(endpoint=endpoint, by=request.user)
        messages.success(
            request, gettext("The test message is on its way. Load this page again to see what came of it.")
        )
        return HttpResponseRedirect(reverse("endpoint_detail", args=[slug, pk]))


class EndpointRetry(SignedInMixin, View):
    """Send again what was given up."""

    def post(self, request: HttpRequest, slug: str, pk: Any) -> HttpResponse:
        """All of it."""
        endpoint = _endpoint(request, slug, pk)
        n = services.retry_dead(endpoint=endpoint, by=request.user)
        messages.success(
            request, ngettext("%(n)s message is sent again.", "%(n)s messages are sent again.", n) % {"n": n}
        )
        return HttpResponseRedirect(reverse("endpoint_detail", args=[slug, pk]))
