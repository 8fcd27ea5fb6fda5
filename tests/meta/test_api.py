"""Every operation of the API says what it does and where it belongs."""

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
    assert len(found) >= 25
    bare = [
        name
        for name, one in found.items()
        if not (one.get("summary") and one.get("operationId") and len(one.get("tags") or []) == 1)
    ]
    assert bare == []
    names = [one["operationId"] for one in found.values()]
    assert len(set(names)) == len(names)


def test_every_operation_asks_for_a_key_or_a_session(schema: dict[str, Any]) -> None:
    assert [name for name, one in operations(schema) if one.get("security") == [{}]] == []
    assert len(SCOPES) >= 10
