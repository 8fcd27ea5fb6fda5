"""Boards over REST; the same services as the pages."""

import uuid
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry.services import person
from governance.review import boards, selectors, shapes
from governance.review import serializers as bodies
from governance.review.api.acts import READ, body, today
from governance.review.models import Board
from portal.access.selectors import can
from portal.web.endpoint import ApiView
from portal.web.rest import actor, idempotent, with_etag


def _rows(request: Request) -> QuerySet[Board]:
    return selectors.visible_boards(request.user).prefetch_related("rules", "seats__memberships")


def _shape(request: Request, board: Board) -> dict[str, Any]:
    return shapes.board_shape(board, today(), can(request.user, "view_review", board.unit))


class Boards(ApiView):
    """GET boards."""

    permission_classes = READ

    @extend_schema(operation_id="board_list", responses={200: shapes.BoardShape(many=True)}, tags=["review"])
    def get(self, request: Request) -> Response:
        """The boards that decide on what you may see."""
        return with_etag(request, [_shape(request, row) for row in _rows(request)])


class BoardOne(ApiView):
    """GET and PATCH boards/{id}."""

    permission_classes = READ

    @extend_schema(operation_id="board", responses={200: shapes.BoardShape}, tags=["review"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """One board: settings, rules per class of risk, seats."""
        return with_etag(request, _shape(request, get_object_or_404(_rows(request), pk=pk)))

    @extend_schema(
        operation_id="board_change",
        request=bodies.BoardSettings,
        responses={200: shapes.BoardShape},
        tags=["review"],
    )
    @idempotent
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        """Change how a board works, with a reason."""
        board = get_object_or_404(_rows(request), pk=pk)
        values = body(request, bodies.BoardSettings)
        boards.change_board(board=board, by=person(actor(request)), **values)
        return Response(_shape(request, _rows(request).get(pk=pk)))


class BoardRules(ApiView):
    """PUT boards/{id}/rules."""

    permission_classes = READ

    @extend_schema(
        operation_id="board_rule_set",
        request=bodies.BoardRuleWrite,
        responses={200: shapes.BoardShape},
        tags=["review"],
    )
    @idempotent
    def put(self, request: Request, pk: uuid.UUID) -> Response:
        """Set quorum, majority and required disciplines for one class of risk, with a reason."""
        board = get_object_or_404(_rows(request), pk=pk)
        values = body(request, bodies.BoardRuleWrite)
        boards.set_rule(board=board, by=person(actor(request)), **values)
        return Response(_shape(request, _rows(request).get(pk=pk)))
