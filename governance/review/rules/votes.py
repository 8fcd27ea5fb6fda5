"""Who speaks for a seat, who may vote, when a vote decides and how. Pure."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from portal.errors import N_

FEWEST_VOTES = 3  # no board decides with fewer, whatever its quorum says
DELEGATED_VOTES = 2  # chair and data protection together, for minimal risk, where the board delegated it
VOTE_DAYS = 14  # how long a vote stays open unless the board says otherwise
# risk class -> the majorities that a board may choose: two thirds is the least for high risk
MAJORITIES = {
    "high_risk": ("two_thirds",),
    "transparency": ("simple", "two_thirds"),
    "minimal": ("simple", "two_thirds"),
}


@dataclass(frozen=True)
class Term:
    """A person on a seat (or its deputy) from `starts_on` to `ends_on`, both inclusive."""

    person: Any
    deputy: bool
    starts_on: dt.date
    ends_on: dt.date | None

    def covers(self, day: dt.date) -> bool:
        """True on the days of the term."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)

    def meets(self, other: "Term") -> bool:
        """True where the two terms share a day."""
        return self.starts_on <= (other.ends_on or dt.date.max) and other.starts_on <= (
            self.ends_on or dt.date.max
        )


def holder(terms: Iterable[Term], on: dt.date, excluded: Iterable[Any]) -> Any | None:
    """Who speaks for a seat: the member, or the deputy where the member is excluded or gone; None: nobody may."""
    barred = set(excluded)
    current = sorted((t for t in terms if t.covers(on)), key=lambda t: t.deputy)
    return next((t.person for t in current if t.person not in barred), None)


def why_not_vote(
    *,
    state: str,
    is_requester: bool,
    is_owner: bool,
    has_seat: bool,
    recused: bool,
    speaks: bool,
    seat_voted: bool,
    person_voted: bool,
    was_owner: bool = False,
    closed: bool = False,
    delegated: bool = False,
) -> str:
    """Why this person cannot vote now; empty where they can. The rule that greys out the form also refuses."""
    reasons = (
        (is_requester, N_("You made this request. Nobody votes on an own request.")),
        (is_owner, N_("You own this system. The owner never votes on it.")),
        (was_owner, N_("You owned this system when the request was submitted. Its owner never votes on it.")),
        (not has_seat, N_("You have no seat on this board.")),
        (delegated, N_("The board delegated this file to chair and data protection.")),
        (state != "in_review", N_("This request is not in review.")),
        (recused, N_("You declared a conflict of interest and stepped back.")),
        (person_voted, N_("You have voted. A vote is cast once.")),
        (seat_voted, N_("This seat has voted.")),
        (not speaks, N_("You are the deputy. You vote when the member steps back.")),
        (closed, N_("The vote is closed: its last day has passed.")),
    )
    return next((why for applies, why in reasons if applies), "")


@dataclass(frozen=True)
class DecisionRule:
    """What a decision takes: quorum, majority, disciplines that must vote, whether the chair breaks a tie."""

    quorum: int
    majority: str
    required: tuple[str, ...]
    casting_vote: bool


@dataclass(frozen=True)
class Cast:
    """One vote as the outcome sees it; `chair`: that of the seat which chairs the board."""

    discipline: str
    choice: str
    counted: bool = True
    chair: bool = False


@dataclass(frozen=True)
class Tally:
    """The counted votes, and the decision they make (None: not yet) with its reason."""

    decision: str | None
    why: str
    votes_for: int
    votes_against: int
    abstained: int
    needed: int

    @property
    def cast(self) -> int:
        """Counted votes, abstentions included."""
        return self.votes_for + self.votes_against + self.abstained


@dataclass(frozen=True)
class Progress:
    """What may be told of a vote that is still open: how many are in, of how many; never what they say."""

    cast: int
    needed: int


def outcome(
    votes: Sequence[Cast],
    *,
    quorum: int,
    majority: str,
    required: Iterable[str] = (),
    all_in: bool = True,
    casting_vote: bool = False,
) -> Tally:
    """What the votes decide. Advisory votes are heard and not counted; an abstention counts for the quorum only.

    `all_in`: every seat that can vote has voted, or the vote closes. `casting_vote`: on a tie under the simple
    majority the vote of the seat that chairs decides.
    """
    counted = [vote for vote in votes if vote.counted]
    yes = sum(vote.choice in ("approve", "conditions") for vote in counted)
    no = sum(vote.choice == "reject" for vote in counted)
    open_ = Tally(None, "", yes, no, len(counted) - yes - no, max(quorum, FEWEST_VOTES))
    if len(counted) < open_.needed:
        return replace(open_, why=N_("The quorum is not reached yet."))
    if set(required) - {vote.discipline for vote in counted}:
        return replace(open_, why=N_("A required discipline has not voted yet."))
    if not all_in:
        return replace(open_, why=N_("Votes are still open."))
    if casting_vote and majority == "simple" and yes == no and yes > 0:
        chair = next((vote.choice for vote in counted if vote.chair), "abstain")
        if chair == "reject":
            return replace(open_, decision="rejected", why=N_("A tie: the chair's vote decides against."))
        if chair != "abstain":
            return replace(
                open_, decision=_approval(counted), why=N_("A tie: the chair's vote decides in favour.")
            )
    if yes == 0 or not _carried(yes, no, majority):
        return replace(open_, decision="rejected", why=N_("The votes for did not reach the majority."))
    decision = _approval(counted)
    conditional = decision == "approved_with_conditions"
    why = N_("The majority approved, with conditions.") if conditional else N_("The majority approved.")
    return replace(open_, decision=decision, why=why)


def _carried(yes: int, no: int, majority: str) -> bool:
    return yes > no if majority == "simple" else 3 * yes >= 2 * (yes + no)


def _approval(counted: Sequence[Cast]) -> str:
    conditional = any(vote.choice == "conditions" for vote in counted)
    return "approved_with_conditions" if conditional else "approved"


def delegated_outcome(votes: Sequence[Cast]) -> Tally:
    """What chair and data protection decide together: approval when both approve, nothing otherwise."""
    yes = sum(vote.choice == "approve" for vote in votes)
    no = sum(vote.choice == "reject" for vote in votes)
    tally = Tally(None, N_("Votes are still open."), yes, no, len(votes) - yes - no, DELEGATED_VOTES)
    if yes == len(votes) == DELEGATED_VOTES:
        why = N_("Chair and data protection approved together, as the board delegated.")
        return replace(tally, decision="approved", why=why)
    return tally


def dissents(choice: str, counted: bool, decision: str) -> bool:
    """Whether a vote stands on the other side of a decision; it is kept and shown with its reason."""
    against = {"rejected": ("approve", "conditions"), "approved": ("reject",)}
    sides = {**against, "approved_with_conditions": ("reject",)}
    return counted and choice in sides.get(decision, ())
