"""KPIs of the group `rights`; pure."""

from metrics.catalogue.kpi import COMPLETE, NEITHER, UP, WILSON, Kpi
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
)
