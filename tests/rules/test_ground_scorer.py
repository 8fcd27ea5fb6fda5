"""The example's live scorer gives real answers, its known accidents included, and explains refusals."""

import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from typing import Any

import pytest

from portal.example.scorer import Handler, score


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Thank you, that was wonderful help!", "positive"),
        ("This is terrible, I am very angry.", "negative"),
        ("The letter arrived on Monday.", "neutral"),
    ],
)
def test_plain_english(text: str, label: str) -> None:
    answer = score(text)
    assert answer["label"] == label
    assert sum(answer["scores"].values()) == pytest.approx(1, abs=0.002)
    assert 0 <= answer["confidence"] <= 1


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("My mother had a TIA.", "positive"),  # a small stroke; the lexicon knows 'thanks in advance'
        ("My policy number is 12345.", "positive"),  # 'number' is a faintly pleasant word in it
        ("Ik ben heel erg boos op jullie.", "neutral"),  # angry, but not in English
    ],
)
def test_its_real_accidents_are_kept(text: str, label: str) -> None:
    assert score(text)["label"] == label


@pytest.fixture
def address() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def post(port: int, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST", path, body)
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def test_over_http(address: int) -> None:
    status, answer = post(address, "/score", json.dumps({"text": "I love it"}).encode())
    assert (status, answer["label"]) == (200, "positive")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/score", b"{", 400),
        ("/score", b"[]", 400),
        ("/score", b'{"text": 1}', 422),
        ("/score", b'{"text": " "}', 422),
        ("/other", b'{"text": "x"}', 404),
        ("/score", b"x" * 30_000, 413),
    ],
)
def test_refusals(address: int, path: str, body: bytes, status: int) -> None:
    answered, answer = post(address, path, body)
    assert answered == status
    assert answer["error"]
