"""The examples of docs/api.md, as they stand there, against a live server."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import make

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def examples(name: str) -> list[tuple[str, str]]:
    """The (language, code) of every example of a page."""
    text = (DOCS / name).read_text(encoding="utf-8")
    return re.findall(r"^```(bash|python)\n(.*?)^```", text, re.M | re.S)


SCOPES = (
    "interactions:write",
    "labels:write",
    "surveys:write",
    "values:write",
    "consent:write",
    "consent:read",
    "decisions:read",
)


def run(live: object, page: str) -> list[str]:
    """What every example of a page printed, each run as it stands there."""
    system = make.live_system(make.PERMIT_BY_CONSENT)
    environment = {
        **os.environ,
        "ATTUNE": live.url,  # type: ignore[attr-defined]
        "ATTUNE_KEY": make.api_key(system, SCOPES)[1],
        "SYSTEM": system.slug,
    }
    answers = []
    for language, code in examples(page):
        command = (
            ["bash", "-euo", "pipefail", "-c", code] if language == "bash" else [sys.executable, "-c", code]
        )
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
        answers.append(done.stdout)
    return answers


pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.skipif(shutil.which("curl") is None, reason="the examples use curl"),
]


def test_every_example_of_the_api_page_runs(live: object) -> None:
    consent, decision, python, labels, surveys, values, lines = run(live, "api.md")
    assert json.loads(consent)["counts"] == {"accepted": 1}
    assert json.loads(decision)["outcome"] == "allow"
    assert python.strip() == "{'accepted': 3}"
    for answer in (labels, surveys, values):
        assert json.loads(answer)["counts"] == {"accepted": 1}
    assert json.loads(lines)["counts"] == {"accepted": 2}
    assert [item["basis"] for item in json.loads(lines)["items"]] == ["allow", "allow"]


def test_every_example_of_the_page_about_consent_runs(live: object, settings: object) -> None:
    for name, value in {
        "ADDRESS": "Street 1",
        "CONTACT": "a@example.org",
        "COUNTRY": "NL",
        "AUTHORITY": "AP",
    }.items():
        setattr(settings, f"CONTROLLER_{name}", value)
    shown, records = run(live, "consent.md")
    assert json.loads(shown)["counts"] == {"accepted": 1}
    assert json.loads(records)["@graph"] == []
