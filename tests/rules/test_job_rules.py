"""Windows of schedules, retries and transitions of jobs."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import RuleBroken
from portal.jobs import rules
from portal.jobs.rules import Every, JobState

MOMENTS = st.datetimes(datetime(2023, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("every", "border", "following"),
    [
        (Every.HOURLY, at(2026, 11, 23, 13), at(2026, 11, 23, 14)),
        (Every.DAILY, at(2026, 11, 23), at(2026, 11, 24)),
        (Every.WEEKLY, at(2026, 11, 23), at(2026, 11, 30)),  # a Monday
        (Every.MONTHLY, at(2026, 11, 1), at(2026, 12, 1)),
    ],
)
def test_borders_of_each_rhythm(every: Every, border: datetime, following: datetime) -> None:
    now = at(2026, 11, 23, 13, 59, 59)
    assert rules.floor(every, now) == border
    assert rules.following(every, border) == following


def test_a_leap_day_and_the_turn_of_the_year_have_their_windows() -> None:
    days = [w.start for w in rules.windows(Every.DAILY, at(2028, 2, 28), at(2028, 3, 2))]
    assert days == [at(2028, 2, 28), at(2028, 2, 29), at(2028, 3, 1)]
    months = [w.start.month for w in rules.windows(Every.MONTHLY, at(2026, 11, 1), at(2027, 3, 1))]
    assert months == [11, 12, 1, 2]


def test_nothing_is_due_before_its_window_is_over() -> None:
    assert not list(rules.windows(Every.HOURLY, at(2026, 1, 1, 12), at(2026, 1, 1, 12, 59, 59)))
    assert len(list(rules.windows(Every.HOURLY, at(2026, 1, 1, 12), at(2026, 1, 1, 13)))) == 1


@pytest.mark.parametrize("night", [(2026, 3, 29), (2026, 10, 25)])
def test_the_nights_the_clocks_change_have_24_hours_in_utc(night: tuple[int, int, int]) -> None:
    amsterdam = ZoneInfo("Europe/Amsterdam")
    start = rules.floor(Every.HOURLY, datetime(*night, tzinfo=amsterdam))  # local midnight
    found = list(rules.windows(Every.HOURLY, start, start + timedelta(hours=26)))
    assert len(found) == 26
    assert all(w.end - w.start == timedelta(hours=1) for w in found)


@given(every=st.sampled_from(Every), covered=MOMENTS, ticks=st.lists(MOMENTS, max_size=6))
def test_every_moment_is_covered_exactly_once_whenever_the_ticks_come(
    every: Every, covered: datetime, ticks: list[datetime]
) -> None:
    """Ticks late, early, twice, out of order: the windows handed out join without gap or overlap."""
    start = rules.floor(every, covered)
    until, handed_out = start, []
    for tick in ticks:
        due = list(rules.windows(every, until, min(tick, start + timedelta(days=60))))
        handed_out += due
        until = due[-1].end if due else until
    assert all(one.end == other.start for one, other in pairwise(handed_out))
    assert not handed_out or handed_out[0].start == start


def test_a_window_of_days_names_its_first_and_last_day() -> None:
    week = rules.Window(at(2026, 11, 16), at(2026, 11, 23))
    assert [day.isoformat() for day in week.days()] == ["2026-11-16", "2026-11-22"]


def test_errors_wait_longer_each_time_and_end_in_the_dead_letter_box() -> None:
    assert [rules.retry_delay(n).seconds for n in (1, 2, 3, 4)] == [10, 20, 40, 80]
    assert rules.retry_delay(50) == timedelta(minutes=10)
    assert rules.after_error(4, rules.MAX_ATTEMPTS) is JobState.QUEUED
    assert rules.after_error(5, rules.MAX_ATTEMPTS) is JobState.DEAD


def test_only_open_jobs_are_cancelled_and_only_ended_ones_that_did_not_succeed_are_tried_again() -> None:
    for state in JobState:
        if state in rules.OPEN:
            rules.may_cancel(state)
        else:
            with pytest.raises(RuleBroken, match="already ended"):
                rules.may_cancel(state)
        if state in {JobState.FAILED, JobState.CANCELLED, JobState.DEAD}:
            rules.may_retry(state)
        else:
            with pytest.raises(RuleBroken, match="tried again"):
                rules.may_retry(state)


def test_every_state_and_rhythm_has_its_sentence_and_every_state_its_row() -> None:
    assert all(state.sentence.endswith(".") for state in JobState)
    assert all(every.sentence for every in Every)
    assert set(rules.TRANSITIONS) == set(JobState)
    assert rules.TRANSITIONS[JobState.DONE] == frozenset()


def test_the_dead_mans_switch() -> None:
    now = at(2026, 11, 23, 12)
    assert not rules.is_alive(None, now)
    assert rules.is_alive(now - timedelta(seconds=119), now)
    assert not rules.is_alive(now - timedelta(seconds=121), now)


def test_the_documented_table_of_states_is_the_table_of_the_code() -> None:
    text = (Path(__file__).parents[2] / "docs" / "jobs.md").read_text(encoding="utf-8")
    for state in JobState:
        (line,) = [line for line in text.splitlines() if line.startswith(f"| `{state}` |")]
        leads_to = set(re.findall(r"`(\w+)`", line.split("|")[3]))
        assert leads_to == {str(following) for following in rules.TRANSITIONS[state]}


AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("first", "last", "hours"),
    [
        ((2026, 3, 29), (2026, 3, 30), 23),
        ((2026, 10, 25), (2026, 10, 26), 25),
        ((2028, 2, 29), (2028, 3, 1), 24),
    ],
)
@pytest.mark.parametrize("minutes", [7, 60, 180])
def test_every_hour_of_a_local_day_is_covered_once_however_rarely_somebody_ticks(
    first: tuple[int, ...], last: tuple[int, ...], hours: int, minutes: int
) -> None:
    """The days the clocks change have 23 and 25 hours; somebody ticks often, hourly, or every three hours."""
    start, end = (datetime(*day, tzinfo=AMSTERDAM).astimezone(UTC) for day in (first, last))  # type: ignore[misc,arg-type]
    covered, handed_out, now = start, [], start
    while covered < end:
        now += timedelta(minutes=minutes)
        due = list(rules.windows(Every.HOURLY, covered, now))
        handed_out += due
        covered = due[-1].end if due else covered
    inside = [window for window in handed_out if window.end <= end]
    assert len(inside) == hours
    assert [window.start for window in inside] == [start + timedelta(hours=n) for n in range(hours)]


@pytest.mark.parametrize("day", [(2026, 3, 29), (2026, 10, 25), (2028, 2, 29)])
def test_days_weeks_and_months_around_such_a_day_join(day: tuple[int, int, int]) -> None:
    around = at(*day)
    for every in Every:
        found = list(
            rules.windows(every, rules.floor(every, around - timedelta(days=70)), around + timedelta(days=70))
        )
        assert all(one.end == other.start for one, other in pairwise(found))
        assert sum(window.start <= around < window.end for window in found) == 1


def test_a_clock_that_is_set_back_hands_out_nothing_twice() -> None:
    covered = at(2026, 11, 25, 12)
    assert not list(rules.windows(Every.HOURLY, covered, covered - timedelta(hours=5)))
    assert len(list(rules.windows(Every.HOURLY, covered, covered + timedelta(hours=1)))) == 1
