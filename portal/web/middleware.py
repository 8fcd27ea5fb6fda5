"""What wraps every request: security headers, the person's language and zone, refusals as pages."""

import logging
from collections.abc import Callable

import orjson
from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext
from redis.exceptions import ConnectionError as CacheUnreachable

from portal.errors import NotAllowed, RuleBroken
from portal.web.params import shown

log = logging.getLogger(__name__)
Next = Callable[[HttpRequest], HttpResponseBase]
RETRY_SECONDS = "10"
FORM_BYTES = 4 * 1024 * 1024
"""Of a form without files, as it travels: far more than a person types. The limit of a batch is none here: to undo the
percent signs of 15 MB takes a second or two of processor time, before any field is looked at."""
UNREACHABLE = (OperationalError, InterfaceError, CacheUnreachable)
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "serial", "usb")
)
API_TITLES = {404: "Not found", 405: "Method not allowed", 400: "Bad request", 403: "Forbidden"}


def sentence(refusal: RuleBroken) -> str:
    """The reason of a refusal in the language of the reader, its parameters filled in."""
    text = gettext(refusal.message)
    return text.format(**shown(refusal.params)) if refusal.params else text


def is_api(request: HttpRequest) -> bool:
    """Whether a machine reads the answer."""
    return request.path.startswith("/api/")


def bare_problem(status: int, title: str, detail: str, instance: str) -> HttpResponse:
    """problem+json outside of DRF (unknown address, failure before the view)."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "instance": instance}
    return HttpResponse(
        orjson.dumps(body | {"errors": []}), status=status, content_type="application/problem+json"
    )


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After: the database or the cache does not answer; drawn without either."""
    detail = gettext(
        "A service that Attune needs does not answer at the moment. Nothing was lost; try again shortly."
    )
    if is_api(request):
        response = bare_problem(503, "Service unavailable", detail, request.path)
    else:
        try:
            response = HttpResponse(render_to_string("errors/503.html", {"reason": detail}), status=503)
        except TemplateDoesNotExist:
            response = HttpResponse(detail, status=503, content_type="text/plain; charset=utf-8")
    response["Retry-After"] = RETRY_SECONDS
    return response


def _is_form(request: HttpRequest) -> bool:
    """The API takes none: it refuses the media type without reading."""
    return request.content_type == "application/x-www-form-urlencoded" and not is_api(request)


class SecurityHeaders:
    """Headers that no page may lack; the Content-Security-Policy comes from django-csp."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        personal = settings.SESSION_COOKIE_NAME in request.COOKIES or "HTTP_AUTHORIZATION" in request.META
        if personal or is_api(request) or request.path.startswith("/accounts/"):
            # what a person may see stays out of every cache; charts set their own 'private, no-cache'
            response.setdefault("Cache-Control", "no-store, private")
        return response


class PersonalSettings:
    """Language and time zone of the signed-in person, for the time of the request."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        zone = settings.DEFAULT_PERSON_TIME_ZONE
        try:
            user = request.user
            if user.is_authenticated:
                zone = user.time_zone
                translation.activate(user.language)
                request.LANGUAGE_CODE = translation.get_language()
            elif "_auth_user_id" in request.session:  # disabled, or the time of the account is over
                logout(request)
        except UNREACHABLE:
            log.exception("database or cache unreachable")
            return unavailable(request)
        with timezone.override(zone):
            return self.get_response(request)


class Refusals:
    """A broken rule and a form that is too large become pages with the reason; an unknown API address problem+json."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if _is_form(request) and int(request.META.get("CONTENT_LENGTH") or 0) > FORM_BYTES:
            raise RequestDataTooBig("a form of more than 4 MB")  # before anybody reads it
        response = self.get_response(request)
        kind = response.get("Content-Type", "")
        if is_api(request) and response.status_code >= 400 and not kind.startswith("application/"):
            title = API_TITLES.get(response.status_code, "Error")
            return bare_problem(response.status_code, title, gettext("There is nothing here."), request.path)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Called for what a view let through."""
        if isinstance(error, UNREACHABLE):
            log.exception("database or cache unreachable")
            return unavailable(request)
        if not isinstance(error, RuleBroken):
            return None
        status = 403 if isinstance(error, NotAllowed) else 409
        context = {"reason": sentence(error), "code": error.code}
        return HttpResponse(render_to_string(f"errors/{status}.html", context, request), status=status)
