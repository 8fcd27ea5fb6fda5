"""The API's manners: strict input, cursor pages, ETags, idempotent writes, scopes."""

import functools
import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

import orjson
from django.core.exceptions import ValidationError
from django.db import transaction
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
from portal.errors import N_, Invalid, RuleBroken
from portal.web.models import IdempotencyRecord

if TYPE_CHECKING:  # its settings name this module: importing it here would be a circle
    from rest_framework.views import APIView

MAX_DEPTH = 32
FAULTS_SHOWN = 100


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


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_UUID_LENGTH = 36
# what JSON value a field takes; the framework alone would read "true", 7 and [] as text, and text as numbers
_KINDS: tuple[tuple[Any, type | tuple[type, ...]], ...] = (
    (serializers.BooleanField, bool),
    ((serializers.IntegerField, serializers.FloatField), (int, float)),
    (
        (
            serializers.CharField,
            serializers.ChoiceField,
            serializers.DateField,
            serializers.DateTimeField,
            serializers.UUIDField,
        ),
        str,
    ),
)


def _kind_faults(field: Any, value: object) -> Any:
    """What inside `value` is not the kind of JSON value that `field` takes, as DRF nests errors; else None."""
    inside: Iterable[tuple[object, object]] = ()
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        inside = enumerate(value)
    elif isinstance(field, serializers.DictField) and isinstance(value, dict):
        inside = value.items()
    elif value is not None and not _fits(field, value):
        return [exceptions.ErrorDetail(gettext("This is not the right kind of value."), "invalid")]
    # as the schema counts: before the framework takes spaces off the ends
    elif isinstance(field, serializers.CharField) and len(str(value)) > (field.max_length or sys.maxsize):
        told = field.error_messages["max_length"].format(max_length=field.max_length)
        return [exceptions.ErrorDetail(told, "max_length")]
    faults = {str(name)[:100]: fault for name, one in inside if (fault := _kind_faults(field.child, one))}
    return faults or None


def _fits(field: Any, value: object) -> bool:
    for fields, kinds in _KINDS:
        if isinstance(field, fields):
            number = kinds is not bool and isinstance(value, bool)
            return isinstance(value, kinds) and not number and _written_out(field, value)
    return True


def _written_out(field: Any, value: object) -> bool:
    """Days and ids in the one form that the schema declares, not in every form that Python reads."""
    if isinstance(field, serializers.DateField):
        return bool(_DAY.match(str(value)))
    return not isinstance(field, serializers.UUIDField) or len(str(value)) == _UUID_LENGTH


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that refuses fields it does not know and values of another JSON type."""

    def to_internal_value(self, data: Any) -> Any:
        """Validated data. Raises ValidationError naming each unknown field and each value of the wrong kind."""
        if isinstance(data, Mapping):
            refusal = [exceptions.ErrorDetail(gettext("Unknown field."), "unknown_field")]
            unknown = (str(name)[:100] for name in data if name not in self.fields)
            faults: dict[str, Any] = dict.fromkeys(islice(unknown, FAULTS_SHOWN), refusal)
            for name, field in self.fields.items():
                if name in data and (fault := _kind_faults(field, data[name])):
                    faults[name] = fault
            if faults:
                raise serializers.ValidationError(faults)
        return super().to_internal_value(data)


class NoFields(StrictSerializer):
    """The body of a call that takes none: nothing, or an empty object."""


def nothing_in(request: Request) -> None:
    """Hold that a call without a body of its own got none. Raises ValidationError naming each field."""
    NoFields(data=request.data or {}).is_valid(raise_exception=True)


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

    def get_page_size(self, request: Request) -> int:
        """The size asked for. Raises Invalid for what is no size."""
        wanted = request.query_params.get("page_size", str(self.page_size))
        if not (wanted.isascii() and wanted.isdigit()) or not 1 <= int(wanted[:6]) <= self.max_page_size:
            message = N_("Give a whole number from 1 to 1000.")
            raise Invalid([{"field": "page_size", "code": "invalid", "message": message}])
        return int(wanted[:6])

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """The rows of the page. Raises Invalid for a cursor that none of our pages gave."""
        try:
            return super().paginate_queryset(queryset, request, view=view)
        except (exceptions.NotFound, ValidationError, ValueError, OverflowError) as error:
            message = N_("This is not a cursor of this list.")
            raise Invalid([{"field": "cursor", "code": "invalid", "message": message}]) from error


def paged(request: Request, view: Any, rows: Any, shape: Callable[[Any], Any]) -> Response:
    """One cursor page of `rows`, each as `shape` gives it, with an ETag."""
    pages = Pages()
    page = pages.paginate_queryset(rows, request, view=view) or []
    return with_etag(request, pages.get_paginated_response([shape(row) for row in page]).data)


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
KEY_LENGTH = 200


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key header, if any. Raises ParseError (400) when it cannot be one."""
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > KEY_LENGTH or not (key.isascii() and key.isprintable()):
        raise exceptions.ParseError(gettext("Idempotency-Key: at most 200 printable ASCII characters."))
    return key or None


def idempotent(method: Method) -> Method:
    """Wrap a write: one transaction, exactly once per Idempotency-Key, nothing kept for a sandbox key.

    The same key with the same request gets the first answer again (`Idempotent-Replayed: true`), with another
    request 422. A refused or failed write stores nothing, so the key may be used again.
    """

    @functools.wraps(method)
    def wrapped(view: "APIView", request: Request, *args: Any, **kwargs: Any) -> Response:
        key = idempotency_key(request) or ""
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

    wrapped.idempotent = True  # type: ignore[attr-defined] # the schema documents the header
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
