"""What the clients sent and what they were told: the other side of the comparison, kept outside the product."""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

LABELS = ("anger", "joy", "optimism", "sadness")
PEOPLE = 500
BEGIN = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=40)
DAYS = 20
"""Items happen on these days from BEGIN on."""
PLAIN, ASKING = "plain", "asking"
"""Two systems: one reads under a contract, one asks for the consent of each person (half gave it)."""


def moment(n: int) -> datetime:
    """When item n happened."""
    return BEGIN + timedelta(days=n % DAYS, seconds=n * 37 % 86_400)


def gold(n: int) -> str | None:
    """The truth of item n: every third has one, every seventh of them was read wrong."""
    return None if n % 3 else LABELS[(n + (n % 7 == 0)) % 4]


def item(n: int) -> dict[str, Any]:
    """Interaction n as a client sends it: the number says everything, so that it can be compared later."""
    values = {
        "id": f"i-{n}",
        "occurred_at": moment(n).isoformat(),
        "modality": "text",
        "purpose": "service",
        "subject_role": "customer",
        "subject": f"person-{n % PEOPLE}",
        "channel": "chat" if n % 5 else "mail",
        "language": "nl" if n % 2 else "en",
        "predicted": LABELS[n % 4],
        "confidence": 0.5 + (n % 50) / 100,
    }
    return values if gold(n) is None else values | {"gold": gold(n)}


def has_basis(system: str, n: int) -> bool:
    """Whether the gate finds a basis for item n of this system."""
    return system == PLAIN or n % PEOPLE % 2 == 0


Row = tuple[datetime, str, str | None, str | None, str | None, str | None, float | None]


def stored(system: str, n: int) -> Row:
    """(occurred_at, basis, predicted, gold, language, channel, confidence) of item n as it must lie in the table."""
    if not has_basis(system, n):
        return (moment(n), "gap", None, None, None, None, None)
    sent = item(n)
    return (
        moment(n), "allow", sent["predicted"], sent.get("gold"), sent["language"], sent["channel"], sent["confidence"],
    )  # fmt: skip


def consent(n: int) -> dict[str, Any]:
    """Consent event n, of a person who has no interactions."""
    return {
        "id": f"c-{n}",
        "subject": f"guest-{n % 5000}",
        "subject_role": "customer",
        "purpose": "service",
        "modality": "text",
        "action": ("given", "refused", "withdrawn")[n % 3],
        "effective_at": moment(n).isoformat(),
        "notice_version": 1,
        "language": "en",
    }


@dataclass
class Batch:
    """One batch: what was sent under which key, and the first receipt (None: never acknowledged)."""

    system: str
    key: str
    numbers: tuple[int, ...]
    receipt: dict[str, Any] | None = None

    def body(self) -> dict[str, Any]:
        """As it is sent, every time the same."""
        return {"items": [item(n) for n in self.numbers]}


@dataclass
class Books:
    """Everything, under one lock."""

    batches: dict[str, Batch] = field(default_factory=dict)  # by idempotency key
    accepted: dict[str, dict[int, str]] = field(default_factory=lambda: {PLAIN: {}, ASKING: {}})
    known: dict[str, set[int]] = field(default_factory=lambda: {PLAIN: set(), ASKING: set()})
    consents: dict[int, str] = field(default_factory=dict)  # number -> id of the stored event
    consents_sent: set[int] = field(default_factory=set)
    votes: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)  # (request, member) -> receipt
    choices: dict[str, list[str]] = field(default_factory=dict)  # request -> what each member says
    runs: set[str] = field(default_factory=set)
    packs: set[str] = field(default_factory=set)
    faults: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _next: int = 0

    def take(self, count: int) -> range:
        """Numbers that nobody used yet."""
        with self.lock:
            start, self._next = self._next, self._next + count
            return range(start, start + count)

    def fault(self, text: str) -> None:
        """Something that must not happen; the same again is counted."""
        with self.lock:
            self.faults[text[:600]] += 1

    def count(self, what: str, n: int = 1) -> None:
        """Something worth a figure in the table."""
        with self.lock:
            self.counts[what] += n

    @property
    def acknowledged(self) -> int:
        """Distinct items that a client may rely on: interactions and consent events."""
        return sum(map(len, self.known.values())) + len(self.consents)

    def answered(self, batch: Batch, receipt: dict[str, Any]) -> None:
        """Take down a receipt; one that differs from the first receipt of this key is a fault."""
        with self.lock:
            if batch.receipt is not None:
                self.counts["replays"] += 1
                if batch.receipt != receipt:
                    self.fault(f"the receipt of a retry differs from the first one: key {batch.key}")
                return
            batch.receipt = receipt
            if len(receipt["items"]) != len(batch.numbers):
                self.fault(f"a receipt about {len(receipt['items'])} of {len(batch.numbers)} items")
            for n, answer in zip(batch.numbers, receipt["items"], strict=False):
                self._answered_item(batch, n, answer)

    def _answered_item(self, batch: Batch, n: int, answer: dict[str, Any]) -> None:
        if answer["id"] != f"i-{n}" or answer["status"] not in ("accepted", "duplicate"):
            self.fault(f"item i-{n} was answered {answer}")
            return
        self.known[batch.system].add(n)
        if answer["status"] == "accepted":
            earlier = self.accepted[batch.system].setdefault(
                n, str(batch.receipt and batch.receipt["receipt"])
            )
            if earlier != str(batch.receipt and batch.receipt["receipt"]):
                self.fault(f"item i-{n} was accepted by two batches")

    def answered_consents(self, numbers: Iterable[int], answers: list[dict[str, Any]]) -> None:
        """Take down what became of consent events; an event keeps its first id."""
        with self.lock:
            for n, answer in zip(numbers, answers, strict=True):
                if answer["status"] not in ("accepted", "duplicate"):
                    self.fault(f"consent event c-{n} was answered {answer}")
                elif self.consents.setdefault(n, answer["event"]) != answer["event"]:
                    self.fault(f"consent event c-{n} was acknowledged under two ids")
