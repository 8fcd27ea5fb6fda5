"""Notices over REST: reading, publishing, and who was shown them."""

import uuid
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from governance.consent import selectors, services
from governance.consent.serializers import NoticeShape, PublishNotice, notice_shape
from governance.consent.services import EVENTS_AT_ONCE
from governance.consent.shapes import ServedItem
from governance.registry import selectors as register
from governance.registry.models import System
from governance.registry.serializers import page_of
from portal.access.selectors import require
from portal.errors import N_, Invalid
from portal.shapes import batch_schema, receipt_schema, schema
from portal.web.endpoint import PAGED, ApiView
from portal.web.raw import JSON, RawBodyView
from portal.web.rest import HasScope, actor, idempotent, paged, with_etag

REST = "api"
SOURCE = {
    "type": "string",
    "description": "where the events come from; part of what makes an id the same",
}


def system_for(request: Request, slug: str, perm: str) -> System:
    """The system, if the caller may do this with it. Raises Http404 or NotAllowed."""
    system = register.get(request.user, slug)
    require(request.user, perm, system)
    return system


def source_of(envelope: dict[str, Any]) -> str:
    """The source that a call names; else one for all keys, so that ids stay known when a key is replaced.

    Raises Invalid for anything else beside the items.
    """
    source = envelope.get("source", "")
    field = next((name for name in envelope if name != "source"), "" if isinstance(source, str) else "source")
    if field or "\x00" in source:
        raise Invalid(
            [{"field": field or "source", "code": "unknown_field", "message": N_("This field is not known.")}]
        )
    return str(source) or REST


def receipt_of(answers: list[dict[str, Any]], *, single: bool) -> dict[str, Any]:
    """The receipt of a batch. Raises Invalid or EventConflict for a single event that was not taken."""
    if single and answers[0]["status"] == "refused":
        raise Invalid(answers[0]["errors"])
    if single and answers[0]["status"] == "conflict":
        raise EventConflict(answers[0])
    counts: dict[str, int] = {}
    for answer in answers:
        counts[answer["status"]] = counts.get(answer["status"], 0) + 1
    return {"receipt": None, "counts": counts, "items": answers}


class EventConflict(exceptions.APIException):
    """The id of an event is known with other content (409, naming both)."""

    status_code = 409
    default_code = "conflict"

    def __init__(self, answer: dict[str, Any]) -> None:
        text = gettext("Event {id} is stored as {event} with other content.")
        super().__init__(text.format(id=answer["id"], event=answer["event"]))


class Notices(ApiView):
    """GET and POST systems/{slug}/notices."""

    cursor_ordering = ("-version", "language")
    queries = PAGED

    def get_permissions(self) -> Any:
        """Reading and publishing need different scopes."""
        scope = "policies:write" if self.request.method == "POST" else "consent:read"
        return [HasScope(scope)()]

    @extend_schema(operation_id="notice_list", responses={200: page_of(NoticeShape)}, tags=["consent"])
    def get(self, request: Request, slug: str) -> Response:
        """What people are and were told about this system, the newest version first."""
        system = system_for(request, slug, "view_consent")
        return paged(request, self, selectors.notices_of(system), notice_shape)

    @extend_schema(
        operation_id="notice_publish",
        request=PublishNotice,
        responses={201: NoticeShape, 409: OpenApiResponse(description="This version is published already")},
        tags=["consent"],
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Publish the next version, or the newest one in another language. It is never changed afterwards."""
        system = system_for(request, slug, "manage_consent")
        body = PublishNotice(data=request.data)
        body.is_valid(raise_exception=True)
        notice = services.publish_notice(system=system, by=actor(request), **body.validated_data)
        location = reverse("api_notice", args=[slug, notice.pk])
        return Response(notice_shape(notice), status=201, headers={"Location": location})


class NoticeOne(ApiView):
    """GET systems/{slug}/notices/{id}."""

    permission_classes = (HasScope("consent:read"),)

    @extend_schema(operation_id="notice", responses={200: NoticeShape}, tags=["consent"])
    def get(self, request: Request, slug: str, pk: uuid.UUID) -> Response:
        """One notice in one language."""
        system = system_for(request, slug, "view_consent")
        return with_etag(request, notice_shape(get_object_or_404(selectors.notices_of(system), pk=pk)))


_SERVINGS = batch_schema(ServedItem)
_SERVINGS["properties"] |= {"source": SOURCE}


class NoticesServed(RawBodyView):
    """POST systems/{slug}/notices/served."""

    permission_classes = (HasScope("consent:write"),)
    media_types = (JSON,)
    body_limit = 4 * 1024 * 1024  # of 5,000 items

    @extend_schema(
        operation_id="notices_served_report",
        summary="Report to whom notices were shown",
        request={JSON: {"oneOf": [schema(ServedItem), _SERVINGS]}},
        responses={
            (200, JSON): receipt_schema(event={"type": ["string", "null"]}),
            409: OpenApiResponse(description="A single item whose id is known with other content"),
            422: OpenApiResponse(description="A single item that was refused"),
        },
        tags=["consent"],
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Which notice was shown to whom, when, on which channel; idempotent per source and id."""
        system = system_for(request, slug, "manage_consent")
        items, single, other = self.items_of(request, EVENTS_AT_ONCE)
        answers = services.record_notices_served(
            system=system, items=items, by=actor(request), source=source_of(other)
        )
        return self.receipt(request, receipt_of(answers, single=single))
