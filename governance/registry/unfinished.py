"""Forms that are not complete yet: kept for the person who types, until they go on, discard it, or ninety days pass."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from governance.registry.models import System, UnfinishedForm
from governance.registry.services import permitted, person
from portal.errors import N_, RuleBroken

KEPT_DAYS = 90
LONGEST = 50_000  # characters in all; the longest form has a tenth of that


def keep(*, by: Any, system: System, place: str, typed: Mapping[str, Iterable[str]]) -> UnfinishedForm:
    """Keep what stands in the form at `place`, in the stead of what was kept before.

    Raises NotAllowed without the permission to edit the register, RuleBroken where it is too long.
    """
    permitted(by, "edit_register", system)
    # PostgreSQL stores no NUL
    values = {name: [one.replace("\x00", "") for one in given] for name, given in typed.items()}
    if sum(len(one) for given in values.values() for one in given) > LONGEST:
        raise RuleBroken(N_("This is too long to be kept."), code="too_long")
    now = timezone.now()
    kept, _made = UnfinishedForm.objects.update_or_create(
        user=person(by), system=system, place=place, defaults={"typed": values, "saved_at": now}
    )
    return kept


def of(*, user: Any, system: System) -> QuerySet[UnfinishedForm]:
    """What a person kept of the forms of a system, and nobody else sees; the newest first."""
    since = timezone.now() - dt.timedelta(days=KEPT_DAYS)
    return UnfinishedForm.objects.filter(user=user, system=system, saved_at__gte=since)


def sweep(now: dt.datetime) -> int:
    """Remove what nobody went on with in time; how many."""
    return UnfinishedForm.objects.filter(saved_at__lt=now - dt.timedelta(days=KEPT_DAYS)).delete()[0]


def forget(*, user: Any, system: System, place: str) -> bool:
    """Let go of what was kept of a form: it was saved, or is not wanted; whether there was any."""
    return bool(UnfinishedForm.objects.filter(user=user, system=system, place=place).delete()[0])
