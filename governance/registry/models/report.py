"""Reports of AI that is not in the register."""

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse

from governance.registry.models.system import System


class UnlistedReport(models.Model):
    """Somebody saw an AI that is not in the register; whoever edits the register answers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    unit = models.ForeignKey("portal.Unit", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    what = models.TextField(max_length=2000)
    where_used = models.CharField(max_length=200, blank=True)
    used_by = models.CharField(max_length=200, blank=True)
    reads_emotion = models.CharField(max_length=8)
    state = models.CharField(max_length=20, default="open")
    answer = models.TextField(max_length=2000, blank=True)
    system = models.ForeignKey(
        System, on_delete=models.PROTECT, related_name="reports", null=True, blank=True
    )
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        default_permissions = ()
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "draft_made", "not_ai", "already_registered"]),
                name="report_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(reads_emotion__in=["yes", "no", "unknown"]), name="report_emotion_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", answered_at__isnull=True, answered_by__isnull=True)
                | ~models.Q(state="open") & models.Q(answered_at__isnull=False, answered_by__isnull=False),
                name="report_answered_at_and_by",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "not_ai"], system__isnull=True)
                | models.Q(state__in=["draft_made", "already_registered"], system__isnull=False),
                name="report_names_the_system",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("ai_report", args=[self.pk])

    @property
    def subject(self) -> str:
        """How the ledger names this report."""
        return f"ai_report:{self.pk}"
