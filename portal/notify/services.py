"""Telling people: into their inbox, by mail as they chose, and the address of their calendar."""

import logging
import secrets
import uuid
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext, ngettext

from portal.accounts.models import User
from portal.ledger.services import record
from portal.notify.models import CalendarFeed, Message
from portal.notify.rules import Mail, MailState, fingerprint
from portal.notify.selectors import to_mail

log = logging.getLogger(__name__)
IN_ONE_MAIL = 50
TOKEN_BYTES = 32


def tell(messages: Iterable[Message]) -> int:
    """Put messages into inboxes, each once per person and key whatever is retried; returns how many were offered.

    Whoever wants no mail gets none; for the others `send_mail` (at once) or `send_digest` (once a day) follows.
    """
    rows = list(messages)
    for row in rows:
        row.title, row.place = " ".join(row.title.split())[:300], " ".join(row.place.split())[:200]
        if row.user.mail == Mail.OFF:
            row.mail = MailState.OFF.value
    Message.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    return len(rows)


def mark_read(*, user: User, ids: Sequence[uuid.UUID] | None = None) -> int:
    """Mark own messages as read (None: all of them); returns how many were not before."""
    rows = Message.objects.filter(user=user, read_at__isnull=True)
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    return rows.update(read_at=Now())


def send(mode: Mail) -> dict[str, int]:
    """Mail what waits for people of this mode, one mail a person; harmless to repeat. Returns counts of mails.

    A mail that the server refuses leaves its messages marked as failed; they stay in the inbox. A crash between
    sending and storing sends a mail a second time, never loses one.
    """
    sent = failed = 0
    with get_connection(fail_silently=False) as line:
        for person in to_mail(mode).iterator():
            with transaction.atomic():
                rows = _take(person)
                if not rows:
                    continue
                good = not person.ended(timezone.now()) and _mailed(person, rows, line)
                _settle(rows, good)
            sent, failed = sent + good, failed + (not good)
    return {"sent": sent, "failed": failed}


def _take(person: User) -> list[Message]:
    """The messages of a person that wait, locked, so that two workers never mail the same."""
    rows = Message.objects.select_for_update(skip_locked=True, of=("self",))
    return list(rows.filter(user=person, mail=MailState.WAITING.value).order_by("due_on", "created_at"))


def _settle(rows: list[Message], good: bool) -> None:
    state = {"mail": MailState.SENT.value, "mailed_at": Now()} if good else {"mail": MailState.FAILED.value}
    Message.objects.filter(pk__in=[row.pk for row in rows]).update(**state)


def _mailed(person: User, rows: list[Message], line: object) -> bool:
    with translation.override(person.language), timezone.override(person.time_zone):
        shown = rows[:IN_ONE_MAIL]
        context = {
            "person": person,
            "rows": [(gettext(row.kind), row) for row in shown],
            "more": len(rows) - len(shown),
            "base": settings.BASE_URL,
        }
        if len(rows) == 1:
            subject = f"{gettext(rows[0].kind)}: {rows[0].title}"
        else:
            subject = ngettext("%(n)s thing waits for you", "%(n)s things wait for you", len(rows)) % {
                "n": len(rows)
            }
        text = render_to_string("notify/mail.txt", context)
    mail = EmailMessage(
        subject=" ".join(f"Attune: {subject}".split())[:200],  # a header has one line
        body=text,
        to=[person.email],
        connection=line,
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        return bool(mail.send())
    except Exception as error:  # whatever a mail server or library raises: the inbox has the message
        log.warning("the mail server did not take a mail (%s)", type(error).__name__)
        return False


# --- the calendar --------------------------------------------------------------------------------


def new_feed(*, user: User) -> str:
    """A new secret address for a person's calendar; the old one ends. Returns the token, which is shown once."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two clicks take turns
        _end_feeds(user)
        CalendarFeed.objects.create(user=user, token_sha256=fingerprint(token))
        record(type="people.calendar_made", by=user, subject=f"user:{user.pk}", body={})
    return token


def end_feed(*, user: User) -> None:
    """End the calendar address of a person; harmless to repeat."""
    with transaction.atomic():
        if _end_feeds(user):
            record(type="people.calendar_ended", by=user, subject=f"user:{user.pk}", body={})


def _end_feeds(user: User) -> int:
    return CalendarFeed.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=Now())
