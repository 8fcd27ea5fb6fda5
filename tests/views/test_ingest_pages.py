"""Pages of imports, evaluation sets, notices and policies, as people use them."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from governance.consent.models import Notice, Policy
from metrics.ingest import imports
from metrics.ingest.evaluation import import_evaluation
from metrics.ingest.models import Batch, EvaluationSet, Interaction
from metrics.rollups.models import DayRollup
from metrics.rollups.services import rebuild
from portal.jobs.models import Job
from portal.jobs.rules import JobState
from portal.jobs.runner import run_job
from tests import make

pytestmark = pytest.mark.django_db
GOOD = b"item_id,gold,predicted\n1,joy,joy\n2,anger,joy\n"


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def upload(client: Client, system: Any, data: bytes, kind: str = "evaluation") -> Any:
    file = SimpleUploadedFile("labels.csv", data, "text/csv")
    return client.post("/imports/", {"system": system.slug, "kind": kind, "file": file})


def test_a_person_imports_an_evaluation_set() -> None:
    system = make.system()
    client = signed_in(system.owner)
    assert client.get("/imports/").status_code == 200
    columns = upload(client, system, GOOD)
    assert columns.status_code == 302
    page = client.get(columns.url)
    assert re.search(r'<option value="id"[^>]* selected', page.content.decode())
    fields = {"name": "first", "column_0": "id", "column_1": "gold", "column_2": "predicted"}
    waiting = client.post(columns.url, fields, follow=True)
    assert waiting.status_code == 200
    assert 'hx-trigger="every 2s"' in waiting.text
    assert client.post(columns.url, fields, follow=True).redirect_chain == waiting.redirect_chain  # one job
    job = Job.objects.get(kind="import_file")
    assert run_job(job.pk) is JobState.DONE
    shown = waiting.redirect_chain[-1][0]
    done = client.get(shown)
    assert "hx-trigger" not in done.text
    made = EvaluationSet.objects.get(system=system)
    assert client.get(job.get_absolute_url()).text.count(shown) == 1  # 'Open the result'
    assert shown in client.get("/imports/").text
    assert made.counts == {"labels": ["anger", "joy"], "matrix": [[0, 1], [0, 1]]}
    assert made.name in done.content.decode()
    assert "first" in client.get(f"/systems/{system.slug}/evaluations/").content.decode()
    assert client.get(columns.url, follow=True).redirect_chain  # the file is gone after the import


def test_faults_of_a_file_are_listed_by_line_and_nothing_is_imported() -> None:
    system = make.system()
    client = signed_in(system.owner)
    columns = upload(client, system, GOOD + b"3,bliss,joy\n")
    fields = {"name": "first", "column_0": "id", "column_1": "gold", "column_2": "predicted"}
    assert client.post(columns.url, fields | {"column_1": ""}).status_code == 422  # said at once, by the form
    assert not Job.objects.exists()
    page = client.post(columns.url, fields).url
    job = Job.objects.get(kind="import_file")
    assert run_job(job.pk) is JobState.FAILED
    assert "line 4: gold" in client.get(page).text
    assert "What was handed in is not valid" in client.get(job.get_absolute_url()).text
    assert not EvaluationSet.objects.exists()
    import_evaluation(
        system=system, name="first", rows=[{"id": "1", "gold": "joy", "predicted": "joy"}], by="system"
    )
    taken = client.post(columns.url, fields)
    assert (taken.status_code, "of this name already" in taken.text) == (422, True)
    assert upload(client, system, b"\xff\xfe").status_code == 422


def test_a_person_imports_live_interactions() -> None:
    system = make.live_system()
    client = signed_in(system.owner)
    columns = upload(
        client, system, b"id,occurred_at,subject,predicted\na,2026-03-01T10:00:00Z,c,joy\nb,x,c,joy\n", "live"
    )
    fields = {f"column_{n}": name for n, name in enumerate(("id", "occurred_at", "subject", "predicted"))}
    fields |= {"set_modality": "text", "set_purpose": "service", "set_subject_role": "customer"}
    page = client.post(columns.url, fields).url
    assert run_job(Job.objects.get(kind="import_file").pk) is JobState.DONE
    answer = client.get(page).text
    assert "line 3: occurred_at" in answer
    assert str(Batch.objects.get(system_id=system.pk).pk) in answer  # the receipt
    assert Interaction.objects.filter(system_id=system.pk).count() == 1


def test_uploads_and_pages_of_others_are_not_there() -> None:
    system, other = make.live_system(), make.system()
    mine = upload(signed_in(system.owner), system, GOOD).url
    stranger = signed_in(other.owner)
    made = make.user()
    assert stranger.get(mine).status_code == 404
    for path in (mine, f"/systems/{system.slug}/evaluations/", f"/systems/{system.slug}/consent/"):
        assert signed_in(made).get(path).status_code in (403, 404)
    colleague = make.person("system_owner", system=system)
    assert signed_in(colleague).get(mine).status_code == 302  # another person's upload is gone for them
    assert Client().get("/imports/").status_code == 302


def test_the_result_of_an_import_is_there_for_who_may_import_there_and_for_nobody_else() -> None:
    system, other = make.live_system(), make.system()
    fields = {"name": "first", "column_0": "id", "column_1": "gold", "column_2": "predicted"}
    page = signed_in(system.owner).post(upload(signed_in(system.owner), system, GOOD).url, fields).url
    colleague = signed_in(make.person("system_owner", system=system))
    assert colleague.get(page).status_code == 200
    assert "Stop the import" not in colleague.get(page).text  # not theirs
    assert "Stop the import" in signed_in(system.owner).get(page).text
    assert signed_in(other.owner).get(page).status_code == 404
    assert signed_in(make.person("auditor", system=system)).get(page).status_code == 403
    elsewhere = page.replace(system.slug, other.slug)
    assert signed_in(other.owner).get(elsewhere).status_code == 404


def test_a_stopped_import_says_what_it_kept_and_goes_on_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 2)
    system = make.live_system()
    client = signed_in(system.owner)
    lines = [f"{n},2026-03-01T10:00:00Z,c{n},joy" for n in range(5)]
    data = "\n".join(["id,occurred_at,subject,predicted", *lines]).encode()
    columns = upload(client, system, data, "live").url
    fields = {f"column_{n}": name for n, name in enumerate(("id", "occurred_at", "subject", "predicted"))}
    fields |= {"set_modality": "text", "set_purpose": "service", "set_subject_role": "customer"}
    page = client.post(columns, fields).url
    job = Job.objects.get(kind="import_file")
    stop = reverse("job_cancel", args=[job.pk])
    received = imports.receive

    def receive_and_stop(**more: Any) -> dict[str, Any]:
        receipt = received(**more)
        assert client.post(stop, {"next": page}).url == page
        return receipt

    monkeypatch.setattr(imports, "receive", receive_and_stop)
    assert run_job(job.pk) is JobState.CANCELLED
    monkeypatch.setattr(imports, "receive", received)
    stopped = client.get(page)
    assert stopped.context["result"]["counts"] == {"accepted": 2}
    assert "was stored and stays" in stopped.text
    assert Interaction.objects.filter(system_id=system.pk).count() == 2

    assert (
        client.post(reverse("job_retry", args=[job.pk]), {"next": "https://elsewhere.example/"}).url
        == job.get_absolute_url()
    )
    assert run_job(job.pk) is JobState.DONE
    job.refresh_from_db()
    assert job.result is not None
    assert job.result["counts"] == {"accepted": 5}
    assert len(set(job.result["receipts"])) == 3
    assert Interaction.objects.filter(system_id=system.pk).count() == 5
    assert rebuild(system=system)["differing"] == 0
    assert DayRollup.objects.get(system_id=system.pk, key="interactions").value == 5


def test_notices_are_published_and_shown() -> None:
    system = make.system()
    client = signed_in(make.person("data_protection_officer", system=system))
    assert client.get("/consent/").status_code == 200
    page = f"/systems/{system.slug}/notices/new/"
    assert client.get(page).status_code == 200
    fields = {"version": "1", "language": "en", "text": "We read <b>emotion</b>.", "grace_days": "30"}
    assert client.post(page, fields | {"text": ""}).status_code == 422
    assert client.post(page, fields).status_code == 302
    notice = Notice.objects.get(system=system)
    shown = client.get(f"/systems/{system.slug}/notices/{notice.pk}/").content.decode()
    assert "&lt;b&gt;emotion" in shown
    assert notice.sha256[:16] in client.get(f"/systems/{system.slug}/consent/").content.decode()


def test_a_policy_is_drafted_by_one_and_approved_by_another() -> None:
    system = make.system()
    drafter = signed_in(make.person("data_protection_officer", system=system))
    edit = f"/systems/{system.slug}/policies/draft/"
    assert drafter.get(edit).status_code == 200
    rows = {"rules-TOTAL_FORMS": "1", "rules-INITIAL_FORMS": "0", "retention_days": "365", "note": "First."}
    any_ = dict.fromkeys(
        (f"rules-0-{n}" for n in ("subject_role", "purpose", "modality", "layer", "operation", "recipient")),
        "*",
    )
    rule = {
        "rules-0-id": "service",
        "rules-0-effect": "permit",
        "rules-0-basis": "consent",
        "rules-0-explicit": "yes",
    }
    assert drafter.post(edit, rows | any_ | rule | {"rules-0-basis": ""}).status_code == 422
    assert drafter.post(edit, rows | any_ | rule).status_code == 302
    draft = Policy.objects.get(system=system)
    assert draft.rules[0]["explicit"] is True
    detail = f"/systems/{system.slug}/policies/{draft.version}/"
    assert "a colleague" in drafter.get(detail).content.decode()
    assert drafter.post(detail).status_code == 409
    other = signed_in(make.person("data_protection_officer", system=system))
    assert other.post(detail).status_code == 409  # nobody approves without saying which draft was read
    assert draft.stamp in other.get(detail).content.decode()
    assert other.post(detail, {"seen": draft.stamp}).status_code == 302
    draft.refresh_from_db()
    assert draft.state == "approved"
    assert drafter.get(edit).status_code == 200


def test_an_owner_drafts_the_policy_that_the_only_officer_approves() -> None:
    """With one data protection officer, the two people of a policy are the owner and the officer."""
    system = make.system()
    owner = make.person("system_owner", system=system)
    drafter, officer = signed_in(owner), signed_in(make.person("data_protection_officer", system=system))
    edit = f"/systems/{system.slug}/policies/draft/"
    assert edit in drafter.get(f"/systems/{system.slug}/consent/").content.decode()
    rule = {f"rules-0-{name}": "*" for name in ("subject_role", "purpose", "modality", "layer", "operation")}
    rule |= {"rules-0-id": "service", "rules-0-effect": "permit", "rules-0-basis": "consent"}
    rows = {"rules-TOTAL_FORMS": "1", "rules-INITIAL_FORMS": "0", "rules-0-recipient": "*"} | rule
    assert drafter.post(edit, rows).status_code == 302
    detail = f"/systems/{system.slug}/policies/1/"
    assert "a colleague" in drafter.get(detail).content.decode()
    assert drafter.post(detail).status_code == 403
    assert drafter.get(f"/systems/{system.slug}/notices/new/").status_code == 403
    draft = Policy.objects.get(system=system)
    assert officer.post(detail, {"seen": draft.stamp}).status_code == 302
    assert Policy.objects.get(system=system).state == "approved"
    reader = signed_in(make.person("auditor", system=system))
    assert edit not in reader.get(f"/systems/{system.slug}/consent/").content.decode()
    assert reader.get(edit).status_code == 403


def test_the_page_of_an_evaluation_set_shows_figures_to_four_decimals() -> None:
    """The emotion test set of TweetEval: accuracy .8339 (Wilson .8137-.8524), F1 of anger .8761."""
    system = make.system()
    matrix = [[488, 19, 13, 38], [13, 302, 14, 29], [17, 16, 76, 14], [38, 19, 6, 319]]
    pairs = [
        (gold, predicted)
        for gold, row in zip(make.LABELS, matrix, strict=True)
        for predicted, n in zip(make.LABELS, row, strict=True)
        for _ in range(n)
    ]
    rows = [{"id": str(n), "gold": g, "predicted": p} for n, (g, p) in enumerate(pairs)]
    made = import_evaluation(system=system, name="emotion", rows=rows, by="system")
    text = signed_in(system.owner).get(made.get_absolute_url()).content.decode()
    for figure in ("0.8339", "0.8137", "0.8524", "0.8761", "0.6552"):
        assert figure in text
