"""A large register is taken in by a worker: progress that is seen, a stop that keeps nothing, whole or not at all."""
# ruff: noqa: F811 - a fixture is imported and asked for by the same name

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from governance.registry.models import System
from governance.review import files
from portal.access.models import RoleAssignment
from portal.access.services import revoke_role
from portal.errors import NotAllowed
from portal.jobs import runner, services
from portal.jobs.context import JobContext
from portal.jobs.models import Job
from portal.jobs.rules import JobState
from portal.ledger.models import PendingEvent
from portal.web import uploads
from tests import make
from tests.jobs import again, in_threads, make_due, rings  # noqa: F401 - fixtures are found by name

LARGE = files.AT_ONCE + 10


def document(count: int = LARGE, **wrong: Any) -> bytes:
    systems: list[dict[str, Any]] = [{"slug": f"s{n}", "name": f"System {n}"} for n in range(count)]
    systems[-1] |= wrong
    return json.dumps({"format": "attune-register", "schema": 1, "systems": systems}).encode()


def asked(data: bytes, *, dry_run: bool = False) -> tuple[Job, Any]:
    """An import that waits, and who asked for it."""
    unit = make.unit()
    owner = make.person("system_owner", unit=unit)
    token = uploads.keep(data, str(owner.pk), in_use=())
    return files.request_import(token=token, unit=unit, by=owner, dry_run=dry_run), owner


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[JobContext, int], None]], None]:
    """Calls a function whenever work says how far it is, on the connection that says so."""
    said = JobContext.progress

    def listen(act: Callable[[JobContext, int], None]) -> None:
        def progress(self: JobContext, percent: int, note: str = "", **more: Any) -> None:
            act(self, percent)
            said(self, percent, note, **more)

        monkeypatch.setattr(JobContext, "progress", progress)

    return listen


def test_progress_is_seen_while_nothing_is_kept_yet(committed_db: Any, rings: list[str], heard: Any) -> None:
    job, _owner = asked(document())
    seen: list[tuple[int, int, int]] = []
    heard(lambda ctx, percent: seen.append((percent, again(job).progress, System.objects.count())))
    assert runner.run_job(job.pk) is JobState.DONE
    assert System.objects.count() == LARGE
    result = again(job).result
    assert result is not None and result["applied"] and result["counts"]["made"] == LARGE
    assert {systems for _said, _shown, systems in seen} == {0}, "one transaction"
    shown = [shown for _said, shown, _systems in seen]
    assert shown == sorted(shown) and len(set(shown)) > 20 and shown[-1] > 90


def test_stopped_in_the_middle_it_keeps_nothing_and_tried_again_it_is_whole(
    committed_db: Any, rings: list[str], heard: Any
) -> None:
    job, owner = asked(document())

    def stop(ctx: JobContext, percent: int) -> None:
        if percent > 40 and again(job).cancel_requested_at is None and ctx.attempt == 1:
            services.cancel(job=job, by=owner)

    heard(stop)
    assert runner.run_job(job.pk) is JobState.CANCELLED
    assert not System.objects.exists()
    assert not PendingEvent.objects.filter(type__startswith="register.").exists()
    services.retry(job=again(job), by=owner)
    assert runner.run_job(job.pk) is JobState.DONE
    assert System.objects.count() == LARGE


def test_a_crash_near_the_end_keeps_nothing_and_it_is_tried_again(
    committed_db: Any, rings: list[str], heard: Any
) -> None:
    job, _owner = asked(document())
    crashed: list[int] = []

    def crash(ctx: JobContext, percent: int) -> None:
        if percent > 90 and not crashed:
            crashed.append(percent)
            raise OSError("disk full")

    heard(crash)
    assert runner.run_job(job.pk) is JobState.QUEUED
    assert not System.objects.exists()
    make_due(job)
    assert runner.run_job(job.pk) is JobState.DONE
    assert System.objects.count() == LARGE


def test_one_fault_keeps_all_of_it_out_and_is_named(committed_db: Any, rings: list[str]) -> None:
    flow = {"slug": "f", "name": "F", "purpose": "fun"}
    job, _owner = asked(document(flows=[flow]))
    assert runner.run_job(job.pk) is JobState.DONE
    result = again(job).result
    assert result is not None and not result["applied"] and result["counts"]["refused"] == 1
    assert f"systems[{LARGE - 1}].flows[0].modality" in [row["field"] for row in result["errors"]]
    assert not System.objects.exists()


def test_who_lost_the_permission_meanwhile_imports_nothing(committed_db: Any, rings: list[str]) -> None:
    job, owner = asked(document())
    for role in RoleAssignment.objects.filter(user=owner):
        revoke_role(assignment=role, by="system")
    assert runner.run_job(job.pk) is JobState.FAILED
    assert not System.objects.exists()


def test_an_upload_that_is_gone_is_said(committed_db: Any, rings: list[str]) -> None:
    job, owner = asked(document())
    uploads.drop(job.payload["token"], str(owner.pk))
    assert runner.run_job(job.pk) is JobState.FAILED
    assert "no longer there" in again(job).error


@pytest.mark.django_db
def test_asked_twice_it_is_one_job_and_a_stranger_asks_for_none(rings: list[str]) -> None:
    job, owner = asked(document())
    same = {"token": job.payload["token"], "unit": job.unit, "dry_run": False}
    assert files.request_import(**same, by=owner).pk == job.pk
    with pytest.raises(NotAllowed):
        files.request_import(**same, by=make.person("auditor", unit=job.unit))


def test_asked_sixteen_times_at_once_it_is_one_job(committed_db: Any, rings: list[str]) -> None:
    job, owner = asked(document(), dry_run=True)
    same = {"token": job.payload["token"], "unit": job.unit, "dry_run": False, "by": owner}
    assert len({made.pk for made in in_threads(lambda _n: files.request_import(**same), 16)}) == 1


def test_by_the_pages_a_look_then_the_import(committed_db: Any, rings: list[str]) -> None:
    unit = make.unit()
    owner = make.person("system_owner", unit=unit)
    client = Client()
    client.force_login(owner)
    from django.core.files.uploadedfile import SimpleUploadedFile

    upload = SimpleUploadedFile("register.json", document())
    sent = client.post("/register/import/", {"file": upload, "unit": str(unit.pk)})
    look = Job.objects.get(kind=files.IMPORT)
    assert (sent.status_code, sent["Location"]) == (302, f"/register/imports/{look.pk}/")
    waits = client.get(sent["Location"]).content.decode()
    assert "Stop the import" in waits and "Import it" not in waits
    assert client.post(sent["Location"])["Location"] == sent["Location"], "not before it was looked at"
    runner.run_job(look.pk)
    assert not System.objects.exists()
    page = client.get(sent["Location"]).content.decode()
    assert f"{LARGE} made" in page and "Import it" in page
    other = Client()
    other.force_login(make.person("system_owner", unit=unit))
    assert "Import it" not in other.get(sent["Location"]).content.decode(), "the file is another person's"
    stranger = Client()
    stranger.force_login(make.person("system_owner", unit=make.unit()))
    assert stranger.get(sent["Location"]).status_code == 404
    done = client.post(sent["Location"])
    job = Job.objects.get(kind=files.IMPORT, payload__dry_run=False)
    assert done["Location"] == f"/register/imports/{job.pk}/"
    runner.run_job(job.pk)
    assert "The register is imported." in client.get(done["Location"]).content.decode()
    assert System.objects.count() == LARGE
    gone = client.post(sent["Location"])
    assert gone["Location"] == "/register/import/", "the upload was used"


def test_over_rest_a_large_one_is_accepted_followed_and_stopped(committed_db: Any, rings: list[str]) -> None:
    unit = make.unit()
    owner = make.person("system_owner", unit=unit)
    client = Client()
    client.force_login(owner)
    address = f"/api/v1/register/import?unit={unit.slug}"
    sent = client.post(address, document(), content_type="application/json")
    assert sent.status_code == 202, sent.content
    followed = client.get(sent["Location"]).json()
    assert (followed["state"], followed["dry_run"], followed["result"]) == ("queued", False, None)
    runner.run_job(Job.objects.get(pk=followed["id"]).pk)
    followed = client.get(sent["Location"]).json()
    assert (followed["state"], followed["progress"]) == ("done", 100)
    assert followed["result"]["counts"]["made"] == LARGE
    late = client.post(f"{sent['Location']}/cancel", "", content_type="application/json")
    assert late.status_code == 409
    second = client.post(f"{address}&dry_run=true", document(), content_type="application/json")
    stopped = client.post(f"{second['Location']}/cancel", "", content_type="application/json")
    assert (stopped.status_code, stopped.json()["state"]) == (200, "cancelled")
    stranger = Client()
    stranger.force_login(make.person("system_owner", unit=make.unit()))
    assert stranger.get(second["Location"]).status_code == 404
