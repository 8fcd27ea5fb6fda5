"""Pages of the service desk: writing down what a person said, and looking up what stands."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views import View

from governance.consent import desk
from governance.consent.desk_forms import DeskForm, LookUpForm
from governance.registry import selectors as register
from governance.registry.models import System
from portal.access.selectors import require
from portal.errors import Invalid, RuleBroken
from portal.web.middleware import sentence
from portal.web.views import SignedInMixin


class DeskList(SignedInMixin, View):
    """The systems about which this person writes down consent."""

    perm = "record_consent"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        systems = register.visible(request.user, "record_consent").order_by("sort_key")
        return render(request, "consent/desk_list.html", {"systems": systems})


class Desk(SignedInMixin, View):
    """Record what a person said about one system."""

    perm = "record_consent"

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The empty form."""
        system = _system(request, slug)
        return _page(request, system, DeskForm(system=system), LookUpForm(), 200)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Record, then show what stands for that person, without naming them; no address leads back here."""
        system = _system(request, slug)
        form = DeskForm(request.POST, system=system)
        if form.is_valid():
            try:
                n = desk.record_at_desk(system=system, by=request.user, **form.values())
            except Invalid as error:
                for fault in error.errors:
                    field = "notice" if fault["field"] == "notice_version" else fault["field"]
                    form.add_error(field if field in form.fields else None, gettext(fault["message"]))
            except RuleBroken as error:
                form.add_error(None, sentence(error))
            else:
                messages.success(request, gettext("Recorded: %(n)s.") % {"n": n})
                return _standing(request, system, form.cleaned_data["reference"])
        return _page(request, system, form, LookUpForm(), 422)


class LookUp(SignedInMixin, View):
    """What stands for a person. A POST, since an address ends in logs and a reference does not belong there."""

    perm = "record_consent"

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The answer beside an empty form."""
        system = _system(request, slug)
        asked = LookUpForm(request.POST)
        if asked.is_valid():
            return _standing(request, system, asked.cleaned_data["reference"])
        return _page(request, system, DeskForm(system=system), asked, 422)


def _system(request: HttpRequest, slug: str) -> System:
    system = register.get(request.user, slug)
    require(request.user, "record_consent", system)
    return system


def _standing(request: HttpRequest, system: System, reference: str) -> HttpResponse:
    found = {
        "rows": desk.standing_of(system=system, reference=reference, by=request.user),
        "shown": desk.shown_to(system=system, reference=reference, by=request.user),
    }
    return _page(request, system, DeskForm(system=system), LookUpForm(), 200, found)


def _page(
    request: HttpRequest, system: System, form: DeskForm, asked: LookUpForm, status: int, found: Any = None
) -> HttpResponse:
    context = {"system": system, "form": form, "asked": asked, "rows": None, **(found or {})}
    response = render(request, "consent/desk.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response
