"""What is audited, against which targets, and what came of it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse

_VERDICTS = ["met", "not_met", "not_enough_evidence", "error"]
_EVERY = ["daily", "weekly", "monthly"]


class AuditPlan(models.Model):
    """The targets of one audit of one system, set before it runs; a change is a new version."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", models.PROTECT, related_name="audit_plans")
    kind = models.CharField(max_length=50)
    version = models.PositiveIntegerField()
    targets = models.JSONField(default=dict)
    every = models.CharField(max_length=10, blank=True, default="")
    note = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "kind", "version"], name="audit_plan_version_once"),
            models.CheckConstraint(
                condition=models.Q(every__in=["", *_EVERY]),
                name="audit_plan_every_known",
            ),
            models.CheckConstraint(condition=models.Q(version__gte=1), name="audit_plan_version_counts"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} v{self.version}"


class AuditRun(models.Model):
    """One run of one audit over one window (or evaluation set): parameters going in, verdict and figures
    coming out."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", models.PROTECT, related_name="audit_runs")
    kind = models.CharField(max_length=50)
    plan = models.ForeignKey(AuditPlan, models.PROTECT, null=True, related_name="runs")
    targets = models.JSONField(default=dict)
    window_from = models.DateField(null=True)
    window_to = models.DateField(null=True)
    evaluation = models.CharField(max_length=200, blank=True, default="")
    seed = models.BigIntegerField()
    code_version = models.CharField(max_length=100)
    job = models.OneToOneField("portal.Job", models.PROTECT, related_name="audit_run")
    requested_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=20, blank=True, default="")
    checks = models.JSONField(default=list)
    figures = models.JSONField(default=list)
    tables = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(verdict__in=["", *_VERDICTS]),
                name="audit_run_verdict_known",
            ),
            models.CheckConstraint(
                condition=models.Q(verdict="", finished_at__isnull=True, digest="")
                | (~models.Q(verdict="") & models.Q(finished_at__isnull=False) & ~models.Q(digest="")),
                name="audit_run_finished_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(window_from__isnull=True, window_to__isnull=True)
                | models.Q(
                    window_from__isnull=False, window_to__isnull=False, window_to__gte=models.F("window_from")
                ),
                name="audit_run_window_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(window_from__isnull=False) | ~models.Q(evaluation=""),
                name="audit_run_looks_at_something",
            ),
        ]
        indexes = [
            models.Index(fields=["system", "kind", "-requested_at"], name="audit_run_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    def get_absolute_url(self) -> str:
        """The page of this run."""
        return reverse("audit_run", args=[self.pk])
