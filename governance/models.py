"""The models of the app `governance`, gathered from its slices (Django looks only here)."""

from governance.assessments.models import AnswerChange, Assessment, AssessmentComment, Attachment
from governance.audits.models import AuditPlan, AuditRun
from governance.consent.models import Alias, ConsentEvent, Notice, Policy, Subject
from governance.evidence.models import EvidencePack
from governance.findings.models import CorrectiveAction, Finding
from governance.registry.models import (
    Contact,
    DataFlow,
    Goal,
    HandOver,
    MissionStatement,
    PlannedCost,
    System,
    SystemRevision,
    SystemUserPermission,
    SystemVersion,
    UnitUse,
    UnlistedReport,
    UseCase,
    Vendor,
)
from governance.review.models import (
    Board,
    Condition,
    Deployment,
    DeploymentRequest,
    InForce,
    Membership,
    Recusal,
    Seat,
    Vote,
)
from governance.screening.models import RuleSet, RuleSetApplication, Screening

__all__ = [
    "Alias",
    "AnswerChange",
    "Assessment",
    "AssessmentComment",
    "Attachment",
    "AuditPlan",
    "AuditRun",
    "Board",
    "Condition",
    "ConsentEvent",
    "Contact",
    "CorrectiveAction",
    "DataFlow",
    "Deployment",
    "DeploymentRequest",
    "EvidencePack",
    "Finding",
    "Goal",
    "HandOver",
    "InForce",
    "Membership",
    "MissionStatement",
    "Notice",
    "PlannedCost",
    "Policy",
    "Recusal",
    "RuleSet",
    "RuleSetApplication",
    "Screening",
    "Seat",
    "Subject",
    "System",
    "SystemRevision",
    "SystemUserPermission",
    "SystemVersion",
    "UnitUse",
    "UnlistedReport",
    "UseCase",
    "Vendor",
    "Vote",
]
