"""Assessments of a system: versions with their answers, who changed what, threads and attachments."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext

from governance.assessments.rules import Kind


class Assessment(models.Model):
    """One version of one kind for one system; what is signed is frozen in `content` under `digest`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="assessments")
    kind = models.CharField(max_length=12)
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=12, default="draft")
    questionnaire = models.CharField(max_length=20)  # the version of the questionnaire
    not_owed = models.BooleanField(default=False)
    not_owed_reason = models.TextField(max_length=4000, blank=True)
    answers = models.JSONField(default=dict, blank=True)
    # question -> {"field", "language", "value"}: what the register said when it filled the answer
    prefilled = models.JSONField(default=dict, blank=True)
    # section -> number of the last save, for the optimistic lock of a section
    saves = models.JSONField(default=dict, blank=True)
    row_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    returned_at = models.DateTimeField(null=True, blank=True)
    returned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    return_reason = models.TextField(max_length=4000, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    sign_reason = models.TextField(max_length=4000, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    content = models.JSONField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    withdraw_reason = models.TextField(max_length=4000, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["system__sort_key", "kind", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["system", "kind", "version"], name="assessment_version_once_per_kind"
            ),
            models.UniqueConstraint(
                fields=["system", "kind"],
                condition=Q(state__in=["draft", "in_review"]),
                name="assessment_one_open_per_kind",
            ),
            models.UniqueConstraint(
                fields=["system", "kind"], condition=Q(state="signed"), name="assessment_one_signed_per_kind"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["dpia", "fria", "bias", "oversight"]), name="assessment_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "in_review", "signed", "superseded", "withdrawn"]),
                name="assessment_state_known",
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="assessment_version_from_one"),
            models.CheckConstraint(
                condition=Q(submitted_at__isnull=True, submitted_by__isnull=True)
                | Q(submitted_at__isnull=False, submitted_by__isnull=False),
                name="assessment_submitted_at_by",
            ),
            models.CheckConstraint(
                condition=Q(returned_at__isnull=True, returned_by__isnull=True, return_reason="")
                | (Q(returned_at__isnull=False, returned_by__isnull=False) & ~Q(return_reason="")),
                name="assessment_returned_at_by_why",
            ),
            models.CheckConstraint(
                condition=Q(
                    signed_at__isnull=True,
                    signed_by__isnull=True,
                    sign_reason="",
                    valid_until__isnull=True,
                    content__isnull=True,
                    digest="",
                )
                | (
                    Q(
                        signed_at__isnull=False,
                        signed_by__isnull=False,
                        valid_until__isnull=False,
                        content__isnull=False,
                    )
                    & ~Q(sign_reason="")
                    & ~Q(digest="")
                ),
                name="assessment_signed_at_by_why_what",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["signed", "superseded"]) | Q(signed_at__isnull=False),
                name="assessment_signed_has_signature",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["in_review", "signed", "superseded"]) | Q(submitted_at__isnull=False),
                name="assessment_review_was_submitted",
            ),
            models.CheckConstraint(
                condition=Q(state="superseded", superseded_at__isnull=False)
                | (~Q(state="superseded") & Q(superseded_at__isnull=True)),
                name="assessment_superseded_at",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state="withdrawn", withdrawn_at__isnull=False, withdrawn_by__isnull=False)
                    & ~Q(withdraw_reason="")
                )
                | (
                    ~Q(state="withdrawn")
                    & Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True, withdraw_reason="")
                ),
                name="assessment_withdrawn_at_by_why",
            ),
            models.CheckConstraint(
                condition=Q(not_owed=True) | Q(not_owed_reason=""), name="assessment_reason_only_not_owed"
            ),
        ]

    def __str__(self) -> str:
        return f"{gettext(Kind(self.kind).sentence)} · {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("assessment_detail", args=[self.pk])

    @property
    def subject(self) -> str:
        """How the ledger names this assessment."""
        return f"assessment:{self.pk}"


class AnswerChange(models.Model):
    """One answer that somebody changed in a draft; what the optimistic lock reads to people."""

    id = models.BigAutoField(primary_key=True)
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="changes")
    section = models.CharField(max_length=60)
    save_number = models.PositiveIntegerField()
    question = models.CharField(max_length=60)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "section", "save_number", "question"],
                name="answer_change_once_per_save",
            )
        ]

    def __str__(self) -> str:
        return f"{self.question} #{self.save_number}"


class AssessmentComment(models.Model):
    """A remark about a question, or an answer to one; the first of a thread can be resolved."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="comments")
    question = models.CharField(max_length=60)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="replies", null=True, blank=True
    )
    text = models.TextField(max_length=4000)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        default_permissions = ()
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True, resolved_by__isnull=True)
                | Q(resolved_at__isnull=False, resolved_by__isnull=False, parent__isnull=True),
                name="assessment_comment_resolved_at_by",
            )
        ]

    def __str__(self) -> str:
        return self.text[:80]


class Attachment(models.Model):
    """A file to an assessment: under a random name outside the web root; its hash stays when it is taken away."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="attachments")
    question = models.CharField(max_length=60, blank=True)
    name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=32)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        default_permissions = ()
        ordering = ["added_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True, removed_by__isnull=True)
                | Q(removed_at__isnull=False, removed_by__isnull=False),
                name="attachment_removed_at_by",
            ),
            models.CheckConstraint(condition=Q(size__gte=1), name="attachment_size_from_one"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("attachment_download", args=[self.pk])
