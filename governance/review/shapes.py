"""How requests, rounds, conditions, deployments and discussions read in the API."""

import datetime as dt
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from django.utils import timezone
from rest_framework import serializers

from governance.registry.models import DataFlow
from governance.review import rules, selectors
from governance.review.models import (
    Comment,
    Condition,
    Deployment,
    DeploymentRequest,
    Document,
    Minutes,
    Round,
    Vote,
)

Shape = serializers.Serializer[Any]
Rows = serializers.ListField


class ProblemOfFile(Shape):
    """Something that a file lacks."""

    code = serializers.CharField()
    field = serializers.CharField(help_text="what must be filled in or chosen")
    flow = serializers.CharField(help_text="the data flow that it is about, if any")
    assessment = serializers.CharField(help_text="the assessment that is missing, if any")
    goal = serializers.CharField(help_text="the goal that it is about, if any")
    vendor = serializers.CharField(help_text="the vendor that it is about, if any")


class DifferenceShape(Shape):
    """A value that differs from what was approved."""

    path = serializers.CharField(help_text="where in the content, with / between the names")
    before = serializers.JSONField(help_text="null: it was not there, or not recorded yet")
    after = serializers.JSONField(help_text="null: it is not there any more")


class VoteShape(Shape):
    """A vote of a round that ended."""

    round = serializers.IntegerField()
    seat = serializers.CharField(help_text=", ".join(rules.Discipline.values()))
    choice = serializers.CharField(help_text=", ".join(rules.Choice.values()))
    reason = serializers.CharField()
    counted = serializers.BooleanField()
    left_out = serializers.BooleanField(help_text="whether who cast it became the owner of the system since")


def vote_shape(vote: Vote) -> dict[str, Any]:
    """A vote as the API gives it, once its round ended."""
    return {
        "round": vote.round.number,
        "seat": vote.seat.discipline,
        "choice": vote.choice,
        "reason": vote.reason,
        "counted": vote.counts,
        "left_out": vote.left_out,
    }


class FileShape(Shape):
    """A file that hangs on a question, an answer or evidence."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    media_type = serializers.CharField()
    size = serializers.IntegerField(help_text="bytes")
    sha256 = serializers.CharField()
    added_at = serializers.DateTimeField()
    address = serializers.CharField(help_text="where it is to be read")


def file_shape(row: Document) -> dict[str, Any]:
    """A file as the API gives it."""
    plain = ("name", "media_type", "size", "sha256", "added_at")
    address = reverse("api_document", args=[row.pk])
    return {"id": row.pk, **{name: getattr(row, name) for name in plain}, "address": address}


class EvidenceShape(Shape):
    """What was handed in for a condition, and what the seat said."""

    id = serializers.UUIDField()
    text = serializers.CharField()
    files = Rows(child=FileShape())
    handed_in_at = serializers.DateTimeField()
    accepted = serializers.BooleanField(allow_null=True, help_text="null while nobody answered")
    answer = serializers.CharField()


class ConditionShape(Shape):
    """A condition with the evidence handed in for it."""

    id = serializers.UUIDField()
    text = serializers.CharField(help_text="what must be done")
    owner = serializers.UUIDField(help_text="the person who meets it")
    due_on = serializers.DateField(help_text="the last day; not met by then, the approval is suspended")
    set_by = serializers.CharField(help_text="the seat whose vote set it")
    accepted_by = serializers.CharField(
        help_text="the seat that accepts the evidence: " + ", ".join(rules.Discipline.values())
    )
    state = serializers.CharField(help_text=", ".join(rules.ConditionState.values()))
    met_at = serializers.DateTimeField(allow_null=True, help_text="when the seat accepted the evidence")
    evidence = Rows(child=EvidenceShape())


def conditions_with_all(rows: QuerySet[Condition]) -> QuerySet[Condition]:
    """With what their shape shows, in a number of queries that does not grow."""
    return rows.select_related("set_by", "accepted_by_seat").prefetch_related("evidence__files")


def condition_shape(condition: Condition) -> dict[str, Any]:
    """A condition as the API gives it."""
    return {
        "id": condition.pk,
        "text": condition.text,
        "owner": condition.owner_id,
        "due_on": condition.due_on,
        "set_by": condition.set_by.discipline,
        "accepted_by": condition.accepted_by_seat.discipline,
        "state": condition.state,
        "met_at": condition.met_at,
        "evidence": [
            {
                "id": e.pk,
                "text": e.text,
                "files": [file_shape(row) for row in e.files.all()],
                "handed_in_at": e.handed_in_at,
                "accepted": e.accepted,
                "answer": e.answer,
            }
            for e in condition.evidence.all()
        ],
    }


class DeployedFlow(Shape):
    """A data flow of a deployment and where it stands."""

    flow = serializers.CharField(help_text="its short name")
    state = serializers.CharField(help_text=", ".join(rules.FlowState.values()))


class DeploymentShape(Shape):
    """An approval in use."""

    id = serializers.UUIDField()
    system = serializers.CharField()
    version = serializers.CharField()
    request = serializers.UUIDField(help_text="the request that was approved")
    digest = serializers.CharField(help_text="SHA-256 of what was approved")
    state = serializers.CharField(help_text=", ".join(rules.DeploymentState.values()))
    flows = Rows(child=DeployedFlow())
    valid_from = serializers.DateTimeField()
    valid_until = serializers.DateTimeField()
    reason = serializers.CharField(help_text="why it is stopped or over; empty while it is in force")


def deployments_with_all(rows: QuerySet[Deployment]) -> QuerySet[Deployment]:
    """With what their shape shows, in a number of queries that does not grow."""
    flows = Prefetch("flows", DataFlow.objects.order_by("slug"))
    return rows.select_related("system", "version").prefetch_related(flows, "stretches")


def deployment_shape(deployment: Deployment) -> dict[str, Any]:
    """A deployment as the API gives it, with its flows as they stand now."""
    states = selectors.flow_states(deployment, timezone.now(), list(deployment.flows.all()))
    plain = ("digest", "state", "valid_from", "valid_until", "reason")
    return {
        "id": deployment.pk,
        "system": deployment.system.slug,
        "version": deployment.version.name,
        "request": deployment.request_id,
        **{name: getattr(deployment, name) for name in plain},
        "flows": [{"flow": flow.slug, "state": state} for flow, state in states],
    }


class RequestShape(Shape):
    """A request as it is read; `votes` holds those of ended rounds, never of an open one."""

    id = serializers.UUIDField()
    kind = serializers.CharField(help_text=", ".join(rules.RequestKind.values()))
    system = serializers.CharField()
    version = serializers.CharField(help_text="name of the version that is to be used")
    flows = Rows(child=serializers.CharField(), help_text="short names of the data flows asked for")
    board = serializers.UUIDField(help_text="the board that decides")
    earlier = serializers.UUIDField(
        allow_null=True, help_text="the request that this one follows: approved before, or rejected"
    )
    reinstates = serializers.UUIDField(allow_null=True, help_text="the deployment that is asked back")
    state = serializers.CharField(help_text=", ".join(rules.RequestState.values()))
    summary = serializers.CharField(help_text="what the board is asked, in plain language")
    digest = serializers.CharField(help_text="SHA-256 of what was submitted last; empty before")
    high_risk = serializers.BooleanField()
    risk = serializers.CharField(
        help_text=", ".join(rules.Risk.values()) + "; empty before the first submission"
    )
    delegated = serializers.BooleanField(help_text="whether chair and data protection decide it together")
    row_version = serializers.IntegerField(
        help_text="goes up with every change; a change of the request names it"
    )
    round = serializers.IntegerField(help_text="number of the latest round; 0 before the first submission")
    vote_closes_at = serializers.DateTimeField(allow_null=True, help_text="null while it is not in review")
    problems = Rows(
        child=ProblemOfFile(), help_text="what a draft or returned request lacks before it is submitted"
    )
    votes_in = serializers.IntegerField(help_text="counted votes of the latest round")
    votes_needed = serializers.IntegerField(help_text="the quorum that holds for this round")
    votes = Rows(child=VoteShape(), help_text="of rounds that ended")
    conditions = Rows(child=ConditionShape())
    differences = Rows(
        child=DifferenceShape(),
        allow_null=True,
        help_text="from the content approved last, value by value; null where nothing was approved before",
    )
    submitted_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True, help_text="when it was decided or withdrawn")
    decision_reason = serializers.CharField(help_text="why it was decided so, or withdrawn")
    reported_on = serializers.DateField(
        allow_null=True, help_text="the meeting in which the board was told of a delegated decision"
    )
    deployment = DeploymentShape(allow_null=True, help_text="what the approval put into use")


_PROBLEM = ("code", "field", "flow", "assessment", "goal", "vendor")


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
        "problems": [{name: getattr(p, name) for name in _PROBLEM} for p in selectors.problems(request, on)]
        if open_file
        else [],
        "votes_in": progress.cast,
        "votes_needed": progress.needed,
        "votes": [vote_shape(v) for v in selectors.votes_shown(request)],
        "conditions": [condition_shape(c) for c in conditions_with_all(request.conditions.all())],
        "differences": selectors.difference_rows(request),
        "deployment": deployment and deployment_shape(deployment),
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
    votes = Rows(child=VoteShape())
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
        "votes": [vote_shape(v) for v in votes] if round_.ended_at else [],
        "recusals": [{"seat": r.seat.discipline, "reason": r.reason} for r in round_.recusals.all()],
    }


class DiscussionShape(Shape):
    """A comment, in Markdown."""

    id = serializers.UUIDField()
    parent = serializers.UUIDField(allow_null=True)  # type: ignore[assignment]
    text = serializers.CharField()
    written_by = serializers.UUIDField()
    written_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    row_version = serializers.IntegerField(help_text="goes up with every change; a change names it")


def comment_shape(comment: Comment) -> dict[str, Any]:
    """A comment as the API gives it."""
    return {
        "id": comment.pk,
        "parent": comment.parent_id,
        "text": comment.text,
        "written_by": comment.written_by_id,
        "written_at": comment.written_at,
        "edited_at": comment.edited_at,
        "row_version": comment.row_version,
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
