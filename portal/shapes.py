"""Reading batches of items strictly and fast (msgspec): what is wrong is named per item, what is right goes on."""

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Generic, TypeVar, cast

import msgspec

from portal.errors import N_, Invalid, RuleBroken

T = TypeVar("T")
ECHO = 200
"""Characters of a client's own words that an error repeats at most."""


class Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of every item shape: unknown fields are refused."""


class _Envelope(msgspec.Struct, Generic[T], forbid_unknown_fields=True):
    items: list[T]


class _RawEnvelope(msgspec.Struct, forbid_unknown_fields=True):
    items: list[msgspec.Raw]


class Malformed(RuleBroken):
    """The body as a whole cannot be read (HTTP 400)."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one field: `code` is stable, `message` an English sentence marked with N_."""

    field: str
    code: str
    message: str

    def to_dict(self) -> dict[str, str]:
        """As the API shows it."""
        return {"field": self.field, "code": self.code, "message": self.message}


@dataclass
class Read(Generic[T]):
    """One item of a batch: its value when the shape is right, else the faults; `id` as far as it can be known."""

    position: int
    id: str | None = None
    value: T | None = None
    faults: list[Fault] = field(default_factory=list)


_AT = re.compile(r" - at `(key in )?\$(?P<path>[^`]*)`\Z")
_UNKNOWN = re.compile(r"unknown field `(?P<name>[^`]*)`")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]*)`")


def fault_of(error: Exception, skip: str = "") -> Fault:
    """A msgspec error as a Fault; `skip` is the path of the item inside the body, left out of the field."""
    text = str(error)
    at = _AT.search(text)
    path = (at["path"] if at else "").removeprefix(skip).lstrip(".")[:ECHO]
    what = text[: at.start()] if at else text[:ECHO]
    if found := _UNKNOWN.search(what):
        return Fault(_join(path, found["name"]), "unknown_field", N_("This field is not known."))
    if found := _MISSING.search(what):
        return Fault(_join(path, found["name"]), "required", N_("This field is required."))
    if "length" in what:
        return Fault(path, "length", what)
    if isinstance(error, UnicodeDecodeError) or not isinstance(error, msgspec.ValidationError):
        return Fault(path, "malformed", N_("This is not well-formed JSON in UTF-8."))
    return Fault(path, "invalid", what)


def _join(path: str, name: str) -> str:
    return (f"{path}.{name}" if path else name)[:ECHO]


@cache
def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)


def malformed(error: Exception | None = None) -> Malformed:
    """The refusal of a body that is not JSON."""
    return Malformed(
        N_("The body is not well-formed JSON: {detail}"), code="malformed", detail=str(error or "empty")[:200]
    )


def read(
    items: bytes | list[Any], shape: type[T], *, limit: int, ndjson: bool = False, strict: bool = True
) -> list[Read[T]]:
    """Read a batch: a body ({"items": [...]} or NDJSON) or a list of dicts (from a file or a service call).

    `strict` False reads numbers, yes/no and times from text, as a CSV file has them.

    Raises Malformed where the whole cannot be read, Invalid where it is JSON but not a batch, or too long.
    """
    if isinstance(items, list):
        _hold(len(items), limit)
        found = [_convert(n, item, shape, strict) for n, item in enumerate(items)]
    elif ndjson:
        found = _lines(items, shape, limit)
    else:
        found = _document(items, shape, limit)
    if not found:
        raise Invalid([{"field": "items", "code": "empty", "message": N_("Send at least one item.")}])
    _hold(len(found), limit)
    return found


def _hold(number: int, limit: int) -> None:
    """Too many are refused before each of them is looked at: a million wrong items would take a minute."""
    if number > limit:
        message = f"Send at most {limit} items at once."
        raise Invalid([{"field": "items", "code": "too_many", "message": message}])


def _document(body: bytes, shape: type[T], limit: int) -> list[Read[T]]:
    try:
        return _values(_decoder(cast(Any, _Envelope)[shape]).decode(body).items)
    except (ValueError, RecursionError):
        pass  # something is wrong somewhere: find out where, item by item
    try:
        raws = _decoder(_RawEnvelope).decode(body).items
    except msgspec.ValidationError as error:
        raise Invalid([fault_of(error).to_dict()]) from error
    except (ValueError, RecursionError) as error:
        raise malformed(error) from error
    _hold(len(raws), limit)
    return [_decode(n, bytes(raw), shape) for n, raw in enumerate(raws)]


def _lines(body: bytes, shape: type[T], limit: int) -> list[Read[T]]:
    try:
        return _values(_decoder(cast(Any, shape)).decode_lines(body))
    except (ValueError, RecursionError):
        lines = [line for line in body.split(b"\n") if line.strip()]
        _hold(len(lines), limit)
        return [_decode(n, line, shape) for n, line in enumerate(lines)]


def _values(values: list[T]) -> list[Read[T]]:
    return [Read(n, getattr(value, "id", None), value) for n, value in enumerate(values)]


def _decode(position: int, raw: bytes, shape: type[T]) -> Read[T]:
    try:
        value = _decoder(cast(Any, shape)).decode(raw)
        return Read(position, getattr(value, "id", None), value)
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)  # msgspec stops by itself, in microseconds
        fault = Fault("", "too_deep", N_("This is nested too deeply.")) if deep else fault_of(error)
        return Read(position, None if deep else _id_of(raw), None, [fault])


def _convert(position: int, item: Any, shape: type[T], strict: bool) -> Read[T]:
    if isinstance(item, msgspec.Struct):
        return Read(position, getattr(item, "id", None), item)  # type: ignore[arg-type]
    try:
        value = msgspec.convert(item, shape, strict=strict)
        return Read(position, getattr(value, "id", None), value)
    except (ValueError, RecursionError) as error:
        named = item.get("id") if isinstance(item, dict) else None
        return Read(position, named[:ECHO] if isinstance(named, str) else None, None, [fault_of(error)])


class _OnlyId(msgspec.Struct):
    id: str | None = None


def _id_of(raw: bytes) -> str | None:
    try:
        found = cast("str | None", _decoder(_OnlyId).decode(raw).id)
        return found[:ECHO] if found else found
    except (ValueError, RecursionError):
        return None


def schema(shape: Any) -> dict[str, Any]:
    """The JSON schema of a shape with its parts in place, for OpenAPI."""
    (top,), parts = msgspec.json.schema_components([shape], ref_template="{name}")
    return cast(dict[str, Any], _inline(top, parts))


def _inline(node: Any, parts: dict[str, Any]) -> Any:
    if isinstance(node, dict):
        if "$ref" in node:
            return _inline(parts[node["$ref"]], parts)
        return {key: _inline(value, parts) for key, value in node.items()}
    return [_inline(x, parts) for x in node] if isinstance(node, list) else node


def batch_schema(shape: Any) -> dict[str, Any]:
    """The JSON schema of {"items": [shape, ...]}."""
    return {
        "type": "object",
        "properties": {"items": {"type": "array", "minItems": 1, "items": schema(shape)}},
        "required": ["items"],
        "additionalProperties": False,
    }


def _answer_item(extra: dict[str, Any]) -> dict[str, Any]:
    text: dict[str, Any] = {"type": "string"}
    fault = {"type": "object", "properties": {"field": text, "code": text, "message": text}}
    known: dict[str, Any] = {"id": {"type": ["string", "null"]}, "status": text}
    return {"type": "object", "properties": known | extra | {"errors": {"type": "array", "items": fault}}}


def receipt_schema(**extra: Any) -> dict[str, Any]:
    """The JSON schema of a receipt: {"receipt", "counts", "items": [{"id", "status", ..., "errors"}]}."""
    return {
        "type": "object",
        "properties": {
            "receipt": {"type": ["string", "null"]},
            "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
            "items": {"type": "array", "items": _answer_item(extra)},
        },
        "required": ["receipt", "counts", "items"],
    }
