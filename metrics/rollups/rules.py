"""What the counters of a day mean, and how a log-spaced histogram is read; pure.

Keys of DayRollup.value (all additive; test items never count; `allow` and `basis_doubtful` make a reading 'kept'):

| key | counts |
|---|---|
| `interactions` | every item that came in, with a basis or without |
| `basis.<outcome>` | items per outcome of the gate: allow, violation, gap, basis_doubtful |
| `disclosure.due`, `.done` | kept items; those told by then that an AI answers |
| `emotion_notice.due`, `.done` | kept items; those told by then that emotion is read |
| `sensitive.n`, `sensitive.human` | kept items marked sensitive; those that a human saw |
| `escalated`, `human` | kept items handed over; seen by a human |
| `override.known`, `override.yes` | kept items with `overridden` known; overridden by a human |
| `resolved.known`, `resolved.yes`, `contained` | kept items with outcome known; resolved; that without a human |
| `predicted.<label>` | kept items per predicted label |
| `frt.<bin>`, `handling.<bin>` | first response (milliseconds), handling (milliseconds) by log bin, see `bin_bounds` |
| `cal.<00-14>.n`, `.correct`, `.sum` | with gold and confidence: number, number right, Σ confidence |
| `offer.<stratum>.<neg|other>.<offer|none|accepted>` | kept items by intent, negative or not, offer or not |
| `csat.<1-5>`, `nps.<0-10>`, `ces.<1-7>` | answers per value |
| `survey.<instrument>.asked`, `.answered` | people asked, answers |
| `score.<scale>.n`, `.sum`, `.sumsq` | answers, Σx, Σx² of a scale (pets, pets_er, pets_ut, trust, distrust, ...) |
| `item.<instrument>.<item>.sum`, `.sumsq` | the same per item, over complete answers (for Cronbach's alpha) |
"""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

FIRST_PERSON = UUID(int=1 << 64)
"""Below are the numbers that take the place of people once their time is over: they count within one day alone."""
BINS_PER_DECADE = 20
"""A bin is a factor of 10^(1/20) = 1.122 wide: a quantile read from the histogram is at most 12 % off."""
CALIBRATION_BINS = 15
"""Equal-width bins of the expected calibration error, declared."""
NEGATIVE = frozenset(
    {
        "anger",
        "annoyance",
        "contempt",
        "disappointment",
        "disapproval",
        "disgust",
        "distress",
        "fear",
        "frustration",
        "grief",
        "negative",
        "nervousness",
        "remorse",
        "sadness",
        "stress",
    }
)
"""Labels (own, or shared by the system's label map) that count as a negative emotion in the offer table."""


def negative_labels(labels: list[str], label_map: Mapping[str, str]) -> list[str]:
    """The labels of a scheme that stand for a negative emotion, by their shared name where one is mapped."""
    return sorted(x for x in labels if label_map.get(x, x).strip().lower() in NEGATIVE)


def bin_bounds(index: int) -> tuple[float, float]:
    """(from, to) of a log bin, in the unit of the counter; bin 0 also holds everything below 1."""
    low = 0.0 if index == 0 else 10 ** (index / BINS_PER_DECADE)
    return low, 10 ** ((index + 1) / BINS_PER_DECADE)


def histogram(counters: Mapping[str, Decimal], prefix: str) -> dict[int, int]:
    """{bin or value: count} of the counters `<prefix>.<whole number>`, in order."""
    found = {
        int(key.removeprefix(prefix + ".")): int(n)
        for key, n in counters.items()
        if key.startswith(prefix + ".") and key.removeprefix(prefix + ".").isdecimal()
    }
    return dict(sorted((k, n) for k, n in found.items() if n))


def quantile(bins: Mapping[int, int], q: float) -> float | None:
    """The q-quantile of a log histogram, interpolated on the log scale inside its bin; None when empty."""
    total = sum(bins.values())
    if not total:
        return None
    rank, seen = q * total, 0
    for index in sorted(bins):
        if seen + bins[index] >= rank:
            share = (rank - seen) / bins[index]
            return float(10 ** ((index + share) / BINS_PER_DECADE))
        seen += bins[index]
    return bin_bounds(max(bins))[1]


def share_at_most(bins: Mapping[int, int], limit: float) -> tuple[int, int]:
    """(k, n): items in bins that end at or below `limit`, and all; a limit on a border is exact."""
    n = sum(bins.values())
    return sum(count for index, count in bins.items() if bin_bounds(index)[1] <= limit * (1 + 1e-9)), n
