"""The pages of register, law, review and findings: the path as people click it, and who is turned away."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.findings.models import Finding
from governance.findings.services import open_finding
from governance.registry.models import System
from governance.review import changes, services
from governance.review.models import DeploymentRequest
from tests import make

pytestmark = pytest.mark.django_db

FLOW = {
    "name": "Chat with customers",
    "slug": "",
    "modality": "text",
    "subject_role": "customer",
    "setting": "self_service",
    "purpose": "service",
    "output": "emotion",
    "consequence": "reply",
    "recipient": "system",
    "q_exploits_vulnerability": "no",
    "q_sells_on_distress": "no",
}


ROWS = {"conditions-TOTAL_FORMS": "1", "conditions-INITIAL_FORMS": "0"}


def _client(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _form(client: Client, url: str) -> dict[str, Any]:
    """What the form of a page would send unchanged."""
    form = client.get(url).context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value is not None}


def _register(client: Client, unit: Any, owner: Any) -> System:
    """Begin a draft on the page, and describe what the next steps ask for."""
    answer = client.post(
        "/systems/new/",
        {
            "name": "Chatbot Linde",
            "slug": "",
            "unit": unit.pk,
            "owner": owner.pk,
            "description": "Answers customers.",
        },
    )
    assert answer.status_code == 302, answer.content.decode()
    system = System.objects.get(slug="chatbot-linde")
    assert answer.headers["Location"] == f"/systems/{system.slug}/edit/vendor/"
    base = f"/systems/{system.slug}/edit/"
    for step, values in (
        ("basics", {"provider_role": "both"}),
        ("labels", {"labels": "anger = anger\njoy = joy\nneutral", "dimensions": "language: nl, en"}),
        ("languages", {"languages": "nl, en"}),
        ("learning", {"learning": "no"}),
        ("strategies", {"strategies": ["hand_over"]}),
    ):
        answer = client.post(f"{base}{step}/", _form(client, f"{base}{step}/") | values | {"onward": "1"})
        assert answer.status_code == 302, answer.content.decode()
    refused = client.post(f"/systems/{system.slug}/register/")
    assert refused.status_code == 422
    assert "Some labels are not mapped" in refused.content.decode()
    labels = {"labels": "anger = anger\njoy = joy\nneutral = neutral"}
    assert client.post(f"{base}labels/", _form(client, f"{base}labels/") | labels).status_code == 302
    for kind, row in (
        ("use-cases", {"name": "Chat", "audience": "customers", "setting": "self_service", "purpose": "service",
                       "prohibited": "Never for offers."}),
        ("hand-overs", {"name": "Anger", "trigger": "Twice.", "to_whom": "A colleague", "within_minutes": "2"}),
        ("units", {"unit": unit.pk}),
        *(("contacts", {"role": role, "person": owner.pk}) for role in ("business", "technical", "privacy")),
        ("goals", {"statement": "Heard.", "kpi": "csat", "direction": "at_least", "target": "0.8",
                   "due_on": "2027-01-01"}),
    ):  # fmt: skip
        answer = client.post(f"/systems/{system.slug}/{kind}/new/", row)
        assert answer.status_code == 302, answer.content.decode()
    system.refresh_from_db()
    return system


def test_from_registration_to_a_deployment_by_pages() -> None:
    unit = make.unit()
    owner = make.person("system_owner", unit=unit)
    board, members = make.board_with_members(unit)
    client = _client(owner)

    system = _register(client, unit, owner)
    assert system.label_map == {"anger": "anger", "joy": "joy", "neutral": "neutral"}
    assert system.dimensions == {"language": ["nl", "en"]}
    assert "Chatbot Linde" in client.get("/systems/").content.decode()

    answer = client.post(
        f"/systems/{system.slug}/versions/new/",
        {"name": "1.0", "model": "m", "released_on": "2026-01-01", "notes": ""},
    )
    assert answer.status_code == 302
    answer = client.post(f"/systems/{system.slug}/flows/new/", FLOW, follow=True)
    page = answer.content.decode()
    assert "AI Act, Art\u00a050(1)" in page
    assert "Not legal advice" in page
    assert "Sign this outcome" not in page  # the owner does not sign
    assert client.post(f"/systems/{system.slug}/register/").status_code == 302
    system.refresh_from_db()
    assert system.state == "registered"

    officer = _client(make.person("data_protection_officer", unit=unit))
    flow = system.flows.get()
    page = officer.get(flow.get_absolute_url()).content.decode()
    assert "Sign this outcome" in page
    assert officer.post(f"/screenings/{flow.screenings.get().pk}/sign/").status_code == 302

    version = system.versions.get()
    answer = client.post(
        f"/systems/{system.slug}/request/",
        {
            "version": version.pk,
            "flows": [flow.pk],
            "board": board.pk,
            "summary": "May the chatbot read the mood of customers?",
            "alternatives": "A button 'I am not happy'.",
            "consulted": "Works council.",
            "doubts": "",
            "valid_months": "12",
        },
    )
    request = DeploymentRequest.objects.get()
    assert answer.headers["Location"] == request.get_absolute_url()
    assert _client(members[0]).get(request.get_absolute_url()).status_code == 404  # a draft of somebody else
    assert client.post(f"{request.get_absolute_url()}submit/").status_code == 409
    assert "(DPIA) is needed" in client.get(request.get_absolute_url()).content.decode()
    (assessment,) = make.assessed(system)
    assert client.post(f"{request.get_absolute_url()}submit/").status_code == 409
    page = client.get(request.get_absolute_url()).content.decode()
    assert f'have it approved first. <a href="/systems/{system.slug}/consent/">' in page
    assert "(DPIA) is needed" not in page
    make.policy(system)
    assert client.post(f"{request.get_absolute_url()}submit/").status_code == 302
    assert client.post(f"{request.get_absolute_url()}submit/").status_code == 302  # double click
    assert assessment.get_absolute_url() in client.get(request.get_absolute_url()).content.decode()

    page = client.get(request.get_absolute_url()).content.decode()
    assert "You made this request" in page
    assert 'name="choice"' not in page
    for number, member in enumerate(members):
        voter = _client(member)
        page = voter.get(request.get_absolute_url()).content.decode()
        assert f"{number} of at least 3 votes are in" in page
        assert "Lawful and useful" not in page  # hidden until closed
        empty = {"choice": "approve", "reason": "", **ROWS}
        assert voter.post(request.get_absolute_url(), empty).status_code == 422
        vote = {"choice": "approve", "reason": "Lawful and useful.", **ROWS}
        assert voter.post(request.get_absolute_url(), vote).status_code == 302
    page = client.get(request.get_absolute_url()).content.decode()
    assert "Lawful and useful" in page
    assert "3 for, 0 against, 0 abstained" in page
    for tab in ("", "flows/", "approvals/", "history/"):
        assert client.get(f"{system.get_absolute_url()}{tab}").status_code == 200
    assert "In force" in client.get(f"{system.get_absolute_url()}approvals/").content.decode()


def test_a_condition_by_page() -> None:
    system = make.system()
    board, members = make.board_with_members(system.unit)
    request = services.create_request(
        system=system,
        flows=[make.flow(system)],
        version=system.versions.get(),
        summary="May we?",
        board=board,
        by=system.owner,
    )
    make.complete(system)
    services.submit(request=request, by=system.owner)
    url = request.get_absolute_url()
    voter = _client(members[0])
    vote = {"choice": "conditions", "reason": "Yes, if.", "conditions-0-text": "Train the agents.", **ROWS}
    answer = voter.post(url, vote)
    assert answer.status_code == 409
    assert "A condition needs" in answer.content.decode()
    due = (timezone.localdate() + dt.timedelta(days=20)).isoformat()
    vote |= {"conditions-0-owner": system.owner.pk, "conditions-0-due_on": due}
    more = voter.post(url, vote | {"more": "1"})
    assert more.status_code == 200
    assert more.content.decode().count("Train the agents.") == 1  # kept, and one row more
    assert 'name="conditions-1-text"' in more.content.decode()
    vote |= {"conditions-TOTAL_FORMS": "2", "conditions-1-text": "Show the figures."}
    vote |= {"conditions-1-owner": system.owner.pk, "conditions-1-due_on": due}
    vote |= {"conditions-1-accepted_by": "ethics"}
    assert voter.post(url, vote).status_code == 302
    for member in members[1:]:
        services.cast_vote(request=request, choice="approve", reason="Yes.", by=member)
    first, second = request.conditions.order_by("text").reverse()
    assert (first.accepted_by_seat.discipline, second.accepted_by_seat.discipline) == ("legal", "ethics")
    owner, path = _client(system.owner), f"/conditions/{first.pk}"
    assert f"{path}/evidence/" in owner.get(url).content.decode()
    chair = _client(make.person("board_chair", unit=system.unit))
    assert f"{path}/evidence/" in chair.get(url).content.decode()  # for an owner who is gone
    assert f"{path}/evidence/" not in voter.get(url).content.decode()
    assert owner.post(f"{path}/evidence/", {"evidence": "Planned."}).status_code == 302
    assert f"{path}/answer/" not in owner.get(url).content.decode()
    assert owner.post(f"{path}/answer/", {"said": "accept"}).status_code == 403
    assert f"{path}/answer/" in voter.get(url).content.decode()
    assert voter.post(f"{path}/answer/", {"said": "send_back", "answer": ""}).status_code == 409
    assert voter.post(f"{path}/answer/", {"said": "send_back", "answer": "A plan."}).status_code == 302
    assert owner.post(f"{path}/evidence/", {"evidence": "12 records."}).status_code == 302
    assert voter.post(f"{path}/answer/", {"said": "accept", "answer": ""}).status_code == 302
    page = owner.get(url).content.decode()
    assert "Fulfilled" in page
    assert "Sent back" in page


def test_suspending_needs_the_typed_name_and_a_reason() -> None:
    system = make.system()
    deployment = make.approved_deployment(system)
    chair = _client(make.person("board_chair", unit=system.unit))
    url = f"{deployment.get_absolute_url()}suspend/"
    assert chair.post(url, {"reason": "Complaints.", "confirm": "wrong"}).status_code == 422
    assert chair.post(url, {"reason": "", "confirm": system.slug}).status_code == 422
    assert chair.post(url, {"reason": "Complaints.", "confirm": system.slug}).status_code == 302
    deployment.refresh_from_db()
    assert deployment.state == "suspended"
    page = chair.get(deployment.get_absolute_url()).content.decode()
    assert "Complaints." in page
    assert "Ask the board to reinstate" not in page
    again = f"{deployment.get_absolute_url()}reinstate/"
    assert chair.post(again, {"summary": "Solved."}).status_code == 403
    owner = _client(system.owner)
    assert owner.get(url).status_code == 403
    answer = owner.post(again, {"summary": "Solved."}, follow=True)
    assert "Put back what was stopped" in answer.content.decode()
    assert owner.post(again, {"summary": "Solved."}).status_code == 409


@pytest.mark.parametrize("role", ["board_chair", "data_protection_officer", "supervisor"])
def test_any_overseer_stops_with_one_click_and_a_reason(role: str) -> None:
    system = make.system()
    deployment = make.approved_deployment(system)
    overseer, url = _client(make.person(role, unit=system.unit)), deployment.get_absolute_url()
    assert "Emergency stop" in overseer.get(url).content.decode()
    assert overseer.post(f"{url}stop/", {"reason": " "}).status_code == 409
    assert overseer.post(f"{url}stop/", {"reason": "It mocks people."}).status_code == 302
    deployment.refresh_from_db()
    assert (deployment.state, deployment.reason) == ("suspended", "It mocks people.")
    assert "Emergency stop" not in _client(system.owner).get(url).content.decode()


def test_one_flow_is_stopped_and_put_back_by_page() -> None:
    system = make.system()
    deployment = make.approved_deployment(
        system, [make.flow(system, slug="chat"), make.flow(system, slug="mail")]
    )
    url = f"{deployment.get_absolute_url()}flows/chat/"
    chair = _client(make.person("board_chair", unit=system.unit))
    assert chair.post(f"{url}stop/", {"reason": ""}).status_code == 422
    assert chair.post(f"{url}stop/", {"reason": "Undeclared voice."}).status_code == 302
    page = chair.get(deployment.get_absolute_url())
    assert [(item["flow"].slug, item["now"]) for item in page.context["flows"]] == [
        ("chat", False),
        ("mail", True),
    ]
    assert "Undeclared voice." in page.content.decode()
    assert chair.post(f"{url}reinstate/", {"summary": "Declared now."}).status_code == 403
    owner = _client(system.owner)
    assert owner.post(f"{url}reinstate/", {"summary": "Declared now."}).status_code == 302
    request = DeploymentRequest.objects.get(kind="reinstatement")
    make.complete(request.system)
    services.submit(request=request, by=system.owner)
    make.votes(request)
    assert all(item["now"] for item in chair.get(deployment.get_absolute_url()).context["flows"])


def test_a_stale_page_does_not_overwrite() -> None:
    system = make.system()
    flow = make.flow(system)
    client = _client(system.owner)
    url = f"{flow.get_absolute_url()}edit/"
    assert client.get(url).status_code == 200
    changes.change_flow(flow=flow, by=system.owner, expected_version=1, name="Meanwhile")
    answer = client.post(url, {**FLOW, "row_version": "1", "reason": "Better name."})
    assert answer.status_code == 409
    assert "Somebody saved a change" in answer.content.decode()
    flow.refresh_from_db()
    assert flow.name == "Meanwhile"
    assert client.post(url, {**FLOW, "row_version": "2", "reason": "Better name."}).status_code == 302
    flow.refresh_from_db()
    assert flow.name == FLOW["name"]


def test_changing_a_system_voids_where_material() -> None:
    system = make.system()
    deployment = make.approved_deployment(system)
    client = _client(system.owner)
    url = f"{system.get_absolute_url()}edit/basics/"
    values = _form(client, url) | {"description": "Reads moods of messages."}
    assert client.post(url, values).status_code == 302
    deployment.refresh_from_db()
    assert deployment.state == "in_force"
    url = f"{system.get_absolute_url()}edit/labels/"
    values = _form(client, url) | {"labels": "anger = anger"}
    refused = client.post(url, values)
    assert refused.status_code == 422
    assert "Say why" in refused.content.decode()
    assert client.post(url, values | {"reason": "Simpler."}).status_code == 302
    deployment.refresh_from_db()
    assert deployment.state == "voided"


def test_an_open_question_shows_on_the_flow() -> None:
    system = make.system()
    flow = make.flow(system, facts={}, signed=False)
    page = _client(system.owner).get(flow.get_absolute_url()).content.decode()
    assert "On hold" in page
    assert "Open questions" in page
    assert "Answer them" in page


def test_the_preview_says_what_is_missing_and_saves_nothing() -> None:
    system = make.system()
    url = f"{system.get_absolute_url()}flows/preview/"
    client = _client(system.owner)
    page = client.post(url, {**FLOW, "q_sells_on_distress": ""}).content.decode()
    assert "Still to be answered" in page
    assert "because the person is upset" in page
    assert "Transparency duties" in client.post(url, FLOW).content.decode()
    assert not system.flows.exists()
    assert _client(make.person("auditor", unit=system.unit)).post(url, FLOW).status_code == 403
    assert _client(make.person("system_owner", unit=make.unit())).post(url, FLOW).status_code == 404


def test_dutch_reasons_come_from_the_catalogue() -> None:
    system = make.system()
    flow = make.flow(system)
    system.owner.language = "nl"
    system.owner.save()
    assert "Mensen praten met een AI" in _client(system.owner).get(flow.get_absolute_url()).content.decode()


def test_findings_and_their_actions() -> None:
    system = make.system()
    finding = open_finding(
        system=system,
        check="audit:accuracy",
        severity="high",
        title="Too often wrong",
        detail="",
        source="test:1",
    )
    client = _client(system.owner)
    assert "Too often wrong" in client.get("/findings/").content.decode()
    export = client.get("/findings/?state=open&export=csv")
    assert "Too often wrong" in export.content.decode("utf-8-sig")
    url = finding.get_absolute_url()
    due = {"text": "Retrain.", "owner": system.owner.pk, "due_on": "2026-12-31"}
    assert client.post(f"{url}actions/new/", due).status_code == 302
    answer = client.post(f"{url}clear/", {"reason": "Retrained."})
    assert answer.status_code == 409
    assert "corrective action is still open" in answer.content.decode()
    action = finding.actions.get()
    assert client.post(f"/actions/{action.pk}/done/", {"evidence": "Audit 12."}).status_code == 302
    assert client.post(f"{url}clear/", {"reason": "Retrained."}).status_code == 302
    assert Finding.objects.get().state == "cleared"
    auditor = _client(make.person("auditor", unit=system.unit))
    assert "Retrained." in auditor.get(url).content.decode()
    assert auditor.get(f"{url}clear/").status_code == 403


def test_boards_by_page() -> None:
    unit = make.unit()
    admin = _client(make.person("administrator", unit=unit))
    answer = admin.post(
        "/boards/new/",
        {
            "name": "Ethics",
            "unit": unit.pk,
            "quorum": "3",
            "majority": "simple",
            "vote_days": "21",
            "casting_vote": "on",
        },
    )
    url = answer.headers["Location"]
    assert admin.get(url).context["board"].casting_vote
    rule = {"quorum": "4", "majority": "two_thirds", "required": [], "reason": "More eyes.", "row_version": 1}
    assert admin.post(f"{url}rules/minimal/", rule).status_code == 302
    assert admin.post(f"{url}rules/none/", rule).status_code == 404
    settings = {"vote_days": "7", "members_return": "on", "reason": "Faster.", "row_version": 1}
    assert admin.post(f"{url}edit/", settings).status_code == 302
    board = admin.get(url).context["board"]
    assert (board.vote_days, board.members_return, board.casting_vote) == (7, True, False)
    assert board.rules.get(risk="minimal").quorum == 4
    assert (
        admin.post(f"{url}seats/new/", {"discipline": "affected_business", "required": "on"}).status_code
        == 302
    )
    page = admin.get(url).content.decode()
    assert "advises" in page
    seat = admin.get(url).context["seats"][0]["seat"]
    person = make.person("board_member", unit=unit)
    today = timezone.localdate().isoformat()
    assert (
        admin.post(f"/seats/{seat.pk}/members/new/", {"user": person.pk, "starts_on": today}).status_code
        == 302
    )
    assert person.name in admin.get("/boards/").content.decode()
    again = admin.post(f"/seats/{seat.pk}/members/new/", {"user": person.pk, "starts_on": today})
    assert again.status_code == 409
    member = seat.memberships.get()
    assert admin.post(f"/memberships/{member.pk}/end/", {"reason": "Moved."}).status_code == 302
    assert _client(person).get("/boards/new/").status_code == 403


def test_a_board_above_is_seen_from_the_units_it_decides_for() -> None:
    organisation = make.unit()
    below = make.unit(parent=organisation)
    board, _members = make.board_with_members(organisation)
    owner = _client(make.person("system_owner", unit=below))
    assert board.name in owner.get("/boards/").content.decode()
    assert owner.get(board.get_absolute_url()).status_code == 200
    assert (
        _client(make.person("system_owner", unit=make.unit())).get(board.get_absolute_url()).status_code
        == 404
    )


def test_outsiders_find_nothing() -> None:
    system = make.system()
    flow = make.flow(system)
    deployment = make.approved_deployment(system, [flow])
    finding = open_finding(system=system, check="x", severity="low", title="T", detail="", source="test:1")
    outsider = _client(make.person("system_owner", unit=make.unit()))
    auditor = _client(make.person("auditor", unit=make.unit()))
    for url in (
        system.get_absolute_url(),
        f"{system.get_absolute_url()}edit/",
        f"{system.get_absolute_url()}flows/",
        f"{system.get_absolute_url()}approvals/",
        f"{system.get_absolute_url()}history/",
        f"{system.get_absolute_url()}request/",
        flow.get_absolute_url(),
        deployment.get_absolute_url(),
        deployment.request.get_absolute_url(),
        finding.get_absolute_url(),
    ):
        assert outsider.get(url).status_code == 404, url
        assert auditor.get(url).status_code == 404, url
        assert Client().get(url).status_code == 302, url
    assert system.name not in outsider.get("/systems/").content.decode()
    assert outsider.post(f"/screenings/{flow.screenings.get().pk}/sign/").status_code in (403, 404)


def test_an_auditor_reads_and_changes_nothing() -> None:
    system = make.system()
    flow = make.flow(system)
    auditor = _client(make.person("auditor", unit=system.unit))
    for tab in ("", "flows/", "approvals/", "history/"):
        assert auditor.get(f"{system.get_absolute_url()}{tab}").status_code == 200
    for url in ("edit/", "edit/basics/", "versions/new/", "goals/new/", "flows/new/", "request/"):
        assert auditor.get(f"{system.get_absolute_url()}{url}").status_code == 403
        assert auditor.post(f"{system.get_absolute_url()}{url}").status_code in (403, 405)
    assert auditor.get(f"{flow.get_absolute_url()}edit/").status_code == 403
    assert auditor.post(f"{flow.get_absolute_url()}rescreen/").status_code == 403
    assert _client(system.owner).post(f"{flow.get_absolute_url()}rescreen/").status_code == 302
    assert auditor.get("/law/").status_code == 200


def test_the_list_is_few_queries(django_assert_max_num_queries: Any) -> None:
    unit = make.unit()
    for _n in range(5):
        make.flow(make.system(unit=unit), signed=False)
    client = _client(make.person("auditor", unit=unit))
    client.get("/systems/")
    with django_assert_max_num_queries(15):
        assert client.get("/systems/").content.decode().count("Transparency duties</span>") == 5


def test_a_file_goes_back_with_questions_and_comes_again_by_page() -> None:
    system = make.system()
    board, members = make.board_with_members(system.unit)
    flow = make.flow(system)
    values = {"flows": [flow], "version": system.versions.get(), "summary": "May we?", "board": board}
    request = services.create_request(system=system, by=system.owner, **values)
    make.complete(request.system)
    services.submit(request=request, by=system.owner)
    url, owner, member = request.get_absolute_url(), _client(system.owner), _client(members[0])
    chair = _client(make.person("board_chair", unit=system.unit))
    assert member.post(f"{url}return/", {"questions": "Why?"}).status_code == 403
    assert chair.post(f"{url}return/", {"questions": ""}).status_code == 422
    assert chair.post(f"{url}return/", {"questions": "Why not a button?"}).status_code == 302
    page = owner.get(url).content.decode()
    assert "The board has questions" in page
    assert "Why not a button?" in page
    fields = {"version": request.version_id, "flows": [flow.pk], "summary": "May we, with a button too?"}
    request.refresh_from_db()
    fields |= {"valid_months": "12", "row_version": request.row_version}
    assert owner.post(f"{url}edit/", fields).status_code == 302
    other = fields | {"summary": "Something else?"}
    stale = owner.post(f"{url}edit/", other)  # the same page, saved a second time
    assert stale.status_code == 409
    text = stale.content.decode()
    assert "What changed meanwhile" in text and "<ins>May we, with a button too?</ins>" in text
    assert stale.context["form"]["summary"].value() == "Something else?", "what was typed is still there"
    again = other | {"row_version": stale.context["form"]["row_version"].value()}
    assert owner.post(f"{url}edit/", again | {"summary": fields["summary"]}).status_code == 302, (
        "and can be saved"
    )
    assert owner.post(f"{url}answer/", {"answer": "The button stays."}).status_code == 302
    assert owner.post(f"{url}answer/", {"answer": "The button stays."}).status_code == 302  # double click
    assert request.rounds.count() == 2
    page = member.get(url).content.decode()
    assert "The button stays." in page
    assert "with a button too" in page
    paper = member.get(f"{url}paper/").content.decode()
    for text in (
        "The question",
        "What is read",
        "Of whom, where",
        "The law",
        "Who was consulted",
        "Open doubts",
    ):
        assert text in paper


def test_the_board_discusses_by_page_and_markdown_does_no_harm() -> None:
    system = make.system()
    board, members = make.board_with_members(system.unit)
    values = {
        "flows": [make.flow(system)],
        "version": system.versions.get(),
        "summary": "May we?",
        "board": board,
    }
    request = services.create_request(system=system, by=system.owner, **values)
    make.complete(request.system)
    services.submit(request=request, by=system.owner)
    url, member = request.get_absolute_url(), _client(members[0])
    text = "**Bold** <script>alert(1)</script> [x](javascript:alert(1)) ![i](http://elsewhere.example/i.png)"
    assert member.post(f"{url}comments/", {"text": text}).status_code == 302
    page = member.get(url).content.decode()
    assert "<strong>Bold</strong>" in page
    assert "<script>alert(1)" not in page
    assert "javascript:alert" not in page.replace("[x](javascript:alert(1))", "")
    assert 'src="http://elsewhere.example' not in page  # what would load becomes a link
    said = request.comments.get()
    assert f"/comments/{said.pk}/edit/" in page
    assert member.post(f"/comments/{said.pk}/edit/", {"text": "Plain.", "row_version": 1}).status_code == 302
    assert member.post(f"{url}comments/", {"text": "And?", "parent": str(said.pk)}).status_code == 302
    assert member.post(f"{url}minutes/", {"text": "We met.", "row_version": 0}).status_code == 403
    board.seats.first().memberships.update(secretary=True)
    keeper = board.seats.first().memberships.get().user
    assert _client(keeper).post(f"{url}minutes/", {"text": "We *met*.", "row_version": 0}).status_code == 302
    assert "We <em>met</em>." in member.get(url).content.decode()
    outsider = _client(make.person("manager", unit=system.unit))
    assert outsider.post(f"{url}comments/", {"text": "Me too."}).status_code == 403


def test_the_works_council_answers_by_page() -> None:
    system = make.system()
    workers = {"subject_role": "employee", "setting": "workplace"}
    flow = make.flow(system, signed=False, name="Check-ins", **workers)
    owner, council = _client(system.owner), _client(make.person("works_council", unit=system.unit))
    today = timezone.localdate().isoformat()
    asked = {"flows": [flow.pk], "question": "May we?", "documents": "WC-1", "informed_on": today}
    new = f"{system.get_absolute_url()}works-council/new/"
    assert owner.post(new, asked | {"documents": ""}).status_code == 422
    url = owner.post(new, asked).headers["Location"]
    assert "Record an answer" not in owner.get(url).content.decode()
    assert owner.post(url, {"act": "consent", "answered_on": today}).status_code == 403
    assert "does not allow going live" in council.get(url).content.decode()
    assert council.post(url, {"act": "consent_if", "answered_on": today, "reason": ""}).status_code == 409
    assert council.post(url, {"act": "consent", "answered_on": today}).status_code == 302
    assert "Going live is allowed" in council.get(url).content.decode()
    assert "Check-ins" in owner.get(f"{system.get_absolute_url()}approvals/").content.decode()


def test_the_paper_of_a_re_approval_shows_only_what_differs() -> None:
    system = make.system()
    flow = make.flow(system, name="Chat")
    make.approved_deployment(system, [flow])
    changes.change_flow(
        flow=flow,
        by=system.owner,
        expected_version=1,
        reason="Busy lines.",
        consequence="routing",
        recipient="operator",
    )
    draft = DeploymentRequest.objects.get(kind="reapproval")
    answer = _client(system.owner).get(draft.get_absolute_url())
    rows = {row["field"]: (row["before"], row["after"]) for row in answer.context["differences"]}
    assert all(field.startswith("Data flow · Chat · ") for field in rows)
    assert ("The answer is adapted", "The conversation is handed over or given priority") in rows.values()
    assert all(before != after for before, after in rows.values())
    assert "What differs from what was approved last" in answer.content.decode()


def test_the_page_of_a_request_takes_the_same_queries_however_much_was_said() -> None:
    system = make.system()
    board, members = make.board_with_members(system.unit, ("legal", "ethics", "technology", "hr"))
    chair, owner = make.person("board_chair", unit=system.unit), system.owner
    values = {
        "flows": [make.flow(system)],
        "version": system.versions.get(),
        "summary": "May we?",
        "board": board,
    }
    request = services.create_request(system=system, by=owner, **values)
    make.complete(request.system)
    services.submit(request=request, by=owner)

    def more() -> int:
        """One round, with a vote, a comment and an answer, and then how many queries the page takes."""
        said = services.comment(request=request, text="Is it clear?", by=members[1])
        services.comment(request=request, text="Yes.", by=members[2], parent=said)
        services.cast_vote(request=request, choice="reject", reason="No.", by=members[0])
        services.return_request(request=request, questions="Why?", by=chair)
        services.resubmit(request=request, answer="So.", by=owner)
        client = _client(members[3])
        client.get(request.get_absolute_url())
        with CaptureQueriesContext(connection) as caught:
            assert client.get(request.get_absolute_url()).status_code == 200
        return len(caught)

    first = more()
    more()
    assert more() == first
    assert first < 75
