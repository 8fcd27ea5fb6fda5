"""The catalogue of KPIs: complete, consistent with what measures it, documented."""

from datetime import date
from pathlib import Path

import pytest

from metrics.catalogue import GROUPS, KPIS, Kpi, kpi, of_group
from metrics.dashboards import rules, worth
from metrics.document import render
from metrics.roi.rules import Standing
from metrics.stats import sentiment, survey

WINDOW = rules.preset_range("30", date(2026, 11, 23)).window
ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_metrics_is_written_from_the_catalogue() -> None:
    assert (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8") == render()


@pytest.mark.parametrize("row", KPIS.values(), ids=KPIS)
def test_every_kpi_says_what_it_is(row: Kpi) -> None:
    assert row.group in GROUPS
    assert all([row.name, row.question.endswith("?"), row.formula, row.interval, row.source])
    assert row.unit in {"share", "points", "score", "seconds", "money", "ratio"}
    assert (row.unit == "score") == bool(row.scale)
    assert row.shown_as in {"share", "percent", "points", "score", "s", "EUR"}
    assert row.direction in {"at_least", "at_most"}


def test_what_is_measured_and_what_is_in_the_catalogue_are_the_same() -> None:
    measured = rules.measured({}, ["a", "b"], [[0, 0], [0, 0]], {}, WINDOW, 10)
    money = worth.of_return(None, (Standing("met"), Standing("met")), WINDOW).figures
    assert set(measured) | set(money) == set(KPIS)
    assert {found for group in GROUPS for found in (row.id for row in of_group(group))} == set(KPIS)
    assert kpi("csat") is KPIS["csat"]


def test_minimum_n_of_catalogue_and_statistics_agree() -> None:
    assert {name: KPIS[name].minimum for name in survey.MINIMUM} == survey.MINIMUM
    assert KPIS["accuracy"].minimum == sentiment.MINIMUM_ACCURACY
    assert KPIS["macro_f1"].minimum == sentiment.MINIMUM_BOOTSTRAP
    empty = rules.measured({}, ["a", "b"], [[0, 0], [0, 0]], {}, WINDOW, 10)
    assert all(figure.value is None for figure in empty.values())
