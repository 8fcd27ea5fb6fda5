"""Notices and consent over REST: the same services as the pages, every refusal by field."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from governance.consent.models import ConsentEvent, Notice, NoticeServed
from governance.gate import selectors
from tests import make

pytestmark = pytest.mark.django_db
SCOPES = ("consent:read", "consent:write", "policies:write", "decisions:read")


class Caller:
    """A machine client of one system."""

    def __init__(self, system: Any, scopes: tuple[str, ...] = SCOPES) -> None:
        _key, plain = make.api_key(system, scopes=scopes)
        self.headers: Any = make.bearer(plain)
        self.base = f"/api/v1/systems/{system.slug}"
        self.client = Client()

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(self._url(path), query, **self.headers)

    def post(self, path: str, body: Any, **headers: Any) -> Any:
        return self.client.post(
            self._url(path), json.dumps(body), content_type="application/json", **self.headers, **headers
        )

    def _url(self, path: str) -> str:
        return path if path.startswith("/") else f"{self.base}/{path}"


@pytest.fixture
def system() -> Any:
    return make.live_system(make.PERMIT_BY_CONSENT)


@pytest.fixture
def caller(system: Any) -> Caller:
    return Caller(system)


# --- notices --------------------------------------------------------------------------------------------------


def test_notices_are_published_listed_and_read(system: Any, caller: Caller) -> None:
    body = {"text": "We read **emotion**.", "language": "en", "material_change": True, "grace_days": 14}
    made = caller.post("notices", body, HTTP_IDEMPOTENCY_KEY="n-1")
    assert made.status_code == 201, made.content
    assert (made.json()["version"], made.json()["grace_days"]) == (2, 14)
    again = caller.post("notices", body, HTTP_IDEMPOTENCY_KEY="n-1")
    assert again.json()["id"] == made.json()["id"]
    assert Notice.objects.filter(system=system).count() == 2
    assert caller.get(made.headers["Location"]).json() == made.json()
    listed = caller.get("notices").json()["results"]
    assert [row["version"] for row in listed] == [2, 1]
    dutch = caller.post("notices", {"text": "Wij lezen emotie.", "language": "nl", "version": 2})
    assert dutch.status_code == 201
    refused = caller.post("notices", {"text": "Wij lezen emotie.", "language": "nl", "version": 2})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "version")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"language": "en"}, "text"),
        ({"text": "", "language": "en"}, "text"),
        ({"text": "x", "language": "xx"}, "language"),
        ({"text": "x", "language": "en", "grace_days": 999}, "grace_days"),
        ({"text": "x", "language": "en", "published_at": "2020-01-01T00:00:00Z"}, "published_at"),
    ],
)
def test_a_notice_that_cannot_be_is_refused_by_field(
    caller: Caller, body: dict[str, Any], field: str
) -> None:
    answer = caller.post("notices", body)
    assert answer.status_code == 422
    assert field in {row["field"] for row in answer.json()["errors"]}


def test_each_call_needs_its_own_scope(system: Any) -> None:
    reader, writer = Caller(system, ("consent:read",)), Caller(system, ("consent:write",))
    assert reader.get("notices").status_code == 200
    assert reader.post("notices", {"text": "x", "language": "en"}).status_code == 403
    assert writer.get("notices").status_code == 403
    assert writer.post("notices", {"text": "x", "language": "en"}).status_code == 403
    assert reader.post("notices/served", {"items": []}).status_code == 403


def served(n: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"s-{n}",
        "subject": f"customer-{n}",
        "notice_version": 1,
        "language": "en",
        "served_at": "2026-02-01T10:00:00Z",
        "channel": "app",
    } | fields


def test_who_was_shown_a_notice_arrives_single_and_in_batches(caller: Caller) -> None:
    single = caller.post("notices/served", served(1))
    assert single.json()["counts"] == {"accepted": 1}
    batch = caller.post("notices/served", {"items": [served(1), served(2), served(3, language="nl")]})
    assert [one["status"] for one in batch.json()["items"]] == ["duplicate", "accepted", "refused"]
    assert batch.json()["items"][2]["errors"][0]["field"] == "language"
    clash = caller.post("notices/served", served(1, channel="letter"))
    assert clash.status_code == 409
    assert "s-1" in clash.json()["detail"]
    assert batch.json()["items"][0]["event"] in clash.json()["detail"]
    assert caller.post("notices/served", served(4, notice_version=7)).status_code == 422
    assert NoticeServed.objects.count() == 2


def test_a_source_of_its_own_makes_ids_its_own(caller: Caller) -> None:
    assert caller.post("notices/served", {"items": [served(1)]}).json()["counts"] == {"accepted": 1}
    body = {"items": [served(1, channel="letter")], "source": "letters"}
    assert caller.post("notices/served", body).json()["counts"] == {"accepted": 1}
    assert caller.post("notices/served", {"items": [served(1)], "sauce": "x"}).status_code == 422
    assert caller.post("notices/served", {"items": [served(1)], "source": 7}).status_code == 422


def test_a_sandbox_key_stores_no_showing(system: Any) -> None:
    _key, plain = make.api_key(system, scopes=SCOPES, sandbox=True)
    headers: Any = make.bearer(plain)
    answer = Client().post(
        f"/api/v1/systems/{system.slug}/notices/served",
        json.dumps(served(1)),
        content_type="application/json",
        **headers,
    )
    assert answer.json()["counts"] == {"accepted": 1}
    assert answer.headers["Sandbox"] == "true"
    assert not NoticeServed.objects.exists()


# --- consent events that cannot be, one by one ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"purpose": "selling"}, "purpose", "unknown_purpose"),
        ({"effective_at": "2023-06-01T00:00:00Z"}, "effective_at", "before_notice"),
        ({"effective_at": "2099-01-01T00:00:00Z"}, "effective_at", "future"),
        ({"minor": "yes"}, "actor", "guardian_needed"),
        ({"notice_version": None}, "notice_version", "notice_needed"),
        ({"corrects": "nobody"}, "corrects", "unknown_event"),
    ],
)
def test_a_consent_that_cannot_be_is_refused_by_field(
    caller: Caller, fields: dict[str, Any], field: str, code: str
) -> None:
    answer = caller.post("/api/v1/consent-events", make.consent(1, **fields))
    assert answer.status_code == 422
    assert (field, code) in {(row["field"], row["code"]) for row in answer.json()["errors"]}
    assert not ConsentEvent.objects.exists()


def test_a_guardian_may_consent_for_a_minor(caller: Caller) -> None:
    answer = caller.post("/api/v1/consent-events", make.consent(1, minor="yes", actor="guardian"))
    assert answer.json()["counts"] == {"accepted": 1}


def test_without_explicit_where_the_policy_asks_for_it() -> None:
    caller = Caller(make.live_system(make.PERMIT_BY_CONSENT | {"explicit": True}))
    answer = caller.post("/api/v1/consent-events", make.consent(1))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "explicit_needed")
    assert caller.post("/api/v1/consent-events", make.consent(1, explicit=True)).status_code == 200
    # saying no needs no form
    assert caller.post("/api/v1/consent-events", make.consent(2, action="refused")).status_code == 200


def test_other_content_under_a_known_id_is_409_naming_both(caller: Caller) -> None:
    stored = caller.post("/api/v1/consent-events", make.consent(1)).json()["items"][0]["event"]
    clash = caller.post("/api/v1/consent-events", make.consent(1, action="refused", notice_version=None))
    assert clash.status_code == 409
    assert "c-1" in clash.json()["detail"]
    assert stored in clash.json()["detail"]
    assert caller.post("/api/v1/consent-events", make.consent(1)).json()["counts"] == {"duplicate": 1}


def test_an_id_stays_known_when_the_key_is_replaced(system: Any, caller: Caller) -> None:
    first = caller.post("/api/v1/consent-events", make.consent(1)).json()["items"][0]
    again = Caller(system).post("/api/v1/consent-events", {"items": [make.consent(1)]}).json()["items"][0]
    assert (again["status"], again["event"]) == ("duplicate", first["event"])


def test_sources_have_ids_of_their_own_in_single_calls_and_batches(caller: Caller) -> None:
    caller.post("/api/v1/consent-events", make.consent(1))
    single = caller.post("/api/v1/consent-events", make.consent(1) | {"source": "shop"}).json()
    batch = caller.post("/api/v1/consent-events", {"items": [make.consent(1)], "source": "shop"}).json()
    assert (single["counts"], batch["counts"]) == ({"accepted": 1}, {"duplicate": 1})
    assert set(ConsentEvent.objects.values_list("source", flat=True)) == {"api", "shop"}
    inside = caller.post("/api/v1/consent-events", {"items": [make.consent(2) | {"source": "shop"}]}).json()
    assert inside["items"][0]["errors"][0]["field"] == "source"
    wrong = caller.post("/api/v1/consent-events", make.consent(3) | {"source": ["shop"]})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "source")


def _asked(caller: Caller, **fields: Any) -> Any:
    question = {"subject": "customer-1", "subject_role": "customer", "purpose": "service", "modality": "text"}
    return caller.post("/api/v1/decisions", question | fields).json()


def test_a_withdrawal_that_arrives_before_its_consent_stands(caller: Caller) -> None:
    gone = make.consent("w", subject="customer-1", action="withdrawn", effective_at="2026-06-01T00:00:00Z")
    assert caller.post("/api/v1/consent-events", gone).status_code == 200
    assert _asked(caller)["reason"] == "withdrawn"
    assert caller.post("/api/v1/consent-events", make.consent(1)).status_code == 200
    assert _asked(caller)["reason"] == "withdrawn"
    assert _asked(caller, at="2026-05-01T00:00:00Z")["outcome"] == "allow"


def test_a_clock_a_little_ahead_counts_from_now_and_one_far_ahead_is_refused(caller: Caller) -> None:
    ahead = timezone.now() + timedelta(minutes=4)
    assert (
        caller.post("/api/v1/consent-events", make.consent(1, effective_at=ahead.isoformat())).status_code
        == 200
    )
    assert ConsentEvent.objects.get().effective_at <= timezone.now()
    assert _asked(caller)["outcome"] == "allow"
    far = datetime.now(UTC) + timedelta(minutes=6)
    refused = caller.post("/api/v1/consent-events", make.consent(2, effective_at=far.isoformat()))
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "future")


def test_two_withdrawals_of_one_consent_from_two_sources_leave_it_withdrawn_once(caller: Caller) -> None:
    caller.post("/api/v1/consent-events", make.consent(1))
    gone = make.consent("w", subject="customer-1", action="withdrawn", effective_at="2026-06-01T00:00:00Z")
    for source in ("app", "phone"):
        answer = caller.post("/api/v1/consent-events", {"items": [gone], "source": source})
        assert answer.json()["counts"] == {"accepted": 1}
    assert _asked(caller)["reason"] == "withdrawn"
    assert ConsentEvent.objects.filter(action="withdrawn").count() == 2


@pytest.mark.parametrize("many", [False, True], ids=["one", "batch"])
@pytest.mark.parametrize(
    ("place", "error", "status"),
    [
        ("governance.gate.selectors._read", OperationalError("gone"), 503),
        ("governance.gate.services.last_words", OperationalError("gone"), 503),
        ("governance.gate.services.last_words", RuntimeError("broken"), 500),
        ("governance.gate.services.keyed_under", RuntimeError("no such key"), 500),
        ("governance.gate.services._decision", KeyError("reason"), 500),
    ],
)
def test_whatever_breaks_nobody_is_told_yes(
    monkeypatch: pytest.MonkeyPatch, place: str, error: Exception, status: int, many: bool
) -> None:
    asked = make.live_system(make.PERMIT_BY_CONTRACT)  # yes, if nothing broke
    caller = Caller(asked)
    question = {"subject": "a", "subject_role": "customer", "purpose": "service", "modality": "text"}
    body: Any = {"items": [question, question]} if many else question
    if "last_words" in place:  # asked only where the answer hangs on it
        make.policy(
            asked, {**make.PERMIT_BY_CONTRACT, "basis": "legitimate_interest"}, effective_at=timezone.now()
        )
    assert '"outcome":"allow"' in caller.post("/api/v1/decisions", body).content.decode()
    caller.client.raise_request_exception = False
    selectors._kept.clear()

    def fail(*args: Any, **more: Any) -> Any:
        raise error

    monkeypatch.setattr(place, fail)
    answer = caller.post("/api/v1/decisions", body)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "outcome" not in answer.json() and "items" not in answer.json()


def test_one_broken_question_of_a_batch_leaves_no_yes_for_the_others(caller: Caller) -> None:
    good = {"subject": "a", "subject_role": "customer", "purpose": "service", "modality": "text"}
    answer = caller.post("/api/v1/decisions", {"items": [good, good | {"subject": None}]})
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == ["items[1].subject"]
