"""Who calls the API: a machine by its key, or a person by the session of the pages."""

import hashlib
import hmac
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from portal.accounts.models import ApiKey, MachineUser

FAILURES_ALLOWED = 20  # wrong keys from one address within the window; right keys always pass
FAILURE_WINDOW_SECONDS = 300
USED_RESOLUTION = timedelta(minutes=5)  # last_used_at is this coarse, so that a call is not a write


def digest_of(secret: str) -> str:
    """SHA-256 in hex: enough for 192 random bits, and cheap on every call."""
    return hashlib.sha256(secret.encode()).hexdigest()


def client_address(request: Request) -> str:
    """The caller's address; behind our own proxy the one that the proxy saw."""
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    if settings.SECURE_PROXY_SSL_HEADER and forwarded:
        return forwarded.rsplit(",", 1)[-1].strip()
    return str(request.META.get("REMOTE_ADDR", "")) or "unknown"


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer att_<prefix>_<secret>`."""

    def authenticate(self, request: Request) -> tuple[MachineUser, ApiKey] | None:
        """The machine user and its key; None without a bearer key (a session may follow).

        Raises AuthenticationFailed (401), or Throttled (429) after many wrong keys from one address.
        """
        scheme, _space, token = str(request.META.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if scheme.lower() != "bearer":
            return None
        key = self._find(token.strip())
        if key is None:
            self._count_failure(client_address(request))
            raise AuthenticationFailed(_("This API key is unknown, expired or revoked."), code="invalid_key")
        self._touch(key)
        return MachineUser(key), key

    def authenticate_header(self, request: Request) -> str:
        """Makes refusals 401 with the scheme to use."""
        return 'Bearer realm="api"'

    def _find(self, token: str) -> ApiKey | None:
        parts = token.split("_")
        if parts[:2] == ["att", "test"]:
            parts = parts[1:]
        if len(parts) != 3 or not parts[1].isascii() or not parts[1].isalnum():
            return None
        key = ApiKey.objects.filter(prefix=parts[1][:16]).first()
        right = hmac.compare_digest(digest_of(parts[2]), key.digest if key else digest_of(""))
        marked_sandbox = token.startswith("att_test_")
        if key is None or not right or not key.usable(timezone.now()) or key.sandbox != marked_sandbox:
            return None
        return key

    def _touch(self, key: ApiKey) -> None:
        stale = timezone.now() - USED_RESOLUTION
        if key.last_used_at is None or key.last_used_at < stale:
            ApiKey.objects.filter(Q(last_used_at__isnull=True) | Q(last_used_at__lt=stale), pk=key.pk).update(
                last_used_at=timezone.now()
            )

    def _count_failure(self, address: str) -> None:
        slot = f"api-key-failures:{hashlib.sha256(address.encode()).hexdigest()[:32]}"
        cache.add(slot, 0, FAILURE_WINDOW_SECONDS)
        try:
            failures = cache.incr(slot)
        except ValueError:  # the window ended between the two calls
            return
        if failures > FAILURES_ALLOWED:
            raise Throttled(wait=FAILURE_WINDOW_SECONDS)


class SignedInAuthentication(SessionAuthentication):
    """The session of the pages, with the CSRF check on writes."""

    def enforce_csrf(self, request: Request) -> None:
        """As DRF does, but the body stays readable: its check parses the stream, and views want the bytes too."""
        request._request.body  # noqa: B018 - reading keeps them
        super().enforce_csrf(request)

    def authenticate_header(self, request: Request) -> str:
        """A missing session is 401, not 403."""
        return 'Bearer realm="api"'
