"""Every operation of the API says what it does, where it belongs and how it refuses."""

from collections.abc import Iterator
from typing import Any

import pytest

from portal.access.roles import SCOPES


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    from drf_spectacular.generators import SchemaGenerator

    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return found


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                yield f"{method.upper()} {path}", operation


def test_every_operation_has_a_name_a_summary_and_a_tag(schema: dict[str, Any]) -> None:
    found = dict(operations(schema))
    assert len(found) > 30
    bare = [
        name
        for name, one in found.items()
        if not (one.get("summary") and one.get("operationId") and len(one.get("tags") or []) == 1)
    ]
    assert bare == []
    names = [one["operationId"] for one in found.values()]
    assert len(set(names)) == len(names)


def test_every_operation_documents_how_it_refuses(schema: dict[str, Any]) -> None:
    """Without a key 401, without the right 403, an unknown thing 404, a wrong body 400 or 422."""
    lacking = {}
    for name, one in operations(schema):
        answers = set(one["responses"])
        wanted = [{"401"}, {"403"}]
        wanted += [{"404"}] if "{" in name else []
        wanted += [{"400", "422"}] if "requestBody" in one else []
        if missing := [sorted(codes) for codes in wanted if not codes & answers]:
            lacking[name] = missing
        assert any(code.startswith("2") for code in answers), name
    assert lacking == {}


def test_every_operation_asks_for_a_key_or_a_session(schema: dict[str, Any]) -> None:
    assert [name for name, one in operations(schema) if one.get("security") == [{}]] == []
    assert len(SCOPES) >= 10
