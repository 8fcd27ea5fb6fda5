"""What is hashed and how: canonical JSON, headers, digests of bodies. Pure; checked against rfc8785 in the tests."""

import datetime as dt
import hashlib
from typing import Any, Final

import orjson

HEADER_VERSION: Final = 1
HEADER_FIELDS: Final = ("v", "type", "ts", "actor", "subject", "body_sha256")
_SORTED_FIELDS: Final = sorted(HEADER_FIELDS)
SALT_BYTES: Final = 32
LARGEST_INTEGER: Final = 2**53 - 1  # the largest that every JSON reader holds exactly (RFC 8785, RFC 7493)


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value without floats.

    Sorting by bytes is sorting by UTF-16 unit as long as keys are ASCII, and integers have one spelling; so anything
    else is refused with ValueError rather than spelled differently by two readers.
    """
    _refuse(value, 0)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _refuse(value: Any, depth: int) -> None:
    if depth > 32:
        raise ValueError("nested deeper than 32 levels")
    if isinstance(value, (list, tuple)):
        for item in value:
            _refuse(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii() or "\x00" in key:
                raise ValueError(f"the key {key!r} is not ASCII text")
            _refuse(item, depth + 1)
    else:
        _refuse_plain(value)


def _refuse_plain(value: Any) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("text with a NUL byte")
    elif isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise ValueError(f"the integer {value} is outside ±(2^53 - 1): write it as a string")
    else:
        kind = type(value).__name__
        raise ValueError(f"{kind} {value!r} has no canonical form: write it as a string")  # noqa: TRY004


def timestamp(moment: dt.datetime) -> str:
    """UTC with microseconds and a Z: one spelling per instant. Raises ValueError without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def body_digest(salt: bytes, body: Any) -> str:
    """SHA-256 over salt and canonical body, in hex; the salt keeps a short body from being guessed after erasure."""
    return hashlib.sha256(salt + canonical(body)).hexdigest()


def header(*, type: str, ts: dt.datetime, actor: str, subject: str, body_sha256: str) -> bytes:
    """The canonical header of an event: the bytes that enter the tree."""
    return canonical(
        {
            "v": HEADER_VERSION,
            "type": type,
            "ts": timestamp(ts),
            "actor": actor,
            "subject": subject,
            "body_sha256": body_sha256,
        }
    )


def read_header(raw: bytes) -> tuple[dict[str, Any], str]:
    """The header, and what is wrong with its bytes ('' when they are the canonical form of a complete header)."""
    try:
        parsed = orjson.loads(raw)
    except ValueError:
        return {}, "the header is not readable"
    if not isinstance(parsed, dict) or sorted(parsed) != _SORTED_FIELDS:
        return {}, "the header does not have exactly the fields of a header"
    # six plain values: sorted orjson is the canonical form, as the tests of canonical() show
    if orjson.dumps(parsed, option=orjson.OPT_SORT_KEYS) != raw:
        return parsed, "the header is not in canonical form"
    return parsed, ""
