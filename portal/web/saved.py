"""Saved views of lists: a filter, order and choice of columns under a name, one's own or shared with a role."""

import re
import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from portal.access.selectors import roles_of
from portal.errors import N_, Invalid, RuleBroken
from portal.web.models import SavedView

PAGE = re.compile(r"[a-z][a-z_]{0,59}\Z")
PASSING = ("page", "export", "view")  # of a moment, not of a view
MOST = 50
"""Of one person and list."""


def views_of(user: Any, page: str) -> QuerySet[SavedView]:
    """The views of a list that this person has, and those shared with a role of theirs."""
    held = Q(role__in=roles_of(user)) & ~Q(role="")
    return SavedView.objects.filter(Q(owner=user) | held, page=page).select_related("owner").order_by("name")


def merged(request: HttpRequest, page: str) -> tuple[QueryDict, SavedView | None]:
    """The parameters of a list: those of `?view=`, beaten by every one that the address names itself.

    Raises Http404 for a view that is not this person's.
    """
    wanted = request.GET.get("view", "")
    if not wanted:
        return request.GET, None
    try:
        view = views_of(request.user, page).filter(pk=uuid.UUID(wanted)).first()
    except ValueError:
        view = None
    if view is None:
        raise Http404
    found = QueryDict(view.query, mutable=True)
    for name, values in request.GET.lists():
        found.setlist(name, values)
    return found, view


def save_view(*, owner: Any, page: str, name: str, query: str, role: str = "") -> SavedView:
    """Keep a view under a name; the same name again takes its place. Raises Invalid, RuleBroken."""
    name, found = name.strip(), []
    if not name or len(name) > 80:
        found.append(_error("name", N_("Give the view a name of at most 80 characters.")))
    if not PAGE.match(page):
        found.append(_error("page", N_("This is not one of the choices.")))
    if role and role not in roles_of(owner):
        found.append(_error("role", N_("You can share a view only with a role that you hold.")))
    kept = QueryDict(query[:4000], mutable=True)
    for passing in PASSING:
        kept.pop(passing, None)
    text = kept.urlencode()
    if len(text) > 2000 or "\x00" in text or "%00" in text:
        found.append(_error("query", N_("This filter is too long to be kept.")))
    if found:
        raise Invalid(found)
    others = SavedView.objects.filter(owner=owner, page=page).exclude(name=name)
    if others.count() >= MOST:
        raise RuleBroken(
            N_("You keep {limit} views of this list: delete one first."), code="too_many", limit=MOST
        )
    view, _made = SavedView.objects.update_or_create(
        owner=owner, page=page, name=name, defaults={"query": text, "role": role}
    )
    return view


def _error(field: str, message: str) -> dict[str, str]:
    return {"field": field, "code": "invalid", "message": message}


@login_required
@require_POST
def view_save(request: HttpRequest) -> HttpResponse:
    """Keep the present filter of a list, and go back to it with the view in the address."""
    fields = {name: request.POST.get(name, "") for name in ("page", "name", "query", "role")}
    try:
        view = save_view(owner=request.user, **fields)
    except Invalid as error:
        messages.error(request, " ".join(gettext(row["message"]) for row in error.errors))
        return HttpResponseRedirect(_path(request))
    messages.success(request, gettext("The view is saved."))
    return HttpResponseRedirect(f"{_path(request)}?view={view.pk}")


@login_required
@require_POST
def view_delete(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Delete a view of one's own, and go back to the list."""
    get_object_or_404(SavedView, pk=pk, owner=request.user).delete()
    return HttpResponseRedirect(_path(request))


def _path(request: HttpRequest) -> str:
    """The list that the form was on; only ever an address of our own."""
    target = request.POST.get("next", "/").partition("?")[0]
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts=None) and target.startswith("/")
    return target if safe else "/"
