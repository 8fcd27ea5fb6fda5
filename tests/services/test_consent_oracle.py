"""The SQL of consent against a slow oracle that was written from the words of the domain, on random histories.

The oracle shares no code with the product: it goes through every event for every question. Histories hold late
records, corrections (of corrections too), expiry, explicit or not, requests, and notices that changed materially.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from governance.consent import notices, rules, selectors
from governance.consent.expiry import end_what_expired
from governance.consent.models import Alias, ConsentEvent, Notice, Subject
from governance.consent.pseudonyms import pseudonym
from governance.stops.models import Stop
from tests import make

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = ("alice", "bob", "carol")
TOPICS = (("service", "text"), ("service", "voice"))
AGREES = ("given", "renewed")
END = START + timedelta(days=30)  # 'now': everything is known by then


def day(n: int) -> datetime:
    return START + timedelta(days=n)


@dataclass(frozen=True)
class Event:
    """One event, as the test invented it."""

    n: int
    id: UUID
    person: str
    topic: tuple[str, str]
    action: str
    effective: datetime
    recorded: datetime
    explicit: bool
    expires: datetime | None
    version: int
    corrects: UUID | None


@dataclass(frozen=True)
class Change:
    """A notice version that changed materially, and the day from which it ends older consent."""

    version: int
    due: datetime


_said = st.tuples(
    st.sampled_from(PEOPLE),
    st.sampled_from(TOPICS),
    st.sampled_from(sorted(rules.ACTIONS)),
    st.integers(0, 9),  # effective on this day
    st.integers(0, 6),  # recorded so many days later
    st.booleans(),  # explicit
    st.none() | st.integers(1, 8),  # expires so many days after
    st.integers(1, 3),  # the notice version it names
    st.none() | st.integers(0, 30),  # corrects the n-th event before, whoever's
)
_history = st.lists(_said, max_size=14)
_changes = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=2)  # (published on day, grace)


def invented(history: list[Any]) -> list[Event]:
    events: list[Event] = []
    for n, (person, topic, action, effective, late, explicit, expires, version, corrects) in enumerate(
        history
    ):
        events.append(
            Event(
                n,
                uuid4(),
                person,
                topic,
                action,
                day(effective),
                day(effective + late),
                explicit,
                day(effective + expires) if expires else None,
                version,
                events[corrects].id if corrects is not None and corrects < n else None,
            )
        )
    return events


# --- the oracle -----------------------------------------------------------------------------------------------


def counting(
    events: list[Event], person: str, topic: tuple[str, str], at: datetime, known: datetime
) -> Event | None:
    """The word that counts for one person and topic at `at`, as one knew it at `known`."""
    best: Event | None = None
    for event in events:
        if event.person != person or event.topic != topic or event.action == "requested":
            continue
        if event.recorded > known or event.effective > at:
            continue
        taken_back = False
        for other in events:
            if other.corrects == event.id and other.recorded <= known:
                taken_back = True
        if not taken_back and (best is None or _later(event, best)):
            best = event
    return best


def _later(one: Event, other: Event) -> bool:
    if one.effective != other.effective:
        return one.effective > other.effective
    if one.recorded != other.recorded:
        return one.recorded > other.recorded
    if (one.action in AGREES) != (other.action in AGREES):
        return other.action in AGREES  # the safe reading
    return one.id.int > other.id.int


def consents(event: Event | None, at: datetime, *, explicit: bool, changes: list[Change]) -> bool:
    """Whether that word is valid consent at `at`."""
    if event is None or event.action not in AGREES:
        return False
    if event.expires is not None and event.expires <= at:
        return False
    if explicit and not event.explicit:
        return False
    ended = [one for one in changes if one.version > event.version and one.due <= at]
    return not ended


# --- the product ----------------------------------------------------------------------------------------------


@pytest.fixture
def system() -> Any:
    made = make.system()
    for version in (1, 2, 3):
        make.notice(made, version=version)
    return made


def store(system: Any, events: list[Event]) -> None:
    texts = {notice.version: notice for notice in Notice.objects.filter(system=system)}
    people = {name: Subject.objects.create(role="customer") for name in PEOPLE}
    for name, subject in people.items():
        Alias.objects.create(system_id=system.pk, digest=pseudonym(system.pk, name), subject=subject)
    for one in events:  # one by one: a correction names an event that is there
        ConsentEvent.objects.create(
            id=one.id, system_id=system.pk, subject=people[one.person], purpose=one.topic[0], modality=one.topic[1],
            action=one.action, explicit=one.explicit, effective_at=one.effective, recorded_at=one.recorded,
            expires_at=one.expires, notice=texts[one.version], corrects_id=one.corrects, source="t",
            source_event=str(one.n), content=uuid4(),
        )  # fmt: skip


def change(system: Any, changes: list[Any]) -> list[Change]:
    """Publish the material changes, each as a version above those that the events name."""
    found = []
    for published, grace in changes:
        made = make.notice(system, material_change=True, grace_days=grace, effective_at=day(published))
        found.append(Change(made.version, day(published + grace)))
    return found


SLOW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@SLOW
@given(
    history=_history,
    changes=_changes,
    moments=st.lists(st.integers(0, 14), min_size=1, max_size=4),
    explicit=st.booleans(),
)
def test_validity_at_t_as_known_at_t_and_as_known_now(
    system: Any, history: list[Any], changes: list[Any], moments: list[int], explicit: bool
) -> None:
    """K = T says whether the operator acted in good faith, K = now whether the data was in fact covered."""
    events = invented(history)
    with transaction.atomic():
        store(system, events)
        material = change(system, changes)
        for n in moments:
            at = day(n)
            for known in (at, END):
                keys = [(pseudonym(system.pk, who), *topic, at) for who in PEOPLE for topic in TOPICS]
                found = selectors.last_words(system.pk, keys, known)
                right = [counting(events, who, topic, at, known) for who in PEOPLE for topic in TOPICS]
                assert [word and word.id for word in found] == [event and event.id for event in right]
                valid = [
                    rules.why_not_valid(
                        word, at, explicit=explicit, material=selectors.material_notices(system.pk)
                    )
                    == ""
                    for word in found
                ]
                assert valid == [consents(event, at, explicit=explicit, changes=material) for event in right]
        transaction.set_rollback(True)


@SLOW
@given(history=_history, n=st.integers(0, 16))
def test_what_people_said_last_is_counted_as_the_oracle_counts(
    system: Any, history: list[Any], n: int
) -> None:
    events, at = invented(history), day(n)
    with transaction.atomic():
        store(system, events)
        right: Counter[tuple[str, str, str]] = Counter()
        for who in PEOPLE:
            for topic in TOPICS:
                last = counting(events, who, topic, at, at)
                if last is not None:
                    right[(*topic, last.action)] += 1
        with override_settings(PRIVACY_FLOOR=1):  # three people would be too few to show
            standing = selectors.standing(system, at)
        found = {(row.purpose, row.modality, row.action): row.people for row in standing}
        assert found == dict(right)
        transaction.set_rollback(True)


@SLOW
@given(history=_history, changes=_changes, n=st.integers(0, 16))
def test_whom_to_ask_again_is_whom_the_oracle_finds(
    system: Any, history: list[Any], changes: list[Any], n: int
) -> None:
    """Those whose consent holds but for the change: each with the day on which it ends or ended."""
    events, at = invented(history), day(n)
    with transaction.atomic():
        store(system, events)
        material = change(system, changes)
        right = set()
        for who in PEOPLE:
            for topic in TOPICS:
                last = counting(events, who, topic, at, at)
                newer = [one.due for one in material if last and one.version > last.version]
                if last and newer and consents(last, at, explicit=False, changes=[]):
                    right.add((str(last.n), *topic, min(newer)))
        found = [(row[1], row[2], row[3], row[5]) for row in notices.events_to_reask(system, at)]
        assert sorted(found) == sorted(right)
        with_floor = notices.reconsent(system, at)
        assert {(row.purpose, row.modality, row.due_at) for row in with_floor} == {row[1:] for row in right}
        assert all(row.people is None for row in with_floor)  # three people are too few to show
        transaction.set_rollback(True)


@SLOW
@example(
    history=[("alice", ("service", "text"), "given", 1, 0, False, 8, 1, None)], changes=[(0, 2)]
)  # both, later
@given(history=_history, changes=_changes)
def test_who_is_stopped_when_the_grace_of_a_notice_ends_is_whom_the_oracle_finds(
    system: Any, history: list[Any], changes: list[Any]
) -> None:
    """Their last word still stands on the older notice, was known before that ended it, and had no earlier end."""
    events = invented(history)
    with transaction.atomic():
        store(system, events)
        material = change(system, changes)
        right = set()
        for who in PEOPLE:
            for topic in TOPICS:
                last = counting(events, who, topic, END, END)
                newer = [one.due for one in material if last and one.version > last.version]
                if last is None or last.action not in AGREES or not newer:
                    continue
                due = min(newer)
                if due <= END and last.recorded < due and (last.expires is None or last.expires > due):
                    right.add((last.id, pseudonym(system.pk, who), *topic, due))
        end_what_expired(system=system, now=END)
        stops = Stop.objects.filter(system=system, type="consent.reconsent_due")
        found = stops.values_list("event", "subject_ref", "purpose", "modality", "effective_at")
        assert set(found) == right
        assert len(found) == len(right)
        assert end_what_expired(system=system, now=END) == 0  # told once
        transaction.set_rollback(True)
