"""Pages of notices and consent: editor with preview, differences, who was shown what, whose consent ends."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from governance.consent import services
from governance.consent.models import ConsentEvent
from portal.jobs.models import Job
from portal.jobs.runner import run_job
from tests import make
from tests.services.test_consent_files import CSV
from tests.services.test_notices import FLOOR, served, show

pytestmark = pytest.mark.django_db
COLUMNS = (
    "id", "subject", "subject_role", "purpose", "modality", "action", "effective_at", "notice_version",
    "language", "explicit",
)  # fmt: skip


@pytest.fixture
def system() -> Any:
    return make.live_system(make.PERMIT_BY_CONSENT)


def browser(system: Any, role: str = "data_protection_officer") -> Client:
    client = Client()
    client.force_login(make.person(role, unit=system.unit))
    return client


def page(client: Client, name: str, system: Any, *args: Any, query: str = "") -> str:
    answer = client.get(reverse(name, args=[system.slug, *args]) + query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_preview_shows_what_people_will_see_and_runs_nothing(system: Any) -> None:
    url = reverse("notice_preview", args=[system.slug])
    officer = browser(system)
    html = officer.post(url, {"text": "We read **emotion**.\n\n<script>alert(1)</script>"}).content.decode()
    assert "<strong>emotion</strong>" in html
    assert "<script>" not in html
    assert "Nothing is written yet" in officer.post(url, {"text": " "}).content.decode()
    assert browser(system, "auditor").post(url, {"text": "x"}).status_code == 403


def test_a_notice_is_shown_as_the_preview_promised(system: Any) -> None:
    notice = make.notice(system, text="We read *words*.")
    html = page(browser(system), "notice_detail", system, notice.pk)
    assert "<em>words</em>" in html
    assert reverse("notice_compare", args=[system.slug]) in html


def test_the_list_counts_people_hides_small_groups_and_names_missing_languages(system: Any) -> None:
    show(system, *(served(n) for n in range(FLOOR)), *(served(f"s{n}", channel="letter") for n in range(3)))
    html = page(browser(system), "notice_list", system)
    assert f"app (en): {FLOOR}" in html
    assert "letter (en): 3" not in html
    assert "Hidden for privacy" in html
    assert "not published yet in Dutch" in html
    assert "?language=nl" in html
    assert "?language=nl" not in page(browser(system, "auditor"), "notice_list", system)
    html = page(browser(system), "notice_add", system, query="?language=nl")
    assert '<option value="nl" selected>' in html
    assert '<option value="1" selected>' in html


def test_two_versions_are_compared_paragraph_by_paragraph(system: Any) -> None:
    make.notice(system, text="We read emotion in your words.\n\nWe keep it a week.", material_change=True)
    html = page(browser(system), "notice_compare", system)
    assert "<ins>We keep it a week.</ins>" in html
    assert "<ins>We read emotion" not in html
    assert "Material change" in html
    answer = browser(system).get(reverse("notice_compare", args=[system.slug]), {"before": "x", "after": "y"})
    assert "This is not one of the choices." in answer.content.decode()


def test_whose_consent_ends_is_listed_and_its_ids_can_be_taken_along(system: Any) -> None:
    people = [make.consent(n, subject=f"secret-name-{n}") for n in range(FLOOR)]
    services.record_consent_events(system=system, items=people, by="system", source="crm")
    officer = browser(system)
    assert "Nobody has to be asked again" in page(officer, "reconsent_list", system)
    make.notice(system, material_change=True, grace_days=0, effective_at=datetime(2026, 2, 1, tzinfo=UTC))
    html = page(officer, "reconsent_list", system)
    assert f'<td class="num">{FLOOR}</td>' in html
    assert reverse("reconsent_list", args=[system.slug]) in page(officer, "system_consent", system)
    url = reverse("reconsent_list", args=[system.slug]) + "?export=csv"
    answer = officer.get(url)
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert text.count("crm,c-") == FLOOR
    assert "secret-name" not in text
    auditor = browser(system, "auditor")
    assert auditor.get(url).status_code == 403
    assert "?export=csv" not in page(auditor, "reconsent_list", system)


@pytest.mark.parametrize("name", ["notice_list", "reconsent_list", "system_consent"])
def test_a_page_asks_the_same_number_of_queries_for_more(
    name: str, system: Any, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    officer = browser(system)

    def asked() -> int:
        page(officer, name, system)
        with CaptureQueriesContext(connection) as context:
            page(officer, name, system)
        return len(context)

    make.notice(system, material_change=True)
    services.record_consent_events(system=system, items=[make.consent(1)], by="system")
    show(system, served(1))
    first = asked()
    for n in range(3):
        make.notice(system, material_change=True)
        show(system, served(f"x{n}", channel=f"c{n}"))
        services.record_consent_events(system=system, items=[make.consent(n + 5)], by="system")
    assert asked() <= first


# --- files ----------------------------------------------------------------------------------------------------


def _upload(client: Client, system: Any, data: bytes, kind: str = "events") -> Any:
    file = SimpleUploadedFile("consent.csv", data)
    return client.post(reverse("consent_import", args=[system.slug]), {"kind": kind, "file": file})


def test_from_a_file_to_its_refusals(system: Any) -> None:
    officer = browser(system)
    columns = _upload(officer, system, CSV)
    assert columns.status_code == 302
    html = officer.get(columns.url).content.decode()
    assert re.search(r'<option value="subject"[^>]* selected', html)
    fields = {f"column_{n}": field for n, field in enumerate(COLUMNS)}
    wrong = officer.post(columns.url, fields | {"column_0": "", "source": "crm"})
    assert wrong.status_code == 422
    assert "No column is mapped to this field." in wrong.content.decode()
    made = officer.post(columns.url, fields | {"source": "crm"})
    assert made.status_code == 302
    job = Job.objects.get(kind="import_consent")
    assert "Progress" in officer.get(made.url).content.decode()
    run_job(job.pk)
    html = officer.get(made.url).content.decode()
    assert "line 4: purpose" in html
    assert "No declared flow of this system has this purpose." in html
    text = officer.get(f"{made.url}?export=csv").content.decode()
    assert "line 5: effective_at,d,invalid" in text
    assert "crm" in page(officer, "consent_import", system)
    gone = officer.get(columns.url)
    assert (gone.status_code, gone.url) == (302, reverse("consent_import", args=[system.slug]))


def test_a_json_file_needs_no_columns_and_a_bad_file_is_told_at_once(system: Any) -> None:
    officer = browser(system)
    shown = _upload(officer, system, json.dumps([make.consent(1)]).encode())
    html = officer.get(shown.url).content.decode()
    assert "column_0" not in html
    made = officer.post(shown.url, {"source": "crm"})
    run_job(Job.objects.get(kind="import_consent").pk)
    assert "Accepted" in officer.get(made.url).content.decode()
    refused = _upload(officer, system, b"a,a\n1,2\n")
    assert refused.status_code == 422
    assert "This column occurs twice." in refused.content.decode()
    assert officer.get(shown.url.replace("/events/", "/moods/")).status_code == 404
    assert _upload(browser(system, "auditor"), system, CSV).status_code == 403


# --- the service desk -----------------------------------------------------------------------------------------

REFERENCE = "customer-4711-van-den-berg"


def _filled(client: Client, system: Any, **fields: Any) -> dict[str, Any]:
    html = page(client, "consent_desk", system)
    (form_id,) = re.findall(r'name="form_id" value="([^"]+)"', html)
    notice = str(system.notices.first().pk)
    values = {"reference": REFERENCE, "subject_role": "customer", "actor": "subject", "minor": "no"}
    return values | {"method": "telephone", "notice": notice, "form_id": form_id} | fields


def test_a_word_is_recorded_at_the_desk_and_what_stands_is_shown_without_the_name(system: Any) -> None:
    clerk, url = browser(system, "supervisor"), reverse("consent_desk", args=[system.slug])
    sent = _filled(clerk, system, said_0="given")
    for _click in range(2):
        answer = clerk.post(url, sent)
        html = answer.content.decode()
        assert answer.status_code == 200
        assert "What stands now for this person" in html
        assert REFERENCE not in html
        assert answer.headers["Cache-Control"] == "no-store"
    assert ConsentEvent.objects.count() == 1
    refused = clerk.post(url, sent | {"said_0": "withdrawn"})
    assert refused.status_code == 422
    assert "This form was sent before with other words" in refused.content.decode()
    assert REFERENCE not in refused.content.decode()
    assert clerk.post(url, _filled(clerk, system, said_0="withdrawn")).status_code == 200
    found = clerk.post(reverse("consent_look_up", args=[system.slug]), {"reference": REFERENCE})
    assert "This person withdrew consent." in found.content.decode()
    assert "No showing of a notice was reported." in found.content.decode()
    assert REFERENCE not in found.content.decode()
    shown = {"id": "s-1", "subject": REFERENCE, "notice_version": 1, "language": "en", "channel": "front door",
             "served_at": "2026-03-01T08:00:00+00:00"}  # fmt: skip
    other = shown | {"id": "s-2", "subject": "somebody else", "channel": "back door"}
    services.record_notices_served(system=system, items=[shown, other], by="system")
    found = clerk.post(reverse("consent_look_up", args=[system.slug]), {"reference": REFERENCE})
    assert "notice 1 (en), front door" in " ".join(found.content.decode().split())
    assert "back door" not in found.content.decode()


def test_the_desk_says_what_is_missing(system: Any) -> None:
    clerk, url = browser(system, "supervisor"), reverse("consent_desk", args=[system.slug])
    assert "at least one row" in clerk.post(url, _filled(clerk, system)).content.decode()
    answer = clerk.post(url, _filled(clerk, system, said_0="given", notice=""))
    assert (answer.status_code, "Consent names a published notice version." in answer.content.decode()) == (
        422,
        True,
    )
    assert clerk.post(url, _filled(clerk, system, said_0="shrugged")).status_code == 422
    assert clerk.post(reverse("consent_look_up", args=[system.slug]), {}).status_code == 422
    assert system.name in clerk.get(reverse("consent_desk_list")).content.decode()
    assert browser(system, "manager").get(url).status_code == 403
