"""Every KPI: the question it answers, its formula, unit, good side, minimum n and source; pure, documented by test.

A KPI without an entry here does not exist: selectors, pages, the API, goals and docs/metrics.md read this table.
"""

from dataclasses import dataclass

from portal.errors import N_

UP, DOWN, NEITHER = "up", "down", ""


@dataclass(frozen=True, slots=True)
class Kpi:
    """One row of the catalogue. `unit`: share, points, score, seconds, money, ratio, months."""

    id: str
    group: str
    name: str
    question: str
    formula: str
    unit: str
    good: str
    minimum: int
    interval: str
    source: str
    scale: str = ""  # the range of a score, such as '1-5'
    card: bool = True  # whether it stands on the dashboard as a card of its own

    @property
    def direction(self) -> str:
        """The direction a goal for this KPI normally has."""
        return "at_most" if self.good == DOWN else "at_least"

    @property
    def shown_as(self) -> str:
        """The unit in which people read it: shares as percentages, accuracy with four decimals as in reports."""
        if self.group == "accuracy" or self.scale in ("0-1", "-1-1"):
            return "share"
        return {"share": "percent", "ratio": "percent", "money": "EUR", "seconds": "s"}.get(
            self.unit, self.unit
        )


GROUPS: dict[str, str] = {
    "customer": N_("Customer satisfaction"),
    "trust": N_("Trust and empathy"),
    "accuracy": N_("Sentiment accuracy"),
    "rights": N_("Consent and oversight"),
    "efficiency": N_("Efficiency"),
    "value": N_("Return on investment"),
}

_WILSON = N_("Wilson score interval, 95 %")
_T = N_("Student t interval, 95 %")
_BOOTSTRAP = N_("seeded multinomial bootstrap on the confusion counts, 95 %")
_MEDIAN = N_("binomial order-statistic interval, 95 %; read from log-spaced bins")
_COMPLETE = N_("complete count: no interval")
_DRAWS = N_("P10-P90 of at least 10,000 seeded draws")
_PETS = "Schmidmaier et al. 2024 (CHI), Perceived Empathy of Technology Scale, CC BY"
_TRUST = "Jian, Bisantz and Drury 2000, Trust between People and Automation"
_SOKOLOVA = "Sokolova and Lapalme 2009, Information Processing and Management 45:427"
_TEI = "Forrester, Total Economic Impact methodology"

_ALL = (
    Kpi(
        "csat",
        "customer",
        N_("Customer satisfaction (CSAT)"),
        N_("How many customers were satisfied with the conversation?"),
        N_("answers 4 and 5 on a scale of 1 to 5 / all answers"),
        "share",
        UP,
        30,
        _WILSON,
        "ISO 10004:2018; Wilson 1927",
    ),
    Kpi(
        "csat_mean",
        "customer",
        N_("Customer satisfaction, mean"),
        N_("How satisfied were customers on average?"),
        N_("sum of answers / number of answers, scale of 1 to 5"),
        "score",
        UP,
        30,
        _T,
        "ISO 10004:2018; Student 1908",
        scale="1-5",
        card=False,
    ),
    Kpi(
        "csat_response",
        "customer",
        N_("Response rate of the satisfaction survey"),
        N_("How many of the customers who were asked answered?"),
        N_("answers / people asked"),
        "share",
        UP,
        30,
        _WILSON,
        "AAPOR Standard Definitions 2023, RR1",
        card=False,
    ),
    Kpi(
        "nps",
        "customer",
        N_("Net promoter score (NPS)"),
        N_("Would customers recommend us?"),
        N_("share of 9 and 10 minus share of 0 to 6, scale of 0 to 10"),
        "points",
        UP,
        50,
        N_("adjusted Wald interval, 95 %: three answers added"),
        "Reichheld 2003; Rocks 2016, The American Statistician 70:365",
    ),
    Kpi(
        "ces",
        "customer",
        N_("Customer effort score (CES 2.0)"),
        N_("How many customers found it easy to be helped?"),
        N_("answers 5 to 7 on a scale of 1 to 7 / all answers"),
        "share",
        UP,
        30,
        _WILSON,
        "Dixon, Freeman and Toman 2010; CES 2.0",
    ),
    Kpi(
        "ces_mean",
        "customer",
        N_("Customer effort score, mean"),
        N_("How easy was it on average?"),
        N_("sum of answers / number of answers, scale of 1 to 7"),
        "score",
        UP,
        30,
        _T,
        "Dixon, Freeman and Toman 2010; CES 2.0",
        scale="1-7",
        card=False,
    ),
    Kpi(
        "pets_er",
        "trust",
        N_("Perceived empathy: emotional responsiveness (PETS-ER)"),
        N_("Do people feel that the system responds to their emotion?"),
        N_("mean over people of the mean of sliders E1 to E6, 0 to 100"),
        "score",
        UP,
        30,
        _T,
        _PETS,
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
        _T,
        _PETS,
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
        _T,
        _TRUST,
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
        _T,
        _TRUST,
        scale="1-7",
        card=False,
    ),
    Kpi(
        "accuracy",
        "accuracy",
        N_("Sentiment accuracy"),
        N_("How often does the system read the emotion that a person labelled?"),
        N_("items whose predicted label is the gold label / items with a gold label"),
        "share",
        UP,
        30,
        _WILSON,
        _SOKOLOVA,
    ),
    Kpi(
        "macro_f1",
        "accuracy",
        N_("Macro-F1"),
        N_("Does it read every emotion well, the rare ones too?"),
        N_("unweighted mean over the emotions of 2 x hits / (gold + predicted)"),
        "score",
        UP,
        200,
        _BOOTSTRAP,
        _SOKOLOVA,
        scale="0-1",
    ),
    Kpi(
        "balanced_accuracy",
        "accuracy",
        N_("Balanced accuracy"),
        N_("How much of each emotion is found, the rare ones too?"),
        N_("unweighted mean over the emotions of hits / gold"),
        "share",
        UP,
        200,
        _BOOTSTRAP,
        _SOKOLOVA,
        card=False,
    ),
    Kpi(
        "kappa",
        "accuracy",
        N_("Cohen's kappa"),
        N_("How much better than chance does it agree with people?"),
        N_("(agreement - agreement by chance) / (1 - agreement by chance)"),
        "score",
        UP,
        200,
        _BOOTSTRAP,
        "Cohen 1960, Educational and Psychological Measurement 20:37",
        scale="-1-1",
        card=False,
    ),
    Kpi(
        "mcc",
        "accuracy",
        N_("Matthews correlation"),
        N_("How strongly do predicted and human labels go together?"),
        N_("correlation of the indicator matrices of gold and predicted"),
        "score",
        UP,
        200,
        _BOOTSTRAP,
        "Gorodkin 2004, Computational Biology and Chemistry 28:367",
        scale="-1-1",
        card=False,
    ),
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
        _COMPLETE,
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
        _COMPLETE,
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
        _WILSON,
        "Regulation (EU) 2024/1689, Art. 14(4)",
    ),
    Kpi(
        "containment",
        "efficiency",
        N_("Closed without a human"),
        N_("How many conversations ended well without a human?"),
        N_("resolved and not handed over / conversations with a known ending"),
        "share",
        UP,
        30,
        _WILSON,
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
        _WILSON,
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
        _MEDIAN,
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
        _MEDIAN,
        "Conover 1999, Practical Nonparametric Statistics, 3.2",
    ),
    Kpi(
        "roi",
        "value",
        N_("Return on investment (ROI)"),
        N_("Does the system bring more than it costs?"),
        N_("(PV of benefits - PV of costs) / PV of costs; attributable cash items only"),
        "ratio",
        UP,
        1,
        _DRAWS,
        _TEI,
    ),
    Kpi(
        "roi_with_intangibles",
        "value",
        N_("ROI with intangible benefits"),
        N_("And with the benefits that are not cash?"),
        N_("(PV of benefits - PV of costs) / PV of costs; attributable items, intangible ones too"),
        "ratio",
        UP,
        1,
        _DRAWS,
        _TEI,
        card=False,
    ),
    Kpi(
        "npv",
        "value",
        N_("Net present value (NPV)"),
        N_("What is left, in money of today?"),
        N_("PV of benefits - PV of costs, PV = sum of x_t / (1 + i)^t; attributable cash items only"),
        "money",
        UP,
        1,
        _DRAWS,
        _TEI,
        card=False,
    ),
    Kpi(
        "pv_costs",
        "value",
        N_("Costs"),
        N_("What does it cost, oversight, incidents and complaints included?"),
        N_("sum of costs_t / (1 + i)^t"),
        "money",
        DOWN,
        1,
        _DRAWS,
        _TEI,
    ),
    Kpi(
        "pv_benefits",
        "value",
        N_("Benefits"),
        N_("What does it bring?"),
        N_("sum of benefits_t / (1 + i)^t; attributable cash items only"),
        "money",
        UP,
        1,
        _DRAWS,
        _TEI,
        card=False,
    ),
)

KPIS: dict[str, Kpi] = {kpi.id: kpi for kpi in _ALL}


def kpi(kpi_id: str) -> Kpi:
    """The row of one KPI; KeyError for an unknown id."""
    return KPIS[kpi_id]


def of_group(group: str) -> list[Kpi]:
    """The KPIs of one group, in the order of the catalogue."""
    return [row for row in KPIS.values() if row.group == group]
