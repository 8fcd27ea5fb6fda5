"""What an item must satisfy beyond its shape; pure: time and the system's scheme are passed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from governance.holding.rules import is_tombstone
from metrics.ingest.shapes import InteractionItem
from portal.errors import N_
from portal.shapes import Fault

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=5)
"""How far a source's clock may run ahead."""
ITEMS_AT_ONCE = 10_000


class Status(StrEnum):
    """What became of one item."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    CORRECTED = "corrected"
    REFUSED = "refused"

    @property
    def sentence(self) -> str:
        """In English, for translation where it is shown."""
        return _SENTENCES[self]


_SENTENCES = {
    Status.ACCEPTED: N_("Stored."),
    Status.DUPLICATE: N_("Known already with the same content; nothing changed."),
    Status.CONFLICT: N_("Known already with other content; send it with correction: true to replace it."),
    Status.CORRECTED: N_("Replaced what was stored."),
    Status.REFUSED: N_("Not stored: see the errors."),
}


@dataclass(frozen=True)
class Scheme:
    """What a system declares about its readings."""

    labels: frozenset[str]
    dimensions: Mapping[str, frozenset[str]]
    versions: frozenset[str] = frozenset()


def scheme(
    labels: Sequence[str], dimensions: Mapping[str, Sequence[str]], versions: Sequence[str] = ()
) -> Scheme:
    """Make a Scheme of a system's fields; a dimension without declared values takes any value."""
    return Scheme(frozenset(labels), {k: frozenset(v) for k, v in dimensions.items()}, frozenset(versions))


_TIMES = ("occurred_at", "disclosed_at", "emotion_notice_at", "escalated_at", "human_at")


def faults_of(item: InteractionItem, declared: Scheme, now: datetime) -> list[Fault]:
    """Everything wrong with an item that has the right shape."""
    faults: list[Fault] = [RESERVED_ID] if is_tombstone(item.id) else []
    if not item.subject and not item.session:
        faults.append(Fault("subject", "required", N_("Name the subject or the session.")))
    faults += _faults_of_times(item, now + AHEAD)
    if item.predicted is not None and item.predicted not in declared.labels:
        faults.append(label_fault("predicted"))
    if item.gold is not None and item.gold not in declared.labels:
        faults.append(label_fault("gold"))
    if item.labels is not None:
        faults += [
            label_fault(f"labels[{n}].label")
            for n, x in enumerate(item.labels)
            if x.label not in declared.labels
        ]
        if len({x.rater for x in item.labels}) < len(item.labels):
            faults.append(Fault("labels", "duplicate", N_("A rater labels an item once.")))
    if item.scores is not None and not declared.labels.issuperset(item.scores):
        faults.append(label_fault("scores"))
    if item.attributes is not None:
        faults += attribute_faults(item.attributes, declared)
    if item.version is not None and declared.versions and item.version not in declared.versions:
        faults.append(Fault("version", "unknown_version", N_("The register does not know this version.")))
    return faults


def _faults_of_times(item: InteractionItem, latest: datetime) -> list[Fault]:
    faults = []
    for name in _TIMES:
        at = getattr(item, name)
        if at is not None and not EARLIEST <= at <= latest:
            faults.append(time_fault(name, at))
    return faults


def attribute_faults(attributes: Mapping[str, str], declared: Scheme) -> list[Fault]:
    """Only dimensions that the system declares, and their declared values."""
    faults = []
    for name, value in attributes.items():
        allowed = declared.dimensions.get(name)
        if allowed is None:
            faults.append(
                Fault(
                    f"attributes.{name[:60]}",
                    "unknown_dimension",
                    N_("The system declares no such dimension."),
                )
            )
        elif (allowed and value not in allowed) or not 1 <= len(value) <= 60:
            message = N_("The system does not declare this value of the dimension.")
            faults.append(Fault(f"attributes.{name}", "unknown_value", message))
    return faults


def label_fault(field: str) -> Fault:
    """A label outside the scheme."""
    return Fault(field, "unknown_label", N_("This label is outside the system's scheme."))


def time_fault(field: str, at: datetime) -> Fault:
    """A time before 2000 or in the future."""
    if at < EARLIEST:
        return Fault(field, "too_early", N_("This time lies before the year 2000."))
    return Fault(field, "future", N_("This time lies in the future."))


def nul_fault(item: msgspec.Struct) -> Fault:
    """The first field of an item whose text holds NUL, which PostgreSQL cannot store."""
    names = (n for n in item.__struct_fields__ if b"\\u0000" in msgspec.json.encode(getattr(item, n)))
    return Fault(next(names, ""), "nul", N_("A NUL character cannot be stored."))


FLOW_FAULTS = {
    "unknown_flow": Fault("flow", "unknown_flow", N_("The system declares no data flow of this name.")),
    "ambiguous_flow": Fault(
        "flow", "ambiguous_flow", N_("Several data flows fit: name the one that this belongs to.")
    ),
}
RESERVED_ID = Fault(
    "id", "reserved", N_("Ids that begin with 'erased-' stand for items of people who were erased.")
)
PAST_RETENTION = Fault(
    "occurred_at",
    "past_retention",
    N_(
        "Items of that time were deleted, because their time is over: what is counted is counted, no more is taken in."
    ),
)
CONFLICT = Fault("id", "conflict", N_("Another item with this id and other content is stored."))
UNKNOWN_ID = Fault("id", "unknown_id", N_("No interaction with this id is stored."))
NO_BASIS = Fault(
    "id", "no_basis", N_("This interaction was kept without a basis: nothing about it is stored.")
)
