"""docs/metrics.md from the catalogue: `python manage.py document_metrics` writes it, a test holds it up to date."""

from metrics.catalogue import GROUPS, KPIS, UP, Kpi
from metrics.dashboards.rules import TOPICS

_HEAD = """# What the figures mean

Written from `metrics/catalogue/` by `python manage.py document_metrics`; change the catalogue, not this page.

Every figure carries its value, interval, n, numerator, denominator, exclusions, method, source and window: on the page,
in the API, in exports and in the evidence pack alike. A figure that may not be shown as a number says why:

| state | meaning |
|---|---|
| `ok` | the value with its interval (a complete count has none; money has P10-P90 of a simulation) |
| `not_enough_data` | fewer than the minimum n; `more_needed` says how many more, `enough_on` when at the present rate |
| `suppressed` | fewer distinct people than [the floor](consent.md#the-smallest-group-that-is-shown) stand behind it |
| `withheld` | what it rests on does not hold: a return while consent coverage or accuracy is not met |
| `not_estimable` | the data cannot answer the question, such as a class that was predicted but never labelled |

Against a target a figure is `met` where its whole interval lies on the good side, `not_met` where all of it lies on
the bad side, and `not_enough_evidence` in between.

A change is now minus the period of the same length before, with an interval made from both intervals (MOVER); where it
leaves out zero the change is clear.

Figures come from daily sums and histograms: what a page reads is bounded by days × counters, not by interactions
(measured in performance.md). A week or month of too few people is hidden too, and with it the smallest other one. The
intervals take every turn as independent: from daily sums nobody can tell whose turns belong together, so where few
people have many turns each, the true interval is wider.
Quantiles of times are read from log-spaced bins, each 12 % wide. Accuracy can be divided by language, channel,
subject role, modality and the declared dimensions of a system; a group under the floor is hidden, and with it the
smallest other group when the total would give it away.
"""
_VALUE = """
## How the return is made

`POST /api/v1/systems/{slug}/values` or the page *Costs and benefits* records months of named items. Present value
is the sum of x_t / (1 + i)^t with i = 10 % a year; NPV is PV of benefits minus PV of costs; ROI is NPV / PV of costs;
payback is the first month whose cumulative net is not negative. Each item has one uncertain factor (PERT, triangular or
lognormal) that multiplies all its months; 10,000 seeded draws give P10, P50 and P90. The same inputs are
simulated once and kept by their digest. A risk haircut is not offered beside a distribution: it would count the
risk twice.

Benefits enter the headline only when a randomised holdout or difference in differences attributes them to the system;
before-and-after figures are listed beside it. Intangible benefits stand in their own figure. The return is withheld,
with the reason, while consent coverage or the newest accuracy audit is `not_met`, and carries a warning while either is
`not_enough_evidence`; costs always show. Without a consent audit the complete count of the window decides.
"""


def render() -> str:
    """The whole page as Markdown."""
    parts = [_HEAD]
    for group, title in GROUPS.items():
        rows = [_row(kpi) for kpi in KPIS.values() if kpi.group == group]
        head = "| id | question | formula | unit | good | minimum n | interval | people counted | source |"
        parts.append(f"\n## {title}\n\n{head}\n|{'---|' * 9}\n" + "\n".join(rows) + "\n")
    return "".join([*parts, _VALUE])


def _row(kpi: Kpi) -> str:
    unit = f"{kpi.unit} {kpi.scale}".strip()
    good = {UP: "higher", "": "neither"}.get(kpi.good, "lower")
    topic = TOPICS.get(kpi.id, "")
    cells = [f"`{kpi.id}`", kpi.question, kpi.formula, unit, good, str(kpi.minimum), kpi.interval]
    cells += [f"`{topic}`" if topic else "-", kpi.source]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
