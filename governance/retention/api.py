"""What a system keeps how long, over REST."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry import selectors as register
from governance.retention import selectors
from governance.retention.serializers import RetentionShape, retention_shape
from portal.access.selectors import require
from portal.web.endpoint import ApiView
from portal.web.rest import HasScope, with_etag

LATEST = 500


class Retention(ApiView):
    """GET systems/{slug}/retention."""

    permission_classes = (HasScope("consent:read"),)

    @extend_schema(operation_id="retention", responses={200: RetentionShape}, tags=["consent"])
    def get(self, request: Request, slug: str) -> Response:
        """Limits with what is past them now, and the latest 500 certificates of what went."""
        system = register.get(request.user, slug)
        require(request.user, "view_consent", system)
        found = selectors.plan(system, timezone.now().date())
        gone = list(selectors.retained(system)[:LATEST])
        return with_etag(request, retention_shape(system.slug, found, selectors.standing(found), gone))
