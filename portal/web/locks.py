"""Optimistic locks over REST: which state a change is based on, by If-Match or in the body."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from django.utils.translation import gettext
from rest_framework import exceptions
from rest_framework.request import Request

from portal.errors import Stale

LOCK = r'^(?:W/)?"?([0-9]{1,9})(?:-[0-9a-f]{32})?"?$'
Method = TypeVar("Method", bound=Callable[..., Any])
_LOCK = re.compile(LOCK.replace("$", r"\Z"))


def expected_version(request: Request) -> int | None:
    """The lock that a change is based on, from If-Match (an ETag of ours, or the number alone); None without one.

    Raises ParseError (400) for a header that names no state of ours.
    """
    header = request.headers.get("If-Match", "").strip()
    if not header:
        return None
    found = _LOCK.match(header)
    if not found:
        raise exceptions.ParseError(gettext("If-Match: send the ETag of the answer that you changed."))
    return int(found[1])


class PreconditionRequired(exceptions.APIException):
    """A change that does not say which state it is based on."""

    status_code = 428
    default_code = "precondition_required"


def based_on(request: Request, row_version: int | None) -> tuple[int, bool]:
    """(the lock a change is based on, whether If-Match named it). Raises PreconditionRequired (428) without either."""
    named = expected_version(request)
    if named is not None:
        return named, True
    if row_version is None:
        text = gettext("Say which state you changed: send If-Match with the ETag, or row_version.")
        raise PreconditionRequired(text)
    return row_version, False


def names_its_state(method: Method) -> Method:
    """Mark a write other than PATCH that says which state it is based on, for the schema."""
    method.names_its_state = True  # type: ignore[attr-defined]
    return method


@contextmanager
def precondition(by_header: bool) -> Iterator[None]:
    """A stale change is 412 where the client named its state in If-Match, else 409."""
    try:
        yield
    except Stale as error:
        error.precondition = by_header
        raise


def meanwhile(row: Mapping[str, object]) -> dict[str, Any]:
    """One field that changed while the client held an older state."""
    message = gettext("This was changed meanwhile.")
    return {**row, "field": str(row["field"]), "code": "changedmeanwhile", "message": message}
