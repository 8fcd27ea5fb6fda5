"""Files to an assessment: checked, stored outside the web root under a random name, their hash kept."""

import datetime as dt
import hashlib
import os
import secrets
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from governance.assessments import files, selectors
from governance.assessments.models import Assessment, Attachment
from governance.assessments.services import locked_draft, record_act
from governance.registry.services import person
from portal.errors import N_, RuleBroken


class Upload(Protocol):
    """What a form or a call hands over (Django's UploadedFile)."""

    @property
    def name(self) -> str | None:
        """The name that the sender gave."""

    @property
    def size(self) -> int | None:
        """In bytes."""

    def read(self, num_bytes: int | None = None, /) -> bytes:
        """The bytes."""


def _path(stored_as: str) -> Path:
    return Path(settings.MEDIA_ROOT) / "assessments" / stored_as[:2] / stored_as


def attach(
    *,
    assessment: Assessment,
    file: Upload,
    by: Any,
    question: str = "",
    effective_at: dt.datetime | None = None,
) -> Attachment:
    """Add a file to a draft. The same file twice is one. Raises RuleBroken naming what is wrong with it."""
    if (file.size or 0) > files.MAX_BYTES:
        raise files.too_large()
    name = files.safe_name(file.name or "")
    data = file.read(files.MAX_BYTES + 1)
    media_type = files.media_type(name, data)
    sha256 = hashlib.sha256(data).hexdigest()
    stored_as = ""
    try:
        with locked_draft(assessment, by) as locked:
            kept = locked.attachments.filter(removed_at__isnull=True)
            same = kept.filter(sha256=sha256, name=name, question=question).first()
            if same is not None:
                return same
            _refuse(locked, question, kept.count())
            stored_as = _store(data)
            made = Attachment.objects.create(
                assessment=locked,
                question=question,
                name=name,
                media_type=media_type,
                size=len(data),
                sha256=sha256,
                stored_as=stored_as,
                added_at=effective_at or timezone.now(),
                added_by=person(by),
            )
            _changed(made, "file_added", by, effective_at)
    except BaseException:
        if stored_as:
            _path(stored_as).unlink(missing_ok=True)
        raise
    return made


def _refuse(assessment: Assessment, question: str, count: int) -> None:
    """Raise where the question is none, or there are enough files."""
    if question and question not in selectors.questionnaire_of(assessment).questions:
        raise RuleBroken(N_("This questionnaire has no such question."), code="unknown", field="question")
    if count >= files.MAX_FILES:
        message = N_("An assessment has at most {limit} files.")
        raise RuleBroken(message, code="too_many_files", field="file", limit=files.MAX_FILES)


def remove(*, attachment: Attachment, by: Any) -> Attachment:
    """Take a file off a draft: its name and hash stay; its bytes go where no other version holds them."""
    with locked_draft(attachment.assessment, by):
        locked = Attachment.objects.select_related("assessment__system").get(pk=attachment.pk)
        if locked.removed_at is None:
            locked.removed_at, locked.removed_by = timezone.now(), person(by)
            locked.save(update_fields=["removed_at", "removed_by"])
            _changed(locked, "file_removed", by, None)
            held = Attachment.objects.filter(stored_as=locked.stored_as, removed_at__isnull=True)
            if not held.exists():
                path = _path(locked.stored_as)
                transaction.on_commit(lambda: path.unlink(missing_ok=True))
    attachment.refresh_from_db()
    return attachment


def path_of(attachment: Attachment) -> Path:
    """Where the bytes lie. Raises RuleBroken where they are gone or are no longer what was added."""
    path = _path(attachment.stored_as)
    if not path.is_file():
        raise RuleBroken(N_("The file is no longer there."), code="file_gone")
    if hashlib.sha256(path.read_bytes()).hexdigest() != attachment.sha256:
        raise RuleBroken(N_("The file is not the one that was added: its hash differs."), code="file_changed")
    return path


def download(*, attachment: Attachment, by: Any) -> Path:
    """The path of a file that somebody takes; who took it is recorded."""
    path = path_of(attachment)
    with transaction.atomic():
        record_act(
            attachment.assessment, "file_downloaded", by, None, file=attachment.sha256, size=attachment.size
        )
    return path


def _store(data: bytes) -> str:
    """Write the bytes under a random name, readable by us alone, whole or not at all."""
    name = secrets.token_hex(16)
    path = _path(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
    return name


def _changed(row: Attachment, act: str, by: Any, effective_at: dt.datetime | None) -> None:
    """A file is part of what is signed: the version of the row goes on."""
    assessment = row.assessment
    assessment.row_version += 1
    assessment.save(update_fields=["row_version"])
    record_act(assessment, act, by, effective_at, file=row.sha256, size=row.size)
