"""Conditions: the owner hands in evidence, the seat named accepts it or sends it back; only acceptance meets it."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from governance.assessments.store import Upload
from governance.registry.services import lock_system, permitted, person
from governance.review import deployments, rules, selectors, stretches
from governance.review.acts import need, note, sent_before, step
from governance.review.documents import add, kept
from governance.review.models import (
    Board,
    Condition,
    ConditionEvidence,
    Deployment,
    DeploymentRequest,
    Seat,
    Vote,
)
from portal.access.selectors import can
from portal.errors import N_, NotAllowed, RuleBroken


def check_vote(
    choice: str, reason: str, conditions: Sequence[Mapping[str, Any]], seat: Seat, today: dt.date
) -> list[dict[str, str]]:
    """The conditions of a vote as stored rows, after its shape was checked."""
    if choice not in rules.Choice.values():
        raise RuleBroken(N_("This is not one of the choices."), code="unknown_value", field="choice")
    need(reason)
    if (choice == "conditions") != bool(conditions):
        raise RuleBroken(
            N_("Conditions go with the choice 'approve with conditions', and it needs at least one."),
            code="conditions",
            field="conditions",
        )
    return [_row(row, seat, today) for row in conditions]


def _row(row: Mapping[str, Any], seat: Seat, today: dt.date) -> dict[str, str]:
    text = str(row.get("text", "")).strip()
    owner, due = row.get("owner"), row.get("due_on")
    pk = getattr(owner, "pk", owner)
    try:
        found = None if pk is None else get_user_model().objects.filter(pk=uuid.UUID(str(pk))).first()
        known = found is not None
        due_on = due if isinstance(due, dt.date) else dt.date.fromisoformat(str(due))
    except ValueError:
        found, known, due_on = None, False, today
    if not text or not known or due_on < today:
        raise RuleBroken(
            N_("A condition needs a text, an owner and a date that is not past."),
            code="conditions",
            field="conditions",
        )
    if found is not None and (not found.is_active or found.ended(timezone.now())):
        raise RuleBroken(
            N_(
                "The account of who should meet a condition is closed. Name somebody who can hand in evidence."
            ),
            code="owner_inactive",
            field="conditions",
        )
    accepting = _accepting(seat.board, str(row.get("accepted_by") or seat.discipline))
    return {"text": text, "owner": str(pk), "due_on": due_on.isoformat(), "accepted_by": str(accepting.pk)}


def _accepting(board: Board, discipline: str) -> Seat:
    found = board.seats.filter(discipline=discipline, advisory=False).first()
    if found is None:
        raise RuleBroken(
            N_("A condition is accepted by a seat of this board that votes."),
            code="conditions",
            field="conditions",
        )
    return found


def set_conditions(request: DeploymentRequest, votes: Iterable[Vote]) -> None:
    """Make the conditions of an approval from the votes that count. In a transaction."""
    Condition.objects.bulk_create(
        Condition(
            request=request,
            text=row["text"],
            owner_id=uuid.UUID(row["owner"]),
            due_on=dt.date.fromisoformat(row["due_on"]),
            set_by=vote.seat,
            accepted_by_seat_id=uuid.UUID(row["accepted_by"]),
        )
        for vote in votes
        for row in vote.conditions
    )


def hand_in(
    *,
    condition: Condition,
    evidence: str,
    by: Any,
    files: Sequence[Upload] = (),
    pk: uuid.UUID | None = None,
    effective_at: dt.datetime | None = None,
) -> ConditionEvidence:
    """Hand in what shows that a condition is met, in words and perhaps files; by its owner, or the chair for them.

    `pk` given (by a form) makes sending it twice harmless.
    """
    text = need(evidence, "evidence", N_("Say what shows that it is done."))
    with kept(files) as held, transaction.atomic():
        locked = _locked(condition)
        twin = sent_before(ConditionEvidence, pk, condition_id=locked.pk, handed_in_by_id=person(by).pk)
        if twin is not None:
            return twin
        now = effective_at or timezone.now()
        if person(by).pk != locked.owner_id:
            permitted(by, "chair", locked.request.system)
        locked.state = step("condition", locked.state, "hand_in")
        locked.save(update_fields=["state"])
        made = ConditionEvidence.objects.create(
            id=pk or uuid.uuid4(), condition=locked, text=text, handed_in_at=now, handed_in_by=by
        )
        hashes = add(held, locked.request.system, by, now, evidence=made)
        _note("review.evidence_handed_in", locked, by, effective_at, text, files=hashes)
    condition.refresh_from_db()
    return made


def accept(
    *, condition: Condition, by: Any, answer: str = "", effective_at: dt.datetime | None = None
) -> Condition:
    """Accept the evidence: the condition is met, and what is in force goes on until the next one is due.

    Accepted too late, it puts back nothing: the board does.
    """
    with transaction.atomic():
        locked = _locked(condition)
        now = effective_at or timezone.now()
        _refuse_other(locked, by, now)
        target = step("condition", locked.state, "accept")
        deployment = deployment_of(locked.request)
        deployments.suspend_late(deployment, now)
        _answer(locked, True, answer.strip(), by, now)
        locked.state, locked.met_at, locked.met_by = target, now, by
        locked.save()
        stretches.prolong(deployment, now)
        _note("review.condition_met", locked, by, effective_at, answer.strip())
    condition.refresh_from_db()
    return condition


def send_back(
    *, condition: Condition, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> Condition:
    """Send the evidence back with a reason: the condition is open again, its date stays."""
    reason = need(reason)
    with transaction.atomic():
        locked = _locked(condition)
        now = effective_at or timezone.now()
        _refuse_other(locked, by, now)
        locked.state = step("condition", locked.state, "send_back")
        _answer(locked, False, reason, by, now)
        locked.save(update_fields=["state"])
        _note("review.evidence_sent_back", locked, by, effective_at, reason)
    condition.refresh_from_db()
    return condition


def may_answer(condition: Condition, user: Any, on: dt.date) -> bool:
    """Whether a person speaks for the accepting seat here; where nobody does, the chair answers in its place."""
    barred = selectors.barred(condition)
    if user.pk in barred:
        return False
    speaker = selectors.speaker(condition.accepted_by_seat, on, barred)
    return speaker == user.pk if speaker else can(user, "chair", condition.request.system)


def deployment_of(request: DeploymentRequest) -> Deployment:
    """The deployment that a request approved or put back."""
    return request.reinstates if request.reinstates is not None else Deployment.objects.get(request=request)


def _locked(condition: Condition) -> Condition:
    lock_system(condition.request.system_id)
    rows = Condition.objects.select_for_update(of=("self",))
    return rows.select_related("request__system__unit", "request__version", "accepted_by_seat").get(
        pk=condition.pk
    )


def _refuse_other(condition: Condition, by: Any, now: dt.datetime) -> None:
    permitted(by, "view_review", condition.request.system)
    if not may_answer(condition, person(by), now.date()):
        raise NotAllowed(N_("Only the seat that was named accepts this condition."), code="not_allowed")


def _answer(condition: Condition, accepted: bool, text: str, by: Any, now: dt.datetime) -> None:
    row = condition.evidence.get(answered_at=None)
    row.accepted, row.answer, row.answered_at, row.answered_by = accepted, text, now, by
    row.save()


def _note(
    type: str, condition: Condition, by: Any, effective_at: dt.datetime | None, reason: str, **more: Any
) -> None:
    note(type, condition.request, by, effective_at, condition=str(condition.pk), reason=reason, **more)
