"""Findings and the corrective actions that answer them."""

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext

from portal.web.params import shown


class Finding(models.Model):
    """Something that is not as it should be; one open per system and check, cleared but never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="findings")
    # a field may not be called `check`: Model.check is Django's
    check_key = models.CharField(max_length=120)
    severity = models.CharField(max_length=10)
    title = models.CharField(max_length=200)
    detail = models.TextField(max_length=4000, blank=True)
    params = models.JSONField(default=dict, blank=True)
    source = models.CharField(max_length=200)
    state = models.CharField(max_length=10, default="open")
    due_on = models.DateField(null=True, blank=True)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=80)
    last_seen_at = models.DateTimeField()
    seen_count = models.PositiveIntegerField(default=1)
    cleared_at = models.DateTimeField(null=True, blank=True)
    cleared_by = models.CharField(max_length=80, null=True, blank=True)  # noqa: DJ001 - pairs with cleared_at
    cleared_reason = models.TextField(max_length=2000, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["system", "check_key"],
                condition=models.Q(state="open"),
                name="finding_open_once_per_check",
            ),
            models.CheckConstraint(
                condition=models.Q(severity__in=["low", "medium", "high", "critical"]),
                name="finding_severity_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", cleared_at__isnull=True)
                | models.Q(state="cleared", cleared_at__isnull=False),
                name="finding_cleared_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(cleared_at__isnull=True, cleared_by__isnull=True)
                | models.Q(cleared_at__isnull=False, cleared_by__isnull=False),
                name="finding_cleared_at_by",
            ),
        ]

    def __str__(self) -> str:
        return self.title_text

    def get_absolute_url(self) -> str:
        return reverse("finding_detail", args=[self.pk])

    @property
    def subject(self) -> str:
        """How the ledger names this finding."""
        return f"finding:{self.pk}"

    @property
    def title_text(self) -> str:
        """The title in the language of the reader, its `{names}` filled from `params`."""
        return gettext(self.title).format(**shown(self.params)) if self.params else gettext(self.title)

    @property
    def detail_text(self) -> str:
        """The detail in the language of the reader."""
        if not self.detail:
            return ""
        return gettext(self.detail).format(**shown(self.params)) if self.params else gettext(self.detail)


class CorrectiveAction(models.Model):
    """What somebody will do about a finding, by when, and the evidence that it was done."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="actions")
    text = models.TextField(max_length=2000)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="corrective_actions"
    )
    due_on = models.DateField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    evidence = models.TextField(max_length=2000, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["due_on", "created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(done_at__isnull=True, done_by__isnull=True)
                | models.Q(done_at__isnull=False, done_by__isnull=False),
                name="corrective_action_done_at_by",
            )
        ]

    def __str__(self) -> str:
        return self.text
