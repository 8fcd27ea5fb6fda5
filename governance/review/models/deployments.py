"""Deployments, and the stretches of time in which their flows are allowed."""

import uuid

from django.db import models
from django.urls import reverse


class Deployment(models.Model):
    """An approval in use; which flow was in force when, is in `InForce`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="deployments")
    request = models.OneToOneField(
        "governance.DeploymentRequest", on_delete=models.PROTECT, related_name="deployment"
    )
    version = models.ForeignKey(
        "governance.SystemVersion", on_delete=models.PROTECT, related_name="deployments"
    )
    flows: models.ManyToManyField = models.ManyToManyField("governance.DataFlow", related_name="deployments")  # type: ignore[type-arg]
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=12, default="in_force")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_by = models.CharField(max_length=80, null=True, blank=True)  # noqa: DJ001 - pairs with suspended_at
    reason = models.TextField(max_length=2000, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=80, null=True, blank=True)  # noqa: DJ001 - pairs with ended_at

    class Meta:
        default_permissions = ()
        ordering = ["-valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "in_force", "suspended", "lapsed", "voided"]),
                name="deployment_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(valid_until__gt=models.F("valid_from")), name="deployment_until_after_from"
            ),
            models.CheckConstraint(
                condition=models.Q(suspended_at__isnull=True, suspended_by__isnull=True)
                | models.Q(suspended_at__isnull=False, suspended_by__isnull=False),
                name="deployment_suspended_at_by",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_by__isnull=True)
                | models.Q(ended_at__isnull=False, ended_by__isnull=False),
                name="deployment_ended_at_by",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="suspended")
                | (models.Q(suspended_at__isnull=False) & ~models.Q(reason="")),
                name="deployment_suspended_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("deployment_detail", args=[self.pk])

    @property
    def subject(self) -> str:
        """How the ledger names this deployment."""
        return f"deployment:{self.pk}"


class InForce(models.Model):
    """A stretch of time, `starts_at <= t < ends_at`, in which a flow was allowed; what the gate reads."""

    id = models.BigAutoField(primary_key=True)
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="stretches")
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="+")
    flow = models.ForeignKey("governance.DataFlow", on_delete=models.PROTECT, related_name="in_force")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_because = models.CharField(max_length=400, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["starts_at"]
        indexes = [models.Index(fields=["system", "ends_at", "starts_at"], name="in_force_by_system")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gte=models.F("starts_at")), name="in_force_ends_after_start"
            ),
            models.UniqueConstraint(
                fields=["deployment", "flow", "starts_at"], name="in_force_once_per_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.flow} {self.starts_at:%Y-%m-%d}"
