"""Legal outcomes over REST."""

import uuid

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry import selectors as registry
from governance.screening import services
from governance.screening.models import Screening
from governance.screening.serializers import ScreeningShape, screening_shape
from portal.access.selectors import require
from portal.web.endpoint import ApiView
from portal.web.rest import HasScope, actor, idempotent, nothing_in, with_etag


class Screenings(ApiView):
    """GET systems/{slug}/screenings."""

    permission_classes = (HasScope("register:read"),)

    @extend_schema(operation_id="screening_list", responses={200: ScreeningShape(many=True)}, tags=["law"])
    def get(self, request: Request, slug: str) -> Response:
        """The current legal outcome of each data flow of a system."""
        system = registry.get(request.user, slug)
        rows = Screening.objects.filter(flow__system=system, superseded_at__isnull=True).select_related(
            "flow"
        )
        return with_etag(request, [screening_shape(row) for row in rows.order_by("flow__slug")])


class ScreeningSignature(ApiView):
    """POST screenings/{id}/sign."""

    permission_classes = (HasScope("register:read"),)

    @extend_schema(operation_id="screening_sign", request=None, responses={200: ScreeningShape}, tags=["law"])
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Sign a legal outcome as a person who may."""
        nothing_in(request)
        rows = Screening.objects.filter(flow__system__in=registry.visible(request.user))
        screening = get_object_or_404(rows.select_related("flow__system"), pk=pk)
        require(request.user, "sign_screening", screening.flow.system)
        return Response(screening_shape(services.sign(screening=screening, by=actor(request))))
