"""A client's line to the installation: real HTTP, repeated until it is answered, as a careful client does."""

import http.client
import random
import time
from dataclasses import dataclass
from typing import Any

import orjson

from tests.chaos.books import Books

PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Answer:
    """Status, body and headers of an answered call."""

    status: int
    body: Any
    headers: dict[str, str]


class Line:
    """One connection at a time; not shared between threads."""

    def __init__(self, port: int, books: Books, rng: random.Random, headers: dict[str, str]) -> None:
        self.port, self.books, self.rng, self.headers = port, books, rng, headers
        self.connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: Any, key: str | None, *, once: bool = False) -> Answer | None:
        """POST until there is an answer other than 503; None when there is none in time (or at once, with `once`)."""
        content = orjson.dumps(body)
        headers = {**self.headers, "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            answer = self._try("POST", path, content, headers)
            if answer is not None and answer.status != 503:
                if answer.status >= 500:
                    self.books.fault(f"{answer.status} on {_shape(path)}: {str(answer.body)[:200]}")
                return answer
            self.books.count("refused with 503" if answer else "broken calls")
            if once:
                return None
            time.sleep(self.rng.uniform(0.02, 0.3))
        self.books.fault(f"no answer within {PATIENCE_SECONDS} s on {_shape(path)}")
        return None

    def _try(self, method: str, path: str, content: bytes, headers: dict[str, str]) -> Answer | None:
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            self.connection.request(method, f"/api/v1/{path}", content, headers)
            response = self.connection.getresponse()
            raw, found = response.read(), {k.lower(): v for k, v in response.getheaders()}
        except (OSError, http.client.HTTPException):
            self.close()
            return None
        if response.getheader("Connection", "").lower() == "close":
            self.close()
        kind = found.get("content-type", "")
        if response.status == 503 and (
            kind != "application/problem+json" or not found.get("retry-after", "").isdigit()
        ):
            self.books.fault(f"503 on {_shape(path)} is {kind} with Retry-After {found.get('retry-after')}")
        try:
            return Answer(response.status, orjson.loads(raw) if raw else None, found)
        except orjson.JSONDecodeError:
            return Answer(response.status, raw[:300].decode(errors="replace"), found)

    def close(self) -> None:
        """Hang up; the next call dials again."""
        if self.connection is not None:
            self.connection.close()
        self.connection = None


def _shape(path: str) -> str:
    return "/".join("…" if len(part) == 36 else part for part in path.split("/"))
