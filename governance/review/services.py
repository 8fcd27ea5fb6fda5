"""Requests: drafted, submitted, returned, submitted again, withdrawn. The one door to every act of review.

Votes: votes.py; deployments: deployments.py; conditions: conditions.py; works council: council.py; discussion and
minutes: talk.py; boards: boards.py; changes of the register that touch approvals: changes.py.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from governance.registry.models import DataFlow, System, SystemVersion
from governance.registry.services import lock_system, permitted, person
from governance.review import acts, conditions, council, deployments, expiring, rules, selectors, talk, votes
from governance.review.acts import locked, need, note, sent_before, step
from governance.review.models import Board, Deployment, DeploymentRequest, Round
from portal.access.selectors import can
from portal.errors import N_, NotAllowed, RuleBroken, Stale

# the verbs of the other modules belong to this slice's one door for services
cast_vote = votes.cast_vote
recuse = votes.recuse
close_vote = votes.close_vote
close_due = votes.close_due
extend_vote = votes.extend_vote
overtake = acts.overtake
suspend = deployments.suspend
suspend_flow = deployments.suspend_flow
lapse_due = deployments.lapse_due
sign_screening = expiring.sign_screening
suspend_overdue = deployments.suspend_overdue
hand_in = conditions.hand_in
accept_condition = conditions.accept
send_back_condition = conditions.send_back
ask_council = council.ask
answer_council = council.answer
comment = talk.comment
edit_comment = talk.edit
keep_minutes = talk.keep_minutes

TEXTS = ("summary", "alternatives", "doubts", "consulted")


def create_request(
    *,
    system: System,
    flows: Sequence[DataFlow],
    version: SystemVersion,
    summary: str,
    by: Any,
    board: Board | None = None,
    alternatives: str = "",
    doubts: str = "",
    consulted: str = "",
    valid_months: int = 12,
    earlier: DeploymentRequest | None = None,
    kind: str = "deployment",
    reinstates: Deployment | None = None,
    pk: uuid.UUID | None = None,
    effective_at: dt.datetime | None = None,
) -> DeploymentRequest:
    """Draft a request to put these flows of this version into use; the nearest board decides where none is named.

    `earlier`: the request that this one follows, such as one that was rejected. `pk` given (by a form) makes sending
    it twice harmless.
    """
    permitted(by, "request_deployment", system)
    if earlier is not None and earlier.system_id != system.pk:
        raise RuleBroken(N_("The earlier request is about another system."), code="foreign", field="earlier")
    board = board or selectors.boards_for(system).order_by("-unit__path").first()
    if board is None:
        raise RuleBroken(N_("No board decides for this unit yet. Set one up first."), code="no_board")
    _refuse_foreign(system, version, flows, valid_months)
    with transaction.atomic():
        lock_system(system.pk)
        twin = sent_before(DeploymentRequest, pk, system_id=system.pk, requested_by_id=person(by).pk)
        if twin is not None:
            return twin
        request = DeploymentRequest.objects.create(
            id=pk or uuid.uuid4(),
            system=system,
            board=board,
            version=version,
            kind=kind,
            earlier=earlier,
            reinstates=reinstates,
            summary=summary.strip(),
            alternatives=alternatives.strip(),
            doubts=doubts.strip(),
            consulted=consulted.strip(),
            valid_months=valid_months,
            created_at=effective_at or timezone.now(),
            requested_by=person(by),
            imported=effective_at is not None,
        )
        request.flows.set(flows)
        named = {"kind": kind, "flows": sorted(f.slug for f in flows)}
        note("review.request_drafted", request, by, effective_at, **named)
    return request


def _refuse_foreign(
    system: System, version: SystemVersion, flows: Sequence[DataFlow], valid_months: int
) -> None:
    if version.system_id != system.pk or any(flow.system_id != system.pk for flow in flows):
        raise RuleBroken(
            N_("Version and data flows must belong to the system."), code="foreign", field="flows"
        )
    if not 1 <= valid_months <= 24:
        raise RuleBroken(
            N_("An approval is valid for 1 to 24 months."), code="out_of_range", field="valid_months"
        )


def revise_request(
    *, request: DeploymentRequest, by: Any, expected_version: int, **values: Any
) -> DeploymentRequest:
    """Change a draft or a returned request, by who made it, where nobody changed it since `expected_version`.

    `values`: version, flows, valid_months and the texts; what is left out stays.
    """
    with transaction.atomic():
        row = locked(request)
        if not _taken_over(row, by):
            _refuse_not_requester(row, by)
        if row.state not in ("draft", "returned"):
            raise RuleBroken(
                N_("What is with the board is not changed. Withdraw it, or wait for its questions."),
                code="wrong_state",
            )
        if row.row_version != expected_version:
            raise _stale(row, values)
        flows = list(values.pop("flows", row.flows.all()))
        version = values.get("version", row.version)
        months = values.get("valid_months", row.valid_months)
        _refuse_foreign(row.system, version, flows, months)
        if row.kind == "reinstatement":  # what was stopped comes back as it was
            flows, version, months = list(row.flows.all()), row.version, row.valid_months
        row.version, row.valid_months = version, months
        for name in TEXTS:
            setattr(row, name, str(values.get(name, getattr(row, name))).strip())
        row.row_version += 1
        row.save()
        row.flows.set(flows)
        note("review.request_revised", row, by, None, flows=sorted(f.slug for f in flows))
    request.refresh_from_db()
    return request


def _stale(row: DeploymentRequest, values: dict[str, Any]) -> Stale:
    """What stands there now against what was typed; an earlier state of a draft is not kept."""

    def words(value: Any) -> str:
        if isinstance(value, list | tuple | QuerySet):
            return ", ".join(sorted(str(one.name) for one in value))
        return str(getattr(value, "name", value) or "").strip()

    now = {name: getattr(row, name) for name in (*TEXTS, "version", "valid_months")}
    now["flows"] = list(row.flows.all())
    rows: list[dict[str, object]] = [
        {"field": name, "before": None, "theirs": words(now[name]), "yours": words(value)}
        for name, value in values.items()
        if name in now and words(now[name]) != words(value)
    ]
    return Stale(rows, current=row.row_version)


def submit(
    *, request: DeploymentRequest, by: Any, effective_at: dt.datetime | None = None
) -> DeploymentRequest:
    """Hand a complete file to the board; from here on the digest binds what is approved."""
    return _hand_over(request, "submit", "", by, effective_at)


def resubmit(
    *, request: DeploymentRequest, answer: str, by: Any, effective_at: dt.datetime | None = None
) -> DeploymentRequest:
    """Answer the questions of the board: a new round begins, the one before stays as it was."""
    answer = need(answer, "answer", N_("Answer the questions of the board."))
    return _hand_over(request, "resubmit", answer, by, effective_at)


def _hand_over(
    request: DeploymentRequest, act: str, answer: str, by: Any, effective_at: dt.datetime | None
) -> DeploymentRequest:
    with transaction.atomic():
        row = locked(request)
        now = effective_at or timezone.now()
        permitted(by, "request_deployment", row.system)
        if not _taken_over(row, by):
            _refuse_not_requester(row, by)
        state = step("request", row.state, act)
        found = selectors.problems(row, now.date())
        if found:
            first = found[0]
            raise RuleBroken(first.message, code=first.code, field=first.field, **first.params)
        if row.reinstates is not None:
            deployments.refuse_no_way_back(row, acts.locked_deployment(row.reinstates), now)
        row.content = selectors.content(row, now.date())
        row.digest = rules.digest(row.content)
        row.risk = rules.risk_of(flow["outcome"] for flow in row.content["flows"])
        row.delegated = _delegated(row, now.date())
        row.state, row.submitted_at, row.submitted_by = state, now, person(by)
        row.row_version += 1
        row.save()
        rule = selectors.rule_now(row.board, row.risk)
        round_ = Round.objects.create(
            request=row,
            number=row.rounds.count() + 1,
            content=row.content,
            digest=row.digest,
            answer=answer,
            submitted_at=now,
            submitted_by=person(by),
            owner_id=row.system.owner_id,
            **asdict(rule),
            vote_closes_at=now + dt.timedelta(days=row.board.vote_days),
        )
        body = {"digest": row.digest, "round": round_.number, "delegated": row.delegated}
        type_ = "review.request_submitted" if act == "submit" else "review.request_resubmitted"
        note(type_, row, by, effective_at, reason=answer, **body)
    request.refresh_from_db()
    return request


def _delegated(request: DeploymentRequest, on: dt.date) -> bool:
    return (
        request.board.delegates_minimal
        and request.risk == "minimal"
        and request.kind != "reinstatement"
        and bool(selectors.delegates(request, on))
    )


def return_request(
    *, request: DeploymentRequest, questions: str, by: Any, effective_at: dt.datetime | None = None
) -> DeploymentRequest:
    """Send a request back with questions: the round ends, and its votes are no secret any more.

    By the chair, or by any voting member where the board says so; never by requester, owner or who stepped back.
    """
    questions = need(questions, "questions", N_("Say what the board wants to know."))
    with transaction.atomic():
        row = locked(request)
        now = effective_at or timezone.now()
        permitted(by, "view_review", row.system)
        acts.refuse_conflicted(row, by)
        state = step("request", row.state, "return")
        if not selectors.may_return(row, person(by), now):
            raise NotAllowed(N_("The chair of the board sends requests back."), code="not_allowed")
        acts.give_back(row, state, questions, by, now)
        note("review.request_returned", row, by, effective_at, reason=questions, votes=acts.said(row))
    request.refresh_from_db()
    return request


def withdraw(
    *, request: DeploymentRequest, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> DeploymentRequest:
    """Take a request back, by the one who made it."""
    reason = need(reason)
    with transaction.atomic():
        row = locked(request)
        if not _taken_over(row, by):
            _refuse_not_requester(row, by)
        acts.close(row, step("request", row.state, "withdraw"), reason, by, effective_at)
        note(
            "review.request_withdrawn",
            row,
            by,
            effective_at,
            reason=reason,
            votes=acts.said(row),
        )
    request.refresh_from_db()
    return request


def ask_reinstatement(
    *,
    deployment: Deployment,
    summary: str,
    by: Any,
    flows: Sequence[DataFlow] | None = None,
    doubts: str = "",
    pk: uuid.UUID | None = None,
    effective_at: dt.datetime | None = None,
) -> DeploymentRequest:
    """Draft the request that asks the board to put back what was stopped: the deployment, or the flows named.

    `pk` as in `create_request`.
    """
    permitted(by, "request_deployment", deployment.system)
    now = effective_at or timezone.now()
    with transaction.atomic():
        row = acts.locked_deployment(deployment)
        twin = sent_before(DeploymentRequest, pk, reinstates_id=row.pk, requested_by_id=person(by).pk)
        if twin is not None:
            return twin
        stopped = [flow for flow, state in selectors.flow_states(row, now) if state == "stopped"]
        chosen = stopped if flows is None else [flow for flow in flows if flow in stopped]
        if row.state not in ("in_force", "suspended") or not chosen:
            raise RuleBroken(N_("Nothing of this deployment is stopped."), code="not_stopped")
        open_ = row.reinstatements.filter(state__in=["draft", "in_review", "returned"])
        if open_.exists():
            raise RuleBroken(N_("The board was asked for this already."), code="done_before")
        return create_request(
            system=row.system,
            flows=chosen,
            version=row.version,
            board=row.request.board,
            summary=summary,
            doubts=doubts,
            valid_months=row.request.valid_months,
            earlier=row.request,
            kind="reinstatement",
            reinstates=row,
            pk=pk,
            by=by,
            effective_at=effective_at,
        )


def report_delegated(*, request: DeploymentRequest, on: dt.date, by: Any) -> DeploymentRequest:
    """Note in which meeting the board was told of a delegated decision; by its secretary or chair."""
    with transaction.atomic():
        row = locked(request)
        now = timezone.now()
        if person(by).pk not in selectors.secretaries(row.board, now.date()):
            permitted(by, "chair", row.system)
        if not row.delegated or row.state != "approved":
            raise RuleBroken(N_("This was not decided by delegation."), code="not_delegated")
        if row.reported_at is not None:
            raise RuleBroken(N_("The board was told of this before."), code="done_before")
        if row.closed_at is None or not row.closed_at.date() <= on <= now.date():
            raise RuleBroken(
                N_("The meeting lies between the decision and today."), code="out_of_range", field="on"
            )
        row.reported_on, row.reported_at, row.reported_by = on, now, by
        row.save(update_fields=["reported_on", "reported_at", "reported_by"])
        note("review.delegation_reported", row, by, None, meeting=on.isoformat())
    request.refresh_from_db()
    return request


def _taken_over(request: DeploymentRequest, by: Any) -> bool:
    """Make `by` the requester of a re-approval that a change opened, or of what a requester who is gone left behind;
    False for all else, and where `by` may not ask.

    Nobody chose in whose name a re-approval stands. Who takes one over takes no part in the decision.
    """
    before = request.requested_by
    gone = not before.is_active or not can(before, "request_deployment", request.system)
    left = request.state in ("draft", "returned") and (
        gone or (request.kind, request.state) == ("reapproval", "draft")
    )
    if before.pk == person(by).pk or not left or not can(by, "request_deployment", request.system):
        return False
    request.requested_by = person(by)
    return True


def _refuse_not_requester(request: DeploymentRequest, by: Any) -> None:
    if person(by).pk != request.requested_by_id:
        raise NotAllowed(N_("Only the person who made the request does this."), code="not_allowed")
