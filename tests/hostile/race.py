"""What the races share: a race, and things as each of sixteen requests has them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal.accounts.models import Unit
from tests.whole.world import World

Act = Callable[[int], Any]


@dataclass(frozen=True)
class Race:
    """`prepare` makes a fresh thing and gives the act of the n-th; `event`: what the ledger says once."""

    verb: str
    event: str
    prepare: Callable[[World], Act]
    silent: bool = False  # the others get the same answer instead of a refusal


def unit_of(world: World) -> Any:
    return Unit.objects.get(pk=world.ids["unit"])


def fresh(thing: Any) -> Any:
    """As every request has it: an object of its own."""
    return type(thing)._default_manager.get(pk=thing.pk)
