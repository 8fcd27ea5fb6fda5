"""Verdicts, seeds, digests and targets of audits: pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from portal.errors import N_, Invalid, RuleBroken


class Verdict(StrEnum):
    """What an audit says about one check, and about the whole run."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"
    ERROR = "error"

    @property
    def sentence(self) -> str:
        """What the verdict means, in English, for translation where it is shown."""
        return _SENTENCES[self]


_SENTENCES = {
    Verdict.MET: N_("The whole interval lies on the good side of the target."),
    Verdict.NOT_MET: N_("The whole interval lies on the bad side of the target."),
    Verdict.NOT_ENOUGH_EVIDENCE: N_(
        "The target lies inside the interval, or there is too little data to say."
    ),
    Verdict.ERROR: N_("The check itself failed; that is a finding too."),
}
_WORST_FIRST = (Verdict.ERROR, Verdict.NOT_MET, Verdict.NOT_ENOUGH_EVIDENCE, Verdict.MET)


def overall(verdicts: Iterable[str]) -> Verdict:
    """The worst of the checks; a run without checks proves nothing."""
    found = {Verdict(verdict) for verdict in verdicts}
    return next((verdict for verdict in _WORST_FIRST if verdict in found), Verdict.NOT_ENOUGH_EVIDENCE)


@dataclass(frozen=True)
class Target:
    """One check of an audit kind, and the threshold that holds until a plan sets another.

    `key` names the check in plans, API and ledger; `title`, `missed` (the title of the finding when it is not
    met) are English, marked for translation; `direction` is at_least or at_most; a target lies in
    `lowest`..`highest`.
    """

    key: str
    title: str
    missed: str
    default: Decimal
    direction: str = "at_least"
    severity: str = "high"
    lowest: Decimal = Decimal(0)
    highest: Decimal = Decimal(1)


def targets_from(given: Mapping[str, object], known: Iterable[Target]) -> dict[str, str]:
    """The targets of a plan as exact decimal text, one for every check of the kind (missing ones: the
    default).

    Raises Invalid for an unknown check, something that is not a number, or a number outside the range of the
    check.
    """
    wanted = {target.key: target for target in known}
    errors = [
        {"field": f"targets.{key}", "code": "unknown", "message": N_("This audit has no such check.")}
        for key in given
        if key not in wanted
    ]
    found: dict[str, str] = {}
    for key, target in wanted.items():
        value = _decimal(given.get(key, target.default))
        if value is None or not target.lowest <= value <= target.highest:
            message = N_("Give a number within the range of this check, with at most six decimals.")
            errors.append({"field": f"targets.{key}", "code": "invalid", "message": message})
        else:
            found[key] = f"{value.normalize():f}"
    if errors:
        raise Invalid(errors)
    return found


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and number.as_tuple().exponent >= -6 else None  # type: ignore[operator]


def check_window(date_from: date | None, date_to: date | None, evaluation: str, today: date) -> None:
    """Raise RuleBroken unless the run looks at one evaluation set or at one window of whole days, not in the
    future."""
    if evaluation:
        if date_from or date_to:
            raise RuleBroken(
                N_("An evaluation set has no window: give either the set or the dates."),
                code="window_and_evaluation",
                field="from",
            )
        return
    if date_from is None or date_to is None:
        raise RuleBroken(N_("Give the first and the last day."), code="window_missing", field="from")
    if date_from > date_to:
        raise RuleBroken(N_("The first day lies after the last day."), code="window_reversed", field="from")
    if date_to > today + timedelta(days=1):  # somewhere on earth it is tomorrow already
        raise RuleBroken(N_("The last day lies in the future."), code="window_in_future", field="to")


def seed_for(system: str, kind: str, looked_at: str) -> int:
    """The seed of everything random in a run: the same system, kind and window give the same result."""
    digest = hashlib.sha256(f"{system}\n{kind}\n{looked_at}".encode()).digest()
    return int.from_bytes(digest[:6], "big")


def looked_at(date_from: date | None, date_to: date | None, evaluation: str) -> str:
    """What a run looks at, as one line of text."""
    if evaluation:
        return f"evaluation:{evaluation}"
    return f"{date_from}..{date_to}"


def result_digest(content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a result as canonical JSON: sorted keys, no blanks, numbers as Python writes them."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def may_move_findings(window_to: date | None, newest_to: date | None) -> bool:
    """Whether a run may open and clear findings: not when a run over a later window has spoken already."""
    return window_to is None or newest_to is None or window_to >= newest_to


def short_mark(evaluation: str) -> str:
    """The part of a finding's key that keeps evaluation sets apart; names are long, so eight digits of a
    digest."""
    return f".evaluation-{hashlib.sha256(evaluation.encode()).hexdigest()[:8]}" if evaluation else ""
