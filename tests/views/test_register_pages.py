"""Pages and calls of the register: steps, stale saves, history, vendors, reports, lists with kept views, files."""

import io
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from governance.registry import exchange, services
from governance.registry.fields import STEPS
from governance.registry.models import System, UnlistedReport, Vendor
from portal.web.models import SavedView
from tests import make

pytestmark = pytest.mark.django_db


def _client(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _form(client: Client, url: str) -> dict[str, Any]:
    """What the form of a page would send unchanged."""
    form = client.get(url).context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value is not None}


class TestSteps:
    def test_every_step_opens_for_a_draft_that_has_nothing_and_one_that_has_everything(self) -> None:
        empty, full = make.draft(), make.described(make.draft())
        for system in (empty, full):
            client = _client(system.owner)
            for step in STEPS:
                assert client.get(f"/systems/{system.slug}/edit/{step.key}/").status_code == 200
        page = _client(empty.owner).get(f"/systems/{empty.slug}/edit/").content.decode()
        assert "things are missing" in page
        assert f"/systems/{empty.slug}/edit/hand-overs/" in page
        assert (
            "The description is complete."
            in _client(full.owner).get(f"/systems/{full.slug}/edit/").content.decode()
        )

    def test_a_step_is_saved_with_gaps_and_taken_up_again_later(self) -> None:
        draft = make.draft()
        client, url = _client(draft.owner), f"/systems/{draft.slug}/edit/learning/"
        values = _form(client, url) | {"learning": "continuous", "learning_window_days": "30", "onward": "1"}
        answer = client.post(url, values)
        assert answer.headers["Location"] == f"/systems/{draft.slug}/edit/labels/"
        form = client.get(url).context["form"]
        assert (form["learning"].value(), form["learning_window_days"].value()) == ("continuous", 30)

    def test_a_stale_save_shows_what_changed_meanwhile_and_keeps_what_was_typed(self) -> None:
        system = make.system(description="Old words.")
        client, url = _client(system.owner), f"/systems/{system.slug}/edit/basics/"
        values = _form(client, url) | {"description": "My words."}
        services.update_system(system=system, by=system.owner, expected_version=1, description="Their words.")
        answer = client.post(url, values)
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "What changed meanwhile" in page
        for text in ("Old words.", "Their words.", "My words."):
            assert text in page
        assert answer.context["form"]["description"].value() == "My words."
        again = _form_of(answer)
        assert client.post(url, again).status_code == 302  # knowingly: mine in the place of theirs
        system.refresh_from_db()
        assert system.description == "My words."

    def test_pressing_save_twice_saves_once(self) -> None:
        system = make.system()
        client, url = _client(system.owner), f"/systems/{system.slug}/edit/basics/"
        values = _form(client, url) | {"description": "Once."}
        assert [client.post(url, values).status_code for _ in range(2)] == [302, 302]
        system.refresh_from_db()
        assert system.row_version == 2

    def test_a_row_is_added_once_changed_and_removed(self) -> None:
        draft = make.draft()
        client, url = _client(draft.owner), f"/systems/{draft.slug}/hand-overs/new/"
        values = _form(client, url) | {"name": "Anger", "trigger": "T", "to_whom": "W", "within_minutes": "2"}
        assert [client.post(url, values).status_code for _ in range(2)] == [302, 302]
        row = draft.handovers.get()
        page = client.get(f"/systems/{draft.slug}/edit/hand-overs/").content.decode()
        assert "Anger" in page
        edit = f"/systems/{draft.slug}/hand-overs/{row.pk}/"
        assert client.post(edit, _form(client, edit) | {"within_minutes": "-1"}).status_code == 422
        assert client.post(edit, _form(client, edit) | {"within_minutes": "9"}).status_code == 302
        assert [client.post(f"{edit}remove/").status_code for _ in range(2)] == [302, 302]
        assert client.get(edit).status_code == 404
        version = f"/systems/{draft.slug}/versions/new/"
        assert client.post(version, {"name": "1", "released_on": "2026-01-01"}).status_code == 302
        kept = client.post(f"/systems/{draft.slug}/versions/{draft.versions.get().pk}/remove/")
        assert kept.status_code == 409

    def test_strangers_see_no_draft(self) -> None:
        draft = make.draft(name="Secret Plan")
        for user in (make.person("auditor", unit=draft.unit), make.person("system_owner", unit=make.unit())):
            client = _client(user)
            for path in ("", "edit/", "history/", "edit/basics/", "flows/"):
                assert client.get(f"/systems/{draft.slug}/{path}").status_code == 404
            assert "Secret Plan" not in client.get("/systems/").content.decode()
            assert "Secret Plan" not in client.get("/register/export/").content.decode()


def _form_of(answer: Any) -> dict[str, Any]:
    form = answer.context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value is not None}


class TestHistory:
    def test_two_states_are_compared_at_an_address_that_can_be_linked(self) -> None:
        system = make.described(make.system(description="Old words."))
        client = _client(make.person("auditor", unit=system.unit))
        page = client.get(f"/systems/{system.slug}/history/compare/?from=1&to=3").content.decode()
        assert "Old words." in page
        assert "Reads the mood of written words." in page
        assert "material" in page
        newest = client.get(f"/systems/{system.slug}/history/compare/").content.decode()
        assert "Planned cost" in newest or "Data flow" in newest
        for wrong in ("?from=1&to=99", "?from=x&to=2", "?from=0&to=1"):
            assert client.get(f"/systems/{system.slug}/history/compare/{wrong}").status_code == 404
        assert client.get(f"/systems/{system.slug}/history/").status_code == 200


class TestVendors:
    def test_a_vendor_is_added_from_the_step_changed_and_names_its_systems(self) -> None:
        draft = make.draft()
        client = _client(draft.owner)
        values = {"name": "Acme Voice", "unit": draft.unit.pk, "transfer_tool": "scc"}
        refused = client.post("/vendors/new/", values)
        assert refused.status_code == 422
        assert "Say where the document of this tool is." in refused.content.decode()
        answer = client.post(f"/vendors/new/?system={draft.slug}", values | {"transfer_reference": "file 7"})
        assert answer.headers["Location"] == f"/systems/{draft.slug}/edit/vendor/"
        vendor = Vendor.objects.get(slug="acme-voice")
        step = f"/systems/{draft.slug}/edit/vendor/"
        assert client.post(step, _form(client, step) | {"vendor": vendor.pk}).status_code == 302
        assert draft.name in client.get("/vendors/acme-voice/").content.decode()
        edit = "/vendors/acme-voice/edit/"
        assert client.post(edit, _form(client, edit) | {"contact_name": "Eva"}).status_code == 302
        stranger = _client(make.person("system_owner", unit=make.unit()))
        assert stranger.get("/vendors/acme-voice/").status_code == 404
        assert "Acme" not in stranger.get("/vendors/").content.decode()


class TestReports:
    def test_a_person_without_a_role_reports_and_reads_the_answer(self) -> None:
        unit = make.unit()
        reporter, editor = _client(make.user()), _client(make.person("system_owner", unit=unit))
        form = _form(reporter, "/reported-ai/new/")
        assert "unit" not in form  # who has no role learns of no unit
        values = form | {"name": "Mood lamp", "what": "It reads faces.", "reads_emotion": "yes"}
        first = reporter.post("/reported-ai/new/", values)
        assert reporter.post("/reported-ai/new/", values).headers["Location"] == first.headers["Location"]
        report = UnlistedReport.objects.get()
        UnlistedReport.objects.update(unit=unit)
        assert _client(make.user()).get(report.get_absolute_url()).status_code == 404
        answer = editor.post(f"{report.get_absolute_url()}draft/")
        assert answer.headers["Location"] == "/systems/mood-lamp/edit/basics/"
        page = reporter.get(report.get_absolute_url()).content.decode()
        assert "Draft made" in page
        assert "a system that you may not see yet" in page
        assert reporter.post(f"{report.get_absolute_url()}draft/").status_code in (302, 403)
        assert System.objects.count() == 1


class TestKeptViews:
    def test_a_view_is_kept_linked_beaten_by_the_address_and_deleted(self) -> None:
        owner = make.person("system_owner", unit=(unit := make.unit()))
        make.system(unit=unit, name="Alpha")
        make.system(unit=unit, name="Beta")
        client = _client(owner)
        values = {
            "page": "system_list",
            "name": "Mine",
            "query": "q=Alpha&page=3&export=csv",
            "next": "/systems/",
        }
        answer = client.post("/views/save", values)
        view = SavedView.objects.get()
        assert view.query == "q=Alpha"
        assert answer.headers["Location"] == f"/systems/?view={view.pk}"
        page = client.get(f"/systems/?view={view.pk}").content.decode()
        assert "Alpha</a>" in page
        assert "Beta</a>" not in page
        page = client.get(f"/systems/?view={view.pk}&q=Beta").content.decode()
        assert "Beta</a>" in page
        assert "Alpha</a>" not in page
        export = client.get(f"/systems/?view={view.pk}&export=csv").content.decode()
        assert "Alpha" in export
        assert "Beta" not in export
        client.post("/views/save", values | {"query": "q=Beta"})
        assert SavedView.objects.get().query == "q=Beta"  # the same name again
        assert (
            client.post(f"/views/{view.pk}/delete", {"next": "https://evil.example/"}).headers["Location"]
            == "/"
        )
        assert not SavedView.objects.exists()

    def test_a_view_is_seen_by_its_owner_and_those_it_is_shared_with(self) -> None:
        unit = make.unit()
        owner, colleague = (make.person("system_owner", unit=unit) for _ in range(2))
        auditor = make.person("auditor", unit=unit)
        values = {"page": "system_list", "query": "q=x", "next": "/systems/"}
        _client(owner).post("/views/save", values | {"name": "Shared", "role": "system_owner"})
        _client(owner).post("/views/save", values | {"name": "Private"})
        _client(owner).post("/views/save", values | {"name": "Not mine to share", "role": "auditor"})
        shared, private = SavedView.objects.get(name="Shared"), SavedView.objects.get(name="Private")
        assert not SavedView.objects.filter(name="Not mine to share").exists()
        assert _client(colleague).get(f"/systems/?view={shared.pk}").status_code == 200
        assert _client(colleague).get(f"/systems/?view={private.pk}").status_code == 404
        assert _client(auditor).get(f"/systems/?view={shared.pk}").status_code == 404
        assert _client(colleague).post(f"/views/{shared.pk}/delete").status_code == 404
        assert _client(owner).get("/systems/?view=nonsense").status_code == 404

    @pytest.mark.parametrize(
        ("query", "shown"),
        [
            ("state=draft", {"Draft one"}),
            ("outcome=transparency", {"Live"}),
            ("outcome=never&state=registered", {"Bare"}),
            ("approval=in_force", {"Live"}),
            ("approval=never&state=registered", {"Bare"}),
            ("learning=no", {"Live"}),
            ("due=expiring", set()),
            ("q=bare", {"Bare"}),
        ],
    )
    def test_the_filters_of_the_list(self, query: str, shown: set[str]) -> None:
        unit = make.unit()
        owner = make.person("system_owner", unit=unit)
        live = make.described(make.system(unit=unit, owner=owner, name="Live"))
        make.approved_deployment(live)
        make.system(unit=unit, owner=owner, name="Bare")
        make.draft(unit=unit, owner=owner, name="Draft one")
        page = _client(owner).get(f"/systems/?{query}").content.decode()
        assert {name for name in ("Live", "Bare", "Draft one") if f"{name}</a>" in page} == shown


class TestFiles:
    def test_a_file_is_checked_first_and_imported_by_a_second_step(self) -> None:
        owner = make.person("system_owner", unit=(unit := make.unit()))
        client = _client(owner)
        text = b"slug,name,learning\nfresh,Fresh,no\n"
        send = {"unit": unit.pk, "file": SimpleUploadedFile("r.csv", text)}
        where = client.post("/register/import/", send).headers["Location"]
        page = client.get(where).content.decode()
        assert "1 made, 0 changed, 0 the same, 0 refused" in page
        assert not System.objects.exists()
        assert client.post(where).status_code == 302
        assert System.objects.get().learning == "no"
        assert client.get(where).headers["Location"] == "/register/import/"  # the file is gone
        wrong = client.post("/register/import/", {"unit": unit.pk, "file": io.BytesIO(b"{nonsense")})
        assert wrong.status_code == 422
        again = SimpleUploadedFile("r.csv", b"slug,name\nBad Slug,X\n")
        where = client.post("/register/import/", {"unit": unit.pk, "file": again}).headers["Location"]
        assert "lower-case" in client.get(where).content.decode()
        assert client.post(where).status_code == 409
        other = _client(make.person("system_owner", unit=make.unit()))
        assert other.get(where).status_code == 404

    def test_the_export_is_what_the_person_sees(self) -> None:
        system = make.described(make.system())
        make.system(name="Elsewhere")
        client = _client(system.owner)
        document = json.loads(client.get("/register/export/").content)
        assert [row["slug"] for row in document["systems"]] == [system.slug]
        assert client.get("/register/export/?as=csv").content.decode().count(system.slug) == 1


def _send(client: Client, method: str, path: str, body: Any = None, **headers: Any) -> Any:
    call = getattr(client, method)
    return call(f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json", **headers)


class TestApi:
    def test_a_change_names_its_state_and_a_stale_one_learns_what_changed(self) -> None:
        system = make.system(description="Old.")
        client, path = _client(system.owner), f"systems/{system.slug}"
        assert _send(client, "patch", path, {"description": "New."}).status_code == 428
        tag = client.get(f"/api/v1/{path}").headers["ETag"]
        assert _send(client, "patch", path, {"description": "Theirs."}, HTTP_IF_MATCH=tag).status_code == 200
        stale = _send(client, "patch", path, {"description": "Mine."}, HTTP_IF_MATCH=tag)
        assert stale.status_code == 412
        (row,) = stale.json()["errors"]
        assert (row["field"], row["before"], row["theirs"], row["yours"]) == (
            "description", "Old.", "Theirs.", "Mine.",
        )  # fmt: skip
        assert _send(client, "patch", path, {"description": "Mine.", "row_version": 1}).status_code == 409
        assert _send(client, "patch", path, {"description": "M"}, HTTP_IF_MATCH="rubbish").status_code == 400
        assert _send(client, "patch", path, {"colour": "red", "row_version": 2}).status_code == 422
        unknown = _send(client, "patch", path, {"vendor": "nobody", "row_version": 2, "reason": "x"})
        assert unknown.json()["errors"][0]["field"] == "vendor"

    def test_rows_of_a_record_over_rest(self) -> None:
        draft = make.draft()
        client, path = _client(draft.owner), f"systems/{draft.slug}/costs"
        row = {"year": 2027, "category": "licence", "name": "L", "amount": "10.50", "source": "contract"}
        made = _send(client, "post", path, row)
        assert made.status_code == 201, made.content
        assert made.json()["amount"] == "10.5"
        assert _send(client, "post", path, row).status_code == 409
        assert _send(client, "post", path, row | {"category": "gift"}).status_code == 422
        one = f"{path}/{made.json()['id']}"
        assert _send(client, "patch", one, {"amount": "11", "row_version": 1}).json()["row_version"] == 2
        stale = _send(client, "patch", one, {"amount": "12", "row_version": 1})
        assert (stale.status_code, stale.json()["errors"][0]["theirs"]) == (409, "11")
        assert client.delete(f"/api/v1/{one}").status_code == 204
        assert client.get(f"/api/v1/{path}").json() == []

    def test_import_export_vendors_reports_and_states_over_rest(self) -> None:
        system = make.described(make.system())
        client, unit = _client(system.owner), system.unit
        document = client.get("/api/v1/register/export").json()
        done = _send(client, "post", f"register/import?unit={unit.path}&dry_run=true", document)
        assert (done.status_code, done.json()["counts"]["same"]) == (200, 2)
        document["systems"][0]["slug"] = "Not A Slug"
        refused = _send(client, "post", f"register/import?unit={unit.path}", document)
        assert (refused.status_code, refused["Content-Type"]) == (422, "application/problem+json")
        assert [row["field"] for row in refused.json()["errors"]] == ["systems[0].slug"]
        for wrong, code in (("", "unknown"), ("/nowhere/", "unknown")):
            nowhere = _send(client, "post", f"register/import?unit={wrong}", document)
            assert [(row["field"], row["code"]) for row in nowhere.json()["errors"]] == [("unit", code)]
        vendor = client.get("/api/v1/vendors").json()["results"][0]
        changed = _send(
            client, "patch", f"vendors/{vendor['slug']}", {"contact_name": "Eva", "row_version": 1}
        )
        assert changed.json()["contact_name"] == "Eva"
        said = client.get(f"/api/v1/systems/{system.slug}/revisions/compare?from=1&to=3").json()
        assert {row["field"] for row in said} >= {"Vendor", "Learns in production"}
        listed = client.get(f"/api/v1/systems/{system.slug}/revisions").json()["results"]
        assert listed[-1]["act"] == "register.system_registered"
        report = _send(
            client, "post", "ai-reports", {"name": "Lamp", "what": "It blinks.", "unit": unit.path}
        )
        assert report.status_code == 201, report.content
        path = f"ai-reports/{report.json()['id']}"
        answered = _send(client, "post", f"{path}/answer", {"outcome": "draft_made", "system": "lamp"})
        assert answered.json()["state"] == "draft_made"
        assert client.get("/api/v1/systems/lamp").json()["state"] == "draft"

    def test_an_export_is_the_document_of_the_service(self) -> None:
        system = make.described(make.system())
        over_rest = _client(system.owner).get("/api/v1/register/export").json()
        direct = json.loads(json.dumps(exchange.export(system.owner)))
        assert {**over_rest, "exported_at": ""} == {**direct, "exported_at": ""}


def test_pages_cost_the_same_number_of_queries_for_few_and_many_rows(
    django_assert_max_num_queries: Any,
) -> None:
    system = make.described(make.system())
    client = _client(system.owner)
    for path in ("", "edit/", "edit/hand-overs/", "history/", "history/compare/"):
        client.get(f"/systems/{system.slug}/{path}")
    from governance.registry import parts

    for n in range(6):
        parts.add_part(
            system=system, kind="hand_over", by=system.owner, name=f"Point {n}", trigger="T", to_whom="W",
            within_minutes=n,
        )  # fmt: skip
    for path, most in (
        ("", 45),
        ("edit/", 25),
        ("edit/hand-overs/", 25),
        ("history/", 25),
        ("history/compare/", 20),
    ):
        with django_assert_max_num_queries(most):
            assert client.get(f"/systems/{system.slug}/{path}").status_code == 200
    with django_assert_max_num_queries(25):
        assert client.get("/register/export/").status_code == 200
