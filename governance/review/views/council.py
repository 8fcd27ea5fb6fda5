"""Works-council records: asking, one record with its answers."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry.pages import add_error, said
from governance.review import council, rules, selectors, services
from governance.review.forms import CouncilAnswerForm, CouncilForm
from governance.review.models import CouncilRecord
from governance.review.views.register import SystemFormPage
from governance.screening import rulesets
from portal.errors import N_, NotAllowed, RuleBroken
from portal.ledger.selectors import history
from portal.web.middleware import sentence
from portal.web.views import SignedInMixin


class CouncilAdd(SystemFormPage):
    """Record a question to the works council."""

    needs = "request_deployment"
    title = _("Ask the works council")

    def form(self, data: Any = None) -> CouncilForm:
        """With the flows that touch workers."""
        return CouncilForm(data, self.request.FILES or None, system=self.system)

    def extra(self) -> dict[str, Any]:
        """Why."""
        return {
            "note": _(
                "Workers and their representatives are informed before the first use at work (AI Act, Art 26(7)). "
                "A seat on the board is not that consent: this record is."
            )
        }

    def act(self, form: CouncilForm) -> str:
        """Record it."""
        return services.ask_council(
            system=self.system, by=self.request.user, **form.made()
        ).get_absolute_url()


class CouncilDetail(SignedInMixin, View):
    """One record: what was asked, with which documents, what was answered."""

    perm = "view_review"

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The page of a record."""
        found = self.find(pk)
        return self.page(found, CouncilAnswerForm(steps=council.open_acts(found, request.user)), 200)

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Record an answer; a refusal shows the page again with the reason."""
        found = self.find(pk)
        steps = council.open_acts(found, request.user)
        if not steps:
            raise NotAllowed(N_("There is no answer here that you may record."), code="not_allowed")
        form = CouncilAnswerForm(request.POST, request.FILES, steps=steps)
        if not form.is_valid():
            return self.page(found, form, 422)
        try:
            services.answer_council(council=found, by=request.user, **form.cleaned_data)
        except RuleBroken as error:
            add_error(form, error.field, sentence(error))
            return self.page(found, form, 409)
        said(request, gettext("The answer is recorded."))
        return HttpResponseRedirect(found.get_absolute_url())

    def find(self, pk: Any) -> CouncilRecord:
        """The record for this person, or Http404."""
        rows = selectors.visible_councils(self.request.user)
        return get_object_or_404(rows.select_related("system__unit", "asked_by"), pk=pk)

    def page(self, found: CouncilRecord, form: CouncilAnswerForm, status: int) -> HttpResponse:
        """The record with the form for those who may answer."""
        context = {
            "council": found,
            "system": found.system,
            "law": rulesets.in_force(),
            "flows": found.flows.all(),
            "files": found.files.all(),
            "answers": [
                {"row": row, "state": rules.CouncilState(row.state)}
                for row in found.answers.select_related("recorded_by").prefetch_related("files")
            ],
            "allows": rules.allows(found.state),
            "nullity_until": rules.nullity_until(found.informed_on),
            "may_answer": bool(council.open_acts(found, self.request.user)),
            "form": form,
            "events": history(found.subject),
        }
        return render(self.request, "review/council_detail.html", context, status=status)
