"""What every storing call has in common: one transaction, the idempotency key, the receipt, the ledger event."""

import gc
import hashlib
import json
import uuid
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from django.db import connection, transaction

from governance.registry.models import System
from metrics.ingest.models import Batch
from portal.errors import N_, RuleBroken
from portal.ledger.services import record

Answer = dict[str, Any]
"""One item of a receipt: {"id", "status", ..., "errors"}."""


def client_name(by: object) -> str:
    """Whose idempotency keys these are: an API key, a person, or the system."""
    if isinstance(by, str):
        return by
    by = getattr(by, "api_key", by)
    return f"{type(by).__name__.lower()}:{by.pk}"  # type: ignore[attr-defined]


def body_digest(body: bytes | list[Any]) -> str:
    """SHA-256 of the body; of items handed over by a service call, of their canonical JSON."""
    if not isinstance(body, bytes):
        body = json.dumps(body, default=str, sort_keys=True).encode()
    return hashlib.sha256(body).hexdigest()


@contextmanager
def _no_collector() -> Iterator[None]:
    """A batch makes tens of thousands of small objects without cycles: walking them again and again is a waste."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def run(
    *,
    system: System,
    kind: str,
    body: bytes | list[Any],
    by: object,
    client: str,
    idempotency_key: str | None,
    sandbox: bool,
    work: Callable[[uuid.UUID], list[Answer]],
) -> dict[str, Any]:
    """Do `work(batch id)` exactly once and return its receipt {"receipt", "counts", "items"}.

    The same key with the same body returns the receipt of the first time, with another body it is refused. With
    `sandbox` everything is done, answered and taken back; `receipt` is then None.
    """
    client, digest, batch_id = client or client_name(by), body_digest(body), uuid.uuid4()
    with transaction.atomic():
        earlier = None if sandbox else _claim(batch_id, system, kind, client, idempotency_key, digest)
        if earlier is not None:
            return earlier
        with _no_collector():
            answers = work(batch_id)
        counts = dict(sorted(Counter(str(a["status"]) for a in answers).items()))
        receipt: dict[str, Any] = {
            "receipt": None if sandbox else str(batch_id),
            "counts": counts,
            "items": answers,
        }
        if sandbox:
            transaction.set_rollback(True)
        else:
            kept = zlib.compress(orjson.dumps(receipt, default=str), 1) if idempotency_key else None
            Batch.objects.filter(pk=batch_id).update(counts=counts, answer=kept)
            record(
                type="ingest.batch_received",
                by=by,
                subject=system.subject,
                body={"batch": str(batch_id), "kind": kind, "body_sha256": digest, "counts": counts},
            )
    return receipt


def _claim(
    batch_id: uuid.UUID, system: System, kind: str, client: str, key: str | None, digest: str
) -> dict[str, Any] | None:
    """Write our batch row, or return the receipt of whoever used this key before (waits for a twin to commit)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO metrics_batch (id, system_id, kind, client, idempotency_key, body_sha256, counts)"
            " VALUES (%s, %s, %s, %s, %s, %s, '{}') ON CONFLICT (client, idempotency_key) DO NOTHING",
            [batch_id, system.pk, kind, client, key, digest],
        )
        if cursor.rowcount:
            return None
    earlier = Batch.objects.get(client=client, idempotency_key=key)
    if (earlier.body_sha256, earlier.system_id, earlier.kind) != (digest, system.pk, kind):
        raise RuleBroken(
            N_("This Idempotency-Key was used for another request."),
            code="idempotency_key_reused",
            field="Idempotency-Key",
        )
    if not earlier.answer:  # past its time: the list of its items went
        return {"receipt": str(earlier.pk), "counts": earlier.counts, "items": []}
    stored: dict[str, Any] = orjson.loads(zlib.decompress(bytes(earlier.answer)))
    return stored
