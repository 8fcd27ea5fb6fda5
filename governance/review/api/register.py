"""Changes of the register over REST that touch approvals: systems, vendors, rows of a record, imports."""

import json
import uuid
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry import content, exchange, selectors
from governance.registry import serializers as shapes
from governance.registry.api import READ, VENDOR_TABLE, unit_of, validated
from governance.registry.fields import PARTS, SYSTEM, PartKind
from governance.registry.models import System
from governance.registry.services import REASON_LENGTH, person
from governance.review import changes, files, imports
from portal.access.selectors import require
from portal.errors import N_, Invalid, NotAllowed
from portal.jobs.models import Job
from portal.jobs.selectors import may_manage, uploads_in_use
from portal.jobs.services import cancel
from portal.web import uploads
from portal.web.endpoint import ApiView
from portal.web.locks import based_on, precondition
from portal.web.rest import actor, idempotent, nothing_in, with_etag


class SystemOne(ApiView):
    """GET and PATCH systems/{slug}."""

    permission_classes = READ

    @extend_schema(operation_id="system", responses={200: shapes.SystemShape}, tags=["register"])
    def get(self, request: Request, slug: str) -> Response:
        """One system with its versions and data flows; its ETag goes into If-Match of a change."""
        system = selectors.get(request.user, slug)
        return with_etag(request, shapes.system_shape(system), version=system.row_version)

    @extend_schema(
        operation_id="system_change",
        request=shapes.SystemChange,
        responses={200: shapes.SystemShape},
        tags=["register"],
    )
    @idempotent
    def patch(self, request: Request, slug: str) -> Response:
        """Change fields; 412 (If-Match) or 409 (row_version) names what changed since the state you had."""
        system = selectors.get(request.user, slug)
        require(request.user, "edit_register", system)
        values = validated(shapes.SystemChange, request)
        reason = values.pop("reason", "")
        expected, by_header = based_on(request, values.pop("row_version", None))
        with precondition(by_header):
            changes.update_system(
                system=system,
                by=actor(request),
                expected_version=expected,
                reason=reason,
                **shapes.resolved(SYSTEM, values, request.user),
            )
        return with_etag(request, shapes.system_shape(system), version=system.row_version)


class VendorOne(ApiView):
    """GET and PATCH vendors/{slug}."""

    permission_classes = READ

    @extend_schema(operation_id="vendor", responses={200: shapes.VendorShape}, tags=["register"])
    def get(self, request: Request, slug: str) -> Response:
        """One vendor."""
        vendor = _vendor(request, slug)
        return with_etag(request, content.of_vendor(vendor), version=vendor.row_version)

    @extend_schema(
        operation_id="vendor_change",
        request=shapes.VendorChange,
        responses={200: shapes.VendorShape},
        tags=["register"],
    )
    @idempotent
    def patch(self, request: Request, slug: str) -> Response:
        """Change fields; another transfer tool voids what was approved on other terms."""
        vendor = _vendor(request, slug)
        require(request.user, "edit_register", vendor)
        values = validated(shapes.VendorChange, request)
        reason = values.pop("reason", "")
        expected, by_header = based_on(request, values.pop("row_version", None))
        with precondition(by_header):
            changes.update_vendor(
                vendor=vendor,
                by=person(actor(request)),
                expected_version=expected,
                reason=reason,
                **shapes.resolved(VENDOR_TABLE, values, request.user),
            )
        return with_etag(request, content.of_vendor(vendor), version=vendor.row_version)


def _vendor(request: Request, slug: str) -> Any:
    return get_object_or_404(selectors.vendors(request.user).select_related("unit"), slug=slug)


_WHY = OpenApiParameter(
    "reason",
    {"type": "string", "maxLength": REASON_LENGTH},
    description="why; needed where the system is in the register",
)


def part_views(part: PartKind) -> tuple[type[ApiView], type[ApiView]]:
    """The two views of a kind of rows: all of a system (GET, POST), and one (PATCH, DELETE)."""
    shape = shapes.part_shape(part)  # once: each call makes a class, and a schema names a class once
    return _many(part, shape), _one(part, shape)


def _many(part: PartKind, shape: Any) -> type[ApiView]:
    write = shapes.part_write(part)

    class Many(ApiView):
        permission_classes = READ

        @extend_schema(operation_id=f"{part.kind}_list", responses={200: shape(many=True)}, tags=["register"])
        def get(self, request: Request, slug: str) -> Response:
            """All of a system."""
            rows = content.rows(selectors.get(request.user, slug), part)
            return with_etag(request, [content.of_part(part, row) for row in rows])

        @extend_schema(
            operation_id=f"{part.kind}_add", request=write, responses={201: shape}, tags=["register"]
        )
        @idempotent
        def post(self, request: Request, slug: str) -> Response:
            """Add one; where that widens what was approved, the approval is void."""
            system = _system(request, slug)
            values = validated(write, request)
            reason = values.pop("reason", "")
            values = shapes.resolved(part.by_name, values, request.user)
            row = changes.add_part(system=system, kind=part.kind, by=actor(request), reason=reason, **values)
            return Response(content.of_part(part, row), status=201)

    return Many


def _one(part: PartKind, shape: Any) -> type[ApiView]:
    change = shapes.part_change(part)

    class One(ApiView):
        permission_classes = READ
        delete_queries = (_WHY,) if part.material else ()

        @extend_schema(
            operation_id=f"{part.kind}_change", request=change, responses={200: shape}, tags=["register"]
        )
        @idempotent
        def patch(self, request: Request, slug: str, pk: uuid.UUID) -> Response:
            """Change fields; 412 or 409 names what changed since the state you had."""
            values = validated(change, request)
            row = _row(_system(request, slug), part, pk)
            reason = values.pop("reason", "")
            expected, by_header = based_on(request, values.pop("row_version", None))
            with precondition(by_header):
                changes.change_part(
                    row=row,
                    kind=part.kind,
                    by=actor(request),
                    expected_version=expected,
                    reason=reason,
                    **shapes.resolved(part.by_name, values, request.user),
                )
            return Response(content.of_part(part, row))

        @extend_schema(operation_id=f"{part.kind}_remove", responses={204: None}, tags=["register"])
        @idempotent
        def delete(self, request: Request, slug: str, pk: uuid.UUID) -> Response:
            """Take it out of the record; history keeps it."""
            nothing_in(request)
            row = _row(_system(request, slug), part, pk)
            reason = request.query_params.get("reason", "") if part.material else ""
            changes.remove_part(row=row, kind=part.kind, by=actor(request), reason=reason)
            return Response(status=204)

    if not part.removable:
        del One.delete
    return One


def _system(request: Request, slug: str) -> System:
    system = selectors.get(request.user, slug)
    require(request.user, "edit_register", system)
    return system


def _row(system: System, part: PartKind, pk: uuid.UUID) -> Any:
    rows = content.MODELS[part.kind]._default_manager.filter(system=system)
    if part.removable:
        rows = rows.filter(removed_at__isnull=True)
    return get_object_or_404(rows.select_related("system"), pk=pk)


VIEWS = {part.plural: part_views(part) for part in PARTS.values() if part.kind != "flow"}
_PARAMETERS = (
    OpenApiParameter("unit", str, required=True, description="where entries go whose unit is not yours"),
    OpenApiParameter(
        "dry_run",
        enum=("true", "false"),
        description="true: say what would happen, and change nothing",
    ),
)


class RegisterImport(ApiView):
    """POST register/import."""

    permission_classes = READ
    write_queries = _PARAMETERS
    body_limit = None

    @extend_schema(
        operation_id="register_import",
        request=dict,
        responses={
            200: shapes.ImportShape,
            202: OpenApiResponse(
                shapes.ImportJobShape, description="Location: where the import is to be followed"
            ),
        },
        tags=["register"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Take in a document of `register/export`: all or nothing; a dry run reports what each entry would do.

        More than 50 systems are taken in by a worker: 202, and `register/imports/{id}` says how far it is.
        """
        by = person(actor(request))
        data = request.data  # first of all: a body of another kind is refused for what it is
        unit = unit_of(by, request.query_params.get("unit", ""))
        dry_run = request.query_params.get("dry_run") == "true"
        document = exchange.read_json(data)
        if files.is_large(document):
            token = uploads.keep(json.dumps(data).encode(), str(by.pk), in_use=uploads_in_use())
            job = files.request_import(token=token, unit=unit, by=by, dry_run=dry_run)
            address = reverse("api_register_import_job", args=[job.pk])
            return Response(_import_shape(job), status=202, headers={"Location": address})
        report = imports.take_in(document=document, unit=unit, by=by, dry_run=dry_run)
        if not (dry_run or report.applied):
            raise Invalid(report.errors)
        return Response(report.to_dict())


class RegisterImportJob(ApiView):
    """GET register/imports/{id}."""

    permission_classes = READ

    @extend_schema(
        operation_id="register_import_job", responses={200: shapes.ImportJobShape}, tags=["register"]
    )
    def get(self, request: Request, job_id: uuid.UUID) -> Response:
        """A large import: state and progress while it is open; counts and faults with their places once it is done."""
        return with_etag(request, _import_shape(get_object_or_404(files.jobs(request.user), pk=job_id)))


class RegisterImportCancel(ApiView):
    """POST register/imports/{id}/cancel."""

    permission_classes = READ

    @extend_schema(
        operation_id="register_import_cancel",
        request=None,
        responses={200: shapes.ImportJobShape},
        tags=["register"],
    )
    @idempotent
    def post(self, request: Request, job_id: uuid.UUID) -> Response:
        """Stop an import that waits or runs; nothing of it is kept."""
        nothing_in(request)
        job = get_object_or_404(files.jobs(request.user), pk=job_id)
        if not may_manage(request.user, job):
            raise NotAllowed(N_("You do not have the permission for this."), code="not_allowed")
        return Response(_import_shape(cancel(job=job, by=person(actor(request)))))


def _import_shape(job: Job) -> dict[str, Any]:
    state = {name: getattr(job, name) for name in ("state", "progress", "error", "result")}
    return {"id": job.pk, "dry_run": job.payload["dry_run"], **state}
