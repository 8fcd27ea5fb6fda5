"""Shapes of requests, votes and deployments in the API."""

import datetime as dt
from typing import Any

from rest_framework import serializers

from governance.review import rules, selectors
from governance.review.models import DeploymentRequest
from portal.web.rest import StrictSerializer


class RequestWrite(StrictSerializer):
    """A deployment request as it is drafted."""

    system = serializers.SlugField()
    version = serializers.CharField(max_length=60)
    flows = serializers.ListField(child=serializers.SlugField(), min_length=1)
    board = serializers.UUIDField(required=False, help_text="the nearest board, where it is left out")
    summary = serializers.CharField(max_length=4000)
    alternatives = serializers.CharField(max_length=4000, default="", allow_blank=True)
    consulted = serializers.CharField(max_length=2000, default="", allow_blank=True)
    doubts = serializers.CharField(max_length=4000, default="", allow_blank=True)
    valid_months = serializers.IntegerField(min_value=1, max_value=24, default=12)


class ConditionWrite(StrictSerializer):
    """A condition of a vote."""

    text = serializers.CharField(max_length=2000)
    owner = serializers.UUIDField()
    due_on = serializers.DateField()


class VoteWrite(StrictSerializer):
    """A vote as it is cast."""

    choice = serializers.ChoiceField(choices=rules.Choice.values())
    reason = serializers.CharField(max_length=4000)
    conditions = serializers.ListField(child=ConditionWrite(), default=list)


class VoteReceipt(serializers.Serializer[Any]):
    """That a seat has voted; what it said stays hidden until the vote closes."""

    id = serializers.UUIDField()
    seat = serializers.CharField()
    cast_at = serializers.DateTimeField()
    request_state = serializers.CharField()


class RequestShape(serializers.Serializer[Any]):
    """A request as it is read; `votes` is empty until the vote closes."""

    id = serializers.UUIDField()
    system = serializers.CharField()
    version = serializers.CharField()
    flows = serializers.ListField(child=serializers.CharField())
    board = serializers.UUIDField()
    state = serializers.CharField()
    summary = serializers.CharField()
    digest = serializers.CharField()
    high_risk = serializers.BooleanField()
    problems = serializers.ListField(child=serializers.DictField())
    votes_in = serializers.IntegerField()
    votes_needed = serializers.IntegerField()
    votes = serializers.ListField(child=serializers.DictField())
    conditions = serializers.ListField(child=serializers.DictField())
    submitted_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    decision_reason = serializers.CharField()
    deployment = serializers.DictField(allow_null=True)


def request_shape(request: DeploymentRequest, on: dt.date) -> dict[str, Any]:
    """A request as the API gives it."""
    tally = selectors.tally(request, on)
    problems = selectors.problems(request, on) if request.state == "draft" else []
    deployment = getattr(request, "deployment", None)
    plain = ("state", "summary", "digest", "high_risk", "submitted_at", "closed_at", "decision_reason")
    return {
        "id": request.pk,
        "system": request.system.slug,
        "version": request.version.name,
        "flows": [flow.slug for flow in request.flows.all()],
        "board": request.board_id,
        **{name: getattr(request, name) for name in plain},
        "problems": [{"code": p.code, "flow": p.flow, "assessment": p.assessment} for p in problems],
        "votes_in": tally.cast,
        "votes_needed": tally.needed,
        "votes": [
            {"seat": v.seat.discipline, "choice": v.choice, "reason": v.reason, "counted": v.counted}
            for v in selectors.votes_shown(request)
        ],
        "conditions": [
            {"id": c.pk, "text": c.text, "owner": c.owner_id, "due_on": c.due_on, "met_at": c.met_at}
            for c in request.conditions.all()
        ],
        "deployment": deployment
        and {
            "id": deployment.pk,
            "state": deployment.state,
            "valid_from": deployment.valid_from,
            "valid_until": deployment.valid_until,
        },
    }
