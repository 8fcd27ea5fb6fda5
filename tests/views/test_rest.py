"""The API's manners over requests: keys, throttling, scopes, sandbox, idempotency, pages, ETags, problems."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError
from django.http import Http404
from django.test import Client
from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts import services
from portal.accounts.models import ApiKey, Unit
from portal.errors import RuleBroken
from portal.web.endpoint import PAGED, ApiView
from portal.web.models import IdempotencyRecord
from portal.web.rest import HasScope, Pages, StrictSerializer, actor, idempotent, is_sandbox, with_etag
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.views.test_rest")]


class UnitShape(StrictSerializer):
    name = serializers.CharField(max_length=50)


class Units(ApiView):
    permission_classes = [HasScope("interactions:write")]
    cursor_ordering = "path"
    queries = PAGED

    def get(self, request: Request) -> Response:
        pages = Pages()
        rows = pages.paginate_queryset(Unit.objects.all(), request, self)
        return pages.get_paginated_response([unit.name for unit in rows or []])

    @idempotent
    def post(self, request: Request) -> Response:
        shape = UnitShape(data=request.data)
        shape.is_valid(raise_exception=True)
        unit = services.create_unit(**shape.validated_data, by=actor(request))
        return Response({"name": unit.name}, status=201, headers={"Location": f"/api/v1/units/{unit.slug}"})


class Fails(APIView):
    def get(self, request: Request, how: str) -> Response:
        raise {
            "gone": Http404(),
            "rule": RuleBroken("Not now.", code="closed"),
            "database": OperationalError("no"),
            "bug": ZeroDivisionError("secret detail"),
        }[how]


class Tagged(APIView):
    def get(self, request: Request) -> Response:
        return with_etag(request, {"sandbox": is_sandbox(request), "who": str(request.user)})


urlpatterns = [
    path("api/v1/units", Units.as_view()),
    path("api/v1/fails/<how>", Fails.as_view()),
    path("api/v1/tagged", Tagged.as_view()),
]


@pytest.fixture
def key() -> tuple[ApiKey, str]:
    return make.api_key()


def post(plaintext: str, body: Any, **headers: Any) -> Any:
    headers |= make.bearer(plaintext)
    return Client().post("/api/v1/units", body, content_type="application/json", **headers)


def get(address: str, plaintext: str, **headers: Any) -> Any:
    headers |= make.bearer(plaintext)
    return Client(raise_request_exception=False).get(address, **headers)


# --- keys --------------------------------------------------------------------------------------------------


def test_a_key_opens_and_its_use_is_noted_once_in_five_minutes(key: tuple[ApiKey, str]) -> None:
    assert get("/api/v1/tagged", key[1]).status_code == 200
    first = ApiKey.objects.get(pk=key[0].pk).last_used_at
    assert first is not None
    get("/api/v1/tagged", key[1])
    assert ApiKey.objects.get(pk=key[0].pk).last_used_at == first
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        get("/api/v1/tagged", key[1])
    later = ApiKey.objects.get(pk=key[0].pk).last_used_at
    assert later is not None
    assert later > first


def test_every_kind_of_wrong_key_gets_the_same_answer(key: tuple[ApiKey, str]) -> None:
    text = key[1]
    start, prefix, secret = text.split("_")
    revoked, revoked_text = make.api_key()
    services.revoke_api_key(key=revoked, by="system")
    ended, ended_text = make.api_key(expires_at=timezone.now() + timedelta(seconds=1))
    ApiKey.objects.filter(pk=ended.pk).update(expires_at=timezone.now())
    wrong = [
        "nonsense",
        "",
        f"{start}_{prefix}_{'0' * 48}",
        f"{start}_{'0' * 10}_{secret}",
        f"{start}_test_{prefix}_{secret}",  # a live key dressed up as a sandbox key
        f"{text}_x",
        f"{start}_{prefix}",
        "att_\x00_x",
        "att_é_x",
        revoked_text,
        ended_text,
    ]
    answers = {
        (r.status_code, r["WWW-Authenticate"], r.content) for r in (get("/api/v1/tagged", t) for t in wrong)
    }
    assert len(answers) == 1
    status, authenticate, body = answers.pop()
    assert (status, authenticate) == (401, 'Bearer realm="api"')
    assert b"urn:attune:problem:" in body


def test_without_anything_one_is_told_how_to_sign_in() -> None:
    response = Client().get("/api/v1/tagged")
    assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["instance"] == "/api/v1/tagged"


def test_many_wrong_keys_are_throttled_and_a_right_key_still_passes(key: tuple[ApiKey, str]) -> None:
    codes = [get("/api/v1/tagged", "att_aaaa_bbbb").status_code for _attempt in range(22)]
    assert codes == [401] * 20 + [429] * 2
    response = get("/api/v1/tagged", "att_aaaa_bbbb")
    assert response["Retry-After"] == "300"
    assert response.json()["type"] == "urn:attune:problem:throttled"
    assert get("/api/v1/tagged", key[1]).status_code == 200
    elsewhere = Client().get("/api/v1/tagged", REMOTE_ADDR="10.1.1.1", **make.bearer("att_aaaa_bbbb"))  # type: ignore[arg-type]
    assert elsewhere.status_code == 401


def test_scopes_are_kept_apart() -> None:
    _key, text = make.api_key(scopes=("kpis:read",))
    response = post(text, {"name": "A"})
    assert response.status_code == 403
    assert response.json()["type"] == "urn:attune:problem:missing_scope"
    assert "interactions:write" in response.json()["detail"]


def test_a_person_needs_the_matching_permission_and_a_csrf_token() -> None:
    unit = make.unit()
    owner, manager = make.person("system_owner", unit=unit), make.person("manager", unit=unit)
    client = Client()
    client.force_login(owner, backend="portal.accounts.backends.SignInBackend")
    assert client.get("/api/v1/units").status_code == 200
    client.force_login(manager, backend="portal.accounts.backends.SignInBackend")
    assert client.get("/api/v1/units").status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner, backend="portal.accounts.backends.SignInBackend")
    response = strict.post("/api/v1/units", {"name": "A"}, content_type="application/json")
    assert response.status_code == 403
    assert "CSRF" in response.json()["detail"]
    strict.cookies["csrftoken"] = token = "c" * 32
    body: dict[str, Any] = {"name": "A"}
    keyed = {"HTTP_X_CSRFTOKEN": token, "HTTP_IDEMPOTENCY_KEY": "k1"}  # reads the body once more
    response = strict.post("/api/v1/units", body, content_type="application/json", **keyed)  # type: ignore[arg-type]
    assert response.status_code == 201


def test_a_person_may_repeat_a_write_under_one_key() -> None:
    """The check against forged forms parses the body; what hashes it afterwards must still find it."""
    client = Client(enforce_csrf_checks=True, headers={"X-CSRFToken": "a" * 32})
    client.force_login(
        make.person("system_owner", unit=make.unit()), backend="portal.accounts.backends.SignInBackend"
    )
    client.cookies["csrftoken"] = "a" * 32
    for _time in range(2):
        response = client.post(
            "/api/v1/units",
            {"name": "A"},
            content_type="application/json",
            headers={"Idempotency-Key": "one"},
        )
        assert response.status_code == 201, response.content
    assert response.headers["Idempotent-Replayed"] == "true"
    assert Unit.objects.filter(name="A").count() == 1


# --- input -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ('{"name": NaN}', 400),
        ('{"name": "a\\u0000b"}', 400),
        ("[" * 100_000 + "]" * 100_000, 400),
        ('{"nmae": "A"}', 422),
        ('{"name": ""}', 422),
        ('{"name": ["A"]}', 422),
        ("[]", 422),
        ("null", 422),
        ('"text"', 422),
        ("7", 422),
    ],
)
def test_bad_bodies(key: tuple[ApiKey, str], body: str, status: int) -> None:
    response = post(key[1], body)
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert bool(response.json()["errors"]) is (status == 422)
    assert not Unit.objects.exists()


def test_other_media_types_and_methods(key: tuple[ApiKey, str]) -> None:
    form = Client().post("/api/v1/units", {"name": "A"}, **make.bearer(key[1]))  # type: ignore[arg-type]
    assert form.status_code == 415
    response = Client().delete("/api/v1/units", **make.bearer(key[1]))  # type: ignore[arg-type]
    assert response.status_code == 405
    assert "POST" in response["Allow"]
    assert get("/api/v1/units", key[1], HTTP_ACCEPT="text/csv").status_code == 406


def test_an_address_that_is_not_there_is_a_problem_too() -> None:
    response = Client().get("/api/v1/nothing")
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(("how", "status"), [("gone", 404), ("rule", 409), ("database", 503), ("bug", 500)])
def test_failures_say_what_they_may(key: tuple[ApiKey, str], how: str, status: int) -> None:
    response = get(f"/api/v1/fails/{how}", key[1])
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert "secret" not in response.content.decode()
    assert response.has_header("Retry-After") is (status == 503)
    assert response["Cache-Control"] == "no-store, private"


# --- writes ------------------------------------------------------------------------------------------------


def test_the_same_key_and_body_is_done_once(key: tuple[ApiKey, str]) -> None:
    first = post(key[1], {"name": "Claims"}, HTTP_IDEMPOTENCY_KEY="k1")
    again = post(key[1], {"name": "Claims"}, HTTP_IDEMPOTENCY_KEY="k1")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert first["Location"] == again["Location"]
    assert (first.has_header("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (False, "true")
    assert Unit.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(key: tuple[ApiKey, str]) -> None:
    post(key[1], {"name": "Claims"}, HTTP_IDEMPOTENCY_KEY="k1")
    response = post(key[1], {"name": "Sales"}, HTTP_IDEMPOTENCY_KEY="k1")
    assert response.status_code == 422
    assert response.json()["type"] == "urn:attune:problem:idempotency_key_reused"
    assert Unit.objects.count() == 1


def test_two_clients_may_use_the_same_key(key: tuple[ApiKey, str]) -> None:
    _other, other = make.api_key()
    assert post(key[1], {"name": "A"}, HTTP_IDEMPOTENCY_KEY="k1").status_code == 201
    assert post(other, {"name": "B"}, HTTP_IDEMPOTENCY_KEY="k1").status_code == 201


def test_a_refused_write_leaves_its_key_free(key: tuple[ApiKey, str]) -> None:
    assert post(key[1], {"name": ""}, HTTP_IDEMPOTENCY_KEY="k1").status_code == 422
    assert not IdempotencyRecord.objects.exists()
    assert post(key[1], {"name": "A"}, HTTP_IDEMPOTENCY_KEY="k1").status_code == 201


def test_an_endless_idempotency_key_is_malformed(key: tuple[ApiKey, str]) -> None:
    assert post(key[1], {"name": "A"}, HTTP_IDEMPOTENCY_KEY="k" * 201).status_code == 400


def test_a_sandbox_key_answers_and_stores_nothing() -> None:
    _key, text = make.api_key(sandbox=True)
    response = post(text, {"name": "Claims"}, HTTP_IDEMPOTENCY_KEY="k1")
    assert (response.status_code, response.json()["name"]) == (201, "Claims")
    assert response["Sandbox"] == "true"
    assert not Unit.objects.exists()
    assert not IdempotencyRecord.objects.exists()
    assert post(text, {"name": ""}).status_code == 422


# --- pages and tags ----------------------------------------------------------------------------------------


def test_pages_by_cursor_show_everything_once(key: tuple[ApiKey, str]) -> None:
    names = sorted(make.unit().name for _n in range(7))
    address, seen = "/api/v1/units?page_size=3", []
    while address:
        page = get(address, key[1]).json()
        assert len(page["results"]) <= 3
        seen += page["results"]
        address = page["next"]
    assert sorted(seen) == names


@pytest.mark.parametrize("cursor", ["x", "cD0wMA", "%00", "9" * 5000])
def test_a_broken_cursor_is_no_server_error(key: tuple[ApiKey, str], cursor: str) -> None:
    make.unit()
    assert get(f"/api/v1/units?cursor={cursor}", key[1]).status_code < 500


def test_an_unchanged_answer_is_304(key: tuple[ApiKey, str]) -> None:
    first = get("/api/v1/tagged", key[1])
    again = get("/api/v1/tagged", key[1], HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert get("/api/v1/tagged", key[1], HTTP_IF_NONE_MATCH='"other"').status_code == 200
