"""The board of the example organisation and what it decided: votes, rounds, conditions, the works council."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from governance.registry.models import System
from governance.review import boards, terms
from governance.review import services as review
from governance.review.models import Board, Condition, DeploymentRequest
from portal.accounts.models import Unit, User
from portal.example import register


def works_council(systems: dict[str, System], cast: dict[str, User], before: datetime) -> None:
    """What touches workers goes live with the record of the works council only."""
    for slug, row in register.COUNCIL.items():
        system, asked = systems[slug], before + timedelta(hours=2)
        council = review.ask_council(
            system=system, flows=list(system.flows.filter(slug__in=row["flows"])), question=row["question"],
            documents=row["documents"], informed_on=asked.date(), by=system.owner, effective_at=asked,
        )  # fmt: skip
        answered = asked + timedelta(days=3)
        review.answer_council(
            council=council, act=row["act"], answered_on=answered.date(), reason=row["reason"], by=cast["council"],
            effective_at=answered,
        )  # fmt: skip


def board(cast: dict[str, User], root: Unit, before: datetime) -> Board:
    """The board with its seats, a deputy and a secretary."""
    board = boards.create_board(name=register.BOARD["name"], unit=root, by=cast["admin"], effective_at=before)
    for discipline, who, required, advisory in register.BOARD["seats"]:
        seat = boards.add_seat(
            board=board, discipline=discipline, advisory=advisory, required=required, by=cast["admin"],
            chairs=discipline == register.BOARD["chairs"], effective_at=before,
        )  # fmt: skip
        terms.appoint(
            seat=seat, user=cast[who], by=cast["admin"], starts_on=before.date(), effective_at=before,
            secretary=who == register.BOARD["secretary"],
        )  # fmt: skip
        if who in register.BOARD["deputies"]:
            terms.appoint(
                seat=seat, user=cast[register.BOARD["deputies"][who]], by=cast["admin"], deputy=True,
                starts_on=before.date(), effective_at=before,
            )  # fmt: skip
    return board


def _request(row: dict[str, Any], system: System, board: Board, at: datetime) -> DeploymentRequest:
    said = {name: row[name] for name in ("summary", "alternatives", "doubts", "consulted")}
    request = review.create_request(
        system=system, flows=list(system.flows.filter(slug__in=row["flows"])), board=board, by=system.owner,
        version=system.versions.get(name=_newest(row["system"])), valid_months=15, effective_at=at, **said,
    )  # fmt: skip
    return review.submit(request=request, by=system.owner, effective_at=at)


def _newest(slug: str) -> str:
    versions = next(row["versions"] for row in register.SYSTEMS if row["slug"] == slug)
    return str(versions[-1][0])


def decision(row: dict[str, Any], system: System, board: Board, cast: dict[str, User], at: datetime) -> None:
    """One request: perhaps in two rounds, then minutes, votes, and its condition met."""
    request = _request(row, system, board, at)
    if "questions" in row:
        _second_round(row, request, cast, at)
        at += timedelta(hours=4)
    if "minutes" in row:
        _minutes(request, row["minutes"], cast, at)
    _vote(row, request, cast, at, timedelta(hours=1))
    for condition in request.conditions.all():
        _met(condition, cast, at)


def decide_again(
    row: dict[str, Any], system: System, board: Board, cast: dict[str, User], at: datetime
) -> None:
    """After an assessment was signed anew: the draft that opened goes to the board, which meets the same afternoon."""
    again = system.requests.filter(kind="reapproval", state="draft").first()
    if again is not None:
        review.submit(request=again, by=again.requested_by, effective_at=at)
    request = again or _request(row, system, board, at)
    _vote({**row, "condition": ""}, request, cast, at, timedelta(minutes=5))


def _vote(
    row: dict[str, Any], request: DeploymentRequest, cast: dict[str, User], at: datetime, each: timedelta
) -> None:
    voters = [who for _, who, _, advisory in register.BOARD["seats"] if not advisory]
    if request.system.unit.path.startswith(register.AFFECTED):
        voters.insert(0, "service")  # the affected business advises on its own systems
    for n, who in enumerate(voters):
        choice, conditions = "approve", []
        if who == row["dissent"]:
            choice = "reject"
        elif who == "chair" and row["condition"]:
            choice = "conditions"
            due = at.date() + timedelta(days=60)
            conditions = [{"text": row["condition"], "owner": request.system.owner, "due_on": due}]
        voter, when = who, at + each * (n + 1)
        if who in row.get("recused", {}):
            review.recuse(request=request, reason=row["recused"][who], by=cast[who], effective_at=when)
            voter, when = register.BOARD["deputies"][who], when + each / 2
        review.cast_vote(
            request=request, choice=choice, reason=register.REASONS[choice], conditions=conditions, by=cast[voter],
            effective_at=when,
        )  # fmt: skip


def _minutes(request: DeploymentRequest, text: str, cast: dict[str, User], at: datetime) -> None:
    review.keep_minutes(
        request=request, text=text, by=cast[register.BOARD["secretary"]],
        effective_at=at + timedelta(minutes=30),
    )  # fmt: skip


def _second_round(
    row: dict[str, Any], request: DeploymentRequest, cast: dict[str, User], at: datetime
) -> None:
    review.return_request(
        request=request, questions=row["questions"], by=cast["chair"], effective_at=at + timedelta(hours=1)
    )
    review.resubmit(
        request=request, answer=row["answer"], by=request.requested_by, effective_at=at + timedelta(hours=3)
    )


def _met(condition: Condition, cast: dict[str, User], at: datetime) -> None:
    """Sent back once, accepted the second time, before its day."""
    steps = [min(at + timedelta(days=days), timezone.now()) for days in (30, 33, 40, 45)]
    first, second = (
        "It is planned for the next quarter.",
        "Shown to the board in its meeting, with the figures.",
    )
    review.hand_in(condition=condition, evidence=first, by=condition.owner, effective_at=steps[0])
    review.send_back_condition(
        condition=condition, reason="A plan is not yet a result.", by=cast["chair"], effective_at=steps[1]
    )
    review.hand_in(condition=condition, evidence=second, by=condition.owner, effective_at=steps[2])
    review.accept_condition(condition=condition, by=cast["chair"], effective_at=steps[3])


def waiting(row: dict[str, Any], system: System, board: Board, cast: dict[str, User]) -> None:
    """A request that the board discusses: minutes kept, one vote in."""
    at = timezone.now() - timedelta(days=2)
    request = _request(row, system, board, at)
    for n, (who, text) in enumerate(register.COMMENTS, start=1):
        review.comment(request=request, text=text, by=cast[who], effective_at=at + timedelta(hours=n))
    _minutes(request, register.MINUTES, cast, at + timedelta(hours=4))
    review.cast_vote(
        request=request, choice="approve", reason=register.REASONS["approve"], by=cast["technology"],
        effective_at=at + timedelta(hours=5),
    )  # fmt: skip
