"""The works-council record of flows that touch workers: what was asked, with which documents, and the answer."""

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse


class CouncilRecord(models.Model):
    """The works council was informed of these flows on a date; `state` is its latest answer."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="council_records")
    flows: models.ManyToManyField = models.ManyToManyField(  # type: ignore[type-arg]
        "governance.DataFlow", related_name="council_records"
    )
    facts = models.JSONField(default=dict)  # of each flow as it was when the council was informed
    question = models.TextField(max_length=4000)
    documents = models.TextField(max_length=4000)
    informed_on = models.DateField()
    answer_due_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=20, default="asked")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="council_records"
    )
    imported = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    state__in=[
                        "asked",
                        "consented",
                        "conditions",
                        "refused",
                        "court_substitute",
                        "not_owed",
                        "nullity",
                    ]
                ),
                name="council_state_known",
            ),
            models.CheckConstraint(condition=~models.Q(documents=""), name="council_has_documents"),
        ]

    def __str__(self) -> str:
        return f"{self.system}: {self.question[:60]}"

    def get_absolute_url(self) -> str:
        return reverse("council_record", args=[self.pk])

    @property
    def badge(self) -> str:
        """Its state as the word of a badge: 'conditions' is also what a vote says."""
        return "consented_if" if self.state == "conditions" else self.state

    @property
    def subject(self) -> str:
        """How the ledger names this record."""
        return f"council:{self.pk}"


class CouncilAnswer(models.Model):
    """One answer in a works-council record; answers are only added."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    record = models.ForeignKey(CouncilRecord, on_delete=models.PROTECT, related_name="answers")
    act = models.CharField(max_length=16)
    state = models.CharField(max_length=20)
    reason = models.TextField(max_length=4000, blank=True)
    documents = models.TextField(max_length=4000, blank=True)
    answered_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["recorded_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="consented") | ~models.Q(reason=""),
                name="council_answer_has_reason",
            )
        ]

    def __str__(self) -> str:
        return f"{self.record}: {self.state}"
