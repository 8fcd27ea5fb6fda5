"""The register over REST."""

from typing import Any

from django.contrib.auth import get_user_model
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry import selectors, services
from governance.registry.serializers import SystemShape, SystemWrite, page_of, system_shape
from portal.access.selectors import units_with
from portal.errors import N_, Invalid
from portal.web.endpoint import PAGED, ApiView
from portal.web.rest import HasScope, actor, idempotent, paged, with_etag


class Systems(ApiView):
    """GET and POST systems."""

    permission_classes = (HasScope("register:read"),)
    cursor_ordering = ("slug",)
    queries = PAGED

    @extend_schema(operation_id="system_list", responses={200: page_of(SystemShape)}, tags=["register"])
    def get(self, request: Request) -> Response:
        """The systems that you may see, by pages."""
        rows = selectors.visible(request.user).select_related("unit").prefetch_related("versions", "flows")
        return paged(request, self, rows, system_shape)

    @extend_schema(
        operation_id="system_register", request=SystemWrite, responses={201: SystemShape}, tags=["register"]
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Register a system; a person with the permission in its unit."""
        shape = SystemWrite(data=request.data)
        shape.is_valid(raise_exception=True)
        values: dict[str, Any] = dict(shape.validated_data)
        by = services.person(actor(request))
        values["unit"] = _unit(by, values["unit"])
        values["owner"] = _owner(values.pop("owner", None)) or by
        system = services.register_system(by=by, **values)
        address = reverse("api_system", args=[system.slug])
        return Response(system_shape(system), status=201, headers={"Location": address})


def _unit(by: Any, slug: str) -> Any:
    """The unit of that short name in which `by` may register; Http404 without one, Invalid where several have it."""
    found = list(units_with(by, "edit_register").filter(slug=slug)[:2])
    if not found:
        raise Http404
    if len(found) > 1:
        message = N_("Several units have this short name. Register the system on the page instead.")
        raise Invalid([{"field": "unit", "code": "ambiguous", "message": message}])
    return found[0]


def _owner(email: str | None) -> Any:
    if email is None:
        return None
    found = get_user_model().objects.filter(email__iexact=email, is_active=True).first()
    if found is None:
        raise Invalid([{"field": "owner", "code": "unknown", "message": N_("There is no such person.")}])
    return found


class SystemOne(ApiView):
    """GET systems/{slug}."""

    permission_classes = (HasScope("register:read"),)

    @extend_schema(operation_id="system", responses={200: SystemShape}, tags=["register"])
    def get(self, request: Request, slug: str) -> Response:
        """One system with its versions and data flows."""
        return with_etag(request, system_shape(selectors.get(request.user, slug)))
