"""May this be processed? One answer from deployment, flow, policy and consent."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from governance.registry.models import System


@dataclass(frozen=True)
class Decision:
    """The gate's answer: `outcome` is allow, violation, gap or basis_doubtful; the rest says why."""

    outcome: str
    reason: str
    rule: str
    consent_event: UUID | None
    policy_version: int | None
    basis: str
    cache_seconds: int


def decide(*, system: System, items: list[Any]) -> list[Decision]:
    """Answer every item in order, with one set-based question to the database.

    Items: dicts or objects with subject (or session), subject_role, purpose, modality, and maybe flow, layer,
    operation, recipient, at (a datetime; default now).
    """
    raise NotImplementedError
