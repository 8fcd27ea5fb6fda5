"""Numbers to charts: plain dicts that Plotly draws, with their data table; pure, words come translated.

Only trace types of the cartesian bundle are used, since it draws an unknown type as a scatter without a word. Colours
are names of CSS variables that the page resolves for its theme. Every chart tells its facts in `table` as well.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metrics.stats.figure import Figure, State

Chart = dict[str, Any]
TRACES = frozenset({"scatter", "bar", "heatmap"})  # all that is drawn here; a test holds every chart to it
LINE, SECOND = "var(--chart-1)", "var(--chart-2)"
BAND, TARGET = "var(--chart-band)", "var(--chart-target)"
GOOD, BAD, NOTE = "var(--chart-good)", "var(--chart-bad)", "var(--chart-4)"


# day before month, as both languages write it; the year below the first
TICKS = [
    {"dtickrange": [None, "M1"], "value": "%-d %b\n%Y"},
    {"dtickrange": ["M1", None], "value": "%b\n%Y"},
]


def plain(text: str) -> str:
    """A name as it is written: Plotly reads texts as a kind of HTML, and nobody's name may be markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened on a day: a vertical line with a short text that leads to `url`."""

    day: str
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """A figure per bucket of days; `starts` are ISO dates of the first day of each bucket."""

    name: str
    starts: Sequence[str]
    figures: Sequence[Figure]
    color: str = LINE


def trend(
    series: Sequence[Series],
    words: Mapping[str, str],
    *,
    factor: float = 1.0,
    suffix: str = "",
    target: float | None = None,
    marks: Sequence[Mark] = (),
    limits: tuple[float, float] | None = None,
) -> Chart:
    """Lines with their confidence band; a bucket that is not ok is a gap in the line and a reason in the table."""
    data: list[Any] = []
    for one in series:
        data += [*_band(one, words, factor), _line(one, words, factor, suffix)]
    starts = series[0].starts if series else []
    layout = _time_layout(marks, starts[len(starts) // 2] if starts else "", suffix, limits)
    if target is not None and starts:
        data.append(_target(starts, factor * target, words["target"]))
    return {"data": data, "layout": layout, "table": _trend_table(series, words, factor)}


def _band(one: Series, words: Mapping[str, str], factor: float) -> list[Any]:
    """The intervals as closed outlines, one for each run of buckets without a gap."""
    made: list[Any] = []
    for starts, figures in _runs(one):
        intervals = [figure.ci or (figure.value, figure.value) for figure in figures]
        lows, highs = [factor * (i[0] or 0) for i in intervals], [factor * (i[1] or 0) for i in intervals]
        made.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [*starts, *reversed(starts)],
                "y": [*highs, *reversed(lows)],
                "fill": "toself",
                "fillcolor": BAND,
                "line": {"width": 0},
                "hoverinfo": "skip",
                "name": words["interval"],
                "showlegend": False,
            }
        )
    return made


def _runs(one: Series) -> list[tuple[list[str], list[Figure]]]:
    runs: list[tuple[list[str], list[Figure]]] = []
    fresh = True
    for start, figure in zip(one.starts, one.figures, strict=True):
        if figure.state is not State.OK:
            fresh = True
            continue
        if fresh:
            runs.append(([], []))
            fresh = False
        runs[-1][0].append(start)
        runs[-1][1].append(figure)
    return runs


def _line(one: Series, words: Mapping[str, str], factor: float, suffix: str) -> Any:
    rows = [row_of(figure, factor) for figure in one.figures]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": plain(one.name),
        "x": list(one.starts),
        "y": [row[0] for row in rows],
        "customdata": [[row[1], row[2], row[3]] for row in rows],
        "hovertemplate": (
            f"%{{y:.4~g}}{suffix} [%{{customdata[0]:.4~g}}, %{{customdata[1]:.4~g}}]"
            f"<br>{words['n']} = %{{customdata[2]}}<extra>{plain(one.name)}</extra>"
        ),
        "connectgaps": False,
        "line": {"color": one.color, "width": 2},
        "marker": {"color": one.color, "size": 6},
    }


def row_of(
    figure: Figure, factor: float = 1.0
) -> tuple[float | None, float | None, float | None, int | None]:
    """Value, low, high and n as a chart and its table show them; no value where the figure is not ok."""
    if figure.state is not State.OK or figure.value is None:
        return None, None, None, figure.n
    lo, hi = figure.ci or (figure.value, figure.value)
    return (*(round(factor * x, 4) for x in (figure.value, lo, hi)), figure.n)  # type: ignore[return-value]


def _target(starts: Sequence[str], value: float, name: str) -> Any:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [starts[0], starts[-1]],
        "y": [value, value],
        "line": {"color": TARGET, "width": 2, "dash": "dash"},
        "hovertemplate": f"{name}: %{{y}}<extra></extra>",
    }


def _time_layout(marks: Sequence[Mark], middle: str, suffix: str, limits: tuple[float, float] | None) -> Any:
    days = sorted({mark.day for mark in marks})
    y_axis: dict[str, Any] = {"ticksuffix": suffix, "rangemode": "normal"}
    if limits:
        y_axis["range"] = list(limits)
    return {
        "xaxis": {"type": "date", "tickformatstops": TICKS},
        "yaxis": y_axis,
        "hovermode": "x unified",
        "shapes": [
            {
                "type": "line",
                "x0": day,
                "x1": day,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": NOTE, "width": 1, "dash": "dot"},
            }
            for day in days
        ],
        "annotations": [
            _annotation(day, [mark for mark in marks if mark.day == day], middle) for day in days
        ],
    }


def _annotation(day: str, marks: Sequence[Mark], middle: str) -> Any:
    """What happened on one day, written towards the middle of the chart; it leads to the last of it."""
    url = marks[-1].url
    return {
        "x": day,
        "y": 1,
        "yref": "paper",
        "yanchor": "top",
        "xanchor": "right" if day > middle else "left",
        "showarrow": False,
        "text": "<br>".join(dict.fromkeys(plain(mark.text) for mark in marks)),  # the same twice says no more
        # the page follows `name` on a click: a link in the text would need an inline style
        "name": url,
        "captureevents": bool(url),
    }


def _trend_table(series: Sequence[Series], words: Mapping[str, str], factor: float) -> Any:
    """One row per bucket and series; a single series is not named in every row."""
    rows = [
        [start, one.name, *row_of(figure, factor), words.get(figure.state.value, "")]
        for one in series
        for start, figure in zip(one.starts, one.figures, strict=True)
    ]
    columns = [words[name] for name in ("from_day", "series", "value", "low", "high", "n", "state")]
    if len(series) == 1:
        columns, rows = [columns[0], *columns[2:]], [[row[0], *row[2:]] for row in rows]
    return {"columns": columns, "rows": rows}


def histogram(
    counts: Mapping[str, int], words: Mapping[str, str], good: frozenset[str] = frozenset()
) -> Chart:
    """How often each answer was given; the good ones in their own colour and named in the table."""
    total = sum(counts.values())
    shares = [round(100 * n / total, 1) if total else 0.0 for n in counts.values()]
    return {
        "data": [
            {
                "type": "bar",
                "x": list(counts),
                "y": shares,
                "customdata": list(counts.values()),
                "marker": {"color": [GOOD if answer in good else LINE for answer in counts]},
                "hovertemplate": f"%{{x}}: %{{y}} %<br>{words['n']} = %{{customdata}}<extra></extra>",
                "name": words["answers"],
            }
        ],
        "layout": {
            "xaxis": {"type": "category", "title": {"text": words["answer"]}},
            "yaxis": {"ticksuffix": " %"},
        },
        "table": {
            "columns": [words["answer"], words["n"], words["share"]],
            "rows": [[answer, n, share] for (answer, n), share in zip(counts.items(), shares, strict=True)],
        },
    }


def intervals(
    rows: Sequence[tuple[str, Figure]], words: Mapping[str, str], *, target: float | None = None
) -> Chart:
    """One figure per name as a point with its interval; a figure that is not ok stands in the table only."""
    shown = [(name, figure) for name, figure in rows if figure.state is State.OK and figure.value is not None]
    values = [figure.value or 0.0 for _, figure in shown]
    ends = [figure.ci or (figure.value or 0.0, figure.value or 0.0) for _, figure in shown]
    data: list[Any] = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": values,
            "y": [plain(name) for name, _ in shown],
            "customdata": [[lo, hi, figure.n] for (lo, hi), (_, figure) in zip(ends, shown, strict=True)],
            "error_x": {
                "type": "data",
                "symmetric": False,
                "array": [hi - value for (_, hi), value in zip(ends, values, strict=True)],
                "arrayminus": [value - lo for (lo, _), value in zip(ends, values, strict=True)],
                "color": LINE,
            },
            "marker": {"color": LINE, "size": 9},
            "hovertemplate": "%{y}: %{x:.4f} [%{customdata[0]:.4f}, %{customdata[1]:.4f}]"
            f"<br>{words['n']} = %{{customdata[2]}}<extra></extra>",
            "name": words["value"],
        }
    ]
    layout: dict[str, Any] = {"yaxis": {"type": "category", "autorange": "reversed"}, "xaxis": {}}
    if target is not None:
        layout["shapes"] = [_upright(target)]
    table = [[name, *row_of(figure, 1.0), words.get(figure.state.value, "")] for name, figure in rows]
    columns = [words["series"], words["value"], words["low"], words["high"], words["n"], words["state"]]
    return {"data": data, "layout": layout, "table": {"columns": columns, "rows": table}}


def _upright(at: float) -> Any:
    line = {"color": TARGET, "width": 2, "dash": "dash"}
    return {"type": "line", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": line}


def bars(values: Mapping[str, float | None], words: Mapping[str, str], thin: Collection[str] = ()) -> Chart:
    """One bar per name; None is no bar and 'cannot be estimated' in the table, a thin one 'not enough data'."""
    shown = {name: value for name, value in values.items() if value is not None and name not in thin}
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": list(shown.values()),
                "y": [plain(name) for name in shown],
                "marker": {"color": LINE},
                "texttemplate": "%{x:.4f}",
                "hovertemplate": "%{y}: %{x:.4f}<extra></extra>",
                "name": words["value"],
            }
        ],
        "layout": {"xaxis": {"range": [0, 1]}, "yaxis": {"type": "category", "autorange": "reversed"}},
        "table": {
            "columns": [words["series"], words["value"]],
            "rows": [
                [
                    n,
                    round(shown[n], 4)
                    if n in shown
                    else words["not_enough_data" if n in thin else "not_estimable"],
                ]
                for n in values
            ],
        },
    }


def confusion(labels: Sequence[str], matrix: Sequence[Sequence[int]], words: Mapping[str, str]) -> Chart:
    """What people labelled (rows) against what the system read (columns), as shares of each row."""
    totals = [sum(row) for row in matrix]
    shares = [
        [round(100 * n / total, 1) if total else 0 for n in row]
        for row, total in zip(matrix, totals, strict=True)
    ]
    return {
        "data": [
            {
                "type": "heatmap",
                "x": [plain(label) for label in labels],
                "y": [plain(label) for label in labels],
                "z": shares,
                "customdata": [list(row) for row in matrix],
                "text": [[str(n) for n in row] for row in matrix],
                "texttemplate": "%{text}",
                "textfont": {"color": "var(--chart-ink)"},
                "colorscale": [[0, "var(--chart-low)"], [1, "var(--chart-high)"]],
                "zmin": 0,
                "zmax": 100,
                "showscale": False,
                "hovertemplate": f"{words['gold']}: %{{y}}<br>{words['predicted']}: %{{x}}<br>%{{z}} %, "
                f"{words['n']} = %{{customdata}}<extra></extra>",
            }
        ],
        "layout": {
            "xaxis": {"type": "category", "title": {"text": words["predicted"]}},
            "yaxis": {"type": "category", "title": {"text": words["gold"]}, "autorange": "reversed"},
        },
        "table": {
            "columns": [words["gold"], words["predicted"], words["n"]],
            "rows": [
                [gold, said, n]
                for gold, row in zip(labels, matrix, strict=True)
                for said, n in zip(labels, row, strict=True)
            ],
        },
    }
