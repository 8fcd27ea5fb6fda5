"""The register, the law, review and findings over REST: the path, refusals, keys."""

import datetime as dt
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from governance.findings.services import open_finding
from governance.registry.models import System
from governance.review import changes, services
from governance.review.models import Deployment
from portal.accounts.services import create_unit
from tests import make

pytestmark = pytest.mark.django_db

FLOW = {
    "slug": "chat",
    "name": "Chat",
    "modality": "text",
    "subject_role": "customer",
    "setting": "self_service",
    "purpose": "service",
    "output": "emotion",
    "consequence": "reply",
    "recipient": "system",
    "facts": {"exploits_vulnerability": "no", "sells_on_distress": "no"},
}


def _client(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _post(client: Client, path: str, body: Any = None, **headers: Any) -> Any:
    return client.post(f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json", **headers)


def _complete(owner: Client, unit: Any) -> None:
    """What the draft lacks, by the calls of a client that reads what is missing."""
    missing = _post(owner, "systems/bot/register")
    assert missing.status_code == 422
    fields = {row["field"] for row in missing.json()["errors"]}
    assert {"learning", "strategies", "use_case", "hand_over", "goal"} <= fields
    tag = owner.get("/api/v1/systems/bot").headers["ETag"]
    answer = owner.patch(
        "/api/v1/systems/bot",
        json.dumps(
            {"learning": "no", "strategies": ["hand_over"], "label_map": {"joy": "joy", "anger": "anger"}}
        ),
        content_type="application/json",
        HTTP_IF_MATCH=tag,
    )
    assert answer.status_code == 200, answer.content
    email = str(getattr(answer.wsgi_request.user, "email", ""))
    for path, row in (
        ("use-cases", {"name": "Chat", "audience": "customers", "setting": "self_service", "purpose": "service",
                       "prohibited": "Never for offers."}),
        ("hand-overs", {"name": "Anger", "trigger": "Twice.", "to_whom": "A colleague", "within_minutes": 2}),
        ("units", {"unit": unit.path}),
        *(("contacts", {"role": role, "person": email}) for role in ("business", "technical", "privacy")),
        ("goals", {"statement": "Heard.", "kpi": "csat", "direction": "at_least", "target": "0.8",
                   "due_on": "2027-01-01"}),
    ):  # fmt: skip
        answer = _post(owner, f"systems/bot/{path}", row)
        assert answer.status_code == 201, answer.content
    registered = _post(owner, "systems/bot/register")
    assert registered.json()["state"] == "registered", registered.content


def test_from_registration_to_a_deployment_over_rest() -> None:
    unit = make.unit()
    owner = _client(make.person("system_owner", unit=unit))
    board, members = make.board_with_members(unit)
    system = {
        "slug": "bot",
        "name": "Bot",
        "description": "Answers.",
        "unit": unit.slug,
        "provider_role": "both",
        "labels": ["joy", "anger"],
        "label_map": {"joy": "joy"},
        "languages": ["nl"],
    }
    answer = _post(owner, "systems", system)
    assert answer.status_code == 201, answer.content
    assert answer.headers["Location"] == "/api/v1/systems/bot"
    assert _post(owner, "systems", system).status_code == 409
    for parent in (unit, make.unit(parent=unit)):
        create_unit(name="Twin", parent=parent, by="system")
    refused = _post(owner, "systems", {**system, "slug": "other", "unit": "twin"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "ambiguous")
    assert _post(owner, "systems/bot/versions", {"name": "1", "released_on": "2026-01-01"}).status_code == 201
    answer = _post(owner, "systems/bot/flows", FLOW)
    assert answer.json()["outcome"] == "transparency"
    _complete(owner, unit)

    officer = _client(make.person("data_protection_officer", unit=unit))
    (screening,) = officer.get("/api/v1/systems/bot/screenings").json()
    assert screening["notice"] == "This is not legal advice."
    assert screening["articles"] == ["AI Act, Art 50(1)"]
    assert _post(owner, f"screenings/{screening['id']}/sign").status_code == 403
    assert _post(officer, f"screenings/{screening['id']}/sign").json()["valid_until"]

    asked = {"system": "bot", "version": "1", "flows": ["chat"], "summary": "May we?"}
    wrong = _post(owner, "requests", asked | {"flows": ["chat", "other"]})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "flows"
    answer = _post(owner, "requests", asked)
    name = "Data protection impact assessment (DPIA)"
    nothing = {"field": "flows", "flow": "", "assessment": "", "goal": "", "vendor": ""}
    assert answer.json()["problems"] == [
        nothing | {"code": "not_assessed", "assessment": name},
        nothing | {"code": "no_policy", "field": "policy"},
    ]
    refused = _post(owner, f"requests/{answer.json()['id']}/submit")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:attune:problem:not_assessed")
    make.assessed(System.objects.get(slug="bot"))
    refused = _post(owner, f"requests/{answer.json()['id']}/submit")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:attune:problem:no_policy")
    assert refused.json()["errors"][0]["field"] == "policy"
    make.complete(System.objects.get(slug="bot"))
    answer = _post(owner, "requests", asked)
    assert answer.status_code == 201
    path = f"requests/{answer.json()['id']}"
    assert answer.json()["problems"] == []
    submitted = _post(owner, f"{path}/submit").json()
    assert submitted["state"] == "in_review"
    assert len(submitted["digest"]) == 64
    assert _post(owner, f"{path}/submit").status_code == 409

    vote = {"choice": "approve", "reason": "Lawful."}
    refused = _post(owner, f"{path}/votes", vote)
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:attune:problem:cannot_vote"
    assert "own request" in refused.json()["detail"]
    for member in members:
        answer = _post(_client(member), f"{path}/votes", vote, HTTP_IDEMPOTENCY_KEY="vote-1")
        assert answer.status_code == 201
        assert _post(_client(member), f"{path}/votes", vote, HTTP_IDEMPOTENCY_KEY="vote-1").status_code == 201
        shown = owner.get(f"/api/v1/{path}").json()
        assert (shown["votes"] == []) == (shown["state"] == "in_review")
    assert shown["state"] == "approved"
    assert shown["deployment"]["state"] == "in_force"
    assert len(shown["votes"]) == 3
    assert Deployment.objects.get().request.board == board


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"modality": "smell"}, "modality"),
        ({"slug": "Not a slug"}, "slug"),
        ({"facts": {"legal_sign_off": "perhaps"}}, "facts"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_malformed_flow_is_refused_by_field(change: dict[str, Any], field: str) -> None:
    system = make.system()
    answer = _post(_client(system.owner), f"systems/{system.slug}/flows", FLOW | change)
    assert answer.status_code == 422
    assert field in {row["field"] for row in answer.json()["errors"]}
    assert not system.flows.exists()


def test_a_key_reads_its_own_system_and_writes_nothing() -> None:
    system, other = make.system(), make.system()
    make.flow(system)
    open_finding(system=system, check="x", severity="low", title="T", detail="", source="test:1")
    _key, plain = make.api_key(system, scopes=("register:read",))
    headers: Any = make.bearer(plain)
    client = Client()
    listed = client.get("/api/v1/systems", **headers).json()
    assert [row["slug"] for row in listed["results"]] == [system.slug]
    answer = client.get(f"/api/v1/systems/{system.slug}", **headers)
    again = client.get(f"/api/v1/systems/{system.slug}", HTTP_IF_NONE_MATCH=answer.headers["ETag"], **headers)
    assert again.status_code == 304
    assert client.get(f"/api/v1/systems/{other.slug}", **headers).status_code == 404
    assert (
        client.get(f"/api/v1/systems/{system.slug}/flows", **headers).json()[0]["outcome"] == "transparency"
    )
    assert len(client.get("/api/v1/findings?state=open", **headers).json()["results"]) == 1
    assert _post(client, f"systems/{system.slug}/flows", FLOW, **headers).status_code == 403
    assert _post(client, f"systems/{system.slug}/versions", {}, **headers).status_code == 403
    _key, other_plain = make.api_key(system, scopes=("interactions:write",))
    headers = make.bearer(other_plain)
    assert client.get("/api/v1/systems", **headers).status_code == 403
    assert client.get("/api/v1/systems").status_code == 401


def test_outsiders_get_404_and_readers_403() -> None:
    system = make.system()
    deployment = make.approved_deployment(system)
    finding = open_finding(system=system, check="x", severity="low", title="T", detail="", source="test:1")
    outsider = _client(make.person("auditor", unit=make.unit()))
    reader = _client(make.person("auditor", unit=system.unit))
    for path in (
        f"systems/{system.slug}",
        f"systems/{system.slug}/flows",
        f"systems/{system.slug}/screenings",
        f"requests/{deployment.request.pk}",
        f"findings/{finding.pk}",
    ):
        assert outsider.get(f"/api/v1/{path}").status_code == 404, path
        assert reader.get(f"/api/v1/{path}").status_code == 200, path
    assert outsider.get("/api/v1/findings").json()["results"] == []
    assert _post(reader, f"systems/{system.slug}/flows", FLOW).status_code == 403
    assert _post(outsider, f"systems/{system.slug}/flows", FLOW).status_code == 404
    assert _post(reader, f"requests/{deployment.request.pk}/submit").status_code == 403


def test_list_systems(capsys: pytest.CaptureFixture[str]) -> None:
    system = make.system()
    call_command("list_systems")
    assert system.slug in capsys.readouterr().out
    call_command("list_systems", "--json")
    assert system.slug in {row["slug"] for row in json.loads(capsys.readouterr().out)}


def _asked() -> tuple[Any, Any, list[Any]]:
    """A request before a board of three, with its members as clients."""
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
    make.complete(request.system)
    services.submit(request=request, by=system.owner)
    return system, request, members


def test_rounds_discussion_minutes_and_conditions_over_rest() -> None:
    system, request, members = _asked()
    owner, chair = _client(system.owner), _client(make.person("board_chair", unit=system.unit))
    voters, path = [_client(member) for member in members], f"requests/{request.pk}"
    request.board.seats.get(discipline="legal").memberships.update(secretary=True)

    said = _post(voters[0], f"{path}/comments", {"text": "Is **this** clear?"})
    assert said.status_code == 201
    assert _post(owner, f"{path}/comments", {"text": "Yes.", "parent": said.json()["id"]}).status_code == 201
    assert (
        _post(voters[0], f"comments/{said.json()['id']}", {"text": "Is it?", "row_version": 1}).json()[
            "row_version"
        ]
        == 2
    )
    assert (
        _post(voters[1], f"comments/{said.json()['id']}", {"text": "Mine.", "row_version": 1}).status_code
        == 403
    )
    assert [row["text"] for row in owner.get(f"/api/v1/{path}/comments").json()] == ["Is it?", "Yes."]
    assert _post(voters[1], f"{path}/minutes", {"text": "We met.", "row_version": 0}).status_code == 403
    assert (
        _post(voters[0], f"{path}/minutes", {"text": "We met.", "row_version": 0}).json()["state"] == "draft"
    )

    assert _post(voters[1], f"{path}/votes", {"choice": "reject", "reason": "Not yet."}).status_code == 201
    assert owner.get(f"/api/v1/{path}/rounds").json()[0]["votes"] == []
    assert _post(voters[0], f"{path}/return", {"questions": "Why?"}).status_code == 403
    assert _post(chair, f"{path}/return", {}).json()["errors"][0]["field"] == "questions"
    back = _post(chair, f"{path}/return", {"questions": "Why?"}).json()
    assert (back["state"], back["votes"][0]["reason"]) == ("returned", "Not yet.")
    change = {"row_version": back["row_version"], "doubts": "Few."}
    patch = {"content_type": "application/json"}
    assert owner.patch(f"/api/v1/{path}", change, **patch).status_code == 200
    stale = owner.patch(f"/api/v1/{path}", change, **patch)
    assert (stale.status_code, stale.json()["type"]) == (409, "urn:attune:problem:stale")
    assert _post(owner, f"{path}/resubmit", {"answer": ""}).status_code == 422
    assert _post(owner, f"{path}/resubmit", {"answer": "So."}).json()["round"] == 2

    due = (timezone.now() + dt.timedelta(days=9)).date().isoformat()
    condition = {"text": "Train.", "owner": str(system.owner.pk), "due_on": due, "accepted_by": "ethics"}
    vote = {"choice": "conditions", "reason": "If.", "conditions": [condition]}
    assert _post(voters[0], f"{path}/votes", vote).status_code == 201
    for voter in voters[1:]:
        assert _post(voter, f"{path}/votes", {"choice": "approve", "reason": "Yes."}).status_code == 201
    shown = owner.get(f"/api/v1/{path}").json()
    assert shown["state"] == "approved_with_conditions"
    rounds = owner.get(f"/api/v1/{path}/rounds").json()
    assert [(row["result"], len(row["votes"])) for row in rounds] == [
        ("returned", 1),
        ("approved_with_conditions", 3),
    ]
    assert owner.get(f"/api/v1/{path}/minutes").json()[0]["state"] == "closed"
    which = f"conditions/{shown['conditions'][0]['id']}"
    assert _post(owner, f"{which}/evidence", {"evidence": "Planned."}).json()["state"] == "handed_in"
    assert _post(voters[0], f"{which}/accept", {}).status_code == 403
    assert _post(voters[1], f"{which}/send-back", {"reason": "A plan."}).json()["state"] == "open"
    assert _post(owner, f"{which}/evidence", {"evidence": "Done."}).status_code == 201
    assert _post(voters[1], f"{which}/accept", {}).json()["state"] == "met"


def test_withdraw_recuse_extend_and_close_over_rest() -> None:
    system, request, members = _asked()
    chair, path = _client(make.person("board_chair", unit=system.unit)), f"requests/{request.pk}"
    until = (timezone.now() + dt.timedelta(days=40)).date().isoformat()
    longer = _post(chair, f"{path}/extend", {"until": until, "reason": "Holidays."})
    assert longer.json()["vote_closes_at"] > until
    assert _post(chair, f"{path}/extend", {"until": "2020-01-01", "reason": "x"}).status_code == 409
    assert _post(_client(members[0]), f"{path}/recusals", {"reason": "Kin."}).status_code == 201
    assert _post(chair, f"{path}/close").json()["type"] == "urn:attune:problem:no_quorum"
    assert _post(_client(members[1]), f"{path}/withdraw", {"reason": "Mine."}).status_code == 403
    assert (
        _post(_client(system.owner), f"{path}/withdraw", {"reason": "Later."}).json()["state"] == "withdrawn"
    )


def test_the_works_council_reinstatement_and_boards_over_rest() -> None:
    system = make.system()
    workers = make.flow(system, slug="mood", signed=False, subject_role="employee", setting="workplace")
    owner = _client(system.owner)
    council = _client(make.person("works_council", unit=system.unit))
    today = timezone.now().date().isoformat()
    asked = {"flows": ["mood"], "question": "May we?", "documents": "WC-1", "informed_on": today}
    base = f"systems/{system.slug}/works-council"
    assert _post(council, base, asked).status_code == 403
    assert _post(owner, base, asked | {"documents": ""}).status_code == 422
    made = _post(owner, base, asked).json()
    assert (made["state"], made["flows"]) == ("asked", [workers.slug])
    told = {"act": "consent_if", "answered_on": today, "reason": "Teams of ten."}
    assert _post(owner, f"works-council/{made['id']}/answers", told).status_code == 403
    assert _post(council, f"works-council/{made['id']}/answers", told).json()["state"] == "conditions"
    assert owner.get(f"/api/v1/{base}").json()[0]["answers"][0]["reason"] == "Teams of ten."

    deployment = make.approved_deployment(system)
    path = f"deployments/{deployment.pk}"
    assert owner.get(f"/api/v1/{path}").json()["state"] == "in_force"
    overseer = _client(make.person("supervisor", unit=system.unit))
    assert _post(owner, f"{path}/suspend", {"reason": "Harm."}).status_code == 403
    assert _post(overseer, f"{path}/suspend", {"reason": "Harm."}).json()["state"] == "suspended"
    assert _post(overseer, f"{path}/reinstatement", {"summary": "Solved."}).status_code == 403
    back = _post(owner, f"{path}/reinstatement", {"summary": "Solved."})
    assert (back.status_code, back.json()["kind"]) == (201, "reinstatement")

    admin, board = _client(make.person("administrator", unit=system.unit)), deployment.request.board
    listed = {row["id"]: row for row in owner.get("/api/v1/boards").json()}
    assert {rule["risk"] for rule in listed[str(board.pk)]["rules"]} == {
        "high_risk",
        "transparency",
        "minimal",
    }
    patch = {"content_type": "application/json"}
    change = {"casting_vote": True, "reason": "Agreed.", "row_version": listed[str(board.pk)]["row_version"]}
    assert owner.patch(f"/api/v1/boards/{board.pk}", change, **patch).status_code == 403
    assert admin.patch(f"/api/v1/boards/{board.pk}", change, **patch).json()["casting_vote"] is True
    rule = {"risk": "minimal", "quorum": 4, "reason": "More eyes.", "row_version": 99}
    assert admin.put(f"/api/v1/boards/{board.pk}/rules", rule, **patch).status_code == 200
    assert board.rules.get(risk="minimal").quorum == 4


def test_a_vendor_without_a_contract_is_named_by_page_and_rest() -> None:
    system = make.system()
    make.described(system)
    vendor = system.vendor
    changes.update_vendor(
        vendor=vendor, by=system.owner, expected_version=1, reason="Unsaid.", contract_reference=""
    )
    make.board_with_members(system.unit)
    make.flow(system, slug="mail")
    make.complete(system)
    owner = _client(system.owner)
    asked = {"system": system.slug, "version": "1.0", "flows": ["mail"], "summary": "May we?"}
    answer = _post(owner, "requests", asked)
    (lacking,) = answer.json()["problems"]
    assert (lacking["code"], lacking["field"], lacking["vendor"]) == (
        "no_contract", "contract_reference", vendor.name,
    )  # fmt: skip
    refused = _post(owner, f"requests/{answer.json()['id']}/submit")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:attune:problem:no_contract")
    assert refused.json()["errors"][0]["field"] == "contract_reference"
    page = owner.get(f"/requests/{answer.json()['id']}/").content.decode()
    assert f'<a href="/vendors/{vendor.slug}/">{vendor.name}</a></li>' in page
