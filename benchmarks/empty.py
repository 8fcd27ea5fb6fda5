"""The addresses of the portal and one more: a call that asks for a key and then does nothing."""

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from portal.urls import urlpatterns as portal
from portal.web.endpoint import ApiView
from portal.web.rest import HasScope


class Empty(ApiView):
    """POST empty."""

    permission_classes = (HasScope("decisions:read"),)

    def post(self, request: Request) -> Response:
        """Nothing."""
        return Response({})


urlpatterns = [
    path("api/v1/empty", Empty.as_view()),
    *portal,
]  # first: found as soon as the calls of the gate
handler404 = "portal.web.errors.not_found"
