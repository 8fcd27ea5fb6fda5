"""The register over REST: systems and drafts, vendors, statements of the mission, reports, kept states."""

import uuid
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry import (
    content,
    drafts,
    exchange,
    reports,
    revisions,
    selectors,
    services,
    vendors,
    words,
)
from governance.registry import serializers as shapes
from governance.registry.fields import SYSTEM, VENDOR
from governance.registry.models import System, SystemRevision, UnlistedReport
from governance.registry.views.reports import in_view
from portal.access.selectors import require, units_with
from portal.accounts.models import MachineUser, Unit
from portal.errors import N_, Invalid, NotAllowed
from portal.web.endpoint import PAGED, ApiView
from portal.web.locks import based_on, precondition
from portal.web.rest import HasScope, PersonOrScope, actor, idempotent, nothing_in, paged, with_etag

READ = (HasScope("register:read"),)
VENDOR_TABLE = {one.name: one for one in VENDOR}


def unit_of(by: Any, name: str) -> Unit:
    """The unit of that path or short name in which `by` edits the register.

    Raises NotAllowed for who edits no register at all, Invalid without one or where several have the short name.
    """
    wanted = {"path": name} if name.startswith("/") else {"slug": name}
    editable = units_with(by, "edit_register")
    found = list(editable.filter(**wanted)[:2])
    if len(found) == 1:
        return found[0]
    if not editable.exists():
        raise NotAllowed(N_("You do not have the permission for this."), code="not_allowed")
    if found:
        code, message = "ambiguous", N_("Several units have this short name: give the path instead.")
    else:
        code, message = "unknown", N_("There is no such unit, or you do not edit its register.")
    raise Invalid([{"field": "unit", "code": code, "message": message}])


def validated(shape: Any, request: Request) -> dict[str, Any]:
    """The validated body of a call."""
    read = shape(data=request.data)
    read.is_valid(raise_exception=True)
    return dict(read.validated_data)


class Systems(ApiView):
    """GET and POST systems."""

    permission_classes = READ
    cursor_ordering = ("slug",)
    queries = PAGED

    @extend_schema(
        operation_id="system_list", responses={200: shapes.page_of(shapes.SystemShape)}, tags=["register"]
    )
    def get(self, request: Request) -> Response:
        """The systems that you may see, by pages; drafts are not among them."""
        rows = selectors.visible(request.user).select_related("unit", "vendor")
        return paged(request, self, rows.prefetch_related("versions", "flows"), shapes.system_shape)

    @extend_schema(
        operation_id="system_draft",
        request=shapes.SystemWrite,
        responses={201: shapes.SystemShape},
        tags=["register"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Start a draft of a system; add what it lacks, then `POST systems/{slug}/register`."""
        values = validated(shapes.SystemWrite, request)
        by = services.person(actor(request))
        unit, slug = unit_of(by, values.pop("unit")), values.pop("slug")
        fields = {name: v for name, v in shapes.resolved(SYSTEM, values, by).items() if v is not None}
        system = drafts.start_draft(by=by, unit=unit, slug=slug, **fields)
        address = reverse("api_system", args=[system.slug])
        return Response(shapes.system_shape(system), status=201, headers={"Location": address})


class DraftRegistration(ApiView):
    """POST systems/{slug}/register."""

    permission_classes = READ

    @extend_schema(
        operation_id="system_register", request=None, responses={200: shapes.SystemShape}, tags=["register"]
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Put a complete draft into the register; 422 names each gap by its field."""
        nothing_in(request)
        system = selectors.get(request.user, slug)
        require(request.user, "edit_register", system)
        return Response(shapes.system_shape(drafts.register_draft(system=system, by=actor(request))))


class DraftDiscarding(ApiView):
    """POST systems/{slug}/discard."""

    permission_classes = READ

    @extend_schema(operation_id="system_discard", request=None, responses={204: None}, tags=["register"])
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Put a draft aside for good."""
        nothing_in(request)
        system = selectors.get(request.user, slug)
        require(request.user, "edit_register", system)
        drafts.discard_draft(system=system, by=actor(request))
        return Response(status=204)


class Vendors(ApiView):
    """GET and POST vendors."""

    permission_classes = READ
    cursor_ordering = ("slug",)
    queries = PAGED

    @extend_schema(
        operation_id="vendor_list", responses={200: shapes.page_of(shapes.VendorShape)}, tags=["register"]
    )
    def get(self, request: Request) -> Response:
        """The vendors that you may see, by pages."""
        rows = selectors.vendors(request.user).select_related("unit")
        return paged(request, self, rows, content.of_vendor)

    @extend_schema(
        operation_id="vendor_add",
        request=shapes.VendorWrite,
        responses={201: shapes.VendorShape},
        tags=["register"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Put a vendor into the register of a unit."""
        values = validated(shapes.VendorWrite, request)
        by = services.person(actor(request))
        vendor = vendors.add_vendor(
            by=by, unit=unit_of(by, values.pop("unit")), slug=values.pop("slug"), **values
        )
        address = reverse("api_vendor", args=[vendor.slug])
        return Response(content.of_vendor(vendor), status=201, headers={"Location": address})


class Missions(ApiView):
    """GET and POST missions."""

    permission_classes = READ

    @extend_schema(
        operation_id="mission_list", responses={200: shapes.MissionShape(many=True)}, tags=["register"]
    )
    def get(self, request: Request) -> Response:
        """The statements of the mission that hold in your units."""
        rows = selectors.missions(request.user).select_related("unit")
        return with_etag(request, [_mission(row) for row in rows])

    @extend_schema(
        operation_id="mission_add",
        request=shapes.MissionWrite,
        responses={201: shapes.MissionShape},
        tags=["register"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Write down a statement."""
        values = validated(shapes.MissionWrite, request)
        by = services.person(actor(request))
        row = vendors.add_mission(by=by, unit=unit_of(by, values["unit"]), text=values["text"])
        return Response(_mission(row), status=201)


class MissionOne(ApiView):
    """PATCH missions/{id}."""

    permission_classes = READ

    @extend_schema(
        operation_id="mission_change",
        request=shapes.MissionChange,
        responses={200: shapes.MissionShape},
        tags=["register"],
    )
    @idempotent
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        """Change its words."""
        row = get_object_or_404(selectors.missions(request.user).select_related("unit"), pk=pk)
        require(request.user, "edit_register", row)
        values = validated(shapes.MissionChange, request)
        expected, by_header = based_on(request, values.get("row_version"))
        with precondition(by_header):
            vendors.change_mission(
                mission=row, by=actor(request), expected_version=expected, text=values["text"]
            )
        return Response(_mission(row))


def _mission(row: Any) -> dict[str, Any]:
    return {"id": row.pk, "text": row.text, "unit": row.unit.path, "row_version": row.row_version}


class Reports(ApiView):
    """GET and POST ai-reports; everybody with an account."""

    permission_classes = (PersonOrScope,)
    cursor_ordering = ("-created_at", "pk")
    queries = PAGED

    @extend_schema(
        operation_id="ai_report_list", responses={200: shapes.page_of(shapes.ReportShape)}, tags=["register"]
    )
    def get(self, request: Request) -> Response:
        """Your own reports and those that you answer, the newest first, by pages."""
        return paged(request, self, _reports(request.user), shapes.report_shape)

    @extend_schema(
        operation_id="ai_report",
        request=shapes.ReportWrite,
        responses={201: shapes.ReportShape},
        tags=["register"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Report an AI that is not in the register."""
        values = validated(shapes.ReportWrite, request)
        by = services.person(actor(request))
        if path := values.pop("unit", ""):
            values["unit"] = get_object_or_404(units_with(by, "view_register"), path=path)
        report = reports.report_ai(by=by, **values)
        address = reverse("api_ai_report", args=[report.pk])
        return Response(shapes.report_shape(report), status=201, headers={"Location": address})


def _reports(user: Any) -> Any:
    return UnlistedReport.objects.none() if isinstance(user, MachineUser) else in_view(user)


class ReportOne(ApiView):
    """GET ai-reports/{id}."""

    permission_classes = (PersonOrScope,)

    @extend_schema(operation_id="ai_report_one", responses={200: shapes.ReportShape}, tags=["register"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """One report with its answer."""
        return with_etag(request, shapes.report_shape(get_object_or_404(_reports(request.user), pk=pk)))


class ReportAnswering(ApiView):
    """POST ai-reports/{id}/answer."""

    permission_classes = (PersonOrScope,)

    @extend_schema(
        operation_id="ai_report_answer",
        request=shapes.ReportAnswer,
        responses={200: shapes.ReportShape},
        tags=["register"],
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Make a draft of it, or say that it is no AI or in the register already."""
        report = get_object_or_404(_reports(request.user), pk=pk)
        values = validated(shapes.ReportAnswer, request)
        by, slug, answer = actor(request), values.get("system", ""), values.get("answer", "")
        if values["outcome"] == "draft_made":
            reports.make_draft(report=report, by=by, answer=answer, slug=slug)
        else:
            system = get_object_or_404(selectors.visible(request.user), slug=slug) if slug else None
            reports.answer_report(
                report=report, outcome=values["outcome"], answer=answer, system=system, by=by
            )
        return Response(shapes.report_shape(report))


class Revisions(ApiView):
    """GET systems/{slug}/revisions."""

    permission_classes = READ
    cursor_ordering = ("-number",)
    queries = PAGED

    @extend_schema(
        operation_id="revision_list",
        responses={200: shapes.page_of(shapes.RevisionShape)},
        tags=["register"],
    )
    def get(self, request: Request, slug: str) -> Response:
        """The kept states of a record, the newest first, by pages."""
        system = selectors.get(request.user, slug)
        rows = SystemRevision.objects.filter(system=system).defer("content")
        return paged(request, self, rows, shapes.revision_shape)


_NUMBERS = tuple(
    OpenApiParameter(
        name,
        {"type": "integer", "minimum": 1, "maximum": 999_999},
        required=True,
        description="number of a state",
    )
    for name in ("from", "to")
)


class Comparison(ApiView):
    """GET systems/{slug}/revisions/compare."""

    permission_classes = READ
    queries = _NUMBERS

    @extend_schema(
        operation_id="revision_compare",
        responses={200: shapes.RecordDifferenceShape(many=True)},
        tags=["register"],
    )
    def get(self, request: Request, slug: str) -> Response:
        """What differs between two states of a record, field by field in words."""
        system = selectors.get(request.user, slug)
        older, newer = (_revision(system, request, name) for name in ("from", "to"))
        found = revisions.compare(older.content, newer.content)
        return with_etag(request, words.differences(found))


def _revision(system: System, request: Request, name: str) -> SystemRevision:
    text = request.query_params.get(name, "")
    if not (text.isdecimal() and text.isascii() and len(text) < 7):
        message = N_("Give the number of a state.")
        raise Invalid([{"field": name, "code": "invalid", "message": message}])
    return get_object_or_404(SystemRevision, system=system, number=int(text))


class RegisterExport(ApiView):
    """GET register/export."""

    permission_classes = READ
    tagged = False

    @extend_schema(operation_id="register_export", responses={200: dict}, tags=["register"])
    def get(self, request: Request) -> Response:
        """The whole register that you see, as one document that `register/import` takes."""
        return Response(exchange.export(request.user))
