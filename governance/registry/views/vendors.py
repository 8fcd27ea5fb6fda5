"""Vendors and the statements of the mission."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry import content, fields, related, selectors, vendors, words
from governance.registry.fields import Field
from governance.registry.forms import MissionForm, VendorForm
from governance.registry.models import MissionStatement, Vendor
from governance.registry.pages import Crumbs, FormPage, said
from governance.registry.tables import VendorFilter, VendorTable
from portal.access.selectors import can, has_anywhere, require, units_with
from portal.ledger.selectors import history
from portal.web.views import SignedInMixin, TableView


class VendorList(TableView):
    """The vendors in view."""

    table_class = VendorTable
    filterset_class = VendorFilter
    perm = "view_register"
    title = _("Vendors")
    intro = _("Who provides AI to us: contract, transfer tool, contact.")
    template_name = "registry/vendor_list.html"
    empty = {
        "icon": "building-2",
        "title": _("No vendors yet"),
        "text": _("A vendor is registered once, and named by each system that comes from it."),
        "action_url": reverse_lazy("vendor_add"),
        "action_label": _("Add a vendor"),
    }

    def get_queryset(self) -> QuerySet[Vendor]:
        """With the number of systems in view."""
        rows = selectors.vendors(self.request.user).select_related("unit")
        return rows.annotate(n_systems=Count("systems", distinct=True)).order_by("name", "slug")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The button to add one, for whom it works."""
        context = super().get_context_data(**kwargs)
        context["may_edit"] = has_anywhere(self.request.user, "edit_register")
        if not context["may_edit"]:
            context["empty"] = {**self.empty, "action_url": ""}
        return context


class VendorDetail(SignedInMixin, View):
    """One vendor, its systems and its history."""

    perm = "view_register"

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The page."""
        vendor = get_object_or_404(selectors.vendors(request.user).select_related("unit"), slug=slug)
        found = content.of_vendor(vendor)
        context = {
            "vendor": vendor,
            "facts": [
                (gettext(one.label), words.say(one, found[one.name], words.Names())) for one in fields.VENDOR
            ],
            "related": related.of_vendor(request.user, vendor),
            "events": history(vendor.subject),
            "may_edit": can(request.user, "edit_register", vendor.unit),
        }
        return render(request, "registry/vendor_detail.html", context)


class VendorAdd(FormPage):
    """A new vendor; `?system=` goes back to the step at which it was missed."""

    perm = "edit_register"
    title = _("Add a vendor")

    def form(self, data: Any = None) -> VendorForm:
        """Empty."""
        return VendorForm(data, user=self.request.user)

    def crumbs(self) -> Crumbs:
        """Below the list."""
        return [(gettext("Vendors"), reverse("vendor_list"))]

    def act(self, form: VendorForm) -> str:
        """Add it."""
        data = form.cleaned_data
        vendor = vendors.add_vendor(
            by=self.request.user, unit=data["unit"], slug=data["slug"], pk=data.get("token"), **form.values()
        )
        said(self.request, gettext("The vendor is in the register."))
        system = selectors.visible(self.request.user, drafts=True).filter(
            slug=self.request.GET.get("system", "")
        )
        if (found := system.first()) is not None:
            return reverse("system_step", args=[found.slug, "vendor"])
        return vendor.get_absolute_url()


class VendorFormPage(FormPage):
    """Base of the form about a vendor that is there; the door that saves lies where approvals are voided."""

    perm = "view_register"
    title = _("Change the vendor")
    vendor: Vendor

    def load(self) -> None:
        """The vendor of the address."""
        rows = selectors.vendors(self.request.user).select_related("unit")
        self.vendor = get_object_or_404(rows, slug=self.kwargs["slug"])
        require(self.request.user, "edit_register", self.vendor)

    def form(self, data: Any = None) -> VendorForm:
        """Filled with what is there."""
        return VendorForm(data, user=self.request.user, row=self.vendor)

    def crumbs(self) -> Crumbs:
        """Below the vendor."""
        return [
            (gettext("Vendors"), reverse("vendor_list")),
            (self.vendor.name, self.vendor.get_absolute_url()),
        ]

    def table(self) -> Mapping[str, Field]:
        """The words of its fields."""
        return {one.name: one for one in fields.VENDOR}


class MissionList(SignedInMixin, View):
    """The statements of the mission that goals refer to."""

    perm = "view_register"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list, with how many goals serve each."""
        rows = selectors.missions(request.user).select_related("unit")
        mine = set(units_with(request.user, "edit_register").values_list("pk", flat=True))
        context = {
            "rows": [
                {"mission": row, "goals": row.n_goals, "may_edit": row.unit_id in mine}
                for row in rows.annotate(n_goals=Count("goals", distinct=True))
            ],
            "may_edit": bool(mine),
        }
        return render(request, "registry/mission_list.html", context)


class MissionAdd(FormPage):
    """A new statement."""

    perm = "edit_register"
    title = _("Add a statement of our mission")

    def form(self, data: Any = None) -> MissionForm:
        """Empty."""
        return MissionForm(data, user=self.request.user)

    def crumbs(self) -> Crumbs:
        """Below the list."""
        return [(gettext("Mission"), reverse("mission_list"))]

    def act(self, form: MissionForm) -> str:
        """Add it."""
        data = form.cleaned_data
        vendors.add_mission(by=self.request.user, unit=data["unit"], text=data["text"], pk=data["token"])
        return reverse("mission_list")


class MissionChange(FormPage):
    """The words of a statement."""

    perm = "view_register"
    title = _("Change a statement of our mission")
    mission: MissionStatement

    def load(self) -> None:
        """The statement of the address."""
        rows = selectors.missions(self.request.user).select_related("unit")
        self.mission = get_object_or_404(rows, pk=self.kwargs["pk"])
        require(self.request.user, "edit_register", self.mission)

    def form(self, data: Any = None) -> MissionForm:
        """Filled."""
        return MissionForm(data, user=self.request.user, row=self.mission)

    def crumbs(self) -> Crumbs:
        """Below the list."""
        return [(gettext("Mission"), reverse("mission_list"))]

    def table(self) -> Mapping[str, Field]:
        """Its one field."""
        return {"text": Field("text", str(_("Statement")))}

    def act(self, form: MissionForm) -> str:
        """Save."""
        data = form.cleaned_data
        vendors.change_mission(
            mission=self.mission,
            by=self.request.user,
            expected_version=data["row_version"],
            text=data["text"],
        )
        return reverse("mission_list")
