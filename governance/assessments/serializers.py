"""Shapes of assessments in the API."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from governance.assessments import selectors, services
from governance.assessments.models import Assessment, AssessmentComment, Attachment
from governance.assessments.questionnaire import Progress, progress
from governance.assessments.rules import Kind
from portal.web.rest import StrictSerializer


class StartWrite(StrictSerializer):
    """Which kind to begin."""

    kind = serializers.ChoiceField(choices=Kind.values())


class AnswersWrite(StrictSerializer):
    """Answers by question id; null takes one away. Their shape depends on the kind of the question."""

    answers = serializers.DictField(
        child=serializers.JSONField(allow_null=True), help_text="question id -> answer, or null"
    )


class ReasonWrite(StrictSerializer):
    """A reason for an act."""

    reason = serializers.CharField(max_length=4000)


class NotOwedWrite(StrictSerializer):
    """Whether it is not owed, and then why."""

    not_owed = serializers.BooleanField()
    reason = serializers.CharField(max_length=4000, default="", allow_blank=True)


class CommentWrite(StrictSerializer):
    """A remark about a question, in Markdown; `thread` (the id of its first remark) answers in one."""

    question = serializers.CharField(max_length=60)
    text = serializers.CharField(max_length=4000)
    thread = serializers.UUIDField(required=False)


class ResolveWrite(StrictSerializer):
    """Whether the thread is settled."""

    resolved = serializers.BooleanField()


class FileWrite(StrictSerializer):
    """A file as multipart/form-data, and the question that it belongs to."""

    file = serializers.FileField(max_length=255)
    question = serializers.CharField(max_length=60, default="", allow_blank=True)


class SectionShape(serializers.Serializer[Any]):
    """How far a section is."""

    id = serializers.CharField()
    needed = serializers.IntegerField()
    done = serializers.IntegerField()
    open = serializers.ListField(child=serializers.CharField(), help_text="ids of questions still open")


class AssessmentShape(serializers.Serializer[Any]):
    """A version of an assessment as it is read."""

    id = serializers.UUIDField()
    system = serializers.CharField()
    kind = serializers.CharField()
    version = serializers.IntegerField()
    state = serializers.CharField()
    questionnaire = serializers.CharField()
    not_owed = serializers.BooleanField()
    not_owed_reason = serializers.CharField()
    answers = serializers.DictField(child=serializers.JSONField())
    sections = SectionShape(many=True)
    created_at = serializers.DateTimeField()
    created_by = serializers.UUIDField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    returned_at = serializers.DateTimeField(allow_null=True)
    return_reason = serializers.CharField()
    signed_at = serializers.DateTimeField(allow_null=True)
    signed_by = serializers.UUIDField(allow_null=True)
    sign_reason = serializers.CharField()
    valid_until = serializers.DateField(allow_null=True)
    digest = serializers.CharField()
    superseded_at = serializers.DateTimeField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdraw_reason = serializers.CharField()
    row_version = serializers.IntegerField()


class CommentShape(serializers.Serializer[Any]):
    """A remark with its answers."""

    id = serializers.UUIDField()
    question = serializers.CharField()
    thread = serializers.UUIDField(allow_null=True)
    text = serializers.CharField()
    created_at = serializers.DateTimeField()
    created_by = serializers.UUIDField()
    resolved_at = serializers.DateTimeField(allow_null=True)


class AttachmentShape(serializers.Serializer[Any]):
    """A file by its hash."""

    id = serializers.UUIDField()
    question = serializers.CharField()
    name = serializers.CharField()
    media_type = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    added_at = serializers.DateTimeField()
    address = serializers.CharField()


def assessment_shape(row: Assessment) -> dict[str, Any]:
    """A version as the API gives it."""
    plain = (
        "kind", "version", "state", "questionnaire", "not_owed", "not_owed_reason", "answers", "created_at",
        "submitted_at", "returned_at", "return_reason", "signed_at", "sign_reason", "valid_until", "digest",
        "superseded_at", "withdrawn_at", "withdraw_reason", "row_version",
    )  # fmt: skip
    far = progress(selectors.questionnaire_of(row), row.answers, row.not_owed)
    return {
        "id": row.pk,
        "system": row.system.slug,
        **{name: getattr(row, name) for name in plain},
        "created_by": row.created_by_id,
        "signed_by": row.signed_by_id,
        "sections": [_section(one) for one in far],
    }


def _section(one: Progress) -> dict[str, Any]:
    return {
        "id": one.section.id,
        "needed": one.needed,
        "done": one.done,
        "open": [question.id for question in one.open],
    }


def export_shape(row: Assessment) -> dict[str, Any]:
    """The version with its content: frozen where it is signed, as it is now elsewhere."""
    return {**assessment_shape(row), "content": row.content or services.content(row)}


def comment_shape(row: AssessmentComment) -> dict[str, Any]:
    """A remark as the API gives it."""
    plain = ("question", "text", "created_at", "resolved_at")
    return {
        "id": row.pk,
        **{name: getattr(row, name) for name in plain},
        "thread": row.parent_id,
        "created_by": row.created_by_id,
    }


def attachment_shape(row: Attachment) -> dict[str, Any]:
    """A file as the API gives it."""
    plain = ("question", "name", "media_type", "size", "sha256", "added_at")
    return {
        "id": row.pk,
        **{name: getattr(row, name) for name in plain},
        "address": reverse("api_attachment", args=[row.pk]),
    }
