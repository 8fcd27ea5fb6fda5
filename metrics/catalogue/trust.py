"""KPIs of the group `trust`; pure."""

from metrics.catalogue.kpi import DOWN, PETS, STUDENT_T, UP, Kpi
from metrics.catalogue.kpi import TRUST as JIAN
from portal.errors import N_

TRUST = (
    Kpi(
        "pets_er",
        "trust",
        N_("Perceived empathy: emotional responsiveness (PETS-ER)"),
        N_("Do people feel that the system responds to their emotion?"),
        N_("mean over people of the mean of sliders E1 to E6, 0 to 100"),
        "score",
        UP,
        30,
        STUDENT_T,
        PETS,
        scale="0-100",
    ),
    Kpi(
        "pets_ut",
        "trust",
        N_("Perceived empathy: understanding and trust (PETS-UT)"),
        N_("Do people feel understood, and do they trust the system?"),
        N_("mean over people of the mean of sliders U1 to U4, 0 to 100"),
        "score",
        UP,
        30,
        STUDENT_T,
        PETS,
        scale="0-100",
    ),
    Kpi(
        "trust",
        "trust",
        N_("Trust"),
        N_("Do people trust the system?"),
        N_("mean over people of the mean of items 6 to 12, scale of 1 to 7"),
        "score",
        UP,
        30,
        STUDENT_T,
        JIAN,
        scale="1-7",
    ),
    Kpi(
        "distrust",
        "trust",
        N_("Distrust"),
        N_("Do people distrust the system?"),
        N_("mean over people of the mean of items 1 to 5, scale of 1 to 7"),
        "score",
        DOWN,
        30,
        STUDENT_T,
        JIAN,
        scale="1-7",
        card=False,
    ),
)
