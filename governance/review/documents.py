"""Files with a question to the works council, its answer, and evidence of a condition: checked, stored, only added."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.assessments import files as kinds
from governance.assessments import store
from governance.registry.models import System
from governance.registry.services import lock_system, permitted, person
from governance.review.models import ConditionEvidence, CouncilAnswer, CouncilRecord, Document
from portal.errors import N_, NotAllowed, RuleBroken
from portal.ledger.services import record

FOLDER = "review"
Target = CouncilRecord | CouncilAnswer | ConditionEvidence


@dataclass
class Held:
    """Files that are written and belong to nothing yet: `add` takes them, else they go."""

    rows: list[tuple[store.Checked, str]]
    taken: bool = False

    @property
    def names(self) -> str:
        """Their names, one a line."""
        return "\n".join(checked.name for checked, _stored in self.rows)


@contextmanager
def kept(files: Sequence[store.Upload]) -> Iterator[Held]:
    """Check and write files before the transaction that takes them; what it does not take is gone afterwards.

    Raises RuleBroken naming what is wrong with one of them.
    """
    if len(files) > kinds.MAX_FILES:
        raise _too_many()
    checked = {(one.sha256, one.name): one for one in map(store.check, files)}  # the same file twice is one
    with store.writing(FOLDER) as written:
        held = Held([(one, written.write(one.data)) for one in checked.values()])
        yield held
        if not held.taken:
            written.undo()


def add(held: Held, system: System, by: Any, now: dt.datetime, **to: Target) -> list[str]:
    """Give held files to what they belong to (`council=`, `answer=` or `evidence=`); returns their hashes.

    In the transaction that makes it.
    """
    Document.objects.bulk_create(
        Document(
            system=system,
            name=one.name,
            media_type=one.media_type,
            size=len(one.data),
            sha256=one.sha256,
            stored_as=stored_as,
            added_at=now,
            added_by=person(by),
            **to,
        )
        for one, stored_as in held.rows
    )
    held.taken = True
    return [one.sha256 for one, _stored in held.rows]


def attach(*, to: Target, file: store.Upload, by: Any) -> Document:
    """Add a file to what one asked, recorded or handed in oneself, as long as nobody answered it; twice is one."""
    with kept([file]) as held, transaction.atomic():
        system = lock_system(_system_of(to).pk)
        permitted(by, "view_review", system)
        link = link_for(to, by)
        one = held.rows[0][0]
        rows = Document.objects.filter(**link)
        twin = rows.filter(sha256=one.sha256, name=one.name).first()
        if twin is not None:
            return twin
        if rows.count() >= kinds.MAX_FILES:
            raise _too_many()
        add(held, system, by, timezone.now(), **link)
        made = rows.get(sha256=one.sha256, name=one.name)
        _note("review.file_added", made, by)
    return made


def link_for(to: Target, by: Any) -> dict[str, Any]:
    """By which key a file hangs on `to`; raises where this person adds none to it, or no longer."""
    if isinstance(to, CouncilRecord):
        link, whose = "council", to.asked_by_id
        over = CouncilRecord.objects.get(pk=to.pk).state != "asked"
    elif isinstance(to, CouncilAnswer):
        link, whose = "answer", to.recorded_by_id
        over = to.record.answers.filter(recorded_at__gt=to.recorded_at).exists()
    else:
        link, whose = "evidence", to.handed_in_by_id
        over = ConditionEvidence.objects.get(pk=to.pk).answered_at is not None
    if person(by).pk != whose:
        raise NotAllowed(N_("Only who wrote this adds files to it."), code="not_allowed")
    if over:
        raise RuleBroken(N_("This was answered: what it rests on stays as it is."), code="answered")
    return {link: to}


def download(*, document: Document, by: Any) -> Path:
    """The path of a file that somebody takes; who took it is recorded."""
    place = store.intact(FOLDER, document.stored_as, document.sha256)
    with transaction.atomic():
        _note("review.file_downloaded", document, by)
    return place


def _system_of(to: Target) -> System:
    if isinstance(to, CouncilRecord):
        return to.system
    return to.record.system if isinstance(to, CouncilAnswer) else to.condition.request.system


def _note(type: str, row: Document, by: Any) -> None:
    if row.evidence is not None:
        subject = row.evidence.condition.request.subject
    else:
        council = row.council or (row.answer and row.answer.record)
        subject = council.subject if council else ""
    body = {"system": row.system.slug, "file": row.sha256, "size": row.size}
    record(type=type, by=by, subject=subject, body=body)


def _too_many() -> RuleBroken:
    return RuleBroken(
        N_("At most {limit} files go with this."), code="too_many_files", field="file", limit=kinds.MAX_FILES
    )
