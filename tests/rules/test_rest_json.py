"""Strict JSON and the shape of errors: no database."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ParseError

from portal.errors import Invalid, NotAllowed, RuleBroken
from portal.web import problems, rest


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("body", "ok"),
    [
        (nested(32), True),
        (nested(33), False),
        (nested(100_000), False),
        (b'{"a":' * 33 + b"1" + b"}" * 33, False),
        (b'"' + b"[" * 5000 + b'"', True),  # brackets inside a text are no depth
        (b"[" + b"[]," * 5000 + b"[]]", True),  # wide is not deep
        (b"NaN", False),
        (b'{"a": Infinity}', False),
        (b'{"a": "x\\u0000y"}', False),
        (b'{"x\\u0000": 1}', False),
        (b'{"a": ["ok", {"b": "\\u0000"}]}', False),
        (b'"\\\\u0000"', True),  # a backslash and five characters
        (b'"\x00"', False),
        (b'"\\ud800"', False),  # half a character
        (b'"\xff"', False),
        (b"", False),
        (b"{", False),
        (b'{"a": 1, "a": 2}', True),
        (b"1e999", False),
    ],
)
def test_what_json_is_taken(body: bytes, ok: bool) -> None:
    if ok:
        rest.loads(body)
    else:
        with pytest.raises(ParseError):
            rest.loads(body)


@given(st.integers(min_value=0, max_value=80), st.booleans())
def test_depth_is_counted_exactly(depth: int, objects: bool) -> None:
    value: Any = 1
    for _level in range(depth):
        value = {"a": value, "b": 1} if objects else [1, value]
    assert rest.too_deep(value) is (depth > 32)


def test_decimals_leave_as_exact_strings() -> None:
    assert rest.dumps({"v": Decimal("0.10"), "n": Decimal("1E+3")}) == b'{"v":"0.10","n":"1000"}'


def test_nested_errors_become_rows_with_dotted_fields() -> None:
    detail = {
        "items": [{}, {"id": [ErrorDetail("Missing.", "required")]}],
        "non_field_errors": [ErrorDetail("Both.", "both")],
        "flow": ErrorDetail("No.", "bad"),
    }
    assert problems.flatten(detail) == [
        {"field": "items.1.id", "code": "required", "message": "Missing."},
        {"field": "", "code": "both", "message": "Both."},
        {"field": "flow", "code": "bad", "message": "No."},
    ]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuleBroken("Not now, {who}.", code="closed", who="Ada"), 409, "closed"),
        (NotAllowed("No.", code="not_allowed"), 403, "not_allowed"),
        (Invalid([{"field": "a", "code": "b", "message": "c"}]), 422, "invalid"),
        (serializers.ValidationError({"a": ["no"]}), 422, "invalid"),
        (ParseError("no"), 400, "parse_error"),
        (ZeroDivisionError(), 500, "internal"),
    ],
)
def test_every_failure_has_one_shape(error: Exception, status: int, code: str) -> None:
    response = problems.problem(error, {})
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert set(response.data) == {"type", "title", "status", "detail", "instance", "errors"}
    assert response.data["type"] == f"urn:attune:problem:{code}"
    assert response.data["detail"]
    assert "Not now, Ada." in response.data["detail"] or status != 409
    assert "ZeroDivision" not in str(response.data)


class _Shape(rest.StrictSerializer):
    name = serializers.CharField()


def test_unknown_fields_are_named() -> None:
    shape = _Shape(data={"name": "a", "nmae": "b"})
    assert not shape.is_valid()
    assert shape.errors["nmae"][0].code == "unknown_field"
    assert not _Shape(data=[1]).is_valid()
