"""People and their roles."""

from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry.selectors import visible
from portal.access import services
from portal.access.models import RoleAssignment
from portal.access.roles import SENTENCES, TITLES, Role
from portal.access.selectors import manages, units_with
from portal.accounts.models import User
from portal.accounts.selectors import people
from portal.desk.doors import FormDoor, put_on_form
from portal.desk.forms import PersonChangeForm, PersonForm, RoleForm
from portal.desk.tables import PersonFilter, PersonTable
from portal.errors import NotAllowed, RuleBroken
from portal.ledger.selectors import history
from portal.web.views import SignedInMixin, TableView


class PersonList(TableView):
    """Everybody with an account."""

    table_class, filterset_class, perm, title = PersonTable, PersonFilter, "manage_people", _("People")
    template_name = "desk/person_list.html"
    empty = {
        "icon": "users",
        "title": _("Nobody yet"),
        "text": _("People sign in with accounts that an administrator makes."),
        "action_url": reverse_lazy("person_add"),
        "action_label": _("Add a person"),
    }

    def get_queryset(self) -> Any:
        """All accounts: roles are given to people who have none yet."""
        return people()


class PersonAdd(FormDoor):
    """A new account; the administrator then hands over a link to set the password."""

    perm, title, submit = "manage_people", _("Add a person"), _("Add")

    def form(self, data: Any = None) -> PersonForm:
        """Empty or bound."""
        return PersonForm(data)

    def save(self, fields: dict[str, Any]) -> str:
        """Make the account and go to its page."""
        person = services.add_person(**fields, by=self.by)
        self.say(gettext("The account is made. Give roles, and hand over a link to set a password."))
        return person.get_absolute_url()

    def extra(self) -> dict[str, Any]:
        """The way back."""
        return {"crumb": (gettext("People"), reverse("person_list"))}


class PersonDetail(FormDoor):
    """One person: account, roles, history."""

    perm, submit = "manage_people", _("Save")
    template_name = "desk/person_detail.html"

    def person(self) -> User:
        """The person of the address."""
        return get_object_or_404(User, pk=self.kwargs["pk"])

    def form(self, data: Any = None) -> PersonChangeForm:
        """Filled with the account."""
        person = self.person()
        initial = {field: getattr(person, field) for field in ("name", "is_active", "valid_until")}
        return PersonChangeForm(data, initial=initial)

    def save(self, fields: dict[str, Any]) -> str:
        """Save and stay."""
        services.change_person(user=self.person(), **fields, by=self.by)
        self.say(gettext("The account is saved."))
        return self.request.path

    def extra(self) -> dict[str, Any]:
        """Roles (only where this administrator may see them), the role form and the history."""
        person = self.person()
        return {
            "person": person,
            "editable": manages(self.request.user, person),
            "roles": _roles_of(person, self.request.user),
            "role_form": RoleForm(by=self.by),
            "role_words": [(gettext(TITLES[role]), gettext(SENTENCES[role])) for role in Role],
            "events": history(f"user:{person.pk}"),
            "crumb": (gettext("People"), reverse("person_list")),
        }


def _roles_of(person: User, viewer: Any) -> list[dict[str, Any]]:
    """The person's roles in places that the viewer manages: title, place, end, and whether it may be ended."""
    rows = RoleAssignment.objects.filter(user=person, revoked_at__isnull=True).select_related("unit")
    managed = set(units_with(viewer, "manage_people").values_list("pk", flat=True))
    systems = {system.pk: system for system in visible(viewer, "manage_people")}
    return [
        {
            "pk": row.pk,
            "title": gettext(TITLES[Role(row.role)]),
            "place": row.unit.name if row.unit is not None else systems[row.system_id].name,  # type: ignore[index]
            "valid_until": row.valid_until,
        }
        for row in rows
        if row.unit_id in managed or row.system_id in systems
    ]


class RoleGrant(SignedInMixin, View):
    """Give a role to a person."""

    perm = "manage_people"

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Save and go back; an incomplete form is shown again."""
        page = PersonDetail()
        page.setup(request, pk=pk)
        form = RoleForm(request.POST, by=page.by)
        if form.is_valid():
            try:
                services.grant_role(user=page.person(), **form.cleaned_data, by=request.user)
            except NotAllowed:
                raise
            except RuleBroken as error:
                put_on_form(form, error)
            else:
                page.say(gettext("The role is given."))
                return HttpResponseRedirect(reverse("person_detail", args=[pk]))
        context = {"form": page.form(), **page.extra(), "role_form": form, "title": page.title}
        return render(request, page.template_name, context, status=422)


class RoleEnd(SignedInMixin, View):
    """End a role."""

    perm = "manage_people"

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """End it and go back to the person."""
        assignment = get_object_or_404(RoleAssignment.objects.select_related("user"), pk=pk)
        services.revoke_role(assignment=assignment, by=request.user)
        return HttpResponseRedirect(reverse("person_detail", args=[assignment.user_id]))


class PasswordLink(SignedInMixin, View):
    """A link with which a person sets a password; shown once."""

    perm = "manage_people"

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Make it and show it."""
        person = get_object_or_404(User, pk=pk)
        parts = services.password_link(user=person, by=cast(User, request.user))
        link = request.build_absolute_uri(reverse("account_reset_password_from_key", kwargs=parts))
        response = render(request, "desk/password_link.html", {"person": person, "link": link})
        response["Referrer-Policy"] = "no-referrer"
        return response
