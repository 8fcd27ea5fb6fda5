"""What things are called and where they stand: the one table of states, with who may act. Pure."""

from dataclasses import dataclass

from governance.registry.rules import Described
from portal.errors import N_


class RequestKind(Described):
    """What a request asks of the board."""

    DEPLOYMENT = "deployment", N_("Put into use")
    REAPPROVAL = "reapproval", N_("Approve again what changed")
    REINSTATEMENT = "reinstatement", N_("Put back what was stopped")


class RequestState(Described):
    """Where a request stands."""

    DRAFT = "draft", N_("Draft")
    IN_REVIEW = "in_review", N_("In review")
    RETURNED = "returned", N_("Returned with questions")
    APPROVED = "approved", N_("Approved")
    APPROVED_WITH_CONDITIONS = "approved_with_conditions", N_("Approved with conditions")
    REJECTED = "rejected", N_("Rejected")
    WITHDRAWN = "withdrawn", N_("Withdrawn")


class DeploymentState(Described):
    """Where a deployment stands."""

    WAITING = "waiting", N_("Waits for the works council")
    IN_FORCE = "in_force", N_("In force")
    SUSPENDED = "suspended", N_("Suspended")
    LAPSED = "lapsed", N_("Lapsed")
    VOIDED = "voided", N_("Voided")


class FlowState(Described):
    """Where one data flow of a deployment stands; follows from the stretches of time, stored nowhere."""

    WAITING = "waiting", N_("Waits for the works council")
    RUNNING = "running", N_("In force")
    STOPPED = "stopped", N_("Stopped")
    ENDED = "ended", N_("Ended")


class ConditionState(Described):
    """Where a condition of an approval stands."""

    OPEN = "open", N_("Open")
    HANDED_IN = "handed_in", N_("Evidence handed in")
    MET = "met", N_("Met")


class CouncilState(Described):
    """What the works council answered; the record is apart from any seat's vote."""

    ASKED = "asked", N_("Asked, not answered yet")
    CONSENTED = "consented", N_("The works council consented")
    CONDITIONS = "conditions", N_("The works council consented with conditions")
    REFUSED = "refused", N_("The works council refused")
    COURT_SUBSTITUTE = "court_substitute", N_("A court gave consent in its place")
    NOT_OWED = "not_owed", N_("Consent is not owed, for the reason given")
    NULLITY = "nullity", N_("The works council invoked nullity")


class MinutesState(Described):
    """Where the minutes of a request stand."""

    DRAFT = "draft", N_("Draft")
    CLOSED = "closed", N_("Closed with the decision")


class Discipline(Described):
    """What a seat on a board brings to the table."""

    LEGAL = "legal", N_("Legal")
    ETHICS = "ethics", N_("Ethics")
    HR = "hr", N_("Human resources")
    WORKS_COUNCIL = "works_council", N_("Works council")
    DATA_PROTECTION = "data_protection", N_("Data protection")
    TECHNOLOGY = "technology", N_("Technology")
    AFFECTED_BUSINESS = "affected_business", N_("Affected business")


DISCIPLINES = Discipline.values()


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


class Risk(Described):
    """The risk class of a file: that of its data flow with the heaviest legal outcome."""

    HIGH_RISK = "high_risk", N_("High risk")
    TRANSPARENCY = "transparency", N_("Transparency duties")
    MINIMAL = "minimal", N_("Minimal risk")


class Actor(Described):
    """Who may take a step; the table below names them."""

    REQUESTER = "requester", N_("who made the request")
    SEAT = "seat", N_("who speaks for a seat")
    CHAIR = "chair", N_("the chair of the board")
    SECRETARY = "secretary", N_("the secretary of the board")
    BOARD = "board", N_("the board, by its vote")
    OVERSEER = "overseer", N_("any overseer: chair, data protection officer, supervisor")
    CONDITION_OWNER = "condition_owner", N_("the owner of the condition")
    ACCEPTING_SEAT = "accepting_seat", N_("the seat that accepts the condition")
    WORKS_COUNCIL = "works_council", N_("the works council")
    SYSTEM = "system", N_("Attune itself, by a rule")


@dataclass(frozen=True)
class Transition:
    """One row of the table: in `source`, `act` by one of `by` leads to `target`."""

    machine: str
    source: str
    act: str
    target: str
    by: tuple[str, ...]
    sentence: str


MACHINES = {
    "request": ("A request", RequestState),
    "deployment": ("A deployment", DeploymentState),
    "flow": ("A data flow of a deployment", FlowState),
    "condition": ("A condition", ConditionState),
    "council": ("A works-council record", CouncilState),
    "minutes": ("Minutes", MinutesState),
}


def _rows(machine: str, *rows: tuple[str, str, str, str, str]) -> tuple[Transition, ...]:
    return tuple(
        Transition(machine, source, act, target, tuple(by.split()), sentence)
        for source, act, target, by, sentence in rows
    )


TRANSITIONS = (
    *_rows(
        "request",
        ("draft", "submit", "in_review", "requester", N_("submitted with a complete file")),
        ("draft", "withdraw", "withdrawn", "requester", N_("withdrawn by the requester")),
        ("in_review", "vote", "in_review", "seat", N_("a seat votes")),
        ("in_review", "recuse", "in_review", "seat", N_("a member steps back")),
        ("in_review", "refer", "in_review", "seat", N_("a delegated file goes to the full board")),
        ("in_review", "extend", "in_review", "chair", N_("the vote stays open longer")),
        ("in_review", "return", "returned", "chair", N_("returned with questions: the round ends")),
        ("in_review", "expire", "returned", "system", N_("the vote closed without a decision")),
        ("in_review", "give_back", "returned", "system", N_("what was submitted changed: the round ends")),
        ("in_review", "withdraw", "withdrawn", "requester", N_("withdrawn by the requester")),
        ("in_review", "overtake", "withdrawn", "system", N_("what was asked for changed")),
        ("in_review", "approve", "approved", "board", N_("the vote closes: majority for")),
        (
            "in_review",
            "approve_with_conditions",
            "approved_with_conditions",
            "board",
            N_("the vote closes: majority for, with conditions"),
        ),
        ("in_review", "reject", "rejected", "board", N_("the vote closes: no majority")),
        ("returned", "resubmit", "in_review", "requester", N_("answered: a new round begins")),
        ("returned", "withdraw", "withdrawn", "requester", N_("withdrawn by the requester")),
        ("returned", "overtake", "withdrawn", "system", N_("what was asked for changed")),
    ),
    *_rows(
        "deployment",
        ("waiting", "go_live", "in_force", "works_council chair", N_("the works-council record allows it")),
        ("waiting", "suspend", "suspended", "overseer", N_("suspended with a reason before it went live")),
        ("waiting", "lapse", "lapsed", "system", N_("the validity date passed")),
        ("waiting", "void", "voided", "system", N_("a material change, or replaced")),
        ("in_force", "suspend", "suspended", "overseer", N_("suspended with a reason")),
        ("suspended", "reinstate", "in_force", "board", N_("reinstated by the board")),
        ("in_force", "lapse", "lapsed", "system", N_("the validity date passed")),
        ("suspended", "lapse", "lapsed", "system", N_("the validity date passed")),
        ("in_force", "void", "voided", "system", N_("a material change, or replaced")),
        ("suspended", "void", "voided", "system", N_("a material change, or replaced")),
    ),
    *_rows(
        "flow",
        ("waiting", "go_live", "running", "works_council chair", N_("the works-council record allows it")),
        ("waiting", "stop", "stopped", "overseer", N_("stopped with a reason before it went live")),
        ("running", "stop", "stopped", "overseer", N_("stopped with a reason")),
        ("stopped", "reinstate", "running", "board", N_("reinstated by the board")),
        ("waiting", "end", "ended", "system", N_("the approval lapsed or is void")),
        ("running", "end", "ended", "system", N_("the approval lapsed or is void")),
        ("stopped", "end", "ended", "system", N_("the approval lapsed or is void")),
    ),
    *_rows(
        "condition",
        ("open", "hand_in", "handed_in", "condition_owner chair", N_("evidence is handed in")),
        ("handed_in", "accept", "met", "accepting_seat", N_("the seat accepts it")),
        ("handed_in", "send_back", "open", "accepting_seat", N_("the seat sends it back with a reason")),
    ),
    *_rows(
        "council",
        ("asked", "consent", "consented", "works_council chair", N_("consented")),
        ("asked", "consent_if", "conditions", "works_council chair", N_("consented with conditions")),
        ("asked", "refuse", "refused", "works_council chair", N_("refused")),
        ("asked", "find_not_owed", "not_owed", "chair", N_("not owed, with the reason")),
        ("refused", "consent", "consented", "works_council chair", N_("consented after all")),
        ("refused", "consent_if", "conditions", "works_council chair", N_("consented after all")),
        ("refused", "substitute", "court_substitute", "chair", N_("a court gives consent")),
        ("not_owed", "invoke_nullity", "nullity", "works_council", N_("nullity invoked in writing")),
        ("nullity", "consent", "consented", "works_council chair", N_("consented after all")),
        ("nullity", "consent_if", "conditions", "works_council chair", N_("consented after all")),
    ),
    *_rows(
        "minutes",
        ("draft", "revise", "draft", "secretary", N_("a new version is written")),
        ("draft", "close", "closed", "board", N_("closed with the decision")),
    ),
)
_TABLE = {(t.machine, t.source, t.act): t for t in TRANSITIONS}


def after(machine: str, state: str, act: str) -> str | None:
    """The state that `act` leads to, None where the table has no such row."""
    row = _TABLE.get((machine, state, act))
    return row.target if row else None


def acts_of(machine: str, state: str) -> list[Transition]:
    """What may happen in a state, in the order of the table."""
    return [row for row in TRANSITIONS if (row.machine, row.source) == (machine, state)]


def mermaid(machine: str) -> str:
    """The diagram of one machine, generated from the table."""
    rows = [t for t in TRANSITIONS if t.machine == machine]
    sources, targets = {t.source for t in rows}, {t.target for t in rows}
    lines = ["stateDiagram-v2", f"    [*] --> {rows[0].source}"]
    if machine == "deployment":  # a file that touches no workers waits for nobody
        lines.append("    [*] --> in_force")
    if machine == "flow":
        lines.append("    [*] --> running")
    lines += [f"    {t.source} --> {t.target}: {t.act} ({t.sentence})" for t in rows]
    lines += [f"    {state} --> [*]" for state in sorted(targets - sources)]
    return "\n".join(lines)


def diagram() -> str:
    """docs/review-states.md: every machine, and who takes each step."""
    parts = [
        "# States of requests, deployments and what belongs to them",
        "",
        "Generated by `manage.py document_states` from `governance/review/rules/states.py`. A reinstatement is a",
        "request of its own kind: it runs through the first diagram; its approval is the step `reinstate` of the",
        "second or third.",
    ]
    for machine, (title, _states) in MACHINES.items():
        parts += ["", f"## {title}", "", "```mermaid", mermaid(machine), "```", ""]
        parts += ["| in | step | by |", "|---|---|---|"]
        for row in (t for t in TRANSITIONS if t.machine == machine):
            by = "; ".join(Actor(name).sentence for name in row.by)
            parts.append(f"| {row.source} | {row.act} | {by} |")
    parts += [
        "",
        "A board may let any voting member return a file, not the chair alone (a setting of the board).",
    ]
    return "\n".join(parts) + "\n"
