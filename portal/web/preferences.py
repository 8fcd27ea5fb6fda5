"""Language and theme: kept on the person, or in a cookie for who has not signed in; the page stays the same."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from portal.web.context import THEME_COOKIE, THEMES

YEAR = 365 * 24 * 3600


def _back(request: HttpRequest) -> HttpResponse:
    """Back to the page the switch was on; only ever to an address of our own."""
    target = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts=None) and target.startswith("/")
    return HttpResponseRedirect(target if safe else "/")


def _keep(request: HttpRequest, response: HttpResponse, cookie: str, field: str, value: str) -> HttpResponse:
    user = request.user
    if user.is_authenticated and hasattr(user, field):
        setattr(user, field, value)
        user.save(update_fields=[field])
    response.set_cookie(
        cookie, value, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE, httponly=True
    )
    return response


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language and come back to the same page."""
    chosen = request.POST.get("language", "")
    response = _back(request)
    if chosen in dict(settings.LANGUAGES):
        return _keep(request, response, settings.LANGUAGE_COOKIE_NAME, "language", chosen)
    return response


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Switch the theme (auto, light, dark) and come back to the same page."""
    chosen = request.POST.get("theme", "")
    response = _back(request)
    return _keep(request, response, THEME_COOKIE, "theme", chosen) if chosen in THEMES else response
