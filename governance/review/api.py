"""Data flows, requests and votes over REST; the same services as the pages."""

import uuid
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry import selectors as registry
from governance.registry.serializers import (
    FlowShape,
    FlowWrite,
    flow_shape,
    page_of,
)
from governance.registry.services import person
from governance.review import changes, selectors, services
from governance.review.models import DeploymentRequest
from governance.review.serializers import RequestShape, RequestWrite, VoteReceipt, VoteWrite, request_shape
from governance.screening import selectors as screenings
from portal.access.selectors import require
from portal.errors import N_, Invalid
from portal.web.endpoint import PAGED, ApiView
from portal.web.rest import HasScope, actor, idempotent, nothing_in, paged, with_etag

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


class Requests(ApiView):
    """GET and POST requests."""

    permission_classes = READ
    cursor_ordering = ("-created_at", "pk")
    queries = PAGED

    @extend_schema(operation_id="request_list", responses={200: page_of(RequestShape)}, tags=["review"])
    def get(self, request: Request) -> Response:
        """The requests that you may see, the newest first, by pages."""
        rows = selectors.visible_requests(request.user).select_related("system", "version", "board")
        today = timezone.now().date()
        return paged(request, self, rows, lambda row: request_shape(row, today))

    @extend_schema(
        operation_id="request_add", request=RequestWrite, responses={201: RequestShape}, tags=["review"]
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Draft a request for a deployment."""
        shape = RequestWrite(data=request.data)
        shape.is_valid(raise_exception=True)
        values: dict[str, Any] = dict(shape.validated_data)
        system = registry.get(request.user, values.pop("system"))
        require(request.user, "request_deployment", system)
        values["version"] = _named(
            system.versions.filter(name=values["version"]), "version", [values["version"]]
        )[0]
        values["flows"] = _named(system.flows.filter(slug__in=values["flows"]), "flows", values["flows"])
        if "board" in values:
            found = selectors.boards_for(system).filter(pk=values["board"])
            values["board"] = _named(found, "board", [values["board"]])[0]
        made = services.create_request(system=system, by=person(actor(request)), **values)
        address = reverse("api_request", args=[made.pk])
        return Response(request_shape(made, timezone.now().date()), status=201, headers={"Location": address})


def _named(rows: Any, field: str, wanted: list[Any]) -> list[Any]:
    """The rows, if all that were named are there; raises Invalid otherwise."""
    found = list(rows)
    if len(found) != len(set(wanted)):
        raise Invalid([{"field": field, "code": "unknown", "message": N_("This system has no such entry.")}])
    return found


def _find(request: Request, pk: uuid.UUID) -> DeploymentRequest:
    rows = selectors.visible_requests(request.user).select_related("system__unit", "version", "board")
    return get_object_or_404(rows, pk=pk)


class RequestOne(ApiView):
    """GET requests/{id}."""

    permission_classes = READ

    @extend_schema(operation_id="request", responses={200: RequestShape}, tags=["review"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """One request; votes are empty until the vote closes."""
        return with_etag(request, request_shape(_find(request, pk), timezone.now().date()))


class RequestSubmission(ApiView):
    """POST requests/{id}/submit."""

    permission_classes = READ

    @extend_schema(
        operation_id="request_submit", request=None, responses={200: RequestShape}, tags=["review"]
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Hand a complete file to the board."""
        nothing_in(request)
        found = services.submit(request=_find(request, pk), by=person(actor(request)))
        return Response(request_shape(found, timezone.now().date()))


class Votes(ApiView):
    """POST requests/{id}/votes."""

    permission_classes = READ

    @extend_schema(operation_id="vote", request=VoteWrite, responses={201: VoteReceipt}, tags=["review"])
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Vote for your seat, once, with a reason."""
        shape = VoteWrite(data=request.data)
        shape.is_valid(raise_exception=True)
        found = _find(request, pk)
        vote = services.cast_vote(request=found, by=person(actor(request)), **shape.validated_data)
        receipt = {"id": vote.pk, "seat": vote.seat.discipline, "cast_at": vote.cast_at}
        return Response({**receipt, "request_state": found.state}, status=201)
