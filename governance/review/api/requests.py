"""Requests, their board paper, rounds and votes over REST; the same services as the pages."""

import uuid
from typing import Any

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry import selectors as registry
from governance.registry.serializers import page_of
from governance.registry.services import person
from governance.review import selectors, services, shapes
from governance.review import serializers as bodies
from governance.review.api.acts import READ, act, body, find_request, flows_of, named, today
from governance.review.board_shapes import PaperShape, paper_shape
from governance.review.models import DeploymentRequest, Recusal
from governance.review.paper import one_page
from governance.review.shapes import RequestShape
from portal.access.selectors import require
from portal.web.endpoint import PAGED, ApiView
from portal.web.rest import actor, idempotent, paged, with_etag


def _shape(request: DeploymentRequest) -> dict[str, Any]:
    return shapes.request_shape(request, today())


class Requests(ApiView):
    """GET and POST requests."""

    permission_classes = READ
    cursor_ordering = ("-created_at", "pk")
    queries = PAGED

    @extend_schema(operation_id="request_list", responses={200: page_of(RequestShape)}, tags=["review"])
    def get(self, request: Request) -> Response:
        """The requests that you may see, the newest first, by pages."""
        rows = selectors.visible_requests(request.user)
        rows = rows.select_related("system", "version", "board", "earlier", "reinstates", "deployment")
        return paged(request, self, rows, _shape)

    @extend_schema(
        operation_id="request_add",
        request=bodies.RequestWrite,
        responses={201: RequestShape},
        tags=["review"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Draft a request for a deployment."""
        values = body(request, bodies.RequestWrite)
        system = registry.get(request.user, values.pop("system"))
        require(request.user, "request_deployment", system)
        versions = system.versions.filter(name=values["version"])
        values["version"] = named(versions, "version", [values["version"]])[0]
        values["flows"] = flows_of(system, values["flows"])
        if "board" in values:
            found = selectors.boards_for(system).filter(pk=values["board"])
            values["board"] = named(found, "board", [values["board"]])[0]
        if "earlier" in values:
            earlier = selectors.visible_requests(request.user).filter(system=system, pk=values["earlier"])
            values["earlier"] = named(earlier, "earlier", [values["earlier"]])[0]
        made = services.create_request(system=system, by=person(actor(request)), **values)
        address = reverse("api_request", args=[made.pk])
        return Response(_shape(made), status=201, headers={"Location": address})


class RequestOne(ApiView):
    """GET and PATCH requests/{id}."""

    permission_classes = READ

    @extend_schema(operation_id="request", responses={200: RequestShape}, tags=["review"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """One request; votes of a round are empty until it ends."""
        return with_etag(request, _shape(find_request(request, pk)))

    @extend_schema(
        operation_id="request_change",
        request=bodies.RequestChange,
        responses={200: RequestShape},
        tags=["review"],
    )
    @idempotent
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        """Change a draft or a returned request of your own."""
        found = find_request(request, pk)
        values = body(request, bodies.RequestChange)
        if "version" in values:
            versions = found.system.versions.filter(name=values["version"])
            values["version"] = named(versions, "version", [values["version"]])[0]
        if "flows" in values:
            values["flows"] = flows_of(found.system, values["flows"])
        expected = values.pop("row_version")
        changed = services.revise_request(
            request=found, by=person(actor(request)), expected_version=expected, **values
        )
        return Response(_shape(changed))


def _recuse(*, request: DeploymentRequest, by: Any, reason: str) -> Recusal:
    return services.recuse(request=request, by=by, reason=reason)


def _round(round_: Any) -> dict[str, Any]:
    return shapes.round_shape(round_)


RequestSubmission = act(
    "request_submit", find_request, services.submit, None, RequestShape, _shape,
    argument="request", summary="Hand a complete file to the board.",
)  # fmt: skip
RequestResubmission = act(
    "request_resubmit", find_request, services.resubmit, bodies.AnswerWrite, RequestShape, _shape,
    argument="request", summary="Answer the board: a new round begins, the one before stays as it was.",
)  # fmt: skip
RequestReturn = act(
    "request_return", find_request, services.return_request, bodies.QuestionsWrite, RequestShape, _shape,
    argument="request", summary="Send a request back with questions: the round ends.",
)  # fmt: skip
RequestWithdrawal = act(
    "request_withdraw", find_request, services.withdraw, bodies.ActReasonWrite, RequestShape, _shape,
    argument="request", summary="Take a request of your own back.",
)  # fmt: skip
RequestClosing = act(
    "request_close", find_request, services.close_vote, None, RequestShape, _shape,
    argument="request", summary="Close a vote whose quorum is in, by the chair.",
)  # fmt: skip
RequestExtension = act(
    "request_extend", find_request, services.extend_vote, bodies.ExtendWrite, shapes.RoundShape, _round,
    argument="request", summary="Leave a vote open longer, by the chair.",
)  # fmt: skip
RequestRecusal = act(
    "request_recuse", find_request, _recuse, bodies.ActReasonWrite, RequestShape, lambda made: _shape(made.request),
    argument="request", summary="Declare a conflict of interest; the deputy of your seat steps in.", status=201,
)  # fmt: skip
RequestReport = act(
    "request_report", find_request, services.report_delegated, bodies.MeetingWrite, RequestShape, _shape,
    argument="request", summary="Note in which meeting the board was told of a delegated decision.",
)  # fmt: skip


class Rounds(ApiView):
    """GET requests/{id}/rounds."""

    permission_classes = READ

    @extend_schema(operation_id="round_list", responses={200: shapes.RoundShape(many=True)}, tags=["review"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """Every round of a request with its content, digest, recusals and, once it ended, its votes."""
        rows = find_request(request, pk).rounds.prefetch_related(
            "votes__seat", "votes__round", "recusals__seat"
        )
        return with_etag(request, [shapes.round_shape(row) for row in rows])


class Votes(ApiView):
    """POST requests/{id}/votes."""

    permission_classes = READ

    @extend_schema(
        operation_id="vote", request=bodies.VoteWrite, responses={201: bodies.VoteReceipt}, tags=["review"]
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Vote for your seat, once a round, with a reason."""
        found = find_request(request, pk)
        values = body(request, bodies.VoteWrite)
        vote = services.cast_vote(request=found, by=person(actor(request)), **values)
        receipt = {"id": vote.pk, "seat": vote.seat.discipline, "cast_at": vote.cast_at}
        return Response({**receipt, "request_state": found.state}, status=201)


class Paper(ApiView):
    """GET requests/{id}/paper."""

    permission_classes = READ

    @extend_schema(operation_id="request_paper", responses={200: PaperShape}, tags=["review"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """The board paper: what is read of whom, the law, who was consulted, alternatives, doubts, the question."""
        found = find_request(request, pk)
        return with_etag(request, paper_shape(found, one_page(found, timezone.now())))
