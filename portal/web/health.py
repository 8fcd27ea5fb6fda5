"""Health: /health/live (this process answers) and /health/ready (what it needs answers too).

Database and broker decide between 200 and 503, so that a balancer sends people elsewhere. A silent worker or a
ledger that lags makes the answer 'degraded' but keeps it 200: pages still work, taking them away would help nobody.
"""

import logging
from collections.abc import Callable

from celery import current_app
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.jobs import selectors as jobs
from portal.ledger.models import PendingEvent

logger = logging.getLogger(__name__)
Answer = dict[str, object]
LEDGER_LAG_SECONDS = 300


def _database() -> Answer:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return {"ok": True}


def _broker() -> Answer:
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=2)
    return {"ok": True}


def _worker() -> Answer:
    found = jobs.health()
    age = max(0.0, (timezone.now() - found.last_tick).total_seconds()) if found.last_tick else None
    return {"ok": found.ok, "age_seconds": None if age is None else round(age)}


def _ledger() -> Answer:
    oldest = PendingEvent.objects.order_by("pk").values_list("ts", flat=True).first()
    pending = PendingEvent.objects.count()
    lag = (timezone.now() - oldest).total_seconds() if oldest else 0
    return {"ok": lag < LEDGER_LAG_SECONDS, "pending": pending, "oldest_seconds": round(max(0, lag))}


NEEDS: dict[str, Callable[[], Answer]] = {"database": _database, "broker": _broker}
NOTICES: dict[str, Callable[[], Answer]] = {"worker": _worker, "ledger": _ledger}


def _ask(checks: dict[str, Callable[[], Answer]]) -> dict[str, Answer]:
    """Every check by name; what fails says no more than that, the cause goes to the log."""
    answers: dict[str, Answer] = {}
    for name, check in checks.items():
        try:
            answers[name] = check()
        except Exception:  # a health page reports whatever is wrong
            logger.warning("health: %s does not answer", name, exc_info=True)
            answers[name] = {"ok": False}
    return answers


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers at all."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 'ok' or 'degraded', 503 'unavailable'; each check by name."""
    needs = _ask(NEEDS)
    usable = all(answer["ok"] for answer in needs.values())
    notices = _ask(NOTICES) if usable else {}
    fine = all(answer["ok"] for answer in notices.values())
    status = "unavailable" if not usable else "ok" if fine else "degraded"
    return JsonResponse({"status": status, "checks": needs | notices}, status=200 if usable else 503)
