"""A deployment: what is in force until when; suspending and reinstating it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry.models import DataFlow
from governance.registry.pages import Crumbs, FormPage, said
from governance.review import selectors, services
from governance.review.forms import ReasonForm, SuspendForm
from governance.review.models import Deployment
from portal.access.selectors import can, require
from portal.ledger.selectors import history
from portal.web.views import SignedInMixin


def find(user: Any, pk: Any) -> Deployment:
    """The deployment for this person, or Http404."""
    rows = selectors.visible_deployments(user).select_related("system__unit", "version", "request")
    return get_object_or_404(rows, pk=pk)


class DeploymentDetail(SignedInMixin, View):
    """One deployment with the stretches of time in which each flow was in force."""

    perm = "view_review"

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The page of a deployment."""
        deployment = find(request.user, pk)
        own = request.user.pk in (deployment.request.requested_by_id, deployment.system.owner_id)
        now = timezone.now()
        stretches = deployment.stretches.select_related("flow").order_by("flow__slug", "starts_at")
        context = {
            "deployment": deployment,
            "system": deployment.system,
            "flows": [
                {
                    "flow": flow,
                    "now": any(r.flow_id == flow.pk and r.starts_at <= now < r.ends_at for r in stretches),
                }
                for flow in deployment.flows.all()
            ],
            "may_stop_flow": deployment.state == "in_force"
            and can(request.user, "suspend", deployment.system),
            "may_restore_flow": deployment.state == "in_force"
            and not own
            and can(request.user, "chair", deployment.system),
            "stretches": [{"row": row, "now": row.starts_at <= now < row.ends_at} for row in stretches],
            "events": history([deployment.subject, deployment.request.subject]),
            "may_suspend": deployment.state == "in_force" and can(request.user, "suspend", deployment.system),
            "may_reinstate": deployment.state == "suspended"
            and not own
            and can(request.user, "chair", deployment.system),
        }
        return render(request, "review/deployment_detail.html", context)


class _DeploymentAct(FormPage):
    """A form about one deployment."""

    perm = "view_review"
    needs = ""
    deployment: Deployment

    def load(self) -> None:
        """The deployment of the address."""
        self.deployment = find(self.request.user, self.kwargs["pk"])
        require(self.request.user, self.needs, self.deployment.system)

    def crumbs(self) -> Crumbs:
        """Below the deployment."""
        system = self.deployment.system
        return [
            (gettext("Systems"), reverse("system_list")),
            (system.name, system.get_absolute_url()),
            (gettext("Deployment"), self.deployment.get_absolute_url()),
        ]


class DeploymentSuspend(_DeploymentAct):
    """Stop a deployment at once."""

    needs = "suspend"
    title = _("Suspend this deployment")
    submit = _("Suspend now")
    danger = True

    def form(self, data: Any = None) -> SuspendForm:
        """With the name to type."""
        return SuspendForm(data, slug=self.deployment.system.slug)

    def extra(self) -> dict[str, Any]:
        """The consequence."""
        return {
            "note": _("The system is told 'no' from this moment. Only the chair of a board reinstates it.")
        }

    def act(self, form: SuspendForm) -> str:
        """Suspend it."""
        services.suspend(deployment=self.deployment, by=self.request.user, reason=form.cleaned_data["reason"])
        said(self.request, gettext("The deployment is suspended."))
        return self.deployment.get_absolute_url()


class DeploymentReinstate(_DeploymentAct):
    """Put a suspended deployment back."""

    needs = "chair"
    form_class = ReasonForm
    title = _("Reinstate this deployment")
    submit = _("Reinstate")

    def act(self, form: ReasonForm) -> str:
        """Reinstate it."""
        services.reinstate(deployment=self.deployment, by=self.request.user, **form.cleaned_data)
        said(self.request, gettext("The deployment is in force again."))
        return self.deployment.get_absolute_url()


class _FlowAct(_DeploymentAct):
    """A form about one data flow of a deployment."""

    form_class = ReasonForm
    flow: DataFlow

    def load(self) -> None:
        """The deployment and the flow of the address."""
        super().load()
        flows = self.deployment.flows.select_related("system")
        self.flow = get_object_or_404(flows, slug=self.kwargs["flow"])

    def extra(self) -> dict[str, Any]:
        """Which flow."""
        return {"note": self.flow.name}


class FlowSuspend(_FlowAct):
    """Stop one flow at once; the others go on."""

    needs = "suspend"
    title = _("Stop this data flow")
    submit = _("Stop now")
    danger = True

    def act(self, form: ReasonForm) -> str:
        """Stop it."""
        services.suspend_flow(flow=self.flow, by=self.request.user, **form.cleaned_data)
        said(self.request, gettext("The data flow is stopped."))
        return self.deployment.get_absolute_url()


class FlowReinstate(_FlowAct):
    """Put a stopped flow back."""

    needs = "chair"
    title = _("Reinstate this data flow")
    submit = _("Reinstate")

    def act(self, form: ReasonForm) -> str:
        """Put it back."""
        services.reinstate_flow(flow=self.flow, by=self.request.user, **form.cleaned_data)
        said(self.request, gettext("The data flow is in force again."))
        return self.deployment.get_absolute_url()
