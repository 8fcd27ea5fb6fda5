"""The models of the app `governance`, gathered from its slices (Django looks only here)."""

from governance.audits.models import AuditPlan, AuditRun
from governance.consent.models import Alias, ConsentEvent, Notice, Policy, Subject
from governance.evidence.models import EvidencePack
from governance.findings.models import CorrectiveAction, Finding
from governance.registry.models import (
    DataFlow,
    Goal,
    System,
    SystemUserPermission,
    SystemVersion,
)
from governance.review.models import (
    Board,
    BoardRule,
    Comment,
    Condition,
    ConditionEvidence,
    CouncilAnswer,
    CouncilRecord,
    Deployment,
    DeploymentRequest,
    InForce,
    Membership,
    Minutes,
    Recusal,
    Reminder,
    Round,
    Seat,
    Vote,
)
from governance.screening.models import RuleSet, RuleSetApplication, Screening

__all__ = [
    "Alias",
    "AuditPlan",
    "AuditRun",
    "Board",
    "BoardRule",
    "Comment",
    "Condition",
    "ConditionEvidence",
    "ConsentEvent",
    "CorrectiveAction",
    "CouncilAnswer",
    "CouncilRecord",
    "DataFlow",
    "Deployment",
    "DeploymentRequest",
    "EvidencePack",
    "Finding",
    "Goal",
    "InForce",
    "Membership",
    "Minutes",
    "Notice",
    "Policy",
    "Recusal",
    "Reminder",
    "Round",
    "RuleSet",
    "RuleSetApplication",
    "Screening",
    "Seat",
    "Subject",
    "System",
    "SystemUserPermission",
    "SystemVersion",
    "Vote",
]
