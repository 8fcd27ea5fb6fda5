"""What people are told, and the address under which their calendar reads what is due."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Message(models.Model):
    """One line of an inbox: something that waits for a person or that they should know; once per person and key.

    `kind` is an English phrase marked for translation, shown in the reader's language; `title` and `place` are names.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="inbox")
    key = models.CharField(max_length=40)
    kind = models.CharField(max_length=100)
    title = models.CharField(max_length=300)
    place = models.CharField(max_length=200, blank=True, default="")
    url = models.CharField(max_length=400)
    due_on = models.DateField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)
    mail = models.CharField(max_length=8, default="waiting", db_default="waiting")
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="message_once_per_person_and_key"),
            models.CheckConstraint(
                condition=models.Q(mail__in=["waiting", "sent", "off", "failed"]), name="message_mail_known"
            ),
            models.CheckConstraint(
                condition=models.Q(mail="sent", mailed_at__isnull=False)
                | (~models.Q(mail="sent") & models.Q(mailed_at__isnull=True)),
                name="message_mailed_when_sent",
            ),
        ]
        indexes = [
            models.Index(fields=["user"], condition=models.Q(read_at__isnull=True), name="message_unread"),
            models.Index(fields=["user"], condition=models.Q(mail="waiting"), name="message_to_mail"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.title}"

    def get_absolute_url(self) -> str:
        """Where the person acts."""
        return self.url

    @property
    def state(self) -> str:
        """Whether it was read."""
        return "read" if self.read_at else "new"


class CalendarFeed(models.Model):
    """A secret address of a person's calendar; only its hash is stored, and the person can end it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="calendar_feeds"
    )
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(revoked_at__isnull=True),
                name="calendar_feed_one_per_person",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}"
