"""The models of the app `portal`, gathered from its slices (Django looks only here)."""

from portal.ledger.models import Checkpoint, Leaf, LedgerBody, PendingEvent

__all__ = [
    "Checkpoint",
    "Leaf",
    "LedgerBody",
    "PendingEvent",
]
