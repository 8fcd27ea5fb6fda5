"""The register, the law, review and findings over REST: the path, refusals, keys."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from governance.findings.services import open_finding
from governance.registry.models import System
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
    assert answer.json()["problems"] == [{"code": "not_assessed", "flow": "", "assessment": name}]
    refused = _post(owner, f"requests/{answer.json()['id']}/submit")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:attune:problem:not_assessed")
    make.assessed(System.objects.get(slug="bot"))
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
