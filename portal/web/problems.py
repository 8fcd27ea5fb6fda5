"""RFC 9457 problem+json: one shape for every error of the API."""

import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DataError
from django.db.models import ProtectedError
from django.http import Http404
from django.utils.encoding import force_str
from django.utils.translation import gettext
from rest_framework import exceptions, serializers
from rest_framework.response import Response

from portal.errors import Invalid, NotAllowed, RuleBroken, Stale
from portal.web.locks import meanwhile
from portal.web.middleware import RETRY_SECONDS, UNREACHABLE, sentence

log = logging.getLogger(__name__)
PROBLEM_TYPE = "application/problem+json"


class ProblemRow(serializers.Serializer[Any]):
    """What is wrong with one field: its path, a stable code, a sentence in the caller's language."""

    code = serializers.CharField()
    message = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(required=False, allow_blank=True)

    def get_fields(self) -> dict[str, Any]:
        """A shape has no room for an attribute `field` of its own."""
        return {"field": serializers.CharField(allow_blank=True), **super().get_fields()}


class ProblemShape(serializers.Serializer[Any]):
    """An error: `type` ends in its stable code, `errors` names the fields at fault."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(allow_blank=True)
    instance = serializers.CharField(allow_blank=True)

    def get_fields(self) -> dict[str, Any]:
        """`errors` is a word of every shape of the framework."""
        return {**super().get_fields(), "errors": ProblemRow(many=True)}


def problem(error: Exception, context: Mapping[str, Any]) -> Response:
    """RFC 9457 problem+json for everything that a view raises; the unexpected is logged and becomes 500."""
    status, code, detail, errors = _describe(error)
    if status == 500:
        log.error("API failure", exc_info=error)
    request = context.get("request")
    body = {
        "type": f"urn:attune:problem:{code}",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "instance": request.path if request is not None else "",
        "errors": errors,
    }
    headers = {}
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if status == 503:
        headers["Retry-After"] = RETRY_SECONDS
    if authenticate := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = authenticate
    return Response(body, status=status, headers=headers, content_type=PROBLEM_TYPE)


_TITLES = {
    400: "Malformed request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Refused by a rule",
    412: "Precondition failed",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid input",
    428: "Precondition required",
    429: "Too many requests",
    500: "Internal error",
    503: "Service unavailable",
}
Description = tuple[int, str, str, list[dict[str, str]]]


def _describe(error: Exception) -> Description:
    """Status, code, sentence and rows of an exception."""
    if isinstance(error, RuleBroken):
        return _of_rule(error)
    if isinstance(error, Invalid):
        rows = [
            row | {"message": gettext(row.get("message", "")) if row.get("message") else ""}
            for row in error.errors
        ]
        return 422, "invalid", gettext("The input breaks rules; see errors."), rows
    if isinstance(error, exceptions.ValidationError):
        return 422, "invalid", gettext("The input breaks rules; see errors."), flatten(error.detail)
    if isinstance(error, Http404):
        return 404, "not_found", gettext("There is nothing here, or it is not yours to see."), []
    if isinstance(error, PermissionDenied):
        return 403, "not_allowed", str(error) or gettext("You may not do this."), []
    if isinstance(error, exceptions.APIException):
        code = error.get_codes()
        return error.status_code, code if isinstance(code, str) else "error", force_str(error.detail), []
    return _of_ground(error)


def _of_rule(error: RuleBroken) -> Description:
    text = sentence(error)
    if isinstance(error, Stale):
        return (412 if error.precondition else 409), error.code, text, [meanwhile(row) for row in error.rows]
    rows = [{"field": error.field, "code": error.code, "message": text}] if error.field else []
    if isinstance(error, NotAllowed):
        return 403, error.code, text, rows
    return 422 if error.code == "idempotency_key_reused" else 409, error.code, text, rows


def _of_ground(error: Exception) -> Description:
    """What Django and the database raise."""
    if isinstance(error, RequestDataTooBig):
        return 413, "too_large", gettext("The body is larger than this installation accepts."), []
    if isinstance(error, SuspiciousOperation | ValidationError | DataError):
        return 400, "malformed", gettext("The request contains a value that cannot be used."), []
    if isinstance(error, ProtectedError):
        return 409, "in_use", gettext("This is in use and cannot be removed."), []
    if isinstance(error, UNREACHABLE):
        return 503, "unavailable", gettext("A service does not answer at the moment; try again shortly."), []
    return 500, "internal", gettext("Something went wrong on our side; it has been logged."), []


def flatten(detail: Any, field: str = "") -> list[dict[str, str]]:
    """DRF's nested error detail as rows of field (dotted path, `items.3.id`), code and message."""
    if isinstance(detail, Mapping):
        return [
            row
            for name, inner in detail.items()
            for row in flatten(inner, field if name == "non_field_errors" else f"{field}.{name}".lstrip("."))
        ]
    if isinstance(detail, list | tuple):
        nested = any(isinstance(inner, Mapping | list) for inner in detail)
        return [
            row
            for number, inner in enumerate(detail)
            for row in flatten(inner, f"{field}.{number}".lstrip(".") if nested else field)
        ]
    return [{"field": field, "code": getattr(detail, "code", "invalid") or "invalid", "message": str(detail)}]
