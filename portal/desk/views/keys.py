"""API keys: list, make (shown once), revoke."""

from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry.models import System
from governance.registry.selectors import visible
from portal.accounts import services
from portal.accounts.models import ApiKey
from portal.desk.doors import FormDoor
from portal.desk.forms import ApiKeyForm
from portal.desk.tables import ApiKeyFilter, ApiKeyTable
from portal.web.views import SignedInMixin, TableView


def keys_of(user: Any) -> Any:
    """The keys of systems whose keys this person manages."""
    return ApiKey.objects.filter(system_id__in=visible(user, "manage_keys").values("pk"))


class ApiKeyList(TableView):
    """All keys in reach, with the system they belong to."""

    table_class, filterset_class, perm, title = ApiKeyTable, ApiKeyFilter, "manage_keys", _("API keys")
    template_name = "desk/key_list.html"
    empty = {
        "icon": "key-round",
        "title": _("No API keys yet"),
        "text": _("A machine client reports interactions and asks for decisions with a key of its system."),
        "action_url": reverse_lazy("api_key_add"),
        "action_label": _("Make a key"),
    }

    def get_queryset(self) -> Any:
        """With the name of the system."""
        name = System.objects.filter(pk=OuterRef("system_id")).values("name")
        return keys_of(self.request.user).annotate(system_name=Subquery(name[:1]))


class ApiKeyAdd(FormDoor):
    """Make a key; its text is in the answer and nowhere else."""

    perm, title, submit = "manage_keys", _("Make an API key"), _("Make the key")

    def form(self, data: Any = None) -> ApiKeyForm:
        """Empty or bound."""
        return ApiKeyForm(data, by=self.by)

    def save(self, fields: dict[str, Any]) -> HttpResponse:
        """Show the key once; reloading the page cannot show it again."""
        system = fields.pop("system")
        key, plaintext = services.create_api_key(system_id=system.pk, **fields, by=self.by)
        context = {"key": key, "plaintext": plaintext, "system": system}
        return render(self.request, "desk/key_created.html", context)

    def extra(self) -> dict[str, Any]:
        """The way back."""
        return {"crumb": (gettext("API keys"), reverse("api_key_list"))}


class ApiKeyRevoke(SignedInMixin, View):
    """End a key, after a question."""

    perm = "manage_keys"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask."""
        return render(
            request, "desk/key_revoke.html", {"key": get_object_or_404(keys_of(request.user), pk=pk)}
        )

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Do."""
        services.revoke_api_key(key=get_object_or_404(keys_of(request.user), pk=pk), by=request.user)
        return HttpResponseRedirect(reverse("api_key_list"))
