"""Findings over REST."""

import uuid

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.findings import selectors
from governance.findings.models import Finding
from governance.findings.rules import FindingState
from governance.findings.serializers import FindingShape, finding_shape
from governance.registry.serializers import page_of
from portal.accounts.models import ApiKey
from portal.web.endpoint import PAGED, ApiView
from portal.web.rest import HasScope, paged, with_etag


def _visible(request: Request) -> QuerySet[Finding]:
    """A person needs the permission for audits; a key with register:read sees the findings of its own system."""
    perm = "view_register" if isinstance(request.auth, ApiKey) else "view_audits"
    return selectors.visible_findings(request.user, perm)


class Findings(ApiView):
    """GET findings."""

    permission_classes = (HasScope("register:read"),)
    cursor_ordering = ("-opened_at", "pk")
    queries = (
        *PAGED,
        OpenApiParameter("system", str, description="short name of a system"),
        OpenApiParameter("state", str, enum=FindingState.values()),
    )

    @extend_schema(operation_id="finding_list", responses={200: page_of(FindingShape)}, tags=["findings"])
    def get(self, request: Request) -> Response:
        """The findings that you may see, the newest first, by pages."""
        rows = _visible(request).prefetch_related("actions")
        for name, field in (("system", "system__slug"), ("state", "state")):
            if wanted := request.query_params.get(name):
                rows = rows.filter(**{field: wanted})
        return paged(request, self, rows, finding_shape)


class FindingOne(ApiView):
    """GET findings/{id}."""

    permission_classes = (HasScope("register:read"),)

    @extend_schema(operation_id="finding", responses={200: FindingShape}, tags=["findings"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """One finding with its corrective actions."""
        finding = get_object_or_404(_visible(request), pk=pk)
        return with_etag(request, finding_shape(finding))
