"""The discussion of a request by its board, and the minutes that its secretary keeps before the vote."""

import datetime as dt
import hashlib
import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.registry.services import permitted, person
from governance.review import selectors
from governance.review.acts import locked, need, note, sent_before, step
from governance.review.models import Comment, DeploymentRequest, Minutes
from portal.errors import N_, NotAllowed, RuleBroken, Stale


def comment(
    *,
    request: DeploymentRequest,
    text: str,
    by: Any,
    parent: Comment | None = None,
    pk: uuid.UUID | None = None,
    effective_at: dt.datetime | None = None,
) -> Comment:
    """Say something about a request, or answer a comment; the ledger keeps that it was said and its hash.

    `pk` given (by a form) makes sending it twice harmless.
    """
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
        if (twin := sent_before(Comment, pk, request_id=row.pk, written_by_id=person(by).pk)) is not None:
            return twin
        # one level: an answer to an answer stands below the first
        made = Comment.objects.create(
            id=pk or uuid.uuid4(),
            request=row,
            parent=parent and (parent.parent or parent),
            text=text,
            written_at=now,
            written_by=by,
        )
        note("review.comment_written", row, by, effective_at, comment=str(made.pk), sha256=_hash(text))
    return made


def edit(*, comment: Comment, text: str, by: Any, expected_version: int | None = None) -> Comment:
    """Change an own comment, as long as no vote of the round is cast.

    `expected_version`: the `row_version` that the change is based on; raises Stale where the comment changed since
    (None: it is based on no state that somebody looked at).
    """
    text = need(text, "text", N_("Write something."))
    with transaction.atomic():
        row = locked(comment.request)
        if person(by).pk != comment.written_by_id:
            raise NotAllowed(N_("Only who wrote a comment changes it."), code="not_allowed")
        if row.state not in ("in_review", "returned") or selectors.vote_begun(row):
            raise RuleBroken(N_("A vote is cast: what was said stays as it is."), code="vote_begun")
        kept = Comment.objects.get(pk=comment.pk)  # every change takes the lock of the request
        if kept.text != text:
            if expected_version not in (None, kept.row_version):
                raise _stale(kept.text, text, kept.row_version)
            kept.text, kept.edited_at, kept.edited_by = text, timezone.now(), by
            kept.row_version += 1
            kept.save(update_fields=["text", "edited_at", "edited_by", "row_version"])
            note("review.comment_edited", row, by, None, comment=str(kept.pk), sha256=_hash(text))
    comment.refresh_from_db()
    return comment


def keep_minutes(
    *,
    request: DeploymentRequest,
    text: str,
    by: Any,
    expected_version: int | None = None,
    effective_at: dt.datetime | None = None,
) -> Minutes:
    """Write the next version of the minutes, by the secretary; the decision closes the last one.

    `expected_version`: the number of the version that this one follows (0: there was none); raises Stale where
    another was written since. The same text again is the version that is there.
    """
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
        if latest is not None and latest.text == text:
            return latest
        number = latest.number + 1 if latest else 1
        if expected_version not in (None, number - 1):
            raise _stale(latest.text if latest else "", text, number - 1)
        made = Minutes.objects.create(request=row, number=number, text=text, written_at=now, written_by=by)
        note("review.minutes_kept", row, by, effective_at, minutes=number, sha256=_hash(text))
    return made


def _stale(theirs: str, yours: str, current: int) -> Stale:
    return Stale([{"field": "text", "before": None, "theirs": theirs, "yours": yours}], current=current)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
