"""Files of works-council records and of evidence, on their way to who may see them."""

from typing import Any

from django.http import FileResponse, HttpRequest
from django.shortcuts import get_object_or_404
from django.views import View

from governance.assessments.downloads import as_download
from governance.review import documents, selectors
from portal.web.views import SignedInMixin


class DocumentDownload(SignedInMixin, View):
    """The file itself; who took it is recorded."""

    perm = "view_review"

    def get(self, request: HttpRequest, pk: Any) -> FileResponse:
        """Always as a download."""
        row = get_object_or_404(selectors.visible_documents(request.user), pk=pk)
        place = documents.download(document=row, by=request.user)
        return as_download(place, row.name, row.media_type)
