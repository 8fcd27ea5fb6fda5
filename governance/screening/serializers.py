"""Shapes of legal outcomes in the API."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from governance.screening.models import Screening
from governance.screening.rules import Signature
from governance.screening.selectors import signature_of

NOT_ADVICE = "This is not legal advice."


class ScreeningShape(serializers.Serializer[Any]):
    """A legal outcome as it is read; texts by language."""

    id = serializers.UUIDField()
    flow = serializers.CharField()
    outcome = serializers.CharField()
    rule = serializers.CharField()
    rules_version = serializers.CharField()
    articles = serializers.ListField(child=serializers.CharField())
    reason = serializers.DictField(child=serializers.CharField())
    duties = serializers.ListField(child=serializers.DictField())
    would_change = serializers.ListField(child=serializers.DictField())
    open_questions = serializers.ListField(child=serializers.DictField())
    facts_sha256 = serializers.CharField()
    assessed_on = serializers.DateField()
    signed_at = serializers.DateTimeField(allow_null=True)
    signed_by = serializers.UUIDField(allow_null=True)
    valid_until = serializers.DateField(allow_null=True)
    signature = serializers.ChoiceField(choices=list(Signature.values()))
    notice = serializers.CharField()


def screening_shape(screening: Screening) -> dict[str, Any]:
    """A legal outcome as the API gives it."""
    plain = ("outcome", "rule", "rules_version", "articles", "reason", "would_change", "open_questions")
    today = timezone.localdate().isoformat()
    return {
        "id": screening.pk,
        "flow": screening.flow.slug,
        **{name: getattr(screening, name) for name in plain},
        "duties": [{**duty, "in_effect": duty["applies_from"] <= today} for duty in screening.duties],
        "facts_sha256": screening.facts_sha256,
        "assessed_on": screening.assessed_on,
        "signed_at": screening.signed_at,
        "signed_by": screening.signed_by_id,
        "valid_until": screening.valid_until,
        "signature": signature_of(screening, screening.flow, timezone.localdate()).value,
        "notice": NOT_ADVICE,
    }
