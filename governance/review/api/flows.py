"""Data flows over REST; the same services as the pages."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry import selectors as registry
from governance.registry.serializers import FlowShape, FlowWrite, flow_shape
from governance.review import changes
from governance.screening import selectors as screenings
from portal.access.selectors import require
from portal.web.endpoint import ApiView
from portal.web.rest import HasScope, actor, idempotent, with_etag

READ = (HasScope("register:read"),)


class Flows(ApiView):
    """GET and POST systems/{slug}/flows."""

    permission_classes = READ

    @extend_schema(operation_id="flow_list", responses={200: FlowShape(many=True)}, tags=["register"])
    def get(self, request: Request, slug: str) -> Response:
        """The data flows of a system with their legal outcomes."""
        flows = list(registry.get(request.user, slug).flows.all())
        current = screenings.current_of(flows)
        outcomes = {pk: screening.outcome for pk, screening in current.items()}
        return with_etag(request, [flow_shape(flow, outcomes.get(flow.pk)) for flow in flows])

    @extend_schema(operation_id="flow_add", request=FlowWrite, responses={201: FlowShape}, tags=["register"])
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Describe a data flow; it is screened at once."""
        system = registry.get(request.user, slug)
        require(request.user, "edit_register", system)
        shape = FlowWrite(data=request.data)
        shape.is_valid(raise_exception=True)
        flow = changes.add_flow(system=system, by=actor(request), **shape.validated_data)
        screening = screenings.current(flow)
        return Response(flow_shape(flow, screening.outcome if screening else None), status=201)
