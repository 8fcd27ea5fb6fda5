"""How boards, their seats and the board paper read in the API."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from rest_framework import serializers

from governance.review import rules, selectors
from governance.review.models import Board, DeploymentRequest, Membership, Seat
from governance.review.shapes import DifferenceShape, Rows, Shape, VoteShape, vote_shape


class BoardRuleShape(Shape):
    """What a decision takes for one class of risk."""

    risk = serializers.CharField(help_text=", ".join(rules.Risk.values()))
    quorum = serializers.IntegerField(help_text="votes, at least three")
    majority = serializers.CharField(help_text=", ".join(rules.Majority.values()) + "; high risk: two_thirds")
    required = Rows(  # type: ignore[assignment]
        child=serializers.CharField(), help_text="disciplines without which there is no decision"
    )


class TermShape(Shape):
    """A person on a seat, for a term."""

    id = serializers.UUIDField()
    user = serializers.UUIDField()
    deputy = serializers.BooleanField()
    secretary = serializers.BooleanField(help_text="keeps the minutes of the board")
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(allow_null=True, help_text="the last day; null: open")


class SeatShape(Shape):
    """A discipline's place on a board, with the terms that are not over."""

    id = serializers.UUIDField()
    board = serializers.UUIDField()
    discipline = serializers.CharField(help_text=", ".join(rules.Discipline.values()))
    advisory = serializers.BooleanField(help_text="heard, not counted")
    chairs = serializers.BooleanField()
    vacant = serializers.BooleanField(help_text="whether nobody speaks for it today, no deputy either")
    members = Rows(child=TermShape())


class BoardShape(Shape):
    """A board: its settings, its rules per class of risk, its seats."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    unit = serializers.CharField(help_text="short name of the unit for which, and for all below, it decides")
    vote_days = serializers.IntegerField()
    casting_vote = serializers.BooleanField(help_text="whether the chair's vote decides on a tie")
    members_return = serializers.BooleanField(help_text="whether any voting member sends files back")
    delegates_minimal = serializers.BooleanField()
    open_threads = serializers.BooleanField(help_text="whether all who see a request read its discussion")
    row_version = serializers.IntegerField(
        help_text="goes up with every change; a change names it, or If-Match"
    )
    rules = Rows(child=BoardRuleShape())
    seats = Rows(child=SeatShape())
    to_report = Rows(
        child=serializers.UUIDField(), help_text="delegated decisions that the board was not told of yet"
    )


def board_shape(board: Board, on: dt.date, reports: bool) -> dict[str, Any]:
    """A board as the API gives it."""
    plain = (
        "name", "vote_days", "casting_vote", "members_return", "delegates_minimal", "open_threads", "row_version",
    )  # fmt: skip
    return {
        "id": board.pk,
        "unit": board.unit.slug,
        **{name: getattr(board, name) for name in plain},
        "rules": [
            {"risk": r.risk, "quorum": r.quorum, "majority": r.majority, "required": r.required}
            for r in board.rules.all()
        ],
        "seats": [seat_shape(seat, on) for seat in board.seats.all()],
        "to_report": [row.pk for row in selectors.to_report(board)] if reports else [],
    }


def seat_shape(seat: Seat, on: dt.date) -> dict[str, Any]:
    """A seat as the API gives it."""
    return {
        "id": seat.pk,
        "board": seat.board_id,
        "discipline": seat.discipline,
        "advisory": seat.advisory,
        "chairs": seat.chairs,
        "vacant": selectors.speaker(seat, on, ()) is None,
        "members": [_term(row) for row in seat.memberships.all() if row.ends_on is None or row.ends_on >= on],
    }


def _term(row: Membership) -> dict[str, Any]:
    plain = ("deputy", "secretary", "starts_on", "ends_on")
    return {"id": row.pk, "user": row.user_id, **{name: getattr(row, name) for name in plain}}


# --- the board paper ----------------------------------------------------------------------------


class PaperFlowShape(Shape):
    """A data flow as the board reads it."""

    flow = serializers.CharField(help_text="its short name")
    name = serializers.CharField()
    facts = serializers.DictField(
        help_text="what is read, of whom, where, what for, what follows: codes of the register"
    )
    outcome = serializers.CharField(allow_null=True, help_text="the legal outcome; null: not screened")
    articles = Rows(child=serializers.CharField())
    reason = serializers.CharField(help_text="why the law says so, in the language of the caller")
    signed = serializers.BooleanField(help_text="whether a valid signature is under the outcome")


class PaperShape(Shape):
    """The board paper of a request: what a member reads before the vote. Not legal advice."""

    request = serializers.UUIDField()
    kind = serializers.CharField(help_text=", ".join(rules.RequestKind.values()))
    board = serializers.CharField()
    system = serializers.CharField()
    system_name = serializers.CharField()
    description = serializers.CharField()
    version = serializers.CharField()
    version_notes = serializers.CharField()
    question = serializers.CharField()
    answer = serializers.CharField(help_text="to the questions of the board, in a later round")
    flows = Rows(child=PaperFlowShape())
    consulted = serializers.CharField()
    alternatives = serializers.CharField(help_text="without reading emotion")
    doubts = serializers.CharField()
    policy = serializers.IntegerField(allow_null=True, help_text="version of the data-use policy in use")
    assessments = Rows(child=serializers.UUIDField())
    works_council = Rows(child=serializers.UUIDField(), help_text="the records about its data flows")
    waits_for_council = Rows(
        child=serializers.CharField(), help_text="data flows that no record lets go live yet"
    )
    risk = serializers.CharField()
    delegated = serializers.BooleanField()
    quorum = serializers.IntegerField()
    majority = serializers.CharField(help_text=", ".join(rules.Majority.values()))
    required = Rows(child=serializers.CharField())  # type: ignore[assignment]
    valid_months = serializers.IntegerField()
    round = serializers.IntegerField(help_text="number of the latest round; 0 before the first submission")
    digest = serializers.CharField()
    follows = Rows(child=serializers.UUIDField(), help_text="earlier requests, the nearest first")
    differences = Rows(child=DifferenceShape(), allow_null=True)
    dissent = Rows(child=VoteShape(), help_text="votes on the other side of the decision")
    rules_version = serializers.CharField(
        help_text="of the rules of the law by which the outcomes were found"
    )


def paper_shape(request: DeploymentRequest, paper: Mapping[str, Any]) -> dict[str, Any]:
    """The board paper (`paper.one_page`) as the API gives it; texts whole."""
    round_ = paper["round"]
    return {
        "request": request.pk,
        "kind": request.kind,
        "board": request.board.name,
        "system": request.system.slug,
        "system_name": request.system.name,
        "description": request.system.description,
        "version": request.version.name,
        "version_notes": request.version.notes,
        "question": request.summary,
        "answer": round_.answer if round_ else "",
        "flows": [_flow(row) for row in paper["flows"]],
        "consulted": request.consulted,
        "alternatives": request.alternatives,
        "doubts": request.doubts,
        "policy": paper["policy"]["version"] if paper["policy"] else None,
        "assessments": [row.pk for row in paper["assessments"]],
        "works_council": [row.pk for row in paper["councils"]],
        "waits_for_council": [flow.slug for flow in paper["without_council"]],
        "risk": request.risk,
        "delegated": request.delegated,
        "quorum": paper["rule"].quorum,
        "majority": paper["rule"].majority,
        "required": list(paper["rule"].required),
        "valid_months": request.valid_months,
        "round": round_.number if round_ else 0,
        "digest": round_.digest if round_ else "",
        "follows": [row.pk for row in paper["earlier"]],
        "differences": selectors.difference_rows(request),
        "dissent": [vote_shape(row["vote"]) for row in paper["dissents"]],
        "rules_version": paper["law"].version,
    }


def _flow(row: Mapping[str, Any]) -> dict[str, Any]:
    screening = row["screening"]
    return {
        "flow": row["flow"].slug,
        "name": row["flow"].name,
        "facts": {name: said.value for name, said in row["said"].items()},
        "outcome": screening.outcome if screening else None,
        "articles": list(screening.articles) if screening else [],
        "reason": gettext(screening.reason_text) if screening else "",
        "signed": row["signed"],
    }
