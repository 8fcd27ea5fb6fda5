"""The audit pages and calls: overview, plan, run, result, chart; the same run over page and API."""

import uuid
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from governance.audits import selectors
from governance.audits.models import AuditPlan, AuditRun
from governance.findings.models import Finding
from portal.jobs import bell, runner
from portal.jobs.models import Job
from tests import make
from tests.audits import KIND, TWEETS, live, plan, reader, run, tweets

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell.current_app, "send_task", lambda *args, **more: None)


@pytest.fixture
def system() -> Any:
    made = reader()
    tweets(made)
    return made


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def auditor(system: Any) -> Client:
    return signed_in(make.person("auditor", system=system))


class TestPages:
    def test_from_targets_to_a_result_that_shows_the_published_figures(
        self, system: Any, auditor: Client
    ) -> None:
        form = reverse("audit_plan", args=[system.slug, KIND])
        assert auditor.get(form).status_code == 200
        answer = auditor.post(
            form, {"target_accuracy": "0.90", "target_macro_f1": "0.70", "every": "monthly"}
        )
        assert answer.status_code == 302
        assert AuditPlan.objects.get().targets == {"accuracy": "0.9", "macro_f1": "0.7"}
        start = reverse("audit_run_start", args=[system.slug, KIND])
        assert "tweets" in auditor.get(start).text
        answer = auditor.post(start, {"evaluation": "tweets"})
        asked = AuditRun.objects.get()
        assert answer["Location"] == asked.get_absolute_url()
        assert "Waiting" in auditor.get(asked.get_absolute_url()).text
        runner.run_job(asked.job_id)
        page = auditor.get(asked.get_absolute_url()).text
        for shown in ("0.8339", "0.8137", "0.8524", "0.7983", "Not met", "1,421", "0.6552"):
            assert shown in page
        assert str(Finding.objects.get().get_absolute_url()) in page
        overview = auditor.get(reverse("audit_overview")).text
        assert system.name in overview
        assert "Not met" in overview
        assert "accuracy ≥ 0.9" in auditor.get(reverse("system_audits", args=[system.slug])).text

    def test_in_dutch_the_decimal_sign_is_a_comma(self, system: Any) -> None:
        person = make.person("auditor", system=system, language="nl")
        done = run(system)
        assert "0,8339" in signed_in(person).get(done.get_absolute_url()).text

    def test_the_confusion_counts_as_chart_and_as_csv(self, system: Any, auditor: Client) -> None:
        done = run(system)
        chart = auditor.get(reverse("audit_confusion_chart", args=[done.pk])).json()
        assert chart["data"][0]["type"] == "heatmap"
        assert chart["data"][0]["text"][0] == ["488", "19", "13", "38"]
        assert chart["table"]["rows"][3] == ["sadness", 38, 19, 6, 319, 382]
        csv = auditor.get(reverse("audit_confusion_csv", args=[done.pk])).content.decode("utf-8-sig")
        assert "anger,488,19,13,38,558" in csv
        assert done.digest in csv

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"target_accuracy": "2", "target_macro_f1": "0.7"}, "less than or equal to 1"),
            ({"target_accuracy": "", "target_macro_f1": "0.7"}, "required"),
            ({"target_accuracy": "0.8", "target_macro_f1": "0.7", "every": "hourly"}, "valid choice"),
        ],
    )
    def test_a_plan_that_makes_no_sense_comes_back_with_the_reason(
        self, system: Any, auditor: Client, fields: dict[str, str], said: str
    ) -> None:
        answer = auditor.post(reverse("audit_plan", args=[system.slug, KIND]), fields)
        assert answer.status_code == 422
        assert said in answer.text
        assert not AuditPlan.objects.exists()

    def test_a_run_that_makes_no_sense_comes_back_with_the_reason(self, system: Any, auditor: Client) -> None:
        start = reverse("audit_run_start", args=[system.slug, KIND])
        answer = auditor.post(start, {"date_from": "2026-02-02", "date_to": "2026-02-01"})
        assert answer.status_code == 422
        assert "The first day lies after the last day." in answer.text
        assert not Job.objects.exists()

    def test_who_sees_and_who_runs(self, system: Any) -> None:
        done = run(system)
        pages = [
            reverse("system_audits", args=[system.slug]),
            done.get_absolute_url(),
            reverse("audit_confusion_chart", args=[done.pk]),
        ]
        doing = [reverse(name, args=[system.slug, KIND]) for name in ("audit_plan", "audit_run_start")]
        stranger, manager = signed_in(make.user()), signed_in(make.person("manager", system=system))
        assert {stranger.get(page).status_code for page in [*pages, *doing]} == {404}
        assert {manager.get(page).status_code for page in pages} == {200}
        assert {manager.get(page).status_code for page in doing} == {403}
        assert {manager.post(page).status_code for page in doing} == {403}
        assert {Client().get(page).status_code for page in [*pages, *doing]} == {302}

    def test_the_list_of_runs_filters_and_shows_only_systems_in_view(
        self, system: Any, auditor: Client
    ) -> None:
        done = run(system)
        other = reader()
        tweets(other)
        run(other)
        page = auditor.get(reverse("audit_run_list"))
        assert [row.record for row in page.context["table"].rows] == [done]
        none = auditor.get(reverse("audit_run_list"), {"verdict": "error"})
        assert list(none.context["table"].rows) == []
        assert other.name not in page.text

    def test_a_slice_hidden_for_privacy_is_said_in_words(self, system: Any, auditor: Client) -> None:
        live(system, date(2026, 10, 1), TWEETS)
        live(system, date(2026, 10, 1), TWEETS, slice="language=nl")
        done = run(system, date_from=date(2026, 10, 1), date_to=date(2026, 10, 31))
        assert "Hidden for privacy" in auditor.get(done.get_absolute_url()).text


class TestApi:
    def call(
        self, system: Any, body: dict[str, Any], *, scopes: tuple[str, ...] = ("audits:run",), **more: Any
    ) -> Any:
        sandbox = more.pop("sandbox", False)
        _key, secret = make.api_key(system, scopes=scopes, sandbox=sandbox)
        address = f"/api/v1/systems/{more.pop('slug', system.slug)}/audits/{more.pop('kind', KIND)}/runs"
        headers = make.bearer(secret) | {f"HTTP_{name}": value for name, value in more.items()}
        return Client().post(address, body, content_type="application/json", **headers), secret

    def test_202_with_location_and_then_the_result(self, system: Any) -> None:
        plan(system, accuracy=".84")
        answer, secret = self.call(system, {"evaluation": "tweets"})
        assert answer.status_code == 202, answer.text
        assert answer.json()["state"] == "queued"
        assert answer["Location"] == f"/api/v1/audit-runs/{answer.json()['id']}"
        runner.run_job(AuditRun.objects.get().job_id)
        done = Client().get(answer["Location"], **make.bearer(secret))
        shape = done.json()
        assert (shape["state"], shape["progress"], shape["verdict"]) == ("done", 100, "not_enough_evidence")
        accuracy = shape["checks"][0]["figure"]
        assert [round(x, 4) for x in (accuracy["value"], *accuracy["ci"])] == [0.8339, 0.8137, 0.8524]
        again = Client().get(answer["Location"], HTTP_IF_NONE_MATCH=done["ETag"], **make.bearer(secret))
        assert again.status_code == 304

    def test_the_same_key_again_is_the_same_answer_another_body_422(self, system: Any) -> None:
        _key, secret = make.api_key(system, scopes=("audits:run",))
        address = f"/api/v1/systems/{system.slug}/audits/{KIND}/runs"

        def call(body: dict[str, Any]) -> Any:
            return Client().post(
                address,
                body,
                content_type="application/json",
                HTTP_IDEMPOTENCY_KEY="one",
                **make.bearer(secret),
            )

        first, second = call({"evaluation": "tweets"}), call({"evaluation": "tweets"})
        assert (second.status_code, second.json(), second["Location"]) == (
            202,
            first.json(),
            first["Location"],
        )
        assert AuditRun.objects.count() == 1
        assert call({"from": "2026-01-01", "to": "2026-01-02"}).status_code == 422

    def test_a_sandbox_key_is_answered_and_stores_nothing(self, system: Any) -> None:
        answer, _secret = self.call(system, {"evaluation": "tweets"}, sandbox=True)
        assert answer.status_code == 202
        assert not AuditRun.objects.exists()
        assert not Job.objects.exists()

    @pytest.mark.parametrize(
        ("body", "status", "field"),
        [
            ({"from": "2026-13-01", "to": "2026-01-02"}, 422, "from"),
            ({"form": "2026-01-01"}, 422, "form"),
            ({"evaluation": "nowhere"}, 409, "evaluation"),
            ({"from": "2026-01-03", "to": "2026-01-02"}, 409, "from"),
            ({"evaluation": "tweets", "to": "2026-01-02"}, 409, "from"),
            ([1, 2], 422, ""),
            ({}, 409, "from"),  # no live data to choose the days from
        ],
    )
    def test_bad_input_is_named(self, system: Any, body: Any, status: int, field: str) -> None:
        answer, _secret = self.call(system, body)
        assert answer.status_code == status
        assert answer["Content-Type"] == "application/problem+json"
        assert field in [row["field"] for row in answer.json()["errors"]]
        assert not AuditRun.objects.exists()

    def test_wrong_key_scope_system_and_kind(self, system: Any) -> None:
        other = reader()
        body = {"evaluation": "tweets"}
        assert self.call(system, body, scopes=("kpis:read",))[0].status_code == 403
        assert self.call(system, body, slug=other.slug)[0].status_code == 404
        assert self.call(system, body, kind="phrenology")[0].status_code == 404
        address = f"/api/v1/systems/{system.slug}/audits/{KIND}/runs"
        assert Client().post(address, body, content_type="application/json").status_code == 401
        assert Client().post(
            address, body, content_type="application/json", **make.bearer("att_x_y")
        ).status_code in (401, 403)
        done = run(system)
        _key, foreign = make.api_key(other, scopes=("audits:run",))
        assert Client().get(f"/api/v1/audit-runs/{done.pk}", **make.bearer(foreign)).status_code == 404
        assert Client().get(f"/api/v1/audit-runs/{uuid.uuid4()}", **make.bearer(foreign)).status_code == 404

    def test_a_person_sets_targets_over_the_api_a_machine_does_not(self, system: Any) -> None:
        address = f"/api/v1/systems/{system.slug}/audits/{KIND}/plan"
        body = {"targets": {"accuracy": 0.84}, "every": "weekly"}
        client = signed_in(make.person("auditor", system=system))
        answer = client.put(address, body, content_type="application/json")
        assert answer.status_code == 200, answer.text
        assert answer.json() == selectors.plan_shape(system, KIND)
        assert (answer.json()["version"], answer.json()["targets"]["accuracy"]) == (1, "0.84")
        wrong = client.put(address, {"targets": {"accuracy": 7}}, content_type="application/json")
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "targets.accuracy")
        _key, secret = make.api_key(system, scopes=("audits:run",))
        assert (
            Client().put(address, body, content_type="application/json", **make.bearer(secret)).status_code
            == 403
        )
        assert Client().get(address, **make.bearer(secret)).json()["every"] == "weekly"
