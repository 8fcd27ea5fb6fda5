"""The first page after sign-in: what waits for this person, then what their roles are about."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views import View

from portal.access.roles import TITLES, Role
from portal.access.selectors import has_anywhere, roles_of
from portal.desk import selectors
from portal.web.views import SignedInMixin


class Home(SignedInMixin, View):
    """Home; each part is there only where a permission opens it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """All parts of this person's roles."""
        return render(request, "desk/home.html", _parts(request.user))


def _parts(user: Any) -> dict[str, Any]:
    today = timezone.localdate()
    held = roles_of(user)
    parts: dict[str, Any] = {
        "role_titles": [gettext(TITLES[role]) for role in Role if role.value in held],
        "tasks": [(task, task.overdue(today)) for task in selectors.waiting(user, today)],
        "may_register": has_anywhere(user, "edit_register"),
    }
    for perm, name, selector in (
        ("view_register", "systems", selectors.portfolio),
        ("view_review", "requests", selectors.recent_requests),
        ("view_audits", "runs", selectors.recent_runs),
        ("export_evidence", "packs", selectors.recent_packs),
        ("manage_people", "steps", selectors.first_steps),
    ):
        if has_anywhere(user, perm):
            parts[name] = selector(user)
    if "steps" in parts and all(parts["steps"].values()):
        del parts["steps"]
    return parts
