"""A file on its way to whoever may have it, from a page or a call."""

import re
from pathlib import Path
from typing import Any

from django.http import FileResponse

from governance.assessments import attachments
from governance.assessments.models import Attachment

_NO_NAME = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
"""What no file system that people use takes in a name."""


def file_response(row: Attachment, by: Any) -> FileResponse:
    """Always as a download, of the type that its content has; browsers may not guess another."""
    return as_download(attachments.download(attachment=row, by=by), row.name, row.media_type)


def as_download(path: Path, name: str, media_type: str) -> FileResponse:
    """A stored file as a download."""
    name = _NO_NAME.sub("_", name)
    response = FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type=media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
