"""Comments on questions: a thread per remark, resolved when it is settled."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.assessments import selectors
from governance.assessments.models import Assessment, AssessmentComment
from governance.assessments.services import lock, record_act
from governance.registry.models import System
from governance.registry.services import person
from portal.errors import N_, NotAllowed, RuleBroken

OPEN_STATES = ("draft", "in_review")
MAY_NOT = N_("You do not have the permission for this.")
TEXT_LENGTH = N_("Write something, at most 4000 characters.")


def comment(
    *,
    assessment: Assessment,
    question: str,
    text: str,
    by: Any,
    parent: AssessmentComment | None = None,
    effective_at: dt.datetime | None = None,
) -> AssessmentComment:
    """Say something about a question of a draft or of what is in review, or answer in its thread."""
    with transaction.atomic():
        locked = lock(assessment)
        _permitted(by, locked.system)
        if locked.state not in OPEN_STATES:
            raise RuleBroken(N_("This version is closed: nothing is added to its threads."), code="closed")
        if question not in selectors.questionnaire_of(locked).questions:
            raise RuleBroken(N_("This questionnaire has no such question."), code="unknown", field="question")
        if not text.strip() or len(text) > 4000 or "\x00" in text:
            raise RuleBroken(TEXT_LENGTH, code="text_length", field="text")
        if parent is not None and (parent.assessment_id, parent.question) != (locked.pk, question):
            raise RuleBroken(N_("This thread is about something else."), code="other_thread", field="thread")
        made = AssessmentComment.objects.create(
            assessment=locked,
            question=question,
            parent=(parent.parent or parent) if parent else None,
            text=text.strip(),
            created_at=effective_at or timezone.now(),
            created_by=person(by),
        )
        _record(made, "commented", by, effective_at)
    return made


def resolve(
    *, comment: AssessmentComment, by: Any, resolved: bool = True, effective_at: dt.datetime | None = None
) -> AssessmentComment:
    """Settle a thread, or open it again."""
    with transaction.atomic():
        lock(comment.assessment)
        locked = AssessmentComment.objects.select_related("assessment__system__unit").get(pk=comment.pk)
        _permitted(by, locked.assessment.system)
        if locked.parent_id is not None:
            raise RuleBroken(N_("A thread is settled at its first comment."), code="not_a_thread")
        if (locked.resolved_at is not None) != resolved:
            locked.resolved_at = (effective_at or timezone.now()) if resolved else None
            locked.resolved_by = person(by) if resolved else None
            locked.save(update_fields=["resolved_at", "resolved_by"])
            _record(locked, "thread_resolved" if resolved else "thread_reopened", by, effective_at)
    comment.refresh_from_db()
    return comment


def _permitted(by: Any, system: System) -> None:
    if by != "system" and not selectors.may_comment(by, system):
        raise NotAllowed(MAY_NOT, code="not_allowed")


def _record(row: AssessmentComment, act: str, by: Any, effective_at: dt.datetime | None) -> None:
    record_act(row.assessment, act, by, effective_at, question=row.question, comment=str(row.pk))
