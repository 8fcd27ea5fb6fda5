"""What a fresh clone is set up from: locked, proved by hashes, from nowhere in particular."""

import json
import re
import tomllib
from pathlib import Path

import pytest

import portal

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_has_a_version_and_hashes(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\w)", text.replace("\\\n", " "))
    assert len(blocks) > 60
    for block in blocks:
        assert re.match(r"[\w.\-\[\],]+==\S+", block), block
        assert "--hash=sha256:" in block, block
    assert not re.search(r"^\s*(-i|-f|--(extra-)?index-url|--find-links)\b", text, re.MULTILINE)
    assert "://" not in text


def test_every_declared_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for lock, wanted in [
        ("requirements.lock", project["project"]["dependencies"]),
        (
            "requirements-dev.lock",
            [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]],
        ),
    ]:
        found = set(re.findall(r"^([\w.\-]+)==", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
        names = {re.split(r"[\[><=;\s]", one)[0].lower().replace("_", "-") for one in wanted}
        assert names - {one.lower().replace("_", "-") for one in found} == set()


def test_the_front_end_lock_proves_content_and_names_no_place() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert {"node_modules/@tabler/core", "node_modules/plotly.js-cartesian-dist-min"} <= set(packages)
    for name, entry in packages.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name


def test_served_libraries_ask_for_no_source_maps() -> None:
    vendor = ROOT / "node_modules" / ".attune"
    if not vendor.is_dir():
        pytest.skip("the front-end libraries are not set up: run make setup")
    files = [*vendor.rglob("*.js"), *vendor.rglob("*.css")]
    assert len(files) == 3
    for path in files:
        assert b"sourceMappingURL" not in path.read_bytes()[-2000:], path


def test_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == portal.__version__
    assert json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["version"] == portal.__version__
