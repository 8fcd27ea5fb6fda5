"""How people are told: by mail at once, once a day or not at all; when a date is worth a reminder. Pure."""

import datetime as dt
import hashlib
from enum import StrEnum

EXPIRY_DAYS = (90, 30, 7)
"""Days before an approval, screening or signature ends on which its people are reminded."""
DUE_DAYS = (7, 1)
"""Days before a task is due on which its person is reminded."""
OVERDUE = -1


class Mail(StrEnum):
    """How a person wants to be mailed about what arrives in their inbox."""

    IMMEDIATE = "immediate"
    DIGEST = "digest"
    OFF = "off"


class MailState(StrEnum):
    """Where the mail about a message stands."""

    WAITING = "waiting"
    SENT = "sent"
    OFF = "off"
    FAILED = "failed"


def stage(due_on: dt.date, today: dt.date, days: tuple[int, ...]) -> int | None:
    """The reminder that is due: the smallest of `days` that is not less than the days left, OVERDUE once the day is
    past, None while the day is further away than all of them."""
    left = (due_on - today).days
    if left < 0:
        return OVERDUE
    return min((n for n in days if left <= n), default=None)


def fingerprint(token: str) -> str:
    """What is stored of the token of a calendar address; it has 256 random bits, so a plain hash suffices."""
    return hashlib.sha256(token.encode()).hexdigest()


def key(*parts: object) -> str:
    """What makes a message the same message: a short hash of its parts."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:40]
