"""The signature under a legal outcome on pages and over REST; screening again over REST."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from governance.registry.models import DataFlow
from governance.screening.models import Screening
from tests import make

pytestmark = pytest.mark.django_db


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def told(client: Client, address: str) -> Any:
    return client.post(address, "", content_type="application/json")


def ends_in(flow: Any, days: int) -> None:
    Screening.objects.filter(flow=flow).update(valid_until=make.today() + dt.timedelta(days=days))


@pytest.mark.parametrize(
    ("days", "code", "word", "signs"),
    [
        (93, "signed", "Signed", False),  # the day of a reader may be one later than that of the product
        (88, "signature_ends_soon", "Signature ends soon", True),
        (-1, "screening_expired", "Screening expired", True),
    ],
)
def test_pages_and_api_say_where_the_signature_stands(days: int, code: str, word: str, signs: bool) -> None:
    flow = make.flow(make.system())
    ends_in(flow, days)
    officer = signed_in(make.person("data_protection_officer", system=flow.system))
    page = officer.get(flow.get_absolute_url()).content.decode()
    assert word in page and ("Sign this outcome again" in page) is signs
    assert word in officer.get(f"/systems/{flow.system.slug}/flows/").content.decode()
    base = f"/api/v1/systems/{flow.system.slug}"
    for address in ("flows", "screenings"):
        assert [row["signature"] for row in officer.get(f"{base}/{address}").json()] == [code]


def test_signing_again_on_the_page_renews_it_for_twelve_months() -> None:
    flow = make.flow(make.system())
    ends_in(flow, -1)
    screening = Screening.objects.get(flow=flow)
    officer = signed_in(make.person("data_protection_officer", system=flow.system))
    assert officer.post(f"/screenings/{screening.pk}/sign/").status_code == 302
    screening.refresh_from_db()
    assert screening.valid_until is not None
    assert screening.valid_until > make.today() + dt.timedelta(days=360)


def test_a_flow_is_screened_again_over_rest_by_who_describes_or_signs() -> None:
    system = make.system()
    flow = make.flow(system)
    address = f"/api/v1/systems/{system.slug}/flows/{flow.slug}/screening"
    before = Screening.objects.get(flow=flow)
    owner = signed_in(system.owner)
    same = told(owner, address)
    assert (same.status_code, same.json()["id"]) == (200, str(before.pk)), "nothing changed"
    DataFlow.objects.filter(pk=flow.pk).update(purpose="offers", facts={})  # as if the law read it anew
    again = told(owner, address).json()
    assert again["id"] != str(before.pk) and again["outcome"] == "hold"
    assert again["signature"] == "unsigned"
    assert told(signed_in(make.person("data_protection_officer", system=system)), address).status_code == 200
    assert told(signed_in(make.person("auditor", system=system)), address).status_code == 403
    stranger = make.person("system_owner", unit=make.unit())
    assert told(signed_in(stranger), address).status_code == 404
    refused = owner.post(address, {"x": 1}, content_type="application/json")
    assert refused.status_code == 422
    assert told(owner, address.replace(flow.slug, "no-such-flow")).status_code == 404


def test_my_work_over_rest_is_what_waits_for_the_person_who_asks() -> None:
    flow = make.flow(make.system())
    ends_in(flow, -1)
    officer = signed_in(make.person("data_protection_officer", system=flow.system))
    work = officer.get("/api/v1/work").json()
    due = (make.today() - dt.timedelta(days=1)).isoformat()
    (waits,) = [row for row in work["waiting"] if row["title"] == flow.name]
    assert waits == {
        "kind": "Screening expired: your signature",
        "title": flow.name,
        "place": flow.system.name,
        "url": flow.get_absolute_url(),
        "due_on": due,
        "overdue": True,
    }
    (day,) = [row for row in work["dates"] if row["title"] == flow.name]
    assert (day["on"], day["remind"]) == (due, [90, 30, 7])
    assert signed_in(make.user()).get("/api/v1/work").json() == {"waiting": [], "dates": []}
    assert Client().get("/api/v1/work").status_code == 401
    _key, plain = make.api_key(flow.system, ("register:read",))
    assert Client().get("/api/v1/work", **make.bearer(plain)).status_code == 403


def test_a_whole_system_is_screened_again_over_rest() -> None:
    system = make.system()
    make.flow(system, slug="b")
    make.flow(system, slug="a")
    address = f"/api/v1/systems/{system.slug}/screening"
    answer = told(signed_in(system.owner), address)
    assert [row["flow"] for row in answer.json()] == ["a", "b"]
    assert told(signed_in(make.person("auditor", system=system)), address).status_code == 403
