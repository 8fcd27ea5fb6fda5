"""Costs and benefits of a system: what is recorded, and one more month."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.generic import View

from governance.registry import selectors as registry
from governance.registry.models import System
from metrics.roi import selectors
from metrics.roi.forms import ValueForm
from metrics.roi.services import record_values
from portal.access.selectors import can, require
from portal.web.badges import word
from portal.web.views import SignedInMixin


class ValuesView(SignedInMixin, View):
    """List and form on one page."""

    perm = "view_kpis"

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Every item with its months."""
        system = registry.get(request.user, slug, "view_kpis")
        return self._page(request, system, ValueForm())

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Record one month; 422 with the reason at its field."""
        system = registry.get(request.user, slug, "view_kpis")
        require(request.user, "import_data", system)
        form = ValueForm(request.POST)
        if form.is_valid():
            result = record_values(system=system, items=[form.row()], by=request.user)[0]
            if result["status"] in ("accepted", "corrected", "duplicate"):
                messages.success(
                    request, _("{id}: {status}").format(id=result["id"], status=word(result["status"]))
                )
                return redirect("values", slug=system.slug)
            form.take_refusal(result)
        return self._page(request, system, form, status=422)

    def _page(self, request: HttpRequest, system: System, form: ValueForm, status: int = 200) -> HttpResponse:
        context = {
            "system": system,
            "lines": selectors.all_lines(system),
            "form": form if can(request.user, "import_data", system) else None,
        }
        return render(request, "roi/value_list.html", context, status=status)
