"""Questions about inboxes and calendar addresses."""

from typing import Any

from django.db.models import QuerySet

from portal.accounts.models import User
from portal.notify.models import CalendarFeed, Message
from portal.notify.rules import Mail, MailState, fingerprint


def inbox(user: Any) -> QuerySet[Message]:
    """A person's own messages; nobody else's, whatever their roles."""
    return Message.objects.filter(user=user) if isinstance(user, User) else Message.objects.none()


def unread(user: Any) -> int:
    """How many of them were not read."""
    return inbox(user).filter(read_at__isnull=True).count()


def to_mail(mode: Mail) -> QuerySet[User]:
    """Whom messages wait for that go out by mail in this way."""
    rows = User.objects.filter(is_active=True, mail=mode.value, inbox__mail=MailState.WAITING.value)
    return rows.distinct()


def feed_of(user: Any) -> CalendarFeed | None:
    """The calendar address that a person has now."""
    return CalendarFeed.objects.filter(user=user, revoked_at__isnull=True).first()


def reader_of(token: str) -> User | None:
    """Whose calendar the address with this token is; None for an unknown or ended one."""
    found = CalendarFeed.objects.filter(token_sha256=fingerprint(token), revoked_at__isnull=True)
    feed = found.select_related("user").first()
    return feed.user if feed else None
