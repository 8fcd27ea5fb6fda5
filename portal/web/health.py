"""Health: /health/live (this process answers) and /health/ready (what it needs answers too).

Database and broker decide between 200 and 503, so that a balancer sends people elsewhere. A silent worker or a
ledger that lags makes the answer 'degraded' but keeps it 200: pages still work, taking them away would help nobody.
"""

import logging
import time
from collections.abc import Callable

from celery import current_app
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.jobs.tasks import HEARTBEAT
from portal.ledger.models import PendingEvent

logger = logging.getLogger(__name__)
Answer = dict[str, object]
WORKER_SILENT_SECONDS = 120  # the scheduler ticks every 30 s: four missed
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
    beat = cache.get(HEARTBEAT)
    if beat is None:
        return {"ok": False, "age_seconds": None}
    age = max(0.0, time.time() - float(beat))
    return {"ok": age < WORKER_SILENT_SECONDS, "age_seconds": round(age)}


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
