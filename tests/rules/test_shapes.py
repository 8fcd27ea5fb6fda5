"""Reading batches: what is wrong is named, hostile sizes cost nothing and are not repeated."""

import time

import pytest

from portal.errors import Invalid
from portal.shapes import ECHO, Malformed, Strict, batch_schema, read


class Thing(Strict):
    id: str
    n: int | None = None


class Outer(Strict):
    id: str
    inner: list[Thing] = []


def test_good_items_pass_and_bad_ones_are_named() -> None:
    found = read(b'{"items":[{"id":"a"},{"id":1},{"id":"b","x":1},{"n":3}]}', Thing, limit=9)
    assert [(one.id, [(f.field, f.code) for f in one.faults]) for one in found] == [
        ("a", []),
        (None, [("id", "invalid")]),
        ("b", [("x", "unknown_field")]),
        (None, [("id", "required")]),
    ]


def test_faults_inside_are_named_by_their_path() -> None:
    found = read([{"id": "a", "inner": [{"id": "b"}, {"id": "c", "n": "x"}]}], Outer, limit=9)
    assert [(f.field, f.code) for f in found[0].faults] == [("inner[1].n", "invalid")]


@pytest.mark.parametrize(
    "body",
    [
        b'{"items":[{"id":"' + b"x" * 10_000_000 + b'","n":"y"}]}',
        b'{"items":[{"id":"a","' + b"f" * 10_000_000 + b'":1}]}',
        b'{"items":[{"id":"a","n":' + b"[" * 5_000_000 + b"]" * 5_000_000 + b"}]}",
        b'{"items":' + b"[" * 10_000_000,
    ],
)
def test_giants_are_refused_within_a_second_and_not_repeated(body: bytes) -> None:
    start = time.process_time()
    try:
        found = read(body, Thing, limit=9)
    except (Malformed, Invalid):
        pass
    else:
        assert found[0].value is None
        assert all(len(f.field) <= ECHO and len(f.message) <= ECHO for f in found[0].faults)
        assert len(found[0].id or "") <= ECHO
    assert time.process_time() - start < 1


def test_too_many_and_none_are_refused() -> None:
    with pytest.raises(Invalid, match="at most 1 "):
        read(b'{"items":[{"id":"a"},{"id":"b"}]}', Thing, limit=1)
    with pytest.raises(Invalid, match="at least one"):
        read([], Thing, limit=1)


def test_the_schema_stands_alone() -> None:
    schema = batch_schema(Outer)
    assert "$ref" not in str(schema)
    assert schema["properties"]["items"]["items"]["properties"]["inner"]["items"]["properties"]["n"]
