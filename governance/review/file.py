"""What a file holds besides the register and the law: the one place where other slices add to it.

A submission needs all of it, and the digest binds it: a later change shows as 'what was submitted has changed'.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from governance.consent.selectors import policy_history
from governance.registry.models import DataFlow, System
from governance.review.rules import Problem


def what_else_is_missing(system: System, flows: Sequence[DataFlow], on: dt.date) -> list[Problem]:
    """What the file lacks beyond flows, question and board: assessments that are owed and not signed."""
    return []


def also_bound(system: System, flows: Sequence[DataFlow], on: dt.date) -> dict[str, str]:
    """Kind -> digest of the signed assessments that an approval of these flows rests on."""
    return {}


def policy_in_use(system_id: uuid.UUID) -> dict[str, Any] | None:
    """The approved data-use policy that took effect last: version and rows; None where there is none yet."""
    policy = next(iter(policy_history(system_id)), None)
    if policy is None:
        return None
    return {"version": policy.version, "rules": policy.rules, "retention_days": policy.retention_days}
