"""A deployment: what is in force until when; suspending and reinstating it."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry import related
from governance.registry.models import DataFlow
from governance.registry.pages import Crumbs, FormPage, said
from governance.review import rules, selectors, services
from governance.review.forms import ReasonForm, ReinstateForm, SuspendForm
from governance.review.models import Deployment
from portal.access.selectors import can, require
from portal.ledger.selectors import history
from portal.web.views import SignedInMixin


def find(user: Any, pk: Any) -> Deployment:
    """The deployment for this person, or Http404."""
    rows = selectors.visible_deployments(user).select_related(
        "system__unit", "system__vendor", "version", "request"
    )
    return get_object_or_404(rows, pk=pk)


def _wait_for_council(states: list[tuple[DataFlow, str]]) -> list[DataFlow]:
    """The flows that need a works-council record: to go live, or before the board may put them back."""
    stopped = [flow for flow, state in states if state == "stopped"]
    held = selectors.without_council(stopped)
    return [flow for flow, state in states if state == "waiting" or flow in held]


class DeploymentDetail(SignedInMixin, View):
    """One deployment with the stretches of time in which each flow was in force."""

    perm = "view_review"

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The page of a deployment."""
        deployment = find(request.user, pk)
        now = timezone.now()
        stretches = deployment.stretches.select_related("flow").order_by("flow__slug", "starts_at")
        running = deployment.state == "in_force"
        may_suspend = can(request.user, "suspend", deployment.system)
        states = selectors.flow_states(deployment, now)
        stopped = any(state == "stopped" for _flow, state in states) and deployment.state in (
            "in_force",
            "suspended",
        )
        context = {
            "deployment": deployment,
            "system": deployment.system,
            "flows": [
                {
                    "flow": flow,
                    "state": "in_force" if state == "running" else state,
                    "now": state == "running",
                }
                for flow, state in states
            ],
            "waits": _wait_for_council(states),
            "may_stop_flow": running and may_suspend,
            "may_suspend": may_suspend and rules.after("deployment", deployment.state, "suspend") is not None,
            "may_ask_back": stopped and can(request.user, "request_deployment", deployment.system),
            "may_ask_council": can(request.user, "request_deployment", deployment.system),
            "asked_back": deployment.reinstatements.exclude(state="draft").select_related(
                "system", "version"
            ),
            "later": selectors.visible_requests(request.user)
            .filter(kind="reapproval", earlier=deployment.request)
            .select_related("system", "version"),
            "stretches": [{"row": row, "now": row.starts_at <= now < row.ends_at} for row in stretches],
            "events": history([deployment.subject, deployment.request.subject]),
            "stop_form": ReasonForm(),
            "related": related.around(request.user, deployment.system, deployment),
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
            "note": _("The system is told 'no' from this moment. Only the board reinstates it, by its votes.")
        }

    def act(self, form: SuspendForm) -> str:
        """Suspend it."""
        services.suspend(deployment=self.deployment, by=self.request.user, reason=form.cleaned_data["reason"])
        said(self.request, gettext("The deployment is suspended."))
        return self.deployment.get_absolute_url()


class DeploymentStop(SignedInMixin, View):
    """The emergency stop: one click and a reason, for any overseer."""

    perm = "view_review"

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Suspend at once."""
        deployment = find(request.user, pk)
        require(request.user, "suspend", deployment.system)
        form = ReasonForm(request.POST)
        reason = form.cleaned_data["reason"] if form.is_valid() else ""  # the service asks for one
        services.suspend(deployment=deployment, by=request.user, reason=reason)
        said(request, gettext("The deployment is suspended."))
        return HttpResponseRedirect(deployment.get_absolute_url())


class DeploymentReinstate(_DeploymentAct):
    """Ask the board to put back what was stopped."""

    needs = "request_deployment"
    form_class = ReinstateForm
    title = _("Ask the board to reinstate")
    submit = _("Save as a draft")

    def extra(self) -> dict[str, Any]:
        """Who decides."""
        return {"note": _("The board decides by its votes, as on a new request. Nobody puts it back alone.")}

    def flows(self) -> list[DataFlow] | None:
        """Which flows (None: all that is stopped)."""
        return None

    def act(self, form: ReinstateForm) -> str:
        """Draft the request; submitting is the next step, on its page."""
        made = services.ask_reinstatement(
            deployment=self.deployment, by=self.request.user, flows=self.flows(), **form.made()
        )
        return made.get_absolute_url()


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
        services.suspend_flow(flow=self.flow, by=self.request.user, waiting=True, **form.cleaned_data)
        said(self.request, gettext("The data flow is stopped."))
        return self.deployment.get_absolute_url()


class FlowReinstate(DeploymentReinstate):
    """Ask the board to put one stopped flow back."""

    title = _("Ask the board to reinstate this data flow")
    flow: DataFlow

    def load(self) -> None:
        """The deployment and the flow of the address."""
        super().load()
        flows = self.deployment.flows.select_related("system")
        self.flow = get_object_or_404(flows, slug=self.kwargs["flow"])

    def flows(self) -> list[DataFlow] | None:
        """This one."""
        return [self.flow]
