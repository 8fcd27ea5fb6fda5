"""Shapes of the register in the API."""

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from governance.registry import rules
from governance.registry.models import DataFlow, System, SystemVersion
from portal.web.rest import StrictSerializer


def page_of(shape: type[serializers.Serializer[Any]]) -> Any:
    """A cursor page of a shape, for the OpenAPI document."""
    fields = {
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": shape(many=True),
    }
    return inline_serializer(name=f"{shape.__name__}Page", fields=fields)


class SystemWrite(StrictSerializer):
    """A system as it is registered."""

    slug = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=4000)
    unit = serializers.SlugField(help_text="short name of the unit")
    owner = serializers.EmailField(required=False, help_text="e-mail of the owner; you, where it is left out")
    provider_role = serializers.ChoiceField(choices=rules.ProviderRole.values())
    labels = serializers.ListField(child=serializers.CharField(max_length=60), max_length=100)
    label_map = serializers.DictField(child=serializers.CharField(max_length=60), default=dict)
    languages = serializers.ListField(child=serializers.CharField(max_length=12), max_length=100)
    dimensions = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), default=dict
    )
    link_template = serializers.CharField(max_length=400, default="", allow_blank=True)


class SystemShape(serializers.Serializer[Any]):
    """A system as it is read."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    unit = serializers.CharField()
    owner = serializers.UUIDField()
    provider_role = serializers.CharField()
    state = serializers.CharField()
    labels = serializers.ListField(child=serializers.CharField())
    label_map = serializers.DictField(child=serializers.CharField())
    languages = serializers.ListField(child=serializers.CharField())
    dimensions = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    versions = serializers.ListField(child=serializers.DictField())
    flows = serializers.ListField(child=serializers.CharField())
    row_version = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class VersionWrite(StrictSerializer):
    """A version as it is registered."""

    name = serializers.CharField(max_length=60)
    model = serializers.CharField(max_length=200, default="", allow_blank=True)
    released_on = serializers.DateField()
    notes = serializers.CharField(max_length=4000, default="", allow_blank=True)


class FlowWrite(StrictSerializer):
    """A data flow as it is described; `facts` answers the questions of the law by yes, no or not_applicable."""

    slug = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=120)
    modality = serializers.ChoiceField(choices=rules.Modality.values())
    subject_role = serializers.ChoiceField(choices=rules.SubjectRole.values())
    setting = serializers.ChoiceField(choices=rules.Setting.values())
    purpose = serializers.ChoiceField(choices=rules.Purpose.values())
    output = serializers.ChoiceField(choices=rules.Output.values())
    consequence = serializers.ChoiceField(choices=rules.Consequence.values())
    recipient = serializers.ChoiceField(choices=rules.Recipient.values())
    facts = serializers.DictField(child=serializers.CharField(allow_null=True), default=dict)


class FlowShape(FlowWrite):
    """A data flow as it is read, with its current legal outcome."""

    id = serializers.UUIDField()
    row_version = serializers.IntegerField()
    outcome = serializers.CharField(allow_null=True)


def version_shape(version: SystemVersion) -> dict[str, Any]:
    """A version as the API gives it."""
    return {
        "id": version.pk,
        "name": version.name,
        "model": version.model,
        "released_on": version.released_on,
        "notes": version.notes,
    }


def system_shape(system: System) -> dict[str, Any]:
    """A system as the API gives it; reads versions and flows (prefetch them for lists)."""
    return {
        "id": system.pk,
        "slug": system.slug,
        "name": system.name,
        "description": system.description,
        "unit": system.unit.slug,
        "owner": system.owner_id,
        "provider_role": system.provider_role,
        "state": system.state,
        "labels": system.labels,
        "label_map": system.label_map,
        "languages": system.languages,
        "dimensions": system.dimensions,
        "versions": [version_shape(version) for version in system.versions.all()],
        "flows": [flow.slug for flow in system.flows.all()],
        "row_version": system.row_version,
        "created_at": system.created_at,
    }


def flow_shape(flow: DataFlow, outcome: str | None) -> dict[str, Any]:
    """A data flow as the API gives it."""
    return {
        "id": flow.pk,
        "slug": flow.slug,
        "name": flow.name,
        **{name: getattr(flow, name) for name in rules.FLOW_FACTS},
        "facts": flow.facts,
        "row_version": flow.row_version,
        "outcome": outcome,
    }
