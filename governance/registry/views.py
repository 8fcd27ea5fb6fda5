"""The list of systems, registering one, and its first page."""

from typing import Any

from django.apps import apps
from django.db.models import Case, CharField, Count, OuterRef, Q, QuerySet, Subquery, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry import rules, selectors, services
from governance.registry.forms import SystemForm
from governance.registry.models import System
from governance.registry.pages import Crumbs, FormPage, said
from governance.registry.tables import SystemFilter, SystemTable
from portal.access.selectors import can, has_anywhere
from portal.web.views import SignedInMixin, TableView

_WORST = ("prohibited", "hold", "high_risk", "transparency", "minimal", "not_emotion_recognition")


class SystemList(TableView):
    """Every system this person may see, with its legal outcome, approval and open findings."""

    table_class = SystemTable
    filterset_class = SystemFilter
    perm = "view_register"
    title = _("Systems")
    intro = _("AI systems that read or answer emotion, and whether they may be used.")
    template_name = "registry/system_list.html"
    hidden_columns = ("state", "created_at")
    empty = {
        "icon": "boxes",
        "title": _("No systems yet"),
        "text": _("Register the first AI system that reads or answers emotion."),
        "action_url": reverse_lazy("system_add"),
        "action_label": _("Register a system"),
    }

    def get_queryset(self) -> QuerySet[System]:
        """The visible systems in one query, with what the columns show."""
        rows = selectors.visible(self.request.user).select_related("unit", "owner")
        return with_standing(rows)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The button to register, for whom it works."""
        context = super().get_context_data(**kwargs)
        context["may_register"] = has_anywhere(self.request.user, "edit_register")
        if not context["may_register"]:
            context["empty"] = {
                **self.empty,
                "action_url": "",
                "text": _("Nothing in your units is registered."),
            }
        return context


def with_standing(rows: QuerySet[System]) -> QuerySet[System]:
    """Annotate the worst current legal outcome, the latest deployment and the number of open findings."""
    # these tables belong to slices above; the list reads them by name and imports nothing of theirs
    screening, deployment = (apps.get_model("governance", name) for name in ("Screening", "Deployment"))
    current = screening._default_manager.filter(flow__system=OuterRef("pk"), superseded_at__isnull=True)
    rank = Case(*(When(outcome=o, then=Value(i)) for i, o in enumerate(_WORST)), default=Value(9))
    latest = deployment._default_manager.filter(system=OuterRef("pk")).order_by("-valid_from")
    return rows.annotate(
        worst_outcome=Subquery(current.order_by(rank).values("outcome")[:1], output_field=CharField()),
        deployment_state=Subquery(latest.values("state")[:1]),
        deployment_until=Subquery(latest.values("valid_until")[:1]),
        open_findings=Count("findings", filter=Q(findings__state="open"), distinct=True),
    ).order_by("sort_key", "slug")


class SystemAdd(FormPage):
    """Register a system."""

    perm = "edit_register"
    form_class = SystemForm
    title = _("Register a system")
    submit = _("Register the system")

    def form(self, data: Any = None) -> SystemForm:
        """With the units in which this person may register."""
        return SystemForm(data, user=self.request.user)

    def crumbs(self) -> Crumbs:
        """Below the list."""
        return [(gettext("Systems"), reverse("system_list"))]

    def act(self, form: SystemForm) -> str:
        """Register and go to the new page."""
        system = services.register_system(by=self.request.user, **form.cleaned_data)
        said(self.request, gettext("The system is in the register. Describe its data flows next."))
        if not can(self.request.user, "view_register", system):
            return reverse("system_list")
        return system.get_absolute_url()


class SystemDetail(SignedInMixin, View):
    """Overview: what it is, versions, goals, what to do next."""

    perm = "view_register"

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The first tab."""
        system = selectors.get(request.user, slug)
        standing = with_standing(System.objects.filter(pk=system.pk)).get()
        context = {
            "system": system,
            "standing": standing,
            "role": rules.ProviderRole(system.provider_role),
            "versions": system.versions.all(),
            "goals": system.goals.all(),
            "flows": system.flows.count(),
            "may_edit": can(request.user, "edit_register", system),
            "may_request": can(request.user, "request_deployment", system),
            "label_rows": [(label, system.label_map.get(label, "")) for label in system.labels],
            "directions": {d.value: d.sentence for d in rules.Direction},
            "tab": "overview",
        }
        return render(request, "registry/system_detail.html", context)
