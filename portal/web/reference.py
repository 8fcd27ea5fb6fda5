"""The schema of the API as rows for a page: operations by tag, their fields, an example call, the shapes they share."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
DEPTH = 4  # of inline objects; deeper ones are named by their type alone
VERBS = ("get", "post", "put", "patch", "delete")
LIMITS = (
    ("minLength", "at least {} characters"), ("maxLength", "at most {} characters"),
    ("minimum", "from {}"), ("maximum", "to {}"), ("minItems", "at least {}"), ("maxItems", "at most {}"),
    ("pattern", "as {}"),
)  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One parameter or one key of a body; `shape` names what it links to ('' where it is told in full)."""

    name: str
    kind: str
    shape: str = ""
    required: bool = False
    text: str = ""
    where: str = ""


@dataclass(frozen=True)
class Answer:
    """A status that means success, with what comes along."""

    status: str
    text: str
    media: str
    kind: str
    shape: str


@dataclass(frozen=True)
class Operation:
    """One call: what it takes, an example, what it answers, and which errors it may have."""

    id: str
    method: str
    path: str
    summary: str
    text: str
    parameters: list[Field]
    body: list[Field]
    media: str
    example: str
    answers: list[Answer]
    errors: list[str]


@dataclass(frozen=True)
class Reference:
    """Everything that the page of the API says."""

    groups: list[tuple[str, list[Operation]]]
    shapes: list[tuple[str, str, list[Field]]]
    errors: list[tuple[str, list[str]]]


def read(schema: Schema) -> Reference:
    """An OpenAPI 3.1 document as rows, in its own order."""
    shapes: Schema = schema["components"]["schemas"]
    groups: dict[str, list[Operation]] = defaultdict(list)
    errors: dict[str, set[str]] = defaultdict(set)
    for path, verbs in schema["paths"].items():
        for verb in filter(verbs.__contains__, VERBS):
            told = verbs[verb]
            groups[told["tags"][0]].append(_operation(path, verb, told, shapes))
            for status, answer in told["responses"].items():
                if status >= "400":
                    errors[status].add(answer["description"])
    return Reference(
        sorted(groups.items()),
        [(name, one.get("description", ""), list(_fields(one, shapes))) for name, one in sorted(shapes.items())],
        [(status, sorted(texts)) for status, texts in sorted(errors.items())],
    )  # fmt: skip


def _operation(path: str, verb: str, told: Schema, shapes: Schema) -> Operation:
    content: Schema = told.get("requestBody", {}).get("content", {})
    media = next(iter(content), "")
    body: Schema = content[media].get("schema", {}) if media else {}
    summary, text = told.get("summary", ""), told.get("description", "")
    return Operation(
        id=told["operationId"],
        method=verb.upper(),
        path=path,
        summary=summary,
        text="" if text.strip().rstrip(".") == summary else text,
        parameters=[_parameter(one, shapes) for one in told.get("parameters", [])],
        body=list(_fields(_followed(body, shapes), shapes)),
        media=media,
        example=_call(path, verb, media, body, shapes),
        answers=list(_answers(told["responses"])),
        errors=sorted(status for status in told["responses"] if status >= "400"),
    )


def _answers(responses: Schema) -> Iterator[Answer]:
    for status, told in sorted(responses.items()):
        if status < "400":
            content: Schema = told.get("content", {})
            media = next(iter(content), "")
            kind, shape = _kind(content[media].get("schema", {})) if media else ("", "")
            yield Answer(status, told.get("description", ""), ", ".join(content), kind, shape)


def _parameter(told: Schema, shapes: Schema) -> Field:
    kind, shape = _kind(told["schema"])
    return Field(
        told["name"], kind, shape, told.get("required", False), told.get("description", ""), told["in"]
    )


def _fields(schema: Schema, shapes: Schema, prefix: str = "", depth: int = 0) -> Iterator[Field]:
    """The keys of an object; of an object inside it as `outer.inner`, of a list of objects as `outer[].inner`."""
    needed = set(schema.get("required", ()))
    for name, one in schema.get("properties", {}).items():
        kind, shape = _kind(one)
        yield Field(prefix + name, kind, shape, name in needed, one.get("description", ""))
        inner, mark = _plain(one), "."
        if inner.get("type") == "array":
            inner, mark = _plain(inner.get("items", {})), "[]."
        if depth < DEPTH and inner.get("properties"):
            yield from _fields(inner, shapes, f"{prefix}{name}{mark}", depth + 1)


def _plain(schema: Schema) -> Schema:
    """What is meant besides null."""
    choices = [one for one in _choices(schema) if one.get("type") != "null"]
    return choices[0] if len(choices) == 1 else schema


def _choices(schema: Schema) -> list[Schema]:
    found: list[Schema] = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf") or []
    return found


def _followed(schema: Schema, shapes: Schema) -> Schema:
    """The schema itself, or the shape that it refers to."""
    name = _name(schema) or _name(_plain(schema))
    found: Schema = shapes[name] if name else schema
    return found


def _name(schema: Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _kind(schema: Schema) -> tuple[str, str]:
    """The type in words, and the shape that it names."""
    if name := _name(schema):
        return name, name
    if choices := _choices(schema):
        kinds = [_kind(one) for one in choices]
        return " or ".join(dict.fromkeys(kind for kind, _ in kinds)), next((s for _, s in kinds if s), "")
    if "enum" in schema or "const" in schema:
        return "one of " + ", ".join(str(one) for one in schema.get("enum", [schema.get("const")])), ""
    types = schema.get("type", "anything")
    kind = " or ".join(types) if isinstance(types, list) else str(types)
    shape = ""
    if kind == "array":
        inner, shape = _kind(schema.get("items", {}))
        kind = f"list of {inner}"
    notes = [schema["format"]] if "format" in schema else []
    notes += [_limit(key, text, schema[key]) for key, text in LIMITS if key in schema]
    return f"{kind} ({', '.join(notes)})" if notes else kind, shape


def _limit(key: str, text: str, value: Any) -> str:
    return "not empty" if (key, value) == ("minLength", 1) else text.format(value)


def _call(path: str, verb: str, media: str, body: Schema, shapes: Schema) -> str:
    """The call with curl; what stands in capitals is to be replaced."""
    for part in path.split("/"):
        if part.startswith("{"):
            path = path.replace(part, part.strip("{}").upper())
    lines = [f'curl "$ATTUNE{path}"', '-H "Authorization: Bearer $KEY"']
    if verb != "get":
        lines[0] += f" -X {verb.upper()}"
    if media == "application/json":
        sample = json.dumps(_sample(body, shapes), indent=1, ensure_ascii=False)
        lines += [f'-H "Content-Type: {media}"', f"-d '{sample}'"]
    elif media:
        lines.append("-F file=@FILE" if media == "multipart/form-data" else f'-H "Content-Type: {media}"')
    return " \\\n  ".join(lines)


def _sample(schema: Schema, shapes: Schema, depth: int = 0) -> Any:
    """A value of this type: the required keys of an object (all where none is), the first of a choice."""
    schema = _followed(_plain(schema), shapes)
    if "enum" in schema:
        return schema["enum"][0]
    if choices := _choices(schema):
        return _sample(choices[0], shapes, depth + 1)
    types = schema.get("type", "object")
    kind = types[0] if isinstance(types, list) else types
    if kind == "array":
        return [_sample(schema.get("items", {}), shapes, depth + 1)] if depth < DEPTH else []
    if kind == "object":
        keys = schema.get("required") or schema.get("properties", {})
        properties: Schema = schema.get("properties", {})
        return {
            k: _sample(properties[k], shapes, depth + 1) for k in keys if k in properties and depth < DEPTH
        }
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    samples = {"date-time": "2027-01-31T09:30:00Z", "date": "2027-01-31", "uuid": "UUID"}
    return {"boolean": True, "null": None}.get(kind, samples.get(schema.get("format", ""), "TEXT"))
