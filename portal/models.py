"""The models of the app `portal`, gathered from its slices (Django looks only here)."""

from portal.jobs.models import Heartbeat, Job, JobLine, Schedule
from portal.ledger.models import Checkpoint, Leaf, LedgerBody, PendingEvent

__all__ = [
    "Checkpoint",
    "Heartbeat",
    "Job",
    "JobLine",
    "Leaf",
    "LedgerBody",
    "PendingEvent",
    "Schedule",
]
