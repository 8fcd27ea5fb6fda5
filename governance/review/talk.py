"""The discussion of a request by its board, and the minutes that its secretary keeps before the vote."""

import datetime as dt
import hashlib
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.registry.services import permitted, person
from governance.review import selectors
from governance.review.acts import locked, need, note, step
from governance.review.models import Comment, DeploymentRequest, Minutes
from portal.errors import N_, NotAllowed, RuleBroken


def comment(
    *,
    request: DeploymentRequest,
    text: str,
    by: Any,
    parent: Comment | None = None,
    effective_at: dt.datetime | None = None,
) -> Comment:
    """Say something about a request, or answer a comment; the ledger keeps that it was said and its hash."""
    text = need(text, "text", N_("Write something."))
    with transaction.atomic():
        row = locked(request)
        now = effective_at or timezone.now()
        permitted(by, "view_review", row.system)
        if row.state not in ("in_review", "returned"):
            raise RuleBroken(N_("This request is not with the board."), code="wrong_state")
        if not selectors.may_comment(row, person(by), now.date()):
            raise NotAllowed(N_("The board discusses; you do not sit on it."), code="not_allowed")
        if parent is not None and parent.request_id != row.pk:
            raise RuleBroken(N_("This answers a comment of another request."), code="foreign", field="parent")
        # one level: an answer to an answer stands below the first
        made = Comment.objects.create(
            request=row, parent=parent and (parent.parent or parent), text=text, written_at=now, written_by=by
        )
        note("review.comment_written", row, by, effective_at, comment=str(made.pk), sha256=_hash(text))
    return made


def edit(*, comment: Comment, text: str, by: Any) -> Comment:
    """Change an own comment, as long as no vote of the round is cast."""
    text = need(text, "text", N_("Write something."))
    with transaction.atomic():
        row = locked(comment.request)
        if person(by).pk != comment.written_by_id:
            raise NotAllowed(N_("Only who wrote a comment changes it."), code="not_allowed")
        if row.state not in ("in_review", "returned") or selectors.vote_begun(row):
            raise RuleBroken(N_("A vote is cast: what was said stays as it is."), code="vote_begun")
        comment.text, comment.edited_at, comment.edited_by = text, timezone.now(), by
        comment.save(update_fields=["text", "edited_at", "edited_by"])
        note("review.comment_edited", row, by, None, comment=str(comment.pk), sha256=_hash(text))
    return comment


def keep_minutes(
    *, request: DeploymentRequest, text: str, by: Any, effective_at: dt.datetime | None = None
) -> Minutes:
    """Write the next version of the minutes, by the secretary; the decision closes the last one."""
    text = need(text, "text", N_("Write something."))
    with transaction.atomic():
        row = locked(request)
        now = effective_at or timezone.now()
        permitted(by, "view_review", row.system)
        latest = row.minutes.order_by("-number").first()
        step("minutes", latest.state if latest else "draft", "revise")
        if row.state not in ("in_review", "returned"):
            raise RuleBroken(N_("This request is not with the board."), code="wrong_state")
        if not selectors.may_keep_minutes(row, person(by), now.date()):
            raise NotAllowed(N_("The secretary of the board keeps the minutes."), code="not_allowed")
        number = latest.number + 1 if latest else 1
        made = Minutes.objects.create(request=row, number=number, text=text, written_at=now, written_by=by)
        note("review.minutes_kept", row, by, effective_at, minutes=number, sha256=_hash(text))
    return made


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
