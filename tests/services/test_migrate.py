"""Our `migrate` takes a short way with constraints and indexes; the tables are those that the models describe."""

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.state import ProjectState

from portal.management.commands.migrate import options_added_in_place


def names_in(table: str) -> set[str]:
    with connection.cursor() as cursor:
        return set(connection.introspection.get_constraints(cursor, table))


@pytest.mark.django_db
def test_every_constraint_and_index_of_every_model_is_in_the_database() -> None:
    seen, missing = 0, []
    for model in apps.get_models():
        there = names_in(model._meta.db_table)
        wanted = {item.name for item in [*model._meta.constraints, *model._meta.indexes]}
        seen += len(wanted)
        missing += [f"{model.__name__}: {name}" for name in sorted(wanted - there)]
    assert not missing
    assert seen > 150


def test_the_short_way_is_left_as_it_was_found() -> None:
    before = ProjectState._append_option  # type: ignore[attr-defined]
    with options_added_in_place():
        assert ProjectState._append_option is not before  # type: ignore[attr-defined]
    assert ProjectState._append_option is before  # type: ignore[attr-defined]
