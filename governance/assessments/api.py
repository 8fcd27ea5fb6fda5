"""Assessments over REST; the same services as the pages. Sign and withdraw: `review.api.assessments`."""

import uuid
from typing import Any

from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from governance.assessments import answers, attachments, files, selectors, services, threads
from governance.assessments.downloads import file_response
from governance.assessments.models import Assessment, AssessmentComment
from governance.assessments.rules import EDIT, SIGNED_BY, Kind, State
from governance.assessments.serializers import (
    AnswersWrite,
    AssessmentShape,
    AttachmentShape,
    CommentShape,
    CommentWrite,
    FileWrite,
    NotOwedWrite,
    ReasonWrite,
    ResolveWrite,
    StartWrite,
    assessment_shape,
    attachment_shape,
    comment_shape,
)
from governance.registry import selectors as registry
from governance.registry.serializers import page_of
from governance.registry.services import person
from portal.access.selectors import can, require
from portal.errors import NotAllowed
from portal.web.endpoint import PAGED, ApiView
from portal.web.rest import HasScope, StrictSerializer, actor, idempotent, nothing_in, paged, with_etag

READ = (HasScope("register:read"),)
TAGS = ["assessments"]
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description="the ETag of the last GET"
)


class PreconditionRequired(exceptions.APIException):
    """428: a write that must say which state it is about."""

    status_code = 428
    default_code = "if_match_missing"


class PreconditionFailed(exceptions.APIException):
    """412: somebody saved a newer state."""

    status_code = 412
    default_code = "stale"


def find(request: Request, pk: uuid.UUID) -> Assessment:
    """The assessment of the address, if the caller may read it."""
    rows = selectors.visible_assessments(request.user).select_related("system__unit", "system__owner")
    return get_object_or_404(rows, pk=pk)


def valid(shape: type[Any], request: Request) -> dict[str, Any]:
    """The body in its shape."""
    filled = shape(data=request.data)
    filled.is_valid(raise_exception=True)
    return dict(filled.validated_data)


class Assessments(ApiView):
    """GET assessments."""

    permission_classes = READ
    cursor_ordering = ("-created_at", "pk")
    queries = (
        *PAGED,
        OpenApiParameter("system", str, description="Short name of the system."),
        OpenApiParameter("kind", str, enum=Kind.values()),
        OpenApiParameter("state", str, enum=State.values()),
    )

    @extend_schema(operation_id="assessment_list", responses={200: page_of(AssessmentShape)}, tags=TAGS)
    def get(self, request: Request) -> Response:
        """The versions that you may read, the newest first, by pages."""
        rows = selectors.visible_assessments(request.user).select_related("system")
        for name, field in (("system", "system__slug"), ("kind", "kind"), ("state", "state")):
            if wanted := request.query_params.get(name):
                rows = rows.filter(**{field: wanted})
        return paged(request, self, rows, assessment_shape)


class SystemAssessments(ApiView):
    """POST systems/{slug}/assessments."""

    permission_classes = READ

    @extend_schema(
        operation_id="assessment_start", request=StartWrite, responses={201: AssessmentShape}, tags=TAGS
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Begin the next version of a kind, filled with what is known."""
        system = registry.get(request.user, slug, selectors.SEE)
        require(request.user, EDIT, system)
        made = services.start(system=system, by=person(actor(request)), **valid(StartWrite, request))
        address = reverse("api_assessment", args=[made.pk])
        return Response(assessment_shape(made), status=201, headers={"Location": address})


class AssessmentOne(ApiView):
    """GET assessments/{id}."""

    permission_classes = READ

    @extend_schema(operation_id="assessment", responses={200: AssessmentShape}, tags=TAGS)
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """One version; its ETag is what a change of answers names in If-Match."""
        return with_etag(request, assessment_shape(find(request, pk)))


class AssessmentAnswers(ApiView):
    """PATCH assessments/{id}/answers."""

    permission_classes = READ

    @extend_schema(
        operation_id="assessment_answers",
        request=AnswersWrite,
        parameters=[IF_MATCH],
        responses={200: AssessmentShape, 412: OpenApiTypes.OBJECT, 428: OpenApiTypes.OBJECT},
        tags=TAGS,
    )
    @idempotent
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        """Change some answers of a draft, if it is still as you read it."""
        found = find(request, pk)
        require(request.user, EDIT, found.system)
        values = valid(AnswersWrite, request)
        wanted = request.headers.get("If-Match", "").removeprefix("W/")
        if not wanted:
            raise PreconditionRequired(gettext("Say in If-Match which state you read: the ETag of GET."))
        if wanted not in ("*", str(with_etag(request, assessment_shape(found))["ETag"])):
            raise PreconditionFailed(gettext("Somebody saved a newer state. Read it and try again."))
        try:
            answers.save_answers(
                assessment=found,
                expected=found.row_version,
                by=person(actor(request)),
                **values,
            )
        except answers.Stale as error:
            raise PreconditionFailed(
                gettext("Somebody saved a newer state. Read it and try again.")
            ) from error
        return with_etag(request, assessment_shape(find(request, pk)))


class Act(ApiView):
    """An act on one version; subclasses name the permission and the service."""

    permission_classes = READ

    def found(self, request: Request, pk: uuid.UUID, *perms: str) -> Assessment:
        """The assessment, if the caller holds one of these permissions (none: that of who signs its kind)."""
        row = find(request, pk)
        needed = perms or (SIGNED_BY[row.kind],)
        if not any(can(request.user, perm, row.system) for perm in needed):
            require(request.user, needed[0], row.system)
        return row

    def acted(
        self, request: Request, row: Assessment, verb: Any, shape: type[StrictSerializer] | None
    ) -> Response:
        """Call the service and give the version as it is then."""
        if shape is None:
            nothing_in(request)
        values = valid(shape, request) if shape else {}
        verb(assessment=row, by=person(actor(request)), **values)
        return Response(assessment_shape(find(request, row.pk)))


class AssessmentSubmission(Act):
    """POST assessments/{id}/submit."""

    @extend_schema(
        operation_id="assessment_submit", request=None, responses={200: AssessmentShape}, tags=TAGS
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Hand a complete draft to whoever signs."""
        return self.acted(request, self.found(request, pk, EDIT), services.submit, None)


class AssessmentNotOwed(Act):
    """POST assessments/{id}/not-owed."""

    @extend_schema(
        operation_id="assessment_not_owed", request=NotOwedWrite, responses={200: AssessmentShape}, tags=TAGS
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Say that it is not owed, with the reason; or that it is."""
        return self.acted(request, self.found(request, pk, EDIT), services.set_not_owed, NotOwedWrite)


class AssessmentReturn(Act):
    """POST assessments/{id}/return."""

    @extend_schema(
        operation_id="assessment_return", request=ReasonWrite, responses={200: AssessmentShape}, tags=TAGS
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Send it back with questions."""
        return self.acted(request, self.found(request, pk), services.send_back, ReasonWrite)


class AssessmentComments(ApiView):
    """GET and POST assessments/{id}/comments."""

    permission_classes = READ

    @extend_schema(
        operation_id="assessment_comment_list", responses={200: CommentShape(many=True)}, tags=TAGS
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """Every remark, the oldest first."""
        return with_etag(request, [comment_shape(row) for row in find(request, pk).comments.all()])

    @extend_schema(
        operation_id="assessment_comment", request=CommentWrite, responses={201: CommentShape}, tags=TAGS
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Say something about a question, or answer in its thread."""
        found = find(request, pk)
        if not selectors.may_comment(request.user, found.system):
            raise NotAllowed(threads.MAY_NOT, code="not_allowed")
        values = valid(CommentWrite, request)
        wanted = values.pop("thread", None)
        parent = get_object_or_404(found.comments, pk=wanted) if wanted else None
        made = threads.comment(assessment=found, parent=parent, by=person(actor(request)), **values)
        address = reverse("api_assessment_comments", args=[found.pk])
        return Response(comment_shape(made), status=201, headers={"Location": address})


class ThreadResolution(ApiView):
    """POST assessment-threads/{id}/resolve."""

    permission_classes = READ

    @extend_schema(
        operation_id="assessment_thread_resolve",
        request=ResolveWrite,
        responses={200: CommentShape},
        tags=TAGS,
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Settle a thread, or open it again."""
        rows = AssessmentComment.objects.filter(assessment__in=selectors.visible_assessments(request.user))
        row = get_object_or_404(rows.select_related("assessment__system__unit"), pk=pk)
        if not selectors.may_comment(request.user, row.assessment.system):
            raise NotAllowed(threads.MAY_NOT, code="not_allowed")
        done = threads.resolve(comment=row, by=person(actor(request)), **valid(ResolveWrite, request))
        return Response(comment_shape(done))


class AssessmentFiles(ApiView):
    """GET and POST assessments/{id}/attachments."""

    permission_classes = READ
    parser_classes = (MultiPartParser,)
    body_limit = files.MAX_BYTES + 64 * 1024  # and what is around the file

    @extend_schema(
        operation_id="assessment_attachment_list", responses={200: AttachmentShape(many=True)}, tags=TAGS
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """The files of a version, with their hashes."""
        rows = find(request, pk).attachments.filter(removed_at__isnull=True)
        return with_etag(request, [attachment_shape(row) for row in rows])

    @extend_schema(
        operation_id="assessment_attachment_add",
        request={"multipart/form-data": FileWrite},
        responses={201: AttachmentShape},
        tags=TAGS,
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Add a file to a draft."""
        found = find(request, pk)
        require(request.user, EDIT, found.system)
        values = valid(FileWrite, request)
        made = attachments.attach(assessment=found, by=person(actor(request)), **values)
        shape = attachment_shape(made)
        return Response(shape, status=201, headers={"Location": shape["address"]})


class AttachmentOne(ApiView):
    """GET attachments/{id}."""

    permission_classes = READ
    tagged = False

    @extend_schema(
        operation_id="assessment_attachment",
        responses={(200, kind): OpenApiTypes.BINARY for kind, _looks in files.TYPES.values()},
        tags=TAGS,
    )
    def get(self, request: Request, pk: uuid.UUID) -> FileResponse:
        """The file itself; who took it is recorded."""
        row = get_object_or_404(selectors.visible_attachments(request.user), pk=pk)
        return file_response(row, actor(request))
