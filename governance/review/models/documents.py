"""Files that go with a works-council record or with the evidence of a condition."""

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse


class Document(models.Model):
    """A file, under a random name outside the web root; only added, to what was asked, answered or handed in.

    Exactly one of `council` (the question), `answer` and `evidence` says to what.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="review_documents")
    council = models.ForeignKey(
        "governance.CouncilRecord", on_delete=models.PROTECT, related_name="files", null=True, blank=True
    )
    answer = models.ForeignKey(
        "governance.CouncilAnswer", on_delete=models.PROTECT, related_name="files", null=True, blank=True
    )
    evidence = models.ForeignKey(
        "governance.ConditionEvidence", on_delete=models.PROTECT, related_name="files", null=True, blank=True
    )
    name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=32)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["added_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(council__isnull=False, answer__isnull=True, evidence__isnull=True)
                | models.Q(council__isnull=True, answer__isnull=False, evidence__isnull=True)
                | models.Q(council__isnull=True, answer__isnull=True, evidence__isnull=False),
                name="document_belongs_to_one_thing",
            ),
            models.CheckConstraint(condition=models.Q(size__gte=1), name="document_size_from_one"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("document_download", args=[self.pk])

    @property
    def place(self) -> tuple[str, uuid.UUID]:
        """What it hangs on: question or answer (with the id of the record), evidence (with that of the condition)."""
        if self.evidence is not None:
            return "evidence", self.evidence.condition_id
        if self.answer is not None:
            return "answer", self.answer.record_id
        assert self.council_id is not None  # noqa: S101 - for the type checker: a constraint says so
        return "question", self.council_id
