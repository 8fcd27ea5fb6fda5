"""Shapes of the audit API."""

from typing import Any

from rest_framework import serializers

from portal.errors import N_
from portal.jobs.rules import ANSWERED_STATES
from portal.web.rest import StrictSerializer


class AuditRunRequest(StrictSerializer):
    """What to look at: two days (both included, UTC) or an evaluation set; nothing = all the days with
    data."""

    date_to = serializers.DateField(required=False, allow_null=True)
    evaluation = serializers.CharField(required=False, allow_blank=True, max_length=120)

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python, so this field has no attribute of its own."""
        fields = super().get_fields()
        fields["from"] = serializers.DateField(required=False, allow_null=True)
        fields["to"] = fields.pop("date_to")
        return fields


class AuditPlanRequest(StrictSerializer):
    """Targets by check, exact decimals as text or number; how often it runs by itself ('' = when asked)."""

    targets = serializers.DictField(child=serializers.JSONField(), default=dict)
    every = serializers.ChoiceField(choices=["", "daily", "weekly", "monthly"], default="")
    note = serializers.CharField(default="", allow_blank=True, max_length=1000)


class AuditWindow(serializers.Serializer[Any]):
    """Two days, both included."""

    to = serializers.DateField()

    def get_fields(self) -> dict[str, Any]:
        """See AuditRunRequest."""
        return {"from": serializers.DateField(), **super().get_fields()}


class AuditCheck(serializers.Serializer[Any]):
    """One check of a run: what was measured, against which target, and the verdict."""

    key = serializers.CharField()
    title = serializers.CharField()
    target = serializers.CharField(allow_null=True)
    direction = serializers.ChoiceField(choices=["at_least", "at_most"])
    figure = serializers.DictField(allow_null=True)
    verdict = serializers.ChoiceField(choices=["met", "not_met", "not_enough_evidence", "error"])
    reason = serializers.CharField(allow_blank=True)


class AuditRunShape(serializers.Serializer[Any]):
    """A run as it is answered; `verdict` and `digest` are null until it is done."""

    id = serializers.UUIDField()
    system = serializers.CharField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=ANSWERED_STATES)
    progress = serializers.IntegerField(min_value=0, max_value=100)
    note = serializers.CharField(allow_blank=True)
    error = serializers.CharField(allow_blank=True)
    verdict = serializers.ChoiceField(
        choices=["met", "not_met", "not_enough_evidence", "error"],
        allow_null=True,
        help_text=N_("The worst of the checks."),
    )
    checks = AuditCheck(many=True)
    figures = serializers.ListField(child=serializers.DictField())
    tables = serializers.ListField(child=serializers.DictField())
    counts = serializers.DictField()
    targets = serializers.DictField(child=serializers.CharField())
    plan_version = serializers.IntegerField(allow_null=True)
    window = AuditWindow(allow_null=True)
    evaluation = serializers.CharField(allow_null=True)
    seed = serializers.IntegerField()
    code_version = serializers.CharField()
    requested_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    digest = serializers.CharField(allow_null=True)


class AuditPlanShape(serializers.Serializer[Any]):
    """The plan in force; version 0 are the defaults of the kind, where nobody set targets."""

    system = serializers.CharField()
    kind = serializers.CharField()
    version = serializers.IntegerField()
    targets = serializers.DictField(child=serializers.CharField())
    every = serializers.CharField(allow_blank=True)
    next_due_at = serializers.DateTimeField(allow_null=True)


class AuditMiss(serializers.Serializer[Any]):
    """One item that a complete count found missing."""

    at = serializers.DateTimeField()
    item = serializers.CharField(help_text=N_("The source's own id."))
    flow = serializers.CharField()
    reason = serializers.CharField()
    lag_s = serializers.FloatField(allow_null=True, help_text=N_("Seconds after the person had said stop."))


class AuditMissPage(serializers.Serializer[Any]):
    """A hundred misses; `next` goes on from there, null at the end."""

    next = serializers.CharField(allow_null=True)
    items = AuditMiss(many=True)
