"""Legal outcomes over REST."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry import selectors as registry
from governance.screening.models import Screening
from governance.screening.serializers import ScreeningShape, screening_shape
from portal.web.endpoint import ApiView
from portal.web.rest import HasScope, with_etag


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
