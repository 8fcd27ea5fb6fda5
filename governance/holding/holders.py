"""Who holds what about a person: a register that each slice fills when Django starts.

A holder answers for its own tables: it finds, hands out, erases and deletes by age what they hold about somebody. It
adds no rule of its own: whether something may be erased is decided above (legal holds, requests).
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from governance.registry.models import System


@dataclass(frozen=True)
class Person:
    """Somebody as one system knows them: the pseudonym, never a name."""

    system: System
    pseudonym: uuid.UUID


@dataclass(frozen=True)
class Reading:
    """One inference about the person, as it is shown to them. `ref` names it without the source's own id."""

    ref: str
    at: dt.datetime
    emotion: str
    channel: str
    modality: str
    purpose: str
    confidence: float | None = None


@dataclass(frozen=True)
class Stop:
    """What a system answered when it was told to stop: filled by the slice that tells systems."""

    purpose: str
    modality: str
    told_at: dt.datetime
    stopped_at: dt.datetime | None


@dataclass
class Erasing:
    """One erasure on its way: what holders share while they work, in one transaction, the consent table last.

    `mark(pseudonym)` takes its place, so that people stay countable; it is random and forgotten afterwards. `items` and
    `sessions` map the source's own ids to their tombstones; holders add what they meet, and later ones
    replace it in their tables.
    `also`: other pseudonyms of the same person, of sessions without a name.
    """

    id: uuid.UUID
    mark: Callable[[uuid.UUID], uuid.UUID]
    tombstone: Callable[[str, str], str]
    pseudonym: Callable[[str], uuid.UUID]
    items: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    also: set[uuid.UUID] = field(default_factory=set)

    def everyone(self, person: Person) -> dict[uuid.UUID, uuid.UUID]:
        """{pseudonym: mark} of everything that stands for this person."""
        return {name: self.mark(name) for name in (person.pseudonym, *sorted(self.also))}


class Part(StrEnum):
    """What is deleted by age, each with its own way of finding the limit."""

    READINGS = "readings"  # of one subject role × purpose × modality: by the rule that permits it
    BARE = "bare"  # the few fields kept of an interaction without a basis: the longest limit
    RECEIPTS = "receipts"  # lists of ids in receipts: the shortest limit
    ANSWERS = "answers"  # what people answered: the limit of the policy
    COUNTED = "counted"  # who was counted on which day: the shortest limit
    SUMS = "sums"  # sums over people: only where a rule about aggregates says how long


@dataclass(frozen=True)
class Aged:
    """Who is meant by a subject role × purpose × modality, as rows have them; '' where a row says nothing."""

    subject_role: str = ""
    purpose: str = ""
    modality: str = ""


@dataclass(frozen=True)
class Cut:
    """What is past its time: of one part, of before that moment, but for people under a hold.

    Rows of `logs` (data flows at high risk) from `log_before` on stay as a log and lose only what is personal.
    """

    system: System
    part: Part
    days: int
    before: dt.datetime
    of: Aged = Aged()
    held: frozenset[uuid.UUID] = frozenset()
    logs: frozenset[uuid.UUID] = frozenset()
    log_before: dt.datetime | None = None


@dataclass(frozen=True)
class Gone:
    """How many rows a cut deleted, and how many stay without what was personal."""

    deleted: int = 0
    unnamed: int = 0

    def __bool__(self) -> bool:
        return bool(self.deleted or self.unnamed)


Export: TypeAlias = Callable[[Person], Iterator[dict[str, Any]]]
Page: TypeAlias = tuple[int, int]
"""(rows to skip, rows to give)."""


def _nothing_past(cut: Cut, limit: int) -> Gone:
    return Gone()


def _none_past(cut: Cut) -> tuple[int, dt.datetime | None]:
    return 0, None


def _nobody(system: System, before: dt.datetime) -> list[Aged]:
    return []


def _nothing_keyed(cursor: Any, system: System, parameters: dict[str, bytes]) -> int:
    return 0


@dataclass(frozen=True)
class Holder:
    """One slice's answers. `title` is English, marked for translation; it heads the section of an export.

    `find(person)` counts the rows about somebody. `export(person)` gives them as JSON objects. `erase(person, erasing)`
    unnames them and returns how many. `retain(cut, limit)` deletes (or unnames) at most `limit` rows of a cut of its
    own; call it until nothing is gone. `past(cut)` counts what it would take: (rows, the oldest). `aged(system,
    before)` lists whose readings there are from before that moment. `rekey(cursor, system, parameters)` wraps its
    pseudonyms in the next key. `order`: whose ids others need comes first. The last three are seams for pages.
    """

    name: str
    title: str
    find: Callable[[Person], int]
    export: Export
    erase: Callable[[Person, Erasing], int]
    retain: Callable[[Cut, int], Gone] = _nothing_past
    past: Callable[[Cut], tuple[int, dt.datetime | None]] = _none_past
    aged: Callable[[System, dt.datetime], list[Aged]] = _nobody
    rekey: Callable[[Any, System, dict[str, bytes]], int] = _nothing_keyed
    order: int = 50
    readings: Callable[[Person, Page], tuple[int, list[Reading]]] | None = None
    reading: Callable[[Person, str], Reading | None] | None = None
    stops: Callable[[Person], list[Stop]] | None = None
    list_names: Callable[[System], Iterator[uuid.UUID]] | None = (
        None  # its pseudonyms: to erase after a restore
    )


_holders: dict[str, Holder] = {}


def register(holder: Holder) -> None:
    """Take a holder in; raises ValueError for a name that is there already."""
    if holder.name in _holders:
        raise ValueError(f"holder {holder.name!r} is registered twice")
    _holders[holder.name] = holder


def all_holders() -> list[Holder]:
    """Every holder, in the order in which they erase."""
    return sorted(_holders.values(), key=lambda one: (one.order, one.name))


def readings(person: Person, page: Page) -> tuple[int, list[Reading]]:
    """(how many there are, those of one page), newest first, of the one holder that has readings."""
    for holder in all_holders():
        if holder.readings is not None:
            return holder.readings(person, page)
    return 0, []


def reading(person: Person, ref: str) -> Reading | None:
    """One reading of this very person; None for anybody else's."""
    found = (holder.reading(person, ref) for holder in all_holders() if holder.reading is not None)
    return next((one for one in found if one is not None), None)


def stops(person: Person) -> list[Stop]:
    """When systems confirmed that they stopped, newest first; empty while no slice tells systems."""
    rows = [stop for holder in all_holders() if holder.stops is not None for stop in holder.stops(person)]
    return sorted(rows, key=lambda stop: stop.told_at, reverse=True)
