"""How often an address of ours may be called by one caller: counters of fixed windows in the cache."""

import hashlib
import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest


def allowed(name: str, who: str, *, limit: int, seconds: int) -> bool:
    """Count one call; False from the call on that exceeds `limit` in this window of `seconds`.

    `who` is hashed: neither tokens nor addresses of people stand in the cache.
    """
    window = int(time.time()) // seconds
    key = f"throttle:{name}:{window}:{hashlib.sha256(who.encode()).hexdigest()[:32]}"
    cache.add(key, 0, timeout=seconds)
    try:
        return int(cache.incr(key)) <= limit
    except ValueError:  # it expired between the two
        return True


def address_of(request: HttpRequest) -> str:
    """The network address of the caller; behind a proxy (ATTUNE_BEHIND_PROXY) the one that the proxy saw."""
    if settings.SECURE_PROXY_SSL_HEADER:
        return str(request.headers.get("X-Forwarded-For", "")).rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
