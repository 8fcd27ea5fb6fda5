"""Every KPI: the question it answers, its formula, unit, good side, minimum n and source; pure, documented by test.

A KPI without an entry here does not exist: selectors, pages, the API, goals and docs/metrics.md read this table.
"""

from metrics.catalogue.accuracy import ACCURACY
from metrics.catalogue.customer import CUSTOMER
from metrics.catalogue.efficiency import EFFICIENCY
from metrics.catalogue.kpi import DOWN, NEITHER, UP, Kpi
from metrics.catalogue.rights import RIGHTS
from metrics.catalogue.trust import TRUST
from metrics.catalogue.value import VALUE
from portal.errors import N_

__all__ = ["DOWN", "GROUPS", "KPIS", "NEITHER", "UP", "Kpi", "kpi", "of_group"]
GROUPS: dict[str, str] = {
    "customer": N_("Customer satisfaction"),
    "trust": N_("Trust and empathy"),
    "accuracy": N_("Sentiment accuracy"),
    "rights": N_("Consent and oversight"),
    "efficiency": N_("Efficiency"),
    "value": N_("Return on investment"),
}

_ALL = (*CUSTOMER, *TRUST, *ACCURACY, *RIGHTS, *EFFICIENCY, *VALUE)
KPIS: dict[str, Kpi] = {row.id: row for row in _ALL}


def kpi(kpi_id: str) -> Kpi:
    """The row of one KPI; KeyError for an unknown id."""
    return KPIS[kpi_id]


def of_group(group: str) -> list[Kpi]:
    """The KPIs of one group, in the order of the catalogue."""
    return [row for row in KPIS.values() if row.group == group]
