"""The rules of review: one table of states, who may vote, when a vote decides and how. Pure."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.registry.rules import Described
from portal.errors import N_

FEWEST_VOTES = 3  # no board decides with fewer, whatever its quorum says


class RequestState(Described):
    """Where a deployment request stands."""

    DRAFT = "draft", N_("Draft")
    IN_REVIEW = "in_review", N_("In review")
    APPROVED = "approved", N_("Approved")
    APPROVED_WITH_CONDITIONS = "approved_with_conditions", N_("Approved with conditions")
    REJECTED = "rejected", N_("Rejected")
    WITHDRAWN = "withdrawn", N_("Withdrawn")


class DeploymentState(Described):
    """Where a deployment stands."""

    IN_FORCE = "in_force", N_("In force")
    SUSPENDED = "suspended", N_("Suspended")
    LAPSED = "lapsed", N_("Lapsed")
    VOIDED = "voided", N_("Voided")


class Discipline(Described):
    """What a seat on a board brings to the table."""

    LEGAL = "legal", N_("Legal")
    ETHICS = "ethics", N_("Ethics")
    HR = "hr", N_("Human resources")
    WORKS_COUNCIL = "works_council", N_("Works council")
    DATA_PROTECTION = "data_protection", N_("Data protection")
    TECHNOLOGY = "technology", N_("Technology")
    AFFECTED_BUSINESS = "affected_business", N_("Affected business")


class Choice(Described):
    """What a seat says."""

    APPROVE = "approve", N_("Approve")
    CONDITIONS = "conditions", N_("Approve with conditions")
    REJECT = "reject", N_("Reject")
    ABSTAIN = "abstain", N_("Abstain")


class Majority(Described):
    """What an approval needs of the votes for and against."""

    SIMPLE = "simple", N_("More votes for than against")
    TWO_THIRDS = "two_thirds", N_("At least two thirds of the votes for and against")


@dataclass(frozen=True)
class Transition:
    """One row of the table: in `source`, `act` leads to `target`."""

    machine: str
    source: str
    act: str
    target: str
    sentence: str


TRANSITIONS = (
    Transition("request", "draft", "submit", "in_review", N_("submitted with a complete file")),
    Transition("request", "draft", "withdraw", "withdrawn", N_("withdrawn by the requester")),
    Transition("request", "in_review", "vote", "in_review", N_("a seat votes")),
    Transition("request", "in_review", "recuse", "in_review", N_("a member steps back")),
    Transition("request", "in_review", "withdraw", "withdrawn", N_("withdrawn by the requester")),
    Transition("request", "in_review", "overtake", "withdrawn", N_("what was asked for changed")),
    Transition("request", "in_review", "approve", "approved", N_("the vote closes: majority for")),
    Transition(
        "request",
        "in_review",
        "approve_with_conditions",
        "approved_with_conditions",
        N_("the vote closes: majority for, with conditions"),
    ),
    Transition("request", "in_review", "reject", "rejected", N_("the vote closes: no majority")),
    Transition("deployment", "in_force", "suspend", "suspended", N_("suspended with a reason")),
    Transition("deployment", "suspended", "reinstate", "in_force", N_("reinstated by the chair")),
    Transition("deployment", "in_force", "lapse", "lapsed", N_("the validity date passed")),
    Transition("deployment", "suspended", "lapse", "lapsed", N_("the validity date passed")),
    Transition("deployment", "in_force", "void", "voided", N_("a material change, or replaced")),
    Transition("deployment", "suspended", "void", "voided", N_("a material change, or replaced")),
)
_TABLE = {(t.machine, t.source, t.act): t.target for t in TRANSITIONS}


def after(machine: str, state: str, act: str) -> str | None:
    """The state that `act` leads to, None where the table has no such row."""
    return _TABLE.get((machine, state, act))


# --- the file ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class FlowFile:
    """What the submission rule looks at, per flow."""

    slug: str
    outcome: str | None
    signed: bool


@dataclass(frozen=True)
class Problem:
    """Why a file is not complete, and what it is about."""

    code: str
    message: str
    flow: str = ""
    assessment: str = ""  # how its kind is called
    why: str = ""

    @property
    def params(self) -> dict[str, str]:
        """What fills the message."""
        return {"flow": self.flow, "assessment": self.assessment, "why": self.why}


def problems(
    flows: Sequence[FlowFile],
    *,
    summary: str,
    voting_seats: int,
    lacking: Sequence[tuple[str, str]] = (),
) -> list[Problem]:
    """What stands in the way of a submission; empty where the file is complete.

    `lacking`: the assessments that are needed and not validly signed, each with the sentence that says why.
    """
    found = []
    if not flows:
        found.append(Problem("no_flows", N_("Choose at least one data flow.")))
    if not summary.strip():
        found.append(Problem("no_summary", N_("Say in plain language what the board is asked.")))
    if voting_seats < FEWEST_VOTES:
        found.append(
            Problem(
                "too_few_seats", N_("The board has fewer than three members who may vote on this request.")
            )
        )
    for flow in flows:
        if flow.outcome is None:
            found.append(Problem("not_screened", N_("The data flow {flow} is not screened."), flow.slug))
        elif flow.outcome == "prohibited":
            found.append(
                Problem(
                    "prohibited", N_("The data flow {flow} is prohibited. Nobody can approve it."), flow.slug
                )
            )
        elif flow.outcome == "hold":
            found.append(
                Problem(
                    "hold", N_("The data flow {flow} is on hold: answer its open questions first."), flow.slug
                )
            )
        elif not flow.signed:
            found.append(
                Problem(
                    "not_signed",
                    N_("The screening of the data flow {flow} has no valid signature."),
                    flow.slug,
                )
            )
    found += [
        Problem(
            "not_assessed",
            N_("{assessment} is needed and not validly signed. {why}"),
            assessment=name,
            why=why,
        )
        for name, why in lacking
    ]
    return found


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) over the canonical JSON of what is approved."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


# --- who may vote -----------------------------------------------------------------------------


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


def holder(terms: Iterable[Term], on: dt.date, excluded: Iterable[Any]) -> Any | None:
    """Who speaks for a seat: the member, or the deputy where the member is excluded; None where nobody may."""
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
) -> str:
    """Why this person cannot vote now; empty where they can. The rule that greys out the form also refuses."""
    if is_requester:
        return N_("You made this request. Nobody votes on an own request.")
    if is_owner:
        return N_("You own this system. The owner never votes on it.")
    if not has_seat:
        return N_("You have no seat on this board.")
    if state != "in_review":
        return N_("This request is not in review.")
    if recused:
        return N_("You declared a conflict of interest and stepped back.")
    if person_voted:
        return N_("You have voted. A vote is cast once.")
    if seat_voted:
        return N_("This seat has voted.")
    if not speaks:
        return N_("You are the deputy. You vote when the member steps back.")
    return ""


# --- when and how a vote decides --------------------------------------------------------------


@dataclass(frozen=True)
class Cast:
    """One vote as the outcome sees it."""

    discipline: str
    choice: str
    counted: bool = True


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


def outcome(
    votes: Sequence[Cast],
    *,
    quorum: int,
    majority: str,
    required: Iterable[str] = (),
    all_in: bool = True,
) -> Tally:
    """What the votes decide. Advisory votes are heard and not counted; an abstention counts for the quorum only.

    `all_in`: every seat that can vote has voted, or the chair closes the vote.
    """
    counted = [vote for vote in votes if vote.counted]
    yes = sum(vote.choice in ("approve", "conditions") for vote in counted)
    no = sum(vote.choice == "reject" for vote in counted)
    needed = max(quorum, FEWEST_VOTES)

    def tally(decision: str | None, why: str) -> Tally:
        return Tally(decision, why, yes, no, len(counted) - yes - no, needed)

    if len(counted) < needed:
        return tally(None, N_("The quorum is not reached yet."))
    if set(required) - {vote.discipline for vote in counted}:
        return tally(None, N_("A required discipline has not voted yet."))
    if not all_in:
        return tally(None, N_("Votes are still open."))
    carried = yes > no if majority == "simple" else 3 * yes >= 2 * (yes + no)
    if yes == 0 or not carried:
        return tally("rejected", N_("The votes for did not reach the majority."))
    if any(vote.choice == "conditions" for vote in counted):
        return tally("approved_with_conditions", N_("The majority approved, with conditions."))
    return tally("approved", N_("The majority approved."))


def months_later(moment: dt.datetime, months: int) -> dt.datetime:
    """The same day and time `months` later; the last day of the month where that day does not exist."""
    year, month = divmod(moment.month - 1 + months, 12)
    for day in range(moment.day, 27, -1):
        try:
            return moment.replace(year=moment.year + year, month=month + 1, day=day)
        except ValueError:
            continue
    return moment.replace(year=moment.year + year, month=month + 1)


def in_force_until(valid_until: dt.datetime, due_on: dt.date | None) -> dt.datetime:
    """When an approval stops by itself: at its own date, or where that is earlier after the last day (in UTC) on
    which the first condition still open could be met (`due_on`, None: no condition is open)."""
    if due_on is None or due_on >= valid_until.date():
        return valid_until
    return dt.datetime.combine(due_on + dt.timedelta(days=1), dt.time.min, dt.UTC)
