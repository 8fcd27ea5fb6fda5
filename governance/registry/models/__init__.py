"""The models of the register."""

from governance.registry.models.parts import Contact, Goal, HandOver, Part, PlannedCost, UnitUse, UseCase
from governance.registry.models.report import UnlistedReport
from governance.registry.models.revision import SystemRevision
from governance.registry.models.system import DataFlow, System, SystemUserPermission, SystemVersion
from governance.registry.models.unfinished import UnfinishedForm
from governance.registry.models.vendor import MissionStatement, Vendor

__all__ = [
    "Contact",
    "DataFlow",
    "Goal",
    "HandOver",
    "MissionStatement",
    "Part",
    "PlannedCost",
    "System",
    "SystemRevision",
    "SystemUserPermission",
    "SystemVersion",
    "UnfinishedForm",
    "UnitUse",
    "UnlistedReport",
    "UseCase",
    "Vendor",
]
