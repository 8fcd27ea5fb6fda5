"""Pages of imports, evaluation sets, notices and policies, as people use them."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from governance.consent.models import Notice, Policy
from metrics.ingest.models import EvaluationSet, Interaction
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
    assert re.search(r'<option value="id" selected>', page.content.decode())
    fields = {"name": "first", "column_0": "id", "column_1": "gold", "column_2": "predicted"}
    done = client.post(columns.url, fields, follow=True)
    assert done.status_code == 200
    made = EvaluationSet.objects.get(system=system)
    assert made.counts == {"labels": ["anger", "joy"], "matrix": [[0, 1], [0, 1]]}
    assert made.name in done.content.decode()
    assert "first" in client.get(f"/systems/{system.slug}/evaluations/").content.decode()
    assert client.get(columns.url, follow=True).redirect_chain  # the file is gone after the import


def test_faults_of_a_file_are_listed_by_line_and_nothing_is_imported() -> None:
    system = make.system()
    client = signed_in(system.owner)
    columns = upload(client, system, GOOD + b"3,bliss,joy\n")
    fields = {"name": "first", "column_0": "id", "column_1": "gold", "column_2": "predicted"}
    answer = client.post(columns.url, fields)
    assert answer.status_code == 422
    assert "line 4: gold" in answer.content.decode()
    assert not EvaluationSet.objects.exists()
    assert client.post(columns.url, fields | {"column_1": ""}).status_code == 422
    assert upload(client, system, b"\xff\xfe").status_code == 422


def test_a_person_imports_live_interactions() -> None:
    system = make.live_system()
    client = signed_in(system.owner)
    columns = upload(
        client, system, b"id,occurred_at,subject,predicted\na,2026-03-01T10:00:00Z,c,joy\nb,x,c,joy\n", "live"
    )
    fields = {f"column_{n}": name for n, name in enumerate(("id", "occurred_at", "subject", "predicted"))}
    fields |= {"set_modality": "text", "set_purpose": "service", "set_subject_role": "customer"}
    answer = client.post(columns.url, fields)
    assert answer.status_code == 200, answer.content
    assert "line 3: occurred_at" in answer.content.decode()
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
    from metrics.ingest.evaluation import import_evaluation

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
