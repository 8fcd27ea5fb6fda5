"""A year in the life of the example's systems: pure, seeded, the same calendar day always gives the same data.

The numbers are invented and plausible; the portal computes every figure it shows from them through the same services
as for real systems. Nothing here imports Django.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

import numpy as np

SEED = 20_26_11
OPEN_HOUR, OPEN_HOURS = 7, 13  # the lines are open from 7 to 20 o'clock UTC
Item = dict[str, Any]


@dataclass(frozen=True)
class Stream:
    """How one data flow of one system behaves: whom it reads, how often, how well, and what follows."""

    system: str
    flow: str
    number: int  # part of the seed
    modality: str
    subject_role: str
    purpose: str
    channel: str
    version: str
    prefix: str  # of the source's own ids
    people: int
    per_day: int  # on a working day; a third of it at weekends
    labels: tuple[str, ...]
    prior: tuple[float, ...]  # how often each emotion really occurs
    accuracy: dict[str, float]  # by language
    languages: dict[str, float]
    negative: frozenset[str]
    neutral: str
    confusable: dict[str, str] = field(default_factory=dict)
    gold_share: float = 0.04
    escalates: float = 0.3  # of the negative ones
    offers: tuple[float, float] = (0.06, 0.055)  # after neutral, after negative
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    human_flow: bool = False  # a person answers; the AI only reads


CHAT = Stream(
    system="linde-chat", flow="customer-messages", number=1, modality="text", subject_role="customer",
    purpose="service", channel="chat", version="3.2", prefix="chat", people=9_000, per_day=232,
    labels=("anger", "joy", "optimism", "sadness"), prior=(0.33, 0.27, 0.14, 0.26),
    accuracy={"nl": 0.87, "en": 0.88, "tr": 0.78}, languages={"nl": 0.8, "en": 0.15, "tr": 0.05},
    negative=frozenset({"anger", "sadness"}), neutral="optimism",
    confusable={"anger": "sadness", "sadness": "anger", "joy": "optimism", "optimism": "joy"},
    attributes={"age": ("18-34", "35-54", "55-74", "75+")},
)  # fmt: skip
CALLS = Stream(
    system="call-tone", flow="customer-voice", number=2, modality="voice", subject_role="customer",
    purpose="service", channel="phone", version="1.4", prefix="call", people=4_000, per_day=88,
    labels=("anger", "neutral", "joy", "sadness"), prior=(0.24, 0.46, 0.12, 0.18),
    accuracy={"nl": 0.74, "en": 0.71}, languages={"nl": 0.9, "en": 0.1},
    negative=frozenset({"anger", "sadness"}), neutral="neutral",
    confusable={"anger": "neutral", "sadness": "neutral", "joy": "neutral", "neutral": "sadness"},
    offers=(0.08, 0.11), attributes={"age": ("18-34", "35-54", "55-74", "75+")}, human_flow=True,
)  # fmt: skip
WELLBEING = Stream(
    system="well-being", flow="check-ins", number=3, modality="text", subject_role="employee",
    purpose="wellbeing", channel="app", version="2.0", prefix="wb", people=420, per_day=26,
    labels=("stress", "calm", "joy", "sadness"), prior=(0.31, 0.37, 0.2, 0.12),
    accuracy={"nl": 0.83, "en": 0.82}, languages={"nl": 0.88, "en": 0.12},
    negative=frozenset({"stress", "sadness"}), neutral="calm",
    confusable={"stress": "sadness", "sadness": "stress", "calm": "joy", "joy": "calm"},
    gold_share=0.03, escalates=0.05, offers=(0.0, 0.0),
)  # fmt: skip
COACH = Stream(
    system="leader-coach", flow="practice-writing", number=4, modality="text", subject_role="employee",
    purpose="own_training", channel="web", version="0.9", prefix="coach", people=64, per_day=9,
    labels=("negative", "neutral", "positive"), prior=(0.3, 0.3, 0.4),
    accuracy={"en": 0.72}, languages={"en": 1.0},
    negative=frozenset({"negative"}), neutral="neutral",
    confusable={"negative": "neutral", "neutral": "positive", "positive": "neutral"},
    gold_share=0.1, escalates=0.0, offers=(0.0, 0.0),
)  # fmt: skip
STREAMS = (CHAT, CALLS, WELLBEING, COACH)


def days(start: date, until: date) -> Iterator[date]:
    """Every day from `start` to `until`, both included."""
    return (start + timedelta(days=n) for n in range((until - start).days + 1))


def person(stream: Stream, number: int) -> str:
    """The source's own reference of one person; the portal keeps a pseudonym of it only."""
    return f"{stream.prefix}-person-{number:05d}"


def consent_events(stream: Stream, start: date, until: date) -> list[Item]:
    """What people said about being read, before the year or in its course; empty without consent as basis."""
    if stream.subject_role != "customer":
        return []
    asked = datetime.combine(start, time(), tzinfo=UTC) - timedelta(hours=6)
    events = [
        _event(stream, who, "refused" if refuses(stream, who) else "given", asked)
        for who in range(stream.people)
    ]
    for who in range(stream.people):
        day = withdrew(stream, who, start)
        if day and day <= until:
            events.append(_event(stream, who, "withdrawn", datetime.combine(day, time(), tzinfo=UTC)))
    return events


def _event(stream: Stream, who: int, action: str, at: datetime) -> Item:
    return {
        "id": f"{stream.prefix}-{action}-{who:05d}", "purpose": stream.purpose, "modality": stream.modality,
        "action": action, "effective_at": at.isoformat(), "subject": person(stream, who), "language": "nl",
        "subject_role": stream.subject_role, "notice_version": 1, "explicit": True, "method": stream.channel,
    }  # fmt: skip


SHOWN_TO = 240
"""People of whom the source also reported that it showed them the notice."""


def notices_served(stream: Stream, start: date) -> list[Item]:
    """To whom the notice was shown before they were asked; one in eight had it by letter."""
    if stream.subject_role != "customer":
        return []
    shown = datetime.combine(start, time(), tzinfo=UTC) - timedelta(hours=7)
    return [
        {
            "id": f"{stream.prefix}-shown-{who:05d}", "subject": person(stream, who), "notice_version": 1,
            "language": "en" if who % 6 == 5 else "nl", "served_at": shown.isoformat(),
            "channel": "letter" if who % 8 == 1 else stream.channel, "subject_role": stream.subject_role,
        }
        for who in range(min(stream.people, SHOWN_TO))
    ]  # fmt: skip


def withdrawal_of_today(stream: Stream, at: datetime) -> Item:
    """One person who agreed at the start says stop just now."""
    return _event(stream, 11, "withdrawn", at)


def refuses(stream: Stream, who: int) -> bool:
    """One person in fifty says no from the start; the source then does not read them."""
    return who % 50 == 7


def withdrew(stream: Stream, who: int, start: date) -> date | None:
    """The day on which a person withdrew; one in a hundred does so in the course of the year."""
    return start + timedelta(days=20 + who * 37 % 320) if who % 100 == 3 else None


def read_anyway(stream: Stream, who: int, day: date, start: date) -> bool:
    """Whether the source reads this person on this day: the telephone system is slow to hear a withdrawal."""
    if stream.subject_role != "customer":
        return True
    if refuses(stream, who):
        return False
    gone = withdrew(stream, who, start)
    return gone is None or day < gone or (stream is CALLS and day < gone + timedelta(days=9))


def interactions(stream: Stream, day: date, start: date) -> list[Item]:
    """The interactions of one stream on one day, as the source reports them over REST."""
    rng = np.random.default_rng([SEED, stream.number, day.toordinal()])
    n = int(rng.poisson(stream.per_day if day.weekday() < 5 else stream.per_day / 3))
    seconds = np.sort(rng.integers(OPEN_HOUR * 3600, (OPEN_HOUR + OPEN_HOURS) * 3600, n))
    who = rng.integers(0, stream.people, n)
    midnight = datetime.combine(day, time(), tzinfo=UTC)
    moments = (midnight + timedelta(seconds=int(second)) for second in seconds)
    return [
        _interaction(stream, rng, f"{stream.prefix}-{day:%Y%m%d}-{i:04d}", at, int(w), i)
        for i, (at, w) in enumerate(zip(moments, who, strict=True))
        if read_anyway(stream, int(w), day, start)
    ]


def _interaction(
    stream: Stream, rng: np.random.Generator, source_id: str, at: datetime, who: int, turn: int
) -> Item:
    language = _pick(rng, tuple(stream.languages), tuple(stream.languages.values()))
    truth = _pick(rng, stream.labels, stream.prior)
    predicted, right = _read(stream, rng, truth, language)
    negative = predicted in stream.negative
    escalated = rng.random() < (stream.escalates if negative else 0.02)
    item: Item = {
        "id": source_id,
        "occurred_at": at.isoformat(),
        "flow": stream.flow,
        "subject": person(stream, who),
        "subject_role": stream.subject_role,
        "session": f"s-{source_id}",
        "turn": 1,
        "source_seq": turn + 1,
        "version": stream.version,
        "channel": stream.channel,
        "modality": stream.modality,
        "purpose": stream.purpose,
        "language": language,
        "notice_version": 1,
        "predicted": predicted,
        "confidence": round(min(max(rng.beta(8, 2) if right else rng.beta(5, 4), 0.26), 0.999), 3),
        "strategy": "acknowledge_and_help" if negative else "answer",
        "disclosed_at": (at - timedelta(seconds=4)).isoformat(),
        "emotion_notice_at": (at - timedelta(seconds=4)).isoformat(),
        "first_response_ms": int(rng.lognormal(7.1, 0.5)),
        "resolved": bool(rng.random() < (0.66 if negative else 0.83)),
    }
    if stream.attributes:
        item["attributes"] = dict(_attributes(stream.number, who))
    if stream.human_flow:
        item["handling_s"] = round(float(rng.lognormal(5.8, 0.45)), 1)
    if escalated:
        item["escalated_at"] = (at + timedelta(seconds=30)).isoformat()
        item["human_at"] = (at + timedelta(seconds=30 + int(rng.lognormal(4.2, 0.7)))).isoformat()
        item["overridden"] = bool(rng.random() < 0.12)
    if rng.random() < stream.offers[1 if negative else 0]:
        item["offer"] = {"kind": "retention" if negative else "product", "accepted": bool(rng.random() < 0.2)}
    if rng.random() < stream.gold_share:
        item["gold"] = truth
    return item


@cache
def _attributes(number: int, who: int) -> tuple[tuple[str, str], ...]:
    """A person's attributes, which do not change from turn to turn; drawn once, since a generator is slow to make."""
    stream = next(stream for stream in STREAMS if stream.number == number)
    fixed = np.random.default_rng([SEED, number, who])
    return tuple((name, str(fixed.choice(values))) for name, values in stream.attributes.items())


def _read(stream: Stream, rng: np.random.Generator, truth: str, language: str) -> tuple[str, bool]:
    if rng.random() < stream.accuracy[language]:
        return truth, True
    if rng.random() < 0.6:
        return stream.confusable[truth], False
    return str(rng.choice([label for label in stream.labels if label != truth])), False


def evaluation(stream: Stream, n: int, number: int) -> list[Item]:
    """A labelled evaluation set of `n` items drawn from the same population."""
    rng = np.random.default_rng([SEED, stream.number, 90_000 + number])
    rows = []
    for i in range(n):
        truth = _pick(rng, stream.labels, stream.prior)
        rows.append(
            {"id": f"eval-{number}-{i:04d}", "gold": truth, "predicted": _read(stream, rng, truth, "nl")[0]}
        )
    return rows


def answers(stream: Stream, day: date) -> list[Item]:
    """The survey answers of one day: CSAT and CES after contact, NPS and trust (PETS) from a weekly panel."""
    rng = np.random.default_rng([SEED, stream.number, 500_000 + day.toordinal()])
    progress = (day.toordinal() % 365) / 365  # satisfaction creeps up through a year
    at = datetime.combine(day, time(20, 30), tzinfo=UTC)
    rows: list[Item] = []

    def add(instrument: str, count: int, responds: float, make: Callable[[], dict[str, int]]) -> None:
        for i in range(count):
            who = int(rng.integers(0, stream.people))
            rows.append({
                "id": f"{stream.prefix}-{instrument}-{day:%Y%m%d}-{i:03d}", "instrument": instrument,
                "asked_at": (at - timedelta(minutes=600)).isoformat(), "subject": person(stream, who),
            })  # fmt: skip
            if rng.random() < responds:
                rows[-1]["answered_at"] = (at - timedelta(minutes=int(rng.integers(0, 600)))).isoformat()
                rows[-1]["answers"] = make()

    asked = {"linde-chat": 70, "call-tone": 22}.get(stream.system, 0)
    weights = np.array([0.07, 0.09, 0.18 - 0.05 * progress, 0.36, 0.30 + 0.05 * progress])
    weights /= weights.sum()
    add("csat", int(rng.poisson(asked)), 0.19, lambda: {"csat": int(rng.choice([1, 2, 3, 4, 5], p=weights))})
    add(
        "ces",
        int(rng.poisson(asked / 4)),
        0.22,
        lambda: {"ces": int(np.clip(round(rng.normal(5.2, 1.3)), 1, 7))},
    )
    if day.weekday() == 2:
        panel = 40 if asked else 10
        add("nps", panel, 0.35, lambda: {"nps": int(np.clip(round(rng.normal(7.9, 1.9)), 0, 10))})
        add("pets", panel, 0.2, lambda: _pets(rng, 58 + 6 * progress))
    return rows


def _pets(rng: np.random.Generator, mean: float) -> dict[str, int]:
    """Ten sliders of 0-100: six on emotional responsiveness (E1-E6), four on understanding and trust (U1-U4)."""
    person_mean = rng.normal(mean, 14)
    names = [f"E{i}" for i in range(1, 7)] + [f"U{i}" for i in range(1, 5)]
    return {name: int(np.clip(round(rng.normal(person_mean, 10)), 0, 100)) for name in names}


def _pick(rng: np.random.Generator, values: tuple[str, ...], weights: tuple[float, ...]) -> str:
    point = rng.random() * sum(weights)
    for value, weight in zip(values, weights, strict=True):
        point -= weight
        if point < 0:
            return value
    return values[-1]
