"""Personal links and requests of people over REST; the same services as the pages."""

import uuid
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from governance.registry import selectors as register
from governance.registry.models import System
from governance.registry.serializers import page_of
from governance.registry.services import person
from governance.transparency import links, requests, rules, selectors
from governance.transparency import serializers as shapes
from governance.transparency.models import PersonRequest
from portal.access.selectors import require
from portal.accounts.models import ApiKey
from portal.errors import N_, Invalid
from portal.web.endpoint import PAGED, ApiView
from portal.web.rest import (
    HasScope,
    actor,
    idempotency_key,
    idempotent,
    is_sandbox,
    nothing_in,
    paged,
    with_etag,
)

READ = (HasScope("register:read"),)
LINKS = (HasScope("links:write"),)


def _body(request: Request, shape: type[Serializer[Any]]) -> dict[str, Any]:
    checked = shape(data=request.data)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def _system(request: Request, slug: str, at: str) -> System:
    if not slug:
        if not isinstance(request.auth, ApiKey):
            raise Invalid([{"field": at, "code": "required", "message": N_("Name the system.")}])
        slug = get_object_or_404(System, pk=request.auth.system_id).slug
    system = register.get(request.user, slug)
    require(request.user, "make_links", system)
    return system


class PersonalLinks(ApiView):
    """POST personal-links."""

    permission_classes = LINKS

    @extend_schema(
        operation_id="personal_link_make",
        summary="Make a link to one person's own page",
        request=shapes.LinkWrite,
        responses={201: shapes.LinkShape},
        tags=["people"],
    )
    def post(self, request: Request) -> Response:
        """The address is answered this once. The same Idempotency-Key again gives the same link a new address."""
        values = _body(request, shapes.LinkWrite)
        people = [
            (_system(request, row.get("system", ""), f"people[{n}].system"), row["subject"])
            for n, row in enumerate(values["people"])
        ]
        with transaction.atomic():
            link, token = links.make_link(
                people=people,
                by=actor(request),
                language=values["language"],
                days=values["expires_in"],
                idempotency_key=idempotency_key(request),
            )
            if is_sandbox(request):
                transaction.set_rollback(True)
        url = request.build_absolute_uri(reverse("my_page", args=[token]))
        headers = {"Sandbox": "true"} if is_sandbox(request) else {}
        headers |= {"Location": reverse("api_personal_link_revoke", args=[link.pk])}
        return Response(shapes.link_shape(link, url), status=201, headers=headers)

    # said for the schema; the answer holds a secret, so it is not kept to be given again
    post.idempotent = True  # type: ignore[attr-defined]


class PersonalLinkRevocation(ApiView):
    """POST personal-links/{id}/revoke."""

    permission_classes = LINKS

    @extend_schema(
        operation_id="personal_link_revoke",
        summary="End a personal link",
        request=None,
        responses={200: shapes.LinkShape},
        tags=["people"],
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """From now on it opens nothing; ending it again changes nothing."""
        nothing_in(request)
        link = get_object_or_404(selectors.visible_links(request.user), pk=pk)
        return Response(shapes.link_shape(links.revoke_link(link=link, by=actor(request))))


class PersonRequests(ApiView):
    """GET person-requests."""

    permission_classes = READ
    cursor_ordering = ("due_on", "pk")
    queries = (
        *PAGED,
        OpenApiParameter("state", str, enum=rules.RequestState.values()),
        OpenApiParameter("kind", str, enum=rules.RequestKind.values()),
    )

    @extend_schema(
        operation_id="person_request_list",
        responses={200: page_of(shapes.PersonRequestShape)},
        tags=["people"],
    )
    def get(self, request: Request) -> Response:
        """The requests of people that you answer, the earliest due first, by pages."""
        rows = selectors.visible_requests(request.user)
        for name in ("state", "kind"):
            if wanted := request.query_params.get(name):
                rows = rows.filter(**{name: wanted})
        return paged(request, self, rows, shapes.request_shape)


def _find(request: Request, pk: uuid.UUID) -> PersonRequest:
    return get_object_or_404(selectors.visible_requests(request.user), pk=pk)


class PersonRequestOne(ApiView):
    """GET person-requests/{id}."""

    permission_classes = READ

    @extend_schema(operation_id="person_request", responses={200: shapes.PersonRequestShape}, tags=["people"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """One request."""
        return with_etag(request, shapes.request_shape(_find(request, pk)))


def _act(
    name: str, call: Callable[..., PersonRequest], takes: type[Serializer[Any]] | None, summary: str
) -> type[ApiView]:
    """A view of one act on a request."""

    class _Act(ApiView):
        permission_classes = READ

        @extend_schema(
            operation_id=name,
            summary=summary,
            request=takes,
            responses={200: shapes.PersonRequestShape},
            tags=["people"],
        )
        @idempotent
        def post(self, request: Request, pk: uuid.UUID) -> Response:
            if takes is None:
                nothing_in(request)
            values = _body(request, takes) if takes else {}
            row = call(request=_find(request, pk), by=person(actor(request)), **values)
            return Response(shapes.request_shape(row))

    _Act.__doc__ = summary
    return _Act


RequestStart = _act("person_request_start", requests.start, None, "Take a request up.")
RequestCarryOut = _act(
    "person_request_carry_out",
    requests.carry_out,
    None,
    "Have the copy made, or the person erased.",
)
RequestAnswer = _act(
    "person_request_answer",
    requests.answer,
    shapes.PersonAnswerWrite,
    "Answer a contested reading or an objection.",
)
RequestRefusal = _act(
    "person_request_refuse", requests.refuse, shapes.PersonReasonWrite, "Refuse with a reason."
)
RequestExtension = _act(
    "person_request_extend",
    requests.extend,
    shapes.PersonReasonWrite,
    "Take two months more, once, with a reason.",
)
