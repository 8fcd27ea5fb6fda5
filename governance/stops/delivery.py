"""Sending what waits in the outbox: claimed row by row, many endpoints at once, a few messages each.

The rows are claimed and settled here by the thread of the job alone; other threads do nothing but call out. A crash
between the two leaves a claim that runs out, and the message goes again under the same id.
"""

import datetime as dt
import random
import time
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import transaction
from django.db.models import F, Min
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from governance.stops import rules, services
from governance.stops.models import Delivery, Endpoint, Stop
from portal.notify import outgoing, sealed

AT_ONCE = 24
PER_ENDPOINT = 4
"""Calls to one endpoint at the same time; one while it does not answer."""
LEASE = dt.timedelta(seconds=90)
"""Longer than a call may last: a claim older than this was left by a crash."""
ROUND_SECONDS = 240.0
"""After this a round takes nothing new and leaves the rest to the next."""


def body_of(stop: Stop, slug: str) -> dict[str, Any]:
    """What a system is told of a stop: a pseudonym, no name and no reason that somebody typed."""
    return {
        "type": stop.type,
        "timestamp": _text(stop.ordered_at),
        "data": {
            "stop_id": str(stop.pk),
            "number": stop.number,
            "system": slug,
            "subject_ref": str(stop.subject_ref) if stop.subject_ref else None,
            "purpose": stop.purpose or None,
            "modality": stop.modality or None,
            "flows": stop.flows,
            "event": str(stop.event) if stop.event else None,
            "effective_at": _text(stop.effective_at),
        },
    }


def _text(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True)
class Claim:
    """A message in somebody's hand: `attempts` is the token without which nothing is stored of it."""

    delivery_id: uuid.UUID
    attempts: int
    endpoint_id: uuid.UUID
    url: str
    webhook_id: str
    body: bytes
    secrets: tuple[bytes, ...]


@dataclass
class Tally:
    """What a round did."""

    sent: int = 0
    failed: int = 0
    given_up: int = 0
    calls: dict[uuid.UUID, int] = field(default_factory=dict)

    def shown(self) -> dict[str, int]:
        """As the job's result."""
        return {"sent": self.sent, "failed": self.failed, "given_up": self.given_up}


Send = Callable[[Claim], "outgoing.Answer | outgoing.CallFailed"]


def deliver(check: Callable[[], None] = lambda: None, *, send: Send | None = None) -> dict[str, int]:
    """One round: send what is due until nothing is, or the time of a round is over. `check` may raise to stop it."""
    tally, ends = Tally(), time.monotonic() + ROUND_SECONDS
    running: dict[Future[Any], Claim] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="stops") as pool:
        while True:
            if time.monotonic() < ends:
                for claim in _claim(AT_ONCE - len(running), tally.calls):
                    tally.calls[claim.endpoint_id] = tally.calls.get(claim.endpoint_id, 0) + 1
                    running[pool.submit(send or _send, claim)] = claim
            if not running:
                break
            done, _rest = wait(running, timeout=1, return_when=FIRST_COMPLETED)
            for future in done:
                claim = running.pop(future)
                tally.calls[claim.endpoint_id] -= 1
                _settle(claim, future.result(), tally)
            check()
    return tally.shown()


def next_due() -> dt.datetime | None:
    """When something is to be sent next; None where nothing waits."""
    rows = Delivery.objects.filter(state=rules.WAITING, endpoint__disabled_at__isnull=True)
    moment = Greatest(
        "due_at", Coalesce("endpoint__rests_until", "due_at"), Coalesce("claimed_until", "due_at")
    )
    found = rows.aggregate(first=Min(moment))["first"]
    return found if isinstance(found, dt.datetime) else None


def _claim(free: int, calls: dict[uuid.UUID, int]) -> list[Claim]:
    """Up to `free` messages that are due, the fewest-tried first, no endpoint with more than its share."""
    if free <= 0:
        return []
    now = timezone.now()
    claims: list[Claim] = []
    due = Delivery.objects.filter(state=rules.WAITING, due_at__lte=now).exclude(claimed_until__gt=now)
    resting = Endpoint.objects.filter(rests_until__gt=now).values("pk")
    waiting = due.exclude(endpoint_id__in=resting).order_by().values("endpoint_id").distinct()
    endpoints = Endpoint.objects.filter(pk__in=waiting, disabled_at__isnull=True).select_related("system")
    for endpoint in sorted(endpoints, key=lambda one: calls.get(one.pk, 0)):
        share = (1 if endpoint.failures else PER_ENDPOINT) - calls.get(endpoint.pk, 0)
        share = min(share, free - len(claims))
        if share > 0:
            claims += _claim_of(endpoint, due, share, now)
    return claims


def _claim_of(endpoint: Endpoint, due: Any, share: int, now: dt.datetime) -> list[Claim]:
    secrets = _secrets(endpoint, now)
    with transaction.atomic():
        rows = list(
            due.filter(endpoint=endpoint)
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("stop")
            .order_by("attempts", "due_at", "pk")[:share]
        )
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
            claimed_until=now + LEASE, attempts=F("attempts") + 1, tried_at=now
        )
    return [
        Claim(row.pk, row.attempts + 1, endpoint.pk, endpoint.url, row.webhook_id, _body(row, endpoint, now), secrets)
        for row in rows
    ]  # fmt: skip


def _body(row: Delivery, endpoint: Endpoint, now: dt.datetime) -> bytes:
    if row.stop is not None:
        return orjson.dumps(body_of(row.stop, endpoint.system.slug))
    test = {"type": rules.TEST, "timestamp": _text(row.since), "data": {"system": endpoint.system.slug}}
    return orjson.dumps(test)


def _secrets(endpoint: Endpoint, now: dt.datetime) -> tuple[bytes, ...]:
    texts = [endpoint.secret]
    if endpoint.previous_until is not None and endpoint.previous_until > now:
        texts.append(endpoint.previous_secret)
    found = []
    for text in texts:
        try:
            found.append(sealed.unseal(text, str(endpoint.pk)))
        except sealed.Unreadable:
            continue
    return tuple(found)


def _send(claim: Claim) -> "outgoing.Answer | outgoing.CallFailed":
    """The call itself, in a thread; touches no database."""
    if not claim.secrets:
        return outgoing.CallFailed("no_secret")
    timestamp = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": claim.webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": rules.signatures(claim.secrets, claim.webhook_id, timestamp, claim.body),
    }
    try:
        return outgoing.post(claim.url, claim.body, headers)
    except outgoing.CallFailed as failure:
        return failure


def _settle(claim: Claim, result: "outgoing.Answer | outgoing.CallFailed", tally: Tally) -> None:
    """Store what came of a call, unless another worker took the message over meanwhile."""
    status = result.status if isinstance(result, outgoing.Answer) else None
    failure = "" if isinstance(result, outgoing.Answer) else result.code
    mine = Delivery.objects.filter(
        pk=claim.delivery_id, attempts=claim.attempts, state=rules.WAITING, claimed_until__isnull=False
    )
    now = timezone.now()
    with transaction.atomic():
        endpoint = Endpoint.objects.select_for_update(of=("self",)).select_related("system").get(
            pk=claim.endpoint_id
        )  # fmt: skip
        if status is not None and rules.is_delivered(status):
            values: dict[str, Any] = {"state": rules.DELIVERED, "delivered_at": now, "status": status}
            tally.sent += mine.update(claimed_until=None, failure="", **values)
            _answered(endpoint, now)
            return
        retry_after = result.retry_after if isinstance(result, outgoing.Answer) else None
        seen = {"status": status, "failure": failure, "claimed_until": None}
        tally.failed += mine.update(
            due_at=now + rules.pause(claim.attempts, random.random(), retry_after), **seen  # noqa: S311
        )  # fmt: skip
        if status == rules.GONE:
            services.disable_endpoint(endpoint=endpoint, by="system", because="gone")
            return
        if rules.speaks_for_all(status):
            failures = endpoint.failures + 1
            rest = now + rules.rest(failures, random.random(), retry_after)  # noqa: S311
            Endpoint.objects.filter(pk=endpoint.pk).update(failures=failures, rests_until=rest)
        tally.given_up += _give_up(endpoint, claim, status, now)


def _answered(endpoint: Endpoint, now: dt.datetime) -> None:
    """It answers (again): what waited for its next turn goes now."""
    if endpoint.failures:
        waiting = Delivery.objects.filter(endpoint=endpoint, state=rules.WAITING, due_at__gt=now)
        waiting.update(due_at=now)
    Endpoint.objects.filter(pk=endpoint.pk).update(failures=0, rests_until=None, answered_at=now)


def _give_up(endpoint: Endpoint, claim: Claim, status: int | None, now: dt.datetime) -> int:
    """Bury what waited longer than the schedule: this message, or with a silent endpoint all of its old ones."""
    old = Delivery.objects.filter(endpoint=endpoint, state=rules.WAITING, since__lte=now - rules.GIVE_UP)
    if not rules.speaks_for_all(status):
        old = old.filter(pk=claim.delivery_id)
    return old.exclude(claimed_until__gt=now).update(state=rules.DEAD, claimed_until=None)
