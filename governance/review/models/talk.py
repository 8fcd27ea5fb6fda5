"""What a board says about a request before it votes: comments of its members, minutes of its secretary."""

import uuid

from django.conf import settings
from django.db import models


class Comment(models.Model):
    """One contribution to the discussion of a request, in Markdown; not changed any more once a vote is cast."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(
        "governance.DeploymentRequest", on_delete=models.PROTECT, related_name="comments"
    )
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="replies", null=True, blank=True
    )
    text = models.TextField(max_length=8000)
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="review_comments"
    )
    edited_at = models.DateTimeField(null=True, blank=True)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    row_version = models.PositiveIntegerField(default=1)

    class Meta:
        default_permissions = ()
        ordering = ["written_at"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(text=""), name="comment_has_text"),
            models.CheckConstraint(
                condition=models.Q(edited_at__isnull=True, edited_by__isnull=True)
                | models.Q(edited_at__isnull=False, edited_by__isnull=False),
                name="comment_edited_at_by",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class Minutes(models.Model):
    """A version of the minutes of a request, in Markdown; the last one is closed with the decision."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(
        "governance.DeploymentRequest", on_delete=models.PROTECT, related_name="minutes"
    )
    number = models.PositiveSmallIntegerField()
    text = models.TextField(max_length=20000)
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=80, null=True, blank=True)  # noqa: DJ001 - pairs with closed_at

    class Meta:
        verbose_name_plural = "minutes"
        default_permissions = ()
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["request", "number"], name="minutes_number_once"),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True, closed_by__isnull=True)
                | models.Q(closed_at__isnull=False, closed_by__isnull=False),
                name="minutes_closed_at_by",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request} ({self.number})"

    @property
    def state(self) -> str:
        """Where they stand: draft or closed."""
        return "draft" if self.closed_at is None else "closed"
