"""The API as a page of the portal, drawn from the schema; what drf-spectacular leaves out of the schema."""

import re
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views import View
from drf_spectacular.generators import SchemaGenerator

from portal.web.reference import Reference, read


class ApiReference(View):
    """Every call with its fields, an example and its answers; open to everyone, as it shows no data."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        return render(request, "api/reference.html", {"reference": reference()})


@cache
def reference() -> Reference:
    """The schema of this version as rows; made once in a process, in English as the schema itself."""
    with translation.override("en-gb"):
        return read(SchemaGenerator().get_schema(request=None, public=True))  # type: ignore[no-untyped-call]


def summarise(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A hook of drf-spectacular: the first sentence about an operation is its summary, where it names none itself."""
    for methods in result["paths"].values():
        for operation in methods.values():
            told = " ".join(operation.get("description", "").split())
            first = re.split(r"(?<=[.;:])\s", told, maxsplit=1)[0].rstrip(".;:")
            if first:
                operation.setdefault("summary", first)
    return result
