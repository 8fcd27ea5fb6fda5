"""Conditions of an approval, and the evidence that they are met."""

import uuid

from django.conf import settings
from django.db import models


class Condition(models.Model):
    """What must be done after an approval, by whom and by when; met once the seat named here accepts the evidence."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(
        "governance.DeploymentRequest", on_delete=models.PROTECT, related_name="conditions"
    )
    text = models.TextField(max_length=2000)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="conditions")
    due_on = models.DateField()
    set_by = models.ForeignKey("governance.Seat", on_delete=models.PROTECT, related_name="conditions_set")
    accepted_by_seat = models.ForeignKey(
        "governance.Seat", on_delete=models.PROTECT, related_name="conditions_to_accept"
    )
    state = models.CharField(max_length=12, default="open")
    met_at = models.DateTimeField(null=True, blank=True)
    met_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        default_permissions = ()
        ordering = ["due_on"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(met_at__isnull=True, met_by__isnull=True)
                | models.Q(met_at__isnull=False, met_by__isnull=False),
                name="condition_met_at_by",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "handed_in", "met"]), name="condition_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state="met", met_at__isnull=False)
                | (~models.Q(state="met") & models.Q(met_at__isnull=True)),
                name="condition_met_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class ConditionEvidence(models.Model):
    """What was handed in for a condition, and what the accepting seat said: accepted, or sent back with a reason."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    condition = models.ForeignKey(Condition, on_delete=models.PROTECT, related_name="evidence")
    text = models.TextField(max_length=2000)
    handed_in_at = models.DateTimeField()
    handed_in_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    accepted = models.BooleanField(null=True, blank=True)
    answer = models.TextField(max_length=2000, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        default_permissions = ()
        ordering = ["handed_in_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["condition"],
                condition=models.Q(answered_at__isnull=True),
                name="evidence_one_open_per_condition",
            ),
            models.CheckConstraint(
                condition=models.Q(answered_at__isnull=True, answered_by__isnull=True, accepted__isnull=True)
                | models.Q(answered_at__isnull=False, answered_by__isnull=False, accepted__isnull=False),
                name="evidence_answered_at_by",
            ),
            models.CheckConstraint(
                condition=~models.Q(accepted=False, answer=""), name="evidence_sent_back_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.text
