"""How requests, rounds, boards, conditions and works-council records read in the API."""

import datetime as dt
from typing import Any

from rest_framework import serializers

from governance.review import rules, selectors
from governance.review.models import (
    Board,
    Comment,
    Condition,
    CouncilRecord,
    Deployment,
    DeploymentRequest,
    Minutes,
    Round,
    Vote,
)

Shape = serializers.Serializer[Any]
Rows = serializers.ListField


class RequestShape(Shape):
    """A request as it is read; `votes` holds those of ended rounds, never of an open one."""

    id = serializers.UUIDField()
    kind = serializers.CharField(help_text=", ".join(rules.RequestKind.values()))
    system = serializers.CharField()
    version = serializers.CharField()
    flows = Rows(child=serializers.CharField())
    board = serializers.UUIDField()
    earlier = serializers.UUIDField(allow_null=True)
    reinstates = serializers.UUIDField(allow_null=True)
    state = serializers.CharField(help_text=", ".join(rules.RequestState.values()))
    summary = serializers.CharField()
    digest = serializers.CharField()
    high_risk = serializers.BooleanField()
    risk = serializers.CharField()
    delegated = serializers.BooleanField()
    row_version = serializers.IntegerField()
    round = serializers.IntegerField(help_text="number of the latest round; 0 before the first submission")
    vote_closes_at = serializers.DateTimeField(allow_null=True)
    problems = Rows(child=serializers.DictField())
    votes_in = serializers.IntegerField()
    votes_needed = serializers.IntegerField()
    votes = Rows(child=serializers.DictField())
    conditions = Rows(child=serializers.DictField())
    differences = Rows(child=serializers.DictField(), allow_null=True)
    submitted_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    decision_reason = serializers.CharField()
    reported_on = serializers.DateField(allow_null=True)
    deployment = serializers.DictField(allow_null=True)


def request_shape(request: DeploymentRequest, on: dt.date) -> dict[str, Any]:
    """A request as the API gives it."""
    progress = selectors.progress(request, on)
    round_ = selectors.current_round(request)
    open_file = request.state in ("draft", "returned")
    plain = (
        "kind", "state", "summary", "digest", "high_risk", "risk", "delegated", "row_version", "submitted_at",
        "closed_at", "decision_reason", "reported_on",
    )  # fmt: skip
    deployment = getattr(request, "deployment", None)
    differences = selectors.differences(request)
    return {
        "id": request.pk,
        "system": request.system.slug,
        "version": request.version.name,
        "flows": [flow.slug for flow in request.flows.all()],
        "board": request.board_id,
        "earlier": request.earlier_id,
        "reinstates": request.reinstates_id,
        **{name: getattr(request, name) for name in plain},
        "round": round_.number if round_ else 0,
        "vote_closes_at": round_.vote_closes_at if round_ and request.state == "in_review" else None,
        "problems": [
            {"code": p.code, "flow": p.flow, "assessment": p.assessment, "goal": p.goal}
            for p in selectors.problems(request, on)
        ]
        if open_file
        else [],
        "votes_in": progress.cast,
        "votes_needed": progress.needed,
        "votes": [_vote(v) for v in selectors.votes_shown(request)],
        "conditions": [condition_shape(c) for c in request.conditions.prefetch_related("evidence")],
        "differences": differences
        and [{"path": "/".join(d.path), "before": d.before, "after": d.after} for d in differences],
        "deployment": deployment and deployment_shape(deployment),
    }


def _vote(vote: Vote) -> dict[str, Any]:
    return {
        "round": vote.round.number,
        "seat": vote.seat.discipline,
        "choice": vote.choice,
        "reason": vote.reason,
        "counted": vote.counts,
        "left_out": vote.left_out,
    }


class RoundShape(Shape):
    """One submission and its vote; `votes` and `content` stay as they were once it ended."""

    number = serializers.IntegerField()
    digest = serializers.CharField()
    content = serializers.DictField()
    answer = serializers.CharField()
    submitted_at = serializers.DateTimeField()
    quorum = serializers.IntegerField(help_text="what the decision takes, as it was at the submission")
    majority = serializers.CharField(help_text=", ".join(rules.Majority.values()))
    required = Rows(child=serializers.CharField())  # type: ignore[assignment]
    casting_vote = serializers.BooleanField()
    vote_closes_at = serializers.DateTimeField()
    result = serializers.CharField()
    reason = serializers.CharField()
    ended_at = serializers.DateTimeField(allow_null=True)
    votes_in = serializers.IntegerField()
    votes = Rows(child=serializers.DictField())
    recusals = Rows(child=serializers.DictField())


def round_shape(round_: Round) -> dict[str, Any]:
    """A round as the API gives it; its votes only once it ended."""
    plain = (
        "number",
        "digest",
        "content",
        "answer",
        "submitted_at",
        "quorum",
        "majority",
        "required",
        "casting_vote",
        "vote_closes_at",
        "result",
        "reason",
        "ended_at",
    )
    votes = list(round_.votes.all())
    return {
        **{name: getattr(round_, name) for name in plain},
        "votes_in": sum(v.counts for v in votes),
        "votes": [_vote(v) for v in votes] if round_.ended_at else [],
        "recusals": [{"seat": r.seat.discipline, "reason": r.reason} for r in round_.recusals.all()],
    }


class ConditionShape(Shape):
    """A condition with the evidence handed in for it."""

    id = serializers.UUIDField()
    text = serializers.CharField()
    owner = serializers.UUIDField()
    due_on = serializers.DateField()
    state = serializers.CharField(help_text=", ".join(rules.ConditionState.values()))
    met_at = serializers.DateTimeField(allow_null=True)
    evidence = Rows(child=serializers.DictField())


def condition_shape(condition: Condition) -> dict[str, Any]:
    """A condition as the API gives it."""
    return {
        "id": condition.pk,
        "text": condition.text,
        "owner": condition.owner_id,
        "due_on": condition.due_on,
        "state": condition.state,
        "met_at": condition.met_at,
        "evidence": [
            {"text": e.text, "handed_in_at": e.handed_in_at, "accepted": e.accepted, "answer": e.answer}
            for e in condition.evidence.all()
        ],
    }


class DeploymentShape(Shape):
    """An approval in use."""

    id = serializers.UUIDField()
    state = serializers.CharField(help_text=", ".join(rules.DeploymentState.values()))
    valid_from = serializers.DateTimeField()
    valid_until = serializers.DateTimeField()


def deployment_shape(deployment: Deployment) -> dict[str, Any]:
    """A deployment as the API gives it."""
    return {
        "id": deployment.pk,
        "state": deployment.state,
        "valid_from": deployment.valid_from,
        "valid_until": deployment.valid_until,
    }


class DiscussionShape(Shape):
    """A comment, in Markdown."""

    id = serializers.UUIDField()
    parent = serializers.UUIDField(allow_null=True)  # type: ignore[assignment]
    text = serializers.CharField()
    written_by = serializers.UUIDField()
    written_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)


def comment_shape(comment: Comment) -> dict[str, Any]:
    """A comment as the API gives it."""
    return {
        "id": comment.pk,
        "parent": comment.parent_id,
        "text": comment.text,
        "written_by": comment.written_by_id,
        "written_at": comment.written_at,
        "edited_at": comment.edited_at,
    }


class MinutesShape(Shape):
    """A version of the minutes, in Markdown."""

    number = serializers.IntegerField()
    state = serializers.CharField(help_text=", ".join(rules.MinutesState.values()))
    text = serializers.CharField()
    written_by = serializers.UUIDField()
    written_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)


def minutes_shape(minutes: Minutes) -> dict[str, Any]:
    """A version of the minutes as the API gives it."""
    return {
        "number": minutes.number,
        "state": minutes.state,
        "text": minutes.text,
        "written_by": minutes.written_by_id,
        "written_at": minutes.written_at,
        "closed_at": minutes.closed_at,
    }


class CouncilShape(Shape):
    """A works-council record with its answers."""

    id = serializers.UUIDField()
    system = serializers.CharField()
    flows = Rows(child=serializers.CharField())
    state = serializers.CharField(help_text=", ".join(rules.CouncilState.values()))
    question = serializers.CharField()
    documents = serializers.CharField()
    informed_on = serializers.DateField()
    answer_due_on = serializers.DateField(allow_null=True)
    nullity_until = serializers.DateField(help_text="NL: one month after the works council was informed")
    answers = Rows(child=serializers.DictField())


def council_shape(council: CouncilRecord) -> dict[str, Any]:
    """A works-council record as the API gives it."""
    return {
        "id": council.pk,
        "system": council.system.slug,
        "flows": sorted(council.facts),
        "state": council.state,
        "question": council.question,
        "documents": council.documents,
        "informed_on": council.informed_on,
        "answer_due_on": council.answer_due_on,
        "nullity_until": rules.nullity_until(council.informed_on),
        "answers": [
            {
                "answer": a.state,
                "reason": a.reason,
                "documents": a.documents,
                "answered_on": a.answered_on,
                "recorded_at": a.recorded_at,
            }
            for a in council.answers.all()
        ],
    }


class BoardShape(Shape):
    """A board: its settings, its rules per class of risk, its seats."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    unit = serializers.CharField()
    vote_days = serializers.IntegerField()
    casting_vote = serializers.BooleanField()
    members_return = serializers.BooleanField()
    delegates_minimal = serializers.BooleanField()
    open_threads = serializers.BooleanField()
    rules = Rows(child=serializers.DictField())
    seats = Rows(child=serializers.DictField())
    to_report = Rows(
        child=serializers.UUIDField(), help_text="delegated decisions that the board was not told of yet"
    )


def board_shape(board: Board, on: dt.date, reports: bool) -> dict[str, Any]:
    """A board as the API gives it."""
    plain = ("name", "vote_days", "casting_vote", "members_return", "delegates_minimal", "open_threads")
    return {
        "id": board.pk,
        "unit": board.unit.slug,
        **{name: getattr(board, name) for name in plain},
        "rules": [
            {"risk": r.risk, "quorum": r.quorum, "majority": r.majority, "required": r.required}
            for r in board.rules.all()
        ],
        "seats": [
            {
                "discipline": seat.discipline,
                "advisory": seat.advisory,
                "chairs": seat.chairs,
                "vacant": selectors.speaker(seat, on, ()) is None,
            }
            for seat in board.seats.all()
        ],
        "to_report": [row.pk for row in selectors.to_report(board)] if reports else [],
    }
