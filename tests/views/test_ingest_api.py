"""The ingest, consent and decision calls over HTTP, with keys: statuses, problems, sandbox, scopes."""

import json
from typing import Any

import pytest
from django.test import Client

from governance.consent.models import ConsentEvent
from metrics.ingest.models import Interaction
from tests import make

pytestmark = pytest.mark.django_db
SCOPES = (
    "interactions:write",
    "labels:write",
    "surveys:write",
    "values:write",
    "consent:write",
    "decisions:read",
)


def post(
    client: Client, path: str, body: Any, key: str, kind: str = "application/json", **headers: str
) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body)
    return client.post(f"/api/v1/{path}", data, content_type=kind, **make.bearer(key), **headers)


@pytest.fixture
def system() -> Any:
    return make.live_system(make.PERMIT_BY_CONSENT)


@pytest.fixture
def key(system: Any) -> str:
    return make.api_key(system, SCOPES)[1]


def test_a_client_reports_consent_asks_and_reports_interactions(
    client: Client, system: Any, key: str
) -> None:
    said = post(client, "consent-events", {"items": [make.consent(1)]}, key)
    assert said.status_code == 200, said.content
    assert said.json()["counts"] == {"accepted": 1}
    question = {"subject": "customer-1", "subject_role": "customer", "purpose": "service", "modality": "text"}
    answer = post(client, "decisions", question, key).json()
    assert (answer["outcome"], answer["reason"], answer["rule"]) == ("allow", "consented", "with-consent")
    assert answer["consent_event"] == said.json()["items"][0]["event"]
    assert answer["cache_seconds"] <= 60
    both = post(client, "decisions", {"items": [question, question | {"subject": "stranger"}]}, key).json()[
        "items"
    ]
    assert [one["outcome"] for one in both] == ["allow", "gap"]
    reported = post(
        client, f"systems/{system.slug}/interactions", {"items": [make.item(1), make.item(2)]}, key
    )
    assert [one["basis"] for one in reported.json()["items"]] == ["allow", "gap"]
    lines = b"\n".join(json.dumps(make.item(n)).encode() for n in (1, 3))
    again = post(client, f"systems/{system.slug}/interactions", lines, key, "application/x-ndjson")
    assert again.json()["counts"] == {"accepted": 1, "duplicate": 1}


def test_withdrawal_turns_the_next_answer_into_no(client: Client, system: Any, key: str) -> None:
    post(client, "consent-events", make.consent(1), key)
    gone = make.consent("gone", subject="customer-1", action="withdrawn", effective_at="2026-05-01T00:00:00Z")
    assert post(client, "consent-events", gone, key).status_code == 200
    question = {"subject": "customer-1", "subject_role": "customer", "purpose": "service", "modality": "text"}
    assert post(client, "decisions", question, key).json()["reason"] == "withdrawn"
    then = post(client, "decisions", question | {"at": "2026-04-30T23:59:59Z"}, key).json()
    assert then["outcome"] == "allow"


def test_a_question_that_names_nobody_is_refused_as_it_would_pass_by_an_objection(client: Client) -> None:
    rule = {"id": "interest", "effect": "permit", "basis": "legitimate_interest", "purpose": "service"}
    key = make.api_key(make.live_system(rule), SCOPES)[1]
    facts = {"subject_role": "customer", "purpose": "service", "modality": "text"}
    post(client, "consent-events", make.consent("no", subject="customer-1", action="objected"), key)
    assert post(client, "decisions", facts | {"subject": "customer-1"}, key).json()["reason"] == "objected"
    refused = post(client, "decisions", facts, key)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "subject"
    among = post(client, "decisions", {"items": [facts | {"subject": "customer-1"}, facts]}, key)
    assert among.json()["errors"][0]["field"] == "items[1].subject"
    assert post(client, "decisions", facts | {"layer": "aggregate"}, key).json()["outcome"] == "allow"


def test_a_single_event_known_with_other_content_is_409_naming_both(client: Client, key: str) -> None:
    first = post(client, "consent-events", make.consent(1), key).json()["items"][0]["event"]
    other = post(client, "consent-events", make.consent(1, action="refused", notice_version=None), key)
    assert other.status_code == 409
    assert first in other.json()["detail"]
    assert "c-1" in other.json()["detail"]
    refused = post(client, "consent-events", make.consent(2, purpose="selling"), key)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "unknown_purpose"
    assert ConsentEvent.objects.count() == 1


def test_an_idempotency_key_gives_the_same_receipt_and_refuses_another_body(
    client: Client, system: Any, key: str
) -> None:
    path = f"systems/{system.slug}/interactions"
    first = post(client, path, {"items": [make.item(1)]}, key, HTTP_IDEMPOTENCY_KEY="abc")
    again = post(client, path, {"items": [make.item(1)]}, key, HTTP_IDEMPOTENCY_KEY="abc")
    assert again.json() == first.json()
    other = post(client, path, {"items": [make.item(2)]}, key, HTTP_IDEMPOTENCY_KEY="abc")
    assert other.status_code == 422
    assert other["Content-Type"] == "application/problem+json"


def test_a_sandbox_key_answers_and_stores_nothing(client: Client, system: Any) -> None:
    key = make.api_key(system, SCOPES, sandbox=True)[1]
    answer = post(client, f"systems/{system.slug}/interactions", {"items": [make.item(1)]}, key)
    assert (answer.status_code, answer["Sandbox"]) == (200, "true")
    assert answer.json()["counts"] == {"accepted": 1}
    said = post(client, "consent-events", {"items": [make.consent(1)]}, key)
    assert said.json()["counts"] == {"accepted": 1}
    assert not Interaction.objects.exists()
    assert not ConsentEvent.objects.exists()


def test_surveys_labels_and_values(client: Client, system: Any, key: str) -> None:
    post(client, "consent-events", make.consent(1), key)
    post(client, f"systems/{system.slug}/interactions", {"items": [make.item(1)]}, key)
    label = {"items": [{"id": "i-1", "rater": "jan@example.org", "label": "joy"}]}
    assert post(client, f"systems/{system.slug}/labels", label, key).json()["counts"] == {"accepted": 1}
    survey = {"id": "s1", "instrument": "csat", "asked_at": "2026-03-01T10:00:00Z", "session": "x"}
    survey |= {"answered_at": "2026-03-01T11:00:00Z", "answers": {"csat": 5}}
    assert post(client, f"systems/{system.slug}/surveys", {"items": [survey]}, key).json()["counts"] == {
        "accepted": 1
    }
    value = {"item": "licence", "month": "2026-03", "amount": "1200", "source": "invoice", "name": "Licence"}
    answer = post(client, f"systems/{system.slug}/values", {"items": [value | {"kind": "cost"}]}, key)
    assert answer.status_code == 200, answer.content
    assert answer.json()["counts"] == {"accepted": 1}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"items":' + b"[" * 100_000, "application/json", 400),
        (b'{"items": "x"}', "application/json", 422),
        (b'{"items": []}', "application/json", 422),
        (b"id,gold\n1,joy", "text/csv", 415),
    ],
)
def test_bodies_that_are_no_batch(
    client: Client, system: Any, key: str, body: bytes, kind: str, status: int
) -> None:
    for path in (
        f"systems/{system.slug}/interactions",
        f"systems/{system.slug}/labels",
        "consent-events",
        "decisions",
    ):
        answer = post(client, path, body, key, kind)
        assert answer.status_code == status, (path, answer.content)
        assert answer["Content-Type"] == "application/problem+json"


def test_wrong_key_wrong_scope_and_foreign_system(client: Client, system: Any, key: str) -> None:
    path = f"systems/{system.slug}/interactions"
    assert post(client, path, {"items": [make.item(1)]}, "att_nobody_secret").status_code == 401
    narrow = make.api_key(system, ("labels:write",))[1]
    assert post(client, path, {"items": [make.item(1)]}, narrow).status_code == 403
    other = make.live_system()
    assert (
        post(client, f"systems/{other.slug}/interactions", {"items": [make.item(1)]}, key).status_code == 404
    )
    assert post(client, "systems/nowhere/interactions", {"items": [make.item(1)]}, key).status_code == 404
    assert post(client, "consent-events", make.consent(1, system=other.slug), key).status_code == 404
    question = {"subject": "x", "subject_role": "customer", "purpose": "service", "modality": "text"}
    assert post(client, "decisions", question | {"system": other.slug}, key).status_code == 404
    assert not Interaction.objects.exists()


def test_the_openapi_document_names_every_call(client: Client) -> None:
    from drf_spectacular.generators import SchemaGenerator

    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    body = paths["/api/v1/systems/{slug}/interactions"]["post"]["requestBody"]["content"]
    properties = body["application/json"]["schema"]["properties"]["items"]["items"]["properties"]
    assert {"occurred_at", "predicted", "emotion_notice_at"} <= set(properties)
    for path in (
        "systems/{slug}/labels",
        "systems/{slug}/surveys",
        "systems/{slug}/values",
        "consent-events",
        "decisions",
    ):
        assert "post" in paths[f"/api/v1/{path}"]


def test_a_question_that_is_none_is_named_by_place_and_field(client: Client, key: str) -> None:
    question = {"subject": "x", "subject_role": "customer", "purpose": "service", "modality": "text"}
    for bad, field, code in (
        ({"purpose": 3}, "items[1].purpose", "invalid"),
        ({"mood": "good"}, "items[1].mood", "unknown_field"),
        ({"operation": "sell"}, "items[1].operation", "invalid"),
        ({"at": "2026-01-01T00:00:00"}, "items[1].at", "invalid"),
    ):
        answer = post(client, "decisions", {"items": [question, question | bad]}, key)
        assert answer.status_code == 422
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]
    assert post(client, "decisions", {"items": [question] * 1001}, key).status_code == 422
    assert post(client, "decisions", question | {"subject": "a\x00"}, key).status_code == 400
    assert post(client, "decisions", {"items": ["x"]}, key).status_code == 422
