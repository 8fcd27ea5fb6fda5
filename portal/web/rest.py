"""The API's manners: strict input, one shape of error, cursor pages, ETags, idempotent writes, scopes."""

import functools
import hashlib
import logging
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

import orjson
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DataError, transaction
from django.db.models import ProtectedError
from django.http import Http404
from django.utils.encoding import force_str
from django.utils.functional import Promise
from django.utils.translation import gettext
from rest_framework import exceptions, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from portal.access.selectors import has_anywhere
from portal.accounts.codes import SCOPES
from portal.accounts.models import ApiKey
from portal.errors import N_, Invalid, NotAllowed, RuleBroken, Stale
from portal.web.locks import meanwhile
from portal.web.middleware import RETRY_SECONDS, UNREACHABLE, sentence
from portal.web.models import IdempotencyRecord

if TYPE_CHECKING:  # its settings name this module: importing it here would be a circle
    from rest_framework.views import APIView

log = logging.getLogger(__name__)
MAX_DEPTH = 32
PROBLEM_TYPE = "application/problem+json"


# --- shape of what comes in and goes out ---------------------------------------------------------


def _plain(value: object) -> object:
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")  # exact, as a string: no float ever rounds a figure
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"not JSON: {type(value).__name__}")


def dumps(data: object) -> bytes:
    """JSON bytes; decimals as strings, times as ISO 8601 with offset."""
    return orjson.dumps(data, default=_plain, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)


class OrjsonRenderer(BaseRenderer):
    """JSON, drawn by orjson."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Bytes of the answer; nothing for an answer without a body."""
        return b"" if data is None else dumps(data)


def too_deep(value: object, limit: int = MAX_DEPTH) -> bool:
    """Whether containers nest deeper than `limit`; walks without recursion."""
    layer = [value] if isinstance(value, dict | list) else []
    for _depth in range(limit):
        if not layer:
            return False
        inner = [x for outer in layer for x in (outer.values() if isinstance(outer, dict) else outer)]
        layer = [x for x in inner if isinstance(x, dict | list)]
    return bool(layer)


def has_nul(value: object) -> bool:
    """Whether any text inside contains NUL, which PostgreSQL cannot store."""
    stack: list[object] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            if "\x00" in item:
                return True
        elif isinstance(item, dict):
            stack.extend(item.keys())
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return False


def loads(body: bytes) -> Any:
    """Parse JSON strictly: no NaN, no NUL, at most 32 levels. Raises ParseError (400)."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise exceptions.ParseError(
            gettext("The body is not valid JSON: {why}").format(why=error.msg)
        ) from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and too_deep(data):
        raise exceptions.ParseError(gettext("The JSON nests deeper than 32 levels."))
    if b"\\u0000" in body and has_nul(data):
        raise exceptions.ParseError(gettext("The JSON contains a NUL character."))
    return data


class StrictJsonParser(BaseParser):
    """`application/json` with the refusals of `loads`."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The parsed body."""
        return loads(stream.read())


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that refuses fields it does not know."""

    def to_internal_value(self, data: Any) -> Any:
        """Validated data. Raises ValidationError naming each unknown field."""
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                refusal = [exceptions.ErrorDetail(gettext("Unknown field."), "unknown_field")]
                raise serializers.ValidationError({name[:100]: refusal for name in unknown})
        return super().to_internal_value(data)


class Pages(CursorPagination):
    """Cursor pages: `?page_size=` up to 1000; a view names its own order as `cursor_ordering`."""

    page_size = 100
    max_page_size = 1000
    page_size_query_param = "page_size"
    ordering = "pk"

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        """The view's order, else by id."""
        ordering = getattr(view, "cursor_ordering", self.ordering)
        return (ordering,) if isinstance(ordering, str) else tuple(ordering)


def with_etag(request: Request, data: object, version: int | None = None) -> Response:
    """200 with an ETag over the bytes of the answer, or 304 when the client has them.

    `version`: the lock of the object, put in front of the tag so that If-Match of a change can name it.
    """
    digest = hashlib.sha256(dumps(data)).hexdigest()[:32]
    tag = f'"{digest}"' if version is None else f'"{version}-{digest}"'
    known = {part.strip().removeprefix("W/") for part in request.headers.get("If-None-Match", "").split(",")}
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in known or "*" in known:
        return Response(status=304, headers=headers)
    return Response(data, headers=headers)


ETag = with_etag
# --- who may call --------------------------------------------------------------------------------


def has_scope(request: Request, scope: str) -> bool:
    """A key by its scope; a person by holding the matching permission anywhere (views ask about objects)."""
    if isinstance(request.auth, ApiKey):
        return scope in request.auth.scopes
    return has_anywhere(request.user, SCOPES[scope][0])


def require_scope(request: Request, scope: str) -> None:
    """Raise PermissionDenied (403) without the scope."""
    if not has_scope(request, scope):
        raise exceptions.PermissionDenied(
            gettext("This call needs the scope '{scope}'.").format(scope=scope), code="missing_scope"
        )


def HasScope(scope: str) -> type[BasePermission]:  # noqa: N802 - reads as the class that it makes
    """A permission class for `permission_classes`: signed in or with a key, and holding `scope`."""
    if scope not in SCOPES:
        raise ValueError(f"unknown scope: {scope!r}")

    class _HasScope(BasePermission):
        def has_permission(self, request: Request, view: "APIView") -> bool:
            if not getattr(request.user, "is_authenticated", False):
                return False
            require_scope(request, scope)
            return True

    return _HasScope


class PersonOrScope(BasePermission):
    """Everybody who signed in, whatever their roles; a key needs the scope `register:read`."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not getattr(request.user, "is_authenticated", False):
            return False
        if isinstance(request.auth, ApiKey):
            require_scope(request, "register:read")
        return True


def actor(request: Request) -> Any:
    """What services take as `by=`: the key of a machine client, else the person."""
    return request.auth if isinstance(request.auth, ApiKey) else request.user


def is_sandbox(request: Request) -> bool:
    """Whether nothing of this call may be kept."""
    return isinstance(request.auth, ApiKey) and request.auth.sandbox


# --- writes --------------------------------------------------------------------------------------

Method = Callable[..., Response]


def idempotent(method: Method) -> Method:
    """Wrap a write: one transaction, exactly once per Idempotency-Key, nothing kept for a sandbox key.

    The same key with the same request gets the first answer again (`Idempotent-Replayed: true`), with another
    request 422. A refused or failed write stores nothing, so the key may be used again.
    """

    @functools.wraps(method)
    def wrapped(view: "APIView", request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > 200 or not key.isprintable():
            raise exceptions.ParseError(gettext("Idempotency-Key: at most 200 printable characters."))
        with transaction.atomic():
            record = _claim(request, key) if key and not is_sandbox(request) else None
            if record is not None and record.status is not None:
                headers = {"Idempotent-Replayed": "true"} | (
                    {"Location": record.location} if record.location else {}
                )
                return Response(record.response, status=record.status, headers=headers)
            response = method(view, request, *args, **kwargs)
            if is_sandbox(request):
                transaction.set_rollback(True)
                response["Sandbox"] = "true"
            elif record is not None:
                record.status = response.status_code
                record.response = orjson.loads(dumps(response.data))
                record.location = response.get("Location", "")
                record.save(update_fields=["status", "response", "location"])
        return response

    return wrapped


def _claim(request: Request, key: str) -> IdempotencyRecord:
    """This client's row for the key, ours or an earlier one; waits for a concurrent twin to commit."""
    who = actor(request)
    client = f"{'key' if isinstance(who, ApiKey) else 'user'}:{who.pk}"
    digest = hashlib.sha256(
        b"\n".join([str(request.method).encode(), request.path.encode(), request.body])
    ).hexdigest()
    IdempotencyRecord.objects.bulk_create(
        [IdempotencyRecord(client=client, key=key, request_sha256=digest)], ignore_conflicts=True
    )
    record = IdempotencyRecord.objects.select_for_update().get(client=client, key=key)
    if record.request_sha256 != digest:
        raise RuleBroken(
            N_("This Idempotency-Key was used for another request."), code="idempotency_key_reused"
        )
    return record


# --- one shape of error --------------------------------------------------------------------------


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
    412: "Changed meanwhile",
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
