"""The audit API: ask for a run, look at it, read and set the plan."""

import uuid
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.audits import misses, registry, selectors, services
from governance.audits.serializers import (
    AuditMiss,
    AuditMissPage,
    AuditPlanRequest,
    AuditPlanShape,
    AuditRunRequest,
    AuditRunShape,
)
from governance.registry import selectors as register
from portal.access.selectors import require
from portal.errors import N_, Invalid
from portal.web.endpoint import ApiView
from portal.web.rest import HasScope, actor, idempotent, with_etag


def _known(kind: str) -> None:
    if registry.find(kind) is None:
        raise Http404


class AuditRuns(ApiView):
    """POST systems/{slug}/audits/{kind}/runs."""

    permission_classes = (HasScope("audits:run"),)

    @extend_schema(
        operation_id="audit_run_start",
        request=AuditRunRequest,
        responses={202: OpenApiResponse(AuditRunShape, description="Location: where the run is to be read")},
        tags=["audits"],
    )
    @idempotent
    def post(self, request: Request, slug: str, kind: str) -> Response:
        """Ask for a run; a worker does it. The same run asked for twice while it is open is one run."""
        _known(kind)
        system = register.get(request.user, slug)
        require(request.user, "run_audits", system)
        shape = AuditRunRequest(data=request.data or {})
        shape.is_valid(raise_exception=True)
        wanted: dict[str, Any] = shape.validated_data
        run = services.start_run(
            system=system,
            kind=kind,
            date_from=wanted.get("from"),
            date_to=wanted.get("to"),
            evaluation=wanted.get("evaluation"),
            by=actor(request),
        )
        address = reverse("api_audit_run", args=[run.pk])
        return Response(selectors.run_shape(run), status=202, headers={"Location": address})


class AuditRunDetail(ApiView):
    """GET audit-runs/{id}."""

    permission_classes = (HasScope("audits:run"),)

    @extend_schema(operation_id="audit_run", responses={200: AuditRunShape}, tags=["audits"])
    def get(self, request: Request, run_id: uuid.UUID) -> Response:
        """A run: state and progress while it is open; verdict, checks, figures and digest once it is done."""
        run = get_object_or_404(selectors.visible_runs(request.user), pk=run_id)
        return with_etag(request, selectors.run_shape(run))


class AuditRunMisses(ApiView):
    """GET audit-runs/{id}/misses."""

    permission_classes = (HasScope("audits:run"),)

    @extend_schema(
        operation_id="audit_run_misses",
        parameters=[OpenApiParameter("after", str, description="`next` of the page before")],
        responses={200: AuditMissPage},
        tags=["audits"],
    )
    def get(self, request: Request, run_id: uuid.UUID) -> Response:
        """Every miss of a complete count, in the order of time, as the data are now."""
        run = get_object_or_404(selectors.visible_runs(request.user), pk=run_id)
        require(request.user, misses.reading(request.user), run.system)
        if not misses.are_listed(run):
            raise Http404
        try:
            mark = misses.mark_of(request.query_params.get("after", ""))
        except ValueError as error:
            message = N_("This is not the place where a page ended.")
            raise Invalid([{"field": "after", "code": "invalid", "message": message}]) from error
        found = misses.after(run, mark, misses.AT_ONCE + 1)
        page = found[: misses.AT_ONCE]
        more = misses.token(page[-1]) if len(found) > len(page) else None
        return Response({"next": more, "items": AuditMiss(page, many=True).data})


class AuditPlanDetail(ApiView):
    """GET and PUT systems/{slug}/audits/{kind}/plan."""

    permission_classes = (HasScope("audits:run"),)

    @extend_schema(operation_id="audit_plan", responses={200: AuditPlanShape}, tags=["audits"])
    def get(self, request: Request, slug: str, kind: str) -> Response:
        """The targets in force and the rhythm."""
        _known(kind)
        system = register.get(request.user, slug, selectors.reading(request.user))
        return with_etag(request, selectors.plan_shape(system, kind))

    @extend_schema(
        operation_id="audit_plan_set",
        request=AuditPlanRequest,
        responses={200: AuditPlanShape},
        tags=["audits"],
    )
    @idempotent
    def put(self, request: Request, slug: str, kind: str) -> Response:
        """Set the targets before the next run: a new version of the plan."""
        _known(kind)
        system = register.get(request.user, slug)
        require(request.user, "run_audits", system)
        shape = AuditPlanRequest(data=request.data)
        shape.is_valid(raise_exception=True)
        services.plan_audit(system=system, kind=kind, by=actor(request), **shape.validated_data)
        return Response(selectors.plan_shape(system, kind))
