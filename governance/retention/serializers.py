"""The shape of retention as the API answers it."""

from typing import Any

from rest_framework import serializers

from governance.holding.models import Retained
from governance.retention import rules
from governance.retention.selectors import Plan, Standing

PARTS = list(rules.PARTS)
CERTIFICATE = (
    "id", "part", "subject_role", "purpose", "modality", "days", "before", "log_before", "policy_version", "deleted",
    "unnamed", "began_at",
)  # fmt: skip


class LimitShape(serializers.Serializer[Any]):
    """How long one part is kept, and what is past that now."""

    part = serializers.ChoiceField(choices=PARTS)
    subject_role = serializers.CharField(allow_blank=True)
    purpose = serializers.CharField(allow_blank=True)
    modality = serializers.CharField(allow_blank=True)
    days = serializers.IntegerField(min_value=1)
    past_rows = serializers.IntegerField(
        min_value=0, allow_null=True, help_text="Null: fewer than the privacy floor."
    )
    past_oldest = serializers.DateTimeField(allow_null=True)


class RetainedShape(serializers.Serializer[Any]):
    """A certificate: what went."""

    id = serializers.UUIDField()
    part = serializers.ChoiceField(choices=PARTS)
    subject_role = serializers.CharField(allow_blank=True)
    purpose = serializers.CharField(allow_blank=True)
    modality = serializers.CharField(allow_blank=True)
    days = serializers.IntegerField(min_value=1)
    before = serializers.DateTimeField()
    log_before = serializers.DateTimeField(allow_null=True)
    policy_version = serializers.IntegerField()
    deleted = serializers.IntegerField(min_value=0)
    unnamed = serializers.IntegerField(min_value=0)
    began_at = serializers.DateTimeField()


class RetentionShape(serializers.Serializer[Any]):
    """What a system keeps how long; `held`: a legal hold on all of it stops every deletion."""

    system = serializers.CharField()
    policy_version = serializers.IntegerField(allow_null=True)
    held = serializers.BooleanField()
    limits = LimitShape(many=True)
    certificates = RetainedShape(many=True)


def limit_shape(row: Standing) -> dict[str, Any]:
    """One limit."""
    who = {name: getattr(row.of, name) for name in ("subject_role", "purpose", "modality")}
    past = (
        {"past_rows": None, "past_oldest": None}
        if row.is_few
        else {"past_rows": row.rows, "past_oldest": row.oldest}
    )
    return {"part": row.part, **who, "days": row.days, **past}


def retained_shape(row: Retained) -> dict[str, Any]:
    """One certificate."""
    return {name: getattr(row, name) for name in CERTIFICATE}


def retention_shape(slug: str, found: Plan, rows: list[Standing], gone: list[Retained]) -> dict[str, Any]:
    """All of a system."""
    return {
        "system": slug,
        "policy_version": found.policy_version,
        "held": found.held,
        "limits": [limit_shape(row) for row in rows],
        "certificates": [retained_shape(row) for row in gone],
    }
