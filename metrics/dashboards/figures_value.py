"""Charts of money and of systems beside each other: plain dicts that Plotly draws; pure, words come translated."""

from collections.abc import Mapping, Sequence
from typing import Any

from metrics.dashboards.figures import BAD, GOOD, LINE, SECOND, Chart, plain, row_of
from metrics.stats.figure import Figure, State


def money(
    months: Sequence[str], costs: Sequence[float], benefits: Sequence[float], words: Mapping[str, str]
) -> Chart:
    """Costs and benefits as recorded per month, and their running difference."""
    running, total = [], 0.0
    for cost, benefit in zip(costs, benefits, strict=True):
        total += benefit - cost
        running.append(round(total, 2))
    hover = "%{x}: € %{y:,.0f}<extra>%{fullData.name}</extra>"
    data: list[Any] = [
        {
            "type": "bar",
            "name": words["costs"],
            "x": list(months),
            "y": [-cost for cost in costs],
            "marker": {"color": BAD},
            "hovertemplate": hover,
        },
        {
            "type": "bar",
            "name": words["benefits"],
            "x": list(months),
            "y": list(benefits),
            "marker": {"color": GOOD},
            "hovertemplate": hover,
        },
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": words["running"],
            "x": list(months),
            "y": running,
            "line": {"color": LINE, "width": 2},
            "hovertemplate": hover,
        },
    ]
    layout = {
        "barmode": "relative",
        "xaxis": {"type": "category"},
        "yaxis": {"tickprefix": "€ "},
    }
    columns = [words["month"], words["costs"], words["benefits"], words["running"]]
    rows = [list(row) for row in zip(months, costs, benefits, running, strict=True)]
    return {"data": data, "layout": layout, "table": {"columns": columns, "rows": rows}}


def tornado(
    rows: Sequence[tuple[str, float, float, float]], middle: float, words: Mapping[str, str]
) -> Chart:
    """How far each uncertain item moves the NPV: (name, rank correlation, NPV at its low, at its high end)."""
    low, high = [row[2] - middle for row in rows], [row[3] - middle for row in rows]
    names = [plain(row[0]) for row in rows]
    hover = "%{y}: € %{customdata:,.0f}<extra>%{fullData.name}</extra>"
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": words[side],
            "y": names,
            "x": lengths,
            "base": middle,
            "customdata": [row[column] for row in rows],
            "marker": {"color": color},
            "hovertemplate": hover,
        }
        for side, lengths, column, color in (("at_low", low, 2, SECOND), ("at_high", high, 3, LINE))
    ]
    layout = {
        "barmode": "overlay",
        "yaxis": {"type": "category", "autorange": "reversed"},
        "xaxis": {"tickprefix": "€ "},
    }
    columns = [words["item"], words["correlation"], words["at_low"], words["at_high"]]
    table = [[name, round(rho, 3), round(down), round(up)] for name, rho, down, up in rows]
    return {"data": data, "layout": layout, "table": {"columns": columns, "rows": table}}


def against(points: Sequence[tuple[str, Figure, Figure]], words: Mapping[str, str]) -> Chart:
    """Two figures of each system against each other with both intervals: high trust with low accuracy is a risk."""
    shown = [p for p in points if all(f.state is State.OK and f.value is not None and f.ci for f in p[1:])]

    def errors(which: int) -> Any:
        pairs = [(p[which].value or 0.0, p[which].ci or (0.0, 0.0)) for p in shown]  # type: ignore[union-attr]
        return {
            "type": "data",
            "symmetric": False,
            "array": [ci[1] - value for value, ci in pairs],
            "arrayminus": [value - ci[0] for value, ci in pairs],
            "thickness": 1,
        }

    data = [
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": [p[1].value for p in shown],
            "y": [p[2].value for p in shown],
            "text": [plain(p[0]) for p in shown],
            "textposition": "top right",
            "error_x": errors(1),
            "error_y": errors(2),
            "marker": {"color": LINE, "size": 11},
            "hovertemplate": f"%{{text}}<br>{words['x']}: %{{x:.4f}}<br>{words['y']}: %{{y:.1f}}<extra></extra>",
            "name": words["series"],
        }
    ]
    rows = [[name, *row_of(x, 1.0), *row_of(y, 1.0)] for name, x, y in points]
    columns = [words["series"]] + [
        f"{words[k]} {words[c]}" for k in "xy" for c in ("value", "low", "high", "n")
    ]
    layout = {"xaxis": {"title": {"text": words["x"]}}, "yaxis": {"title": {"text": words["y"]}}}
    return {"data": data, "layout": layout, "table": {"columns": columns, "rows": rows}}
