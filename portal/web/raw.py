"""API views that read their body themselves (msgspec): batches of JSON or NDJSON."""

from typing import Any

from django.utils.translation import gettext
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from portal.errors import N_, Invalid
from portal.shapes import Malformed
from portal.web.endpoint import ApiView
from portal.web.middleware import sentence
from portal.web.rest import is_sandbox, loads

JSON, NDJSON = "application/json", "application/x-ndjson"


class RawBodyView(ApiView):
    """Base of views that hand the bytes of the body to a service."""

    media_types: tuple[str, ...] = (JSON, NDJSON)

    def raw_body(self, request: Request) -> tuple[bytes, bool]:
        """(body, is it NDJSON). Raises 415 for another media type, 413 when it is too large."""
        kind = str(request.content_type or "").partition(";")[0].strip().lower()
        if kind not in self.media_types and (
            kind or request.body
        ):  # no body at all is malformed, not unsupported
            raise exceptions.UnsupportedMediaType(kind or "none")
        return request.body, kind == NDJSON

    def items_of(self, request: Request, limit: int) -> tuple[list[Any], bool, dict[str, Any]]:
        """(items, was it a single one, other fields of the envelope) of a JSON body. Raises Invalid, ParseError."""
        body = loads(self.raw_body(request)[0])
        if not isinstance(body, dict):
            raise exceptions.ParseError(gettext("Send one object, or {'items': [...]}."))
        if "items" not in body:
            return [body], True, {}
        items = body["items"]
        if not isinstance(items, list) or not 1 <= len(items) <= limit:
            raise Invalid(
                [{"field": "items", "code": "invalid", "message": N_("Send a list of items of fair length.")}]
            )
        return items, False, {k: v for k, v in body.items() if k != "items"}

    def handle_exception(self, exc: Exception) -> Response:
        """A body that cannot be read is 400; the rest is as everywhere."""
        if isinstance(exc, Malformed):
            exc = exceptions.ParseError(sentence(exc))
        return super().handle_exception(exc)

    def receipt(self, request: Request, receipt: dict[str, Any]) -> Response:
        """A receipt in the caller's language; a sandbox key is told that nothing was kept."""
        headers = {"Sandbox": "true"} if is_sandbox(request) else {}
        return Response({**receipt, "items": [localised(one) for one in receipt["items"]]}, headers=headers)


def localised(answer: dict[str, Any]) -> dict[str, Any]:
    """An item's answer with the messages of its errors in the caller's language."""
    if not answer.get("errors"):
        return answer
    return {**answer, "errors": [e | {"message": gettext(e["message"])} for e in answer["errors"]]}
