"""A data file with a mistake stops the start of every process, and the last line says which file and which line."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import database

ROOT = Path(__file__).resolve().parent.parent.parent
CATALOGUE = Path("governance") / "catalogue"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product without its tests, in a folder of its own."""
    place = tmp_path_factory.mktemp("product")
    for name in ("governance", "portal", "metrics", "templates", "locale"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("manage.py", "pyproject.toml"):
        shutil.copy(ROOT / name, place / name)
    return place


def check(place: Path) -> subprocess.CompletedProcess[str]:
    """`manage.py check` in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "manage.py", "check"]
    return subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def line_of(text: str, wanted: str) -> int:
    """The number of the first line that holds `wanted`."""
    return next(number for number, line in enumerate(text.splitlines(), start=1) if wanted in line)


def test_with_its_own_files_it_starts(copy: Path) -> None:
    done = check(copy)
    assert (done.returncode, "no issues" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize(
    ("file", "wanted", "instead", "why"),
    [
        ("law.yaml", "outcome: prohibited", "outcome: forbidden", "forbidden"),
        ("law.yaml", "valid_from: 2025-02-02", "valid_from: 2025-02-30", "2025-02-30"),
        ("law.yaml", "duties: [", "duties: [no_such_duty, ", "no_such_duty"),
        ("law.yaml", "rules:", "rules: : :", "mapping values are not allowed"),
        ("law.yaml", "version:", "verzion:", "unknown key 'verzion'"),
        ("policies.yaml", "retention_days:", "retention_dayz:", "unknown key 'retention_dayz'"),
        ("policies.yaml", "retention_days: 184", "retention_days: many", "a number of days"),
        ("policies.yaml", "id: no-raw-audio, effect: prohibit", "id: no-raw-audio, effect: forbid", "effect"),
        ("emotions.yaml", "labels:", "labelz:", "label"),
        ("questionnaires/dpia-2026-1.yaml", "kind: ", "kind: no_such_", "no_such_"),
    ],
)
def test_a_mistake_stops_the_start_naming_file_and_line(
    copy: Path, file: str, wanted: str, instead: str, why: str
) -> None:
    path = copy / CATALOGUE / file
    text = path.read_text(encoding="utf-8")
    line = line_of(text, wanted)
    path.write_text(text.replace(wanted, instead, 1), encoding="utf-8")
    try:
        done = check(copy)
    finally:
        path.write_text(text, encoding="utf-8")
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode != 0
    assert f"{CATALOGUE / file}, line {line}:" in last.replace(f"{copy}/", ""), last
    assert why in last, last


def test_a_server_does_not_start_either(copy: Path) -> None:
    path = copy / CATALOGUE / "law.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "\n  - nonsense\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        command = [sys.executable, "-c", "import portal.wsgi"]
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
    finally:
        path.write_text(text, encoding="utf-8")
    assert done.returncode != 0
    assert f"law.yaml, line {len(text.splitlines()) + 2}:" in done.stderr.strip().splitlines()[-1], (
        done.stderr
    )


def test_a_command_before_the_first_migration_says_what_to_do() -> None:
    environment = {
        **os.environ,
        **database.environment("postgres"),
        "ATTUNE_ADMIN_EMAIL": "first@example.org",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "createadmin"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        'The database is not up to date: run `manage.py migrate` first. (relation "portal_user" does not exist)'
    ]
