"""What came in: batches with their receipts, interactions, labels of people, evaluation sets."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse


class Batch(models.Model):
    """One call that stored something: whose, which body, what became of the items.

    `answer` is the zlib-compressed JSON that was sent back, kept where an Idempotency-Key came along, so that the
    same call again gets the same receipt; empty once the time of its items is over.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system_id = models.UUIDField()
    kind = models.CharField(max_length=20)
    client = models.CharField(max_length=120)
    idempotency_key = models.CharField(max_length=200, null=True)  # noqa: DJ001 - unknown is not empty
    body_sha256 = models.CharField(max_length=64)
    counts = models.JSONField(default=dict)
    answer = models.BinaryField(null=True)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            models.UniqueConstraint(fields=["client", "idempotency_key"], name="batch_idempotency_key_once")
        ]
        indexes = [models.Index(fields=["system_id", "-received_at"], name="batch_of_system")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Interaction(models.Model):
    """One reading of one emotion; the portal keeps no text.

    Key (system, the source's own id). No foreign keys: this is the hot path. `subject` is the pseudonym. Where the
    gate found no basis only id, time, flow and reason are filled. `gold` is what the source sent as truth; labels of
    raters stand in Label. `content` is a keyed digest of what was sent, to tell a retry from a contradiction.
    """

    pk = models.CompositePrimaryKey("system_id", "source_id")
    system_id = models.UUIDField()
    source_id = models.CharField(max_length=128)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now())
    batch_id = models.UUIDField()
    content = models.UUIDField()
    revision = models.PositiveSmallIntegerField(db_default=0)
    flow_id = models.UUIDField(null=True)
    basis = models.CharField(max_length=15)  # allow | violation | gap | basis_doubtful
    reason = models.CharField(max_length=60)
    consent_event_id = models.UUIDField(null=True)
    policy_version = models.PositiveIntegerField(null=True)
    subject = models.UUIDField(null=True)
    subject_role = models.CharField(max_length=20, null=True)  # noqa: DJ001 - unknown is not empty
    session = models.CharField(max_length=128, null=True)  # noqa: DJ001 - unknown is not empty
    turn = models.PositiveIntegerField(null=True)
    source_seq = models.BigIntegerField(null=True)
    version = models.CharField(max_length=60, null=True)  # noqa: DJ001 - unknown is not empty
    channel = models.CharField(max_length=40, null=True)  # noqa: DJ001 - unknown is not empty
    modality = models.CharField(max_length=20, null=True)  # noqa: DJ001 - unknown is not empty
    purpose = models.CharField(max_length=60, null=True)  # noqa: DJ001 - unknown is not empty
    recipients = ArrayField(models.CharField(max_length=60), null=True)
    language = models.CharField(max_length=20, null=True)  # noqa: DJ001 - unknown is not empty
    attributes = models.JSONField(null=True)
    predicted = models.CharField(max_length=60, null=True)  # noqa: DJ001 - unknown is not empty
    confidence = models.FloatField(null=True)
    scores = models.JSONField(null=True)
    gold = models.CharField(max_length=60, null=True)  # noqa: DJ001 - unknown is not empty
    strategy = models.CharField(max_length=60, null=True)  # noqa: DJ001 - unknown is not empty
    decision_id = models.UUIDField(null=True)
    notice_version = models.PositiveIntegerField(null=True)
    disclosed_at = models.DateTimeField(null=True)
    emotion_notice_at = models.DateTimeField(null=True)
    sensitive = models.BooleanField(null=True)
    escalated_at = models.DateTimeField(null=True)
    human_at = models.DateTimeField(null=True)
    overridden = models.BooleanField(null=True)
    offer_kind = models.CharField(max_length=20, null=True)  # noqa: DJ001 - unknown is not empty
    offer_accepted = models.BooleanField(null=True)
    intent = models.CharField(max_length=60, null=True)  # noqa: DJ001 - unknown is not empty
    resolved = models.BooleanField(null=True)
    first_response_ms = models.BigIntegerField(null=True)
    handling_s = models.FloatField(null=True)
    test = models.BooleanField(db_default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="interaction_basis_known_word",
                condition=Q(basis__in=["allow", "violation", "gap", "basis_doubtful"]),
            ),
            # without a basis nothing about the person or the emotion is kept
            models.CheckConstraint(
                name="interaction_without_basis_is_bare",
                condition=Q(basis__in=["allow", "basis_doubtful"])
                | Q(
                    subject__isnull=True,
                    session__isnull=True,
                    predicted__isnull=True,
                    scores__isnull=True,
                    gold__isnull=True,
                    attributes__isnull=True,
                ),
            ),
        ]
        indexes = [
            BrinIndex(fields=["occurred_at"], name="interaction_time", autosummarize=True),
            # what was read of one person: for their page, their copy and their erasure
            models.Index(
                fields=["subject"], condition=Q(subject__isnull=False), name="interaction_of_person"
            ),
        ]

    def __str__(self) -> str:
        return self.source_id


class Label(models.Model):
    """What one human rater said about one interaction; `rater` is a pseudonym."""

    pk = models.CompositePrimaryKey("system_id", "source_id", "rater")
    system_id = models.UUIDField()
    source_id = models.CharField(max_length=128)
    rater = models.UUIDField()
    label = models.CharField(max_length=60)
    batch_id = models.UUIDField()
    recorded_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.source_id}: {self.label}"


class EvaluationSet(models.Model):
    """Labelled items outside live use: gold against predicted, as counts.

    `counts` = {"labels": [...], "matrix": [[...]]}: rows are gold, columns predicted, in the order of `labels`.
    `sha256` is over the sorted lines "id,gold,predicted".
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="evaluation_sets")
    name = models.CharField(max_length=120)
    n = models.PositiveIntegerField()
    counts = models.JSONField()
    sha256 = models.CharField(max_length=64)
    imported_at = models.DateTimeField(db_default=Now())
    imported_by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "name"], name="evaluation_name_once"),
            models.CheckConstraint(name="evaluation_has_items", condition=Q(n__gte=1)),
        ]
        ordering = ["-imported_at"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Where this set is shown."""
        return reverse("evaluation_detail", args=[self.system.slug, self.pk])


class EvaluationItem(models.Model):
    """One item of an evaluation set: the source's id, gold and predicted label, declared slices."""

    pk = models.CompositePrimaryKey("evaluation_id", "source_id")
    evaluation = models.ForeignKey(
        EvaluationSet, on_delete=models.CASCADE, related_name="items", db_index=False
    )
    source_id = models.CharField(max_length=128)
    gold = models.CharField(max_length=60)
    predicted = models.CharField(max_length=60)
    slices = models.JSONField(null=True)

    def __str__(self) -> str:
        return self.source_id
