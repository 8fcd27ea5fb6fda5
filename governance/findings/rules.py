"""Severities and states of findings; pure."""

from governance.registry.rules import Described
from portal.errors import N_


class Severity(Described):
    """How bad a finding is, and with that how soon it must be answered."""

    LOW = "low", N_("Low")
    MEDIUM = "medium", N_("Medium")
    HIGH = "high", N_("High")
    CRITICAL = "critical", N_("Critical")


class FindingState(Described):
    """Open until somebody shows that the cause is gone."""

    OPEN = "open", N_("Open")
    CLEARED = "cleared", N_("Cleared")


# days until a finding is due where its opener does not say; our own choice, the organisation may tighten it
DUE_DAYS = {"low": 90, "medium": 60, "high": 30, "critical": 3}
ORDER = {severity: rank for rank, severity in enumerate(Severity.values())}


def worse(one: str, other: str) -> str:
    """The worse of two severities."""
    return max(one, other, key=lambda severity: ORDER[severity])
