"""When a system must be told to stop, how it is told again, and how it stands; pure, the time is passed in.

Headers, signature, schedule and the meaning of answers: Standard Webhooks 1.0.0.
"""

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Sequence

from portal.errors import N_

ENDINGS: dict[str, str] = {
    "withdrawn": "consent.withdrawn",
    "refused": "consent.refused",
    "revoked": "consent.revoked",
    "invalidated": "consent.invalidated",
    "expired": "consent.expired",
    "objected": "consent.objected",
}
"""Words of a person (or about their consent) after which processing ends -> type of the stop."""
OUTDATED = "consent.reconsent_due"
"""Consent that rests on a notice older than a material change, whose period of grace is over."""
AFTER_CONSENT_ONLY = frozenset({"refused", "expired"})
"""These end something only where consent was given before: a first 'no' was never followed by processing."""
TYPES: dict[str, str] = {
    "consent.withdrawn": N_("Consent withdrawn"),
    "consent.refused": N_("Consent refused after it was given"),
    "consent.revoked": N_("Consent revoked"),
    "consent.invalidated": N_("Consent found invalid"),
    "consent.expired": N_("Consent expired"),
    OUTDATED: N_("Consent rests on an outdated notice"),
    "consent.objected": N_("Objection"),
    "deployment.suspended": N_("Deployment suspended"),
    "deployment.lapsed": N_("Deployment lapsed"),
    "deployment.voided": N_("Approval voided"),
    "flow.suspended": N_("Data flow suspended"),
}
TEST = "attune.test"
SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"  # noqa: S105 - how the specification has every secret begin
GRACE = dt.timedelta(hours=24)
"""How long the secret before the last rotation still signs beside the new one."""
DELAYS: tuple[dt.timedelta, ...] = tuple(
    dt.timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""After the first, second, ... failed attempt: the schedule of Standard Webhooks, which spans 75 hours."""
GIVE_UP = sum(DELAYS, dt.timedelta())
"""What was not delivered in this time is given up; it stays in the feed, and a person may have it sent again."""
JITTER = 0.2
"""A pause is up to a fifth longer, so that what failed together does not come back together."""
LONGEST_REST = dt.timedelta(minutes=10)
"""An endpoint that does not answer is left alone for so long at most: new stops must reach it soon after it is back."""
GONE = 410
WAITING, DELIVERED, DEAD, DROPPED = "waiting", "delivered", "dead", "dropped"
SKEW = dt.timedelta(minutes=5)
"""How far the clock of a system may be ahead when it says when it stopped."""


def is_delivered(status: int) -> bool:
    """Any 2xx, whatever its body says."""
    return 200 <= status < 300


def speaks_for_all(status: int | None) -> bool:
    """Whether a failure is the endpoint's and not this message's: no answer at all, a redirect, too busy, broken."""
    return status is None or 300 <= status < 400 or status == 429 or status >= 500


def pause(failures: int, chance: float, retry_after: int | None = None) -> dt.timedelta:
    """How long to wait after so many failures (1, 2, ...); `chance` 0..1 spreads it; at least what the server asked."""
    wait = DELAYS[min(max(failures, 1), len(DELAYS)) - 1] * (1 + JITTER * chance)
    asked = dt.timedelta(seconds=min(retry_after or 0, 86_400))
    return max(wait, asked)


def rest(failures: int, chance: float, retry_after: int | None = None) -> dt.timedelta:
    """How long an endpoint as a whole is left alone after so many failures in a row."""
    return min(pause(failures, chance, retry_after), LONGEST_REST)


def sign(secret: bytes, webhook_id: str, timestamp: int, body: bytes) -> str:
    """One signature: `v1,` and the base64 of HMAC-SHA256 over id, timestamp and body, divided by full stops."""
    content = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()


def signatures(secrets: Sequence[bytes], webhook_id: str, timestamp: int, body: bytes) -> str:
    """The header: one signature per secret that counts now, the newest first."""
    return " ".join(sign(secret, webhook_id, timestamp, body) for secret in secrets)


def shown_secret(secret: bytes) -> str:
    """A secret as it is given to a receiver."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def stop_state(due_at: dt.datetime, acknowledged_at: dt.datetime | None, now: dt.datetime) -> str:
    """Where a stop stands: `stop_confirmed`, `stop_late` (confirmed after its limit), `stop_overdue`, `stop_asked`."""
    if acknowledged_at is not None:
        return "stop_late" if acknowledged_at > due_at else "stop_confirmed"
    return "stop_overdue" if now > due_at else "stop_asked"


def stopped(stopped_at: dt.datetime, effective_at: dt.datetime, said_at: dt.datetime) -> dt.datetime:
    """When a system stopped, by our clock: a clock slightly behind or ahead says neither before the stop nor later
    than it was said."""
    return min(max(stopped_at, effective_at), max(said_at, effective_at))


def why_no_acknowledgement(
    stopped_at: dt.datetime, effective_at: dt.datetime, now: dt.datetime
) -> tuple[str, str] | None:
    """(code, message) where a system cannot have stopped then; None where it can."""
    if stopped_at > now + SKEW:
        return "future", N_("This time lies in the future.")
    if stopped_at < effective_at - SKEW:
        return "before_stop", N_("This lies before the moment from which the stop counts.")
    return None
