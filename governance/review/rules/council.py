"""When a data flow touches workers, and what the works-council record allows. Pure.

Source: AI Act, Art 26(7) (workers and their representatives are informed before the first use at work); for the
Netherlands WOR 27(1)(k) and (l), nullity within a month 27(5). To be checked by a lawyer, like every reading of law.
"""

import datetime as dt
from collections.abc import Mapping

from governance.review.rules.dates import months_later

WORKERS = frozenset({"employee"})
ANSWERED_BY_OTHERS = frozenset({"works_council_record", "legal_sign_off"})
"""Questions of the law whose answer is what somebody else said: answering them changes nothing of a flow."""
WORK_PURPOSES = frozenset({"worker_evaluation", "wellbeing", "offering_help"})
ALLOWING = frozenset({"consented", "conditions", "court_substitute", "not_owed"})
ANSWERS = {  # the act that an answer is -> whether it needs a reason in words
    "consent": False,
    "consent_if": True,
    "refuse": True,
    "find_not_owed": True,
    "substitute": True,
    "invoke_nullity": True,
}
CHAIR_ONLY = frozenset(
    {"find_not_owed", "substitute"}
)  # nobody says of itself that a court or the law decided
COUNCIL_ONLY = frozenset({"invoke_nullity"})


def touches_workers(facts: Mapping[str, object]) -> bool:
    """Whether a data flow reads workers, happens at work, or serves to judge or help them."""
    return (
        facts.get("subject_role") in WORKERS
        or facts.get("setting") == "workplace"
        or facts.get("purpose") in WORK_PURPOSES
    )


def allows(state: str) -> bool:
    """Whether the record in this state lets a flow go live."""
    return state in ALLOWING


def nullity_until(informed_on: dt.date) -> dt.date:
    """Until when the works council may invoke nullity in writing (NL: one month after it was informed, WOR 27(5))."""
    start = dt.datetime.combine(informed_on, dt.time.min)
    return months_later(start, 1).date()
