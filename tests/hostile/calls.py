"""Calling the API of the World: as whom, with which ids, and what is taken back afterwards."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from django.urls import reverse

from tests.whole.url_matrix import ROWS, Row
from tests.whole.world import World

BACKEND = "portal.accounts.backends.SignInBackend"


@cache
def schema() -> dict[str, Any]:
    """The OpenAPI document, as it is served."""
    from drf_spectacular.generators import SchemaGenerator

    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return document


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path template, operation) of every call in the schema."""
    for path, verbs in schema()["paths"].items():
        for method, operation in verbs.items():
            yield method, path, operation


def address(world: World, name: str) -> str:
    """The address of a row of the URL matrix with the ids of the World."""
    return reverse(name, kwargs={arg: world.ids[attribute] for arg, attribute in ROWS[name].args.items()})


def real(world: World, path: str) -> tuple[str, Row, dict[str, str]]:
    """Name, row and real path parameters of a path of the schema."""
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + r"\Z")
    for name, row in ROWS.items():
        if row.api and (found := pattern.match(address(world, name))):
            return name, row, found.groupdict()
    raise AssertionError(f"{path} has no row in url_matrix.py")


def asked(world: World, operation: dict[str, Any]) -> str:
    """The query that a call cannot do without, with names of things of the World."""
    needed = {
        one["name"] for one in operation.get("parameters", ()) if one["in"] == "query" and one.get("required")
    }
    values = {"unit": world.ids["unit_slug"], "from": "1", "to": "1"}
    return "?" + urlencode({name: values[name] for name in sorted(needed)}) if needed else ""


def headers(world: World, caller: str) -> dict[str, str]:
    """What a caller sends along: a key, or the cookies of a session with its CSRF token."""
    if caller in world.keys:
        return {"Authorization": f"Bearer {world.keys[caller]}"}
    if caller == "nobody":
        return {}
    client = Client()
    client.force_login(world.people[caller], backend=BACKEND)
    token = "c" * 32
    client.cookies["csrftoken"] = token
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    return {"Cookie": cookie, "X-CSRFToken": token}
