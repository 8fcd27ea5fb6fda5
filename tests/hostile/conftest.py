"""The World (one of everything) for every module here: built once a process, then copied as a database."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.db import connections

from tests import database
from tests.conftest import TestDatabase

if TYPE_CHECKING:  # pytest reads this file before Django is set up
    from tests.whole.world import World


@pytest.fixture(scope="session")
def world_database(
    django_db_setup: None, django_db_blocker: Any, test_database: TestDatabase
) -> Iterator[tuple[str, "World"]]:
    """The name of a database that holds the World, and the World."""
    from tests.whole.world import build

    name = f"{test_database.name}_world"
    keys = Path(settings.LEDGER_KEY_FILE).parent
    with django_db_blocker.unblock():
        try:
            world = build()
            connections.close_all()
            database.copy(test_database.name, name)
            shutil.copytree(keys, keys.with_name("keys of the world"))
        finally:
            test_database.renew()
    yield name, world
    database.drop(name)


@pytest.fixture(scope="module")
def world(
    world_database: tuple[str, "World"], django_db_blocker: Any, test_database: TestDatabase
) -> Iterator["World"]:
    """One of everything, committed, fresh for this module."""
    name, world = world_database
    keys = Path(settings.LEDGER_KEY_FILE).parent  # committed_db takes those of the ledger before away
    shutil.copytree(keys.with_name("keys of the world"), keys, dirs_exist_ok=True)
    with django_db_blocker.unblock():
        connections.close_all()
        database.copy(name, test_database.name)
        try:
            yield world
        finally:
            test_database.renew()


@pytest.fixture
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    """The database, without a transaction around the test; a refusal is no news here."""
    logging.disable(logging.ERROR)
    with django_db_blocker.unblock():
        yield
    logging.disable(logging.NOTSET)
