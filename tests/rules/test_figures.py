"""Every chart is a figure that Plotly knows, of a trace type the page can draw, and says its facts in a table."""

from datetime import date
from typing import Any

import plotly.graph_objects as go
import pytest

from metrics.dashboards import figures, figures_value
from metrics.dashboards.rules import PRESETS, Range, bucket_start, preset_range, read_range
from metrics.stats.figure import Figure, State
from tests.rules.test_stats_core import LABELS, TWEETEVAL

NAMES = (
    "answer answers at_high at_low benefits correlation costs from_day gold high interval item low month n predicted"
    " running series share state target value x y not_enough_data suppressed withheld not_estimable"
)
WORDS = {name: f"the {name}" for name in NAMES.split()}
OK = Figure("csat", value=0.8, ci=(0.7, 0.9), n=100)
GAP = Figure("csat", n=4, state=State.NOT_ENOUGH_DATA)
STARTS = ["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26"]
MARK = figures.Mark("2026-01-14", "Deployment", "/requests/1")


def the_trend(**options: Any) -> figures.Chart:
    series = figures.Series("CSAT", STARTS, [OK, GAP, OK, OK])
    return figures.trend([series], WORDS, factor=100, suffix=" %", **options)


CHARTS = {
    "trend": the_trend(target=0.75, marks=[MARK]),
    "histogram": figures.histogram({"1": 5, "5": 15}, WORDS, frozenset({"5"})),
    "intervals": figures.intervals([("nl", OK), ("en", GAP)], WORDS, target=0.8),
    "bars": figures.bars({"joy": 0.8, "fear": None}, WORDS),
    "confusion": figures.confusion(LABELS, TWEETEVAL, WORDS),
    "money": figures_value.money(["2026-01"], [100.0], [250.0], WORDS),
    "tornado": figures_value.tornado([("hours", 0.9, 10.0, 90.0)], 50.0, WORDS),
    "against": figures_value.against([("Chat", OK, OK), ("Coach", OK, GAP)], WORDS),
    "empty": figures.trend([], WORDS),
    "nothing": figures.histogram({}, WORDS),
}


def resolved(value: Any) -> Any:
    """The chart as the page hands it to Plotly: each named colour in place of its variable."""
    if isinstance(value, str):
        return "rgba(1,2,3,0.5)" if value.startswith("var(--") else value
    if isinstance(value, list):
        return [resolved(item) for item in value]
    return {key: resolved(item) for key, item in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("name", CHARTS)
def test_plotly_accepts_every_chart(name: str) -> None:
    chart = resolved(CHARTS[name])
    go.Figure(data=chart["data"], layout=chart["layout"])
    assert {trace["type"] for trace in chart["data"]} <= figures.TRACES
    widths = {len(row) for row in chart["table"]["rows"]}
    assert widths <= {len(chart["table"]["columns"])}


def test_colours_are_names_of_variables_only() -> None:
    def colours(value: Any, key: str = "") -> list[str]:
        if isinstance(value, dict):
            return [c for name, item in value.items() for c in colours(item, name)]
        if isinstance(value, list):
            return [c for item in value for c in colours(item, key)]
        return [value] if key.endswith("color") and isinstance(value, str) else []

    found = [colour for chart in CHARTS.values() for colour in colours(chart)]
    assert found
    assert all(colour.startswith("var(--chart-") for colour in found)


def test_a_week_without_enough_data_is_a_gap_and_a_reason_never_a_zero() -> None:
    chart = the_trend()
    bands, line = chart["data"][:2], chart["data"][2]
    assert [len(band["x"]) for band in bands] == [2, 4]  # the band ends where the data do
    assert line["y"] == [80.0, None, 80.0, 80.0]
    assert line["connectgaps"] is False
    assert chart["table"]["rows"][1] == ["2026-01-12", None, None, None, 4, "the not_enough_data"]


def test_a_chart_carries_n_its_target_and_linked_annotations() -> None:
    chart = the_trend(target=0.75, marks=[MARK])
    line, target = chart["data"][2:4]
    assert line["customdata"][0] == [70.0, 90.0, 100]
    assert "the n = %{customdata[2]}" in line["hovertemplate"]
    assert target["y"] == [75.0, 75.0]
    annotation = chart["layout"]["annotations"][0]
    assert (annotation["text"], annotation["name"], annotation["captureevents"]) == (
        "Deployment",
        "/requests/1",
        True,
    )


def test_no_name_is_read_as_markup() -> None:
    name = "<b>A & B</b>"
    written = "&lt;b&gt;A &amp; B&lt;/b&gt;"
    drawn = [
        figures.trend([figures.Series(name, STARTS, [OK] * 4)], WORDS)["data"][1]["name"],
        figures.bars({name: 0.5}, WORDS)["data"][0]["y"][0],
        figures.intervals([(name, OK)], WORDS)["data"][0]["y"][0],
        figures.confusion([name], [[4]], WORDS)["data"][0]["x"][0],
        figures_value.tornado([(name, 0.9, 10.0, 90.0)], 50.0, WORDS)["data"][0]["y"][0],
        figures_value.against([(name, OK, OK)], WORDS)["data"][0]["text"][0],
    ]
    assert set(drawn) == {written}
    assert figures.bars({name: 0.5}, WORDS)["table"]["rows"][0][0] == name


# --- which days ---

TODAY = date(2026, 11, 23)


def test_presets_end_today_and_the_default_is_ninety_days() -> None:
    assert preset_range("7", TODAY).window == (date(2026, 11, 17), TODAY)
    assert preset_range("quarter", TODAY).window == (date(2026, 10, 1), TODAY)
    assert preset_range("year", TODAY).days == 365
    assert read_range({}, TODAY)[0] == preset_range("90", TODAY)
    assert all(read_range({"range": preset}, TODAY)[1] == [] for preset in PRESETS)
    assert read_range({"from": "2026-11-17", "to": "2026-11-23"}, TODAY)[0].preset == "7"
    assert read_range({"from": "2026-11-18"}, TODAY)[0] == Range(date(2026, 11, 18), TODAY)


def test_a_period_that_cannot_be_shown_says_which_day_is_wrong_and_why() -> None:
    def fault(first: str, last: str) -> tuple[str, str]:
        [row] = read_range({"from": first, "to": last}, TODAY)[1]
        return row["field"], row["code"]

    assert fault("2026-11-02", "2026-11-01") == ("to", "order")
    assert fault("1999-12-31", "2000-01-02") == ("from", "too_early")
    assert fault("0001-01-01", "9999-12-31") == ("from", "too_early")
    assert fault("2010-01-01", "2026-01-01") == ("to", "too_long")


def test_the_period_before_is_as_long_and_ends_the_day_before() -> None:
    assert Range(date(2026, 3, 1), date(2026, 3, 31)).previous == (date(2026, 1, 29), date(2026, 2, 28))


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-03-01", "to": "2026-02-30"}, "to"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to"),
        ({"from": "1026-03-02", "to": "2026-03-01"}, "from"),
        ({"range": "ever"}, "range"),
    ],
)
def test_days_that_are_none_are_named(params: dict[str, str], field: str) -> None:
    span, errors = read_range(params, TODAY)
    assert span == preset_range("90", TODAY)
    assert [error["field"] for error in errors] == [field]


def test_weeks_start_on_monday_and_months_on_the_first() -> None:
    assert bucket_start(date(2026, 3, 1), "week") == date(2026, 2, 23)
    assert bucket_start(date(2026, 3, 31), "month") == date(2026, 3, 1)
