"""The tree of units."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from portal.access import services
from portal.access.selectors import units_with
from portal.accounts.models import Unit
from portal.desk.doors import FormDoor
from portal.desk.forms import UnitForm
from portal.web.views import SignedInMixin


class UnitList(SignedInMixin, View):
    """The units that this administrator manages, as a tree."""

    perm = "manage_people"

    def get(self, request: HttpRequest) -> HttpResponse:
        """One table, indented by depth."""
        units = units_with(request.user, "manage_people").order_by("path")
        return render(
            request, "desk/unit_list.html", {"units": [(unit, "– " * unit.depth) for unit in units]}
        )


class UnitAdd(FormDoor):
    """A new unit."""

    perm, title, submit = "manage_people", _("Add a unit"), _("Add")

    def form(self, data: Any = None) -> UnitForm:
        """Empty or bound."""
        return UnitForm(data, by=self.by)

    def save(self, fields: dict[str, Any]) -> str:
        """Make it and go to the tree."""
        services.add_unit(**fields, by=self.by)
        self.say(gettext("The unit is added."))
        return reverse("unit_list")

    def extra(self) -> dict[str, Any]:
        """The way back."""
        return {"crumb": (gettext("Units"), reverse("unit_list"))}


class UnitChange(FormDoor):
    """Rename a unit or hang it elsewhere."""

    perm, title, submit = "manage_people", _("Change a unit"), _("Save")

    def unit(self) -> Unit:
        """The unit of the address, if this administrator manages it."""
        return get_object_or_404(units_with(self.request.user, "manage_people"), pk=self.kwargs["pk"])

    def form(self, data: Any = None) -> UnitForm:
        """Filled with the unit."""
        unit = self.unit()
        initial = {"name": unit.name, "parent": unit.parent_id}
        return UnitForm(data, by=self.by, unit=unit, initial=initial)

    def save(self, fields: dict[str, Any]) -> str:
        """Save and go to the tree."""
        parent = fields.get("parent")
        services.change_unit(unit=self.unit(), name=fields["name"], parent=parent, by=self.by)
        self.say(gettext("The unit is saved."))
        return reverse("unit_list")

    def extra(self) -> dict[str, Any]:
        """The way back."""
        return {"crumb": (gettext("Units"), reverse("unit_list"))}
