"""Conditions, deployments and works-council records over REST; the same services as the pages."""

import uuid
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry import selectors as registry
from governance.registry.serializers import page_of
from governance.registry.services import person
from governance.review import selectors, services, shapes
from governance.review import serializers as bodies
from governance.review.api.acts import READ, act, body, find_deployment, flows_of, today
from governance.review.council_shapes import CouncilShape, council_shape, councils_with_all
from governance.review.models import Condition, ConditionEvidence, CouncilRecord, Deployment
from portal.access.selectors import require
from portal.web.endpoint import PAGED, ApiView
from portal.web.rest import actor, idempotent, paged, with_etag


def _find_condition(request: Request, pk: uuid.UUID) -> Condition:
    rows = Condition.objects.filter(request__in=selectors.visible_requests(request.user))
    return get_object_or_404(rows.select_related("request__system__unit", "request__version"), pk=pk)


def _of_evidence(made: ConditionEvidence) -> dict[str, Any]:
    return shapes.condition_shape(made.condition)


EvidenceAdd = act(
    "condition_evidence", _find_condition, services.hand_in, bodies.EvidenceWrite, shapes.ConditionShape,
    _of_evidence, argument="condition", summary="Hand in what shows that a condition is met.", status=201,
)  # fmt: skip
ConditionAccept = act(
    "condition_accept", _find_condition, services.accept_condition, bodies.AcceptWrite, shapes.ConditionShape,
    shapes.condition_shape, argument="condition", summary="Accept the evidence, by the seat named.",
)  # fmt: skip
ConditionSendBack = act(
    "condition_send_back", _find_condition, services.send_back_condition, bodies.ActReasonWrite,
    shapes.ConditionShape, shapes.condition_shape, argument="condition",
    summary="Send the evidence back with a reason: the condition is open again.",
)  # fmt: skip
DeploymentSuspension = act(
    "deployment_suspend", find_deployment, services.suspend, bodies.ActReasonWrite, shapes.DeploymentShape,
    shapes.deployment_shape, argument="deployment", summary="Stop a deployment at once, by any overseer.",
)  # fmt: skip


class Deployments(ApiView):
    """GET deployments."""

    permission_classes = READ
    cursor_ordering = ("-valid_from", "pk")
    queries = (*PAGED, OpenApiParameter("system", str, description="Short name: of this system alone."))

    @extend_schema(
        operation_id="deployment_list", responses={200: page_of(shapes.DeploymentShape)}, tags=["review"]
    )
    def get(self, request: Request) -> Response:
        """The deployments that you may see, the newest first, by pages: flows, version, digest, state, validity."""
        rows = shapes.deployments_with_all(selectors.visible_deployments(request.user))
        if "system" in request.query_params:
            rows = rows.filter(system__slug=request.query_params["system"])
        return paged(request, self, rows, shapes.deployment_shape)


class FlowSuspension(ApiView):
    """POST deployments/{id}/flows/{slug}/suspend."""

    permission_classes = READ

    @extend_schema(
        operation_id="deployment_flow_suspend",
        request=bodies.ActReasonWrite,
        responses={200: shapes.DeploymentShape},
        tags=["review"],
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID, flow: str) -> Response:
        """Stop one data flow at once, by any overseer; the others go on."""
        values = body(request, bodies.ActReasonWrite)
        deployment = find_deployment(request, pk)
        found = get_object_or_404(deployment.flows.select_related("system__unit"), slug=flow)
        services.suspend_flow(flow=found, by=person(actor(request)), waiting=True, **values)
        deployment.refresh_from_db()
        return Response(shapes.deployment_shape(deployment))


class DeploymentOne(ApiView):
    """GET deployments/{id}."""

    permission_classes = READ

    @extend_schema(operation_id="deployment", responses={200: shapes.DeploymentShape}, tags=["review"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """One deployment: its state and until when it is valid."""
        return with_etag(request, shapes.deployment_shape(find_deployment(request, pk)))


class Reinstatements(ApiView):
    """POST deployments/{id}/reinstatement."""

    permission_classes = READ

    @extend_schema(
        operation_id="reinstatement_add",
        request=bodies.ReinstateWrite,
        responses={201: shapes.RequestShape},
        tags=["review"],
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Draft the request that asks the board to put back what was stopped."""
        deployment: Deployment = find_deployment(request, pk)
        values = body(request, bodies.ReinstateWrite)
        if "flows" in values:
            values["flows"] = flows_of(deployment.system, values["flows"])
        made = services.ask_reinstatement(deployment=deployment, by=person(actor(request)), **values)
        address = reverse("api_request", args=[made.pk])
        return Response(shapes.request_shape(made, today()), status=201, headers={"Location": address})


class Councils(ApiView):
    """GET and POST systems/{slug}/works-council."""

    permission_classes = READ

    @extend_schema(operation_id="council_list", responses={200: CouncilShape(many=True)}, tags=["review"])
    def get(self, request: Request, slug: str) -> Response:
        """The works-council records of a system, the newest first."""
        system = registry.get(request.user, slug, "view_review")
        rows = councils_with_all(system.council_records.all())
        return with_etag(request, [council_shape(row) for row in rows])

    @extend_schema(
        operation_id="council_add",
        request=bodies.CouncilWrite,
        responses={201: CouncilShape},
        tags=["review"],
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Record that the works council was informed and asked, with which documents."""
        system = registry.get(request.user, slug, "view_review")
        require(request.user, "request_deployment", system)
        values = body(request, bodies.CouncilWrite)
        values["flows"] = flows_of(system, values["flows"])
        made = services.ask_council(system=system, by=person(actor(request)), **values)
        return Response(council_shape(made), status=201)


def _find_council(request: Request, pk: uuid.UUID) -> CouncilRecord:
    rows = selectors.visible_councils(request.user).select_related("system__unit")
    return get_object_or_404(rows, pk=pk)


CouncilAnswers = act(
    "council_answer", _find_council, services.answer_council, bodies.CouncilAnswerWrite, CouncilShape,
    council_shape, argument="council", summary="Record the answer; what may go live goes live.", status=201,
)  # fmt: skip
