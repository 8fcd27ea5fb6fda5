"""Health: /health/live (this process answers) and /health/ready (everything it needs answers too)."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = logging.getLogger(__name__)


def _database() -> dict[str, object]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return {"ok": True}


CHECKS: dict[str, Callable[[], dict[str, object]]] = {"database": _database}


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers at all."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when every need is met, else 503; each need by name. Causes go to the log, not to the outside."""
    needs: dict[str, dict[str, object]] = {}
    for name, check in CHECKS.items():
        try:
            needs[name] = check()
        except Exception:
            logger.warning("not ready: %s", name, exc_info=settings.DEBUG)
            needs[name] = {"ok": False}
    fine = all(need["ok"] for need in needs.values())
    return JsonResponse(
        {"status": "ok" if fine else "unavailable", "needs": needs}, status=200 if fine else 503
    )
