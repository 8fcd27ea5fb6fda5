"""Shapes of stops in the API."""

from typing import Any

from rest_framework import serializers

from governance.stops.models import Stop
from portal.web.rest import StrictSerializer


class AcknowledgeWrite(StrictSerializer):
    """When the system stopped."""

    stopped_at = serializers.DateTimeField(help_text="not before the stop counts, not in the future")


class StopShape(serializers.Serializer[Any]):
    """A stop as it is read."""

    stop_id = serializers.UUIDField()
    number = serializers.IntegerField()
    type = serializers.CharField()
    system = serializers.CharField()
    subject_ref = serializers.UUIDField(allow_null=True)
    purpose = serializers.CharField(allow_null=True)
    modality = serializers.CharField(allow_null=True)
    flows = serializers.ListField(child=serializers.CharField())
    event = serializers.UUIDField(allow_null=True)
    effective_at = serializers.DateTimeField()
    ordered_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    stopped_at = serializers.DateTimeField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)


class FeedShape(serializers.Serializer[Any]):
    """A part of the feed: ask again with `after` = `last` until `more` is false."""

    stops = StopShape(many=True)
    last = serializers.IntegerField()
    more = serializers.BooleanField()


def stop_shape(stop: Stop) -> dict[str, Any]:
    """A stop as the API gives it."""
    plain = ("number", "type", "subject_ref", "flows", "event", "effective_at", "ordered_at", "due_at")
    return {
        "stop_id": stop.pk,
        "system": stop.system.slug,
        "purpose": stop.purpose or None,
        "modality": stop.modality or None,
        **{name: getattr(stop, name) for name in (*plain, "stopped_at", "acknowledged_at")},
    }
