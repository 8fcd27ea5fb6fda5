"""What the calls of review share: find what the caller may see, check the body, call one service, answer."""

import uuid
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from governance.registry.models import DataFlow, System
from governance.registry.services import person
from governance.review import selectors
from governance.review.models import Deployment, DeploymentRequest
from portal.errors import N_, Invalid
from portal.web.endpoint import ApiView
from portal.web.rest import HasScope, actor, idempotent, nothing_in

READ = (HasScope("register:read"),)


def find_request(request: Request, pk: uuid.UUID) -> DeploymentRequest:
    """The request for this caller, or Http404."""
    rows = selectors.visible_requests(request.user)
    return get_object_or_404(
        rows.select_related("system__unit", "version", "board", "earlier", "reinstates"), pk=pk
    )


def find_deployment(request: Request, pk: uuid.UUID) -> Deployment:
    """The deployment for this caller, or Http404."""
    rows = selectors.visible_deployments(request.user)
    return get_object_or_404(rows.select_related("system__unit", "version", "request__board"), pk=pk)


def named(rows: QuerySet[Any], field: str, wanted: list[Any]) -> list[Any]:
    """The rows, if all that were named are there; raises Invalid otherwise."""
    found = list(rows)
    if len(found) != len(set(wanted)):
        raise Invalid([{"field": field, "code": "unknown", "message": N_("This system has no such entry.")}])
    return found


def flows_of(system: System, slugs: list[str]) -> list[DataFlow]:
    """The flows that were named."""
    return named(system.flows.select_related("system").filter(slug__in=slugs), "flows", slugs)


def body(request: Request, shape: type[Serializer[Any]]) -> dict[str, Any]:
    """The checked body; raises ValidationError."""
    checked = shape(data=request.data)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def act(
    name: str,
    find: Callable[[Request, uuid.UUID], Any],
    call: Callable[..., Any],
    takes: type[Serializer[Any]] | None,
    gives: type[Serializer[Any]],
    shape: Callable[[Any], dict[str, Any]],
    *,
    summary: str,
    argument: str,
    status: int = 200,
) -> type[ApiView]:
    """A view of one act: POST a body, call one service on the thing of the address, answer with its shape."""

    class _Act(ApiView):
        permission_classes = READ

        @extend_schema(
            operation_id=name, summary=summary, request=takes, responses={status: gives}, tags=["review"]
        )
        @idempotent
        def post(self, request: Request, pk: uuid.UUID) -> Response:
            # the shape first: what is no request at all is refused alike, whatever it is about
            if takes is None:
                nothing_in(request)
            values = body(request, takes) if takes else {}
            thing = find(request, pk)
            done = call(**{argument: thing}, by=person(actor(request)), **values)
            return Response(shape(done), status=status)

    _Act.__doc__ = summary
    return _Act


def today() -> Any:
    """The day of now, UTC."""
    return timezone.now().date()
