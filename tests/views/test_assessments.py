"""Pages and calls of assessments: filling, stale pages, signing, hostile files, permissions, paper, evidence."""

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from governance.assessments import attachments, rules, services, threads
from governance.assessments.models import Assessment, Attachment
from governance.evidence.assessment_sections import assessments as section
from governance.evidence.sections import Scope
from portal.desk import selectors as desk
from portal.ledger.models import PendingEvent
from portal.web import markdown
from tests import make

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\n1 0 obj"
PAGE_QUERIES = 45  # of a section with people, threads and the register beside it


def client(user: Any) -> Client:
    made = Client()
    made.force_login(user)
    return made


def text(answer: Any) -> str:
    return str(answer.content.decode())


def call(who: Client, method: str, path: str, body: Any = None, **headers: Any) -> Any:
    return getattr(who, method)(
        f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json", **headers
    )


# --- pages --------------------------------------------------------------------------------------


def test_the_tab_says_what_is_needed_and_begins_it_filled_in() -> None:
    system = make.system(name="Voices", description="Reads the tone of callers.")
    make.flow(system, modality="voice")
    owner = client(system.owner)
    page = text(owner.get(f"/systems/{system.slug}/assessments/"))
    assert page.count("Missing") == 4
    assert "AI Act, Art\u00a027(1)" in page
    answer = owner.post(f"/systems/{system.slug}/assessments/dpia/")
    row = Assessment.objects.get()
    assert answer["Location"] == f"/assessments/{row.pk}/sections/need/"
    page = text(owner.get(f"/assessments/{row.pk}/sections/description/"))
    assert "From the register: description of the system" in page
    assert "Reads the tone of callers." in page
    assert "Go on with the draft" in text(owner.get(f"/systems/{system.slug}/assessments/"))
    reader = client(make.person("manager", unit=system.unit))
    page = text(reader.get(f"/systems/{system.slug}/assessments/"))
    assert "The owner of the system begins it." in page
    assert reader.post(f"/systems/{system.slug}/assessments/bias/").status_code == 403


def test_a_section_is_saved_by_the_button_and_in_the_background() -> None:
    system = make.system()
    row = services.start(system=system, kind="dpia", by=system.owner)
    owner = client(system.owner)
    address = f"/assessments/{row.pk}/sections/consultation/"
    answer = owner.post(address, {"expected": 0, "people_asked": "yes", "next": "1"})
    assert answer["Location"] == f"/assessments/{row.pk}/sections/conclusion/"
    saved = owner.post(address, {"expected": 1, "people_asked": "no"}, headers={"HX-Request": "true"})
    page = text(saved)
    assert 'name="expected" value="2"' in page
    assert 'data-asked="people_said" data-open=""' in page
    assert 'data-asked="people_not_asked" data-open="1"' in page
    row.refresh_from_db()
    assert row.answers["people_asked"] == "no"
    rows = {"expected": 0, "risk_rows-0-risk": "Misread", "risk_rows-0-likelihood": "possible"}
    rows |= {"risk_rows-1-risk": "", "risk_rows-2-risk": "Late"}
    assert owner.post(f"/assessments/{row.pk}/sections/risks/", rows).status_code == 302
    row.refresh_from_db()
    assert [risk["risk"] for risk in row.answers["risk_rows"]] == ["Misread", "Late"]
    assert owner.get(f"/assessments/{row.pk}/sections/weather/").status_code == 404


def test_a_stale_page_shows_both_and_keeps_what_was_typed() -> None:
    system = make.system()
    colleague = make.person("system_owner", unit=system.unit, name="Ines de Wit")
    row = services.start(system=system, kind="dpia", by=system.owner)
    address = f"/assessments/{row.pk}/sections/necessity/"
    assert (
        client(colleague).post(address, {"expected": 0, "minimal": "Words <b>only</b>."}).status_code == 302
    )
    late = {"expected": 0, "minimal": "No sound at all."}
    answer = client(system.owner).post(address, late)
    page = text(answer)
    assert answer.status_code == 409
    assert "What changed meanwhile" in page and "Ines de Wit" in page
    assert "Words &lt;b&gt;only&lt;/b&gt;." in page and "No sound at all." in page
    assert 'name="expected" value="1"' in page
    behind = client(system.owner).post(address, late, headers={"HX-Request": "true"})
    assert behind.status_code == 422
    assert "Nothing is lost" in text(behind)
    assert client(system.owner).post(address, late | {"expected": 1}).status_code == 302
    row.refresh_from_db()
    assert row.answers["minimal"] == "No sound at all."


def test_a_wrong_answer_is_shown_beside_its_question() -> None:
    system = make.system()
    row = services.start(system=system, kind="oversight", by=system.owner)
    answer = client(system.owner).post(
        f"/assessments/{row.pk}/sections/drills/", {"expected": 0, "every": "never", "first_drill": "soon"}
    )
    assert answer.status_code == 422
    assert "This is not one of the choices." in text(answer)
    assert "This is not a day (YYYY-MM-DD)." in text(answer)


def test_from_submission_over_a_return_to_the_signature_on_pages() -> None:
    system = make.system()
    row = make.assessment(system, until="draft")
    owner, officer = client(system.owner), make.person("data_protection_officer", unit=system.unit)
    assert owner.post(f"/assessments/{row.pk}/submit/").status_code == 302
    assert [str(t.kind) for t in desk.waiting(officer, make.today())] == ["Your signature"]
    signer = client(officer)
    assert signer.post(f"/assessments/{row.pk}/return/", {"reason": ""}).status_code == 422
    assert signer.post(f"/assessments/{row.pk}/return/", {"reason": "Why **so**?"}).status_code == 302
    page = text(owner.get(f"/assessments/{row.pk}/"))
    assert "<strong>so</strong>" in page
    assert [str(t.kind) for t in desk.waiting(system.owner, make.today())] == ["Returned with questions"]
    owner.post(f"/assessments/{row.pk}/submit/")
    assert owner.post(f"/assessments/{row.pk}/sign/", {"reason": "Mine."}).status_code == 403
    assert signer.post(f"/assessments/{row.pk}/sign/", {"reason": "Complete."}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.signed_by) == ("signed", officer)
    page = text(signer.get(f"/assessments/{row.pk}/print/"))
    assert row.digest in page and "Necessity and proportionality" in page
    assert page.count("Not answered") == 1  # the vendor, who may be left out
    assert owner.post(f"/assessments/{row.pk}/sections/need/", {"expected": 9}).status_code == 409
    exported = json.loads(text(owner.get(f"/assessments/{row.pk}/json/")))
    assert rules.digest(exported["content"]) == row.digest


def test_the_list_is_filtered_and_exported() -> None:
    system = make.system(name="Voices")
    make.assessment(system)
    make.assessment(system, "bias", until="draft")
    reader = client(make.person("auditor", unit=system.unit))
    assert "Bias pre-assessment" in text(reader.get("/assessments/?kind=bias"))
    file = text(reader.get("/assessments/?state=signed&export=csv"))
    assert "Data protection impact assessment (DPIA),Voices,1,Signed" in file
    assert "Bias pre-assessment," not in file
    assert "Voices" not in text(client(make.person("auditor", unit=make.unit())).get("/assessments/"))


def test_a_section_takes_a_constant_number_of_queries(django_assert_max_num_queries: Any) -> None:
    system = make.system()
    row = make.assessment(system, "dpia", until="in_review")
    member = make.person("board_member", unit=system.unit)
    reader = client(member)
    for n in range(8):
        thread = threads.comment(assessment=row, question="basis", text=f"{n}?", by=member)
        threads.comment(assessment=row, question="basis", text="So.", parent=thread, by=system.owner)
    with django_assert_max_num_queries(PAGE_QUERIES):
        assert reader.get(f"/assessments/{row.pk}/sections/necessity/").status_code == 200
    with django_assert_max_num_queries(PAGE_QUERIES):
        assert reader.get(f"/assessments/{row.pk}/").status_code == 200


def test_a_comment_cannot_carry_a_script() -> None:
    system = make.system()
    row = make.assessment(system, until="in_review")
    owner = client(system.owner)
    hostile = "<script>alert(1)</script> [go](javascript:alert(1)) ![x](https://e.example/x.png) **bold**"
    sent = owner.post(f"/assessments/{row.pk}/comments/", {"question": "basis", "text": hostile})
    assert sent["Location"] == f"/assessments/{row.pk}/sections/necessity/#ask-basis"
    page = text(owner.get(f"/assessments/{row.pk}/sections/necessity/"))
    assert "<strong>bold</strong>" in page
    assert "<script>alert" not in page and 'href="javascript' not in page and '<img src="https' not in page
    thread = row.comments.get()
    owner.post(f"/assessment-threads/{thread.pk}/resolve/")
    thread.refresh_from_db()
    assert thread.resolved_by == system.owner
    assert (
        owner.post(f"/assessments/{row.pk}/comments/", {"question": "basis", "text": " "}).status_code == 409
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("# Title", "<h4>Title</h4>"),
        ("<img src=x onerror=alert(1)>", "&lt;img"),
        ("[a](data:text/html,x)", "[a](data:"),
        ("[a](https://b.example)", 'rel="noopener noreferrer nofollow"'),
        ("a\x00b", "ab"),
    ],
)
def test_markdown_of_people_is_safe(given: str, shown: str) -> None:
    html = markdown.render(given)
    assert shown in html
    assert "<img" not in html and "<script" not in html


# --- files --------------------------------------------------------------------------------------


def test_a_file_is_kept_outside_the_web_root_and_comes_back_as_a_download() -> None:
    system = make.system()
    row = make.assessment(system, until="draft")
    owner = client(system.owner)
    file = SimpleUploadedFile("../../plan.pdf", PDF, content_type="text/html")
    assert owner.post(f"/assessments/{row.pk}/files/", {"file": file}).status_code == 302
    kept = Attachment.objects.get()
    assert (kept.media_type, kept.size) == ("application/pdf", len(PDF))
    assert kept.sha256 == hashlib.sha256(PDF).hexdigest()
    path = attachments.path_of(kept)
    assert path.is_relative_to(Path(settings.MEDIA_ROOT) / "assessments")
    assert kept.name == "plan.pdf" and "plan" not in str(path) and path.stat().st_mode & 0o777 == 0o600
    answer = owner.get(f"/attachments/{kept.pk}/")
    assert b"".join(answer.streaming_content) == PDF
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment")
    assert "\n" not in answer["Content-Disposition"] and "/" not in answer["Content-Disposition"]
    assert "sandbox" in answer["Content-Security-Policy"]
    assert PendingEvent.objects.filter(type="assessment.file_downloaded").count() == 1
    again = SimpleUploadedFile(kept.name, PDF)
    owner.post(f"/assessments/{row.pk}/files/", {"file": again})
    assert Attachment.objects.count() == 1
    stranger = client(make.person("system_owner", unit=make.unit()))
    assert stranger.get(f"/attachments/{kept.pk}/").status_code == 404
    path.write_bytes(b"%PDF-other")
    assert owner.get(f"/attachments/{kept.pk}/").status_code == 409


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("run.exe", b"MZ", "Files of this kind are not taken"),
        ("page.html", b"<html>", "Files of this kind are not taken"),
        ("draw.svg", b"<svg>", "Files of this kind are not taken"),
        ("bomb.zip", b"PK\x03\x04" + b"\x00" * 40, "Files of this kind are not taken"),
        ("bomb.docx", b"PK\x03\x04" + b"\x00" * 40, "The content of the file is not what its ending says"),
        ("a.pdf", b"<script>", "The content of the file is not what its ending says"),
        ("a.txt", b"x" * (10 * 1024 * 1024 + 1), "The file is larger than 10 MB"),
    ],
)
def test_a_hostile_file_is_refused_and_leaves_nothing(name: str, data: bytes, said: str) -> None:
    system = make.system()
    row = make.assessment(system, until="draft")
    folder = Path(settings.MEDIA_ROOT) / "assessments"
    before = set(folder.rglob("*")) if folder.exists() else set()
    answer = client(system.owner).post(
        f"/assessments/{row.pk}/files/", {"file": SimpleUploadedFile(name, data)}
    )
    assert answer.status_code == 422
    assert said in text(answer)
    assert not Attachment.objects.exists()
    assert (set(folder.rglob("*")) if folder.exists() else set()) == before


def test_a_file_of_two_versions_goes_when_both_let_it_go(django_capture_on_commit_callbacks: Any) -> None:
    system = make.system()
    first = make.assessment(system, until="draft")
    kept = attachments.attach(assessment=first, file=SimpleUploadedFile("a.pdf", PDF), by=system.owner)
    services.submit(assessment=first, by=system.owner)
    officer = make.person("data_protection_officer", unit=system.unit)
    services.sign(assessment=first, reason="Fine.", by=officer)
    assert first.content["attachments"][0]["sha256"] == kept.sha256
    second = services.start(system=system, kind="dpia", by=system.owner)
    copy = second.attachments.get()
    path = attachments.path_of(copy)
    owner = client(system.owner)
    with django_capture_on_commit_callbacks(execute=True):
        assert owner.post(f"/attachments/{copy.pk}/remove/").status_code == 302
    assert path.is_file()  # the signed version holds it
    assert owner.post(f"/attachments/{kept.pk}/remove/").status_code == 409
    assert owner.get(f"/attachments/{copy.pk}/").status_code == 404


# --- REST ---------------------------------------------------------------------------------------


def test_the_whole_path_over_rest() -> None:
    system = make.system()
    owner, officer = client(system.owner), client(make.person("data_protection_officer", unit=system.unit))
    begun = call(owner, "post", f"systems/{system.slug}/assessments", {"kind": "dpia"})
    assert begun.status_code == 201, begun.content
    path = f"assessments/{begun.json()['id']}"
    assert begun["Location"] == f"/api/v1/{path}"
    assert call(owner, "post", f"systems/{system.slug}/assessments", {"kind": "dpia"}).status_code == 409
    read = owner.get(f"/api/v1/{path}")
    values = {"answers": {"residual": "low"}}
    assert call(owner, "patch", f"{path}/answers", values).status_code == 428
    assert call(owner, "patch", f"{path}/answers", values, HTTP_IF_MATCH='"old"').status_code == 412
    done = call(owner, "patch", f"{path}/answers", values, HTTP_IF_MATCH=read["ETag"])
    assert (done.status_code, done.json()["answers"]["residual"]) == (200, "low")
    assert call(owner, "patch", f"{path}/answers", values, HTTP_IF_MATCH=read["ETag"]).status_code == 412
    wrong = {"answers": {"residual": "huge", "weather": "fine"}}
    refused = call(owner, "patch", f"{path}/answers", wrong, HTTP_IF_MATCH="*")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "answers.weather")
    row = Assessment.objects.get()
    values = {"answers": make.answers(services.selectors.questionnaire_of(row), **row.answers)}
    assert call(owner, "patch", f"{path}/answers", values, HTTP_IF_MATCH=done["ETag"]).status_code == 200
    file = owner.post(f"/api/v1/{path}/attachments", {"file": SimpleUploadedFile("a.pdf", PDF)})
    assert file.status_code == 201, file.content
    fetched = owner.get(file.json()["address"])
    assert b"".join(fetched.streaming_content) == PDF
    bad = owner.post(f"/api/v1/{path}/attachments", {"file": SimpleUploadedFile("a.pdf", b"MZ")})
    assert (bad.status_code, bad.json()["errors"][0]["code"]) == (409, "file_content")
    more = owner.post(
        f"/api/v1/{path}/attachments", {"file": SimpleUploadedFile("b.pdf", PDF), "sha256": "x"}
    )
    assert (more.status_code, more.json()["errors"][0]["code"]) == (422, "unknown_field")
    said = call(officer, "post", f"{path}/comments", {"question": "basis", "text": "Why?"})
    thread = said.json()["id"]
    reply = call(owner, "post", f"{path}/comments", {"question": "basis", "text": "So.", "thread": thread})
    assert reply.json()["thread"] == thread
    assert call(owner, "post", f"assessment-threads/{thread}/resolve", {"resolved": True}).json()[
        "resolved_at"
    ]
    assert call(owner, "post", f"{path}/submit").json()["state"] == "in_review"
    assert call(owner, "post", f"{path}/sign", {"reason": "Mine."}).status_code == 403
    assert call(officer, "post", f"{path}/sign", {}).status_code == 422
    assert call(officer, "post", f"{path}/return", {"reason": "One more."}).json()["state"] == "draft"
    call(owner, "post", f"{path}/submit")
    signed = call(officer, "post", f"{path}/sign", {"reason": "Good."}, HTTP_IDEMPOTENCY_KEY="s1").json()
    assert (signed["state"], len(signed["digest"])) == ("signed", 64)
    again = call(officer, "post", f"{path}/sign", {"reason": "Good."}, HTTP_IDEMPOTENCY_KEY="s1")
    assert (again.status_code, again["Idempotent-Replayed"]) == (200, "true")
    listed = owner.get("/api/v1/assessments?kind=dpia&state=signed").json()["results"]
    assert [one["id"] for one in listed] == [signed["id"]]
    assert owner.get("/api/v1/assessments?state=lost").status_code == 422


def test_a_key_reads_no_assessment() -> None:
    system = make.system()
    row = make.assessment(system)
    _key, plain = make.api_key(system, ("register:read",))
    assert Client().get(f"/api/v1/assessments/{row.pk}", **make.bearer(plain)).status_code == 404
    assert Client().get("/api/v1/assessments", **make.bearer(plain)).json()["results"] == []


# --- evidence -----------------------------------------------------------------------------------


def test_a_pack_holds_what_was_signed_with_its_digest_and_files_by_hash_only() -> None:
    system = make.system()
    row = make.assessment(system, until="draft")
    attachments.attach(assessment=row, file=SimpleUploadedFile("a.pdf", PDF), by=system.owner)
    services.submit(assessment=row, by=system.owner)
    officer = make.person("data_protection_officer", unit=system.unit, name="Sanne Bakker")
    services.sign(assessment=row, reason="Fine.", by=officer)
    make.assessment(system, "bias", until="draft")
    files = {
        file.path: file
        for file in section(Scope((system,), make.today() - dt.timedelta(days=1), make.today()))
    }
    table = files["data/population/assessments.csv"]
    assert table.rows == 2 and b"Sanne" not in table.content
    (told,) = json.loads(files["data/population/assessments.json"].content)
    assert rules.digest(told["content"]) == told["digest"] == row.digest
    assert told["signed_by"] == f"user:{officer.pk}"
    assert told["content"]["attachments"] == [
        {"name": "a.pdf", "media_type": "application/pdf", "size": len(PDF), "sha256": hashlib.sha256(PDF).hexdigest()}
    ]  # fmt: skip
    earlier = section(
        Scope((system,), make.today() - dt.timedelta(days=9), make.today() - dt.timedelta(days=2))
    )
    assert next(file.rows for file in earlier) == 0
