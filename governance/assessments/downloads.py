"""A file on its way to whoever may have it, from a page or a call."""

from typing import Any

from django.http import FileResponse

from governance.assessments import attachments
from governance.assessments.models import Attachment


def file_response(row: Attachment, by: Any) -> FileResponse:
    """Always as a download, of the type that its content has; browsers may not guess another."""
    path = attachments.download(attachment=row, by=by)
    response = FileResponse(
        path.open("rb"), as_attachment=True, filename=row.name, content_type=row.media_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
