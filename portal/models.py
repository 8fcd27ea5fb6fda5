"""The models of the app `portal`, gathered from its slices (Django looks only here)."""

from portal.access.models import RoleAssignment, UnitUserPermission
from portal.accounts.models import ApiKey, Unit, User
from portal.jobs.models import Heartbeat, Job, JobLine, Schedule
from portal.ledger.models import Checkpoint, Leaf, LedgerBody, PendingEvent
from portal.notify.models import CalendarFeed, Message
from portal.web.models import IdempotencyRecord, SavedView

__all__ = [
    "ApiKey",
    "CalendarFeed",
    "Checkpoint",
    "Heartbeat",
    "IdempotencyRecord",
    "Job",
    "JobLine",
    "Leaf",
    "LedgerBody",
    "Message",
    "PendingEvent",
    "RoleAssignment",
    "SavedView",
    "Schedule",
    "Unit",
    "UnitUserPermission",
    "User",
]
