"""The OpenAPI document: how a client signs in, and what every call has in common."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from portal.web.endpoint import ApiView
from portal.web.locks import LOCK
from portal.web.problems import PROBLEM_TYPE, ProblemShape
from portal.web.rest import KEY_LENGTH

JSON = "application/json"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Bearer att_...` of a machine client."""

    target_class = "portal.accounts.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The scheme object of OpenAPI."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key: `Authorization: Bearer att_...`",
        }


class SignedInScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The session of a person who is signed in."""

    target_class = "portal.accounts.authentication.SignedInAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The scheme object of OpenAPI."""
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "maxLength": KEY_LENGTH, "pattern": "^[ -~]*$"},
    location=OpenApiParameter.HEADER,
    description="The same key with the same body returns the first answer again; with another body 422.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    location=OpenApiParameter.HEADER,
    description="ETags that the client holds; 304 when the answer is one of them.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": LOCK},
    location=OpenApiParameter.HEADER,
    description="The ETag of the state that you changed; or `row_version` in the body.",
)
REFUSALS = {
    400: "The request cannot be read: malformed JSON, a header that cannot be one.",
    401: "No key or session, or a wrong one.",
    403: "The scope or permission is missing.",
    404: "Not there, or not yours to see.",
    406: "Only application/json is answered.",
    422: "Well-formed but wrong: `errors` names each field or parameter.",
    429: "Too many wrong keys from one address; see Retry-After.",
    503: "A service does not answer; nothing was kept, see Retry-After.",
}
REFUSALS_OF_WRITES = {
    409: "Refused by a rule; `type` and `detail` say which.",
    413: "The body is larger than this installation accepts.",
    415: "Another media type, or a Content-Encoding.",
}
REFUSALS_OF_CHANGES = {
    412: "Changed since the state that If-Match names; `errors` says which fields.",
    428: "Neither If-Match nor row_version says which state was changed.",
}


def _header(description: str) -> dict[str, Any]:
    return {"schema": {"type": "string"}, "description": description}


HEADERS = {
    "401": {"WWW-Authenticate": _header("The scheme to use.")},
    "429": {"Retry-After": _header("Seconds to wait.")},
    "503": {"Retry-After": _header("Seconds to wait.")},
}


class TrueSchema(AutoSchema):
    """The schema of a call with what every call has in common: refusals, ETags, keys, declared parameters."""

    def get_override_parameters(self) -> list[Any]:
        """The parameters that the view declares and the headers that it takes."""
        if self.method == "GET":
            return [*self._declared(), *([IF_NONE_MATCH] if self._is_tagged() else [])]
        handler = getattr(self.view, self.method.lower(), None)
        keyed = [IDEMPOTENCY_KEY] if getattr(handler, "idempotent", False) else []
        locked = [IF_MATCH] if self._is_based() else []
        return [*self._declared(), *keyed, *locked]

    def _declared(self) -> Sequence[OpenApiParameter]:
        return self.view.declared(self.method) if isinstance(self.view, ApiView) else ()

    def _is_based(self) -> bool:
        handler = getattr(self.view, self.method.lower(), None)
        return self.method == "PATCH" or bool(getattr(handler, "names_its_state", False))

    def _is_tagged(self) -> bool:
        return self.method == "GET" and bool(getattr(self.view, "tagged", True))

    def _get_request_body(self, direction: Any = "request") -> Any:
        body = super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        if body and not any("$ref" in media["schema"] for media in body["content"].values()):
            body["required"] = True  # a shape written out; the library knows it of serializers only
        return body

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = {**super()._get_response_bodies(direction)}
        problem = {PROBLEM_TYPE: {"schema": self.resolve_serializer(ProblemShape, direction).ref}}
        writes = REFUSALS_OF_WRITES if self.method not in ("GET", "HEAD") else {}
        changes = REFUSALS_OF_CHANGES if self._is_based() else {}
        for number, description in (REFUSALS | writes | changes).items():
            bodies.setdefault(str(number), {"description": description})
        for status, body in bodies.items():
            if status >= "400":
                body["content"] = problem
                body.setdefault("headers", {}).update(HEADERS.get(status, {}))
            elif status in ("201", "202"):
                body.setdefault("headers", {})["Location"] = _header("Where the new thing is to be read.")
        if self._is_tagged():
            bodies["200"].setdefault("headers", {})["ETag"] = _header("Of these bytes.")
            bodies["304"] = {
                "description": "The client holds this answer.",
                "headers": bodies["200"]["headers"],
            }
        return dict(sorted(bodies.items()))
