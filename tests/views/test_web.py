"""The shell: language, theme, error pages, health, tags; every component renders."""

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils import timezone, translation

from portal.jobs.models import Heartbeat
from portal.web import badges, health, numbers, views
from tests import gallery, make

pytestmark = pytest.mark.django_db


def render(source: str, **context: Any) -> str:
    """A template of one line."""
    return Template(source).render(Context(context))


@pytest.fixture
def signed_in(client: Client) -> Client:
    """A client of a person without roles."""
    client.force_login(make.user("Ines"))
    return client


# --- dates, numbers, badges --------------------------------------------------------------------------------

MOMENT = dt.datetime(2026, 11, 23, 23, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize(("language", "shown"), [("en-gb", "24 Nov 2026, 00:05"), ("nl", "24-11-2026 00:05")])
def test_a_moment_is_shown_in_the_zone_and_language_of_the_person(language: str, shown: str) -> None:
    with translation.override(language), timezone.override("Europe/Amsterdam"):
        html = render("{% when value %}", value=MOMENT)
    assert f">{shown}</time>" in html
    assert 'datetime="2026-11-23T23:05:00+00:00"' in html


def test_days_texts_and_nothing_are_shown_too() -> None:
    with translation.override("nl"):
        assert ">01-02-2026</time>" in render("{% when value %}", value=dt.date(2026, 2, 1))
        assert ">01-02-2026</time>" in render("{% when value %}", value="2026-02-01")
    assert ">23 Nov 2026</time>" in render("{% when value 'date' %}", value="2026-11-23T10:00:00+00:00")
    assert "<time" not in render("{% when value %}", value=None)


def test_a_figure_shows_value_interval_and_n() -> None:
    with translation.override("nl"):
        shown = numbers.shown(gallery.FIGURE, unit="share")
    assert (shown.value, shown.count) == ("0,8003", "n = 1.421")
    assert re.fullmatch(r"95\u00a0% \w+ 0,7786 – 0,8204", shown.interval)
    assert numbers.shown(gallery.FIGURE, unit="percent").value == "80.0\u00a0%"
    assert numbers.shown(gallery.ROI, unit="EUR").interval == "P10–P90 €\u00a0−80,000 – €\u00a01,150,000"


def test_too_few_data_are_words_not_a_number() -> None:
    html = render("{% figure_value figure %}", figure=gallery.FEW)
    assert "Not enough data (n &lt; 30)" in html
    assert "figure-value" not in html
    assert "privacy" in numbers.shown({"state": "suppressed", "value": "0.5"}).reason


@pytest.mark.parametrize("code", list(badges.BADGES))
def test_every_badge_is_a_word_an_icon_and_a_colour(code: str) -> None:
    html = badges.render(code)
    assert "<svg" in html
    assert 'aria-hidden="true"' in html
    assert f"<span>{badges.word(code)}</span>" in html
    assert re.search(r"tone-(good|bad|warn|info|calm)", html)


def test_an_unknown_code_is_readable_and_escaped() -> None:
    assert badges.word("some_new_state") == "Some new state"
    assert "<b>" not in badges.render("<b>x</b>")


# --- pages -------------------------------------------------------------------------------------------------


def test_every_component_renders_without_inline_code(signed_in: Client, settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.gallery"
    response = signed_in.get("/gallery/")
    html = response.content.decode()
    assert response.status_code == 200
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"\s(style|on[a-z]+|hx-on[^=]*)=", html)
    assert "<style" not in html
    assert html.count("<h1") == 1
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', html)


def test_language_switch_keeps_the_page_and_is_kept_on_the_person(signed_in: Client) -> None:
    response = signed_in.post("/preferences/language", {"language": "nl", "next": "/health/live?x=1"})
    assert response.status_code == 302
    assert response["Location"] == "/health/live?x=1"
    assert signed_in.get("/nothing-here").content.decode().count('<html lang="nl"') == 1


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "evil", "/\\evil.example"]
)
def test_switches_never_lead_elsewhere(signed_in: Client, target: str) -> None:
    response = signed_in.post("/preferences/theme", {"theme": "dark", "next": target})
    assert response["Location"] == "/"


def test_theme_of_somebody_not_signed_in_is_a_cookie(client: Client) -> None:
    client.post("/preferences/theme", {"theme": "dark", "next": "/"})
    assert 'data-bs-theme="dark"' in client.get("/nothing-here").content.decode()
    assert client.post("/preferences/theme", {"theme": "pink"}).cookies.get("attune_theme") is None
    assert client.get("/preferences/theme").status_code == 405


def test_not_found_is_a_page_with_a_way_on(signed_in: Client) -> None:
    response = signed_in.get("/nothing-here")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_a_form_that_lost_its_token_gets_an_explanation() -> None:
    response = Client(enforce_csrf_checks=True).post("/preferences/theme", {"theme": "dark"})
    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()


def test_a_crash_is_a_calm_page_that_says_nothing_of_the_inside(signed_in: Client) -> None:
    signed_in.raise_request_exception = False
    with mock.patch("portal.web.health.JsonResponse", side_effect=ValueError("secret cause")):
        response = signed_in.get("/health/live")
    assert response.status_code == 500
    assert "Something went wrong" in response.content.decode()
    assert "secret cause" not in response.content.decode()


# --- health ------------------------------------------------------------------------------------------------


def ready(client: Client) -> tuple[int, dict[str, Any]]:
    """Status and body of /health/ready."""
    response = client.get("/health/ready")
    return response.status_code, response.json()


def test_alive_without_any_need(client: Client) -> None:
    assert client.get("/health/live").json() == {"status": "ok"}


def test_ready_names_database_broker_worker_and_ledger(client: Client) -> None:
    Heartbeat.objects.create(name="tick", seen_at=timezone.now() - dt.timedelta(seconds=20))
    status, body = ready(client)
    assert (status, body["status"]) == (200, "ok")
    assert set(body["checks"]) == {"database", "broker", "worker", "ledger"}
    assert 20 <= body["checks"]["worker"]["age_seconds"] <= 30


@pytest.mark.parametrize("age", [None, 500])
def test_a_silent_worker_is_told_but_pages_stay(client: Client, age: int | None) -> None:
    if age:
        Heartbeat.objects.create(name="tick", seen_at=timezone.now() - dt.timedelta(seconds=age))
    status, body = ready(client)
    assert (status, body["status"]) == (200, "degraded")
    assert body["checks"]["worker"]["ok"] is False


def test_without_database_not_ready_and_no_cause_is_given_away(client: Client) -> None:
    def broken() -> health.Answer:
        raise RuntimeError("password=hunter2")

    with mock.patch.dict(health.NEEDS, {"database": broken}):
        response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["status"] == "unavailable"
    assert "hunter2" not in response.content.decode()


# --- progress ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "status"), [("queued", 200), ("running", 200), ("done", 286), ("failed", 286)]
)
def test_polling_stops_when_the_job_is_over(rf: Any, state: str, status: int) -> None:
    job = SimpleNamespace(pk=7, state=state, progress=40, note="Measuring", error="")
    response = views.progress(rf.get("/jobs/7/progress"), job, "/jobs/7/progress")
    html = response.content.decode()
    assert response.status_code == status
    assert ('hx-get="/jobs/7/progress"' in html) == (status == 200)
    assert ("<noscript>" in html) == (status == 200), "without JavaScript there is a link to look again"
    assert '<progress value="40" max="100"' in html
    assert response["Cache-Control"] == "no-store"


def test_a_legal_reference_reads_in_the_readers_language_and_is_not_torn_apart() -> None:
    from django.utils.translation import override

    from portal.web.templatetags.attune import citation

    with override("nl"):
        assert citation("AI Act, Art 50(3) and 50(5)") == "AI-verordening, art.\u00a050(3) en\u00a050(5)"
        assert (
            citation(["GDPR, Arts 5 and 35", "WOR 27(1)(k)"]) == "AVG, art.\u00a05 en\u00a035; WOR 27(1)(k)"
        )
    assert citation("AI Act, Annex III 1(c)").replace("\u00a0", " ") == "AI Act, Annex III 1(c)"


def test_what_fills_a_stored_sentence_reads_in_the_readers_language() -> None:
    from django.utils.translation import override

    from portal.web.params import shown

    filled = {
        "state": "in_review",
        "value": "0.7386",
        "where": "2026-08-23 - 2026-11-21",
        "n": "241",
        "kind": "csat",
    }
    with override("nl"):
        assert shown(filled) == {
            "state": "In behandeling",
            "value": "0,7386",
            "where": "23-08-2026 - 21-11-2026",
            "n": "241",
            "kind": "Klanttevredenheid (CSAT)",
        }
    with override("en-gb"):
        assert shown(filled)["where"] == "23 Aug 2026 - 21 Nov 2026"
        assert shown({"where": "2026-13-45"})["where"] == "2026-13-45"
