"""The file of a request: whether it is complete, its digest, and how it differs from what was approved. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.review.rules.votes import FEWEST_VOTES
from portal.errors import N_


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
    goal: str = ""  # its statement
    discipline: str = ""  # how it is called
    quorum: int = 0
    seats: int = 0
    field: str = "flows"  # what must be filled in or chosen
    vendor: str = ""  # its name

    @property
    def params(self) -> dict[str, str]:
        """What fills the message."""
        said = {"flow": self.flow, "assessment": self.assessment, "why": self.why, "goal": self.goal}
        said |= {"discipline": self.discipline, "quorum": str(self.quorum), "seats": str(self.seats)}
        return said | {"vendor": self.vendor}


def problems(
    flows: Sequence[FlowFile],
    *,
    summary: str,
    voting_seats: int,
    lacking: Sequence[tuple[str, str]] = (),
    goals: Sequence[str] = (),
    quorum: int = 0,
    unspoken: Sequence[str] = (),
    has_policy: bool = True,
    vendor: str = "",
    vendor_gaps: Sequence[Mapping[str, str]] = (),
) -> list[Problem]:
    """What stands in the way of a submission; empty where the file is complete.

    `lacking`: the assessments that are needed and not validly signed, each with the sentence that says why.
    `goals`: those that serve no statement of the mission although the organisation wrote it down. `quorum`: how many
    votes the board's rule asks; `unspoken`: the disciplines that it requires and for which nobody may speak.
    `has_policy`: whether a data-use policy of the system is approved; without one the gate answers no to everything.
    `vendor_gaps`: what is not in order with the `vendor`, as `registry.checks.vendor_gaps` says it.
    """
    found = []
    if not flows:
        found.append(Problem("no_flows", N_("Choose at least one data flow.")))
    if not summary.strip():
        no_summary = N_("Say in plain language what the board is asked.")
        found.append(Problem("no_summary", no_summary, field="summary"))
    if voting_seats < FEWEST_VOTES:
        few = N_("The board has fewer than three members who may vote on this request.")
        found.append(Problem("too_few_seats", few))
    elif voting_seats < quorum:
        short = N_(
            "The board's rule asks {quorum} votes and only {seats} may be cast: change the rule or fill seats."
        )
        found.append(Problem("quorum_unreachable", short, quorum=quorum, seats=voting_seats))
    empty = N_("The board's rule requires {discipline}, and nobody may speak for it: fill the seat.")
    found += [Problem("required_seat_empty", empty, discipline=name) for name in unspoken]
    no_mission = N_("The goal '{goal}' serves no statement of our mission yet. Say which one.")
    found += [Problem("goal_without_mission", no_mission, goal=goal) for goal in goals]
    for flow in flows:
        code, message = _flow_problem(flow)
        if code:
            found.append(Problem(code, message, flow.slug))
    not_assessed = N_("{assessment} is needed and not validly signed. {why}")
    found += [Problem("not_assessed", not_assessed, assessment=name, why=why) for name, why in lacking]
    if not has_policy:
        no_policy = N_("The system has no approved data-use policy: draft one and have it approved first.")
        found.append(Problem("no_policy", no_policy, field="policy"))
    found += [Problem(gap["code"], gap["message"], field=gap["field"], vendor=vendor) for gap in vendor_gaps]
    return found


def _flow_problem(flow: FlowFile) -> tuple[str, str]:
    if flow.outcome is None:
        return "not_screened", N_("The data flow {flow} is not screened.")
    if flow.outcome == "prohibited":
        return "prohibited", N_("The data flow {flow} is prohibited. Nobody can approve it.")
    if flow.outcome == "hold":
        return "hold", N_("The data flow {flow} is on hold: answer its open questions first.")
    if not flow.signed:
        return "not_signed", N_("The screening of the data flow {flow} has no valid signature.")
    return "", ""


def risk_of(outcomes: Iterable[str | None]) -> str:
    """The risk class of a file: the heaviest legal outcome among its flows."""
    found = set(outcomes)
    return next((risk for risk in ("high_risk", "transparency") if risk in found), "minimal")


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) over the canonical JSON of what is approved."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Difference:
    """One value of a file that differs: where it stands (`flows/chat/facts/purpose`), before and after."""

    path: tuple[str, ...]
    before: Any
    after: Any


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What differs between two files, value by value; what one of them did not have yet counts as None.

    The question itself (`request`) is left out: it is read whole.
    """
    old, new = _flat(before), _flat(after)
    return [
        Difference(path, old.get(path), new.get(path))
        for path in [*old, *(path for path in new if path not in old)]
        if old.get(path) != new.get(path)
    ]


def _flat(content: Mapping[str, Any]) -> dict[tuple[str, ...], Any]:
    rows: dict[tuple[str, ...], Any] = {}

    def walk(path: tuple[str, ...], value: Any) -> None:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                walk((*path, str(key)), inner)
        elif path == ("flows",):  # by name, so that a flow more or less does not move the others
            for flow in value:
                walk((*path, flow["slug"]), {key: inner for key, inner in flow.items() if key != "slug"})
        else:
            rows[path] = value

    walk((), {key: value for key, value in content.items() if key != "request"})
    return rows
