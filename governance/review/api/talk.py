"""Discussion and minutes of a request over REST; the same services as the pages."""

import uuid
from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry.services import person
from governance.review import selectors, services, shapes
from governance.review import serializers as bodies
from governance.review.api.acts import READ, body, find_request, today
from governance.review.models import Comment
from portal.web.endpoint import ApiView
from portal.web.locks import based_on, names_its_state, precondition
from portal.web.rest import actor, idempotent, with_etag


def _read(request: Request, pk: uuid.UUID, rows: str, shape: Callable[[Any], dict[str, Any]]) -> Response:
    """What is said about a request, where this person reads it."""
    found = find_request(request, pk)
    said = getattr(found, rows).all() if selectors.may_read(found, request.user, today()) else ()
    return with_etag(request, [shape(row) for row in said])


class Comments(ApiView):
    """GET and POST requests/{id}/comments."""

    permission_classes = READ

    @extend_schema(
        operation_id="comment_list", responses={200: shapes.DiscussionShape(many=True)}, tags=["review"]
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """What the board says about a request; empty where only its members read it."""
        return _read(request, pk, "comments", shapes.comment_shape)

    @extend_schema(
        operation_id="comment_add",
        request=bodies.DiscussionWrite,
        responses={201: shapes.DiscussionShape},
        tags=["review"],
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Write a comment, or answer one."""
        found = find_request(request, pk)
        values = body(request, bodies.DiscussionWrite)
        if "parent" in values:
            values["parent"] = get_object_or_404(found.comments, pk=values["parent"])
        made = services.comment(request=found, by=person(actor(request)), **values)
        return Response(shapes.comment_shape(made), status=201)


def _find_comment(request: Request, pk: uuid.UUID) -> Comment:
    rows = Comment.objects.filter(request__in=selectors.visible_requests(request.user))
    return get_object_or_404(rows.select_related("request"), pk=pk)


class CommentOne(ApiView):
    """POST comments/{id}."""

    permission_classes = READ

    @extend_schema(
        operation_id="comment_change",
        request=bodies.CommentChange,
        responses={200: shapes.DiscussionShape},
        tags=["review"],
    )
    @names_its_state
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Change an own comment, before a vote is cast; 412 or 409 where it changed since you read it."""
        values = body(request, bodies.CommentChange)
        found = _find_comment(request, pk)
        expected, by_header = based_on(request, values.pop("row_version", None))
        with precondition(by_header):
            changed = services.edit_comment(
                comment=found, by=person(actor(request)), expected_version=expected, **values
            )
        return Response(shapes.comment_shape(changed))


class MinutesList(ApiView):
    """GET and POST requests/{id}/minutes."""

    permission_classes = READ

    @extend_schema(
        operation_id="minutes_list", responses={200: shapes.MinutesShape(many=True)}, tags=["review"]
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """Every version of the minutes; empty where only members of the board read them."""
        return _read(request, pk, "minutes", shapes.minutes_shape)

    @extend_schema(
        operation_id="minutes_add",
        request=bodies.MinutesWrite,
        responses={201: shapes.MinutesShape},
        tags=["review"],
    )
    @names_its_state
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Write the next version of the minutes, by the secretary; 412 or 409 where another was written since."""
        found = find_request(request, pk)
        values = body(request, bodies.MinutesWrite)
        expected, by_header = based_on(request, values.pop("row_version", None))
        with precondition(by_header):
            made = services.keep_minutes(
                request=found, by=person(actor(request)), expected_version=expected, **values
            )
        return Response(shapes.minutes_shape(made), status=201)
