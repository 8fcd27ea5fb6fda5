"""Which limits a data-use policy sets, and what is past them on a day; pure, the day is passed in.

Two sides: what is personal is kept no longer than the policy says (GDPR, Art. 5(1)(e)), and logs of systems at high
risk are kept at least six months (Regulation (EU) 2024/1689, Arts. 19(1) and 26(6)). Where both speak about the same
row, it stays as a log without what was personal.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from governance.consent.policy_checks import LOG_MINIMUM_DAYS, LOG_MINIMUM_FROM
from governance.consent.rules import PolicyRule, Situation, kept_days
from portal.errors import N_

GRACE_DAYS = 1
"""A nightly round may come a day after the moment at which a limit is reached; only then is something late."""
PARTS: dict[str, str] = {
    "readings": N_("Readings of people's emotions"),
    "bare": N_("Interactions without a basis"),
    "receipts": N_("Lists of ids in receipts"),
    "answers": N_("Answers to surveys"),
    "counted": N_("Who was counted on which day"),
    "sums": N_("Sums over people"),
}
HELP: dict[str, str] = {
    "readings": N_("By the rule of the policy that permits them, else by the policy as a whole."),
    "bare": N_("By the longest limit of the policy: they hold no more than id, time, data flow and reason."),
    "receipts": N_("By the shortest limit: the numbers of a receipt stay."),
    "answers": N_("By the policy as a whole, else by its longest limit."),
    "counted": N_("By the shortest limit: afterwards a day has numbers in the place of people."),
    "sums": N_("Only by a rule about aggregates; they name nobody."),
}


@dataclass(frozen=True)
class Limits:
    """What one version of a policy says about how long."""

    version: int
    rules: tuple[PolicyRule, ...]
    default: int | None

    def readings(self, subject_role: str, purpose: str, modality: str) -> int | None:
        """Days for readings of these people, None: nobody said."""
        return kept_days(self.rules, Situation(subject_role, purpose, modality), self.default)[0]

    @property
    def personal(self) -> list[int]:
        """Every limit that a reading may have."""
        said = [
            rule.retention_days
            for rule in self.rules
            if rule.effect == "permit"
            and rule.retention_days
            and "inference" in (rule.match["layer"] or {"inference"})
        ]
        return sorted({*said, *([self.default] if self.default else [])})

    @property
    def sums(self) -> int | None:
        """Days for sums: only a rule that names aggregates (and no other layer) speaks about them."""
        said = [
            rule.retention_days
            for rule in self.rules
            if rule.effect == "permit" and rule.match["layer"] == {"aggregate"} and rule.retention_days
        ]
        return max(said, default=None)


def first_kept(day: dt.date, days: int) -> dt.datetime:
    """On `day`, what is older than this moment is past a limit of so many days: whole days, in UTC."""
    return dt.datetime.combine(day - dt.timedelta(days=days), dt.time(), tzinfo=dt.UTC)


def logs_kept_from(day: dt.date) -> dt.datetime | None:
    """On `day`, logs from this moment on are still owed; None before the duty begins."""
    return first_kept(day, LOG_MINIMUM_DAYS) if day >= LOG_MINIMUM_FROM else None


def was_lawful(before: dt.datetime, days: int, log_before: dt.datetime | None) -> bool:
    """Whether a certificate is of a night on which logs were not owed yet, or were left alone."""
    owed = logs_kept_from(before.date() + dt.timedelta(days=days))
    return owed is None or before <= owed or (log_before is not None and log_before <= owed)


def too_short(limits: Sequence[int]) -> list[int]:
    """The limits that are shorter than logs must be kept."""
    return [days for days in limits if days < LOG_MINIMUM_DAYS]
