"""An OpenAPI document as rows for the page of the API."""

import json
from typing import Any

from portal.web.reference import Field, read

SHAPES: dict[str, Any] = {
    "Thing": {
        "type": "object",
        "description": "One thing.",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 60},
            "kind": {"enum": ["a", "b"], "description": "Which."},
            "due": {"type": ["string", "null"], "format": "date"},
            "parts": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
            "other": {"anyOf": [{"$ref": "#/components/schemas/Other"}, {"type": "null"}]},
        },
    },
    "Other": {"type": "object", "additionalProperties": {}},
}
CALL: dict[str, Any] = {
    "operationId": "thing_add",
    "summary": "Add a thing",
    "description": "Add a thing.",
    "tags": ["things"],
    "parameters": [
        {"in": "path", "name": "slug", "required": True, "schema": {"type": "string"}},
        {"in": "query", "name": "n", "schema": {"type": "integer", "minimum": 1}, "description": "How many."},
    ],
    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
    "responses": {
        "422": {"description": "Wrong."},
        "201": {
            "description": "There it is.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
        },
    },
}
DOCUMENT = {"paths": {"/api/v1/things/{slug}": {"post": CALL}}, "components": {"schemas": SHAPES}}


def test_a_call_is_told_by_parameters_body_answers_and_errors() -> None:
    found = read(DOCUMENT)
    ((tag, (call,)),) = found.groups
    assert (tag, call.method, call.path) == ("things", "POST", "/api/v1/things/{slug}")
    assert (call.summary, call.text) == ("Add a thing", "")  # not said twice
    assert call.parameters == [
        Field("slug", "string", required=True, where="path"),
        Field("n", "integer (from 1)", text="How many.", where="query"),
    ]
    assert call.body == [
        Field("name", "string (not empty, at most 60 characters)", required=True),
        Field("kind", "one of a, b", text="Which."),
        Field("due", "string or null (date)"),
        Field("parts", "list of object"),
        Field("parts[].n", "integer"),
        Field("other", "Other or null", shape="Other"),
    ]
    assert [(a.status, a.kind, a.shape) for a in call.answers] == [("201", "Thing", "Thing")]
    assert call.errors == ["422"]
    assert found.errors == [("422", ["Wrong."])]
    assert [(name, text) for name, text, _ in found.shapes] == [("Other", ""), ("Thing", "One thing.")]


def test_the_example_names_what_is_to_be_replaced() -> None:
    ((_, (call,)),) = read(DOCUMENT).groups
    first, *_rest = call.example.splitlines()
    assert first == 'curl "$ATTUNE/api/v1/things/SLUG" -X POST \\'
    assert json.loads(call.example.partition("-d '")[2].removesuffix("'")) == {"name": "TEXT"}
