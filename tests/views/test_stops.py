"""Stops over REST and on pages: feed, confirmation, references, a secret that is shown once."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from governance.consent.services import record_consent_events
from governance.stops import services
from governance.stops.models import Endpoint, Stop
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def system() -> Any:
    found = make.live_system(make.PERMIT_BY_CONSENT)
    for n in range(3):
        gone = make.consent(n, action="withdrawn", effective_at="2026-02-01T00:00:00+00:00")
        record_consent_events(system=found, items=[gone], by="system")
    return found


def call(key: str, method: str, path: str, body: Any = None) -> Any:
    more = {"data": body, "content_type": "application/json"} if body is not None else {}
    return getattr(Client(), method)(f"/api/v1/{path}", **more, **make.bearer(key))


def test_the_feed_gives_what_comes_after_a_number(system: Any) -> None:
    key = make.api_key(system, ("decisions:read",))[1]
    answer = call(key, "get", f"systems/{system.slug}/stops?after=1").json()
    assert [row["number"] for row in answer["stops"]] == [2, 3]
    assert (answer["last"], answer["more"]) == (3, False)
    assert call(key, "get", f"systems/{system.slug}/stops?after=3").json()["last"] == 3
    for wrong in ("-1", "x", "99999999999999999999"):
        assert call(key, "get", f"systems/{system.slug}/stops?after={wrong}").status_code == 422


def test_a_system_confirms_its_own_stops_only(system: Any) -> None:
    key = make.api_key(system, ("stops:write",))[1]
    other = make.api_key(make.system(), ("stops:write",))[1]
    stop = Stop.objects.get(number=1)
    path = f"stops/{stop.pk}/acknowledge"
    assert call(other, "post", path, {"stopped_at": "2026-02-01T00:00:05Z"}).status_code == 404
    answer = call(key, "post", path, {"stopped_at": "2026-02-01T00:00:05Z"})
    assert answer.status_code == 200
    assert dt.datetime.fromisoformat(answer.json()["stopped_at"]) == dt.datetime(
        2026, 2, 1, 0, 0, 5, tzinfo=dt.UTC
    )
    assert call(key, "post", path, {"stopped_at": "2026-02-01T00:00:05Z"}).status_code == 200
    late = call(key, "post", path, {"stopped_at": "2026-02-01T00:00:06Z"})
    assert (late.status_code, late.json()["errors"][0]["code"]) == (409, "acknowledged")
    second = Stop.objects.get(number=2).pk
    early = call(key, "post", f"stops/{second}/acknowledge", {"stopped_at": "2026-01-31T00:00:00Z"})
    assert early.json()["errors"][0]["code"] == "before_stop"


def test_references_lead_from_a_stop_back_to_the_person_in_the_system(system: Any) -> None:
    key = make.api_key(system, ("consent:write", "decisions:read"))[1]
    path, people = f"systems/{system.slug}/subject-refs", ["customer-1", "nobody"]
    refs = call(key, "post", path, {"subjects": people}).json()["refs"]
    assert refs[0] == str(Stop.objects.get(number=2).subject_ref)
    asked = {"subject": "customer-1", "subject_role": "customer", "purpose": "service", "modality": "text"}
    assert call(key, "post", "decisions", asked).json()["subject_ref"] == refs[0]
    for wrong in ({"subjects": []}, {"subjects": [1]}, {"subjects": "x"}, {}):
        assert call(key, "post", f"systems/{system.slug}/subject-refs", wrong).status_code == 422
    assert call(key, "post", f"systems/{system.slug}/subject-refs", {"people": []}).status_code == 422


def test_a_secret_is_on_one_page_and_on_no_other(system: Any) -> None:
    client = Client()
    client.force_login(system.owner, backend="portal.accounts.backends.SignInBackend")
    path = f"/systems/{system.slug}/endpoints/"
    bad = client.post(f"{path}new/", {"name": "chat", "url": "https://127.0.0.1/"})
    assert bad.status_code == 422
    assert "own network" in bad.content.decode()
    made = client.post(f"{path}new/", {"name": "chat", "url": "https://hooks.example.org/"})
    assert "whsec_" in made.content.decode()
    endpoint = Endpoint.objects.get()
    for page in (path, f"{path}{endpoint.pk}/"):
        text = client.get(page).content.decode()
        assert "whsec_" not in text
        assert endpoint.secret not in text
    assert client.post(f"{path}{endpoint.pk}/test/").status_code == 302
    assert "Test message" in client.get(f"{path}{endpoint.pk}/").content.decode()
    assert "whsec_" in client.post(f"{path}{endpoint.pk}/secret/").content.decode()
    assert client.post(f"{path}{endpoint.pk}/disable/").status_code == 302
    assert client.post(f"{path}{endpoint.pk}/secret/").status_code == 409


def test_the_list_tells_states_apart_and_names_nobody(system: Any) -> None:
    stop = Stop.objects.get(number=1)
    services.acknowledge(stop=stop, stopped_at=stop.effective_at + dt.timedelta(seconds=42), by="system")
    client = Client()
    client.force_login(system.owner, backend="portal.accounts.backends.SignInBackend")
    text = client.get(f"/systems/{system.slug}/stops/?export=csv").content.decode()
    assert text.count("Asked, not confirmed yet") == 2
    assert "42" in text
    assert str(stop.subject_ref) not in text
    assert len(client.get(f"/systems/{system.slug}/stops/?state=stop_confirmed").context["table"].rows) == 1
