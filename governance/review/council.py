"""The works-council record: what was asked with which documents, and what was answered; apart from any seat's vote."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.assessments.store import Upload
from governance.registry.models import DataFlow, System
from governance.registry.selectors import flow_facts
from governance.registry.services import lock_system, permitted, person
from governance.review import deployments, rules, selectors
from governance.review.acts import need, sent_before, step
from governance.review.documents import add, kept
from governance.review.models import CouncilAnswer, CouncilRecord
from portal.access.selectors import can
from portal.errors import N_, NotAllowed, RuleBroken
from portal.ledger.services import record

REFUSED = N_("The works council refused.")
NULLITY = N_("The works council invoked nullity.")


def ask(
    *,
    system: System,
    flows: Sequence[DataFlow],
    question: str,
    documents: str,
    informed_on: dt.date,
    by: Any,
    answer_due_on: dt.date | None = None,
    files: Sequence[Upload] = (),
    pk: uuid.UUID | None = None,
    effective_at: dt.datetime | None = None,
) -> CouncilRecord:
    """Record that the works council was informed and asked: what, with which documents, on which day.

    Documents are references, files or both. `pk` given (by a form) makes sending it twice harmless.
    """
    permitted(by, "request_deployment", system)
    question = need(question, "question", N_("Say what the works council is asked."))
    if not files:
        need(documents, "documents", N_("Name the documents that the works council received, or add them."))
    now = effective_at or timezone.now()
    _refuse_flows(system, flows)
    if informed_on > now.date():
        raise RuleBroken(N_("This day has not come yet."), code="out_of_range", field="informed_on")
    if answer_due_on is not None and answer_due_on < informed_on:
        raise RuleBroken(
            N_("An answer cannot be due before the question."), code="out_of_range", field="answer_due_on"
        )
    with kept(files) as held, transaction.atomic():
        lock_system(system.pk)
        twin = sent_before(CouncilRecord, pk, system_id=system.pk, asked_by_id=person(by).pk)
        if twin is not None:
            return twin
        made = CouncilRecord.objects.create(
            id=pk or uuid.uuid4(),
            system=system,
            question=question,
            documents=documents.strip() or held.names[:4000],
            facts={flow.slug: flow_facts(flow) for flow in flows},
            informed_on=informed_on,
            answer_due_on=answer_due_on,
            asked_at=now,
            asked_by=person(by),
            imported=effective_at is not None,
        )
        made.flows.set(flows)
        hashes = add(held, system, by, now, council=made)
        informed = informed_on.isoformat()
        _note("review.council_asked", made, by, effective_at, informed_on=informed, files=hashes)
    return made


def answer(
    *,
    council: CouncilRecord,
    act: str,
    answered_on: dt.date,
    by: Any,
    reason: str = "",
    documents: str = "",
    files: Sequence[Upload] = (),
    effective_at: dt.datetime | None = None,
) -> CouncilRecord:
    """Record an answer (`act`: a step of the machine `council`); what may go live does, what may not stops.

    The works council answers for itself; the chair may enter its written answer, with a reference to it, and records
    what a court or the law decided. Never requester or owner.
    """
    now = effective_at or timezone.now()
    with kept(files) as held, transaction.atomic():
        lock_system(council.system_id)
        rows = CouncilRecord.objects.select_for_update(of=("self",)).select_related("system__unit")
        row = rows.get(pk=council.pk)
        _refuse_answer(row, act, answered_on, by, reason, documents, bool(files), now)
        row.state = step("council", row.state, act)
        row.save(update_fields=["state"])
        said = CouncilAnswer.objects.create(
            record=row,
            act=act,
            state=row.state,
            reason=reason.strip(),
            documents=documents.strip() or held.names[:4000],
            answered_on=answered_on,
            recorded_at=now,
            recorded_by=by,
        )
        body: dict[str, Any] = {
            "answer": row.state,
            "answered_on": answered_on.isoformat(),
            "reason": reason.strip(),
        }
        body["files"] = add(held, row.system, by, now, answer=said)
        _note("review.council_answered", row, by, effective_at, **body)
        _follow(row, by, effective_at)
    council.refresh_from_db()
    return council


def why_not_answer(council: CouncilRecord, act: str, user: Any) -> str:
    """Why a person cannot record this answer; empty where they can."""
    if user.pk in (council.asked_by_id, council.system.owner_id):
        return N_("Who asked, and who owns the system, does not record the answer.")
    as_council = can(user, "answer_council", council.system) and act not in rules.CHAIR_ONLY
    as_chair = can(user, "chair", council.system) and act not in rules.COUNCIL_ONLY
    if not (as_council or as_chair):
        return N_("You do not have the permission for this.")
    return ""


def open_acts(council: CouncilRecord, user: Any) -> list[rules.Transition]:
    """The answers that a person may record now."""
    return [t for t in rules.acts_of("council", council.state) if not why_not_answer(council, t.act, user)]


def _refuse_answer(
    council: CouncilRecord,
    act: str,
    answered_on: dt.date,
    by: Any,
    reason: str,
    documents: str,
    has_files: bool,
    now: dt.datetime,
) -> None:
    if act not in rules.ANSWERS:
        raise RuleBroken(N_("This is not one of the choices."), code="unknown_value", field="act")
    why = why_not_answer(council, act, person(by))
    if why:
        raise NotAllowed(why, code="not_allowed")
    if rules.ANSWERS[act]:
        need(reason)
    if not can(by, "answer_council", council.system) and not has_files:
        need(documents, "documents", N_("Name the document in which the answer stands, or add it."))
    if not council.informed_on <= answered_on <= now.date():
        raise RuleBroken(
            N_("An answer lies between the day of the question and today."),
            code="out_of_range",
            field="answered_on",
        )
    if act == "invoke_nullity" and answered_on > rules.nullity_until(council.informed_on):
        raise RuleBroken(
            N_("Nullity may be invoked within one month after the works council was informed."),
            code="out_of_range",
            field="answered_on",
        )


def _follow(council: CouncilRecord, by: Any, effective_at: dt.datetime | None) -> None:
    flows = list(council.flows.select_related("system__unit"))
    if rules.allows(council.state):
        deployments.go_live(system=council.system, flows=flows, by=by, effective_at=effective_at)
        return
    reason = NULLITY if council.state == "nullity" else REFUSED
    for flow in selectors.without_council(flows):
        deployments.suspend_flow(flow=flow, reason=reason, by="system", effective_at=effective_at)


def _refuse_flows(system: System, flows: Sequence[DataFlow]) -> None:
    if not flows or any(flow.system_id != system.pk for flow in flows):
        raise RuleBroken(N_("Choose at least one data flow."), code="no_flows", field="flows")
    other = next((flow for flow in flows if not selectors.touches_workers(flow)), None)
    if other is not None:
        raise RuleBroken(
            N_("The data flow {flow} does not touch workers."),
            code="no_workers",
            field="flows",
            flow=other.slug,
        )


def _note(type: str, council: CouncilRecord, by: Any, effective_at: dt.datetime | None, **body: Any) -> None:
    named = {"system": council.system.slug, "flows": sorted(council.facts), **body}
    record(type=type, by=by, subject=council.subject, body=named, ts=effective_at)
