"""The feed of stops, and a system's word that it stopped."""

import uuid

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry import selectors as register
from governance.stops import selectors, services
from governance.stops.models import Stop
from governance.stops.serializers import AcknowledgeWrite, FeedShape, StopShape, stop_shape
from portal.access.selectors import require
from portal.errors import N_, Invalid
from portal.web.endpoint import ApiView
from portal.web.rest import HasScope, actor, idempotent, with_etag

PART = 500
HIGHEST = 2**63 - 1


class Stops(ApiView):
    """GET systems/{slug}/stops."""

    permission_classes = (HasScope("decisions:read"),)
    queries = (
        OpenApiParameter(
            "after",
            {"type": "integer", "minimum": 0, "maximum": HIGHEST, "default": 0},
            description="The number of the last stop that you have.",
        ),
    )

    @extend_schema(operation_id="stop_feed", responses={200: FeedShape}, tags=["consent"])
    def get(self, request: Request, slug: str) -> Response:
        """Every stop of a system after a number, in order and without gaps: what a missed webhook said stands here."""
        system = register.get(request.user, slug)
        require(request.user, "view_consent", system)
        after = _number(request.query_params.get("after", "0"))
        rows = list(selectors.feed(system, after)[: PART + 1])
        part = [stop_shape(row) for row in rows[:PART]]
        last = part[-1]["number"] if part else after
        return with_etag(request, {"stops": part, "last": last, "more": len(rows) > PART})


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20) or int(text) > HIGHEST:
        message = N_("Give a whole number from 0 on.")
        raise Invalid([{"field": "after", "code": "invalid", "message": message}])
    return int(text)


class Acknowledge(ApiView):
    """POST stops/{id}/acknowledge."""

    permission_classes = (HasScope("stops:write"),)

    @extend_schema(
        operation_id="stop_acknowledge",
        request=AcknowledgeWrite,
        responses={
            200: StopShape,
            409: OpenApiResponse(description="Confirmed before with another time, or a time that cannot be"),
        },
        tags=["consent"],
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """The system confirms that processing stopped, and when; said again it changes nothing."""
        rows = Stop.objects.filter(system__in=register.visible(request.user)).select_related("system__unit")
        stop = get_object_or_404(rows, pk=pk)
        require(request.user, "import_data", stop.system)
        body = AcknowledgeWrite(data=request.data)
        body.is_valid(raise_exception=True)
        made = services.acknowledge(
            stop=stop, stopped_at=body.validated_data["stopped_at"], by=actor(request)
        )
        return Response(stop_shape(made))
