"""Taking real servers for a run of the tests, and saying so where there are none."""

import os
import subprocess
import sys

import pytest

from tests.database import ROOT
from tests.servers import Run

NOWHERE = {
    "ATTUNE_TEST_POSTGRES": "postgresql://postgres@127.0.0.1:1/postgres",
    "ATTUNE_TEST_REDIS": "redis://127.0.0.1:1",
    "ATTUNE_TEST_RABBITMQ": "amqp://guest:guest@127.0.0.1:1//",
}


def test_servers_that_do_not_answer_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)
    with Run() as run:
        assert run.missing == ["PostgreSQL", "Redis", "RabbitMQ"]
        assert set(run.environment) == {"ATTUNE_TEST_SERVICES", "ATTUNE_TEST_RUN"}


def test_without_any_the_command_says_that_nothing_was_run() -> None:
    done = subprocess.run(
        [sys.executable, "tools/test_real"],
        cwd=ROOT, env={**os.environ, **NOWHERE}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "the tests on real servers did NOT run" in done.stdout
