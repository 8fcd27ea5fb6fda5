"""Boards, seats and members over REST; the same services as the pages."""

import uuid
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry.services import person
from governance.review import boards, selectors, terms
from governance.review import serializers as bodies
from governance.review.api.acts import READ, act, body, today
from governance.review.board_shapes import BoardShape, SeatShape, board_shape, seat_shape
from governance.review.models import Board, Membership, Seat
from portal.access.selectors import can, require, units_with
from portal.accounts.models import Unit
from portal.errors import N_, Invalid
from portal.web.endpoint import ApiView
from portal.web.locks import based_on, names_its_state, precondition
from portal.web.rest import actor, idempotent, with_etag


def _rows(request: Request) -> QuerySet[Board]:
    return selectors.visible_boards(request.user).prefetch_related("rules", "seats__memberships")


def _shape(request: Request, board: Board) -> dict[str, Any]:
    return board_shape(board, today(), can(request.user, "view_review", board.unit))


def _answer(request: Request, pk: uuid.UUID) -> Response:
    board = get_object_or_404(_rows(request), pk=pk)
    return with_etag(request, _shape(request, board), version=board.row_version)


def _managed(request: Request, pk: uuid.UUID) -> Board:
    """The board, for who manages it."""
    board = get_object_or_404(_rows(request), pk=pk)
    require(request.user, "manage_board", board.unit)
    return board


def _unit(user: Any, name: str) -> Unit:
    wanted = {"path": name} if name.startswith("/") else {"slug": name}
    found = list(units_with(user, "manage_board").filter(**wanted)[:2])
    if len(found) == 1:
        return found[0]
    code, message = "unknown", N_("There is no such unit, or you do not manage its boards.")
    if found:
        code, message = "ambiguous", N_("Several units have this short name: give the path instead.")
    raise Invalid([{"field": "unit", "code": code, "message": message}])


class Boards(ApiView):
    """GET and POST boards."""

    permission_classes = READ

    @extend_schema(operation_id="board_list", responses={200: BoardShape(many=True)}, tags=["review"])
    def get(self, request: Request) -> Response:
        """The boards that decide on what you may see."""
        return with_etag(request, [_shape(request, row) for row in _rows(request)])

    @extend_schema(
        operation_id="board_add", request=bodies.BoardWrite, responses={201: BoardShape}, tags=["review"]
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Set up a board for a unit and all below it; seats and members follow."""
        values = body(request, bodies.BoardWrite)
        values["unit"] = _unit(request.user, values["unit"])
        made = boards.create_board(by=person(actor(request)), **values)
        address = reverse("api_board", args=[made.pk])
        shape = _shape(request, _rows(request).get(pk=made.pk))
        return Response(shape, status=201, headers={"Location": address})


class BoardOne(ApiView):
    """GET and PATCH boards/{id}."""

    permission_classes = READ

    @extend_schema(operation_id="board", responses={200: BoardShape}, tags=["review"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """One board: settings, rules per class of risk, seats; its ETag goes into If-Match of a change."""
        return _answer(request, pk)

    @extend_schema(
        operation_id="board_change",
        request=bodies.BoardSettings,
        responses={200: BoardShape},
        tags=["review"],
    )
    @idempotent
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        """Change how a board works; 412 (If-Match) or 409 (row_version) names what changed since."""
        values = body(request, bodies.BoardSettings)
        board = get_object_or_404(_rows(request), pk=pk)
        expected, by_header = based_on(request, values.pop("row_version", None))
        with precondition(by_header):
            boards.change_board(board=board, by=person(actor(request)), expected_version=expected, **values)
        return _answer(request, pk)


class BoardRules(ApiView):
    """PUT boards/{id}/rules."""

    permission_classes = READ

    @extend_schema(
        operation_id="board_rule_set",
        request=bodies.BoardRuleWrite,
        responses={200: BoardShape},
        tags=["review"],
    )
    @names_its_state
    @idempotent
    def put(self, request: Request, pk: uuid.UUID) -> Response:
        """Set quorum, majority and required disciplines for one class of risk; 412 or 409 names what changed since."""
        values = body(request, bodies.BoardRuleWrite)
        board = get_object_or_404(_rows(request), pk=pk)
        expected, by_header = based_on(request, values.pop("row_version", None))
        with precondition(by_header):
            boards.set_rule(board=board, by=person(actor(request)), expected_version=expected, **values)
        return _answer(request, pk)


class Seats(ApiView):
    """POST boards/{id}/seats."""

    permission_classes = READ

    @extend_schema(
        operation_id="seat_add", request=bodies.SeatWrite, responses={201: SeatShape}, tags=["review"]
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Add a discipline's seat to a board."""
        values = body(request, bodies.SeatWrite)
        seat = boards.add_seat(board=_managed(request, pk), by=person(actor(request)), **values)
        address = reverse("api_board", args=[pk])
        return Response(seat_shape(seat, today()), status=201, headers={"Location": address})


class Members(ApiView):
    """POST seats/{id}/members."""

    permission_classes = READ

    @extend_schema(
        operation_id="member_add", request=bodies.MemberWrite, responses={201: SeatShape}, tags=["review"]
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Put a person on a seat, or make them its deputy; who sat there leaves the day before."""
        values = body(request, bodies.MemberWrite)
        seat = get_object_or_404(Seat.objects.select_related("board__unit"), pk=pk)
        seat.board = _managed(request, seat.board_id)
        user = get_user_model().objects.filter(pk=values["user"], is_active=True).first()
        if user is None:
            message = N_("There is no such account, or it is closed.")
            raise Invalid([{"field": "user", "code": "unknown", "message": message}])
        terms.appoint(seat=seat, by=person(actor(request)), **{**values, "user": user})
        address = reverse("api_board", args=[seat.board_id])
        return Response(_seat(seat), status=201, headers={"Location": address})


def _find_member(request: Request, pk: uuid.UUID) -> Membership:
    rows = Membership.objects.select_related("seat__board__unit", "user")
    found = get_object_or_404(rows, pk=pk)
    _managed(request, found.seat.board_id)
    return found


def _seat(seat: Seat) -> dict[str, Any]:
    return seat_shape(Seat.objects.prefetch_related("memberships").get(pk=seat.pk), today())


def _of(done: Membership) -> dict[str, Any]:
    return _seat(done.seat)


MemberTerm = act(
    "member_term", _find_member, terms.change_term, bodies.TermWrite, SeatShape, _of,
    argument="membership", summary="Move the last day of a term that is not over.",
)  # fmt: skip
MemberEnd = act(
    "member_end", _find_member, terms.dismiss, bodies.ActReasonWrite, SeatShape, _of,
    argument="membership", summary="End a membership now; what the person voted stays.",
)  # fmt: skip
MemberSecretary = act(
    "member_secretary", _find_member, terms.name_secretary, bodies.SecretaryWrite, SeatShape, _of,
    argument="membership", summary="Say whether a member keeps the minutes of the board.",
)  # fmt: skip
