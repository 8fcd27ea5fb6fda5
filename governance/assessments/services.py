"""The life of an assessment: start, submit, return, sign, withdraw; and 'not owed'."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.assessments import catalogue, prefill, rules, selectors
from governance.assessments.models import Assessment, Attachment
from governance.assessments.questionnaire import asked, carried, owed_after_all, progress
from governance.registry.models import System
from governance.registry.services import lock_system, permitted, person
from governance.screening.rules import a_year_later
from portal.errors import N_, Invalid, RuleBroken
from portal.ledger.services import record

KINDS = frozenset(rules.Kind.values())


def start(*, system: System, kind: str, by: Any, effective_at: dt.datetime | None = None) -> Assessment:
    """A draft of the next version: from the answers and files of the last one, else from what the register says."""
    if kind not in KINDS:
        raise Invalid([{"field": "kind", "code": "unknown_value", "message": N_("There is no such kind.")}])
    permitted(by, rules.EDIT, system)
    now = effective_at or timezone.now()
    questionnaire = catalogue.current(kind, now.date())
    with transaction.atomic():
        locked = lock_system(system.pk)
        last = Assessment.objects.filter(system=locked, kind=kind).order_by("-version").first()
        if last is not None and last.state in ("draft", "in_review"):
            raise RuleBroken(N_("There is a draft, or one in review, already."), code="open_version")
        answers, sources = prefill.fill(questionnaire, locked)
        basis = _basis(locked, kind)
        if basis is not None:
            kept = carried(selectors.questionnaire_of(basis), basis.answers, questionnaire)
            answers |= kept
            # a source stays known as long as the answer is still that of the register
            sources = {id: basis.prefilled.get(id, s) if id in kept else s for id, s in sources.items()}
        made = Assessment.objects.create(
            system=locked,
            kind=kind,
            version=(last.version if last else 0) + 1,
            questionnaire=questionnaire.version,
            answers=answers,
            prefilled=sources,
            not_owed=basis.not_owed if basis else False,
            not_owed_reason=basis.not_owed_reason if basis else "",
            created_at=now,
            created_by=person(by),
        )
        if basis is not None:
            _carry_files(basis, made)
        record_act(made, "started", by, effective_at, from_version=basis.version if basis else None)
    return made


def _basis(system: System, kind: str) -> Assessment | None:
    """The version whose answers a new one takes over: the last that was signed, else the last that was written."""
    rows = Assessment.objects.filter(system=system, kind=kind).order_by("-version")
    return rows.filter(signed_at__isnull=False).first() or rows.first()


def _carry_files(basis: Assessment, made: Assessment) -> None:
    kept = ("question", "name", "media_type", "size", "sha256", "stored_as", "added_at", "added_by_id")
    rows = basis.attachments.filter(removed_at__isnull=True)
    Attachment.objects.bulk_create(
        [Attachment(assessment=made, **{name: getattr(row, name) for name in kept}) for row in rows]
    )


def set_not_owed(
    *,
    assessment: Assessment,
    not_owed: bool,
    by: Any,
    reason: str = "",
    effective_at: dt.datetime | None = None,
) -> Assessment:
    """Take the way of 'not owed' with its reason, or back to all sections."""
    with locked_draft(assessment, by) as locked:
        if not_owed and selectors.questionnaire_of(locked).not_owed is None:
            raise RuleBroken(N_("This kind of assessment is always owed."), code="always_owed")
        if not_owed and not reason.strip():
            raise RuleBroken(N_("Give the reason why it is not owed."), code="reason_missing", field="reason")
        locked.not_owed, locked.not_owed_reason = not_owed, reason.strip() if not_owed else ""
        locked.row_version += 1
        locked.save(update_fields=["not_owed", "not_owed_reason", "row_version"])
        record_act(
            locked,
            "said_not_owed" if not_owed else "said_owed",
            by,
            effective_at,
            reason=locked.not_owed_reason,
        )
    assessment.refresh_from_db()
    return assessment


def problem(assessment: Assessment, on: dt.date) -> str:
    """Why this version cannot go to review now; empty where it can."""
    questionnaire = selectors.questionnaire_of(assessment)
    return rules.why_not_submit(
        state=assessment.state,
        open_questions=sum(
            len(section.open) for section in progress(questionnaire, assessment.answers, assessment.not_owed)
        ),
        not_owed=assessment.not_owed,
        reason=assessment.not_owed_reason,
        owed=assessment.not_owed and owed_after_all(questionnaire, assessment.answers),
        required=assessment.not_owed and assessment.kind in _asked_outright(assessment, on),
    )


def _asked_outright(assessment: Assessment, on: dt.date) -> set[str]:
    """The kinds without a way out for the flows of the system: a FRIA is asked for as 'or not owed, with reasons'."""
    flows = assessment.system.flows.all()
    return set(selectors.needed(assessment.system, flows, on)) - {rules.Kind.FRIA.value}


def submit(*, assessment: Assessment, by: Any, effective_at: dt.datetime | None = None) -> Assessment:
    """Hand a complete draft to whoever signs."""
    now = effective_at or timezone.now()
    with transaction.atomic():
        locked = lock(assessment)
        permitted(by, rules.EDIT, locked.system)
        if why := problem(locked, now.date()):
            raise RuleBroken(why, code="cannot_submit")
        locked.state = _next(locked, "submit")
        locked.submitted_at, locked.submitted_by = now, person(by)
        locked.row_version += 1
        locked.save()
        record_act(locked, "submitted", by, effective_at)
    assessment.refresh_from_db()
    return assessment


def send_back(
    *, assessment: Assessment, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> Assessment:
    """Return what is in review to its writers, with the questions."""
    with transaction.atomic():
        locked = _acting(assessment, "return", by, reason)
        locked.state = _next(locked, "return")
        locked.returned_at, locked.returned_by = effective_at or timezone.now(), person(by)
        locked.return_reason = reason.strip()
        locked.row_version += 1
        locked.save()
        record_act(locked, "returned", by, effective_at, reason=reason.strip())
    assessment.refresh_from_db()
    return assessment


def sign(
    *, assessment: Assessment, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> Assessment:
    """Sign what is in review: it is frozen, valid for twelve months, and replaces the version in use.

    Doors call `review.changes.sign_assessment`, which also voids what was approved with the replaced version.
    """
    now = effective_at or timezone.now()
    with transaction.atomic():
        locked = _acting(assessment, "sign", by, reason)
        if why := selectors.why_not_sign(locked, person(by)):
            raise RuleBroken(why, code="cannot_sign")
        replaced = Assessment.objects.filter(system=locked.system, kind=locked.kind, state="signed").first()
        if replaced is not None:
            replaced.state = _next(replaced, "supersede")
            replaced.superseded_at = max(now, replaced.signed_at or now)
            replaced.save(update_fields=["state", "superseded_at"])
            record_act(replaced, "superseded", by, effective_at, by_version=locked.version)
        locked.content = content(locked)
        locked.digest = rules.digest(locked.content)
        locked.state = _next(locked, "sign")
        locked.signed_at, locked.signed_by, locked.sign_reason = now, person(by), reason.strip()
        locked.valid_until = a_year_later(now.date())
        locked.row_version += 1
        locked.save()
        record_act(
            locked,
            "signed",
            by,
            effective_at,
            reason=reason.strip(),
            digest=locked.digest,
            valid_until=locked.valid_until.isoformat(),
        )
    assessment.refresh_from_db()
    return assessment


def withdraw(
    *, assessment: Assessment, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> Assessment:
    """Give up an open version (its writers), or take back a signature (who may sign); with the reason.

    Doors call `review.changes.withdraw_assessment`, which also voids what was approved with that signature.
    """
    with transaction.atomic():
        act = "revoke" if lock(assessment).state == "signed" else "withdraw"
        locked = _acting(assessment, act, by, reason)
        locked.state = _next(locked, act)
        locked.withdrawn_at, locked.withdrawn_by = effective_at or timezone.now(), person(by)
        locked.withdraw_reason = reason.strip()
        locked.row_version += 1
        locked.save()
        record_act(
            locked, "withdrawn" if act == "withdraw" else "revoked", by, effective_at, reason=reason.strip()
        )
    assessment.refresh_from_db()
    return assessment


# --- what is signed -----------------------------------------------------------------------------


def content(assessment: Assessment) -> dict[str, Any]:
    """What a signature covers, as canonical data: questions as they were asked, answers, files by their hashes."""
    questionnaire = selectors.questionnaire_of(assessment)
    return {
        "kind": assessment.kind,
        "system": assessment.system.slug,
        "version": assessment.version,
        "questionnaire": {"version": questionnaire.version, "source": questionnaire.source},
        "not_owed": assessment.not_owed,
        "not_owed_reason": assessment.not_owed_reason,
        "sections": [
            {
                "id": section.id,
                "title": dict(section.title),
                "answers": [
                    {
                        "question": question.id,
                        "text": dict(question.text),
                        "kind": question.kind,
                        "answer": assessment.answers[question.id],
                    }
                    for question in asked(section, assessment.answers)
                    if question.id in assessment.answers
                ],
            }
            for section in questionnaire.sections
        ],
        "attachments": [
            {"name": row.name, "media_type": row.media_type, "size": row.size, "sha256": row.sha256}
            for row in assessment.attachments.filter(removed_at__isnull=True).order_by("sha256", "name")
        ],
    }


# --- shared with the services of answers, threads and files -------------------------------------


def lock(assessment: Assessment) -> Assessment:
    """The row, locked after its system (so that nobody waits in a circle)."""
    lock_system(assessment.system_id)
    rows = Assessment.objects.select_for_update(of=("self",)).select_related("system__unit", "system__owner")
    return rows.get(pk=assessment.pk)


@contextmanager
def locked_draft(assessment: Assessment, by: Any) -> Iterator[Assessment]:
    """A transaction that holds a draft which `by` may change. Raises RuleBroken where it is none."""
    with transaction.atomic():
        locked = lock(assessment)
        permitted(by, rules.EDIT, locked.system)
        if locked.state != "draft":
            raise RuleBroken(rules.NOT_A_DRAFT, code="not_a_draft")
        yield locked


def _acting(assessment: Assessment, act: str, by: Any, reason: str) -> Assessment:
    """The locked row, if this act is possible for `by` with this reason."""
    locked = lock(assessment)
    permitted(by, rules.permission(locked.kind, act), locked.system)
    if why := rules.why_not(act, locked.state):
        raise RuleBroken(why, code="wrong_state")
    if not reason.strip():
        raise RuleBroken(N_("Give a reason."), code="reason_missing", field="reason")
    return locked


def _next(assessment: Assessment, act: str) -> str:
    target = rules.after(assessment.state, act)
    if target is None:  # asked before; a hole in the table must not pass
        raise RuleBroken(rules.why_not(act, assessment.state), code="wrong_state")
    return target


def record_act(
    assessment: Assessment, act: str, by: Any, effective_at: dt.datetime | None, **more: Any
) -> None:
    """Write an act on a version, its files or its threads to the ledger; what is empty of `more` is left out."""
    record(
        type=f"assessment.{act}",
        by=by,
        subject=assessment.subject,
        body={
            "system": assessment.system.slug,
            "kind": assessment.kind,
            "version": assessment.version,
            **{name: value for name, value in more.items() if value not in (None, "")},
        },
        ts=effective_at,
    )
