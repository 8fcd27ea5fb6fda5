"""The evidence API: ask for a pack, look how far it is, download it."""

import uuid

from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.evidence import selectors, services
from governance.evidence.models import EvidencePack
from governance.evidence.serializers import PackRequest, PackShape
from portal.web.endpoint import ApiView
from portal.web.rest import HasScope, actor, idempotent, with_etag


class Packs(ApiView):
    """POST evidence-packs."""

    permission_classes = (HasScope("evidence:export"),)

    @extend_schema(
        operation_id="evidence_pack_request",
        request=PackRequest,
        responses={202: OpenApiResponse(PackShape, description="Location: where the pack is to be read")},
        tags=["evidence"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Ask for a pack; a worker makes it. A system that you may not export does not exist for you: 404."""
        shape = PackRequest(data=request.data)
        shape.is_valid(raise_exception=True)
        wanted = shape.validated_data
        slugs = set(wanted["systems"])
        systems = list(selectors.exportable(request.user).filter(slug__in=slugs))
        if len(systems) != len(slugs):
            raise Http404
        pack = services.request_pack(
            systems=systems,
            date_from=wanted["from"],
            date_to=wanted["to"],
            sample_size=wanted["sample_size"],
            auditor_number=wanted["auditor_number"],
            end_size=wanted.get("end_size"),
            by=actor(request),
        )
        address = reverse("api_pack", args=[pack.pk])
        return Response(selectors.pack_shape(pack), status=202, headers={"Location": address})


def _pack(request: Request, pk: uuid.UUID) -> EvidencePack:
    return get_object_or_404(selectors.packs(request.user).select_related("job"), pk=pk)


class Pack(ApiView):
    """GET evidence-packs/{id}."""

    permission_classes = (HasScope("evidence:export"),)

    @extend_schema(operation_id="evidence_pack", responses={200: PackShape}, tags=["evidence"])
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """State and progress while it is made, digest and download address afterwards."""
        return with_etag(request, selectors.pack_shape(_pack(request, pk)))


class PackDownload(ApiView):
    """GET evidence-packs/{id}/download."""

    permission_classes = (HasScope("evidence:export"),)
    tagged = False

    @extend_schema(
        operation_id="evidence_pack_download",
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            409: OpenApiResponse(description="Not made yet."),
        },
        tags=["evidence"],
    )
    def get(self, request: Request, pk: uuid.UUID) -> FileResponse:
        """The zip; 409 until it is made. Who took it is recorded."""
        pack = _pack(request, pk)
        path = services.download(pack=pack, by=actor(request))
        return FileResponse(
            path.open("rb"), as_attachment=True, filename=pack.file_name, content_type="application/zip"
        )
