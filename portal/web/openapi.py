"""How a client signs in, as the OpenAPI document says it (found by drf-spectacular through the class names)."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension


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
