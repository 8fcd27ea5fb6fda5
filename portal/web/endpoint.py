"""The base of every API view: what it accepts is declared once, held here and written into the schema."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext
from drf_spectacular.utils import OpenApiParameter
from rest_framework import exceptions
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from portal.errors import N_, Invalid

PAGED = (
    OpenApiParameter("cursor", str, description="From `next` or `previous` of a page."),
    OpenApiParameter("page_size", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}),
)
"""The parameters of a list by cursor pages."""
READS = ("GET", "HEAD")


class Negotiation(DefaultContentNegotiation):
    """By the Accept header alone: `?format=` is a parameter like any other, so an unknown one."""

    def get_accept_list(self, request: Request) -> list[str]:
        """The media types of the header."""
        return [token.strip() for token in str(request.headers.get("Accept", "*/*")).split(",")]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The renderer and media type; 406 without one. An Accept that is no media type is not acceptable."""
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except exceptions.NotFound:  # ?format=, which the base class reads
            return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """Refuses what a view did not declare: query parameters (422 by name), coded or too large bodies."""

    content_negotiation_class = Negotiation
    queries: ClassVar[Sequence[OpenApiParameter]] = ()  # of a read
    write_queries: ClassVar[Sequence[OpenApiParameter]] = ()  # of a write
    delete_queries: ClassVar[Sequence[OpenApiParameter]] = ()
    tagged = True  # its GET answers with an ETag
    body_limit: ClassVar[int | None] = 1024 * 1024  # bytes of one thing; None: what the installation accepts

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Is the body one that this address takes, who calls, may they, and do we know the parameters?"""
        _hold_body(request, self.body_limit)
        if request.method not in READS:
            _kept = (
                request._request.body
            )  # once, whole: the CSRF check of a session reads the stream before the view
        super().initial(request, *args, **kwargs)
        if errors := _query_faults(request, self.declared(str(request.method))):
            raise Invalid(errors)

    @classmethod
    def declared(cls, method: str) -> Sequence[OpenApiParameter]:
        """The query parameters of a method, for the check and for the schema."""
        if method in READS:
            return cls.queries
        return cls.delete_queries if method == "DELETE" else cls.write_queries


def _hold_body(request: Request, limit: int | None) -> None:
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("", "identity"):  # never unpacked: a small body cannot grow
        raise exceptions.UnsupportedMediaType(
            coding[:40], detail=gettext("Send the body without Content-Encoding.")
        )
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    most = min(limit or settings.DATA_UPLOAD_MAX_MEMORY_SIZE, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    if length.isdigit() and int(length[:20]) > most:
        raise RequestDataTooBig


def _query_faults(request: Request, known: Sequence[OpenApiParameter]) -> list[dict[str, str]]:
    declared = {parameter.name: parameter for parameter in known}
    faults = []
    for name, values in list(request.query_params.lists())[:100]:
        parameter = declared.get(name)
        if parameter is None:
            faults.append(_fault(name, "unknown_parameter", N_("This parameter is not known.")))
        elif len(values) > 1:
            faults.append(_fault(name, "twice", N_("This parameter is given more than once.")))
        elif "\x00" in values[0]:
            faults.append(_fault(name, "nul", N_("A NUL character cannot be used.")))
        elif values[0] == "" and parameter.type is not str:
            faults.append(_fault(name, "blank", N_("This parameter has no value.")))
        elif parameter.enum and values[0] not in parameter.enum:
            faults.append(_fault(name, "unknown_choice", N_("This is not one of the choices.")))
    return faults


def _fault(name: str, code: str, message: str) -> dict[str, str]:
    return {"field": name[:100], "code": code, "message": message}
