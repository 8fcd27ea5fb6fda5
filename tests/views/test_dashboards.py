"""Dashboards, charts, the value page and the figures API, as people and machine clients meet them."""

import csv
import io
import json
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.evidence.sections import Scope
from metrics import evidence
from metrics.dashboards.charts import SPECS
from metrics.ingest.models import EvaluationSet
from metrics.roi.models import ValueEntry
from metrics.roi.services import record_values
from portal.web import views
from tests import make
from tests.rules.test_figures import resolved
from tests.rules.test_stats_core import LABELS, TWEETEVAL
from tests.services.test_dashboards import ANSWERS, finished_run
from tests.services.test_roi import HOURS, LICENCE

pytestmark = pytest.mark.django_db


def busy_system(system: Any = None) -> Any:
    """A system (a new one, unless given) with surveys, labels, times, costs and an evaluation set of the last weeks."""
    system = system or make.system(labels=LABELS, name="Chatbot <b>Iris</b>")
    topics = dict.fromkeys(("survey.csat", "survey.pets", "survey.nps", "interactions"), 40)
    for week in range(6):
        day = timezone.localdate() - timedelta(days=7 * week + 1)
        more = {
            "interactions": 100,
            "basis.allow": 100,
            "frt.60": 90,
            "resolved.known": 50,
            "contained": 40,
            "nps.9": 50,
        }
        scores = {"score.pets_ut.n": 40, "score.pets_ut.sum": 2800, "score.pets_ut.sumsq": 200_000}
        make.counters(system, day, ANSWERS | more | scores, people=topics)
        make.confusion(system, day, LABELS, TWEETEVAL, people=60)
        make.confusion(system, day, LABELS, TWEETEVAL, people=60, part="language=nl")
    month = timezone.localdate().strftime("%Y-%m")
    record_values(system=system, items=[LICENCE | {"month": month}, HOURS | {"month": month}], by="system")
    finished_run(system, "met", timezone.now() - timedelta(days=10))
    EvaluationSet.objects.create(
        system=system,
        name="tweets",
        n=1421,
        counts={"labels": LABELS, "matrix": TWEETEVAL},
        sha256="0" * 64,
        imported_by="system",
    )
    return system


@pytest.fixture
def busy() -> Any:
    """A system with data."""
    return busy_system()


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def manager(busy: Any) -> Client:
    """A manager of the unit of the system."""
    return signed_in(make.person("manager", unit=busy.unit))


def test_the_portfolio_shows_the_systems_of_a_manager_and_no_others(busy: Any, manager: Client) -> None:
    other = make.system(name="Of another unit")
    page = manager.get(reverse("portfolio"))
    text = page.content.decode()
    assert page.status_code == 200
    assert "Chatbot &lt;b&gt;Iris&lt;/b&gt;" in text
    assert other.name not in text
    assert "80.0" in text  # CSAT, in per cent
    assert manager.get(reverse("dashboard", args=[other.slug])).status_code == 404
    assert manager.get(reverse("chart", args=[other.slug, "csat", "json"])).status_code == 404
    assert manager.get(reverse("values", args=[other.slug])).status_code == 404


def test_a_long_portfolio_comes_in_pages(
    busy: Any, manager: Client, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(views, "ON_A_PAGE", 3)
    for n in range(7):
        make.system(unit=busy.unit, name=f"System {n}")
    with django_assert_max_num_queries(3 * 21):
        pages = [manager.get(reverse("portfolio"), {"page": str(n)}) for n in (1, 2, 3)]
    assert [len(page.context["rows"]) for page in pages] == [3, 3, 2]
    names = {row["board"].system.name for page in pages for row in page.context["rows"]}
    assert len(names) == 8, "every system is on one of the pages"
    assert 'aria-current="page">2</a>' in pages[1].content.decode()
    for odd in ("0", "x", "99"):
        assert manager.get(reverse("portfolio"), {"page": odd}).status_code == 200


def test_without_any_role_the_door_stays_closed_and_without_a_session_it_asks_to_sign_in(busy: Any) -> None:
    nobody = signed_in(make.user())
    assert nobody.get(reverse("portfolio")).status_code == 403
    assert Client().get(reverse("portfolio")).status_code == 302
    assert nobody.get(reverse("dashboard", args=[busy.slug])).status_code in (403, 404)


def test_a_manager_without_data_is_told_what_is_missing(manager: Client) -> None:
    empty = signed_in(make.person("manager", unit=make.unit()))
    assert "No figures to see yet" in empty.get(reverse("portfolio")).content.decode()


def test_the_dashboard_says_value_interval_n_and_how_it_is_calculated(busy: Any, manager: Client) -> None:
    page = manager.get(reverse("dashboard", args=[busy.slug]))
    text = page.content.decode()
    assert page.status_code == 200
    for part in (
        "0.8339",
        "0.8137",
        "0.8524",
        "n = 1,421",
        "How is this calculated?",
        "Not enough data (n &lt; 30)",
    ):
        assert part in text, part
    assert "style=" not in text
    assert f"/charts/{busy.slug}/csat.json?from=" in text
    assert "What happened in these days" in text


@pytest.mark.parametrize("key", sorted(SPECS))
def test_every_chart_is_a_plotly_figure_with_a_table_and_an_etag(
    key: str, busy: Any, manager: Client
) -> None:
    address = reverse("chart", args=[busy.slug, key, "json"])
    answer = manager.get(address, {"by": "language"})
    chart = json.loads(answer.content)
    drawn = resolved(chart)
    go.Figure(data=drawn["data"], layout=drawn["layout"])
    assert chart["table"]["rows"], key
    again = manager.get(address, {"by": "language"}, headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert answer["Cache-Control"] == "private, no-cache"
    lines = list(
        csv.reader(io.StringIO(manager.get(address.replace(".json", ".csv")).content.decode("utf-8-sig")))
    )
    assert chart["table"]["columns"] in lines


def test_unknown_charts_and_kinds_are_not_found(busy: Any, manager: Client) -> None:
    assert manager.get(f"/charts/{busy.slug}/nothing.json").status_code == 404
    assert manager.get(f"/charts/{busy.slug}/csat.xml").status_code == 404
    assert manager.get(reverse("portfolio_chart", args=["nothing", "json"])).status_code == 404
    chart = json.loads(manager.get(reverse("portfolio_chart", args=["trust_accuracy", "json"])).content)
    assert chart["data"][0]["text"] == ["Chatbot &lt;b&gt;Iris&lt;/b&gt;"]


def test_days_that_are_none_are_told_and_the_default_days_shown(busy: Any, manager: Client) -> None:
    page = manager.get(reverse("dashboard", args=[busy.slug]), {"from": "2026-02-30"})
    assert page.status_code == 422
    assert "A date reads as 2026-03-31." in page.content.decode()
    quarter = manager.get(reverse("dashboard", args=[busy.slug]), {"range": "quarter"})
    assert quarter.status_code == 200


def test_an_owner_records_a_month_and_is_told_why_not(busy: Any) -> None:
    owner = signed_in(busy.owner)
    form = {
        "item": "training",
        "name": "Training",
        "kind": "cost",
        "category": "training",
        "month": "2026-02",
        "amount": "500",
        "source": "invoice 9",
        "cash": "on",
        "attribution": "not_applicable",
        "spread": "certain",
        "low": "1",
        "likely": "1",
        "high": "1",
    }
    address = reverse("values", args=[busy.slug])
    assert owner.post(address, form).status_code == 302
    entry = ValueEntry.objects.get(item__key="training")
    assert (entry.month, entry.recorded_by) == (date(2026, 2, 1), f"user:{busy.owner.pk}")
    assert "Training" in owner.get(address).content.decode()
    conflict = owner.post(address, form | {"amount": "600"})
    assert (conflict.status_code, "tick the correction" in conflict.content.decode()) == (422, True)
    refused = owner.post(address, form | {"item": "gain", "kind": "benefit"})
    assert (refused.status_code, "attributed to the system" in refused.content.decode()) == (422, True)
    assert owner.post(address, {}).status_code == 422


def test_who_may_only_look_sees_no_form_and_may_not_record(busy: Any, manager: Client) -> None:
    address = reverse("values", args=[busy.slug])
    assert "Record a month" not in manager.get(address).content.decode()
    assert manager.post(address, {}).status_code in (403, 409)


# --- API ---


def kpis(system: Any, key: str, **params: str) -> Any:
    headers = {"Authorization": f"Bearer {key}"}
    return Client().get(f"/api/v1/systems/{system.slug}/kpis", params, headers=headers)


def test_a_key_reads_every_figure_with_its_interval_and_n(busy: Any) -> None:
    _, key = make.api_key(busy, ("kpis:read",))
    answer = kpis(busy, key, by="language")
    body = answer.json()
    figures = {figure["kpi"]: figure for figure in body["figures"]}
    assert figures["accuracy"]["value"] == pytest.approx(0.8339, abs=5e-5)
    assert figures["csat"]["ci"][0] < 0.8 < figures["csat"]["ci"][1]
    assert set(figures["roi"]) >= {"p10", "p50", "p90", "draws"}
    assert "ci" not in figures["roi"]
    assert figures["ces"]["state"] == "not_enough_data"
    assert figures["ces"]["more_needed"] == 30
    assert figures["nps"]["value"] == 100
    assert [part["value"] for part in body["slices"]] == ["nl"]
    evaluated = {figure["kpi"]: figure for figure in body["evaluations"][0]["figures"]}
    assert [round(end, 4) for end in evaluated["accuracy"]["ci"]] == [0.8137, 0.8524]
    same = Client().get(
        f"/api/v1/systems/{busy.slug}/kpis?by=language",
        headers={"Authorization": f"Bearer {key}", "If-None-Match": answer["ETag"]},
    )
    assert same.status_code == 304


def test_a_key_without_the_scope_of_another_system_or_none_is_refused(busy: Any) -> None:
    _, wrong_scope = make.api_key(busy, ("interactions:write",))
    assert kpis(busy, wrong_scope).status_code == 403
    _, other = make.api_key(make.system(), ("kpis:read",))
    assert kpis(busy, other).status_code == 404
    assert kpis(busy, "att_nothing_nothing").status_code == 401


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"from": "x"}, "from"),
        ({"from": "2026-02-01", "to": "2026-01-01"}, "to"),
        ({"by": "shoe size"}, "by"),
        ({"form": "2026-01-01"}, "form"),
    ],
)
def test_parameters_at_fault_are_named(params: dict[str, str], field: str, busy: Any) -> None:
    _, key = make.api_key(busy, ("kpis:read",))
    answer = kpis(busy, key, **params)
    assert answer.status_code == 422
    assert answer["Content-Type"].startswith("application/problem+json")
    assert answer.json()["errors"][0]["field"] == field


# --- evidence pack ---


def test_the_pack_holds_the_figures_and_the_counts_they_come_from(busy: Any) -> None:
    today = timezone.localdate()
    scope = Scope((busy,), today - timedelta(days=60), today)
    files = {
        file.path: file.content
        for file in evidence.figures_section(scope) + evidence.evaluation_section(scope)
    }
    found = {name.rpartition("/")[2]: content for name, content in files.items()}
    figures = {figure["kpi"]: figure for figure in json.loads(found["figures.json"])[busy.slug]}
    assert figures["accuracy"]["value"] == pytest.approx(0.8339, abs=5e-5)
    rows = list(csv.DictReader(io.StringIO(found["figures.csv"].decode())))
    assert {row["kpi"] for row in rows} == set(figures)
    cells = list(csv.DictReader(io.StringIO(found["evaluation_confusion.csv"].decode())))
    right = sum(int(cell["n"]) for cell in cells if cell["gold"] == cell["predicted"])
    assert right / sum(int(cell["n"]) for cell in cells) == pytest.approx(0.8339, abs=5e-5)
    empty = Scope((make.system(),), today, today)
    assert evidence.evaluation_section(empty) == []
