"""Files of works-council records and of evidence over REST; the same services as the pages."""

import uuid
from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from governance.assessments import files
from governance.assessments.downloads import as_download
from governance.registry.models import System
from governance.registry.services import person
from governance.review import documents, selectors
from governance.review import serializers as bodies
from governance.review.api.acts import READ, body
from governance.review.models import Condition, CouncilRecord, Document
from governance.review.shapes import FileShape, file_shape
from portal.access.selectors import can
from portal.errors import N_, NotAllowed, RuleBroken
from portal.web.endpoint import ApiView
from portal.web.rest import actor, idempotent, with_etag


class _Files(ApiView):
    permission_classes = READ
    parser_classes = (MultiPartParser,)
    body_limit = files.MAX_BYTES + 64 * 1024  # and what is around the file

    def attached(self, request: Request, latest: Callable[[], documents.Target]) -> Response:
        values = body(request, bodies.DocumentWrite)
        shape = file_shape(documents.attach(to=latest(), by=person(actor(request)), **values))
        return Response(shape, status=201, headers={"Location": shape["address"]})


def _refuse_unless(request: Request, system: System, *perms: str) -> None:
    """Before anything of a file is read: who can neither ask nor answer has nothing to add to either."""
    if not any(can(request.user, perm, system) for perm in perms):
        raise NotAllowed(N_("You do not have the permission for this."), code="not_allowed")


class CouncilFiles(_Files):
    """GET and POST works-council/{id}/files."""

    @extend_schema(operation_id="council_file_list", responses={200: FileShape(many=True)}, tags=["review"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """The files of the question and of its answers, with their hashes."""
        found = _council(request, pk)
        rows = Document.objects.filter(Q(council=found) | Q(answer__record=found))
        return with_etag(request, [file_shape(row) for row in rows])

    @extend_schema(
        operation_id="council_file_add",
        request={"multipart/form-data": bodies.DocumentWrite},
        responses={201: FileShape},
        tags=["review"],
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Add a file to your question, or to the answer that you recorded last."""
        found = _council(request, pk)
        _refuse_unless(request, found.system, "request_deployment", "answer_council", "chair")
        return self.attached(request, lambda: _said_last(found))


def _council(request: Request, pk: uuid.UUID) -> CouncilRecord:
    return get_object_or_404(selectors.visible_councils(request.user).select_related("system"), pk=pk)


def _said_last(found: CouncilRecord) -> documents.Target:
    """The latest answer, or the question where there is none."""
    return found.answers.select_related("record__system").order_by("-recorded_at").first() or found


class EvidenceFiles(_Files):
    """GET and POST conditions/{id}/files."""

    @extend_schema(operation_id="condition_file_list", responses={200: FileShape(many=True)}, tags=["review"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """The files of all evidence for a condition, with their hashes."""
        rows = Document.objects.filter(evidence__condition=_condition(request, pk))
        return with_etag(request, [file_shape(row) for row in rows])

    @extend_schema(
        operation_id="condition_file_add",
        request={"multipart/form-data": bodies.DocumentWrite},
        responses={201: FileShape},
        tags=["review"],
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Add a file to the evidence that you handed in last, while the seat has not answered."""
        found = _condition(request, pk)
        if person(actor(request)).pk != found.owner_id:
            _refuse_unless(request, found.request.system, "request_deployment", "chair")
        return self.attached(request, lambda: _handed_in_last(found))


def _condition(request: Request, pk: uuid.UUID) -> Condition:
    rows = Condition.objects.filter(request__in=selectors.visible_requests(request.user))
    return get_object_or_404(rows, pk=pk)


def _handed_in_last(found: Condition) -> documents.Target:
    rows = found.evidence.select_related("condition__request__system").order_by("-handed_in_at")
    latest = rows.first()
    if latest is None:
        raise RuleBroken(N_("Hand in what shows that it is done first, in words."), code="nothing_handed_in")
    return latest


class DocumentOne(ApiView):
    """GET review-files/{id}."""

    permission_classes = READ
    tagged = False

    @extend_schema(
        operation_id="review_file",
        responses={(200, kind): OpenApiTypes.BINARY for kind, _looks in files.TYPES.values()},
        tags=["review"],
    )
    def get(self, request: Request, pk: uuid.UUID) -> FileResponse:
        """The file itself; who took it is recorded."""
        row: Any = get_object_or_404(selectors.visible_documents(request.user), pk=pk)
        return as_download(documents.download(document=row, by=actor(request)), row.name, row.media_type)
