"""Pages of retention: what is kept how long in a system, what went, and the round on request."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.consent.policy_checks import LOG_MINIMUM_DAYS, LOG_MINIMUM_FROM
from governance.holding.models import Retained
from governance.registry import selectors as register
from governance.registry.models import System
from governance.registry.pages import Crumbs, FormPage, said
from governance.retention import rules, selectors, services
from governance.retention.tables import RetainedFilter, RetainedTable
from portal.access.selectors import can, require
from portal.web.views import TableView


class RetentionList(TableView):
    """How long a system keeps what, what is past it, and the certificates of what went."""

    template_name = "retention/retention_list.html"
    table_class = RetainedTable
    filterset_class = RetainedFilter
    perm = "view_consent"
    title = _("Retention")
    empty = {
        "icon": "calendar-x",
        "title": _("Nothing went yet"),
        "text": _(
            "Every night what is past its time is deleted; each time stands here, with its number of rows."
        ),
    }

    @cached_property
    def system(self) -> System:
        """The one of the address."""
        return register.get(self.request.user, self.kwargs["slug"], "view_consent")

    def get_queryset(self) -> QuerySet[Retained]:
        """What went in it."""
        return selectors.retained(self.system)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the limits as they stand."""
        found = selectors.plan(self.system, timezone.now().date())
        return super().get_context_data(**kwargs) | {
            "system": self.system,
            "tab": "consent",
            "plan": found,
            "standing": [
                (row, rules.PARTS[row.part], rules.HELP[row.part]) for row in selectors.standing(found)
            ],
            "log_days": LOG_MINIMUM_DAYS,
            "log_from": LOG_MINIMUM_FROM,
            "too_short": rules.too_short([cut.days for cut in found.cuts])
            and bool(selectors.high_risk_flows(self.system)),
            "may_manage": can(self.request.user, "manage_consent", self.system),
        }


class RetentionRun(FormPage):
    """Do the nightly round now."""

    form_class = forms.Form
    title = _("Delete what is past its time")
    submit = _("Delete it")
    danger = True
    system: System

    def load(self) -> None:
        """The system of the address."""
        self.system = register.get(self.request.user, self.kwargs["slug"], "view_consent")
        require(self.request.user, "manage_consent", self.system)

    def crumbs(self) -> Crumbs:
        """Below what is kept how long."""
        return [(self.system.name, reverse("retention_list", args=[self.system.slug]))]

    def extra(self) -> dict[str, Any]:
        """The consequence."""
        return {
            "note": _(
                "What is older than its limit is deleted for good, as the nightly round would; sums and proofs stay."
            )
        }

    def act(self, form: Any) -> str:
        """Leave it to a worker."""
        job = services.request_round(system=self.system, by=self.request.user)
        said(self.request, gettext("A worker deletes what is past its time."))
        return reverse("job_detail", args=[job.pk])
