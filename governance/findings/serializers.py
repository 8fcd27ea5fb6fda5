"""Shapes of findings in the API."""

from typing import Any

from rest_framework import serializers

from governance.findings.models import Finding


class FindingShape(serializers.Serializer[Any]):
    """A finding as it is read."""

    id = serializers.UUIDField()
    system = serializers.CharField()
    check = serializers.CharField()
    severity = serializers.CharField()
    state = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField()
    due_on = serializers.DateField(allow_null=True)
    opened_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    seen_count = serializers.IntegerField()
    cleared_at = serializers.DateTimeField(allow_null=True)
    cleared_reason = serializers.CharField()
    actions = serializers.ListField(child=serializers.DictField())

    def get_fields(self) -> dict[str, Any]:
        """`source` is a word of every field of the framework, so it has no attribute of its own."""
        return {**super().get_fields(), "source": serializers.CharField()}


def finding_shape(finding: Finding) -> dict[str, Any]:
    """A finding as the API gives it; reads its actions (prefetch them for lists)."""
    plain = ("severity", "state", "source", "due_on", "opened_at", "last_seen_at", "seen_count")
    return {
        "id": finding.pk,
        "system": finding.system.slug,
        "check": finding.check_key,
        "title": finding.title_text,
        "detail": finding.detail_text,
        **{name: getattr(finding, name) for name in (*plain, "cleared_at", "cleared_reason")},
        "actions": [
            {
                "id": action.pk,
                "text": action.text,
                "due_on": action.due_on,
                "done_at": action.done_at,
                "evidence": action.evidence,
            }
            for action in finding.actions.all()
        ],
    }
