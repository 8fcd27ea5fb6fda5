"""Answers of people to published instruments; numbers only, never free text."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class SurveyAnswer(models.Model):
    """One person asked with one instrument; `answered_at` is empty while (or where) no answer came.

    `answers` = {item: number}; `scores` = {scale: decimal as text}, as metrics.surveys.rules computed them.
    """

    pk = models.CompositePrimaryKey("system_id", "instrument", "source_id")
    system_id = models.UUIDField()
    instrument = models.CharField(max_length=20)
    source_id = models.CharField(max_length=128)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    subject = models.UUIDField(null=True)
    interaction_id = models.CharField(max_length=128, null=True)  # noqa: DJ001 - unknown is not empty
    version = models.CharField(max_length=60, null=True)  # noqa: DJ001 - unknown is not empty
    answers = models.JSONField(null=True)
    scores = models.JSONField(null=True)
    content = models.UUIDField()
    batch_id = models.UUIDField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="survey_answered_at_with_answers",
                condition=Q(answered_at__isnull=True, answers__isnull=True, scores__isnull=True)
                | Q(
                    answered_at__isnull=False,
                    answers__isnull=False,
                    scores__isnull=False,
                ),
            )
        ]
        indexes = [
            models.Index(fields=["system_id", "answered_at"], name="survey_of_system_by_time"),
            models.Index(fields=["subject"], condition=Q(subject__isnull=False), name="survey_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument} {self.source_id}"
