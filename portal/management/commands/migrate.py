"""`migrate`, by default as the owner of the tables: the runtime role may not change them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db.migrations.state import ProjectState


class Command(migrate.Command):
    """Django's migrate with the database alias `owner`."""

    def add_arguments(self, parser: CommandParser) -> None:
        """As Django, with another default."""
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        """As Django, in half the time."""
        with options_added_in_place():
            super().handle(*args, **options)


@contextmanager
def options_added_in_place() -> Iterator[None]:
    """A constraint or an index that is added changes its model, not the classes of all models around it.

    For each of more than a hundred Django makes those classes anew, which is half of what a first `migrate` costs.
    Nothing but the model's own list of constraints or indexes depends on it.
    """
    known = vars(ProjectState)["_append_option"]
    setattr(ProjectState, "_append_option", _append_option)  # noqa: B010 - mypy would refuse the assignment
    try:
        yield
    finally:
        setattr(ProjectState, "_append_option", known)  # noqa: B010


def _append_option(state: ProjectState, app_label: str, model_name: str, option_name: str, obj: Any) -> None:
    options = state.models[app_label, model_name].options
    options[option_name] = [*options[option_name], obj]
    if "apps" in state.__dict__:  # else nothing was made of it yet
        model = state.apps.get_model(app_label, model_name)
        setattr(model._meta, option_name, options[option_name])
