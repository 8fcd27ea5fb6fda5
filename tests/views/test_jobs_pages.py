"""The jobs pages: list, one job, stop, try again, the switch for a monitor."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.jobs import bell, registry, runner, selectors, services, sweeper
from portal.jobs.models import Job
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _work(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(bell.current_app, "send_task", lambda *args, **more: None)

    @registry.handler("test_broken", title="Broken work")
    def broken(context: Any) -> dict[str, Any]:
        raise OSError("disk <full>")

    yield
    registry._handlers.pop("test_broken")


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def job(**more: Any) -> Job:
    return services.enqueue(kind="test_broken", payload={}, **({"by": "system"} | more))


def test_the_list_shows_what_one_may_see_and_filters_and_exports() -> None:
    unit = make.unit()
    waiting, cancelled = job(unit=unit), job(unit=unit)
    services.cancel(job=cancelled, by=make.user())
    job(unit=make.unit())
    client = signed_in(make.person("auditor", unit=unit))
    page = client.get(reverse("job_list"))
    assert page.status_code == 200
    assert str(waiting.pk) in page.text
    assert page.text.count("Broken work") >= 2
    assert page.context["table"].rows.data.data.count() == 2
    only = client.get(reverse("job_list"), {"state": "cancelled"})
    assert [row.record for row in only.context["table"].rows] == [cancelled]
    exported = client.get(reverse("job_list"), {"state": "cancelled", "export": "csv"})
    assert exported.content.decode().count("Broken work") == 1


def test_an_error_is_explained_and_the_one_who_asked_may_try_again() -> None:
    asker = make.user()
    mine = job(by=asker)
    runner.run_job(mine.pk)
    Job.objects.filter(pk=mine.pk).update(attempts=5)
    Job.objects.filter(pk=mine.pk).update(state="dead", finished_at=mine.requested_at)
    client = signed_in(asker)
    page = client.get(mine.get_absolute_url())
    assert "OSError: disk &lt;full&gt;" in page.text
    assert "Traceback" in page.text
    assert client.post(reverse("job_retry", args=[mine.pk])).status_code == 302
    mine.refresh_from_db()
    assert mine.state == "queued"
    assert client.post(reverse("job_cancel", args=[mine.pk])).status_code == 302
    mine.refresh_from_db()
    assert mine.state == "cancelled"
    assert client.post(reverse("job_cancel", args=[mine.pk])).status_code == 409


def test_others_do_not_see_it_and_an_auditor_only_looks() -> None:
    unit = make.unit()
    other = job(unit=unit)
    stranger, auditor = signed_in(make.user()), signed_in(make.person("auditor", unit=unit))
    for name in ("job_detail", "job_progress"):
        assert stranger.get(reverse(name, args=[other.pk])).status_code == 404
        assert auditor.get(reverse(name, args=[other.pk])).status_code == 200
    for name in ("job_cancel", "job_retry"):
        assert stranger.post(reverse(name, args=[other.pk])).status_code == 404
        assert auditor.post(reverse(name, args=[other.pk])).status_code == 403
        assert auditor.get(reverse(name, args=[other.pk])).status_code == 405
    assert "Stop this job" not in auditor.get(other.get_absolute_url()).text
    assert Client().get(other.get_absolute_url()).status_code == 302


def test_progress_stops_asking_when_the_job_is_over() -> None:
    asker = make.user()
    mine = job(by=asker)
    client = signed_in(asker)
    address = reverse("job_progress", args=[mine.pk])
    assert client.get(address).status_code == 200
    services.cancel(job=mine, by=asker)
    over = client.get(address)
    assert (over.status_code, over["HX-Refresh"]) == (286, "true")


def test_the_monitor_sees_the_switch_and_the_page_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    administrator = signed_in(make.person("administrator", unit=make.unit()))
    monkeypatch.setattr(selectors, "_BORN", time.monotonic())
    starting = Client().get(reverse("health_jobs"))
    assert (starting.status_code, starting.json()) == (200, {"status": "starting", "last_tick": None})
    page = administrator.get(reverse("job_list")).text
    assert "Scheduler and workers are starting" in page
    assert "was ever seen" not in page
    monkeypatch.setattr(selectors, "_BORN", time.monotonic() - 121)
    assert Client().get(reverse("health_jobs")).status_code == 503
    assert "No scheduler or worker was ever seen" in administrator.get(reverse("job_list")).text
    sweeper.tick()
    assert Client().get(reverse("health_jobs")).json()["status"] == "ok"
    assert "was ever seen" not in administrator.get(reverse("job_list")).text
