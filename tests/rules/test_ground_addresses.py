"""Addresses of the embedded servers and of servers of one's own; secrets of a first start."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.embedded import addresses


def test_an_address_of_ones_own() -> None:
    settings = addresses.parse_database_url(
        "postgresql://us%40er:p%2Fw@db.example.org:5433/attune?sslmode=require"
    )
    assert settings["USER"] == "us@er"
    assert settings["PASSWORD"] == "p/w"
    assert (settings["HOST"], settings["PORT"], settings["NAME"]) == ("db.example.org", "5433", "attune")
    assert settings["OPTIONS"] == {"sslmode": "require"}


def test_the_embedded_address_survives_parsing(tmp_path: Path) -> None:
    settings = addresses.parse_database_url(addresses.database_url(tmp_path, "attune_app"))
    assert settings["HOST"] == str(addresses.runtime_dir(tmp_path))
    assert (settings["USER"], settings["NAME"], settings["PORT"]) == ("attune_app", "attune", "")


@pytest.mark.parametrize("url", ["mysql://a@b/c", "sqlite:///x", "attune"])
def test_only_postgresql(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="PostgreSQL only"):
        addresses.parse_database_url(url)


def test_sockets_lie_on_a_short_path_whatever_the_data_folder(tmp_path: Path) -> None:
    deep = tmp_path / "/".join(["very-deep"] * 30)
    assert len(str(addresses.runtime_dir(deep) / ".s.PGSQL.5432.lock")) < 107
    assert addresses.runtime_dir(deep) != addresses.runtime_dir(deep / "other")


def test_a_secret_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    made = addresses.secret("", "secret_key", tmp_path, production=False)
    assert len(made) >= 48
    assert addresses.secret("", "secret_key", tmp_path, production=False) == made
    assert addresses.secret("", "pseudonym_key", tmp_path, production=False) != made
    assert (tmp_path / "keys" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_secret_is_never_made_in_production(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="ATTUNE_SECRET_KEY is not set"):
        addresses.secret("", "secret_key", tmp_path, production=True)
    assert not (tmp_path / "keys").exists()
