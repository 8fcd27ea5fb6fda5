"""The shapes of notices and policies over REST."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from governance.consent.models import Notice, Policy
from portal.web.rest import StrictSerializer

TEXT_LIMIT = 20_000


class NoticeShape(serializers.Serializer[Any]):
    """A published notice."""

    id = serializers.UUIDField()
    version = serializers.IntegerField()
    language = serializers.CharField()
    text = serializers.CharField(help_text="Markdown")
    sha256 = serializers.CharField()
    material_change = serializers.BooleanField()
    grace_days = serializers.IntegerField()
    effective_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField()


def notice_shape(notice: Notice) -> dict[str, Any]:
    """A notice as the API shows it."""
    return {
        "id": notice.pk,
        "version": notice.version,
        "language": notice.language,
        "text": notice.text,
        "sha256": notice.sha256,
        "material_change": notice.material_change,
        "grace_days": notice.grace_days,
        "effective_at": notice.effective_at,
        "published_at": notice.published_at,
    }


class PublishNotice(StrictSerializer):
    """What a notice says; without a version it is the next one."""

    text = serializers.CharField(max_length=TEXT_LIMIT, help_text="Markdown")
    language = serializers.ChoiceField(choices=sorted(code.split("-")[0] for code, _n in settings.LANGUAGES))
    version = serializers.IntegerField(required=False, min_value=1, max_value=2_000_000_000)
    material_change = serializers.BooleanField(required=False, default=False)
    grace_days = serializers.IntegerField(required=False, default=0, min_value=0, max_value=365)


class PolicyShape(serializers.Serializer[Any]):
    """A version of the data-use policy."""

    version = serializers.IntegerField()
    state = serializers.ChoiceField(choices=["draft", "approved"])
    rules = serializers.ListField(child=serializers.DictField())
    retention_days = serializers.IntegerField(allow_null=True)
    note = serializers.CharField()
    stamp = serializers.CharField(help_text="another one for each time the draft is written")
    effective_at = serializers.DateTimeField(allow_null=True)
    approved_at = serializers.DateTimeField(allow_null=True)
    doubts = serializers.ListField(child=serializers.DictField(), help_text="rule, severity, code, message")


def policy_shape(policy: Policy, doubts: list[dict[str, Any]]) -> dict[str, Any]:
    """A policy as the API shows it, with what is doubtful about it."""
    return {
        "version": policy.version,
        "state": policy.state,
        "rules": policy.rules,
        "retention_days": policy.retention_days,
        "note": policy.note,
        "stamp": policy.stamp,
        "effective_at": policy.effective_at,
        "approved_at": policy.approved_at,
        "doubts": doubts,
    }


class DraftPolicy(StrictSerializer):
    """The rules of the next version; rows as in the policy pages."""

    rules = serializers.ListField(child=serializers.DictField(), max_length=200)
    retention_days = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=36_500)
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class ApprovePolicy(StrictSerializer):
    """Which draft was read: its `stamp`; a draft that was rewritten since is refused."""

    seen = serializers.CharField(max_length=60)
