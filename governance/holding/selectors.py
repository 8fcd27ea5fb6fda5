"""Questions about holds and erasures."""

import datetime as dt
import uuid
from collections.abc import Iterable

from django.db.models import Max, Q, QuerySet

from governance.holding import rules
from governance.holding.holders import Aged, Part, Person
from governance.holding.keys import erasure_key
from governance.holding.models import Erasure, LegalHold, Retained
from governance.registry.models import System


def hold_on(person: Person) -> LegalHold | None:
    """The hold that stops an erasure of this person: on the system, or on them."""
    mine = Q(pseudonym__isnull=True) | Q(pseudonym=person.pseudonym)
    return LegalHold.objects.filter(mine, system=person.system, released_at__isnull=True).first()


def held_systems(systems: Iterable[System]) -> set[uuid.UUID]:
    """Which of these systems stand under a hold as a whole: nothing of them is deleted by age."""
    rows = LegalHold.objects.filter(system__in=systems, pseudonym__isnull=True, released_at__isnull=True)
    return set(rows.values_list("system_id", flat=True))


def held_people(system: System) -> set[uuid.UUID]:
    """The people of a system who stand under a hold of their own."""
    rows = LegalHold.objects.filter(system=system, pseudonym__isnull=False, released_at__isnull=True)
    return {one for one in rows.values_list("pseudonym", flat=True) if one is not None}


def taken_from(system_id: uuid.UUID, *parts: Part) -> dict[Aged, dt.datetime]:
    """From when on items are taken in, per whom they are about: what is older was deleted, and counts already."""
    rows = Retained.objects.filter(system_id=system_id, part__in=parts)
    found = rows.values_list("subject_role", "purpose", "modality").annotate(latest=Max("before"))
    return {Aged(role, purpose, modality): latest for role, purpose, modality, latest in found.order_by()}


_COUNTED = (Part.READINGS, Part.BARE, Part.ANSWERS, Part.COUNTED, Part.SUMS)


def kept_from(system_id: uuid.UUID) -> dt.date | None:
    """The first day (UTC) of which all that was counted is still there as it was; None: nothing went by age."""
    return _latest(system_id, *_COUNTED)


def items_from(system_id: uuid.UUID) -> dt.date | None:
    """The first day (UTC) of which every single interaction is still there; None: none went by age."""
    return _latest(system_id, Part.READINGS, Part.BARE)


def folded_before(system_id: uuid.UUID) -> dt.date:
    """Days before this one have numbers in the place of people; the first day there is, where none have."""
    return _latest(system_id, Part.COUNTED) or dt.date.min


def _latest(system_id: uuid.UUID, *parts: Part) -> dt.date | None:
    rows = Retained.objects.filter(system_id=system_id, part__in=parts)
    latest = rows.aggregate(latest=Max("before"))["latest"]
    return latest.astimezone(dt.UTC).date() if latest else None


def erasures_of(system_id: uuid.UUID) -> QuerySet[Erasure]:
    """The list of erasures of one system, newest first."""
    return Erasure.objects.filter(system_id=system_id).order_by("-erased_at")


def buried(system_id: uuid.UUID, kind: str, names: Iterable[str]) -> dict[str, str]:
    """{id: its tombstone} for ids of a source; {} where nobody of the system was ever erased (one cheap query)."""
    if not Erasure.objects.filter(system_id=system_id).exists():
        return {}
    key = erasure_key()
    return {name: rules.tombstone(key, system_id, kind, name) for name in names}
