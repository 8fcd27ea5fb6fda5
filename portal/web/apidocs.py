"""The Swagger page: split into page and script, since an inline script would break the Content-Security-Policy."""

import re
from typing import Any

from drf_spectacular.views import SpectacularSwaggerSplitView


class SwaggerPage(SpectacularSwaggerSplitView):
    """The API, to read and try with a key; open to everyone, as it shows no data."""

    template_name = "api/docs.html"  # the package's own page has an inline style
    permission_classes = ()
    authentication_classes = ()


def summarise(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A hook of drf-spectacular: the first sentence about an operation is its summary, where it names none itself."""
    for methods in result["paths"].values():
        for operation in methods.values():
            told = " ".join(operation.get("description", "").split())
            first = re.split(r"(?<=[.;:])\s", told, maxsplit=1)[0].rstrip(".;:")
            if first:
                operation.setdefault("summary", first)
    return result
