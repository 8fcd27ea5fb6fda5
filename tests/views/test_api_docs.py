"""The schema and the Swagger page: complete, and without anything from outside."""

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

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


def test_swagger_page_asks_for_nothing_from_outside_and_has_nothing_inline(client: Client) -> None:
    answer = client.get("/api/v1/docs/")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "http://" not in text
    assert "https://" not in text
    assert "<script>" not in text
    assert "<style" not in text
    assert "'unsafe-inline'" not in answer["Content-Security-Policy"]
