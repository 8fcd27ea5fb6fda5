"""KPIs of the group `efficiency`; pure."""

from metrics.catalogue.kpi import DOWN, MEDIAN, NEITHER, UP, WILSON, Kpi
from portal.errors import N_

EFFICIENCY = (
    Kpi(
        "containment",
        "efficiency",
        N_("Closed without a human"),
        N_("How many conversations ended well without a human?"),
        N_("resolved and not handed over / conversations with a known ending"),
        "share",
        UP,
        30,
        WILSON,
        "COPC CX Standard 7.0",
    ),
    Kpi(
        "escalation_rate",
        "efficiency",
        N_("Handed over to a human"),
        N_("How many conversations went to a human?"),
        N_("handed over / all interactions"),
        "share",
        NEITHER,
        30,
        WILSON,
        "COPC CX Standard 7.0",
    ),
    Kpi(
        "handling_time",
        "efficiency",
        N_("Handling time"),
        N_("How long does a conversation take?"),
        N_("median of the seconds from the first to the last turn"),
        "seconds",
        DOWN,
        30,
        MEDIAN,
        "Conover 1999, Practical Nonparametric Statistics, 3.2",
    ),
    Kpi(
        "first_response",
        "efficiency",
        N_("Time to the first answer"),
        N_("How long does a person wait for the first answer?"),
        N_("median of the seconds until the first answer"),
        "seconds",
        DOWN,
        30,
        MEDIAN,
        "Conover 1999, Practical Nonparametric Statistics, 3.2",
    ),
)
