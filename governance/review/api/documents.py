"""Files of works-council records and of evidence over REST; the same services as the pages."""

import uuid
from typing import Any

from django.http import FileResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from governance.assessments import files
from governance.assessments.downloads import as_download
from governance.registry.services import person
from governance.review import documents, selectors
from governance.review import serializers as bodies
from governance.review.api.acts import READ, body
from governance.review.models import ConditionEvidence, CouncilRecord
from governance.review.shapes import FileShape, file_shape
from portal.web.endpoint import ApiView
from portal.web.rest import actor, idempotent


class _Files(ApiView):
    permission_classes = READ
    parser_classes = (MultiPartParser,)
    body_limit = files.MAX_BYTES + 64 * 1024  # and what is around the file

    def attached(self, request: Request, to: documents.Target) -> Response:
        values = body(request, bodies.DocumentWrite)
        shape = file_shape(documents.attach(to=to, by=person(actor(request)), **values))
        return Response(shape, status=201, headers={"Location": shape["address"]})


class CouncilFiles(_Files):
    """POST works-council/{id}/files."""

    @extend_schema(
        operation_id="council_file_add",
        request={"multipart/form-data": bodies.DocumentWrite},
        responses={201: FileShape},
        tags=["review"],
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Add a file to your question, or to the answer that you recorded last."""
        found = get_object_or_404(selectors.visible_councils(request.user).select_related("system"), pk=pk)
        return self.attached(request, _of_council(found))


def _of_council(found: CouncilRecord) -> documents.Target:
    """The latest answer, or the question where there is none."""
    return found.answers.select_related("record__system").order_by("-recorded_at").first() or found


class EvidenceFiles(_Files):
    """POST conditions/{id}/files."""

    @extend_schema(
        operation_id="condition_file_add",
        request={"multipart/form-data": bodies.DocumentWrite},
        responses={201: FileShape},
        tags=["review"],
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Add a file to the evidence that you handed in last, while the seat has not answered."""
        rows = ConditionEvidence.objects.filter(
            condition=pk, condition__request__in=selectors.visible_requests(request.user)
        )
        rows = rows.select_related("condition__request__system").order_by("-handed_in_at")
        latest = rows.first() or get_object_or_404(rows)
        return self.attached(request, latest)


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
