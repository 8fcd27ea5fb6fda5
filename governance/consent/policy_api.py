"""Data-use policies and consent records over REST."""

import uuid
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.consent import dpv, records, selectors, services
from governance.consent.api import system_for
from governance.consent.models import ConsentEvent, Policy
from governance.consent.serializers import DraftPolicy, PolicyShape, policy_shape
from governance.registry import selectors as register
from governance.registry.models import System
from governance.registry.serializers import page_of
from portal.access.selectors import can, require
from portal.errors import N_, Invalid
from portal.web.endpoint import PAGED, ApiView
from portal.web.params import shown
from portal.web.rest import HasScope, actor, idempotent, paged, with_etag

RECORDS_AT_ONCE = 1_000


def policy_answer(policy: Policy) -> dict[str, Any]:
    """A policy as the API gives it, with what is doubtful about it."""
    found = selectors.policy_doubts(policy.system, policy.rules, policy.retention_days)
    doubts = [
        {
            "rule": one.rule,
            "severity": one.severity,
            "code": one.code,
            "message": gettext(one.message).format(**shown(one.params)),
        }
        for one in found
    ]
    return policy_shape(policy, doubts)


def policy_version(system: System, version: int) -> Policy:
    """That version, or Http404."""
    return get_object_or_404(selectors.policies_of(system).select_related("system"), version=version)


class Policies(ApiView):
    """GET systems/{slug}/policies."""

    permission_classes = (HasScope("consent:read"),)
    cursor_ordering = ("-version",)
    queries = PAGED

    @extend_schema(operation_id="policy_list", responses={200: page_of(PolicyShape)}, tags=["consent"])
    def get(self, request: Request, slug: str) -> Response:
        """Every version of the data-use policy, the newest first; what is doubtful stands with each version alone."""
        system = system_for(request, slug, "view_consent")
        return paged(request, self, selectors.policies_of(system), lambda policy: policy_shape(policy, []))


class PolicyOne(ApiView):
    """GET systems/{slug}/policies/{version}."""

    permission_classes = (HasScope("consent:read"),)

    @extend_schema(operation_id="policy", responses={200: PolicyShape}, tags=["consent"])
    def get(self, request: Request, slug: str, version: int) -> Response:
        """One version, with what is doubtful about it."""
        system = system_for(request, slug, "view_consent")
        return with_etag(request, policy_answer(policy_version(system, version)))


class PolicyDraft(ApiView):
    """POST systems/{slug}/policies/draft."""

    permission_classes = (HasScope("policies:write"),)

    @extend_schema(
        operation_id="policy_draft", request=DraftPolicy, responses={200: PolicyShape}, tags=["consent"]
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Write (or rewrite) the one draft of the next version; whoever describes the system may do so too."""
        system = register.get(request.user, slug)
        if not can(request.user, "edit_register", system):
            require(request.user, "manage_consent", system)
        body = DraftPolicy(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(
            policy_answer(services.draft_policy(system=system, by=actor(request), **body.validated_data))
        )


_AFTER = OpenApiParameter(
    "after", str, description="The id of the last event that was read; left out: from the first."
)
_LIMIT = OpenApiParameter(
    "limit", {"type": "integer", "minimum": 1, "maximum": RECORDS_AT_ONCE, "default": 100}
)
_JSONLD = {
    "type": "object",
    "description": "JSON-LD; see the page about consent",
    "additionalProperties": True,
}
_RECORDS = {
    "type": "object",
    "properties": {
        "@context": _JSONLD,
        "@graph": {"type": "array", "items": _JSONLD},
        "after": {
            "type": ["string", "null"],
            "description": "where to go on; the same again when nothing is new",
        },
        "more": {"type": "boolean"},
    },
    "required": ["@context", "@graph", "after", "more"],
}
_UNKNOWN = OpenApiResponse(description="It is not set who answers for the processing, or it is an objection")


def _limit(request: Request) -> int:
    wanted = request.query_params.get("limit", "100")
    if not (wanted.isascii() and wanted.isdigit()) or not 1 <= int(wanted[:6]) <= RECORDS_AT_ONCE:
        message = N_("Give a whole number from 1 to 1000.")
        raise Invalid([{"field": "limit", "code": "invalid", "message": message}])
    return int(wanted[:6])


class ConsentRecords(ApiView):
    """GET systems/{slug}/consent-records."""

    permission_classes = (HasScope("consent:read"),)
    queries = (_AFTER, _LIMIT)

    @extend_schema(
        operation_id="consent_record_list",
        responses={(200, "application/json"): _RECORDS, 409: _UNKNOWN},
        tags=["consent"],
    )
    def get(self, request: Request, slug: str) -> Response:
        """Consent records in the order in which they arrived, as JSON-LD (ISO/IEC TS 27560, DPV)."""
        system = system_for(request, slug, "view_consent")
        after, limit = request.query_params.get("after", ""), _limit(request)
        rows = list(records.events_after(system, after)[: limit + 1])
        page = rows[:limit]
        body = {
            "@context": dpv.CONTEXT,
            "@graph": records.records(system, page),
            "after": str(page[-1].pk) if page else after or None,
            "more": len(rows) > limit,
        }
        return with_etag(request, body)


def _event(system: System, pk: uuid.UUID) -> ConsentEvent:
    rows = ConsentEvent.objects.filter(system_id=system.pk).select_related("notice", "subject")
    return get_object_or_404(rows, pk=pk)


class ConsentRecord(ApiView):
    """GET systems/{slug}/consent-records/{id}."""

    permission_classes = (HasScope("consent:read"),)

    @extend_schema(
        operation_id="consent_record",
        responses={(200, "application/json"): _JSONLD, 409: _UNKNOWN},
        tags=["consent"],
    )
    def get(self, request: Request, slug: str, pk: uuid.UUID) -> Response:
        """The record of one consent event."""
        system = system_for(request, slug, "view_consent")
        return with_etag(request, records.record(system, _event(system, pk)))


class ConsentReceipt(ApiView):
    """GET systems/{slug}/consent-records/{id}/receipt."""

    permission_classes = (HasScope("consent:read"),)

    @extend_schema(
        operation_id="consent_receipt",
        responses={(200, "application/json"): _JSONLD, 409: _UNKNOWN},
        tags=["consent"],
    )
    def get(self, request: Request, slug: str, pk: uuid.UUID) -> Response:
        """The receipt of one consent event, for the person whose consent it is."""
        system = system_for(request, slug, "view_consent")
        return with_etag(request, records.receipt(system, _event(system, pk)))
