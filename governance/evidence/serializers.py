"""Shapes of the evidence API."""

from typing import Any

from rest_framework import serializers

from portal.jobs.rules import ANSWERED_STATES
from portal.web.rest import StrictSerializer


class PackRequest(StrictSerializer):
    """Systems by slug, two days (both included, UTC); a number of your own needs the checkpoint held before."""

    systems = serializers.ListField(child=serializers.SlugField(max_length=60), min_length=1, max_length=200)
    date_to = serializers.DateField()
    sample_size = serializers.IntegerField(min_value=1, max_value=1000, default=25)
    auditor_number = serializers.CharField(max_length=100, default="", allow_blank=True)
    end_size = serializers.IntegerField(min_value=0, max_value=2**62, required=False, allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python, so this field has no attribute of its own."""
        fields = super().get_fields()
        fields["from"] = serializers.DateField()
        fields["to"] = fields.pop("date_to")
        return fields


class PackShape(serializers.Serializer[Any]):
    """A pack as it is answered; `download`, `sha256` and `size_bytes` are null until it is made."""

    id = serializers.UUIDField()
    systems = serializers.ListField(child=serializers.CharField())
    date_to = serializers.DateField()
    state = serializers.ChoiceField(choices=ANSWERED_STATES)
    progress = serializers.IntegerField(min_value=0, max_value=100)
    error = serializers.CharField(allow_blank=True)
    sample_size = serializers.IntegerField()
    auditor_number = serializers.CharField(allow_blank=True)
    end_size = serializers.IntegerField(allow_null=True)
    requested_at = serializers.DateTimeField()
    made_at = serializers.DateTimeField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True)
    size_bytes = serializers.IntegerField(allow_null=True)
    download = serializers.CharField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """See PackRequest."""
        fields = super().get_fields()
        return {"from": serializers.DateField(), "to": fields.pop("date_to"), **fields}
