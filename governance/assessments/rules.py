"""The rules of assessments: kinds, one table of states, who may sign, what the law asks of which flows. Pure."""

import datetime as dt
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.registry.rules import Described
from portal.datafile import Text
from portal.errors import N_

VALID_MONTHS = 12
REMIND_DAYS = 30  # before the end of a validity, its renewal waits for the owner


class Kind(Described):
    """What is assessed."""

    DPIA = "dpia", N_("Data protection impact assessment (DPIA)")
    FRIA = "fria", N_("Fundamental rights impact assessment (FRIA)")
    BIAS = "bias", N_("Bias pre-assessment")
    OVERSIGHT = "oversight", N_("Human-oversight plan")


class State(Described):
    """Where a version of an assessment stands."""

    DRAFT = "draft", N_("Draft")
    IN_REVIEW = "in_review", N_("In review")
    SIGNED = "signed", N_("Signed off")
    SUPERSEDED = "superseded", N_("Replaced by a later version")
    WITHDRAWN = "withdrawn", N_("Withdrawn")


# the permission whose holder signs: a DPIA is the data protection officer's, the others also a lawyer's
SIGNED_BY = {
    "dpia": "sign_dpia",
    "fria": "sign_assessment",
    "bias": "sign_assessment",
    "oversight": "sign_assessment",
}
EDIT = "edit_register"
COMMENT = (EDIT, "sign_dpia", "sign_assessment", "comment_assessments")  # any of these may join a thread


@dataclass(frozen=True)
class Transition:
    """One row of the table: in `source`, `act` leads to `target`; `who` is the permission ('sign': see SIGNED_BY)."""

    source: str
    act: str
    target: str
    who: str
    sentence: str


TRANSITIONS = (
    Transition("draft", "submit", "in_review", EDIT, N_("every question that is asked is answered")),
    Transition("draft", "withdraw", "withdrawn", EDIT, N_("given up, with the reason")),
    Transition("in_review", "return", "draft", "sign", N_("sent back with questions")),
    Transition("in_review", "sign", "signed", "sign", N_("signed by somebody who wrote nothing in it")),
    Transition("in_review", "withdraw", "withdrawn", EDIT, N_("given up, with the reason")),
    Transition("signed", "supersede", "superseded", "sign", N_("a later version is signed")),
    Transition("signed", "revoke", "withdrawn", "sign", N_("the signature is taken back, with the reason")),
)
_TABLE = {(t.source, t.act): t for t in TRANSITIONS}


def after(state: str, act: str) -> str | None:
    """The state that `act` leads to, None where the table has no such row."""
    row = _TABLE.get((state, act))
    return row.target if row else None


def permission(kind: str, act: str) -> str:
    """The permission that an act takes, whatever the state. Raises StopIteration for an act that is none."""
    who = next(row.who for row in TRANSITIONS if row.act == act)
    return SIGNED_BY[kind] if who == "sign" else who


def mermaid() -> str:
    """The diagram, generated from the table."""
    sources, targets = {t.source for t in TRANSITIONS}, {t.target for t in TRANSITIONS}
    lines = ["stateDiagram-v2", f"    [*] --> {TRANSITIONS[0].source}"]
    lines += [f"    {t.source} --> {t.target}: {t.act} ({t.sentence})" for t in TRANSITIONS]
    lines += [f"    {state} --> [*]" for state in sorted(targets - sources)]
    return "\n".join(lines)


def diagram() -> str:
    """docs/assessment-states.md."""
    head = [
        "# States of an assessment",
        "",
        "Generated: `python -m governance.assessments.rules > docs/assessment-states.md`.",
    ]
    return "\n".join([*head, "", "```mermaid", mermaid(), "```"]) + "\n"


def why_not(act: str, state: str) -> str:
    """Why this act is not possible in this state; empty where it is."""
    return "" if after(state, act) else _NOT_NOW[act]


_NOT_NOW = {
    "submit": N_("Only a draft can be submitted."),
    "withdraw": N_("Only a draft, or what is in review, can be withdrawn."),
    "return": N_("Only what is in review can be returned."),
    "sign": N_("Only what is in review can be signed."),
    "revoke": N_("Only a signature that is in use can be taken back."),
    "edit": N_("Only a draft can be changed. Start a new version instead."),
}
NOT_A_DRAFT = _NOT_NOW["edit"]
IS_AUTHOR = N_("You wrote in this assessment. Nobody signs what they wrote.")


def why_not_sign(*, state: str, is_author: bool) -> str:
    """Why this person cannot sign now; empty where they can. The rule that greys out the button also refuses."""
    return why_not("sign", state) or (IS_AUTHOR if is_author else "")


def why_not_submit(
    *, state: str, open_questions: int, not_owed: bool, reason: str, owed: bool, required: bool
) -> str:
    """Why a draft cannot go to review: `owed` by its own answers, `required` by the table for a flow as it is."""
    if why := why_not("submit", state):
        return why
    if not_owed and not reason.strip():
        return N_("Give the reason why it is not owed.")
    if not_owed and owed:
        return N_("By its own answers it is owed. Answer all sections instead.")
    if not_owed and required:
        return N_("A data flow of this system needs it. Answer all sections instead.")
    if open_questions:
        return N_("Questions are still open. Answer them first.")
    return ""


def valid(*, state: str, valid_until: dt.date | None, on: dt.date) -> bool:
    """Whether a signed version counts on that day; the last day counts."""
    return state == "signed" and valid_until is not None and on <= valid_until


# --- what the law asks of which flows -----------------------------------------------------------


@dataclass(frozen=True)
class Requirement:
    """One row of the table: flows for which `when` holds need this kind of assessment."""

    kind: str
    article: str
    source: str
    valid_from: dt.date
    applies_from: dt.date
    when: tuple[Mapping[str, frozenset[str]], ...]
    why: Text


def required(
    table: Sequence[Requirement], flows: Sequence[Mapping[str, str | None]], on: dt.date
) -> dict[str, Requirement]:
    """The kinds that these flows need on that day, each with the first row that asks for it.

    A flow: its facts, the `provider_role`, and its legal `outcome` (None: not screened).
    """
    found: dict[str, Requirement] = {}
    for row in table:
        if row.valid_from <= on and any(_needs(row, flow) for flow in flows):
            found.setdefault(row.kind, row)
    return {kind: found[kind] for kind in Kind.values() if kind in found}


def _needs(row: Requirement, flow: Mapping[str, str | None]) -> bool:
    return any(
        all(flow.get(name) in allowed for name, allowed in conditions.items()) for conditions in row.when
    )


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) over the canonical JSON of what is signed."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":  # python -m governance.assessments.rules > docs/assessment-states.md
    sys.stdout.write(diagram())
