"""The schema and the page drawn from it: complete, and without anything from outside."""

import json
import re

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from portal.web.apidocs import reference
from tests import make

pytestmark = pytest.mark.django_db


def _api_patterns() -> set[str]:
    found: set[str] = set()

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, prefix + str(pattern.pattern))
            elif pattern.name and pattern.name.startswith("api_"):
                found.add(pattern.name)

    walk(get_resolver().url_patterns, "")
    return found - {"api_schema", "api_docs", "api_key_list", "api_key_add", "api_key_revoke"}


def test_schema_has_every_address_of_the_api(client: Client) -> None:
    answer = client.get("/api/v1/schema/", {"format": "json"})
    assert answer.status_code == 200
    paths = answer.json()["paths"]
    assert len(paths) == len(_api_patterns())
    for path, verbs in paths.items():
        for verb, described in verbs.items():
            assert described["responses"], (path, verb)
            assert described.get("description"), f"{verb} {path} is not described"


def test_the_page_has_every_call_with_an_example_and_every_shape(client: Client) -> None:
    schema = client.get("/api/v1/schema/", {"format": "json"}).json()
    text = client.get("/api/v1/docs/").content.decode()
    for path, verbs in schema["paths"].items():
        assert f"<code>{path}</code>" in text
        for operation in verbs.values():
            assert f'id="{operation["operationId"]}"' in text
    for name in schema["components"]["schemas"]:
        assert f'id="shape-{name}"' in text
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)


def test_the_example_of_a_call_is_one_that_the_server_reads(client: Client) -> None:
    (call,) = [one for _, calls in reference().groups for one in calls if one.id == "interactions_report"]
    assert call.example.startswith('curl "$ATTUNE/api/v1/systems/SLUG/interactions" -X POST')
    body = json.loads(call.example.partition("-d '")[2].removesuffix("'"))
    needed = {one.name for one in call.body if one.required and one.name.startswith("items[].")}
    assert {f"items[].{key}" for key in body["items"][0]} == {name for name in needed if name.count(".") == 1}
    system = make.system()
    _key, secret = make.api_key(system, ("interactions:write",))
    answer = client.post(
        f"/api/v1/systems/{system.slug}/interactions",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert answer.status_code == 200, (
        answer.content
    )  # well-formed; what the words in capitals mean is told by item


def test_the_page_asks_for_nothing_from_outside_and_has_nothing_inline(client: Client) -> None:
    answer = client.get("/api/v1/docs/")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "http://" not in text
    assert "https://" not in text
    assert "<script>" not in text
    assert "<style" not in text
    assert "'unsafe-inline'" not in answer["Content-Security-Policy"]
