"""Files to an assessment: checked, stored outside the web root under a random name, their hash kept."""

import datetime as dt
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.assessments import files, selectors, store
from governance.assessments.models import Assessment, Attachment
from governance.assessments.services import locked_draft, record_act
from governance.registry.services import person
from portal.errors import N_, RuleBroken

FOLDER = "assessments"


def attach(
    *,
    assessment: Assessment,
    file: store.Upload,
    by: Any,
    question: str = "",
    effective_at: dt.datetime | None = None,
) -> Attachment:
    """Add a file to a draft. The same file twice is one. Raises RuleBroken naming what is wrong with it."""
    checked = store.check(file)
    with store.writing(FOLDER) as written, locked_draft(assessment, by) as locked:
        kept = locked.attachments.filter(removed_at__isnull=True)
        same = kept.filter(sha256=checked.sha256, name=checked.name, question=question).first()
        if same is not None:
            return same
        _refuse(locked, question, kept.count())
        made = Attachment.objects.create(
            assessment=locked,
            question=question,
            name=checked.name,
            media_type=checked.media_type,
            size=len(checked.data),
            sha256=checked.sha256,
            stored_as=written.write(checked.data),
            added_at=effective_at or timezone.now(),
            added_by=person(by),
        )
        _changed(made, "file_added", by, effective_at)
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
                path = store.path(FOLDER, locked.stored_as)
                transaction.on_commit(lambda: path.unlink(missing_ok=True))
    attachment.refresh_from_db()
    return attachment


def path_of(attachment: Attachment) -> Path:
    """Where the bytes lie. Raises RuleBroken where they are gone or are no longer what was added."""
    return store.intact(FOLDER, attachment.stored_as, attachment.sha256)


def download(*, attachment: Attachment, by: Any) -> Path:
    """The path of a file that somebody takes; who took it is recorded."""
    path = path_of(attachment)
    with transaction.atomic():
        record_act(
            attachment.assessment, "file_downloaded", by, None, file=attachment.sha256, size=attachment.size
        )
    return path


def _changed(row: Attachment, act: str, by: Any, effective_at: dt.datetime | None) -> None:
    """A file is part of what is signed: the version of the row goes on."""
    assessment = row.assessment
    assessment.row_version += 1
    assessment.save(update_fields=["row_version"])
    record_act(assessment, act, by, effective_at, file=row.sha256, size=row.size)
