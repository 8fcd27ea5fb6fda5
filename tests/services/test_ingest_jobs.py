"""Files of people and rollups as jobs: killed in the middle, asked twice, no longer allowed, the upload gone."""

import json
import os
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from governance.registry.models import System
from metrics.ingest import imports
from metrics.ingest.imports import request_import
from metrics.ingest.models import Batch, EvaluationSet, Interaction
from metrics.rollups.models import DayRollup
from portal.errors import Invalid, NotAllowed
from portal.jobs import runner
from portal.jobs.models import Job
from portal.jobs.rules import JobState
from portal.jobs.selectors import uploads_in_use
from portal.web import uploads
from tests import make
from tests.jobs import again, make_due

pytestmark = pytest.mark.django_db
LABELLED = b"id,gold,predicted\n1,joy,joy\n2,anger,joy\n"
FIXED = {"modality": "text", "purpose": "service", "subject_role": "customer"}


def live(count: int) -> bytes:
    lines = [f"{n},2026-03-01T10:00:00Z,c{n},joy" for n in range(count)]
    return "\n".join(["id,occurred_at,subject,predicted", *lines]).encode()


def ask(system: System, data: bytes, kind: str = "evaluation", **more: Any) -> Job:
    token = uploads.keep(data, str(system.owner.pk), in_use=uploads_in_use())
    fixed = FIXED if kind == "live" else {}
    name = "march" if kind == "evaluation" else ""
    asked = {"kind": kind, "token": token, "mapping": {}, "fixed": fixed, "name": name, "by": system.owner}
    return request_import(system=system, **(asked | more))


def result_of(job: Job) -> dict[str, Any]:
    found = again(job).result
    assert found is not None
    return dict(found)


def kept() -> list[Path]:
    return [path for path in (Path(settings.MEDIA_ROOT) / "imports").iterdir() if path.is_file()]


@pytest.fixture(autouse=True)
def _no_uploads_of_others() -> None:
    folder = Path(settings.MEDIA_ROOT) / "imports"
    for path in folder.iterdir() if folder.is_dir() else []:
        path.unlink()


def test_an_import_that_crashes_behind_a_batch_counts_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 2)
    system = make.live_system()
    job = ask(system, live(5), "live")
    received = imports.receive
    calls: list[int] = []

    def break_at_the_third(**more: Any) -> dict[str, Any]:
        calls.append(1)
        if len(calls) == 3:
            raise OSError("disk full")
        return received(**more)

    monkeypatch.setattr(imports, "receive", break_at_the_third)
    assert runner.run_job(job.pk) is JobState.QUEUED
    assert result_of(job)["counts"] == {"accepted": 4}  # what was kept is said while it waits
    make_due(job)
    assert runner.run_job(job.pk) is JobState.DONE
    result = result_of(job)
    assert (result["counts"], len(result["receipts"])) == ({"accepted": 5}, 3)
    assert Batch.objects.filter(system_id=system.pk).count() == 3
    assert Interaction.objects.filter(system_id=system.pk).count() == 5
    assert DayRollup.objects.get(system_id=system.pk, key="interactions").value == 5
    assert kept() == []


def test_the_same_upload_asked_for_twice_is_one_job() -> None:
    system = make.system()
    token = uploads.keep(LABELLED, str(system.owner.pk), in_use=())
    first = ask(system, LABELLED, token=token)
    assert ask(system, LABELLED, token=token) == first
    assert runner.run_job(first.pk) is JobState.DONE
    assert EvaluationSet.objects.get(system=system).n == 2
    with pytest.raises(LookupError):
        ask(system, LABELLED, token=token, name="another")


def test_only_who_may_import_can_ask_and_only_while_they_may() -> None:
    system = make.system()
    stranger = make.user()
    token = uploads.keep(LABELLED, str(stranger.pk), in_use=())
    with pytest.raises(NotAllowed):
        ask(system, LABELLED, by=stranger, token=token)
    job = ask(system, LABELLED)
    job.requested_by.is_active = False  # type: ignore[union-attr]
    job.requested_by.save()  # type: ignore[union-attr]
    assert runner.run_job(job.pk) is JobState.FAILED
    assert "permission" in again(job).error
    assert not EvaluationSet.objects.exists()


def test_an_upload_that_is_gone_is_said_and_one_that_a_job_needs_is_kept() -> None:
    system = make.system()
    job = ask(system, LABELLED)
    (path,) = kept()
    a_week = time.time() - 7 * 24 * 3600
    os.utime(path, (a_week, a_week))
    uploads.keep(b"x", "somebody", in_use=uploads_in_use())
    assert path.exists()
    path.unlink()
    assert runner.run_job(job.pk) is JobState.FAILED
    assert again(job).error == "This upload is no longer there: choose the file again."
    abandoned = next(one for one in kept() if one.name.startswith("somebody"))
    os.utime(abandoned, (a_week, a_week))
    uploads.sweep(uploads_in_use())
    assert not abandoned.exists()


def test_columns_that_do_not_fit_are_said_at_once_and_lines_by_the_job() -> None:
    system = make.system()
    with pytest.raises(Invalid, match="predicted"):
        ask(system, b"id,gold\n1,joy\n")
    assert not Job.objects.exists()
    job = ask(system, LABELLED + b"3,bliss,joy\n")
    assert runner.run_job(job.pk) is JobState.FAILED
    (error,) = result_of(job)["errors"]
    assert (error["field"], error["code"]) == ("line 4: gold", "unknown_label")
    assert again(job).attempts == 1  # the same file would be refused again
    assert not EvaluationSet.objects.exists()


def test_rollups_are_computed_anew_by_a_job_in_the_foreground_or_by_a_worker() -> None:
    system = make.live_system()
    runner.run_job(ask(system, live(3), "live").pk)
    DayRollup.objects.filter(system_id=system.pk, key="interactions").update(value=7)
    out = StringIO()
    call_command("rebuild_rollups", "--background", "--json", "--system", system.slug, stdout=out)
    job = Job.objects.get(pk=json.loads(out.getvalue())["job"])
    assert (job.state, job.unit) == ("queued", system.unit)
    assert runner.run_job(job.pk) is JobState.DONE
    assert result_of(job)["differing"] >= 1
    assert DayRollup.objects.get(system_id=system.pk, key="interactions").value == 3
    out = StringIO()
    call_command("rebuild_rollups", "--json", stdout=out)
    assert json.loads(out.getvalue())["differing"] == 0
    assert Job.objects.filter(kind="rebuild_rollups", state="done").count() == 2
