"""Fixtures of ledger and packs."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings

if TYPE_CHECKING:  # models cannot be imported before Django is set up, and this file is read before that
    from tests.packs import Made

_made: "list[Made]" = []


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Key, checkpoint and packs of this test alone; the folder of the first two."""
    monkeypatch.setattr(settings, "LEDGER_KEY_FILE", tmp_path / "keys" / "ledger.pem")
    monkeypatch.setattr(settings, "LEDGER_CHECKPOINT_FILE", tmp_path / "keys" / "last-checkpoint")
    monkeypatch.setattr(settings, "PACKS_DIR", tmp_path / "packs")
    return tmp_path / "keys"


@pytest.fixture
def made(outside: Path, request: pytest.FixtureRequest) -> "Made":
    """Packs that are made once a session, for tests that only read them."""
    if not _made:
        from tests import packs

        request.getfixturevalue("committed_db")
        _made.append(packs.make_all())
    return _made[0]
