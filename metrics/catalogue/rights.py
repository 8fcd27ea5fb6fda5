"""KPIs of the group `rights`; pure."""

from metrics.catalogue.kpi import COMPLETE, DOWN, MEDIAN, NEITHER, UP, WILSON, Kpi
from portal.errors import N_

RIGHTS = (
    Kpi(
        "consent_coverage",
        "rights",
        N_("Consent coverage"),
        N_("Had every reading a valid basis at that moment?"),
        N_(
            "interactions with a basis valid for purpose and modality at that moment / all interactions in scope"
        ),
        "share",
        UP,
        1,
        COMPLETE,
        "Regulation (EU) 2016/679, Art. 5(2), 6, 7(1)",
    ),
    Kpi(
        "disclosure",
        "rights",
        N_("Told before the first reading"),
        N_("How often was the person told before an emotion was read?"),
        N_("interactions with a notice before the reading / interactions that were read"),
        "share",
        UP,
        1,
        COMPLETE,
        "Regulation (EU) 2024/1689, Art. 50(3)",
    ),
    Kpi(
        "override_rate",
        "rights",
        N_("Corrected by a human"),
        N_("How often does a human change what the system said?"),
        N_("answers changed by a human / answers a human looked at"),
        "share",
        NEITHER,
        30,
        WILSON,
        "Regulation (EU) 2024/1689, Art. 14(4)",
    ),
    Kpi(
        "stop_median",
        "rights",
        N_("Time to stop, median"),
        N_("How soon after a withdrawal or objection does the system stop?"),
        N_(
            "median seconds from the moment a person's word counts to the moment the system confirmed it stopped"
        ),
        "seconds",
        DOWN,
        10,
        MEDIAN,
        "Regulation (EU) 2016/679, Art. 7(3), 21(3)",
    ),
    Kpi(
        "stop_p95",
        "rights",
        N_("Time to stop, 95th percentile"),
        N_("How long do the slowest stops take?"),
        N_("95th percentile of the seconds from a person's word to the confirmed stop"),
        "seconds",
        DOWN,
        60,
        MEDIAN,
        "Regulation (EU) 2016/679, Art. 7(3), 21(3)",
    ),
)
