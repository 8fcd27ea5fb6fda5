"""The legal rules over REST: those in force, sets that arrived, what one would change, applying it."""

import uuid
from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.screening import rules, rulesets
from governance.screening.models import RuleSet
from governance.screening.serializers import NOT_ADVICE
from portal.errors import NotAllowed
from portal.web.endpoint import ApiView
from portal.web.rest import HasScope, StrictSerializer, actor, idempotent, with_etag


class RuleSetShape(serializers.Serializer[Any]):
    """A set of rules, without its text."""

    id = serializers.UUIDField()
    version = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # the field is called so
    sha256 = serializers.CharField()
    signer = serializers.CharField(
        allow_blank=True, help_text="name of the key; empty: it ships with the product"
    )
    in_force = serializers.BooleanField()


class LawShape(RuleSetShape):
    """The rules in force."""

    rules = serializers.ListField(child=serializers.DictField())
    duties = serializers.ListField(child=serializers.DictField())
    sets = RuleSetShape(many=True)
    notice = serializers.CharField()


class OutcomeDifferenceShape(serializers.Serializer[Any]):
    """A data flow whose outcome a set would change."""

    system = serializers.CharField()
    flow = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()
    worse = serializers.BooleanField()
    rule = serializers.CharField(allow_blank=True)
    reason = serializers.DictField(child=serializers.CharField())


class PreviewShape(RuleSetShape):
    """A set with what it would change on a day."""

    on = serializers.DateField()
    seen = serializers.CharField(help_text="the version in force now: send it back when you apply the set")
    differences = OutcomeDifferenceShape(many=True)


class RuleSetWrite(StrictSerializer):
    """A signed file."""

    file = serializers.CharField(max_length=rulesets.MOST_BYTES, trim_whitespace=False)


class PreviewQuery(StrictSerializer):
    """The day of a preview."""

    on = serializers.DateField(required=False)


class ApplyWrite(StrictSerializer):
    """Why a set comes into force, and which one the person saw in force."""

    seen = serializers.CharField(max_length=20)
    reason = serializers.CharField(max_length=2000)


def _shape(row: RuleSet, now: str) -> dict[str, Any]:
    names = ("version", "source", "sha256", "signer")
    return {"id": row.pk, **{name: getattr(row, name) for name in names}, "in_force": row.sha256 == now}


def _in_force() -> str:
    applied = rulesets.latest()
    return applied.rule_set.sha256 if applied else ""


def _find(pk: uuid.UUID) -> RuleSet:
    found = next((row for row in rulesets.candidates() if row.pk == pk), None)
    if found is None:
        raise Http404
    return found


def _refuse_others(request: Request) -> None:
    if not rulesets.may_apply(request.user):
        raise NotAllowed(rulesets.WHOLE_ORGANISATION, code="not_allowed")


class Law(ApiView):
    """GET law."""

    permission_classes = (HasScope("register:read"),)

    @extend_schema(operation_id="law", responses={200: LawShape}, tags=["law"])
    def get(self, request: Request) -> Response:
        """The legal rules in force, and every set that is known here."""
        now, law = _in_force(), rulesets.in_force()
        sets = [_shape(row, now) for row in rulesets.candidates()]
        mine = next((row for row in sets if row["version"] == law.version), sets[0])
        body = {**mine, "rules": [_rule(rule) for rule in law.rules]}
        body |= {"duties": [_duty(duty) for duty in law.duties.values()], "sets": sets, "notice": NOT_ADVICE}
        return with_etag(request, body)


def _rule(rule: rules.Rule) -> dict[str, Any]:
    plain = ("id", "outcome", "article", "source", "valid_from", "valid_to", "applies_from")
    return {**{name: getattr(rule, name) for name in plain}, "reason": dict(rule.reason)}


def _duty(duty: rules.Duty) -> dict[str, Any]:
    plain = ("id", "article", "role", "applies_from", "other_from")
    row = {**{name: getattr(duty, name) for name in plain}, "text": dict(duty.text)}
    return {**row, "other_text": dict(duty.other_text)}


class RuleSets(ApiView):
    """POST law/sets."""

    permission_classes = (HasScope("register:read"),)
    body_limit = 4 * 1024 * 1024  # a file of rules, escaped

    @extend_schema(
        operation_id="rule_set_receive", request=RuleSetWrite, responses={201: RuleSetShape}, tags=["law"]
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Bring in a signed file of rules; an administrator of the whole organisation."""
        _refuse_others(request)
        shape = RuleSetWrite(data=request.data)
        shape.is_valid(raise_exception=True)
        row = rulesets.receive(text=shape.validated_data["file"], by=actor(request))
        return Response(_shape(row, _in_force()), status=201)


class RuleSetOne(ApiView):
    """GET law/sets/{id}."""

    permission_classes = (HasScope("register:read"),)
    queries = (OpenApiParameter("on", OpenApiTypes.DATE, description="as of this day; today if left out"),)

    @extend_schema(operation_id="rule_set", responses={200: PreviewShape}, tags=["law"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """A set and what it would make of every registered data flow."""
        _refuse_others(request)
        row = _find(pk)
        query = PreviewQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        on = query.validated_data.get("on") or timezone.localdate()
        body = {**_shape(row, _in_force()), "on": on, "seen": rulesets.in_force().version}
        found = rulesets.differences(row, on)
        return with_etag(request, {**body, "differences": [_difference(one) for one in found]})


def _difference(one: rulesets.Difference) -> dict[str, Any]:
    names = ("before", "after", "worse", "rule")
    row = {"system": one.flow.system.slug, "flow": one.flow.slug}
    return {**row, **{name: getattr(one, name) for name in names}, "reason": dict(one.reason)}


class RuleSetApply(ApiView):
    """POST law/sets/{id}/apply."""

    permission_classes = (HasScope("register:read"),)

    @extend_schema(
        operation_id="rule_set_apply", request=ApplyWrite, responses={200: RuleSetShape}, tags=["law"]
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Put a set in force; every data flow is screened again."""
        _refuse_others(request)
        row = _find(pk)
        shape = ApplyWrite(data=request.data)
        shape.is_valid(raise_exception=True)
        rulesets.apply(rule_set=row, by=actor(request), **shape.validated_data)
        return Response(_shape(row, _in_force()))
