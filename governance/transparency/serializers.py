"""Shapes of personal links and of requests in the API."""

from typing import Any

from rest_framework import serializers

from governance.transparency import rules
from governance.transparency.models import PersonalLink, PersonRequest
from portal.web.rest import StrictSerializer


class KnownAs(StrictSerializer):
    """What one system calls the person."""

    system = serializers.SlugField(required=False, help_text="short name; a key knows its own system")
    subject = serializers.CharField(max_length=128, help_text="the system's own id of the person; not stored")


class LinkWrite(StrictSerializer):
    """Whom a link is for: one person, as one or more systems know them."""

    people = serializers.ListField(child=KnownAs(), min_length=1, max_length=20)
    language = serializers.ChoiceField(choices=["nl", "en"], default="nl")
    expires_in = serializers.IntegerField(
        min_value=1, max_value=rules.MOST_LINK_DAYS, default=rules.LINK_DAYS, help_text="days"
    )


class LinkShape(serializers.Serializer[Any]):
    """A link; `url` is in the answer to its making only."""

    id = serializers.UUIDField()
    url = serializers.URLField(required=False)
    language = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)


def link_shape(link: PersonalLink, url: str = "") -> dict[str, Any]:
    """A link as the API gives it."""
    names = ("id", "language", "created_at", "expires_at", "revoked_at")
    return {**{name: getattr(link, name) for name in names}, **({"url": url} if url else {})}


class PersonRequestShape(serializers.Serializer[Any]):
    """What somebody asked; who, nobody is told."""

    id = serializers.UUIDField()
    system = serializers.CharField()
    kind = serializers.ChoiceField(choices=rules.RequestKind.values())
    state = serializers.ChoiceField(choices=rules.RequestState.values())
    language = serializers.CharField()
    text = serializers.CharField()
    reading = serializers.DictField()
    received_at = serializers.DateTimeField()
    due_on = serializers.DateField()
    extended_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    decision = serializers.CharField()
    answer = serializers.CharField()


def request_shape(row: PersonRequest) -> dict[str, Any]:
    """A request as the API gives it."""
    names = [name for name in PersonRequestShape().get_fields() if name not in ("id", "system")]
    return {"id": row.pk, "system": row.system.slug, **{name: getattr(row, name) for name in names}}


class PersonReasonWrite(StrictSerializer):
    """A reason that the person is told."""

    reason = serializers.CharField(max_length=2000)


class PersonAnswerWrite(StrictSerializer):
    """The answer to a contested reading or an objection."""

    decision = serializers.ChoiceField(choices=rules.Decision.values())
    text = serializers.CharField(max_length=4000, help_text="what the person is told")
