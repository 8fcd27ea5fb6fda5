"""Data flows over REST; the same services as the pages."""

import uuid
from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry import selectors as registry
from governance.registry.models import DataFlow, System
from governance.registry.serializers import FlowShape, FlowWrite, flow_shape
from governance.review import changes, services
from governance.screening import selectors as screenings
from governance.screening.models import Screening
from governance.screening.serializers import ScreeningShape, screening_shape
from portal.access.selectors import can, require
from portal.web.endpoint import ApiView
from portal.web.rest import HasScope, actor, idempotent, nothing_in, with_etag

READ = (HasScope("register:read"),)


class Flows(ApiView):
    """GET and POST systems/{slug}/flows."""

    permission_classes = READ

    @extend_schema(operation_id="flow_list", responses={200: FlowShape(many=True)}, tags=["register"])
    def get(self, request: Request, slug: str) -> Response:
        """The data flows of a system with their legal outcomes."""
        flows = list(registry.get(request.user, slug).flows.select_related("system"))
        current = screenings.current_of(flows)
        return with_etag(request, [_shape(flow, current.get(flow.pk)) for flow in flows])

    @extend_schema(operation_id="flow_add", request=FlowWrite, responses={201: FlowShape}, tags=["register"])
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Describe a data flow; it is screened at once."""
        system = registry.get(request.user, slug)
        require(request.user, "edit_register", system)
        shape = FlowWrite(data=request.data)
        shape.is_valid(raise_exception=True)
        flow = changes.add_flow(system=system, by=actor(request), **shape.validated_data)
        return Response(_shape(flow, screenings.current(flow)), status=201)


class FlowScreening(ApiView):
    """POST systems/{slug}/flows/{flow}/screening."""

    permission_classes = READ

    @extend_schema(operation_id="flow_screen", request=None, responses={200: ScreeningShape}, tags=["law"])
    @idempotent
    def post(self, request: Request, slug: str, flow: str) -> Response:
        """Screen a data flow by the rules of today; the screening as it was where nothing changed.

        For those who describe flows or sign outcomes. An outcome that got worse opens a finding; what became
        prohibited stops at once; a request in review that rests on another screening leaves the board.
        """
        nothing_in(request)
        system = registry.get(request.user, slug)
        _may_screen(request, system)
        found = get_object_or_404(system.flows.select_related("system"), slug=flow)
        return Response(screening_shape(changes.rescreen(flow=found, by=actor(request))))


class SystemScreening(ApiView):
    """POST systems/{slug}/screening."""

    permission_classes = READ

    @extend_schema(
        operation_id="system_screen", request=None, responses={200: ScreeningShape(many=True)}, tags=["law"]
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Screen every data flow of a system by the rules of today, all or none; the outcomes by short name."""
        nothing_in(request)
        system = registry.get(request.user, slug)
        _may_screen(request, system)
        with transaction.atomic():
            flows = system.flows.select_related("system").order_by("slug")
            rows = [changes.rescreen(flow=flow, by=actor(request)) for flow in flows]
        return Response([screening_shape(row) for row in rows])


class ScreeningSignature(ApiView):
    """POST screenings/{id}/sign."""

    permission_classes = READ

    @extend_schema(operation_id="screening_sign", request=None, responses={200: ScreeningShape}, tags=["law"])
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Sign a legal outcome as a person who may; again before it ends, to renew it for twelve months."""
        nothing_in(request)
        rows = Screening.objects.filter(flow__system__in=registry.visible(request.user))
        screening = get_object_or_404(rows.select_related("flow__system"), pk=pk)
        require(request.user, "sign_screening", screening.flow.system)
        return Response(screening_shape(services.sign_screening(screening=screening, by=actor(request))))


def _may_screen(request: Request, system: System) -> None:
    if not can(request.user, "sign_screening", system):
        require(request.user, "edit_register", system)


def _shape(flow: DataFlow, screening: Screening | None) -> dict[str, Any]:
    signature = screenings.signature_of(screening, flow, timezone.localdate())
    return flow_shape(flow, screening.outcome if screening else None, signature.value)
