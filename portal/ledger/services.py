"""Writing to the ledger: one verb for every slice, and the erasure of what an event says."""

import datetime as dt
import re
import secrets
import uuid
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from portal.errors import N_, RuleBroken
from portal.ledger import rules
from portal.ledger.models import Leaf, LedgerBody, PendingEvent

_TYPE = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)+\Z")
_SUBJECT = re.compile(r"[a-z][a-z_]*:[^\s\x00]{1,250}\Z")


def record(
    *,
    type: str,
    by: object,
    subject: str,
    body: dict[str, Any],
    ts: dt.datetime | None = None,
) -> uuid.UUID:
    """Write one event in the caller's transaction and return its id; it gets its place in the tree after commit.

    `type` is dotted (`review.vote_cast`), `by` a User, an ApiKey or "system", `subject` like `system:chatbot`.
    `body` is JSON without floats (numbers with a fraction are strings) and without personal data. `ts` is when the
    act took effect if that is not now: it enters the body as `effective_at`, the ledger's own time stays real.
    Raises RuntimeError outside a transaction, ValueError for a malformed type, subject or body.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("ledger.record() belongs in the transaction of the act that it records")
    if not _TYPE.match(type) or not _SUBJECT.match(subject):
        raise ValueError(f"not a ledger type or subject: {type!r}, {subject!r}")
    if ts is not None:
        body = {**body, "effective_at": rules.timestamp(ts)}
    event, salt, now = (
        uuid.uuid4(),
        secrets.token_bytes(rules.SALT_BYTES),
        timezone.now(),
    )
    actor = actor_text(by)
    header = rules.header(
        type=type,
        ts=now,
        actor=actor,
        subject=subject,
        body_sha256=rules.body_digest(salt, body),
    )
    LedgerBody.objects.create(event=event, salt=salt, body=body)
    PendingEvent.objects.create(event=event, header=header, type=type, ts=now, actor=actor, subject=subject)
    return event


def actor_text(by: object) -> str:
    """Who acted, as the ledger writes it: `system`, `key:PREFIX` or `user:ID`; never a name or an address."""
    by = getattr(by, "api_key", by)  # a machine client acts by its key
    if isinstance(by, str):
        return by
    prefix = getattr(by, "prefix", None)
    if prefix:
        return f"key:{prefix}"
    return f"user:{by.pk}"  # type: ignore[attr-defined]


def erase_body(*, event: uuid.UUID, reason: str, by: object) -> uuid.UUID:
    """Erase what an event says (body and salt); its header and the tree stay. Returns the event of the erasure."""
    if not reason.strip():
        raise RuleBroken(
            N_("Give the reason for the erasure."),
            code="reason_missing",
            field="reason",
        )
    with transaction.atomic():
        deleted, _ = LedgerBody.objects.filter(event=event).delete()
        if not deleted:
            raise RuleBroken(N_("This event has no body, or it was erased before."), code="no_body")
        index = Leaf.objects.filter(event=event).values_list("index", flat=True).first()
        return record(
            type="ledger.body_erased",
            by=by,
            subject=f"event:{event}",
            body={"reason": reason, "index": index},
        )
